//! The [`Budget`](quantflow_seams::Budget) of processes that share a database: [`open`].
//!
//! SQLite for the processes of one host, PostgreSQL for those of several. A venue is one row of the
//! table `request_budgets`, some kilobytes of state; a visit locks it, reads, decides
//! ([`quantflow_budget_shared::VenueState::visit`]) and writes: two round trips to PostgreSQL, for as
//! many callers as wait. What counts is PostgreSQL's clock, read once the row is locked, so hosts'
//! clocks need not agree; on one host it is the host's.
//!
//! A process that stops in the middle holds the row: PostgreSQL ends its session after a second
//! (`idle_in_transaction_session_timeout`), with nothing changed; a file of SQLite it holds until it
//! goes on or is ended, a window of well under a millisecond a visit.
//!
//! The row is not synced to disk at each visit (`synchronous = normal`, `synchronous_commit = off`): a
//! server that crashes may forget the last half second. Each process that was there in that time notices
//! and tells what was used before it is granted anything.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod connections;
mod open;
mod postgres;
mod sqlite;

pub use open::open;
pub use postgres::PostgresStore;
pub use sqlite::SqliteStore;
