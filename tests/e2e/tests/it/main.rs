//! The whole, driven from outside.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "tests"
)]

mod api;
mod browser;
mod ccxt;
mod faults;
mod full_disk;
mod key;
mod kills;
mod lake;
mod rebuild;
