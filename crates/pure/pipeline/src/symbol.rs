//! [`SymbolState`]: all that is known of one symbol, and how a trade is let in.
//!
//! A trade goes through [`SymbolState::take_trade`]: the cleaning rules, then its place by the
//! venue's order (known, missing until now, the next, past a gap), then its candle. What a record
//! leads to for closed candles is put together at its end, in [`SymbolState::finish_record`].

use quantflow_model::{
    CandleState, Decimal, Filling, LedgerKind, RevisionCause, Symbol, Timeframe, Timestamp, Trade,
    TradeFlags, TradeId, TradeKey, VenueSymbol,
};
use quantflow_wire::{AggregateTrade, OrderRule};
use serde::{Deserialize, Serialize};

use crate::aggregates::{Split, split};
use crate::cleaning::band::Band;
use crate::cleaning::trades::{check, check_follows, check_jump, time_is_possible};
use crate::cleaning::{DUPLICATE_DIFFERS, EMPTY_AGGREGATE, Refusal, TOO_MANY_DIGITS};
use crate::context::Context;
use crate::coverage::{Coverage, Place};
use crate::fold::{Added, Fold, Sink, second_of};
use crate::late::{BehindLive, LateParts};
use crate::options::PipelineOptions;
use crate::output::{CandlePatch, ClosedCandle, Output, SymbolSlot};
use crate::partial::{Key, Partial, Row, Scales, comes_before};
use crate::reconcile::Reconcile;
use crate::rollup::VenueSeries;
use crate::sequence::Sequence;
use crate::tally::Tallies;

/// What of a symbol is committed with its data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Core {
    pub(crate) venue_symbol: Option<VenueSymbol>,
    pub(crate) scales: Scales,
    pub(crate) fold: Fold,
    /// Where ids are contiguous.
    pub(crate) coverage: Coverage,
    /// Where they are not.
    pub(crate) sequence: Sequence,
    pub(crate) band: Band,
    pub(crate) series: VenueSeries,
    pub(crate) reconcile: Reconcile,
    pub(crate) last_trade: Option<Trade>,
    /// Imports under way: candles are not closed by the clock.
    pub(crate) importing: u32,
}

/// Candles that an import builds of what was closed before it began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct History {
    pub(crate) fold: Fold,
    scales: Scales,
}

impl History {
    /// Of candles that end at the horizon or before.
    pub(crate) fn before(horizon: i64) -> Self {
        Self {
            fold: Fold::before(horizon),
            scales: Scales::default(),
        }
    }

    /// Carries its integers at larger scales; `false`, unchanged, when one does not fit.
    #[inline]
    fn rescale(&mut self, to: Scales) -> bool {
        let fits = self.scales == to || self.fold.rescale(self.scales, to);
        if fits {
            self.scales = to;
        }
        fits
    }
}

/// All that is known of one symbol.
#[derive(Debug)]
pub(crate) struct SymbolState {
    pub(crate) symbol: Symbol,
    pub(crate) slot: SymbolSlot,
    pub(crate) core: Core,
    pub(crate) tallies: Tallies,
    /// What the record that is being applied adds to closed candles.
    late: LateParts,
    /// Ids that it filled.
    filled: Vec<(u128, u128, Filling)>,
    /// Whether it brought candles of the venue.
    pub(crate) candles_came: bool,
    /// Whether `core` is to be written.
    pub(crate) dirty: bool,
}

/// Where a trade comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A live stream.
    Live,
    /// An answer to a question.
    Answer {
        /// It was asked to fill a hole.
        repair: bool,
        /// A stream brings the newest trades, so an answer's are not needed.
        streamed: bool,
    },
    /// A row of an import.
    Import {
        /// Whether the row names its id.
        named: bool,
    },
}

/// Where a trade goes after [`SymbolState::enter`].
enum Entry {
    /// Into the candles; flags to be added.
    Take(TradeFlags),
    /// Nowhere.
    Drop,
}

impl SymbolState {
    pub(crate) fn new(symbol: Symbol, slot: SymbolSlot, venue_symbol: Option<VenueSymbol>) -> Self {
        Self::restored(
            symbol,
            slot,
            Core {
                venue_symbol,
                scales: Scales::default(),
                fold: Fold::default(),
                coverage: Coverage::default(),
                sequence: Sequence::default(),
                band: Band::default(),
                series: VenueSeries::default(),
                reconcile: Reconcile::default(),
                last_trade: None,
                importing: 0,
            },
        )
    }

