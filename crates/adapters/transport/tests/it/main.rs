//! The driver against servers on the loopback.

mod http;
mod server;
mod socket;
mod tls;
