//! The whole, driven from outside.
//!
//! [`server`] runs the real binary; [`spine`] puts the same parts together in one process, against a
//! replay venue whose truth is known.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "test code: a failure is a panic, a figure is printed"
)]

pub mod addresses;
pub mod apart;
pub mod bench;
pub mod compare;
pub mod server;
pub mod spine;
