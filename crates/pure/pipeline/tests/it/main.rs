//! The pipeline against truth that is computed without it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "test code: a failure is a panic, a skipped test says so"
)]

mod aggregates;
mod captured;
mod chained;
mod fake;
mod faults;
mod live;
mod months;
mod recorded;
mod restart;
mod rules;
mod spans;
mod truth;
