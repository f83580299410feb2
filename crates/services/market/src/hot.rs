//! [`Shared`]: what a partition's writer and all readers share.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quantflow_model::{Candle, Price, Quote, Timestamp, VenueId};
use quantflow_pipeline::{FeedState, Pipeline, SymbolSlot};
use quantflow_wire::{LogPosition, PartitionId};
use tokio::sync::watch;

use crate::completeness::Completeness;
use crate::day_window::{DAY_WINDOW_TIMEFRAME, DayWindow};
use crate::pending::{Pending, SymbolRows};
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
    /// The place up to which the log is applied and can be read.
    pub(crate) applied: watch::Sender<LogPosition>,
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
    /// By slot of the pipeline.
    symbols: Vec<SymbolHot>,
    /// All slots, by symbol.
    sorted: Vec<SymbolSlot>,
    /// The place up to which the log is applied.
    pub(crate) position: LogPosition,
    /// When the newest record with content was received.
    pub(crate) last_content: Timestamp,
    /// The connections that were made in this life of the process and stand.
    pub(crate) connections: BTreeSet<u32>,
    /// The log takes nothing: whatever the connections do, nothing comes.
    pub(crate) cut_off: bool,
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
    /// Its price as it was shown last, if nothing of it changed since; only its health moves by
    /// itself.
    shown: Option<Box<PriceView>>,
}

impl Shared {
    pub(crate) fn new(
        venue: VenueId,
        partition: PartitionId,
        silence_nanos: i64,
        hot: Hot,
    ) -> Self {
        Self {
            venue,
            partition,
            silence_nanos,
            applied: watch::Sender::new(hot.position),
            hot: Mutex::new(hot),
        }
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
            symbols: Vec::new(),
            sorted: Vec::new(),
            position,
            last_content: Timestamp::MIN,
            connections: BTreeSet::new(),
            cut_off: false,
            commit_error: None,
        }
    }

    /// What is kept of a symbol, to change. Whoever changes the pipeline's trades of a symbol comes
    /// through here too, so that its price is put together anew.
    #[inline]
    pub(crate) fn symbol(&mut self, slot: SymbolSlot) -> &mut SymbolHot {
        let index = slot.index();
        if index >= self.symbols.len() {
            self.symbols.resize_with(index + 1, SymbolHot::default);
        }
        let kept = &mut self.symbols[index];
        kept.shown = None;
        kept
    }

    /// What is kept of a symbol.
    pub(crate) fn kept(&self, slot: SymbolSlot) -> Option<&SymbolHot> {
        self.symbols.get(slot.index())
    }

    /// The uncommitted rows of a symbol, oldest first.
    pub(crate) fn rows(&self, slot: SymbolSlot) -> impl Iterator<Item = &SymbolRows> {
        self.uncommitted()
            .filter_map(move |pending| pending.get(slot))
    }

    /// What is not committed yet, oldest first.
    pub(crate) fn uncommitted(&self) -> impl Iterator<Item = &Pending> {
        self.committing
            .as_deref()
            .into_iter()
            .chain(std::iter::once(&self.pending))
    }

    /// The newest price of every symbol that has one, sorted by symbol.
    pub(crate) fn prices(&mut self, now: Timestamp, silence_nanos: i64) -> Vec<PriceView> {
        if self.sorted.len() != self.pipeline.symbols().len() {
            let mut named: Vec<_> = self.pipeline.symbols().collect();
            named.sort_unstable_by(|a, b| a.1.cmp(b.1));
            self.sorted = named.into_iter().map(|(slot, _)| slot).collect();
        }
        let mut prices = Vec::with_capacity(self.sorted.len());
        for at in 0..self.sorted.len() {
            prices.extend(self.price(self.sorted[at], now, silence_nanos));
        }
        prices
    }

    /// The newest price of a symbol, if it has one yet.
    pub(crate) fn price(
        &mut self,
        slot: SymbolSlot,
        now: Timestamp,
        silence_nanos: i64,
    ) -> Option<PriceView> {
        let health = self.health(slot, self.kept(slot)?, now, silence_nanos);
        if let Some(shown) = &self.kept(slot)?.shown {
            return Some(PriceView {
                health,
                ..PriceView::clone(shown)
            });
        }
        let kept = self.kept(slot)?;
        let open: Option<Candle> = self.pipeline.open_candle(slot, DAY_WINDOW_TIMEFRAME);
        let day = kept
            .last
            .and_then(|(price, _)| kept.window.statistics(price, open.as_ref()));
        let view = PriceView {
            symbol: self.pipeline.symbol(slot)?.clone(),
            price: kept.last.map(|(price, _)| price),
            bid: kept.quote.map(|quote| quote.bid),
            ask: kept.quote.map(|quote| quote.ask),
            time: kept.last.map(|(_, time)| time),
            day,
            health,
        };
        let kept = self.symbols.get_mut(slot.index())?;
        kept.shown = Some(Box::new(view.clone()));
        Some(view)
    }

    /// How every symbol with a price fares.
    pub(crate) fn healths(
        &self,
        now: Timestamp,
        silence_nanos: i64,
    ) -> impl Iterator<Item = (SymbolSlot, Health)> {
        let slots = self.pipeline.symbols().map(|(slot, _)| slot);
        slots.filter_map(move |slot| {
            let kept = self.kept(slot).filter(|kept| kept.last.is_some())?;
            Some((slot, self.health(slot, kept, now, silence_nanos)))
        })
    }

    fn health(
        &self,
        slot: SymbolSlot,
        kept: &SymbolHot,
        now: Timestamp,
        silence_nanos: i64,
    ) -> Health {
        if self.cut_off || self.connections.is_empty() || !self.is_live(slot) {
            Health::Down
        } else if now.since(self.last_content) > silence_nanos {
            Health::Late
        } else if kept.completeness.is_filling() {
            Health::Filling
        } else {
            Health::Live
        }
    }

    /// Up to when everything of a symbol's feed is heard; `None` while it flows, and of what never
    /// had a feed (an import). While it is down, and after that until the next trade, whose id tells
    /// what was missed, that is its last trade.
    pub(crate) fn heard_until(&self, slot: SymbolSlot) -> Option<Timestamp> {
        let cut = self.cut_off || self.connections.is_empty();
        let flows = match self.pipeline.feed(slot) {
            FeedState::Live => !cut && self.pipeline.is_caught_up(slot),
            FeedState::Down { .. } => false,
            FeedState::Unknown => return None,
        };
        let last = self.pipeline.last_trade(slot).map(|trade| trade.time);
        last.filter(|_| !flows)
    }

    /// What is known to be missing of a symbol now. A venue that is silent for too long may be so
    /// because its connections are dead.
    pub(crate) fn completeness(
        &self,
        slot: SymbolSlot,
        now: Timestamp,
        silence_nanos: i64,
    ) -> Completeness {
        let kept = self.kept(slot).map(|kept| kept.completeness.clone());
        let is_silent = now.since(self.last_content) > silence_nanos;
        let is_fed = self.pipeline.feed(slot) != FeedState::Unknown;
        let last = self.pipeline.last_trade(slot).map(|trade| trade.time);
        let until = self
            .heard_until(slot)
            .or(last.filter(|_| is_silent && is_fed));
        kept.unwrap_or_default().known_until(until)
    }

    /// Whether a connection carries a symbol's trades.
    pub(crate) fn is_live(&self, slot: SymbolSlot) -> bool {
        self.pipeline.feed(slot) == FeedState::Live
    }
}
