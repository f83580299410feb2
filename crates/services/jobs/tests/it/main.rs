//! The scheduler and its workers, against the job database in memory, and under faults.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "test code: a failure is a panic, and a skipped test says so"
)]

mod faults;
mod scripted;
mod worker;
