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
