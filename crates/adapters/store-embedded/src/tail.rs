//! The tail: rows of small commits, in memory for readers and in the catalogue for safety, until
//! housekeeping writes them to files.

use std::collections::BTreeMap;
use std::sync::Arc;

use quantflow_model::{CandleBatch, Symbol, Timeframe, TradeBatch};
use quantflow_wire::{LogRange, PartitionId};

use crate::pack::{Packer, Unpacker};
use crate::rows::Rows;
use crate::segment::{Group, Source, join_sources, pack_source, unpack_source};

/// Rows a chunk of a series is let grow to: what a commit may have to copy when a reader holds it.
const CHUNK_ROWS: usize = 4096;

/// Rows of a series in order, and the commits that they are from.
#[derive(Debug, Clone)]
pub(crate) struct Chunk<R> {
    pub(crate) rows: Arc<R>,
    pub(crate) order: (u64, u64),
}

/// One series' rows in the tail.
#[derive(Debug, Clone)]
pub(crate) struct Series<R> {
    pub(crate) chunks: Vec<Chunk<R>>,
    pub(crate) sources: Vec<Source>,
    pub(crate) rows: usize,
}

/// One group's rows in the tail.
#[derive(Debug, Clone)]
pub(crate) struct GroupTail<R> {
    pub(crate) series: BTreeMap<Symbol, Series<R>>,
    pub(crate) rows: usize,
    /// The commit since which there are any.
    pub(crate) since: u64,
}

/// The rows of a commit or of the whole tail.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tail {
    pub(crate) trades: BTreeMap<Group, GroupTail<TradeBatch>>,
    pub(crate) candles: BTreeMap<Group, GroupTail<CandleBatch>>,
}

impl<R: Rows> Default for Series<R> {
    fn default() -> Self {
        Self {
            chunks: Vec::new(),
            sources: Vec::new(),
            rows: 0,
        }
    }
}

impl<R: Rows> Series<R> {
    /// Adds rows that are in order among themselves.
    fn add(&mut self, rows: R, order: (u64, u64)) {
        self.rows += rows.len();
        if let Some(last) = self.chunks.last_mut() {
            let end = last.rows.len();
            let goes_on = end > 0
                && end + rows.len() <= CHUNK_ROWS
                && last.rows.compare(end - 1, &rows, 0) != std::cmp::Ordering::Greater;
            if goes_on
                && Arc::make_mut(&mut last.rows)
                    .extend(&rows, 0..rows.len())
                    .is_some()
            {
                last.order.1 = last.order.1.max(order.1);
                return;
            }
        }
        self.chunks.push(Chunk {
            rows: Arc::new(rows),
            order,
        });
    }
}

impl<R: Rows> GroupTail<R> {
    fn absorb(&mut self, newer: Self) {
        self.rows += newer.rows;
        self.since = self.since.min(newer.since);
        for (symbol, added) in newer.series {
            let series = self.series.entry(symbol).or_default();
            for chunk in added.chunks {
                series.add(Arc::unwrap_or_clone(chunk.rows), chunk.order);
            }
            series.sources.extend(added.sources);
            join_sources(&mut series.sources);
        }
    }

    /// Adds rows of one symbol.
    pub(crate) fn add(&mut self, symbol: &Symbol, rows: R, commit: u64, log: LogRange) {
        let (Some(&min), Some(&max)) = (rows.times().first(), rows.times().last()) else {
            return;
        };
        self.rows += rows.len();
        let series = self.series.entry(symbol.clone()).or_default();
        series.add(rows, (commit, commit));
        series.sources.push(Source {
            min,
            max,
            range: log,
        });
        join_sources(&mut series.sources);
    }

    pub(crate) fn new(since: u64) -> Self {
        Self {
            series: BTreeMap::new(),
            rows: 0,
            since,
        }
    }
}

impl Tail {
    /// Rows of a partition.
    pub(crate) fn rows_of(&self, partition: &PartitionId) -> usize {
        let trades = self.trades.iter().map(|(group, tail)| (group, tail.rows));
        let candles = self.candles.iter().map(|(group, tail)| (group, tail.rows));
        trades
            .chain(candles)
            .filter(|(group, _)| group.partition == *partition)
            .map(|(_, rows)| rows)
            .sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.trades.is_empty() && self.candles.is_empty()
    }

