//! The embedded store, from outside.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "test code: a failure is a panic, and a skipped test says so"
)]

mod damage;
mod faults;
mod openness;
mod property;
mod recorded;
mod suite;
