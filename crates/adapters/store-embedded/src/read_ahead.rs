//! [`ReadAhead`]: what merging has read of its segments beyond the run it is at.
//!
//! A page is shared by the short runs of many symbols. Merging takes the runs of a segment in the
//! order in which they lie, so it reads each segment in windows of several pages, decodes every page
//! once and cuts the runs out of that.

use std::collections::HashMap;
use std::ops::Range;

use quantflow_seams::StoreError;

use crate::rows::Rows;
use crate::segment::{Run, Segment};
use crate::segment_cache::Files;

/// Rows that the windows of all segments hold together, about: 10 MB of trades.
const ALL_ROWS: usize = 1 << 18;

/// Rows that one window holds at most.
const MOST_ROWS: usize = 1 << 16;

/// The windows of the segments that are being merged.
#[derive(Debug)]
pub(crate) struct ReadAhead<R> {
    /// By segment: the first row in the file, and the rows.
    windows: HashMap<u64, (u64, R)>,
    size: u64,
}

impl<R: Rows> ReadAhead<R> {
    /// For so many segments.
    pub(crate) fn of(segments: usize) -> Self {
        let pages = ALL_ROWS / segments.max(1) / R::PAGE_ROWS;
        let size = (pages * R::PAGE_ROWS).clamp(R::PAGE_ROWS, MOST_ROWS) as u64;
        Self {
            windows: HashMap::new(),
            size,
        }
    }

    /// Rows of a run, counted from its first. Runs and rows are asked for as they lie, so of a window
    /// whose last row was given nothing is kept.
    pub(crate) fn read(
        &mut self,
        segment: &Segment,
        run: &Run,
        rows: Range<u64>,
        files: Files<'_>,
    ) -> Result<R, StoreError> {
        let (from, to) = (run.start + rows.start, run.start + rows.end);
        let within = |start: u64, window: &R| -> Option<Range<usize>> {
            let skipped = from.checked_sub(start)?;
            let end = (to - start) as usize;
            (end <= window.len()).then_some(skipped as usize..end)
        };
        if let Some((start, window)) = self.windows.get(&segment.id)
            && let Some(part) = within(*start, window)
        {
            let spent = part.end == window.len();
            let part = window.slice(part);
            if spent {
                self.windows.remove(&segment.id);
            }
            return Ok(part);
        }
        // what is left of it lies before these rows
        self.windows.remove(&segment.id);
        let open = files.cache.get::<R>(segment, files.catalogue)?;
        if to - from >= self.size {
            return open.read(run, rows);
        }
        // ends where a page does, in the first row group at least: the next window begins there
        let page = R::PAGE_ROWS as u64;
        let end = ((from + self.size) / page * page).max(to).min(segment.rows);
        // what lies around the rows may be damaged when they are not
        let Ok(window) = open.read_all::<R>(from..end) else {
            return open.read(run, rows);
        };
        if to == end {
            return Ok(window);
        }
        let part = window.slice(0..(to - from) as usize);
        self.windows.insert(segment.id, (from, window));
        Ok(part)
    }
}

#[cfg(test)]
mod tests {
    use quantflow_model::TradeBatch;
    use quantflow_testkit::series_store_suite::{later, symbol, trade, trades_of};

    use super::*;
    use crate::{EmbeddedStore, StoreOptions};

    const SEGMENTS: u64 = 8;
    const ROWS: u64 = 40_000;

    /// A merge of eight files of two symbols each, read as merging reads them.
    #[test]
    fn windows_hold_no_more_than_their_bound_and_go_when_they_are_spent() {
        let folder = tempfile::tempdir().unwrap();
        let options = StoreOptions {
            small_commit_rows: 0,
            ..StoreOptions::default()
        };
        let store = EmbeddedStore::open(folder.path(), options).unwrap();
        for at in 0..SEGMENTS {
            let mut commit = later(at);
            for name in ["binance:BTC-USDT", "binance:ETH-USDT"] {
                let trades: Vec<_> = (at * ROWS..(at + 1) * ROWS)
                    .map(|id| trade(id.into(), id as i64, "100.5", "0.25"))
                    .collect();
                commit.trades.push((symbol(name), trades_of(&trades)));
            }
            store.commit_now(commit).unwrap();
        }
        let inner = &store.inner;
        let segments: Vec<_> = inner.view().segments.values().cloned().collect();
        assert_eq!(segments.len() as u64, SEGMENTS);
        let mut ahead = ReadAhead::<TradeBatch>::of(segments.len());
        let mut most = 0;
        for run in 0..2 {
            for from in (0..ROWS).step_by(8_000) {
                for (at, segment) in segments.iter().enumerate() {
                    let rows = ahead
                        .read(
                            segment,
                            &segment.runs[run],
                            from..from + 8_000,
                            inner.files(),
                        )
                        .unwrap();
                    let first = u128::from(at as u64 * ROWS + from);
                    assert_eq!(rows.iter().next().unwrap().id.0, first);
                    assert_eq!(rows.len(), 8_000);
                    let held: usize = ahead.windows.values().map(|(_, rows)| rows.len()).sum();
                    most = most.max(held);
                }
            }
        }
        assert!(most > 0 && most <= ALL_ROWS, "{most} rows");
        assert!(ahead.windows.is_empty(), "{} windows", ahead.windows.len());
    }
}
