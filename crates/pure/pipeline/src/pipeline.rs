//! [`Pipeline`]: records in, output and state out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use quantflow_model::{
    BookSnapshot, Candle, CandleState, DayTally, Hole, Instrument, Quote, Symbol, TimeRange,
    Timeframe, Timestamp, Trade, TradeKey, VenueId, VenueSymbol,
};
use quantflow_wire::{Codec, Event, LogPosition, OrderRule, PartitionId, Record, RecordKind};
use rustc_hash::FxHashMap;

use crate::book::Book;
use crate::cleaning::quotes::NewestQuote;
use crate::cleaning::{BAD_RECORD, Refusal};
use crate::context::Context;
use crate::coverage::as_hole;
use crate::feed::{Connection, FeedState, Feeds};
use crate::import::Import;
use crate::options::PipelineOptions;
use crate::output::{Effect, Output, SymbolSlot};
use crate::repair::{Repairs, Schedule, ask};
use crate::symbol::SymbolState;
use crate::watermark::VenueClock;

/// What a pipeline is made with, and never changes.
#[derive(Debug)]
pub(crate) struct Fixed {
    pub(crate) partition: PartitionId,
    pub(crate) venue: VenueId,
    pub(crate) codec: Option<Arc<dyn Codec>>,
    pub(crate) order: OrderRule,
    pub(crate) options: PipelineOptions,
}

/// Pieces of state that changed since they were last taken.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Dirty {
    pub(crate) clock: bool,
    pub(crate) feeds: bool,
    pub(crate) symbols: bool,
    pub(crate) instruments: bool,
    pub(crate) imports: bool,
    pub(crate) quotes: bool,
    pub(crate) version: bool,
}

/// A synchronous, deterministic function of the records of one partition of the log.
///
/// [`Pipeline::apply`] takes records in the log's order and adds what they lead to to an
/// [`Output`]. Nothing else comes in: no clock, no configuration but its options. How records are
/// cut into batches makes no difference, and a pipeline that is [restored](Pipeline::restore) from
/// [its state](Pipeline::take_dirty_state) goes on as if it had never stopped. (Local books are the
/// exception: they live as long as their connection.)
#[derive(Debug)]
pub struct Pipeline {
    pub(crate) fixed: Arc<Fixed>,
    pub(crate) clock: VenueClock,
    pub(crate) feeds: Feeds,
    pub(crate) symbols: Vec<SymbolState>,
    pub(crate) by_symbol: FxHashMap<Symbol, u32>,
    pub(crate) by_venue: FxHashMap<VenueSymbol, u32>,
    pub(crate) instruments: BTreeMap<VenueSymbol, Instrument>,
    /// By the number that their records carry.
    pub(crate) imports: BTreeMap<u32, Import>,
    /// Files that were imported: symbol and hash.
    pub(crate) imported: BTreeSet<(Symbol, String)>,
    pub(crate) quotes: BTreeMap<u32, NewestQuote>,
    pub(crate) books: BTreeMap<u32, Book>,
    /// By slot: whether a connection carries its trades, and whether single ones.
    pub(crate) streams: Vec<Streams>,
    /// By slot: the earliest end of an open candle.
    deadlines: Vec<i64>,
    next_deadline: i64,
    /// Slots that the record being applied touched, in order, and whether by slot.
    touched: Vec<u32>,
    is_touched: Vec<bool>,
    pub(crate) events: Vec<Event>,
    pub(crate) repairs: Repairs,
    /// When holes are to be asked for.
    pub(crate) holes_due: Schedule,
    /// When book snapshots are to be asked for.
    pub(crate) books_due: Schedule,
    pub(crate) dirty: Dirty,
}

/// What streams bring of a symbol.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Streams {
    pub(crate) trades: bool,
    pub(crate) single_trades: bool,
}

/// Many records, one after another.
#[derive(Debug)]
pub struct Batch<'a> {
    pipeline: &'a mut Pipeline,
    fixed: Arc<Fixed>,
}

