//! [`Archiver`]: closed segments of the log into the lake, and what is kept no longer out of it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream;
use quantflow_model::{Timestamp, VenueId};
use quantflow_seams::{
    ArchiveError, ArchivedSegment, ClosedSegment, EventLog, LogError, RawArchive, SegmentParts,
    SeriesStore, StoreError,
};
use quantflow_wire::PartitionId;

/// How much of a segment is read at once: a segment may be large, and what moves it need not be.
const PART_BYTES: usize = 1 << 20;

/// Moves closed segments of a partition's log into the lake. A segment leaves the log once it is
/// in the lake whole and everything in it is committed.
#[derive(Debug)]
pub struct Archiver {
    /// Where segments come from.
    pub log: Arc<dyn EventLog>,
    /// Where they go.
    pub archive: Arc<dyn RawArchive>,
    /// Says what is committed.
    pub store: Arc<dyn SeriesStore>,
    /// Which partition.
    pub partition: PartitionId,
    /// Whose records it has.
    pub venue: VenueId,
    /// How long segments stay in the lake; `None`: for ever.
    pub retention: Option<Duration>,
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Archived {
    /// Segments that went into the lake.
    pub stored: usize,
    /// Segments that left it, past their retention.
    pub expired: usize,
}

/// Why a step failed. What it had done before stands; the next step goes on.
#[derive(Debug, thiserror::Error)]
pub enum ArchiverError {
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The lake failed.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Archiver {
    /// Moves what is closed now. Safe to stop anywhere and to repeat.
    ///
    /// # Errors
    /// When the log, the lake or the store fails.
    pub async fn step(&self, now: Timestamp) -> Result<Archived, ArchiverError> {
        let mut done = Archived::default();
        let mut in_lake = self.archive.list(Some(&self.partition)).await?;
        for segment in self.log.closed_segments(&self.partition).await? {
            let newest = in_lake.last();
            if newest.is_some_and(|newest| segment.range.to <= newest.range.to) {
                continue;
            }
            let archived = ArchivedSegment {
                partition: self.partition.clone(),
                venue: self.venue.clone(),
                date: segment.first_received.date(),
                name: segment.name.clone(),
                range: segment.range,
                bytes: segment.bytes,
                sha256: segment.sha256.clone(),
                previous_sha256: newest.map(|s| s.sha256.clone()).unwrap_or_default(),
            };
            self.archive
                .put_parts(&archived, self.parts(segment))
                .await?;
            in_lake.push(archived);
            done.stored += 1;
        }
        let committed = self
            .store
            .checkpoint(&self.partition)
            .await?
            .map(|c| c.position);
        if let (Some(newest), Some(committed)) = (in_lake.last(), committed) {
            self.log
                .remove_before(&self.partition, newest.range.to.min(committed))
                .await?;
        }
        if let Some(retention) = self.retention {
            let oldest = (now - retention).date();
            // the newest stays: the chain goes on from it
            let keep = in_lake.len().saturating_sub(1);
            for segment in in_lake.iter().take(keep).take_while(|s| s.date < oldest) {
                self.archive.remove(segment).await?;
                done.expired += 1;
            }
        }
        Ok(done)
    }
    /// A segment's bytes as they lie in the log, each part read when it is asked for.
    fn parts(&self, segment: ClosedSegment) -> SegmentParts {
        let (log, partition) = (Arc::clone(&self.log), self.partition.clone());
        let reading = (log, partition, segment, 0);
        Box::pin(stream::try_unfold(reading, |reading| async move {
            let (log, partition, segment, at) = reading;
            let part = log
                .segment_part(&partition, &segment, at, PART_BYTES)
                .await?;
            if part.is_empty() {
                return Ok(None);
            }
            let next = at + part.len() as u64;
            Ok(Some((part, (log, partition, segment, next))))
        }))
    }
}
