//! The relational database of connectors, jobs, runs and audit, in SQLite or PostgreSQL: the seam
//! [`JobDatabase`](quantflow_seams::jobs::JobDatabase).
//!
//! Start at [`Database::open`]: the URL's scheme chooses the engine, and nothing else does. Both
//! engines run the same statements (SQLite takes `$1` too), so that they cannot drift apart; what
//! differs is how a transaction excludes others:
//!
//! - **SQLite** has one writer. Every change begins with `BEGIN IMMEDIATE`, in the process through
//!   one connection (who waits, waits in a queue and not by polling the file), between processes
//!   through the file's lock and the busy timeout. Readers never wait (WAL).
//! - **PostgreSQL** locks rows. A change reads its job `FOR UPDATE`; a claim takes due jobs with
//!   `SKIP LOCKED`, so that workers do not queue behind one another. A client that stops in the
//!   middle of a transaction is cut off by the server ([`Options::stalled_client`]).
//!
//! - `sql`: a session with either engine; `fault`: their errors in the seam's words;
//! - `migrations`: the tables, by version; `rows`: rows to types and back;
//! - `connectors`, `jobs`, `leases`, `history`: the operations.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod connectors;
mod database;
mod fault;
mod history;
mod jobs;
mod leases;
mod migrations;
mod rows;
mod sql;

pub use database::{Database, Options};
pub use leases::OVER_LEASES;
pub use migrations::NEWEST as SCHEMA_VERSION;