impl Batch<'_> {
    /// As [`Pipeline::apply`].
    #[inline]
    pub fn apply(&mut self, position: LogPosition, record: &Record<'_>, out: &mut Output) {
        self.pipeline.apply_one(&self.fixed, position, record, out);
    }
}

impl Pipeline {
    /// A pipeline that has seen nothing. Without a codec the venue is known from imports only, and
    /// its trades are ordered by time, then id.
    pub fn new(
        partition: PartitionId,
        venue: VenueId,
        codec: Option<Arc<dyn Codec>>,
        options: PipelineOptions,
    ) -> Self {
        let order = codec
            .as_ref()
            .map_or(OrderRule::TimeThenId, |codec| codec.describe().order);
        Self {
            fixed: Arc::new(Fixed {
                partition,
                venue,
                codec,
                order,
                options,
            }),
            clock: VenueClock::default(),
            feeds: Feeds::default(),
            symbols: Vec::new(),
            by_symbol: FxHashMap::default(),
            by_venue: FxHashMap::default(),
            instruments: BTreeMap::new(),
            imports: BTreeMap::new(),
            imported: BTreeSet::new(),
            quotes: BTreeMap::new(),
            books: BTreeMap::new(),
            streams: Vec::new(),
            deadlines: Vec::new(),
            next_deadline: i64::MAX,
            touched: Vec::new(),
            is_touched: Vec::new(),
            events: Vec::new(),
            repairs: Repairs::default(),
            holes_due: Schedule::default(),
            books_due: Schedule::default(),
            dirty: Dirty {
                version: true,
                ..Dirty::default()
            },
        }
    }

    /// Applies the record at a position of the log; `out` gets what it leads to. Whatever its bytes
    /// are, this does not fail: what cannot be used is in quarantine.
    pub fn apply(&mut self, position: LogPosition, record: &Record<'_>, out: &mut Output) {
        self.batch().apply(position, record, out);
    }

