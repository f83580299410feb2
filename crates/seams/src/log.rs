//! [`EventLog`]: the raw log.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use quantflow_model::Timestamp;
use quantflow_wire::{LogPosition, LogRange, PartitionId, RecordChunk};

/// The raw log: records by partition, in order, each place used once.
///
/// A record is readable as soon as it is appended and *durable* within the engine's stated
/// interval; what depends on a record may be shown before, but is committed only up to
/// [`EventLog::durable`]. One process writes a partition at a time.
#[async_trait]
pub trait EventLog: Debug + Send + Sync + 'static {
    /// Appends records in order and returns the place of the first. Waits while the engine's buffer
    /// is full (that is the back-pressure to the sockets). Either all records of the chunk are
    /// appended or none. An empty chunk changes nothing.
    ///
    /// # Errors
    /// [`LogError::Full`] when the disk is full: nothing was appended, and appending works again
    /// once there is room.
    async fn append(
        &self,
        partition: &PartitionId,
        chunk: RecordChunk,
    ) -> Result<LogPosition, LogError>;

    /// Records from `from` on, at least one and as many as the engine finds at hand; waits at the
    /// end of the log until there is one. The slice may begin before `from` (never after): the
    /// reader skips. At the end of an epoch the slice begins with the next epoch's first record.
    /// Cancel-safe.
    ///
    /// # Errors
    /// [`LogError::Expired`] when `from` stands before the oldest record that is kept.
    async fn read(&self, partition: &PartitionId, from: LogPosition) -> Result<LogSlice, LogError>;

    /// The place of the oldest record that is kept.
    fn start(&self, partition: &PartitionId) -> LogPosition;

    /// The place after the last record that was appended. A new epoch moves it only with its first
    /// record: reading while a position is before the end never waits.
    fn end(&self, partition: &PartitionId) -> LogPosition;

    /// The place up to which records outlive a crash of the host.
    fn durable(&self, partition: &PartitionId) -> LogPosition;

    /// Whether it takes no records now: no room, a disk that fails, closed. [`EventLog::append`]
    /// says why. An engine that cannot tell says no.
    fn refuses(&self, partition: &PartitionId) -> bool {
        let _ = partition;
        false
    }

    /// Waits until records before `position` are durable. Cancel-safe.
    async fn wait_durable(
        &self,
        partition: &PartitionId,
        position: LogPosition,
    ) -> Result<(), LogError>;

    /// Partitions that exist.
    fn partitions(&self) -> Vec<PartitionId>;

    /// Segments that are closed (will not change), oldest first.
    async fn closed_segments(
        &self,
        partition: &PartitionId,
    ) -> Result<Vec<ClosedSegment>, LogError>;

    /// The bytes of a closed segment, in the engine's format.
    async fn segment_bytes(
        &self,
        partition: &PartitionId,
        segment: &ClosedSegment,
    ) -> Result<Vec<u8>, LogError>;

    /// Bytes of a closed segment from byte `at` on, at most `most` of them; none only at its end. An
    /// engine whose segments may be large reads no more than these.
    async fn segment_part(
        &self,
        partition: &PartitionId,
        segment: &ClosedSegment,
        at: u64,
        most: usize,
    ) -> Result<Vec<u8>, LogError> {
        let bytes = self.segment_bytes(partition, segment).await?;
        let from = bytes.len().min(usize::try_from(at).unwrap_or(usize::MAX));
        let to = bytes.len().min(from.saturating_add(most));
        Ok(bytes[from..to].to_vec())
    }

    /// Removes closed segments that lie wholly before `position`.
    async fn remove_before(
        &self,
        partition: &PartitionId,
        position: LogPosition,
    ) -> Result<(), LogError>;

    /// Makes everything durable and stops taking records.
    async fn close(&self) -> Result<(), LogError>;
}

/// Records that were read.
#[derive(Debug, Clone)]
pub struct LogSlice {
    /// The place of the first record in the chunk.
    pub first: LogPosition,
    /// The records; shared, because many may read what was just appended.
    pub chunk: Arc<RecordChunk>,
}

impl LogSlice {
    /// The place after its last record: where to read on.
    pub fn next(&self) -> LogPosition {
        self.first.plus(self.chunk.len() as u64)
    }
}

/// A part of the log that will not change any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedSegment {
    /// Its name, unique in the partition, ascending.
    pub name: String,
    /// What it holds.
    pub range: LogRange,
    /// Receive time of its first record.
    pub first_received: Timestamp,
    /// Receive time of its last record.
    pub last_received: Timestamp,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
}

/// What can go wrong with the log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// No room. Nothing was appended; it works again once there is room.
    #[error("no room left for the log at {place}: free some space, intake resumes by itself")]
    Full {
        /// Where.
        place: String,
    },
    /// The wanted records are not kept any more.
    #[error("records before {oldest} are not kept any more; {wanted} was wanted")]
    Expired {
        /// What was wanted.
        wanted: LogPosition,
        /// The oldest that is kept.
        oldest: LogPosition,
    },
    /// A part of the log is damaged.
    #[error("{segment} is damaged at byte {at}: {detail}")]
    Corrupt {
        /// Which segment.
        segment: String,
        /// Where in it.
        at: u64,
        /// How.
        detail: String,
    },
    /// Another process writes it.
    #[error(
        "{place} is in use by another process (pid {holder}); stop it, or use another --data-dir"
    )]
    Locked {
        /// Where.
        place: String,
        /// Who holds it, if known.
        holder: String,
    },
    /// The log was closed.
    #[error("the log is closed")]
    Closed,
    /// Anything else of the engine.
    #[error("the log at {place} failed: {detail}")]
    Failed {
        /// Where.
        place: String,
        /// How.
        detail: String,
    },
}
