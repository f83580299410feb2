//! A segment: one Parquet file and what the catalogue knows of it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use quantflow_model::{Symbol, TimeRange, Timeframe, Timestamp, VenueId};
use quantflow_wire::{LogPosition, LogRange, PartitionId};

use crate::pack::{Packer, Unpacker};
use crate::rows::Rows;
use crate::shape::Shape;

/// What may share a segment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Group {
    pub(crate) partition: PartitionId,
    pub(crate) venue: VenueId,
    /// `None`: trades.
    pub(crate) timeframe: Option<Timeframe>,
}

impl Group {
    /// The folder of its files, below the store's.
    pub(crate) fn folder(&self) -> String {
        match self.timeframe {
            None => format!("trades/venue={}", self.venue.as_str()),
            // 1m and 1M differ only by case, which some file systems do not tell apart
            Some(Timeframe::Mo1) => {
                format!("candles/timeframe=1mo/venue={}", self.venue.as_str())
            }
            Some(timeframe) => format!(
                "candles/timeframe={timeframe}/venue={}",
                self.venue.as_str()
            ),
        }
    }
}

/// A part of the log, and the span of the rows that came from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) min: i64,
    pub(crate) max: i64,
    pub(crate) range: LogRange,
}

/// How many sources a run names; beyond, neighbours are joined.
const MOST_SOURCES: usize = 16;

/// Adds sources and joins those that continue one another.
pub(crate) fn join_sources(sources: &mut Vec<Source>) {
    sources.sort_by_key(|source| (source.range.from, source.range.to));
    let join = |a: &mut Source, b: &Source| {
        a.min = a.min.min(b.min);
        a.max = a.max.max(b.max);
        a.range.to = a.range.to.max(b.range.to);
    };
    while sources.len() > MOST_SOURCES {
        // joins the two neighbours whose joint span of time is shortest
        let Some(at) = (0..sources.len() - 1).min_by_key(|&at| {
            let (a, b) = (&sources[at], &sources[at + 1]);
            a.max.max(b.max).saturating_sub(a.min.min(b.min))
        }) else {
            return;
        };
        let next = sources.remove(at + 1);
        join(&mut sources[at], &next);
    }
}

/// The rows of one symbol in a segment: consecutive, in order.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) symbol: Symbol,
    /// The first row in the file.
    pub(crate) start: u64,
    pub(crate) rows: u64,
    /// The first and last time.
    pub(crate) min: i64,
    pub(crate) max: i64,
    /// The first and last commit from which the rows come: of rows that compare equal, the later
    /// commit's stand later.
    pub(crate) order: (u64, u64),
    /// Whether no time stands twice.
    pub(crate) unique: bool,
    pub(crate) shape: Arc<Shape>,
    pub(crate) sources: Vec<Source>,
}

impl Run {
    pub(crate) fn overlaps(&self, range: TimeRange) -> bool {
        self.min < range.end.nanos() && range.start.nanos() <= self.max
    }

    fn pack(&self, packer: &mut Packer) {
        packer.text(self.symbol.as_str());
        packer.unsigned(self.start);
        packer.unsigned(self.rows);
        packer.signed(self.min);
        packer.signed(self.max.wrapping_sub(self.min));
        packer.unsigned(self.order.0);
        packer.unsigned(self.order.1 - self.order.0);
        packer.unsigned(u64::from(self.unique));
        self.shape.pack(packer);
        packer.unsigned(self.sources.len() as u64);
        for source in &self.sources {
            pack_source(source, packer);
        }
    }

    fn unpack<R: Rows>(unpacker: &mut Unpacker<'_>) -> Option<Self> {
        let symbol = unpacker.text()?.parse().ok()?;
        let start = unpacker.unsigned()?;
        let rows = unpacker.unsigned()?;
        let min = unpacker.signed()?;
        let max = min.wrapping_add(unpacker.signed()?);
        let first = unpacker.unsigned()?;
        let last = first.checked_add(unpacker.unsigned()?)?;
        let unique = unpacker.unsigned()? == 1;
        let shape = Arc::new(Shape::unpack::<R>(unpacker)?);
        let count = unpacker.unsigned()?;
        let sources = (0..count)
            .map(|_| unpack_source(unpacker))
            .collect::<Option<_>>()?;
        Some(Self {
            symbol,
            start,
            rows,
            min,
            max,
            order: (first, last),
            unique,
            shape,
            sources,
        })
    }
}