    /// Begins to apply many records: what is the same for all of them is done once.
    pub fn batch(&mut self) -> Batch<'_> {
        let fixed = Arc::clone(&self.fixed);
        Batch {
            pipeline: self,
            fixed,
        }
    }

    fn apply_one(
        &mut self,
        fixed: &Fixed,
        position: LogPosition,
        record: &Record<'_>,
        out: &mut Output,
    ) {
        self.clock.tick(record.received.nanos());
        self.dirty.clock = true;
        out.counts.records += 1;
        let mut context = Context {
            partition: &fixed.partition,
            position,
            received: record.received,
            connection: record.connection,
            frame: record.payload,
            part: 0,
            frame_budget: fixed.options.quarantine_bytes_per_record,
            order: fixed.order,
            options: &fixed.options,
            clock: self.clock.now(),
            elapsed: self.clock.elapsed(),
            out,
        };
        match record.kind {
            RecordKind::Text | RecordKind::Binary => {
                self.take_message(&mut context, fixed.codec.as_deref());
            }
            RecordKind::Exchange => self.take_exchange(&mut context, fixed.codec.as_deref()),
            RecordKind::Connected => self.take_connected(&mut context),
            RecordKind::Subscribed => self.take_subscribed(&mut context),
            RecordKind::Disconnected => self.take_disconnected(&mut context),
            RecordKind::ImportBegin => self.take_import_begin(&mut context),
            RecordKind::ImportRows => self.take_import_rows(&mut context),
            RecordKind::ImportEnd => self.take_import_end(&mut context),
            RecordKind::Tick => self.end_abandoned_imports(&mut context),
            // commands are not the pipeline's
            RecordKind::Command => {}
        }
        self.finish(&mut context, fixed.codec.as_deref());
    }

    /// Hands out what the record leads to, closes by the clock, and asks for what is missing.
    fn finish(&mut self, context: &mut Context<'_>, codec: Option<&dyn Codec>) {
        context.frame = &[];
        let mut touched = std::mem::take(&mut self.touched);
        for &slot in &touched {
            self.is_touched[slot as usize] = false;
            let symbol = &mut self.symbols[slot as usize];
            symbol.dirty = true;
            symbol.finish_record(context);
            if symbol.core.coverage.has_open_holes() {
                self.holes_due.set(slot, i64::MIN);
            }
            self.set_deadline(slot);
        }
        touched.clear();
        self.touched = touched;
        self.close_by_clock(context);
        while let Some(slot) = self.holes_due.pop(context.elapsed) {
            let symbol = &mut self.symbols[slot as usize];
            let effects = &mut context.out.effects;
            let (elapsed, options) = (context.elapsed, context.options);
            let next = ask(symbol, codec, &self.repairs, elapsed, options, effects);
            self.holes_due.set(slot, next);
        }
        while let Some(slot) = self.books_due.pop(context.elapsed) {
            self.ask_book(slot, context);
        }
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

    fn close_by_clock(&mut self, context: &mut Context<'_>) {
        let until = self
            .clock
            .now_or_received()
            .saturating_sub(context.options.close_grace_ns);
        if until < self.next_deadline {
            return;
        }
        for slot in 0..self.deadlines.len() {
            if self.deadlines[slot] <= until {
                self.symbols[slot].close_by_clock(context, until);
                self.deadlines[slot] = deadline(&self.symbols[slot]);
            }
        }
        self.next_deadline = self.deadlines.iter().copied().min().unwrap_or(i64::MAX);
    }

    fn set_deadline(&mut self, slot: u32) {
        let due = deadline(&self.symbols[slot as usize]);
        self.deadlines[slot as usize] = due;
        // a later one than before is found when the earlier is reached
        self.next_deadline = self.next_deadline.min(due);
    }

    fn ask_book(&mut self, slot: u32, context: &mut Context<'_>) {
        let symbol = &self.symbols[slot as usize];
        let Some(book) = self.books.get_mut(&slot) else {
            return;
        };
        if !book.wanted {
            return;
        }
        let due = book.due(context.options.repair_retry_ns);
        if due > context.elapsed {
            self.books_due.set(slot, due);
            return;
        }
        book.ask(context.elapsed);
        let again = context
            .elapsed
            .saturating_add(context.options.repair_retry_ns);
        self.books_due.set(slot, again);
        if let Some(venue_symbol) = &symbol.core.venue_symbol {
            context.out.effects.push(Effect::BookSnapshot {
                symbol: symbol.symbol.clone(),
                venue_symbol: venue_symbol.clone(),
            });
        }
    }

    /// Marks a symbol as touched by the record.
    #[inline]
    pub(crate) fn touch(&mut self, slot: SymbolSlot) {
        if !std::mem::replace(&mut self.is_touched[slot.index()], true) {
            self.touched.push(slot.0);
        }
    }

    /// The slot of a symbol, made when it is new.
    pub(crate) fn slot_of(
        &mut self,
        symbol: &Symbol,
        venue_symbol: Option<&VenueSymbol>,
    ) -> SymbolSlot {
        let slot = if let Some(&slot) = self.by_symbol.get(symbol) {
            slot
        } else {
            let slot = self.symbols.len() as u32;
            let spelled = venue_symbol.cloned().or_else(|| {
                let codec = self.fixed.codec.as_ref()?;
                codec.spell(symbol)
            });
            let state = SymbolState::new(symbol.clone(), SymbolSlot(slot), spelled);
            self.add_symbol(state);
            self.dirty.symbols = true;
            slot
        };
        if let Some(venue_symbol) = venue_symbol {
            let core = &mut self.symbols[slot as usize].core;
            if core.venue_symbol.as_ref() != Some(venue_symbol) {
                core.venue_symbol = Some(venue_symbol.clone());
                self.by_venue.insert(venue_symbol.clone(), slot);
                self.symbols[slot as usize].dirty = true;
            }
        }
        SymbolSlot(slot)
    }

    pub(crate) fn add_symbol(&mut self, mut state: SymbolState) {
        let slot = self.symbols.len() as u32;
        self.by_symbol.insert(state.symbol.clone(), slot);
        if let Some(venue_symbol) = &state.core.venue_symbol {
            self.by_venue.insert(venue_symbol.clone(), slot);
        }
        state.dirty = true;
        self.deadlines.push(deadline(&state));
        self.next_deadline = self.next_deadline.min(deadline(&state));
        self.is_touched.push(false);
        self.streams.push(Streams::default());
        if state.core.coverage.has_open_holes() {
            self.holes_due.set(slot, i64::MIN);
        }
        self.symbols.push(state);
    }

    /// The slot of a symbol in the venue's spelling, where somebody named it.
    #[inline]
    pub(crate) fn slot_of_venue(&mut self, venue_symbol: &VenueSymbol) -> Option<SymbolSlot> {
        if let Some(&slot) = self.by_venue.get(venue_symbol) {
            return Some(SymbolSlot(slot));
        }
        let symbol = self.instruments.get(venue_symbol)?.symbol.clone();
        Some(self.slot_of(&symbol, Some(venue_symbol)))
    }

    /// Reads a record's JSON, or puts the record into quarantine.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(context: &mut Context<'_>) -> Option<T> {
        match serde_json::from_slice(context.frame) {
            Ok(value) => Some(value),
            Err(error) => {
                context.refuse(None, None, bad_record(&error));
                None
            }
        }
    }
}

