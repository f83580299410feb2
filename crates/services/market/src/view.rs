//! What readers see: prices, candles with their completeness, certificates, provenance.

use quantflow_model::{
    Candle, Decimal, Instrument, LedgerEvent, Notional, Price, Quantity, Symbol, TimeRange,
    Timeframe, Timestamp, Trade, TradeId,
};
use quantflow_wire::{LogRange, PartitionId};

/// How fresh and whole a symbol's data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Health {
    /// It flows, and nothing is known to be missing.
    Live,
    /// Nothing came for longer than the venue's silence.
    Late,
    /// It flows; a hole is being filled.
    Filling,
    /// There is no connection.
    Down,
}

impl Health {
    /// Its name: `live`, `late`, `filling`, `down`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Late => "late",
            Self::Filling => "filling",
            Self::Down => "down",
        }
    }
}

/// The newest price of a symbol.
#[derive(Debug, Clone, PartialEq)]
pub struct PriceView {
    /// Whose.
    pub symbol: Symbol,
    /// The last trade's price; `None` before the first trade.
    pub price: Option<Price>,
    /// The best bid, where known.
    pub bid: Option<Price>,
    /// The best offer, where known.
    pub ask: Option<Price>,
    /// The venue's time of the last trade; `None` before the first one.
    pub time: Option<Timestamp>,
    /// Statistics of the 24 hours before it (the edge is exact to 5 minutes); `None` while nothing is known.
    pub day: Option<DayStatistics>,
    /// How fresh and whole.
    pub health: Health,
}

/// Statistics of 24 hours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DayStatistics {
    /// Price now less the price 24 hours before.
    pub change: Price,
    /// That in percent of the price 24 hours before.
    pub change_percent: f64,
    /// The highest price.
    pub high: Price,
    /// The lowest price.
    pub low: Price,
    /// Base volume.
    pub volume: Quantity,
    /// Quote volume, where known.
    pub quote_volume: Option<Notional>,
}

/// A candle, and whether every trade in it is known to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CandleView {
    /// The candle.
    pub candle: Candle,
    /// Whether the ledger knows of nothing missing in it (as of the time that was asked for).
    pub complete: bool,
    /// Whether it is no candle but the close before, carried on over a span without trades.
    pub filled: bool,
}

/// Candles, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CandlePage {
    /// Ascending by open time.
    pub candles: Vec<CandleView>,
    /// Where the next page begins (its `from`), if there is more.
    pub next: Option<Timestamp>,
    /// Spans of what was asked for in which there is no candle, and not because nothing was traded:
    /// nobody knows. Ascending; only of the present, not of an `as_of`.
    pub absent: Vec<TimeRange>,
}

/// Which candles a reader wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CandleRequest {
    /// Whose.
    pub symbol: Symbol,
    /// How long.
    pub timeframe: Timeframe,
    /// By open time. Without a start the newest `limit` before the end are meant.
    pub range: TimeRange,
    /// At most so many.
    pub limit: usize,
    /// As it was known then.
    pub as_of: Option<Timestamp>,
    /// Whether spans without trades are filled with the close before.
    pub fill: bool,
}

/// Trades newest first, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TradePage {
    /// Newest first by (venue time, id).
    pub trades: Vec<Trade>,
    /// The last of this page, if there is more: the next page goes on before it.
    pub next: Option<(Timestamp, TradeId)>,
}

/// Which trades a reader wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TradeRequest {
    /// Whose.
    pub symbol: Symbol,
    /// By venue time.
    pub range: TimeRange,
    /// At most so many.
    pub limit: usize,
    /// Only trades before this one.
    pub before: Option<(Timestamp, TradeId)>,
}

/// What is known of one day of a symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Whose.
    pub symbol: Symbol,
    /// The day's midnight (UTC).
    pub day: Timestamp,
    /// The smallest id that we hold of it.
    pub first_id: Option<TradeId>,
    /// The largest id that we hold of it.
    pub last_id: Option<TradeId>,
    /// How many of the venue's trades we hold of it.
    pub count: u64,
    /// What was or is missing.
    pub missing: Vec<MissingRange>,
    /// How many came again and were dropped.
    pub duplicates: u64,
    /// How many were refused.
    pub quarantined: u64,
    /// How many were flagged and kept.
    pub flagged: u64,
    /// How many came after their candle had closed.
    pub late: u64,
    /// How our candles of the day compare with the venue's own.
    pub reconciled: Reconciled,
}

/// How our candles compare with the venue's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reconciled {
    /// Candles of which timeframe.
    pub timeframe: Timeframe,
    /// Equal in every field.
    pub equal: u64,
    /// Different.
    pub different: u64,
    /// Ours for which there was none of the venue to compare with.
    pub not_compared: u64,
}

/// A range of trades that is or was missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingRange {
    /// The first id.
    pub from: TradeId,
    /// The last id.
    pub to: TradeId,
    /// What became of it.
    pub state: MissingState,
    /// Why, or how it was filled.
    pub reason: String,
    /// When that became known.
    pub since: Timestamp,
    /// The span of the venue's time in which the trades may lie.
    pub span: TimeRange,
}

/// What became of missing trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MissingState {
    /// Known to be missing; being fetched.
    Found,
    /// They came.
    Filled,
    /// They cannot be had.
    Unfillable,
}

impl MissingState {
    /// Its name: `found`, `filled`, `unfillable`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Filled => "filled",
            Self::Unfillable => "unfillable",
        }
    }
}

/// Where a candle comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// Every revision, oldest first.
    pub revisions: Vec<Candle>,
    /// The parts of the log that hold its trades.
    pub ranges: Vec<(PartitionId, LogRange)>,
    /// Whether that part of the log is still kept.
    pub raw_kept: bool,
    /// What the ledger learned of its span.
    pub ledger: Vec<LedgerEvent>,
}

/// A symbol that has data or could have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SymbolView {
    /// Our name.
    pub symbol: Symbol,
    /// What its venue says of it, where known.
    pub instrument: Option<Instrument>,
    /// Whether it is being ingested.
    pub live: bool,
    /// First and last trade that we hold.
    pub trades: Option<(Timestamp, Timestamp)>,
    /// Timeframes that have candles.
    pub timeframes: Vec<Timeframe>,
}

/// Best bid and offer levels of a book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookView {
    /// The last update in it; 0 where the venue numbers none.
    pub update_id: u64,
    /// The venue's time of it, where it says one.
    pub time: Option<Timestamp>,
    /// Bids, best first: price and quantity.
    pub bids: Vec<(Price, Quantity)>,
    /// Offers, best first.
    pub asks: Vec<(Price, Quantity)>,
}

/// Percent change as a number for people; `None` when the base is zero.
pub fn percent(change: Decimal, base: Decimal) -> Option<f64> {
    (!base.is_zero()).then(|| change.to_f64_lossy() / base.to_f64_lossy() * 100.0)
}
