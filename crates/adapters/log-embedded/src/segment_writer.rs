//! [`SegmentWriter`]: writes the segments of one partition.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use quantflow_model::Timestamp;
use quantflow_seams::ClosedSegment;
use quantflow_wire::{LogPosition, LogRange, RecordChunk};
use sha2::Digest;

use crate::format::{BlockEncoder, BlockMeta};
use crate::open_segment::{CleanEnd, OpenSegment, Span};
use crate::options::{FsyncPolicy, LogOptions};
use crate::partition::{Partition, Stop};
use crate::segment::{BlockEntry, Seal, hex, name_of, seal_path_of};
use crate::storage::Storage;

/// How much is taken out of the queue at once.
const TAKE_BYTES: usize = 1 << 20;
/// More than so much is not left unsynced, whatever the interval: it is kept in memory, in case it
/// must be written again.
const MAX_UNSYNCED: usize = 32 << 20;
/// How long to wait before a failed write is tried again.
const RETRY: Duration = Duration::from_millis(200);

/// Records that wait to become a block.
#[derive(Debug)]
struct Pending {
    raw: Vec<u8>,
    /// Offset of the first.
    first: u64,
    count: u32,
    span: Option<Span>,
}

impl Pending {
    fn add(&mut self, records: usize, first: Timestamp, last: Timestamp) {
        self.count += records as u32;
        self.span.get_or_insert(Span { first, last }).last = last;
    }
}

/// Writes the segments of one partition. A failure loses nothing: what is not settled is kept in
/// memory and written again, at the same place, until it works; meanwhile nothing is appended.
#[derive(Debug)]
pub(crate) struct SegmentWriter {
    partition: Arc<Partition>,
    storage: Arc<dyn Storage>,
    options: LogOptions,
    segment: OpenSegment,
    pending: Pending,
    /// The place after the last record that is in a block or pending.
    next: LogPosition,
    /// Blocks that are not settled: the bytes of the file from `segment.settled` on.
    unsettled: Vec<u8>,
    /// How many bytes of those, and which blocks of them, are not written yet.
    unwritten: usize,
    unpublished: Vec<BlockEntry>,
    /// When what waits must be durable.
    deadline: Option<Instant>,
    /// The segment is full: it closes, and the next one begins.
    full: bool,
    retry_at: Option<Instant>,
}

impl SegmentWriter {
    /// Writes on `segment` from `next` on.
    pub(crate) fn new(
        partition: Arc<Partition>,
        storage: Arc<dyn Storage>,
        options: LogOptions,
        segment: OpenSegment,
        next: LogPosition,
    ) -> Self {
        Self {
            partition,
            storage,
            options,
            segment,
            pending: Pending {
                raw: Vec::new(),
                first: next.offset,
                count: 0,
                span: None,
            },
            next,
            unsettled: Vec::new(),
            unwritten: 0,
            unpublished: Vec::new(),
            deadline: None,
            full: false,
            retry_at: None,
        }
    }

    /// Does what is to be done now, and says when to come back.
    pub(crate) fn work(&mut self, now: Instant, encoder: &mut BlockEncoder) -> Option<Instant> {
        if let Some(retry_at) = self.retry_at {
            if now < retry_at {
                return Some(retry_at);
            }
            // from the first unsettled byte on: after a failed sync nobody knows what is on disk
            self.unwritten = self.unsettled.len();
            let settled = self.settle();
            if !self.note(settled) {
                return self.retry_at;
            }
        }
        let took = self.take(encoder);
        let now = Instant::now();
        let due = self.deadline.is_some_and(|deadline| now >= deadline);
        if due {
            self.seal(encoder);
        }
        let each = self.options.fsync == FsyncPolicy::EveryBlock && !self.unsettled.is_empty();
        let too_much = self.unsettled.len() > MAX_UNSYNCED;
        let result = if due || each || too_much || self.full {
            if self.pending.count == 0 {
                self.deadline = None;
            }
            self.settle()
        } else {
            self.write()
        };
        if !self.note(result) {
            return self.retry_at;
        }
        // other partitions have their turn before the rest is taken; and after a deadline it looks
        // once more, because only who found nothing is woken for the next record
        if took || due {
            Some(now)
        } else {
            self.deadline
        }
    }

