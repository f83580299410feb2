//! [`Pipeline`]: records in, output and state out.

mod connections;
mod queries;
mod slots;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use quantflow_model::{Instrument, Symbol, VenueId, VenueSymbol};
use quantflow_wire::{
    BookRule, Codec, Event, LogPosition, OrderRule, PartitionId, Record, RecordKind,
};
use rustc_hash::FxHashMap;

use self::slots::deadline;
use crate::book::Book;
use crate::cleaning::quotes::NewestQuote;
use crate::cleaning::{BAD_RECORD, Refusal};
use crate::context::Context;
use crate::feed::{Feeds, Streams};
use crate::import::Import;
use crate::options::PipelineOptions;
use crate::output::{Effect, Output};
use crate::repair::{Repairs, Schedule, ask, ask_spans};
use crate::symbol::SymbolState;
use crate::watermark::VenueClock;

/// What a pipeline is made with, and never changes.
#[derive(Debug)]
pub(crate) struct Fixed {
    pub(crate) partition: PartitionId,
    pub(crate) venue: VenueId,
    pub(crate) codec: Option<Arc<dyn Codec>>,
    pub(crate) order: OrderRule,
    pub(crate) book: BookRule,
    /// Whether messages refer to earlier ones of their connection by number.
    pub(crate) binds: bool,
    /// A feed may be dead for so long before anybody notices.
    pub(crate) silence_ns: i64,
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
        let book = codec
            .as_ref()
            .map_or(BookRule::REQUESTED, |codec| codec.describe().book);
        let silence_ns = codec.as_ref().map_or(0, |codec| {
            i64::try_from(codec.describe().silence.as_nanos()).unwrap_or(i64::MAX)
        });
        let binds = codec.as_ref().is_some_and(|codec| codec.describe().binds);
        Self {
            fixed: Arc::new(Fixed {
                partition,
                venue,
                codec,
                order,
                book,
                binds,
                silence_ns,
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
            if symbol.seeks() {
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
            let next = ask(symbol, codec, &self.repairs, elapsed, options, effects)
                .min(ask_spans(symbol, elapsed, options, effects));
            self.holes_due.set(slot, next);
        }
        while let Some(slot) = self.books_due.pop(context.elapsed) {
            self.ask_book(slot, context);
        }
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

    /// Asks for everything missing again with the next record: for whoever replayed a log, dropped
    /// its effects, and is at its end now.
    pub fn reissue_effects(&mut self) {
        for slot in 0..self.symbols.len() {
            for (_, hole) in self.symbols[slot].core.coverage.holes_mut() {
                hole.asked = None;
            }
            self.symbols[slot].core.spans.forget_asked();
            if self.symbols[slot].seeks() {
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
