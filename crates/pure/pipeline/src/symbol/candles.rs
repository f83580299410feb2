//! A trade's candle: open, closed by what proves it over, patched because the trade came late, and
//! compared with the venue's own.

use quantflow_model::{
    CandleState, LedgerKind, RevisionCause, Timeframe, Timestamp, Trade, TradeFlags,
};
use quantflow_wire::OrderRule;
use serde::{Deserialize, Serialize};

use super::{Core, Source, SymbolState};
use crate::cleaning::band::Band;
use crate::context::Context;
use crate::fold::{Added, Fold, Sink, second_of};
use crate::late::BehindLive;
use crate::options::PipelineOptions;
use crate::output::{CandlePatch, ClosedCandle, Output, SymbolSlot};
use crate::partial::{Partial, Row, Scales};
use crate::reconcile::Reconcile;

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
    pub(super) fn rescale(&mut self, to: Scales) -> bool {
        let fits = self.scales == to || self.fold.rescale(self.scales, to);
        if fits {
            self.scales = to;
        }
        fits
    }
}

impl SymbolState {
    /// Puts a trade into its candle, closed ones as a late part, and closes candles before it.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "an optional exclusive borrow is handed on, not kept"
    )]
    #[inline]
    pub(super) fn put_in_candles(
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
    pub(super) fn advance_in_order(&mut self, context: &mut Context<'_>) {
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

    /// Hands out what the record adds to closed candles, as patches with their cause.
    pub(super) fn flush_late(&mut self, context: &mut Context<'_>) {
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

    /// Compares what is complete; the day's totals and the ledger say how it went.
    pub(super) fn compare(&mut self, context: &mut Context<'_>) {
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
