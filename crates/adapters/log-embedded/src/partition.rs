//! [`Partition`]: what appenders, readers and the writer share of one partition.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use quantflow_seams::{ClosedSegment, LogError, LogSlice};
use quantflow_wire::{LogPosition, PartitionId, RecordChunk};
use tokio::sync::Notify;

use crate::options::LogOptions;
use crate::recent::{Newest, Recent};
use crate::segment::{BlockEntry, Index, name_of};

/// How many indexes of closed segments are kept.
const INDEXES: usize = 4;

/// One partition. The lock is held for short, bounded work only: never while a file is touched.
#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) id: PartitionId,
    pub(crate) folder: PathBuf,
    state: Mutex<State>,
    /// Somebody who waits for room in the queue looks again.
    pub(crate) space: Notify,
    /// Somebody who waits at the end of the log looks again.
    pub(crate) appended: Notify,
    /// Somebody who waits for records to be durable looks again.
    pub(crate) durable: Notify,
}

/// Why nothing can be appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The disk is full; the writer tries again.
    Full,
    /// The disk failed; the writer tries again.
    Failed(String),
    /// The log was closed.
    Closed,
}

impl Stop {
    pub(crate) fn error(&self, place: &std::path::Path) -> LogError {
        let place = place.display().to_string();
        match self {
            Self::Full => LogError::Full { place },
            Self::Failed(detail) => LogError::Failed {
                place,
                detail: detail.clone(),
            },
            Self::Closed => LogError::Closed,
        }
    }
}

/// The segment that is written.
#[derive(Debug)]
pub(crate) struct OpenIndex {
    pub(crate) first: LogPosition,
    pub(crate) index: Index,
}

#[derive(Debug)]
pub(crate) struct State {
    /// The oldest record that is kept.
    pub(crate) start: LogPosition,
    /// After the last record that was appended. In a new epoch it stays where the last one ended
    /// until there is a record, so that who reads up to the end does not wait for one.
    pub(crate) end: LogPosition,
    /// The place of the next record.
    pub(crate) next: LogPosition,
    /// After the last record that can be read from disk. What is before it may leave memory.
    pub(crate) written: LogPosition,
    /// After the last record that is durable.
    pub(crate) durable: LogPosition,
    /// The newest records, as they were appended; all that is not yet written is among them.
    pub(crate) recent: Newest,
    /// Cost of what is not yet written.
    pub(crate) queued: usize,
    /// Cost of what the writer has not yet taken.
    untaken: usize,
    /// The writer knows that there is something, and will come for it in time.
    armed: bool,
    /// Closed segments, oldest first.
    pub(crate) closed: Vec<Arc<ClosedSegment>>,
    /// The segment that is written. `None`: the partition does not exist on disk yet.
    pub(crate) open: Option<OpenIndex>,
    pub(crate) stop: Option<Stop>,
    /// The writer is done: nothing becomes durable any more.
    pub(crate) finished: bool,
    /// Indexes of closed segments that were read lately, newest last.
    indexes: VecDeque<(String, Arc<Index>)>,
}

/// Where the records at a place are.
#[derive(Debug)]
pub(crate) enum Located {
    Memory(LogSlice),
    /// In these blocks of the segment that is written.
    Open {
        first: LogPosition,
        blocks: Vec<BlockEntry>,
    },
    /// Somewhere in this closed segment.
    Closed {
        segment: Arc<ClosedSegment>,
        index: Option<Arc<Index>>,
    },
    /// Not there yet.
    Nowhere,
}

impl Partition {
    pub(crate) fn new(id: PartitionId, folder: PathBuf, at: LogPosition) -> Self {
        Self {
            id,
            folder,
            state: Mutex::new(State {
                start: at,
                end: at,
                next: at,
                written: at,
                durable: at,
                recent: Newest::default(),
                queued: 0,
                untaken: 0,
                armed: false,
                closed: Vec::new(),
                open: None,
                stop: None,
                finished: false,
                indexes: VecDeque::new(),
            }),
            space: Notify::new(),
            appended: Notify::new(),
            durable: Notify::new(),
        }
    }

    /// The state. A thread that panicked left it whole: each change is made at once.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing can be appended any more (or again), and who waits is told.
    pub(crate) fn set_stop(&self, stop: Option<Stop>) {
        self.state().stop = stop;
        self.space.notify_waiters();
        self.appended.notify_waiters();
        self.durable.notify_waiters();
    }

    /// The writer is done with the partition.
    pub(crate) fn set_finished(&self) {
        self.state().finished = true;
        self.durable.notify_waiters();
    }
}

impl State {
    /// Takes a chunk in. Returns the place of its first record, and whether the writer is to be
    /// woken: when it knows of nothing, and when a block is full; else it comes by itself.
    pub(crate) fn push(
        &mut self,
        chunk: RecordChunk,
        options: &LogOptions,
        now: Instant,
    ) -> (LogPosition, bool) {
        let item = Recent::new(self.next, chunk, now);
        let (first, cost) = (item.first, item.cost());
        self.next = item.end();
        self.end = self.next;
        self.queued += cost;
        self.recent.push(item);
        self.evict(options, now);
        let before = self.untaken;
        self.untaken += cost;
        let block_is_full = before < options.block_bytes && self.untaken >= options.block_bytes;
        let wake = !self.armed || block_is_full;
        self.armed = true;
        (first, wake)
    }

