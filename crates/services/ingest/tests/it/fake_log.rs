//! A raw log that remembers, and that can be full or busy.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use quantflow_model::Timestamp;
use quantflow_seams::{ClosedSegment, EventLog, LogError, LogSlice};
use quantflow_wire::{Disconnected, Exchange, LogPosition, PartitionId, RecordChunk, RecordKind};
use tokio::sync::watch;

/// A record that owns its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) kind: RecordKind,
    pub(crate) received: Timestamp,
    pub(crate) connection: u32,
    pub(crate) sequence: u32,
    pub(crate) payload: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Willing,
    Full,
    Busy,
}

#[derive(Debug)]
pub(crate) struct FakeLog {
    records: Mutex<Vec<Kept>>,
    /// How many records each append brought.
    appends: Mutex<Vec<usize>>,
    mood: watch::Sender<Mood>,
}

impl FakeLog {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            records: Mutex::default(),
            appends: Mutex::default(),
            mood: watch::Sender::new(Mood::Willing),
        })
    }

    pub(crate) fn set(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    pub(crate) fn records(&self) -> Vec<Kept> {
        self.records.lock().unwrap().clone()
    }

    pub(crate) fn appends(&self) -> Vec<usize> {
        self.appends.lock().unwrap().clone()
    }

    pub(crate) fn of(&self, kind: RecordKind) -> Vec<Kept> {
        let mut records = self.records();
        records.retain(|record| record.kind == kind);
        records
    }

    /// The text messages.
    pub(crate) fn texts(&self) -> Vec<String> {
        let texts = self.of(RecordKind::Text).into_iter();
        texts
            .map(|r| String::from_utf8(r.payload).unwrap())
            .collect()
    }

    /// Of each ended socket its number and the reason.
    pub(crate) fn ends(&self) -> Vec<(u32, String)> {
        let ends = self.of(RecordKind::Disconnected).into_iter();
        let ends = ends.filter(|record| record.connection > 0);
        ends.map(|record| {
            let end: Disconnected = serde_json::from_slice(&record.payload).unwrap();
            (record.connection, end.reason.into())
        })
        .collect()
    }

    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        let exchanges = self.of(RecordKind::Exchange).into_iter();
        exchanges
            .map(|r| Exchange::from_payload(&r.payload).unwrap())
            .collect()
    }
}

#[async_trait]
impl EventLog for FakeLog {
    async fn append(&self, _: &PartitionId, chunk: RecordChunk) -> Result<LogPosition, LogError> {
        let mut mood = self.mood.subscribe();
        let mood = *mood.wait_for(|mood| *mood != Mood::Busy).await.unwrap();
        if mood == Mood::Full {
            return Err(LogError::Full {
                place: "/data".into(),
            });
        }
        self.appends.lock().unwrap().push(chunk.len());
        let mut records = self.records.lock().unwrap();
        let position = LogPosition::START.plus(records.len() as u64);
        records.extend(chunk.iter().map(|record| Kept {
            kind: record.kind,
            received: record.received,
            connection: record.connection,
            sequence: record.sequence,
            payload: record.payload.to_vec(),
        }));
        Ok(position)
    }

    async fn read(&self, _: &PartitionId, _: LogPosition) -> Result<LogSlice, LogError> {
        std::future::pending().await
    }

    fn start(&self, _: &PartitionId) -> LogPosition {
        LogPosition::START
    }

    fn end(&self, _: &PartitionId) -> LogPosition {
        LogPosition::START.plus(self.records.lock().unwrap().len() as u64)
    }

    fn durable(&self, partition: &PartitionId) -> LogPosition {
        self.end(partition)
    }

    async fn wait_durable(&self, _: &PartitionId, _: LogPosition) -> Result<(), LogError> {
        Ok(())
    }

    fn partitions(&self) -> Vec<PartitionId> {
        Vec::new()
    }

    async fn closed_segments(&self, _: &PartitionId) -> Result<Vec<ClosedSegment>, LogError> {
        Ok(Vec::new())
    }

    async fn segment_bytes(&self, _: &PartitionId, _: &ClosedSegment) -> Result<Vec<u8>, LogError> {
        Err(LogError::Closed)
    }

    async fn remove_before(&self, _: &PartitionId, _: LogPosition) -> Result<(), LogError> {
        Ok(())
    }

    async fn close(&self) -> Result<(), LogError> {
        Ok(())
    }
}
