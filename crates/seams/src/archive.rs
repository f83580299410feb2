//! [`RawArchive`]: the lake, where closed log segments go.

use std::fmt::Debug;
use std::pin::Pin;

use async_trait::async_trait;
use futures_util::{Stream, stream};
use quantflow_model::VenueId;
use quantflow_wire::{LogRange, PartitionId};
use serde::{Deserialize, Serialize};

use crate::log::LogError;

/// The bytes of a segment in parts, in order, as they are read out of the log.
pub type SegmentParts = Pin<Box<dyn Stream<Item = Result<Vec<u8>, LogError>> + Send>>;

/// The lake: closed segments of the raw log, immutable, hash-chained a partition.
#[async_trait]
pub trait RawArchive: Debug + Send + Sync + 'static {
    /// Stores a segment; becomes visible only when it is whole. Storing the same segment again
    /// changes nothing. Its `previous_sha256` must be the newest segment's of the partition.
    ///
    /// A segment may be larger than what a process should hold: an engine keeps a few parts at a
    /// time. Of one that it has, it need not read them.
    ///
    /// # Errors
    /// [`ArchiveError::Corrupt`] when the parts together have another hash than `segment` says,
    /// [`ArchiveError::Source`] when they cannot be read; nothing is stored then.
    async fn put_parts(
        &self,
        segment: &ArchivedSegment,
        parts: SegmentParts,
    ) -> Result<(), ArchiveError>;

    /// As [`RawArchive::put_parts`], of bytes in memory.
    async fn put(&self, segment: &ArchivedSegment, bytes: Vec<u8>) -> Result<(), ArchiveError> {
        let whole = stream::once(std::future::ready(Ok(bytes)));
        self.put_parts(segment, Box::pin(whole)).await
    }

    /// The segments of a partition, oldest first; all partitions when `None`.
    async fn list(
        &self,
        partition: Option<&PartitionId>,
    ) -> Result<Vec<ArchivedSegment>, ArchiveError>;

    /// The bytes of a segment, checked against its hash.
    ///
    /// # Errors
    /// [`ArchiveError::Corrupt`] when they are not the bytes that were stored.
    async fn get(&self, segment: &ArchivedSegment) -> Result<Vec<u8>, ArchiveError>;

    /// The bytes of a segment as they lie, damaged or not: to say what of a damaged one is lost.
    ///
    /// # Errors
    /// [`ArchiveError::NotFound`] also when only the bytes are gone.
    async fn get_as_it_lies(&self, segment: &ArchivedSegment) -> Result<Vec<u8>, ArchiveError>;

    /// Removes a segment (retention). Removing what is absent succeeds.
    async fn remove(&self, segment: &ArchivedSegment) -> Result<(), ArchiveError>;
}

/// A segment in the lake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivedSegment {
    /// Which partition.
    pub partition: PartitionId,
    /// Which venue.
    pub venue: VenueId,
    /// The day (UTC) on which its first record was received: `YYYY-MM-DD`.
    pub date: String,
    /// Its name in the partition, ascending.
    pub name: String,
    /// What it holds.
    pub range: LogRange,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// That of the segment before it; empty for the first.
    pub previous_sha256: String,
}

/// What can go wrong with the lake.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// No such segment.
    #[error("{0} is not in the lake")]
    NotFound(String),
    /// Its bytes are not those that were stored.
    #[error("{segment} is damaged: its SHA-256 is {found}, {expected} was stored")]
    Corrupt {
        /// Which segment.
        segment: String,
        /// What was stored.
        expected: String,
        /// What is there.
        found: String,
    },
    /// It does not follow the newest segment.
    #[error("{segment} does not follow {newest}: the chain of the partition would break")]
    BrokenChain {
        /// Which segment.
        segment: String,
        /// The newest one there.
        newest: String,
    },
    /// What was to be stored cannot be read.
    #[error("its bytes cannot be read: {0}")]
    Source(#[source] LogError),
    /// No room.
    #[error("no room left for the lake at {0}")]
    Full(String),
    /// Anything else of the engine.
    #[error("the lake at {place} failed: {detail}")]
    Failed {
        /// Where.
        place: String,
        /// How.
        detail: String,
    },
}
