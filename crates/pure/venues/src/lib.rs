//! The venues: one file or folder each, a codec without I/O.
