//! The traits between services and engines, each with its errors and what an implementer owes.
//!
//! A service is written against these and nothing else; which engine stands behind one is said by
//! a URL in the configuration. No type of an engine (Arrow, SQL, HTTP) appears here: seams exchange
//! our own batches. Each seam has a conformance suite in `quantflow-testkit`, which every engine
//! and every fake passes.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod archive;
mod budget;
mod clock;
mod feed;
pub mod jobs;
mod log;
mod store;

pub use archive::{ArchiveError, ArchivedSegment, RawArchive, SegmentParts};
pub use budget::{Budget, BudgetError, BudgetUse, Grant};
pub use clock::{Clock, SystemClock};
pub use feed::{Feed, FeedError, Socket, SocketMessage};
pub use log::{ClosedSegment, EventLog, LogError, LogSlice};
pub use store::{
    BatchStream, CandleQuery, Checkpoint, Commit, LedgerQuery, Maintenance, QuarantineQuery,
    QuarantineRow, Retention, SeriesInfo, SeriesStore, StateEntry, StoreError, TradeQuery,
};
