//! [`MemoryLog`]: an [`EventLog`] that forgets everything when it is dropped.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use quantflow_model::Timestamp;
use quantflow_seams::{ClosedSegment, EventLog, LogError, LogSlice};
use quantflow_wire::{LogPosition, LogRange, PartitionId, RecordChunk};
use sha2::{Digest, Sha256};
use tokio::sync::Notify;

/// A log in memory. Everything is durable at once; a segment closes at a number of bytes. Its
/// segments are the bytes of their chunks, one after another.
///
/// A clone is the same log. [`reopen`](Self::reopen) opens it again after it was closed.
#[derive(Debug, Clone)]
pub struct MemoryLog {
    segment_bytes: usize,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    closed: bool,
    full: bool,
    partitions: BTreeMap<PartitionId, Partition>,
}

#[derive(Debug, Default)]
struct Partition {
    start: LogPosition,
    end: LogPosition,
    /// Oldest first; the last one is open.
    segments: Vec<Vec<LogSlice>>,
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self::new(1 << 20)
    }
}

impl MemoryLog {
    /// An empty log whose segments close when they have so many bytes.
    pub fn new(segment_bytes: usize) -> Self {
        Self {
            segment_bytes,
            shared: Arc::default(),
        }
    }

    /// The same records, open again.
    #[must_use]
    pub fn reopen(&self) -> Self {
        let old = self.state();
        let state = State {
            closed: false,
            full: false,
            partitions: old
                .partitions
                .iter()
                .map(|(id, partition)| {
                    let partition = Partition {
                        start: partition.start,
                        end: partition.end,
                        segments: partition.segments.clone(),
                    };
                    (id.clone(), partition)
                })
                .collect(),
        };
        Self {
            segment_bytes: self.segment_bytes,
            shared: Arc::new(Shared {
                state: Mutex::new(state),
                changed: Notify::new(),
            }),
        }
    }

    /// Lets appending fail as on a full disk, or work again.
    pub fn set_full(&self, full: bool) {
        self.state().full = full;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }

    fn of<T: Default>(&self, id: &PartitionId, look: impl FnOnce(&Partition) -> T) -> T {
        self.state()
            .partitions
            .get(id)
            .map(look)
            .unwrap_or_default()
    }
}

impl Partition {
    fn closed(&self) -> Vec<ClosedSegment> {
        let open = self.segments.len().saturating_sub(1);
        self.segments[..open].iter().map(|s| describe(s)).collect()
    }
}

fn bytes_of(segment: &[LogSlice]) -> Vec<u8> {
    let chunks = segment.iter().map(|slice| slice.chunk.bytes());
    chunks.collect::<Vec<_>>().concat()
}

fn describe(segment: &[LogSlice]) -> ClosedSegment {
    let bytes = bytes_of(segment);
    let from = segment[0].first;
    let times: Vec<Timestamp> = segment
        .iter()
        .flat_map(|slice| slice.chunk.iter().map(|r| r.received).collect::<Vec<_>>())
        .collect();
    ClosedSegment {
        name: format!("{:010}-{:020}", from.epoch, from.offset),
        range: LogRange {
            from,
            to: segment[segment.len() - 1].next(),
        },
        first_received: times[0],
        last_received: times[times.len() - 1],
        bytes: bytes.len() as u64,
        sha256: sha256(&bytes),
    }
}

/// SHA-256 in hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

#[async_trait]
impl EventLog for MemoryLog {
    async fn append(&self, id: &PartitionId, chunk: RecordChunk) -> Result<LogPosition, LogError> {
        let mut state = self.state();
        if state.closed {
            return Err(LogError::Closed);
        }
        if chunk.is_empty() {
            return Ok(state.partitions.get(id).map(|p| p.end).unwrap_or_default());
        }
        if state.full {
            return Err(LogError::Full {
                place: "memory".to_owned(),
            });
        }
        let partition = state.partitions.entry(id.clone()).or_default();
        let slice = LogSlice {
            first: partition.end,
            chunk: Arc::new(chunk),
        };
        let first = slice.first;
        partition.end = slice.next();
        let full = partition.segments.last().is_none_or(|open| {
            let bytes: usize = open.iter().map(|slice| slice.chunk.bytes().len()).sum();
            bytes >= self.segment_bytes
        });
        if full {
            partition.segments.push(Vec::new());
        }
        partition.segments.last_mut().unwrap().push(slice);
        drop(state);
        self.shared.changed.notify_waiters();
        Ok(first)
    }

