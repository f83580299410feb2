//! The replay venue through its own doors: real loopback HTTP and WebSocket.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "test code: a failure is a panic"
)]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]

mod ccxt;
mod faults;
mod generated;
mod harness;
mod recorded;
mod rest;
mod socket;
