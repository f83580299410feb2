//! The conformance suites over SQLite and PostgreSQL, and what goes wrong with databases.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(
    clippy::print_stdout,
    reason = "a suite in one test says which case runs"
)]

mod faults;
mod places;

use quantflow_testkit::PostgresServer;
use quantflow_testkit::budget_suite::{Make, run_all, run_all_shared};

use places::Schemas;

quantflow_testkit::budget_suite!(
    sqlite,
    quantflow_testkit::budget_suite::Make::alone(crate::places::Files)
);

quantflow_testkit::shared_budget_suite!(sqlite_processes, crate::places::Files);

// a server takes seconds to be made: each suite is one test
#[test]
fn postgres_suite() {
    if let Some(server) = PostgresServer::start() {
        run_all(&Make::alone(Schemas::of(server)));
    }
}

#[test]
fn postgres_processes_suite() {
    if let Some(server) = PostgresServer::start() {
        run_all_shared(&Schemas::of(server));
    }
}
