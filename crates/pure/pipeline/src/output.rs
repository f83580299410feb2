//! [`Output`]: what records led to, and [`Effect`]s: what should be done about it.

use std::collections::BTreeMap;

use quantflow_model::{
    BookDelta, BookSnapshot, Candle, Hole, Instrument, LedgerEvent, Quarantined, Quote, Symbol,
    TimeRange, Timeframe, Trade, VenueSymbol,
};
use quantflow_wire::{RepairHow, Ticker, VenueCandle};
use serde::{Deserialize, Serialize};

/// A symbol's place in its pipeline: [`Pipeline::symbols`](crate::Pipeline::symbols) names it. Kept
/// over a restart.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct SymbolSlot(pub u32);

impl SymbolSlot {
    /// As an index.
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What records led to, in order. [`Pipeline::apply`](crate::Pipeline::apply) adds to it; whoever
/// reads it empties it with [`Output::clear`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// Trades that were let in, with the flags that cleaning put on them.
    pub trades: Vec<(SymbolSlot, Trade)>,
    /// Best bids and offers as the venue sent them.
    pub quotes: Vec<(SymbolSlot, Quote)>,
    /// The best levels of the local books, one where they changed.
    pub tops: Vec<(SymbolSlot, Quote)>,
    /// Books as they came.
    pub book_snapshots: Vec<(SymbolSlot, BookSnapshot)>,
    /// Changes of books that continue the local book.
    pub book_deltas: Vec<(SymbolSlot, BookDelta)>,
    /// Candles that closed, children before parents. Of origin `Trades`: each once, as revision 0.
    /// Of origin `Venue`: one that is stored already and differs becomes its next revision.
    pub candles: Vec<ClosedCandle>,
    /// What late and repaired trades add to closed candles; to be applied after `candles`.
    pub patches: Vec<CandlePatch>,
    /// The venue's own candles as they came, open ones too.
    pub venue_candles: Vec<(SymbolSlot, VenueCandle)>,
    /// Statistics of 24 hours as they came.
    pub tickers: Vec<(SymbolSlot, Ticker)>,
    /// Instruments that are new or changed.
    pub instruments: Vec<Instrument>,
    /// What the ledger learned.
    pub ledger: Vec<LedgerEvent>,
    /// What was refused.
    pub quarantine: Vec<Quarantined>,
    /// What should be done; a replay drops these.
    pub effects: Vec<Effect>,
    /// Counts since the last [`Output::clear`].
    pub counts: Counts,
}

impl Output {
    /// Empties it, keeping its memory.
    pub fn clear(&mut self) {
        self.trades.clear();
        self.quotes.clear();
        self.tops.clear();
        self.book_snapshots.clear();
        self.book_deltas.clear();
        self.candles.clear();
        self.patches.clear();
        self.venue_candles.clear();
        self.tickers.clear();
        self.instruments.clear();
        self.ledger.clear();
        self.quarantine.clear();
        self.effects.clear();
        self.counts = Counts::default();
    }
}

/// A candle whose time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClosedCandle {
    /// Whose.
    pub slot: SymbolSlot,
    /// How long.
    pub timeframe: Timeframe,
    /// The candle: state closed, revision 0.
    pub candle: Candle,
}

/// What late trades add to a closed candle: to be merged into it ([`Candle::merge`], by id where
/// [`Pipeline::orders_by_id`](crate::Pipeline::orders_by_id)) as its next revision. Where no such
/// candle exists (nothing had been traded in its time, or it lies before all that was known) the
/// partial is the candle, as revision 0.
///
/// A record makes at most one patch a candle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CandlePatch {
    /// Whose.
    pub slot: SymbolSlot,
    /// How long.
    pub timeframe: Timeframe,
    /// A candle of the late trades alone: state revised, with the cause.
    pub partial: Candle,
}

/// What should be done about what records said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ask the venue for missing trades. The hole may span several with known trades between.
    Repair {
        /// Our name.
        symbol: Symbol,
        /// The venue's name.
        venue_symbol: VenueSymbol,
        /// What is missing.
        hole: Hole,
        /// What to ask for.
        how: RepairHow,
    },
    /// Ask the venue for what was traded while nothing was received, where ids do not say what is
    /// missing.
    RepairSpan {
        /// Our name.
        symbol: Symbol,
        /// The venue's name.
        venue_symbol: VenueSymbol,
        /// When: from the time of the last trade that is held.
        span: TimeRange,
    },
    /// Ask the venue for a symbol's order book: the local one does not continue.
    BookSnapshot {
        /// Our name.
        symbol: Symbol,
        /// The venue's name.
        venue_symbol: VenueSymbol,
    },
}

/// How often things happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records applied.
    pub records: u64,
    /// Events decoded.
    pub events: u64,
    /// Trades let in.
    pub trades: u64,
    /// Trades that came again and were dropped.
    pub duplicates: u64,
    /// Trades that came after their candle had closed.
    pub late: u64,
    /// Trades flagged and kept.
    pub flagged: u64,
    /// Quotes that came again (two connections overlap while one is renewed).
    pub repeated_quotes: u64,
    /// Aggregates that were not used because single trades of the symbol are received.
    pub unused_aggregates: u64,
    /// Requests that the venue or the network did not answer with data.
    pub failed_requests: u64,
    /// Rows of imports and candles of the venue that were there already.
    pub repeated_rows: u64,
    /// Candles that the venue gave again with other values.
    pub corrected_candles: u64,
    /// Trades of answers that were known already: pages overlap.
    pub known_in_answers: u64,
    /// Trades of answers past the newest: the stream brings them in a moment.
    pub left_to_stream: u64,
    /// Rows about symbols that are not ours, of answers about all symbols.
    pub foreign_rows: u64,
    /// Changes of order books that do not continue the local book.
    pub unused_book_deltas: u64,
    /// Local books that were lost because the venue's checksum is another.
    pub book_checksums_differ: u64,
    /// What is known but kept nowhere yet: funding, liquidations, greeks.
    pub not_kept: u64,
    /// What went to quarantine, by rule.
    pub quarantined: BTreeMap<&'static str, u64>,
}
