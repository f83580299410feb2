//! Reads one series from all of its parts, in order, with bounded memory.
//!
//! Parts whose spans of time do not touch are read one after another, pages straight through;
//! those that overlap are merged row by row, each with one chunk in memory.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::ops::Range;

use quantflow_model::TimeRange;
use quantflow_seams::StoreError;

use crate::part::{Part, Place, Reader};
use crate::read_ahead::ReadAhead;
use crate::rows::Rows;
use crate::segment_cache::Files;

/// Rows a batch that is read in one go has at most.
const CHUNK_ROWS: u64 = 65_536;

/// Rows that each of several overlapping parts has in memory.
const MERGE_ROWS: u64 = 8_192;

/// A part that is being read: what is left of it, and the chunk in memory.
#[derive(Debug)]
struct Cursor<R> {
    part: Part<R>,
    left: Range<u64>,
    chunk: R,
    at: usize,
}

/// A reading of one series.
#[derive(Debug)]
pub(crate) struct Scan<R> {
    /// Parts still to be begun, in the order of reading.
    parts: VecDeque<Part<R>>,
    /// The parts being read: their spans overlap one another's.
    cursors: Vec<Cursor<R>>,
    range: TimeRange,
    backward: bool,
    /// How many rows are likely to be wanted still.
    wanted: Option<u64>,
}

impl<R: Rows> Scan<R> {
    /// Reads the rows of a span of time; `backward`: the last first. `wanted` is how many are
    /// likely to be read: a hint that saves reading more.
    pub(crate) fn new(
        mut parts: Vec<Part<R>>,
        range: TimeRange,
        backward: bool,
        wanted: Option<u64>,
    ) -> Self {
        parts.retain(|part| part.min < range.end.nanos() && range.start.nanos() <= part.max);
        if backward {
            parts.sort_by_key(|part| (std::cmp::Reverse(part.max), part.order));
        } else {
            parts.sort_by_key(|part| (part.min, part.order));
        }
        Self {
            parts: parts.into(),
            cursors: Vec::new(),
            range,
            backward,
            wanted,
        }
    }

    /// Whether no file needs to be read.
    pub(crate) fn is_in_memory(&self) -> bool {
        self.parts
            .iter()
            .all(|part| matches!(part.place, Place::Memory(_)))
    }

    /// The next rows; `None` at the end. Rows of one time are never in two batches where
    /// [`Rows::GROUPED`].
    pub(crate) fn next(&mut self, files: Files<'_>) -> Result<Option<R>, StoreError> {
        self.next_of(&mut Reader { files, ahead: None })
    }

    /// As [`Scan::next`], for who reads one series after the other.
    pub(crate) fn next_ahead(
        &mut self,
        files: Files<'_>,
        ahead: &mut ReadAhead<R>,
    ) -> Result<Option<R>, StoreError> {
        let ahead = Some(ahead);
        self.next_of(&mut Reader { files, ahead })
    }

    fn next_of(&mut self, reader: &mut Reader<'_, R>) -> Result<Option<R>, StoreError> {
        loop {
            if self.cursors.is_empty() && !self.begin(reader.files)? {
                return Ok(None);
            }
            let rows = if self.cursors.len() == 1 {
                self.read_through(reader)?
            } else {
                self.merge(reader)?
            };
            if let Some(rows) = rows.filter(|rows| !rows.is_empty()) {
                if let Some(wanted) = &mut self.wanted {
                    *wanted = wanted.saturating_sub(rows.len() as u64).max(16);
                }
                return Ok(Some(rows));
            }
        }
    }

    /// Takes up the next parts: one, and all whose spans overlap it, directly or by way of others.
    fn begin(&mut self, files: Files<'_>) -> Result<bool, StoreError> {
        let Some(first) = self.parts.pop_front() else {
            return Ok(false);
        };
        let (mut min, mut max) = (first.min, first.max);
        let mut taken = vec![first];
        while let Some(next) = self.parts.front() {
            let apart = if self.backward {
                next.max < min
            } else {
                next.min > max
            };
            if apart {
                break;
            }
            min = min.min(next.min);
            max = max.max(next.max);
            taken.extend(self.parts.pop_front());
        }
        taken.sort_by_key(|part| part.order);
        for part in taken {
            let from = part.lower_bound(self.range.start.nanos(), files)?;
            let to = part.lower_bound(self.range.end.nanos(), files)?;
            if from < to {
                self.cursors.push(Cursor {
                    part,
                    left: from..to,
                    chunk: R::default(),
                    at: 0,
                });
            }
        }
        Ok(true)
    }

