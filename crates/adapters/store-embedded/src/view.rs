//! What readers see: where the parts of each series are. A commit or a merge changes it at once,
//! under a lock that is held only for that.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use quantflow_model::{
    CandleBatch, Instrument, Symbol, TimeRange, Timeframe, Timestamp, TradeBatch,
};
use quantflow_seams::SeriesInfo;
use quantflow_wire::{LogRange, PartitionId};

use crate::part::Part;
use crate::rows::Rows;
use crate::segment::{Group, Segment};
use crate::tail::{GroupTail, Tail};

/// A run of a segment, by number.
pub(crate) type RunAt = (Arc<Segment>, usize);

/// Where everything is.
#[derive(Debug, Default)]
pub(crate) struct View {
    pub(crate) segments: BTreeMap<u64, Arc<Segment>>,
    pub(crate) trades: HashMap<Symbol, Vec<RunAt>>,
    pub(crate) candles: HashMap<(Symbol, Timeframe), Vec<RunAt>>,
    /// Rows that are in no file yet.
    pub(crate) tail: Tail,
    /// Rows of the tail that are being written to files: older than those in `tail`.
    pub(crate) frozen: Tail,
    pub(crate) instruments: BTreeMap<Symbol, Instrument>,
}

impl View {
    pub(crate) fn add_segment(&mut self, segment: &Arc<Segment>) {
        for (at, run) in segment.runs.iter().enumerate() {
            let here = (Arc::clone(segment), at);
            match segment.group.timeframe {
                None => self
                    .trades
                    .entry(run.symbol.clone())
                    .or_default()
                    .push(here),
                Some(timeframe) => self
                    .candles
                    .entry((run.symbol.clone(), timeframe))
                    .or_default()
                    .push(here),
            }
        }
        self.segments.insert(segment.id, Arc::clone(segment));
    }

    /// Takes a segment out; its file is removed when its last reader is done.
    pub(crate) fn remove_segment(&mut self, id: u64) {
        let Some(segment) = self.segments.remove(&id) else {
            return;
        };
        segment
            .gone
            .store(true, std::sync::atomic::Ordering::Release);
        for run in &segment.runs {
            match segment.group.timeframe {
                None => {
                    if let Some(parts) = self.trades.get_mut(&run.symbol) {
                        parts.retain(|(part, _)| part.id != id);
                        if parts.is_empty() {
                            self.trades.remove(&run.symbol);
                        }
                    }
                }
                Some(timeframe) => {
                    let key = (run.symbol.clone(), timeframe);
                    if let Some(parts) = self.candles.get_mut(&key) {
                        parts.retain(|(part, _)| part.id != id);
                        if parts.is_empty() {
                            self.candles.remove(&key);
                        }
                    }
                }
            }
        }
    }

    pub(crate) fn trade_parts(&self, symbol: &Symbol, range: TimeRange) -> Vec<Part<TradeBatch>> {
        let mut parts = files(self.trades.get(symbol), range);
        for tail in [&self.frozen, &self.tail] {
            in_tail(&tail.trades, symbol, None, range, &mut parts);
        }
        parts
    }

    pub(crate) fn candle_parts(
        &self,
        symbol: &Symbol,
        timeframe: Timeframe,
        range: TimeRange,
    ) -> Vec<Part<CandleBatch>> {
        let mut parts = files(self.candles.get(&(symbol.clone(), timeframe)), range);
        for tail in [&self.frozen, &self.tail] {
            in_tail(&tail.candles, symbol, Some(timeframe), range, &mut parts);
        }
        parts
    }

    /// The parts of the log from which trades of a span came.
    pub(crate) fn sources(
        &self,
        symbol: &Symbol,
        range: TimeRange,
    ) -> Vec<(PartitionId, LogRange)> {
        let mut found: Vec<(PartitionId, LogRange)> = Vec::new();
        let mut take = |group: &Group, sources: &[crate::segment::Source]| {
            for source in sources {
                if source.min < range.end.nanos() && range.start.nanos() <= source.max {
                    found.push((group.partition.clone(), source.range));
                }
            }
        };
        for (segment, run) in self.trades.get(symbol).into_iter().flatten() {
            take(&segment.group, &segment.runs[*run].sources);
        }
        for tail in [&self.frozen, &self.tail] {
            for (group, rows) in &tail.trades {
                if let Some(series) = rows.series.get(symbol) {
                    take(group, &series.sources);
                }
            }
        }
        join_ranges(found)
    }

