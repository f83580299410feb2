//! [`Job`]: what is fetched again and again, or once over a range.

use std::fmt;
use std::str::FromStr;

use compact_str::CompactString;
use quantflow_model::{Symbol, TimeRange, Timeframe, Timestamp, VenueId};
use quantflow_wire::Purpose;
use serde::{Deserialize, Serialize};

use super::history::words;
use super::{Cursor, Lease, Schedule, Token};

/// A job's number; given by the database, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub u64);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for JobId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// How many rows a run has brought so far, in all.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Rows(pub u64);

/// What a job fetches. A venue has one job for each.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum JobKind {
    /// The venue's own candles, as they close.
    Candles {
        /// Of what.
        symbol: Symbol,
        /// How long each is.
        timeframe: Timeframe,
    },
    /// Trades.
    Trades {
        /// Of what.
        symbol: Symbol,
    },
    /// Something of the venue that has another name: funding rates, open interest, instruments.
    Stream {
        /// Its name, the venue's codec knows it.
        stream: CompactString,
        /// Of what; `None`: of the whole venue.
        symbol: Option<Symbol>,
    },
    /// Candles of a range, once.
    BackfillCandles {
        /// Of what.
        symbol: Symbol,
        /// How long each is.
        timeframe: Timeframe,
        /// Open times.
        range: TimeRange,
    },
    /// Trades of a range, once.
    BackfillTrades {
        /// Of what.
        symbol: Symbol,
        /// The venue's times.
        range: TimeRange,
    },
}

impl JobKind {
    /// Its kind in one word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Candles { .. } => "candles",
            Self::Trades { .. } => "trades",
            Self::Stream { .. } => "stream",
            Self::BackfillCandles { .. } => "backfill_candles",
            Self::BackfillTrades { .. } => "backfill_trades",
        }
    }

    /// Of what.
    pub fn symbol(&self) -> Option<&Symbol> {
        match self {
            Self::Candles { symbol, .. }
            | Self::Trades { symbol }
            | Self::BackfillCandles { symbol, .. }
            | Self::BackfillTrades { symbol, .. } => Some(symbol),
            Self::Stream { symbol, .. } => symbol.as_ref(),
        }
    }

    /// The range of a backfill.
    pub fn range(&self) -> Option<TimeRange> {
        match self {
            Self::BackfillCandles { range, .. } | Self::BackfillTrades { range, .. } => {
                Some(*range)
            }
            Self::Candles { .. } | Self::Trades { .. } | Self::Stream { .. } => None,
        }
    }
}

/// What tells it from the venue's other jobs, in a form for people.
impl fmt::Display for JobKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self {
            Self::Candles { symbol, timeframe } => write!(f, "{name} {symbol} {timeframe}"),
            Self::Trades { symbol } => write!(f, "{name} {symbol}"),
            Self::Stream {
                stream,
                symbol: Some(symbol),
            } => write!(f, "{name} {stream} {symbol}"),
            Self::Stream {
                stream,
                symbol: None,
            } => write!(f, "{name} {stream}"),
            Self::BackfillCandles {
                symbol,
                timeframe,
                range,
            } => write!(
                f,
                "{name} {symbol} {timeframe} {}..{}",
                range.start, range.end
            ),
            Self::BackfillTrades { symbol, range } => {
                write!(f, "{name} {symbol} {}..{}", range.start, range.end)
            }
        }
    }
}

words! {
    /// Where a job stands.
    JobStatus: "job status" {
        /// Waits until it is due.
        Active = "active",
        /// An operator stopped it.
        Paused = "paused",
        /// A worker holds its lease.
        Running = "running",
        /// It failed for good; an operator may resume it.
        Error = "error",
        /// It has nothing more to do.
        Done = "done",
    }
}

/// What is fetched again and again, or once over a range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// Whose connector it uses.
    pub venue: VenueId,
    /// What it fetches.
    #[serde(flatten)]
    pub kind: JobKind,
    /// When it runs.
    pub schedule: Schedule,
    /// How urgent it is, here and in the venue's budget.
    pub purpose: Purpose,
    /// Where it stands.
    pub status: JobStatus,
    /// How far it has come.
    pub cursor: Option<Cursor>,
    /// When it is due; `None` when it is not to run again by itself.
    pub next_due: Option<Timestamp>,
    /// Runs that failed or were lost since the last one that succeeded.
    pub attempts: u32,
    /// What the last of these failed with.
    pub last_error: Option<String>,
    /// The token of its newest lease; zero before the first.
    pub token: Token,
    /// Who works on it.
    pub lease: Option<Lease>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was changed last, by whomever.
    pub updated: Timestamp,
}

/// A job to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// Whose connector it uses.
    pub venue: VenueId,
    /// What it fetches.
    pub kind: JobKind,
    /// When it runs.
    pub schedule: Schedule,
    /// How urgent it is.
    pub purpose: Purpose,
    /// Where it begins; `None`: wherever its work says.
    pub cursor: Option<Cursor>,
    /// When it is due first.
    pub due: Timestamp,
}

/// What is to change; `None` stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JobChange {
    /// When it runs, and when that is next. One that runs keeps to the old until it ends.
    pub schedule: Option<(Schedule, Timestamp)>,
    /// How urgent it is.
    pub purpose: Option<Purpose>,
}

/// Which jobs; `None` is any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JobFilter {
    /// Of this venue.
    pub venue: Option<VenueId>,
    /// In this state.
    pub status: Option<JobStatus>,
    /// Of this kind, by [`JobKind::name`].
    pub kind: Option<CompactString>,
    /// Of this symbol.
    pub symbol: Option<Symbol>,
}

impl JobFilter {
    /// Whether a job is among them.
    pub fn holds(&self, job: &Job) -> bool {
        self.venue.as_ref().is_none_or(|venue| *venue == job.venue)
            && self.status.is_none_or(|status| status == job.status)
            && self
                .kind
                .as_ref()
                .is_none_or(|kind| kind == job.kind.name())
            && self
                .symbol
                .as_ref()
                .is_none_or(|symbol| Some(symbol) == job.kind.symbol())
    }
}
