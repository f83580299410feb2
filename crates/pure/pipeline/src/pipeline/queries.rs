//! What can be asked of a pipeline.

use std::collections::BTreeMap;

use quantflow_model::{
    BookSnapshot, Candle, CandleState, DayTally, Hole, Instrument, Quote, TimeRange, Timeframe,
    Timestamp, Trade, TradeKey, VenueId,
};
use quantflow_wire::{OrderRule, PartitionId};

use super::Pipeline;
use crate::coverage::as_hole;
use crate::feed::{Connection, FeedState};
use crate::options::PipelineOptions;
use crate::output::SymbolSlot;

impl Pipeline {
    /// The partition whose records it takes.
    pub fn partition(&self) -> &PartitionId {
        &self.fixed.partition
    }

    /// The venue.
    pub fn venue(&self) -> &VenueId {
        &self.fixed.venue
    }

    /// The options it was made with.
    pub fn options(&self) -> &PipelineOptions {
        &self.fixed.options
    }

    /// Whether it can read messages of the venue. Without a codec it takes imports only, and a
    /// message goes to quarantine.
    pub fn has_codec(&self) -> bool {
        self.fixed.codec.is_some()
    }

    /// Whether an import began and did not end.
    pub fn is_importing(&self) -> bool {
        !self.imports.is_empty()
    }

    /// Whether trades are ordered by id; otherwise by time and id, or as they arrive. What
    /// [`Candle::merge`] wants to know.
    pub fn orders_by_id(&self) -> bool {
        self.fixed.order == OrderRule::ContiguousIds
    }

    /// The venue's instruments, as far as it told them.
    pub fn instruments(&self) -> impl ExactSizeIterator<Item = &Instrument> {
        self.instruments.values()
    }

    /// The newest open candle of a timeframe as of now; `None` when none is open.
    pub fn open_candle(&self, slot: SymbolSlot, timeframe: Timeframe) -> Option<Candle> {
        let core = &self.symbols.get(slot.index())?.core;
        let part = core.fold.open(timeframe, self.fixed.order)?;
        let known = Timestamp::from_nanos(self.clock.last_received());
        Some(part.candle(core.scales, self.fixed.order, CandleState::Open, known))
    }

    /// The newest trade.
    pub fn last_trade(&self, slot: SymbolSlot) -> Option<&Trade> {
        self.symbols.get(slot.index())?.core.last_trade.as_ref()
    }

    /// The first trade that is held; of what came before nothing is known.
    pub fn began(&self, slot: SymbolSlot) -> Option<TradeKey> {
        self.symbols.get(slot.index())?.began()
    }

    /// Missing trades that are still being asked for, ascending.
    pub fn open_holes(&self, slot: SymbolSlot) -> Vec<Hole> {
        self.holes(slot, false)
    }

    /// Missing trades that cannot be had, ascending.
    pub fn unfillable_holes(&self, slot: SymbolSlot) -> Vec<Hole> {
        self.holes(slot, true)
    }

    fn holes(&self, slot: SymbolSlot, given_up: bool) -> Vec<Hole> {
        let Some(state) = self.symbols.get(slot.index()) else {
            return Vec::new();
        };
        state
            .core
            .coverage
            .holes()
            .filter(|(_, hole)| hole.given_up == given_up)
            .map(|(from, hole)| as_hole(from, hole))
            .collect()
    }

    /// The best levels of the local book; `None` while it is not whole.
    pub fn book_top(&self, slot: SymbolSlot) -> Option<Quote> {
        self.books.get(&slot.0)?.top()
    }

    /// The best `depth` levels of each side of the local book; `None` while it is not whole.
    pub fn book(&self, slot: SymbolSlot, depth: usize) -> Option<BookSnapshot> {
        self.books.get(&slot.0)?.levels(depth)
    }

    /// Whether a symbol's trades are being received.
    pub fn feed(&self, slot: SymbolSlot) -> FeedState {
        // known by slot, so that asking for each symbol does not go through all subscriptions
        if self.streams.get(slot.index()).is_some_and(|s| s.trades) {
            return FeedState::Live;
        }
        self.symbol(slot)
            .map_or(FeedState::Unknown, |symbol| self.feeds.state(symbol))
    }

    /// Whether a trade came since its trades began to be received (again). Until then what was
    /// traded meanwhile is not known to be missing, and not known to be there.
    pub fn is_caught_up(&self, slot: SymbolSlot) -> bool {
        let before = self
            .symbol(slot)
            .and_then(|symbol| self.feeds.began_after(symbol));
        before.is_none_or(|before| self.last_trade(slot).is_some_and(|t| t.key() > before))
    }

    /// Whether the venue, or a file, gave candles that leave nothing of a span out: where it has
    /// none of this timeframe then, it has none.
    pub fn has_given(&self, slot: SymbolSlot, timeframe: Timeframe, span: TimeRange) -> bool {
        let state = self.symbols.get(slot.index());
        state.is_some_and(|state| state.core.series.has_given(timeframe, span))
    }

    /// The connections that stand, by number.
    pub fn connections(&self) -> &BTreeMap<u32, Connection> {
        self.feeds.connections()
    }

    /// The venue's time as the records tell it; `None` before the first live frame.
    pub fn venue_time(&self) -> Option<Timestamp> {
        self.clock.now().map(Timestamp::from_nanos)
    }

    /// Whether the venue refused single trades, so that holes are filled with aggregates.
    pub fn repairs_with_aggregates(&self) -> bool {
        self.repairs.singles_refused()
    }

    /// The totals of a symbol's day.
    pub fn tally(&self, slot: SymbolSlot, day: Timestamp) -> Option<DayTally> {
        let state = self.symbols.get(slot.index())?;
        state.tallies.day(&state.symbol, day)
    }

    /// The day totals that changed since the last call: they belong into the commit of the state.
    pub fn take_dirty_tallies(&mut self) -> Vec<DayTally> {
        self.symbols
            .iter_mut()
            .flat_map(|state| state.tallies.take_dirty(&state.symbol))
            .collect()
    }
}