    pub(crate) fn series(&self) -> Vec<SeriesInfo> {
        let mut all: BTreeMap<Symbol, SeriesInfo> = BTreeMap::new();
        let info = |symbol: &Symbol| SeriesInfo {
            symbol: symbol.clone(),
            instrument: self.instruments.get(symbol).cloned(),
            trades: None,
            trade_rows: 0,
            timeframes: Vec::new(),
        };
        for symbol in self.instruments.keys() {
            all.insert(symbol.clone(), info(symbol));
        }
        let mut trades = |symbol: &Symbol, min: i64, max: i64, rows: u64| {
            let entry = all.entry(symbol.clone()).or_insert_with(|| info(symbol));
            let (min, max) = (Timestamp::from_nanos(min), Timestamp::from_nanos(max));
            let (first, last) = entry.trades.unwrap_or((min, max));
            entry.trades = Some((first.min(min), last.max(max)));
            entry.trade_rows += rows;
        };
        for (symbol, runs) in &self.trades {
            for (segment, run) in runs {
                let run = &segment.runs[*run];
                trades(symbol, run.min, run.max, run.rows);
            }
        }
        for tail in [&self.frozen, &self.tail] {
            for (symbol, series) in tail.trades.values().flat_map(|group| &group.series) {
                for chunk in &series.chunks {
                    let times = &chunk.rows.times;
                    if let (Some(&min), Some(&max)) = (times.first(), times.last()) {
                        trades(symbol, min, max, times.len() as u64);
                    }
                }
            }
        }
        let in_files = self.candles.keys().map(|(symbol, t)| (symbol, *t));
        let in_tails = [&self.frozen, &self.tail].into_iter().flat_map(|tail| {
            tail.candles.iter().flat_map(|(group, rows)| {
                let timeframe = group.timeframe;
                rows.series
                    .keys()
                    .filter_map(move |symbol| Some((symbol, timeframe?)))
            })
        });
        for (symbol, timeframe) in in_files.chain(in_tails) {
            let entry = all.entry(symbol.clone()).or_insert_with(|| info(symbol));
            if let Err(at) = entry.timeframes.binary_search(&timeframe) {
                entry.timeframes.insert(at, timeframe);
            }
        }
        all.into_values().collect()
    }
}

fn files<R: Rows>(runs: Option<&Vec<RunAt>>, range: TimeRange) -> Vec<Part<R>> {
    runs.into_iter()
        .flatten()
        .filter(|(segment, run)| segment.runs[*run].overlaps(range))
        .map(|(segment, run)| Part::in_file(segment, *run))
        .collect()
}

fn in_tail<R: Rows>(
    groups: &BTreeMap<Group, GroupTail<R>>,
    symbol: &Symbol,
    timeframe: Option<Timeframe>,
    range: TimeRange,
    parts: &mut Vec<Part<R>>,
) {
    for (group, rows) in groups {
        if group.timeframe != timeframe || group.venue.as_str() != symbol.venue_str() {
            continue;
        }
        let Some(series) = rows.series.get(symbol) else {
            continue;
        };
        for chunk in &series.chunks {
            if let Some(part) = Part::in_memory(&chunk.rows, chunk.order)
                && part.min < range.end.nanos()
                && range.start.nanos() <= part.max
            {
                parts.push(part);
            }
        }
    }
}

/// Sorted, and joined where they touch.
pub(crate) fn join_ranges(
    mut ranges: Vec<(PartitionId, LogRange)>,
) -> Vec<(PartitionId, LogRange)> {
    ranges.sort_by(|a, b| (&a.0, a.1.from, a.1.to).cmp(&(&b.0, b.1.from, b.1.to)));
    let mut joined: Vec<(PartitionId, LogRange)> = Vec::with_capacity(ranges.len());
    for (partition, range) in ranges {
        match joined.last_mut() {
            Some((last, before)) if *last == partition && range.from <= before.to => {
                before.to = before.to.max(range.to);
            }
            _ => joined.push((partition, range)),
        }
    }
    joined
}
