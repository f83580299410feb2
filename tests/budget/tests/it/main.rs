//! Eight processes of five hundred symbols each backfill through a shared budget, against a venue that
//! counts as Binance does: none is ever refused, and nothing much is left unused.
//!
//! In a short form by default: windows of 2 s, judged by when requests were granted.
//! `QUANTFLOW_BUDGET_WINDOWS=6` runs as many real ones: 6 000 of weight a minute, judged by the venue when
//! they arrive, over Binance's fixed minutes and every other window.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::print_stdout, reason = "figures are what it is for")]

mod run;
mod venue;

use quantflow_testkit::{PostgresServer, RedisServer};

use run::{Plan, backfill, kills};

#[test]
fn sqlite_backfill_uses_the_budget_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/budget.db", folder.path().display());
    backfill("sqlite", &url, &Plan::of_environment());
}

#[test]
fn postgres_backfill_uses_the_budget_and_no_more() {
    if let Some(server) = PostgresServer::start() {
        let url = server.create("budget");
        backfill("postgres", &url, &Plan::of_environment());
    }
}

#[test]
fn redis_backfill_uses_the_budget_and_no_more() {
    if let Some(server) = RedisServer::start() {
        backfill("redis", &server.url(), &Plan::of_environment());
    }
}

#[test]
fn sqlite_processes_that_are_killed_exceed_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/budget.db", folder.path().display());
    kills("sqlite", &url);
}

#[test]
fn postgres_processes_that_are_killed_exceed_nothing() {
    if let Some(server) = PostgresServer::start() {
        kills("postgres", &server.create("budget"));
    }
}

#[test]
fn redis_processes_that_are_killed_exceed_nothing() {
    if let Some(server) = RedisServer::start() {
        kills("redis", &server.url());
    }
}