pub(crate) fn bad_record(error: &dyn std::fmt::Display) -> Refusal {
    BAD_RECORD.refusal(error.to_string())
}

fn deadline(symbol: &SymbolState) -> i64 {
    if symbol.core.importing > 0 {
        i64::MAX
    } else {
        symbol.core.fold.deadline()
    }
}

/// What can be asked of a pipeline.
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

    /// Whether trades are ordered by id; otherwise by time and id, or as they arrive. What
    /// [`Candle::merge`] wants to know.
    pub fn orders_by_id(&self) -> bool {
        self.fixed.order == OrderRule::ContiguousIds
    }

    /// The symbols by slot.
    pub fn symbols(&self) -> impl ExactSizeIterator<Item = (SymbolSlot, &Symbol)> {
        self.symbols.iter().map(|state| (state.slot, &state.symbol))
    }

    /// The name of a slot's symbol.
    pub fn symbol(&self, slot: SymbolSlot) -> Option<&Symbol> {
        self.symbols.get(slot.index()).map(|state| &state.symbol)
    }

    /// A symbol's slot.
    pub fn slot(&self, symbol: &Symbol) -> Option<SymbolSlot> {
        self.by_symbol.get(symbol).copied().map(SymbolSlot)
    }

    /// How the venue spells a symbol.
    pub fn venue_symbol(&self, slot: SymbolSlot) -> Option<&VenueSymbol> {
        self.symbols.get(slot.index())?.core.venue_symbol.as_ref()
    }

    /// Our name of a symbol in the venue's spelling.
    pub fn named(&self, venue_symbol: &VenueSymbol) -> Option<&Symbol> {
        match self.by_venue.get(venue_symbol) {
            Some(&slot) => self.symbol(SymbolSlot(slot)),
            None => self.instruments.get(venue_symbol).map(|i| &i.symbol),
        }
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

    /// Asks for everything missing again with the next record: for whoever replayed a log, dropped
    /// its effects, and is at its end now.
    pub fn reissue_effects(&mut self) {
        for slot in 0..self.symbols.len() {
            for (_, hole) in self.symbols[slot].core.coverage.holes_mut() {
                hole.asked = None;
            }
            if self.symbols[slot].core.coverage.has_open_holes() {
                self.holes_due.set(slot as u32, i64::MIN);
            }
        }
        for (&slot, book) in &mut self.books {
            book.asked = None;
            if book.wanted {
                self.books_due.set(slot, i64::MIN);
            }
        }
    }
}