    pub(crate) fn restored(symbol: Symbol, slot: SymbolSlot, core: Core) -> Self {
        Self {
            symbol,
            slot,
            core,
            tallies: Tallies::default(),
            late: LateParts::default(),
            filled: Vec::new(),
            candles_came: false,
            dirty: false,
        }
    }

    /// Lets a trade in, or not. `history`: where an import builds candles of what was closed before
    /// it began.
    #[inline]
    pub(crate) fn take_trade(
        &mut self,
        context: &mut Context<'_>,
        mut trade: Trade,
        source: Source,
        history: Option<&mut History>,
    ) {
        if let Err(refusal) = check(&trade, context.clock, context.options) {
            self.refuse(context, &trade, refusal);
            return;
        }
        let mut history = history;
        let row = self.row_of(&trade, context.options, history.as_deref_mut());
        let Some(row) = row else {
            let refusal = TOO_MANY_DIGITS.refusal(format!(
                "price {} times quantity {}",
                trade.price, trade.quantity
            ));
            self.refuse(context, &trade, refusal);
            return;
        };
        let flags = match self.enter(context, &trade, source) {
            Ok(Entry::Take(flags)) => flags,
            Ok(Entry::Drop) => return,
            Err(refusal) => {
                self.refuse(context, &trade, refusal);
                return;
            }
        };
        trade.flags = trade.flags.with(flags);
        if self
            .core
            .band
            .excludes(row.price, row.time, context.options)
        {
            trade.flags = trade.flags.with(TradeFlags::OUTLIER);
            context.out.counts.flagged += 1;
        }
        self.put_in_candles(context, &mut trade, &row, source, history);
        self.tallies
            .trade(&trade, trade.flags.has(TradeFlags::LATE));
        let key = |t: &Trade| Key {
            time: t.time.nanos(),
            id: t.id.0,
        };
        if self
            .core
            .last_trade
            .is_none_or(|last| !comes_before(context.order, key(&trade), key(&last)))
        {
            self.core.last_trade = Some(trade);
        }
        context.out.counts.trades += 1;
        context.out.trades.push((self.slot, trade));
    }

    /// A trade's integers, at scales that it may have made larger.
    #[inline]
    fn row_of(
        &mut self,
        trade: &Trade,
        options: &PipelineOptions,
        history: Option<&mut History>,
    ) -> Option<Row> {
        let scales = self.core.scales.with(trade)?;
        let row = Row::of(trade, scales)?;
        let fits = (scales == self.core.scales || self.rescale(scales, options))
            && history.is_none_or(|history| history.rescale(scales));
        fits.then_some(row)
    }

    /// Carries every integer at larger scales; `false`, unchanged, when one does not fit.
    fn rescale(&mut self, to: Scales, options: &PipelineOptions) -> bool {
        let from = self.core.scales;
        let mut fold = self.core.fold.clone();
        if !fold.rescale(from, to) || !self.late.rescale(from, to) {
            return false;
        }
        self.core.fold = fold;
        let by = Decimal::power_of_ten(to.price.saturating_sub(from.price)).unwrap_or(1);
        if by > 1 {
            self.core.band.rescale(by, options);
        }
        self.core.scales = to;
        true
    }

    /// Finds a trade's place in the venue's order and takes it.
    #[inline]
    fn enter(
        &mut self,
        context: &mut Context<'_>,
        trade: &Trade,
        source: Source,
    ) -> Result<Entry, Refusal> {
        match context.order {
            OrderRule::ContiguousIds => self.enter_by_id(context, trade, source),
            OrderRule::TimeThenId => Ok(self.enter_by_time(context, trade, source)),
            OrderRule::Arrival => Ok(Entry::Take(TradeFlags::NONE)),
        }
    }

