//! From the raw log to hot view, fan-out and commits.
//!
//! A partition reads its log, runs the pipeline over each record, shows the result
//! at once (hot view and live channels) and commits it some time later. Readers ask through
//! [`MarketQueries`].
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod queries;
pub mod stream;
pub mod view;

pub use queries::{MarketQueries, QueryError, Snapshot};
