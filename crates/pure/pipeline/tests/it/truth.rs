//! Truth: candles computed the plain way, and a store that applies what a pipeline hands out.

use std::collections::BTreeMap;

use quantflow_model::{
    Candle, CandleOrigin, CandleState, Decimal, Notional, Price, Quantity, Side, Timeframe,
    Timestamp, Trade,
};
use quantflow_pipeline::{Output, Pipeline, SymbolSlot};

/// What of a candle the trades decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) prices: [Price; 4],
    pub(crate) volume: Quantity,
    pub(crate) quote: Option<Notional>,
    pub(crate) trades: Option<u64>,
    pub(crate) taker: Option<Quantity>,
    pub(crate) taker_quote: Option<Notional>,
    pub(crate) first: Option<u128>,
    pub(crate) last: Option<u128>,
}

impl Shape {
    pub(crate) fn of(candle: &Candle) -> Self {
        Self {
            prices: [candle.open, candle.high, candle.low, candle.close],
            volume: candle.volume,
            quote: candle.quote_volume,
            trades: candle.trades,
            taker: candle.taker_buy_volume,
            taker_quote: candle.taker_buy_quote_volume,
            first: candle.first_trade.map(|k| k.id.0),
            last: candle.last_trade.map(|k| k.id.0),
        }
    }
}

/// Candles of a timeframe from trades that are in the venue's order: plainly, one by one.
pub(crate) fn candles(trades: &[Trade], timeframe: Timeframe) -> BTreeMap<Timestamp, Shape> {
    let mut groups: BTreeMap<Timestamp, Vec<&Trade>> = BTreeMap::new();
    for trade in trades {
        let open = timeframe.open_of(trade.time);
        groups.entry(open).or_default().push(trade);
    }
    let shape = |trades: Vec<&Trade>| {
        let sum = |numbers: &mut dyn Iterator<Item = Decimal>| {
            numbers.fold(Decimal::ZERO, |a, b| a.checked_add(b).unwrap())
        };
        let bought = || trades.iter().filter(|t| t.side == Side::Buy);
        let known = trades.iter().all(|t| t.side != Side::Unknown);
        let paid = |t: &Trade| t.price.0.checked_mul(t.quantity.0).unwrap();
        Shape {
            prices: [
                trades[0].price,
                trades.iter().map(|t| t.price).max().unwrap(),
                trades.iter().map(|t| t.price).min().unwrap(),
                trades[trades.len() - 1].price,
            ],
            volume: Quantity(sum(&mut trades.iter().map(|t| t.quantity.0))),
            quote: Some(Notional(sum(&mut trades.iter().map(|t| paid(t))))),
            trades: Some(trades.iter().map(|t| u64::from(t.count)).sum()),
            taker: known.then(|| Quantity(sum(&mut bought().map(|t| t.quantity.0)))),
            taker_quote: known.then(|| Notional(sum(&mut bought().map(|t| paid(t))))),
            first: Some(trades[0].id.0),
            last: Some(trades[trades.len() - 1].last_id().0),
        }
    };
    groups
        .into_iter()
        .map(|(open, trades)| (open, shape(trades)))
        .collect()
}

/// What a store would hold.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) trades: BTreeMap<SymbolSlot, Vec<Trade>>,
    pub(crate) candles: BTreeMap<(SymbolSlot, CandleOrigin2, Timeframe, Timestamp), Candle>,
    pub(crate) patches: usize,
}

/// An origin that can be a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CandleOrigin2 {
    Trades,
    Venue,
}