    #[inline]
    fn enter_by_id(
        &mut self,
        context: &mut Context<'_>,
        trade: &Trade,
        source: Source,
    ) -> Result<Entry, Refusal> {
        let coverage = &mut self.core.coverage;
        let place = coverage.place(trade);
        let mut flags = TradeFlags::NONE;
        match place {
            Place::Next => check_follows(trade, coverage.last_time(), context.options)?,
            Place::First | Place::Below => {}
            Place::Ahead => {
                check_follows(trade, coverage.last_time(), context.options)?;
                if source == Source::Live {
                    let (next, last) = (coverage.next(), coverage.last_time());
                    check_jump(trade, next, last, context.options)?;
                }
            }
            Place::InHole { after, before } => {
                check_follows(trade, after.min(before), context.options)?;
                let bound = Trade {
                    time: after.max(before),
                    ..*trade
                };
                check_follows(&bound, trade.time, context.options)?;
                if matches!(source, Source::Answer { repair: true, .. }) {
                    flags = TradeFlags::REPAIRED;
                }
                let with = if trade.count > 1 {
                    Filling::Aggregates
                } else {
                    Filling::Trades
                };
                note_filled(&mut self.filled, trade.id.0, trade.last_id().0, with);
            }
            Place::Known | Place::Mixed => {
                if coverage.contradicts(trade) {
                    let reason = format!("trade {} came before with other content", trade.id);
                    return Err(DUPLICATE_DIFFERS.refusal(reason));
                }
                self.duplicate(context, trade, source);
                return Ok(Entry::Drop);
            }
        }
        // the stream brings it in a moment; taken from the answer, it would be a duplicate there
        if matches!(place, Place::Next | Place::Ahead)
            && matches!(source, Source::Answer { streamed: true, .. })
        {
            context.out.counts.left_to_stream += 1;
            return Ok(Entry::Drop);
        }
        let opened = coverage.admit(trade, place, context.elapsed);
        if matches!(place, Place::First | Place::Below) {
            let first = trade.key();
            context.learn(&self.symbol, LedgerKind::Began { first });
        }
        if let Some(hole) = opened {
            context.learn(&self.symbol, LedgerKind::Found(hole));
        }
        Ok(Entry::Take(flags))
    }

    fn enter_by_time(&mut self, context: &mut Context<'_>, trade: &Trade, source: Source) -> Entry {
        let key = Key {
            time: trade.time.nanos(),
            id: trade.id.0,
        };
        let sequence = &mut self.core.sequence;
        let (import, named) = match source {
            Source::Import { named } => (true, named),
            _ => (false, true),
        };
        if (import && sequence.spans(key)) || (named && sequence.knows(key.id)) {
            self.duplicate(context, trade, source);
            return Entry::Drop;
        }
        let window = if named {
            context.options.dedupe_window
        } else {
            0
        };
        if sequence.admit(key, window) {
            let first = trade.key();
            // every row of a file that is sorted the other way round would be the first
            if !import || self.core.last_trade.is_none() {
                context.learn(&self.symbol, LedgerKind::Began { first });
            }
        }
        Entry::Take(TradeFlags::NONE)
    }

    fn duplicate(&mut self, context: &mut Context<'_>, trade: &Trade, source: Source) {
        match source {
            // pages overlap what is known; that is no fault of the data
            Source::Answer { .. } => context.out.counts.known_in_answers += 1,
            Source::Live | Source::Import { .. } => {
                context.out.counts.duplicates += 1;
                self.tallies.on(trade.time).duplicates += 1;
            }
        }
    }

    fn refuse(&mut self, context: &mut Context<'_>, trade: &Trade, refusal: Refusal) {
        if time_is_possible(trade.time).is_ok() {
            self.tallies.on(trade.time).quarantined += 1;
        }
        context.refuse(Some(&self.symbol), Some(trade.time), refusal);
    }

