//! Conformance suites of the seams, builders and a clock moved by hand: for tests only.
