//! What is measured, and against whom: the benches are in `benches/`, this is what they share.
//!
//! `docs/benchmarks.md` says how to run each and what it measures.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failure of a bench is a panic, and its figures go to stdout"
)]

pub mod cost;
pub mod frames;
pub mod house;
pub mod watched;