    /// Puts a trade into its candle, closed ones as a late part, and closes candles before it.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "an optional exclusive borrow is handed on, not kept"
    )]
    #[inline]
    fn put_in_candles(
        &mut self,
        context: &mut Context<'_>,
        trade: &mut Trade,
        row: &Row,
        source: Source,
        history: Option<&mut History>,
    ) {
        let order = context.order;
        if let Some(History { fold: history, .. }) = history
            && row.time < history.horizon()
        {
            let Self { core, late, .. } = self;
            history.advance(
                second_of(row.time),
                order,
                &mut BehindLive {
                    late,
                    live: &mut core.fold,
                    order,
                },
            );
            if history.add(row, order) == Added::Late {
                self.late.add(row, order, RevisionCause::Backfill);
            }
            return;
        }
        // a file is sorted: its own rows close its candles; a stream's do where ids prove the order
        let import = matches!(source, Source::Import { .. });
        if row.time >= self.core.fold.closed_until().saturating_add(1_000_000_000) {
            if import {
                self.advance(context, second_of(row.time));
            } else if order == OrderRule::ContiguousIds {
                self.advance_in_order(context);
            }
        }
        if self.core.fold.add(row, order) == Added::Open {
            return;
        }
        let reason = match source {
            Source::Live => RevisionCause::Late,
            Source::Answer { repair: true, .. } => RevisionCause::Repair,
            Source::Answer { .. } | Source::Import { .. } => RevisionCause::Backfill,
        };
        if reason != RevisionCause::Backfill {
            trade.flags = trade.flags.with(TradeFlags::LATE);
            context.out.counts.late += 1;
        }
        self.late.add(row, order, reason);
    }

    /// Closes what the newest trade proves to be over: candles before it that no hole reaches.
    fn advance_in_order(&mut self, context: &mut Context<'_>) {
        let closed = self.core.fold.closed_until();
        let newest = second_of(self.core.coverage.last_time().nanos());
        let since = Timestamp::from_nanos(closed);
        let complete = self.core.coverage.complete_until(since);
        let bound = complete.map_or(newest, |t| newest.min(second_of(t.nanos())));
        self.advance(context, bound);
    }

    /// Closes every candle that ends at `until` or before.
    #[inline]
    fn advance(&mut self, context: &mut Context<'_>, until: i64) {
        if until <= self.core.fold.closed_until() {
            return;
        }
        let Core {
            fold,
            band,
            reconcile,
            scales,
            ..
        } = &mut self.core;
        let mut sink = LiveSink {
            out: context.out,
            slot: self.slot,
            scales: *scales,
            order: context.order,
            received: context.received,
            options: context.options,
            band,
            reconcile,
        };
        fold.advance(until, context.order, &mut sink);
        self.dirty = true;
    }

    /// Closes by the clock: `until` is the venue's time less the grace. Nothing is closed past the
    /// end of what is open, so that history imported in pieces continues in place.
    pub(crate) fn close_by_clock(&mut self, context: &mut Context<'_>, until: i64) {
        if self.core.importing > 0 {
            return;
        }
        if let Some(end) = self.core.fold.last_end() {
            self.advance(context, second_of(until).min(end));
        }
    }

    /// An aggregate came, from a stream or an answer.
    pub(crate) fn take_aggregate(
        &mut self,
        context: &mut Context<'_>,
        aggregate: &AggregateTrade,
        source: Source,
    ) {
        let span = aggregate
            .last_id
            .0
            .checked_sub(aggregate.first_id.0)
            .and_then(|n| u32::try_from(n).ok())
            .and_then(|n| n.checked_add(1));
        let whole = Trade {
            id: aggregate.first_id,
            time: aggregate.time,
            price: aggregate.price,
            quantity: aggregate.quantity,
            side: aggregate.side,
            flags: match span {
                Some(count) if count > 1 => TradeFlags::AGGREGATE,
                _ => TradeFlags::NONE,
            },
            count: span.unwrap_or(0),
        };
        if span.is_none() {
            let refusal = EMPTY_AGGREGATE.refusal(format!(
                "aggregate {} of trades {} to {}",
                aggregate.id, aggregate.first_id, aggregate.last_id
            ));
            self.refuse(context, &whole, refusal);
            return;
        }
        if context.order != OrderRule::ContiguousIds {
            self.take_trade(context, whole, source, None);
            return;
        }
        match split(aggregate, &self.core.coverage, TradeFlags::NONE) {
            Split::Held => self.duplicate(context, &whole, source),
            Split::Missing(trade) => self.take_trade(context, trade, source, None),
            Split::Unknown { ranges, reason } => {
                // beyond the newest trade a hole opens by itself when the next one comes
                if matches!(source, Source::Answer { .. }) {
                    for (from, to) in ranges {
                        self.give_up(context, from, to, &reason);
                    }
                }
            }
        }
    }

    /// Enters missing ids as not to be had.
    pub(crate) fn give_up(&mut self, context: &mut Context<'_>, from: u128, to: u128, why: &str) {
        for (from, to) in self.core.coverage.give_up(from, to) {
            context.learn(
                &self.symbol,
                LedgerKind::Unfillable {
                    from,
                    to,
                    reason: why.to_owned(),
                },
            );
        }
    }

    /// Hands out what the record leads to for closed candles, the ledger and the comparison with
    /// the venue's candles.
    pub(crate) fn finish_record(&mut self, context: &mut Context<'_>) {
        let order = context.order;
        if order == OrderRule::ContiguousIds && self.core.importing == 0 {
            self.advance_in_order(context);
        }
        if !self.late.is_empty() {
            self.flush_late(context);
        }
        for (from, to, with) in std::mem::take(&mut self.filled) {
            let (from, to) = (TradeId(from), TradeId(to));
            context.learn(&self.symbol, LedgerKind::Filled { from, to, with });
        }
        if std::mem::take(&mut self.candles_came) {
            let (slot, out) = (self.slot, &mut *context.out);
            self.core
                .series
                .flush(context.received, |timeframe, candle| {
                    out.candles.push(ClosedCandle {
                        slot,
                        timeframe,
                        candle,
                    });
                });
        }
        if self.core.reconcile.is_waiting() {
            self.compare(context);
        }
    }

    fn flush_late(&mut self, context: &mut Context<'_>) {
        let order = context.order;
        let Core {
            fold,
            reconcile,
            scales,
            ..
        } = &mut self.core;
        let (slot, received, out) = (self.slot, context.received, &mut *context.out);
        self.late.flush(fold, order, |timeframe, part, cause| {
            let state = CandleState::Revised(cause);
            let partial = part.candle(*scales, order, state, received);
            reconcile.patched(timeframe, &partial, order == OrderRule::ContiguousIds);
            out.patches.push(CandlePatch {
                slot,
                timeframe,
                partial,
            });
        });
    }

    fn compare(&mut self, context: &mut Context<'_>) {
        let coverage = &self.core.coverage;
        let sequence = &self.core.sequence;
        let complete = |start: Timestamp, end: Timestamp| {
            let (began, last) = if context.order == OrderRule::ContiguousIds {
                (
                    coverage.began().map(|key| key.time),
                    Some(coverage.last_time()),
                )
            } else {
                let first = sequence.first().map(|key| Timestamp::from_nanos(key.time));
                (first, sequence.last_time())
            };
            began.is_some_and(|began| began < start)
                && last.is_some_and(|last| last >= end)
                && !coverage.may_lack(start, end)
        };
        for compared in self.core.reconcile.compare(complete) {
            let same = compared.fields.is_empty();
            if compared.timeframe == Timeframe::M1 {
                let tally = self.tallies.on(compared.open_time);
                tally.candles_equal += u64::from(same);
                tally.candles_different += u64::from(!same);
            }
            if !same {
                context.learn(
                    &self.symbol,
                    LedgerKind::Differs {
                        timeframe: compared.timeframe,
                        open_time: compared.open_time,
                        fields: compared.fields,
                    },
                );
            }
        }
    }

    /// Finishes what an import built of history.
    pub(crate) fn end_history(&mut self, mut history: History, order: OrderRule) {
        let Self { core, late, .. } = self;
        // refused rows are the only ones that could not be carried at the symbol's scales
        history.rescale(core.scales);
        let horizon = history.fold.horizon();
        history.fold.advance(
            horizon,
            order,
            &mut BehindLive {
                late,
                live: &mut core.fold,
                order,
            },
        );
    }

    /// The first trade that is held.
    pub(crate) fn began(&self) -> Option<TradeKey> {
        self.core
            .coverage
            .began()
            .or_else(|| self.core.sequence.first().map(Into::into))
    }
}

