//! The conformance suites over a real Redis, the script beside the rules in Rust, and what goes wrong.

#![allow(clippy::unwrap_used, reason = "tests")]

mod faults;
mod places;
mod same_rules;

use quantflow_testkit::RedisServer;
use quantflow_testkit::budget_suite::{Make, run_all, run_all_shared};

use places::Prefixes;

#[test]
fn suite() {
    if let Some(server) = RedisServer::start() {
        run_all(&Make::alone(Prefixes::of(server)));
    }
}

#[test]
fn processes_suite() {
    if let Some(server) = RedisServer::start() {
        run_all_shared(&Prefixes::of(server));
    }
}
