//! From the raw log to hot view, fan-out and commits.
//!
//! A partition reads its log, runs the pipeline over each record, shows the result
//! at once (hot view and live channels) and commits it some time later. Readers ask through
//! [`MarketQueries`].
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod archiver;
mod candles;
mod canonical;
mod certificate;
mod commit;
mod completeness;
mod day_window;
mod gaps;
mod hot;
mod market;
pub mod metrics;
mod open;
mod partition;
mod parts;
mod pending;
mod publish;
mod queries;
mod rebuild;
mod revise;
#[cfg(test)]
mod sample;
pub mod stream;
pub mod view;

pub use archiver::{Archived, Archiver, ArchiverError};
pub use canonical::{CanonicalHashes, canonical_hashes, differences};
pub use completeness::Completeness;
pub use day_window::DAY_WINDOW_TIMEFRAME;
pub use market::{CandleProbe, Market};
pub use open::PartitionSetup;
pub use partition::Partition;
pub use parts::{PartitionError, PartitionOptions, PartitionParts};
pub use queries::{MarketQueries, QueryError, Snapshot};
pub use rebuild::{RawSource, ReadSegment, RebuildError, rebuild};
