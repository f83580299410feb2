//! The driver against servers on the loopback.
#![allow(clippy::unwrap_used, reason = "test code: a failure is a panic")]

mod http;
mod server;
mod socket;
mod tls;
