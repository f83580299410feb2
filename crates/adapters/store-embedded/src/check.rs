//! Looks at everything that is stored and names each fault, with what depends on it.

use std::ops::Range;
use std::sync::Arc;

use quantflow_model::{CandleBatch, Timestamp, TradeBatch};
use quantflow_seams::StoreError;

use crate::rows::Rows;
use crate::segment::{Run, Segment};
use crate::segment_read::OpenSegment;
use crate::store::{Inner, held};

/// Rows that are looked at at once.
const CHUNK_ROWS: u64 = 65_536;

impl Inner {
    /// Every fault, each in a sentence.
    pub(crate) fn check(&self) -> Result<Vec<String>, StoreError> {
        // nothing is merged away meanwhile
        let _merging = held(&self.merging);
        let mut faults = Vec::new();
        let verdicts: Vec<String> = self.catalogue.read(|connection| {
            connection
                .prepare("pragma integrity_check(20)")?
                .query_map([], |row| row.get(0))?
                .collect()
        })?;
        let place = self.catalogue.path().display();
        for verdict in verdicts.iter().filter(|verdict| *verdict != "ok") {
            faults.push(format!("{place} is damaged: {verdict}"));
        }
        if let Err(fault) = self.catalogue.tail() {
            faults.push(fault.to_string());
        }
        let segments: Vec<Arc<Segment>> = self.view().segments.values().cloned().collect();
        for segment in segments {
            // a damaged file must be seen on disk, not in what memory holds of it
            self.cache.forget(segment.id);
            let found = if segment.group.timeframe.is_none() {
                self.check_segment::<TradeBatch>(&segment)
            } else {
                self.check_segment::<CandleBatch>(&segment)
            };
            match found {
                Ok(found) => faults.extend(found),
                Err(fault) => faults.push(format!("{fault}; it holds {}", segment.holds())),
            }
        }
        Ok(faults)
    }

    fn check_segment<R: Rows>(&self, segment: &Segment) -> Result<Vec<String>, StoreError> {
        let open = self.open_segment::<R>(segment)?;
        let damaged = open.damaged_blocks()?;
        if !damaged.is_empty() {
            let spans: Vec<String> = damaged
                .iter()
                .take(8)
                .map(|block| format!("{}..{}", block.start, block.end))
                .collect();
            return Ok(vec![format!(
                "{} is damaged: the bytes {} are not what was written; on them depend {}",
                segment.name,
                spans.join(", "),
                depending(&open, segment, &damaged)
            )]);
        }
        let mut faults = Vec::new();
        let mut next = 0;
        for run in &segment.runs {
            if run.start != next {
                faults.push(format!(
                    "{}: {} begins at row {}, not {next}",
                    segment.name, run.symbol, run.start
                ));
            }
            next = run.start + run.rows;
            if let Some(fault) = check_run::<R>(&open, run)? {
                faults.push(format!("{}: {} {fault}", segment.name, run.symbol));
            }
        }
        if next != segment.rows {
            faults.push(format!(
                "{}: {next} rows are named, {} are there",
                segment.name, segment.rows
            ));
        }
        Ok(faults)
    }
}

/// What is wrong with a run's rows, if anything is.
fn check_run<R: Rows>(open: &OpenSegment, run: &Run) -> Result<Option<String>, StoreError> {
    let mut last: Option<R> = None;
    let mut at = 0;
    while at < run.rows {
        let end = (at + CHUNK_ROWS).min(run.rows);
        let rows: R = open.read(run, at..end)?;
        let follows = last.as_ref().is_none_or(|last| {
            last.compare(last.len() - 1, &rows, 0) != std::cmp::Ordering::Greater
        });
        if !follows || !rows.is_sorted() {
            return Ok(Some(format!("is out of order in the rows {at}..{end}")));
        }
        let times = rows.times();
        let ends_as_said = (at > 0 || times.first() == Some(&run.min))
            && (end < run.rows || times.last() == Some(&run.max));
        if !ends_as_said {
            return Ok(Some(format!(
                "does not span {}..{}",
                Timestamp::from_nanos(run.min),
                Timestamp::from_nanos(run.max)
            )));
        }
        last = Some(rows);
        at = end;
    }
    Ok(None)
}

/// The symbols and spans whose pages lie in damaged bytes; all of the file where its footer does.
fn depending(open: &OpenSegment, segment: &Segment, damaged: &[Range<u64>]) -> String {
    let Some(rows) = open.rows_in(damaged) else {
        return segment.holds();
    };
    let hit: Vec<String> = segment
        .runs
        .iter()
        .filter(|run| {
            rows.iter()
                .any(|rows| rows.start < run.start + run.rows && run.start < rows.end)
        })
        .map(|run| {
            format!(
                "{} {}..{}",
                run.symbol,
                Timestamp::from_nanos(run.min),
                Timestamp::from_nanos(run.max)
            )
        })
        .collect();
    let shown = hit.iter().take(8).cloned().collect::<Vec<_>>().join(", ");
    match hit.len() {
        0..=8 => shown,
        more => format!("{shown} and {} more symbols", more - 8),
    }
}