pub(crate) fn pack_source(source: &Source, packer: &mut Packer) {
    packer.signed(source.min);
    packer.signed(source.max.wrapping_sub(source.min));
    for position in [source.range.from, source.range.to] {
        packer.unsigned(u64::from(position.epoch));
        packer.unsigned(position.offset);
    }
}

pub(crate) fn unpack_source(unpacker: &mut Unpacker<'_>) -> Option<Source> {
    let min = unpacker.signed()?;
    let max = min.wrapping_add(unpacker.signed()?);
    let mut position = || {
        Some(LogPosition {
            epoch: u32::try_from(unpacker.unsigned()?).ok()?,
            offset: unpacker.unsigned()?,
        })
    };
    let (from, to) = (position()?, position()?);
    Some(Source {
        min,
        max,
        range: LogRange { from, to },
    })
}

/// One Parquet file. When the last user of a segment that was merged away lets go of it, its file
/// is removed; so a reader that began before the merge ends on the files it began with.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) id: u64,
    pub(crate) group: Group,
    /// The file below the store's folder; also how it is named to people.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    /// By symbol.
    pub(crate) runs: Vec<Run>,
    pub(crate) gone: AtomicBool,
    /// The sums of its blocks, from when it is taken out of the catalogue on: readers that began
    /// before still need them.
    pub(crate) keepsake: OnceLock<Arc<[u32]>>,
}

impl Segment {
    /// What a user of it needs to be told when it is damaged.
    pub(crate) fn holds(&self) -> String {
        let shown: Vec<String> = self
            .runs
            .iter()
            .take(8)
            .map(|run| {
                format!(
                    "{} {}..{}",
                    run.symbol,
                    Timestamp::from_nanos(run.min),
                    Timestamp::from_nanos(run.max)
                )
            })
            .collect();
        let more = self.runs.len().saturating_sub(shown.len());
        let more = if more > 0 {
            format!(" and {more} more symbols")
        } else {
            String::new()
        };
        format!("{}{more}", shown.join(", "))
    }

    pub(crate) fn max_time(&self) -> i64 {
        self.runs
            .iter()
            .map(|run| run.max)
            .max()
            .unwrap_or(i64::MIN)
    }

    pub(crate) fn min_time(&self) -> i64 {
        self.runs
            .iter()
            .map(|run| run.min)
            .min()
            .unwrap_or(i64::MAX)
    }

    /// Where it stands among its group's: by the commits that it holds.
    pub(crate) fn order(&self) -> (u64, u64) {
        let first = self.runs.iter().map(|run| run.order.0).min();
        let last = self.runs.iter().map(|run| run.order.1).max();
        (first.unwrap_or(0), last.unwrap_or(0))
    }

    pub(crate) fn pack_index(runs: &[Run]) -> Vec<u8> {
        let mut packer = Packer::default();
        packer.unsigned(runs.len() as u64);
        for run in runs {
            run.pack(&mut packer);
        }
        packer.bytes
    }

    pub(crate) fn unpack_index<R: Rows>(bytes: &[u8]) -> Option<Vec<Run>> {
        let mut unpacker = Unpacker::new(bytes);
        let count = unpacker.unsigned()?;
        let mut runs: Vec<Run> = Vec::new();
        for _ in 0..count {
            let mut run = Run::unpack::<R>(&mut unpacker)?;
            // symbols of one venue mostly look alike
            let alike = runs.iter().rev().take(8).find(|r| *r.shape == *run.shape);
            if let Some(alike) = alike {
                run.shape = Arc::clone(&alike.shape);
            }
            runs.push(run);
        }
        unpacker.is_done().then_some(runs)
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        if self.gone.load(Ordering::Acquire) {
            // a file that stays is removed when the store is opened next
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