/// Adds a filled range to those of the record; it mostly continues the last one.
fn note_filled(filled: &mut Vec<(u128, u128, Filling)>, from: u128, to: u128, with: Filling) {
    match filled.last_mut() {
        Some(last) if last.1.saturating_add(1) == from && last.2 == with => last.1 = to,
        _ => filled.push((from, to, with)),
    }
}

/// Where candles that close go.
struct LiveSink<'a> {
    out: &'a mut Output,
    slot: SymbolSlot,
    scales: Scales,
    order: OrderRule,
    received: Timestamp,
    options: &'a PipelineOptions,
    band: &'a mut Band,
    reconcile: &'a mut Reconcile,
}

impl Sink for LiveSink<'_> {
    #[inline]
    fn closed(&mut self, timeframe: Timeframe, part: &Partial) {
        let candle = part.candle(self.scales, self.order, CandleState::Closed, self.received);
        if timeframe == Timeframe::S5 {
            self.band.add(part.close, part.end, self.options);
        }
        if self.reconcile.watches(timeframe) {
            self.reconcile
                .ours(timeframe, &candle, self.options.reconcile_window);
        }
        self.out.candles.push(ClosedCandle {
            slot: self.slot,
            timeframe,
            candle,
        });
    }

    fn escaped(&mut self, _: Timeframe, _: &Partial) {
        // the live fold has no horizon
    }
}
