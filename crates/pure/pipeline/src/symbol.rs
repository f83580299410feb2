//! [`SymbolState`]: all that is known of one symbol, and how a trade is let in.
//!
//! A trade goes through [`SymbolState::take_trade`]: the cleaning rules, then its place by the
//! venue's order ([`order`]: known, missing until now, the next, past a gap), then its candle
//! ([`candles`]). What a record leads to for closed candles is put together at its end, in
//! [`SymbolState::finish_record`].

mod candles;
mod order;

use quantflow_model::{
    Decimal, Filling, LedgerKind, Symbol, Trade, TradeFlags, TradeId, TradeKey, VenueSymbol,
};
use quantflow_wire::OrderRule;
use serde::{Deserialize, Serialize};

pub(crate) use self::candles::History;
use self::order::Entry;
pub(crate) use self::order::Source;
use crate::cleaning::band::Band;
use crate::cleaning::trades::{check, time_is_possible};
use crate::cleaning::{Refusal, TOO_MANY_DIGITS};
use crate::context::Context;
use crate::coverage::Coverage;
use crate::fold::Fold;
use crate::late::LateParts;
use crate::options::PipelineOptions;
use crate::output::{ClosedCandle, SymbolSlot};
use crate::partial::{Key, Row, Scales, comes_before};
use crate::reconcile::Reconcile;
use crate::rollup::VenueSeries;
use crate::sequence::Sequence;
use crate::spans::DownSpans;
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
    /// Where ids are not contiguous: times without a feed that are still sought.
    #[serde(default)]
    pub(crate) spans: DownSpans,
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
                spans: DownSpans::default(),
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

    pub(crate) fn refuse(&mut self, context: &mut Context<'_>, trade: &Trade, refusal: Refusal) {
        if time_is_possible(trade.time).is_ok() {
            self.tallies.on(trade.time).quarantined += 1;
        }
        context.refuse(Some(&self.symbol), Some(trade.time), refusal);
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

    /// Whether something is missing that is sought.
    pub(crate) fn seeks(&self) -> bool {
        self.core.coverage.has_open_holes() || self.core.spans.is_open()
    }

    /// The first trade that is held.
    pub(crate) fn began(&self) -> Option<TradeKey> {
        self.core
            .coverage
            .began()
            .or_else(|| self.core.sequence.first().map(Into::into))
    }
}
