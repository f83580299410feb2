//! The whole, driven from outside.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "tests"
)]

mod browser;
mod ccxt;
mod faults;
mod kills;
mod lake;
