//! The lake in a local folder: the seam's suite, and what a crash leaves.
#![allow(clippy::unwrap_used, reason = "test code: a failure is a panic")]

mod crash;
mod suite;
