//! The embedded log: the seam's suite, and what a crash, damage or a full disk does to it.
#![allow(clippy::unwrap_used, reason = "test code: a failure is a panic")]

mod crash;
mod damage;
mod disk;
mod faults;
mod kill;
mod lost;
mod property;
mod suite;
