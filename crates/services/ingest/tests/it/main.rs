//! Ingestion over fakes: a clock moved by hand, scripted sockets and answers, a log that remembers.
#![allow(clippy::unwrap_used, reason = "test code: a failure is a panic")]

mod bench;
mod chaos;
mod fake_codec;
mod fake_feed;
mod fake_log;
mod fetching;
mod full_log;
mod history;
mod manners;
mod reconnect;
mod records;
mod renewal;
mod repairs;
mod requests;
mod shutdown;