    /// Lets go of records in memory that are on disk and no longer new.
    pub(crate) fn evict(&mut self, options: &LogOptions, now: Instant) {
        self.recent.evict(self.written, options, now);
    }

    /// Blocks were written: they can be read from disk from now on.
    pub(crate) fn publish(&mut self, blocks: &[BlockEntry], options: &LogOptions, now: Instant) {
        let Some(last) = blocks.last() else { return };
        let Some(open) = &mut self.open else { return };
        open.index.blocks.extend_from_slice(blocks);
        let written = LogPosition {
            epoch: open.first.epoch,
            offset: last.end(),
        };
        self.queued -= self.recent.cost_between(self.written, written);
        self.written = written;
        self.evict(options, now);
    }

    /// Items with records from `next` on, as many as cost about `bytes`, for the writer. When there
    /// is none and it is `idle`, it is to be woken for the next one.
    pub(crate) fn take(&mut self, next: LogPosition, bytes: usize, idle: bool) -> Vec<Recent> {
        let mut sum = 0;
        let mut items = Vec::new();
        for item in self.recent.from(next) {
            if sum >= bytes {
                break;
            }
            sum += item.cost();
            items.push(item.clone());
        }
        self.untaken -= sum;
        if items.is_empty() && idle {
            self.armed = false;
        }
        items
    }

    /// The segment that was written is closed; the next one begins at `next`.
    pub(crate) fn roll(&mut self, closed: ClosedSegment, next: LogPosition) {
        let open = OpenIndex {
            first: next,
            index: Index::default(),
        };
        if let Some(full) = self.open.replace(open) {
            self.cache(closed.name.clone(), Arc::new(full.index));
        }
        self.closed.push(Arc::new(closed));
    }

    /// Finds the first record at or after `from`.
    pub(crate) fn locate(&mut self, from: LogPosition, raw: usize) -> Result<Located, LogError> {
        // an epoch counts on where the one before it ended, so this place misses no record
        let nothing_missing = from.epoch < self.start.epoch && from.offset >= self.start.offset;
        if from < self.start && !nothing_missing {
            return Err(LogError::Expired {
                wanted: from,
                oldest: self.start,
            });
        }
        if self.recent.first().is_some_and(|first| first <= from) || from >= self.written {
            return Ok(self.in_memory(from));
        }
        let closed = self
            .closed
            .partition_point(|segment| segment.range.to <= from);
        if let Some(segment) = self.closed.get(closed).cloned() {
            hole(from, segment.range.from)?;
            let index = self.cached(&segment.name);
            return Ok(Located::Closed { segment, index });
        }
        match &self.open {
            Some(open) if self.written > open.first && from < self.written => {
                hole(from, open.first)?;
                let offset = offset_in(from, open.first);
                let blocks =
                    open.index
                        .find(offset, raw)
                        .map_err(|(at, detail)| LogError::Corrupt {
                            segment: name_of(open.first),
                            at,
                            detail,
                        })?;
                Ok(Located::Open {
                    first: open.first,
                    blocks: blocks.to_vec(),
                })
            }
            _ => Ok(self.in_memory(from)),
        }
    }

    fn in_memory(&self, from: LogPosition) -> Located {
        let slice = self.recent.slice(from);
        slice.map_or(Located::Nowhere, Located::Memory)
    }

    /// Records before `start` are not kept any more, in memory neither.
    pub(crate) fn forget_before(&mut self, start: LogPosition) {
        self.start = start;
        self.recent.forget_before(start);
    }

    fn cached(&mut self, name: &str) -> Option<Arc<Index>> {
        let at = self.indexes.iter().position(|(cached, _)| cached == name)?;
        let entry = self.indexes.remove(at)?;
        let index = Arc::clone(&entry.1);
        self.indexes.push_back(entry);
        Some(index)
    }

    /// Of segments that are removed nothing is read again.
    pub(crate) fn forget_indexes(&mut self, removed: &[Arc<ClosedSegment>]) {
        self.indexes
            .retain(|(name, _)| removed.iter().all(|segment| segment.name != *name));
    }

    pub(crate) fn cache(&mut self, name: String, index: Arc<Index>) {
        if self.indexes.iter().all(|(cached, _)| *cached != name) {
            if self.indexes.len() >= INDEXES {
                self.indexes.pop_front();
            }
            self.indexes.push_back((name, index));
        }
    }
}

/// The offset at which to read in a segment that begins at `first`, for a reader that stands at
/// `from`: at the end of an epoch it goes on with the next epoch's first record.
pub(crate) fn offset_in(from: LogPosition, first: LogPosition) -> u64 {
    if from.epoch < first.epoch {
        first.offset
    } else {
        from.offset
    }
}

/// Refuses to go on at `next` when records between it and `from` are missing.
fn hole(from: LogPosition, next: LogPosition) -> Result<(), LogError> {
    if from.offset >= next.offset {
        return Ok(());
    }
    Err(LogError::Corrupt {
        segment: name_of(from),
        at: 0,
        detail: format!(
            "the segment that held the records {from} to {next} is missing; reading works from {next} on"
        ),
    })
}