    /// Makes everything durable and notes that this end is clean.
    pub(crate) fn finish(&mut self, encoder: &mut BlockEncoder) -> Result<(), Stop> {
        // nothing is appended from here on, so what is drained is all
        self.partition.set_stop(Some(Stop::Closed));
        let result = self.drain(encoder).map_err(|error| stop_of(&error));
        self.partition.set_finished();
        result
    }

    /// Nothing is written any more, and who waits is told.
    pub(crate) fn give_up(&self, stop: &Stop) {
        self.partition.set_stop(Some(stop.clone()));
        self.partition.set_finished();
    }

    fn drain(&mut self, encoder: &mut BlockEncoder) -> io::Result<()> {
        self.unwritten = self.unsettled.len();
        while self.take(encoder) {
            self.settle()?;
        }
        self.seal(encoder);
        self.settle()?;
        if self.options.fsync == FsyncPolicy::Never {
            self.segment.file.sync()?;
        }
        let clean = CleanEnd {
            end: self.next,
            segment: name_of(self.segment.first),
            bytes: self.segment.settled,
        };
        let clean = serde_json::to_vec(&clean)?;
        self.storage
            .replace(&self.partition.folder.join(CleanEnd::FILE), &clean)
    }

    /// Takes records out of the queue into blocks. `false` when there was none.
    fn take(&mut self, encoder: &mut BlockEncoder) -> bool {
        let bytes = match self.options.fsync {
            FsyncPolicy::EveryBlock => self.options.block_bytes,
            _ => TAKE_BYTES,
        };
        let idle = self.deadline.is_none();
        let items = {
            let mut state = self.partition.state();
            // also when nothing is appended any more: the writer looks once a second
            state.evict(&self.options, Instant::now());
            state.take(self.next, bytes, idle)
        };
        for item in &items {
            if self.deadline.is_none() {
                self.deadline = Some(Instant::now() + self.options.fsync.flush_interval());
            }
            self.add(&item.chunk, encoder);
            self.next = item.end();
        }
        !items.is_empty()
    }

    /// Adds records to the pending block, and seals it each time that it is full.
    fn add(&mut self, chunk: &RecordChunk, encoder: &mut BlockEncoder) {
        let bytes = chunk.bytes();
        if bytes.len() <= self.options.block_bytes
            && let (Some(first), Some(last)) = (chunk.first(), chunk.last())
        {
            // as a whole: its records need not be looked at
            self.pending.add(chunk.len(), first.received, last.received);
            self.pending.raw.extend_from_slice(bytes);
            if self.pending.raw.len() >= self.options.block_bytes {
                self.seal(encoder);
            }
            return;
        }
        let (mut start, mut at) = (0, 0);
        for record in chunk.iter() {
            at += record.size();
            self.pending.add(1, record.received, record.received);
            if self.pending.raw.len() + (at - start) >= self.options.block_bytes {
                self.pending.raw.extend_from_slice(&bytes[start..at]);
                start = at;
                self.seal(encoder);
            }
        }
        self.pending.raw.extend_from_slice(&bytes[start..at]);
    }

