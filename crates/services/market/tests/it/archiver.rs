//! The archiver: a segment goes into the lake in parts, however large it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use quantflow_market::{Archived, Archiver};
use quantflow_model::Timestamp;
use quantflow_seams::{ClosedSegment, EventLog, LogError, LogSlice, RawArchive};
use quantflow_testkit::event_log_suite::{chunk, noise, partition};
use quantflow_testkit::memory_store::MemoryStore;
use quantflow_testkit::{MemoryArchive, MemoryLog};
use quantflow_wire::{LogPosition, PartitionId, RecordChunk};

/// A log that notes the most bytes that were asked for at once.
#[derive(Debug)]
struct Watched {
    log: MemoryLog,
    most: AtomicUsize,
}

#[async_trait]
impl EventLog for Watched {
    async fn append(&self, id: &PartitionId, chunk: RecordChunk) -> Result<LogPosition, LogError> {
        self.log.append(id, chunk).await
    }
    async fn read(&self, id: &PartitionId, from: LogPosition) -> Result<LogSlice, LogError> {
        self.log.read(id, from).await
    }
    fn start(&self, id: &PartitionId) -> LogPosition {
        self.log.start(id)
    }
    fn end(&self, id: &PartitionId) -> LogPosition {
        self.log.end(id)
    }
    fn durable(&self, id: &PartitionId) -> LogPosition {
        self.log.durable(id)
    }
    async fn wait_durable(&self, id: &PartitionId, at: LogPosition) -> Result<(), LogError> {
        self.log.wait_durable(id, at).await
    }
    fn partitions(&self) -> Vec<PartitionId> {
        self.log.partitions()
    }
    async fn closed_segments(&self, id: &PartitionId) -> Result<Vec<ClosedSegment>, LogError> {
        self.log.closed_segments(id).await
    }
    async fn segment_bytes(
        &self,
        id: &PartitionId,
        segment: &ClosedSegment,
    ) -> Result<Vec<u8>, LogError> {
        self.most
            .fetch_max(segment.bytes as usize, Ordering::Relaxed);
        self.log.segment_bytes(id, segment).await
    }
    async fn segment_part(
        &self,
        id: &PartitionId,
        segment: &ClosedSegment,
        at: u64,
        most: usize,
    ) -> Result<Vec<u8>, LogError> {
        self.most.fetch_max(most, Ordering::Relaxed);
        self.log.segment_part(id, segment, at, most).await
    }
    async fn remove_before(&self, id: &PartitionId, at: LogPosition) -> Result<(), LogError> {
        self.log.remove_before(id, at).await
    }
    async fn close(&self) -> Result<(), LogError> {
        self.log.close().await
    }
}

#[tokio::test]
async fn a_large_segment_is_moved_in_parts_of_a_mebibyte() {
    let id = partition();
    let log = Arc::new(Watched {
        log: MemoryLog::new(5 << 20),
        most: AtomicUsize::new(0),
    });
    for number in 0..24 {
        let records = chunk(number, &[noise(number.into(), 500_000)]);
        log.append(&id, records).await.unwrap();
    }
    let closed = log.closed_segments(&id).await.unwrap();
    assert_eq!(closed.len(), 2);
    let archive = Arc::new(MemoryArchive::default());
    let archiver = Archiver {
        log: Arc::clone(&log) as _,
        archive: Arc::clone(&archive) as _,
        store: Arc::new(MemoryStore::default()),
        partition: id.clone(),
        venue: "binance".parse().unwrap(),
        retention: None,
    };
    let done = archiver.step(Timestamp::from_millis(0)).await.unwrap();
    assert_eq!(
        done,
        Archived {
            stored: 2,
            expired: 0
        }
    );
    assert!(log.most.load(Ordering::Relaxed) <= 1 << 20);
    let stored = archive.list(Some(&id)).await.unwrap();
    for (segment, archived) in closed.iter().zip(&stored) {
        assert!(segment.bytes > 5 << 20);
        assert_eq!(
            (archived.bytes, &archived.sha256),
            (segment.bytes, &segment.sha256)
        );
        let bytes = archive.get(archived).await.unwrap();
        assert!(bytes == log.segment_bytes(&id, segment).await.unwrap());
    }
}
