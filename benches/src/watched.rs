//! [`Watched`]: the embedded log, and how far its reader has come.

use async_trait::async_trait;
use quantflow_log_embedded::EmbeddedLog;
use quantflow_seams::{ClosedSegment, EventLog, LogError, LogSlice};
use quantflow_wire::{LogPosition, PartitionId, RecordChunk};
use tokio::sync::watch;

/// The embedded log; a reader that asks for a place has applied everything before it.
#[derive(Debug)]
pub struct Watched {
    log: EmbeddedLog,
    asked: watch::Sender<LogPosition>,
}

impl Watched {
    /// Watches the one reader of a log.
    pub fn new(log: EmbeddedLog) -> Self {
        Self {
            log,
            asked: watch::Sender::new(LogPosition::START),
        }
    }

    /// Waits until the reader has applied everything before a place.
    pub async fn applied(&self, until: LogPosition) {
        let mut asked = self.asked.subscribe();
        // the sender is ours, so it lives
        let _ = asked.wait_for(|at| *at >= until).await;
    }
}

#[async_trait]
impl EventLog for Watched {
    async fn append(
        &self,
        partition: &PartitionId,
        chunk: RecordChunk,
    ) -> Result<LogPosition, LogError> {
        self.log.append(partition, chunk).await
    }

    async fn read(&self, partition: &PartitionId, from: LogPosition) -> Result<LogSlice, LogError> {
        self.asked.send_replace(from);
        self.log.read(partition, from).await
    }

    fn start(&self, partition: &PartitionId) -> LogPosition {
        self.log.start(partition)
    }

    fn end(&self, partition: &PartitionId) -> LogPosition {
        self.log.end(partition)
    }

    fn durable(&self, partition: &PartitionId) -> LogPosition {
        self.log.durable(partition)
    }

    async fn wait_durable(
        &self,
        partition: &PartitionId,
        position: LogPosition,
    ) -> Result<(), LogError> {
        self.log.wait_durable(partition, position).await
    }

    fn partitions(&self) -> Vec<PartitionId> {
        self.log.partitions()
    }

    async fn closed_segments(
        &self,
        partition: &PartitionId,
    ) -> Result<Vec<ClosedSegment>, LogError> {
        self.log.closed_segments(partition).await
    }

    async fn segment_bytes(
        &self,
        partition: &PartitionId,
        segment: &ClosedSegment,
    ) -> Result<Vec<u8>, LogError> {
        self.log.segment_bytes(partition, segment).await
    }

    async fn remove_before(
        &self,
        partition: &PartitionId,
        position: LogPosition,
    ) -> Result<(), LogError> {
        self.log.remove_before(partition, position).await
    }

    async fn close(&self) -> Result<(), LogError> {
        self.log.close().await
    }
}