    /// Makes a block of what is pending. It is not written yet.
    fn seal(&mut self, encoder: &mut BlockEncoder) {
        let (count, Some(span)) = (self.pending.count, self.pending.span.take()) else {
            return;
        };
        let meta = BlockMeta {
            count,
            first: self.pending.first,
            first_received: span.first,
            last_received: span.last,
            synced: match self.options.fsync {
                FsyncPolicy::Never => 0,
                _ => self.segment.settled,
            },
        };
        let start = self.unsettled.len();
        encoder.encode(meta, &self.pending.raw, &mut self.unsettled);
        let length = self.unsettled.len() - start;
        self.unwritten += length;
        self.unpublished.push(BlockEntry {
            at: self.segment.settled + start as u64,
            length: length as u32,
            raw: self.pending.raw.len() as u32,
            count,
            first: meta.first,
        });
        self.pending.raw.clear();
        self.pending.first += u64::from(count);
        self.pending.count = 0;
        let span = Span {
            first: self.segment.span.map_or(span.first, |all| all.first),
            last: span.last,
        };
        self.segment.span = Some(span);
        let age = i64::try_from(self.options.segment_age.as_nanos()).unwrap_or(i64::MAX);
        self.full = self.segment.settled + self.unsettled.len() as u64
            >= self.options.segment_bytes
            || span.last.since(span.first) >= age;
    }

    /// Writes what is not written, and lets it be read from there.
    fn write(&mut self) -> io::Result<()> {
        if self.unwritten > 0 {
            let start = self.unsettled.len() - self.unwritten;
            let at = self.segment.settled + start as u64;
            self.segment.file.write_at(&self.unsettled[start..], at)?;
            self.unwritten = 0;
        }
        if !self.unpublished.is_empty() {
            self.partition
                .state()
                .publish(&self.unpublished, &self.options, Instant::now());
            self.unpublished.clear();
            self.partition.space.notify_waiters();
        }
        Ok(())
    }

    /// Writes, makes durable as the policy says, and closes a segment that is full.
    fn settle(&mut self) -> io::Result<()> {
        self.write()?;
        if !self.unsettled.is_empty() {
            if self.options.fsync != FsyncPolicy::Never {
                self.segment.file.sync()?;
            }
            self.segment.hasher.update(&self.unsettled);
            self.segment.settled += self.unsettled.len() as u64;
            self.unsettled.clear();
            let mut state = self.partition.state();
            state.durable = state.written;
            drop(state);
            self.partition.durable.notify_waiters();
        }
        if self.full {
            self.roll()?;
            self.full = false;
        }
        Ok(())
    }

    /// Closes the segment and begins the next one. May be called again after it failed.
    fn roll(&mut self) -> io::Result<()> {
        let Some(span) = self.segment.span else {
            return Ok(()); // a segment without a record does not close
        };
        if self.options.fsync == FsyncPolicy::Never {
            self.segment.file.sync()?;
        }
        let first = self.segment.first;
        let next = LogPosition {
            epoch: first.epoch,
            offset: self.pending.first,
        };
        let closed = ClosedSegment {
            name: name_of(first),
            range: LogRange {
                from: first,
                to: next,
            },
            first_received: span.first,
            last_received: span.last,
            bytes: self.segment.settled,
            sha256: hex(self.segment.hasher.clone()),
        };
        let seal = seal_path_of(&self.partition.folder, &closed.name);
        self.storage.replace(&seal, &Seal::of(&closed))?;
        self.segment = OpenSegment::create(
            &*self.storage,
            &self.partition.id,
            &self.partition.folder,
            next,
        )?;
        self.partition.state().roll(closed, next);
        Ok(())
    }

    /// Tells appenders when the disk fails and when it works again. `true` when it works.
    fn note(&mut self, result: io::Result<()>) -> bool {
        match result {
            Ok(()) => {
                if self.retry_at.take().is_some() {
                    tracing::info!(partition = %self.partition.id, "the log can be written again");
                    self.partition.set_stop(None);
                }
                true
            }
            Err(error) => {
                let stop = stop_of(&error);
                if self.retry_at.is_none() {
                    let error = stop.error(&self.partition.folder);
                    tracing::error!(partition = %self.partition.id, %error, "the log cannot be written; trying again");
                }
                self.retry_at = Some(Instant::now() + RETRY);
                self.partition.set_stop(Some(stop));
                false
            }
        }
    }
}

/// What a failure means to appenders.
pub(crate) fn stop_of(error: &io::Error) -> Stop {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Stop::Full,
        _ => Stop::Failed(error.to_string()),
    }
}
