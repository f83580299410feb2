//! [`Newest`]: the newest records of a partition, in memory for who reads at the end of the log.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use quantflow_seams::LogSlice;
use quantflow_wire::{LogPosition, RecordChunk};

use crate::options::LogOptions;

/// What a chunk costs in memory besides its bytes, roughly.
const CHUNK_OVERHEAD: usize = 128;
/// Slices from memory are made up of small chunks to about so many bytes.
const SLICE_BYTES: usize = 64 << 10;
/// So many chunks may have a place in the queue however few are there.
const ROOM: usize = 1024;

/// A chunk as it was appended.
#[derive(Debug, Clone)]
pub(crate) struct Recent {
    pub(crate) first: LogPosition,
    pub(crate) chunk: Arc<RecordChunk>,
    appended: Instant,
}

impl Recent {
    pub(crate) fn new(first: LogPosition, chunk: RecordChunk, appended: Instant) -> Self {
        Self {
            first,
            chunk: Arc::new(chunk),
            appended,
        }
    }

    pub(crate) fn end(&self) -> LogPosition {
        self.first.plus(self.chunk.len() as u64)
    }

    pub(crate) fn cost(&self) -> usize {
        Self::cost_of(&self.chunk)
    }

    pub(crate) fn cost_of(chunk: &RecordChunk) -> usize {
        chunk.bytes().len() + CHUNK_OVERHEAD
    }
}

/// The newest records: all that is not yet written, and of the rest what is new.
#[derive(Debug, Default)]
pub(crate) struct Newest {
    items: VecDeque<Recent>,
    cost: usize,
}

impl Newest {
    pub(crate) fn push(&mut self, item: Recent) {
        self.cost += item.cost();
        self.items.push_back(item);
    }

    /// Lets go of what can be read from disk and is too much or too old.
    pub(crate) fn evict(&mut self, written: LogPosition, options: &LogOptions, now: Instant) {
        while let Some(oldest) = self.items.front()
            && oldest.end() <= written
            && (self.cost > options.memory_bytes
                || now.saturating_duration_since(oldest.appended) > options.memory_age)
        {
            self.cost -= oldest.cost();
            self.items.pop_front();
        }
        self.shrink();
    }

    /// Records before `start` are not kept any more.
    pub(crate) fn forget_before(&mut self, start: LogPosition) {
        while let Some(oldest) = self.items.front()
            && oldest.end() <= start
        {
            self.cost -= oldest.cost();
            self.items.pop_front();
        }
        self.shrink();
    }

    /// Of a burst no room stays behind.
    fn shrink(&mut self) {
        if self.items.capacity() > ROOM && self.items.len() < self.items.capacity() / 8 {
            self.items.shrink_to(ROOM.max(self.items.len() * 2));
        }
    }

    /// The place of the oldest record that is here.
    pub(crate) fn first(&self) -> Option<LogPosition> {
        self.items.front().map(|item| item.first)
    }

    /// Chunks with records from `place` on.
    pub(crate) fn from(&self, place: LogPosition) -> impl Iterator<Item = &Recent> {
        self.items.range(self.after(place)..)
    }

    /// What the chunks cost whose last record lies between two places.
    pub(crate) fn cost_between(&self, from: LogPosition, to: LogPosition) -> usize {
        let between = self.after(from)..self.after(to);
        self.items.range(between).map(Recent::cost).sum()
    }

    /// The number of the first chunk with a record at or after `place`.
    fn after(&self, place: LogPosition) -> usize {
        self.items.partition_point(|item| item.end() <= place)
    }

    /// Records from a place on. Small chunks are put together, so that a reader that lags does not
    /// pay for each of them.
    pub(crate) fn slice(&self, from: LogPosition) -> Option<LogSlice> {
        let start = self.after(from);
        let item = self.items.get(start)?;
        let mut bytes = 0;
        let mut end = start;
        let mut place = item.first;
        while let Some(next) = self.items.get(end)
            && next.first == place
            && (end == start || bytes + next.chunk.bytes().len() <= SLICE_BYTES)
        {
            bytes += next.chunk.bytes().len();
            place = next.end();
            end += 1;
        }
        let chunk = if end == start + 1 {
            Arc::clone(&item.chunk)
        } else {
            let mut whole = RecordChunk::with_capacity(bytes);
            for item in self.items.range(start..end) {
                whole.extend(&item.chunk);
            }
            Arc::new(whole)
        };
        Some(LogSlice {
            first: item.first,
            chunk,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use quantflow_model::Timestamp;
    use quantflow_wire::{Record, RecordKind};

    use super::*;

    fn chunk(bytes: usize) -> RecordChunk {
        let mut chunk = RecordChunk::default();
        let record = Record {
            kind: RecordKind::Text,
            connection: 1,
            sequence: 1,
            received: Timestamp::from_nanos(1),
            payload: &vec![7; bytes],
        };
        chunk.push(&record).unwrap();
        chunk
    }

    /// An hour of a calm market: a record of 400 bytes every 10 ms, each written 20 ms later. The
    /// bound in bytes is never met; what is held is two seconds of it.
    #[test]
    fn what_is_held_of_a_calm_market_does_not_grow() {
        let options = LogOptions::default();
        let began = Instant::now();
        let mut newest = Newest::default();
        let mut next = LogPosition::START;
        let mut written = next;
        let mut most = 0;
        for step in 0..360_000_u32 {
            let now = began + Duration::from_millis(10) * step;
            let item = Recent::new(next, chunk(400), now);
            next = item.end();
            newest.push(item);
            newest.evict(written, &options, now);
            if step % 2 == 1 {
                written = next;
                newest.evict(written, &options, now);
            }
            most = most.max(newest.cost);
        }
        let a_second = 100 * (400 + Record::HEADER + CHUNK_OVERHEAD);
        assert!(most <= a_second * 5 / 2, "{most} bytes");
        assert!(newest.slice(written).is_none());
    }

    #[test]
    fn a_burst_is_held_up_to_the_bytes_and_leaves_no_room_behind() {
        let options = LogOptions {
            memory_bytes: 1 << 20,
            ..LogOptions::default()
        };
        let now = Instant::now();
        let mut newest = Newest::default();
        let mut next = LogPosition::START;
        for _ in 0..50_000 {
            let item = Recent::new(next, chunk(100), now);
            next = item.end();
            newest.push(item);
            newest.evict(LogPosition::START, &options, now);
        }
        // not one of them is on disk: all stay
        assert_eq!(newest.first(), Some(LogPosition::START));
        newest.evict(next, &options, now);
        assert!(newest.cost <= 1 << 20, "{} bytes", newest.cost);
        assert!(newest.cost > 1 << 19, "{} bytes", newest.cost);
        newest.evict(next, &options, now + Duration::from_secs(3));
        assert_eq!((newest.cost, newest.first()), (0, None));
        assert!(newest.items.capacity() <= 2 * ROOM);
    }
}
