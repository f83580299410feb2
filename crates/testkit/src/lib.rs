//! Conformance suites of the seams, builders and a clock moved by hand: for tests only.
//!
//! Used from `tests/` folders as a dev-dependency. A suite is a module with one function a case;
//! every engine and every fake runs all of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "test code: a failure is a panic"
)]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]

pub mod budget_suite;
pub mod clock;
pub mod event_log_suite;
pub mod job_store_suite;
pub mod memory_archive;
pub mod memory_jobs;
pub mod memory_log;
pub mod memory_store;
pub mod postgres;
pub mod raw_archive_suite;
pub mod recorded;
pub mod redis;
pub mod series_store_suite;

pub use memory_archive::MemoryArchive;
pub use memory_jobs::MemoryJobs;
pub use memory_log::MemoryLog;
pub use postgres::PostgresServer;
pub use redis::RedisServer;
