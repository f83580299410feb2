//! [`SeriesStore`]: where trades, candles and the ledger live.

use std::fmt::Debug;
use std::pin::Pin;

use async_trait::async_trait;
use futures_util::Stream;
use quantflow_model::{
    CandleBatch, CandleOrigin, DayTally, Instrument, LedgerEvent, Quarantined, Symbol, TimeRange,
    Timeframe, Timestamp, TradeBatch, VenueId,
};
use quantflow_wire::{LogPosition, LogRange, PartitionId};

/// Batches as they are read.
pub type BatchStream<T> = Pin<Box<dyn Stream<Item = Result<T, StoreError>> + Send>>;

/// Where trades, candles and the ledger live.
///
/// A commit is atomic: all of it is visible, or nothing, also after a crash. Each partition's
/// commits continue one another: a commit says from which position of the log it goes on, and is
/// refused when the store stands elsewhere, so nothing is ever in twice.
#[async_trait]
pub trait SeriesStore: Debug + Send + Sync + 'static {
    /// Commits. Trades and candles of a commit need not be sorted between commits; inside a batch
    /// trades are in the venue's order. A candle with the (symbol, timeframe, origin, open time) of
    /// a stored one is a further revision; both stay readable by `as_of`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when `commit.from` is not where the partition stands.
    async fn commit(&self, commit: Commit) -> Result<(), StoreError>;

    /// Where a partition stands, with all of its state; `None` before its first commit.
    async fn checkpoint(&self, partition: &PartitionId) -> Result<Option<Checkpoint>, StoreError>;

    /// Trades in the venue's order (see [`TradeQuery`]).
    async fn trades(&self, query: &TradeQuery) -> Result<BatchStream<TradeBatch>, StoreError>;

    /// Candles in ascending open time, one a candle: the newest revision, or the newest known at
    /// `as_of`. Gaps are not filled.
    async fn candles(&self, query: &CandleQuery) -> Result<BatchStream<CandleBatch>, StoreError>;

    /// Every revision of one candle, oldest first, all origins.
    async fn revisions(
        &self,
        symbol: &Symbol,
        timeframe: Timeframe,
        open_time: Timestamp,
    ) -> Result<CandleBatch, StoreError>;

    /// The ledger's events in the order in which they became known.
    async fn ledger(&self, query: &LedgerQuery) -> Result<Vec<LedgerEvent>, StoreError>;

    /// Day tallies of a symbol, oldest first, for days that overlap the range.
    async fn tallies(&self, symbol: &Symbol, range: TimeRange)
    -> Result<Vec<DayTally>, StoreError>;

    /// What is in quarantine, newest first.
    async fn quarantine(&self, query: &QuarantineQuery) -> Result<Vec<QuarantineRow>, StoreError>;

    /// The parts of the log from which the trades of a symbol and span came.
    async fn sources(
        &self,
        symbol: &Symbol,
        range: TimeRange,
    ) -> Result<Vec<(PartitionId, LogRange)>, StoreError>;

    /// Every symbol that has data or is known to its venue.
    async fn series(&self) -> Result<Vec<SeriesInfo>, StoreError>;

    /// Does one step of housekeeping (merging small segments, removing files that nothing refers
    /// to), bounded in time; says whether more is to be done.
    async fn maintain(&self) -> Result<Maintenance, StoreError>;

    /// Removes data past its retention.
    async fn retain(&self, retention: &Retention, now: Timestamp) -> Result<(), StoreError>;

    /// Removes everything of a partition, so that it can be rebuilt from the log.
    async fn clear(&self, partition: &PartitionId) -> Result<(), StoreError>;

    /// Checks everything that can be checked (hashes, row counts, order) and names each fault.
    async fn check(&self) -> Result<Vec<String>, StoreError>;
}

/// What is stored at once.
#[derive(Debug, Clone)]
pub struct Commit {
    /// Which partition of the log it comes from.
    pub partition: PartitionId,
    /// Where the partition's last commit ended.
    pub from: LogPosition,
    /// Where this one ends.
    pub to: LogPosition,
    /// The version of the pipeline that made it.
    pub pipeline_version: u32,
    /// Trades by symbol.
    pub trades: Vec<(Symbol, TradeBatch)>,
    /// Closed and revised candles by symbol and timeframe (origins may be mixed).
    pub candles: Vec<(Symbol, Timeframe, CandleBatch)>,
    /// What the ledger learned.
    pub ledger: Vec<LedgerEvent>,
    /// Day tallies that changed.
    pub tallies: Vec<DayTally>,
    /// What was refused.
    pub quarantine: Vec<Quarantined>,
    /// Instruments that are new or changed.
    pub instruments: Vec<Instrument>,
    /// State of the pipeline that changed, by key; an empty value removes the key.
    pub state: Vec<StateEntry>,
}

