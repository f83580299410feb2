//! The gateway as its clients see it: in process and over real loopback sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "test code: a failure is a panic"
)]

mod client;
mod document;
mod fake;
mod formats;
mod front;
mod guards;
mod http;
mod live;
mod operations;