impl Store {
    /// Takes an output in, as a committer does: candles, then patches.
    pub(crate) fn take(&mut self, out: &Output, by_id: bool) {
        for (slot, trade) in &out.trades {
            self.trades.entry(*slot).or_default().push(*trade);
        }
        for closed in &out.candles {
            let origin = match closed.candle.origin {
                CandleOrigin::Trades => CandleOrigin2::Trades,
                CandleOrigin::Venue => CandleOrigin2::Venue,
            };
            let key = (
                closed.slot,
                origin,
                closed.timeframe,
                closed.candle.open_time,
            );
            assert_eq!(closed.candle.state, CandleState::Closed);
            let before = self.candles.insert(key, closed.candle);
            assert!(
                before.is_none() || origin == CandleOrigin2::Venue,
                "closed twice: {key:?}"
            );
        }
        for patch in &out.patches {
            self.patches += 1;
            let key = (
                patch.slot,
                CandleOrigin2::Trades,
                patch.timeframe,
                patch.partial.open_time,
            );
            match self.candles.get_mut(&key) {
                Some(candle) => {
                    let merged = candle.merge(&patch.partial, by_id).unwrap();
                    *candle = Candle {
                        state: patch.partial.state,
                        revision: candle.revision + 1,
                        ..merged
                    };
                }
                None => {
                    self.candles.insert(key, patch.partial);
                }
            }
        }
    }

    /// Every candle built from trades, the open ones too.
    pub(crate) fn shapes(
        &self,
        pipeline: &Pipeline,
        slot: SymbolSlot,
        timeframe: Timeframe,
    ) -> BTreeMap<Timestamp, Shape> {
        let mut shapes: BTreeMap<Timestamp, Shape> = self
            .candles
            .iter()
            .filter(|((s, origin, t, _), _)| {
                *s == slot && *origin == CandleOrigin2::Trades && *t == timeframe
            })
            .map(|((.., open), candle)| (*open, Shape::of(candle)))
            .collect();
        if let Some(open) = pipeline.open_candle(slot, timeframe) {
            let before = shapes.insert(open.open_time, Shape::of(&open));
            assert!(before.is_none(), "open and closed: {timeframe} {open:?}");
        }
        shapes
    }

    /// Asserts that trades and candles of all timeframes are those of the truth.
    pub(crate) fn assert_is(&self, truth: &[Trade], pipeline: &Pipeline, slot: SymbolSlot) {
        let mut held = self.trades.get(&slot).cloned().unwrap_or_default();
        held.sort_by_key(|t| {
            if pipeline.orders_by_id() {
                (Timestamp::EPOCH, t.id)
            } else {
                (t.time, t.id)
            }
        });
        let plain = |t: &Trade| (t.id, t.time, t.price, t.quantity, t.side);
        assert_eq!(
            held.iter().map(plain).collect::<Vec<_>>(),
            truth.iter().map(plain).collect::<Vec<_>>(),
        );
        self.assert_candles(truth, pipeline, slot);
    }

    /// Asserts that candles of all timeframes are those of the truth.
    pub(crate) fn assert_candles(&self, truth: &[Trade], pipeline: &Pipeline, slot: SymbolSlot) {
        for timeframe in Timeframe::ALL {
            let ours = self.shapes(pipeline, slot, timeframe);
            let theirs = candles(truth, timeframe);
            assert_eq!(ours.len(), theirs.len(), "{timeframe}");
            for (open, shape) in &theirs {
                assert_eq!(ours.get(open), Some(shape), "{timeframe} {open}");
            }
        }
    }
}

impl Shape {
    /// As a candle of the venue.
    pub(crate) fn candle(&self, open_time: Timestamp, state: CandleState) -> Candle {
        Candle {
            open_time,
            open: self.prices[0],
            high: self.prices[1],
            low: self.prices[2],
            close: self.prices[3],
            volume: self.volume,
            quote_volume: self.quote,
            trades: self.trades,
            taker_buy_volume: self.taker,
            taker_buy_quote_volume: self.taker_quote,
            first_trade: None,
            last_trade: None,
            state,
            revision: 0,
            known: Timestamp::EPOCH,
            origin: CandleOrigin::Venue,
        }
    }
}

/// A trade as a line of a file.
pub(crate) fn row(trade: &Trade) -> String {
    let side = ["", "buy", "sell"][usize::from(trade.side.code())];
    format!(
        "{},{},{},{side},{}\n",
        trade.time.millis(),
        trade.price,
        trade.quantity,
        trade.id
    )
}
