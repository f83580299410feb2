//! The gateway as its clients see it: in process and over real loopback sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "test code: a failure is a panic"
)]

mod caching;
mod client;
mod document;
mod endpoints;
mod fake;
mod formats;
mod front;
mod guards;
mod http;
mod live;
mod live_clients;
mod operations;