impl Commit {
    /// A commit of nothing from one position to another.
    pub fn new(partition: PartitionId, from: LogPosition, to: LogPosition) -> Self {
        Self {
            partition,
            from,
            to,
            pipeline_version: 0,
            trades: Vec::new(),
            candles: Vec::new(),
            ledger: Vec::new(),
            tallies: Vec::new(),
            quarantine: Vec::new(),
            instruments: Vec::new(),
            state: Vec::new(),
        }
    }
}

/// A piece of a pipeline's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateEntry {
    /// Its key in the partition.
    pub key: String,
    /// Its bytes.
    pub value: Vec<u8>,
}

/// Where a partition stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The position up to which the log is committed.
    pub position: LogPosition,
    /// The version of the pipeline that made the state.
    pub pipeline_version: u32,
    /// All state, by key ascending.
    pub state: Vec<StateEntry>,
}

/// Which trades.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TradeQuery {
    /// Whose.
    pub symbol: Symbol,
    /// By venue time.
    pub range: TimeRange,
    /// Newest first instead of oldest first. Order is by (venue time, id).
    pub newest_first: bool,
    /// At most so many.
    pub limit: Option<usize>,
}

/// Which candles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CandleQuery {
    /// Whose.
    pub symbol: Symbol,
    /// How long.
    pub timeframe: Timeframe,
    /// Only of this origin; `None`: where a candle exists in both, ours (from trades).
    pub origin: Option<CandleOrigin>,
    /// By open time.
    pub range: TimeRange,
    /// As known then; `None`: now.
    pub as_of: Option<Timestamp>,
    /// At most so many: the newest ones when `from_end`, else the oldest. Always ascending.
    pub limit: Option<usize>,
    /// Which end the limit keeps.
    pub from_end: bool,
}

/// Which events of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerQuery {
    /// Of which symbol; `None`: all.
    pub symbol: Option<Symbol>,
    /// Known before or at; `None`: all.
    pub as_of: Option<Timestamp>,
}

/// Which of the quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantineQuery {
    /// Of which symbol; `None`: all.
    pub symbol: Option<Symbol>,
    /// At most so many.
    pub limit: usize,
    /// Only rows with a smaller number: to page on.
    pub before: Option<i64>,
}

/// A row of the quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantineRow {
    /// Its number, growing.
    pub id: i64,
    /// What was refused.
    pub entry: Quarantined,
}

/// A symbol and what there is of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesInfo {
    /// Our name.
    pub symbol: Symbol,
    /// What its venue says of it, if that is known.
    pub instrument: Option<Instrument>,
    /// Venue time of the first and last trade, if there are any.
    pub trades: Option<(Timestamp, Timestamp)>,
    /// How many rows of trades.
    pub trade_rows: u64,
    /// Timeframes that have candles.
    pub timeframes: Vec<Timeframe>,
}

/// What housekeeping did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Maintenance {
    /// Segments that went into a larger one.
    pub merged: usize,
    /// Files that were removed.
    pub removed: usize,
    /// Whether there is more to do.
    pub more: bool,
}

/// How long data is kept, from its time; `None`: for ever.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Retention {
    /// Trades.
    pub trades: Option<std::time::Duration>,
    /// Candles shorter than this are kept only so long.
    pub candles: Vec<(Timeframe, std::time::Duration)>,
    /// Quarantine.
    pub quarantine: Option<std::time::Duration>,
    /// Only this venue; `None`: all.
    pub venue: Option<VenueId>,
}

/// What can go wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The commit does not continue where the partition stands.
    #[error("{partition} stands at {stands}, the commit goes on from {from}: another writer?")]
    Conflict {
        /// Which partition.
        partition: PartitionId,
        /// Where the commit would go on.
        from: LogPosition,
        /// Where the store stands.
        stands: LogPosition,
    },
    /// No room.
    #[error("no room left for the store at {place}: free some space, commits resume by themselves")]
    Full {
        /// Where.
        place: String,
    },
    /// A file is damaged.
    #[error("{file} is damaged: {detail}")]
    Corrupt {
        /// Which file.
        file: String,
        /// How.
        detail: String,
    },
    /// Another process uses it.
    #[error("{place} is in use by another process; stop it, or use another --data-dir")]
    Locked {
        /// Where.
        place: String,
    },
    /// What was written by a newer version.
    #[error("{place} has format {found}, this version reads up to {known}: use a newer quantflow")]
    Newer {
        /// Where.
        place: String,
        /// The format found.
        found: u32,
        /// The newest format known.
        known: u32,
    },
    /// Rows that cannot be stored together (more than 38 digits in a column).
    #[error("{what} cannot be stored exactly: {detail}")]
    Inexact {
        /// What.
        what: String,
        /// Why.
        detail: String,
    },
    /// Anything else of the engine.
    #[error("the store at {place} failed: {detail}")]
    Failed {
        /// Where.
        place: String,
        /// How.
        detail: String,
    },
}