    async fn read(&self, id: &PartitionId, from: LogPosition) -> Result<LogSlice, LogError> {
        loop {
            let changed = self.shared.changed.notified();
            {
                let state = self.state();
                if let Some(partition) = state.partitions.get(id) {
                    if from < partition.start {
                        return Err(LogError::Expired {
                            wanted: from,
                            oldest: partition.start,
                        });
                    }
                    let mut slices = partition.segments.iter().flatten();
                    if let Some(slice) = slices.find(|slice| slice.next() > from) {
                        return Ok(slice.clone());
                    }
                }
                if state.closed {
                    return Err(LogError::Closed);
                }
            }
            changed.await;
        }
    }

    fn start(&self, id: &PartitionId) -> LogPosition {
        self.of(id, |partition| partition.start)
    }

    fn end(&self, id: &PartitionId) -> LogPosition {
        self.of(id, |partition| partition.end)
    }

    fn durable(&self, id: &PartitionId) -> LogPosition {
        self.end(id)
    }

    async fn wait_durable(&self, id: &PartitionId, position: LogPosition) -> Result<(), LogError> {
        loop {
            let changed = self.shared.changed.notified();
            if self.durable(id) >= position {
                return Ok(());
            }
            if self.state().closed {
                return Err(LogError::Closed);
            }
            changed.await;
        }
    }

    fn partitions(&self) -> Vec<PartitionId> {
        self.state().partitions.keys().cloned().collect()
    }

    async fn closed_segments(&self, id: &PartitionId) -> Result<Vec<ClosedSegment>, LogError> {
        Ok(self.of(id, Partition::closed))
    }

    async fn segment_bytes(
        &self,
        id: &PartitionId,
        segment: &ClosedSegment,
    ) -> Result<Vec<u8>, LogError> {
        let found = self.of(id, |partition| {
            let mut segments = partition.segments.iter();
            let found = segments.find(|slices| slices[0].first == segment.range.from);
            found.map(|slices| bytes_of(slices))
        });
        let oldest = self.start(id);
        found.ok_or_else(|| {
            if segment.range.from < oldest {
                LogError::Expired {
                    wanted: segment.range.from,
                    oldest,
                }
            } else {
                LogError::Failed {
                    place: "memory".to_owned(),
                    detail: "there is no such closed segment".to_owned(),
                }
            }
        })
    }

    async fn remove_before(&self, id: &PartitionId, position: LogPosition) -> Result<(), LogError> {
        let mut state = self.state();
        if let Some(partition) = state.partitions.get_mut(id) {
            let closed = partition.closed();
            let gone = closed.partition_point(|segment| segment.range.to <= position);
            partition.segments.drain(..gone);
            partition.start = partition.segments[0][0].first;
        }
        Ok(())
    }

    async fn close(&self) -> Result<(), LogError> {
        self.state().closed = true;
        self.shared.changed.notify_waiters();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_log_suite::Harness;

    #[derive(Debug, Default)]
    struct InMemory(Mutex<Option<MemoryLog>>);

    #[async_trait]
    impl Harness for InMemory {
        async fn open(&self) -> Arc<dyn EventLog> {
            let mut log = self.0.lock().unwrap();
            let next = log
                .as_ref()
                .map_or_else(|| MemoryLog::new(32 << 10), MemoryLog::reopen);
            *log = Some(next.clone());
            Arc::new(next)
        }
    }

    crate::event_log_suite!(memory, InMemory::default());
}