    /// The next rows of the only part that is left, as they stand in it.
    fn read_through(&mut self, reader: &mut Reader<'_, R>) -> Result<Option<R>, StoreError> {
        let backward = self.backward;
        let cursor = &mut self.cursors[0];
        let grouped = R::GROUPED && !cursor.part.is_unique();
        if cursor.at < cursor.chunk.len() {
            // what a merge that ended had loaded
            let rest = cursor.chunk.slice(cursor.at..cursor.chunk.len());
            cursor.chunk = R::default();
            cursor.at = 0;
            if !grouped {
                return Ok(Some(rest));
            }
            // a group may go on in what is not loaded yet: give these rows back
            let count = rest.len() as u64;
            if backward {
                cursor.left.end += count;
            } else {
                cursor.left.start -= count;
            }
        }
        if cursor.left.is_empty() {
            self.cursors.clear();
            return Ok(None);
        }
        let mut count = self
            .wanted
            .unwrap_or(CHUNK_ROWS)
            .clamp(1, CHUNK_ROWS)
            .saturating_add(u64::from(grouped));
        loop {
            let left = cursor.left.clone();
            let take = count.min(left.end - left.start);
            let now = if backward {
                left.end - take..left.end
            } else {
                left.start..left.start + take
            };
            let mut rows = cursor.part.load(now.clone(), reader)?;
            if backward {
                rows.reverse();
            }
            let whole = take == left.end - left.start;
            let mut kept = rows.len();
            if grouped && !whole {
                // the rest of the last group is not here: leave the group for the next batch
                let times = rows.times();
                let last = times[kept - 1];
                while kept > 0 && times[kept - 1] == last {
                    kept -= 1;
                }
                if kept == 0 {
                    count = count.saturating_mul(2);
                    continue;
                }
                rows.truncate(kept);
            }
            if backward {
                cursor.left.end -= kept as u64;
            } else {
                cursor.left.start += kept as u64;
            }
            if cursor.left.is_empty() {
                self.cursors.clear();
            }
            return Ok(Some(rows));
        }
    }

    /// The next rows of overlapping parts, merged.
    fn merge(&mut self, reader: &mut Reader<'_, R>) -> Result<Option<R>, StoreError> {
        let target = self.wanted.unwrap_or(MERGE_ROWS).clamp(64, MERGE_ROWS) as usize;
        let mut out = R::default();
        loop {
            let mut at = 0;
            while at < self.cursors.len() {
                if self.refill(at, reader)? {
                    at += 1;
                } else {
                    self.cursors.remove(at);
                }
            }
            let Some(best) = self.best(None) else {
                return Ok(Some(out));
            };
            if self.cursors.len() == 1 && !R::GROUPED {
                return Ok(Some(out)); // the rest is read through
            }
            let rival = self.best(Some(best));
            let end = match rival {
                None => self.cursors[best].chunk.len(),
                Some(rival) => self.run_end(best, rival),
            };
            let cursor = &self.cursors[best];
            let mut rows = cursor.at..end;
            if out.len() >= target || out.len() + rows.len() > target * 2 {
                // enough: the batch ends where a group of equal times does
                let stop = Self::group_end(&out, &cursor.chunk, rows.clone());
                if stop == rows.start && !out.is_empty() {
                    return Ok(Some(out));
                }
                rows.end = stop.max(rows.start + 1);
            }
            if out.extend(&cursor.chunk, rows.clone()).is_none() {
                if !out.is_empty() && !self.splits_group(&out, best) {
                    return Ok(Some(out)); // these numbers do not fit beside those
                }
                return Err(StoreError::Inexact {
                    what: "the revisions of one candle".to_owned(),
                    detail: "together they need more than 38 digits".to_owned(),
                });
            }
            self.cursors[best].at = rows.end;
        }
    }

    fn splits_group(&self, out: &R, cursor: usize) -> bool {
        let cursor = &self.cursors[cursor];
        R::GROUPED && out.times().last() == cursor.chunk.times().get(cursor.at)
    }

    /// Where the rows that go on with the last group of `out` end; the start when none do.
    fn group_end(out: &R, chunk: &R, rows: Range<usize>) -> usize {
        if !R::GROUPED {
            return rows.start;
        }
        let Some(last) = out.times().last() else {
            return rows.end;
        };
        let times = chunk.times();
        let mut end = rows.start;
        while end < rows.end && times[end] == *last {
            end += 1;
        }
        end
    }

    /// Sees that a cursor has a row at hand; `false` at its end.
    fn refill(&mut self, at: usize, reader: &mut Reader<'_, R>) -> Result<bool, StoreError> {
        let cursor = &mut self.cursors[at];
        if cursor.at < cursor.chunk.len() {
            return Ok(true);
        }
        let left = cursor.left.clone();
        if left.is_empty() {
            return Ok(false);
        }
        let count = self.wanted.unwrap_or(MERGE_ROWS).clamp(64, MERGE_ROWS);
        let take = count.min(left.end - left.start);
        let now = if self.backward {
            cursor.left.end -= take;
            left.end - take..left.end
        } else {
            cursor.left.start += take;
            left.start..left.start + take
        };
        cursor.chunk = cursor.part.load(now, reader)?;
        if self.backward {
            cursor.chunk.reverse();
        }
        cursor.at = 0;
        Ok(true)
    }

    /// Of two rows, which is read first. Rows that compare equal are read in the order of their
    /// commits, or against it.
    fn compare(&self, a: (usize, usize), b: (usize, usize)) -> Ordering {
        let (left, right) = (&self.cursors[a.0], &self.cursors[b.0]);
        let order = left
            .chunk
            .compare(a.1, &right.chunk, b.1)
            .then(a.0.cmp(&b.0));
        if self.backward {
            order.reverse()
        } else {
            order
        }
    }

    /// The cursor whose row is next, apart from one.
    fn best(&self, apart: Option<usize>) -> Option<usize> {
        (0..self.cursors.len())
            .filter(|at| Some(*at) != apart)
            .min_by(|&a, &b| self.compare((a, self.cursors[a].at), (b, self.cursors[b].at)))
    }

    /// How far the rows of one cursor go before a rival's next row.
    fn run_end(&self, best: usize, rival: usize) -> usize {
        let head = (rival, self.cursors[rival].at);
        let cursor = &self.cursors[best];
        let (mut low, mut high) = (cursor.at + 1, cursor.chunk.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.compare((best, middle), head) == Ordering::Less {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}