    /// Adds a newer tail's rows to this one's.
    pub(crate) fn absorb(&mut self, newer: Self) {
        for (group, added) in newer.trades {
            match self.trades.entry(group) {
                std::collections::btree_map::Entry::Vacant(free) => {
                    free.insert(added);
                }
                std::collections::btree_map::Entry::Occupied(mut ours) => {
                    ours.get_mut().absorb(added);
                }
            }
        }
        for (group, added) in newer.candles {
            match self.candles.entry(group) {
                std::collections::btree_map::Entry::Vacant(free) => {
                    free.insert(added);
                }
                std::collections::btree_map::Entry::Occupied(mut ours) => {
                    ours.get_mut().absorb(added);
                }
            }
        }
    }

    /// Takes out everything of a partition.
    pub(crate) fn take(&mut self, partition: &PartitionId) -> Self {
        let (trades, kept) = std::mem::take(&mut self.trades)
            .into_iter()
            .partition(|(group, _)| group.partition == *partition);
        self.trades = kept;
        let (candles, kept) = std::mem::take(&mut self.candles)
            .into_iter()
            .partition(|(group, _)| group.partition == *partition);
        self.candles = kept;
        Self { trades, candles }
    }

    pub(crate) fn pack(&self) -> Vec<u8> {
        let mut packer = Packer::default();
        for (group, tail) in &self.trades {
            pack_group(group, tail, &mut packer);
        }
        for (group, tail) in &self.candles {
            pack_group(group, tail, &mut packer);
        }
        packer.bytes
    }

    /// `None` for bytes that [`Tail::pack`] did not write.
    pub(crate) fn unpack(bytes: &[u8], partition: &PartitionId) -> Option<Self> {
        let mut tail = Self::default();
        let mut unpacker = Unpacker::new(bytes);
        while !unpacker.is_done() {
            let venue = unpacker.text()?.parse().ok()?;
            let timeframe = match unpacker.text()? {
                "" => None,
                text => Some(text.parse::<Timeframe>().ok()?),
            };
            let group = Group {
                partition: partition.clone(),
                venue,
                timeframe,
            };
            if timeframe.is_none() {
                tail.trades.insert(group, unpack_group(&mut unpacker)?);
            } else {
                tail.candles.insert(group, unpack_group(&mut unpacker)?);
            }
        }
        Some(tail)
    }
}

fn pack_group<R: Rows>(group: &Group, tail: &GroupTail<R>, packer: &mut Packer) {
    packer.text(group.venue.as_str());
    packer.text(group.timeframe.map_or("", Timeframe::name));
    packer.unsigned(tail.since);
    packer.unsigned(tail.series.len() as u64);
    for (symbol, series) in &tail.series {
        packer.text(symbol.as_str());
        packer.unsigned(series.chunks.len() as u64);
        for chunk in &series.chunks {
            packer.unsigned(chunk.order.0);
            packer.unsigned(chunk.order.1);
            packer.rows(&*chunk.rows);
        }
        packer.unsigned(series.sources.len() as u64);
        for source in &series.sources {
            pack_source(source, packer);
        }
    }
}

fn unpack_group<R: Rows>(unpacker: &mut Unpacker<'_>) -> Option<GroupTail<R>> {
    let mut tail = GroupTail::new(unpacker.unsigned()?);
    for _ in 0..unpacker.unsigned()? {
        let symbol = unpacker.text()?.parse().ok()?;
        let mut series = Series::default();
        for _ in 0..unpacker.unsigned()? {
            let order = (unpacker.unsigned()?, unpacker.unsigned()?);
            let rows: R = unpacker.rows()?;
            tail.rows += rows.len();
            series.rows += rows.len();
            series.chunks.push(Chunk {
                rows: Arc::new(rows),
                order,
            });
        }
        for _ in 0..unpacker.unsigned()? {
            series.sources.push(unpack_source(unpacker)?);
        }
        tail.series.insert(symbol, series);
    }
    Some(tail)
}
