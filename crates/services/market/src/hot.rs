//! [`Shared`]: what a partition's writer and all readers share.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quantflow_model::{Candle, Instrument, Price, Quote, Symbol, Timeframe, Timestamp, VenueId};
use quantflow_pipeline::Pipeline;
use quantflow_wire::{LogPosition, PartitionId};

use crate::completeness::Completeness;
use crate::day_window::{DAY_WINDOW_TIMEFRAME, DayWindow};
use crate::pending::Pending;
use crate::view::{Health, PriceView};

/// What a partition's writer and all readers share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Which venue's symbols it has.
    pub(crate) venue: VenueId,
    /// Which partition of the log it reads.
    pub(crate) partition: PartitionId,
    /// Without a record for so long the venue is late.
    pub(crate) silence_nanos: i64,
    /// Held while a slice of the log is applied (well under a millisecond) and while a reader
    /// copies what it needs; never across an await.
    hot: Mutex<Hot>,
}

/// The state that is shared.
#[derive(Debug)]
pub(crate) struct Hot {
    /// The pipeline, with its open candles.
    pub(crate) pipeline: Pipeline,
    /// What is not committed yet.
    pub(crate) pending: Pending,
    /// What is being committed now.
    pub(crate) committing: Option<Arc<Pending>>,
    /// By symbol.
    pub(crate) symbols: BTreeMap<Symbol, SymbolHot>,
    /// The place up to which the log is applied.
    pub(crate) position: LogPosition,
    /// When the newest record with content was received.
    pub(crate) last_content: Timestamp,
    /// Whether there is a connection.
    pub(crate) connected: bool,
    /// Why commits do not succeed, if they do not.
    pub(crate) commit_error: Option<String>,
}

/// What is kept at hand of a symbol.
#[derive(Debug, Default)]
pub(crate) struct SymbolHot {
    /// The last price and its time.
    pub(crate) last: Option<(Price, Timestamp)>,
    /// The newest best bid and offer.
    pub(crate) quote: Option<Quote>,
    /// The last 24 hours.
    pub(crate) window: DayWindow,
    /// What is missing now.
    pub(crate) completeness: Completeness,
    /// Whether it is subscribed to.
    pub(crate) live: bool,
    /// What its venue says of it.
    pub(crate) instrument: Option<Instrument>,
}

impl Shared {
    pub(crate) fn new(
        venue: VenueId,
        partition: PartitionId,
        silence_nanos: i64,
        hot: Hot,
    ) -> Self {
        Self { venue, partition, silence_nanos, hot: Mutex::new(hot) }
    }

    /// The state. A panic elsewhere while it was held leaves it readable: the writer stops then,
    /// and what it had applied last is at most incomplete, never committed.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Hot> {
        self.hot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hot {
    pub(crate) fn new(pipeline: Pipeline, position: LogPosition) -> Self {
        Self {
            pipeline,
            pending: Pending::default(),
            committing: None,
            symbols: BTreeMap::new(),
            position,
            last_content: Timestamp::MIN,
            connected: false,
            commit_error: None,
        }
    }

    /// What is kept of a symbol, to change.
    pub(crate) fn symbol(&mut self, symbol: &Symbol) -> &mut SymbolHot {
        if !self.symbols.contains_key(symbol) {
            self.symbols.insert(symbol.clone(), SymbolHot::default());
        }
        self.symbols.entry(symbol.clone()).or_default()
    }

    /// What is not committed yet, oldest first.
    pub(crate) fn uncommitted(&self) -> impl Iterator<Item = &Pending> {
        self.committing.as_deref().into_iter().chain(std::iter::once(&self.pending))
    }

    /// The newest price of a symbol.
    pub(crate) fn price(
        &self,
        symbol: &Symbol,
        hot: &SymbolHot,
        now: Timestamp,
        silence_nanos: i64,
    ) -> Option<PriceView> {
        let (price, time) = hot.last?;
        let open: Option<Candle> = self.pipeline.open_candle(symbol, DAY_WINDOW_TIMEFRAME);
        Some(PriceView {
            symbol: symbol.clone(),
            price,
            bid: hot.quote.map(|quote| quote.bid),
            ask: hot.quote.map(|quote| quote.ask),
            time,
            day: hot.window.statistics(price, open.as_ref()),
            health: self.health(hot, now, silence_nanos),
        })
    }

    fn health(&self, hot: &SymbolHot, now: Timestamp, silence_nanos: i64) -> Health {
        if !self.connected || !hot.live {
            Health::Down
        } else if now.since(self.last_content) > silence_nanos {
            Health::Late
        } else if hot.completeness.is_filling() {
            Health::Filling
        } else {
            Health::Live
        }
    }

    /// The open candle of a symbol as of now.
    pub(crate) fn open_candle(&self, symbol: &Symbol, timeframe: Timeframe) -> Option<Candle> {
        self.pipeline.open_candle(symbol, timeframe)
    }
}
