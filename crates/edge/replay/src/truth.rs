//! [`Truth`]: what truly happened, whatever faults made of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use quantflow_model::{
    Candle, CandleOrigin, CandleState, Notional, Quantity, Side, Symbol, TimeRange, Timeframe,
    Timestamp, Trade, TradeKey,
};
use serde::Serialize;

use crate::venue::Stage;
use crate::venue::lock;

/// What truly happened, whatever faults made of it.
///
/// Only what the walk has passed has happened. Candles are added up here, trade by trade in exact
/// decimals and by nothing else in the product, so that they can judge it.
#[derive(Debug, Clone)]
pub struct Truth {
    stage: Arc<Stage>,
}

/// What the server has counted since it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireCounts {
    /// REST requests.
    pub requests: u64,
    /// Answers 429, whether by the limits or by a fault.
    pub limited: u64,
    /// Answers 418: somebody was banned.
    pub banned: u64,
    /// REST answers that a fault spoiled.
    pub fault_answers: u64,
    /// The most weight that an address used in a minute.
    pub peak_weight: u32,
    /// Sockets that were opened.
    pub connections: u64,
    /// Attempts to connect that were refused.
    pub refused_connections: u64,
    /// Sockets that are open.
    pub open_connections: usize,
    /// Sockets that a fault cut.
    pub cuts: u64,
    /// Sockets cut because their client did not keep up,
    pub too_slow: u64,
    /// or sent too much.
    pub too_talkative: u64,
    /// Market messages sent.
    pub messages: u64,
    /// Messages that faults lost,
    pub dropped: u64,
    /// sent twice,
    pub duplicated: u64,
    /// sent in another order,
    pub reordered: u64,
    /// sent late,
    pub delayed: u64,
    /// or broke.
    pub garbled: u64,
}

impl Truth {
    pub(crate) fn new(stage: Arc<Stage>) -> Self {
        Self { stage }
    }

    /// The symbols.
    pub fn symbols(&self) -> Vec<Symbol> {
        let listings = self.stage.market.listings().iter();
        listings.map(|l| l.instrument.symbol.clone()).collect()
    }

    fn listing(&self, symbol: &Symbol) -> Option<usize> {
        let listings = self.stage.market.listings();
        listings.iter().position(|l| l.instrument.symbol == *symbol)
    }

    /// Where the walk began: what was traded before is history, what is traded after was told.
    pub fn began(&self) -> Timestamp {
        self.stage.pace.from
    }

    /// The newest trade that has happened.
    pub fn last_trade(&self, symbol: &Symbol) -> Option<Trade> {
        let listing = self.listing(symbol)?;
        let row = self.stage.last_row(listing, self.stage.mark(listing))?;
        Some(self.stage.market.listings()[listing].units.trade(&row))
    }

    /// The trades with ids from `first` to `last`, both inside, that have happened; by id.
    pub fn trades(&self, symbol: &Symbol, first: u64, last: u64) -> Vec<Trade> {
        let Some(listing) = self.listing(symbol) else {
            return Vec::new();
        };
        let units = self.stage.market.listings()[listing].units;
        let until = self.stage.mark(listing);
        let limit = usize::try_from(last.saturating_sub(first).saturating_add(1));
        self.stage
            .market
            .rows_from(listing, first, limit.unwrap_or(usize::MAX), until)
            .iter()
            .take_while(|row| row.id <= last)
            .map(|row| units.trade(row))
            .collect()
    }

    /// The trades in a span that have happened; by id.
    pub fn trades_in(&self, symbol: &Symbol, span: TimeRange) -> Vec<Trade> {
        let Some(listing) = self.listing(symbol) else {
            return Vec::new();
        };
        let units = self.stage.market.listings()[listing].units;
        let until = self.stage.mark(listing);
        let rows = self.stage.market.rows_in(listing, span, until);
        rows.iter().map(|row| units.trade(row)).collect()
    }

    /// The candles of the trades in a span that have happened; spans without trades have none.
    /// They are open while the walk is inside them.
    pub fn candles(&self, symbol: &Symbol, timeframe: Timeframe, span: TimeRange) -> Vec<Candle> {
        let now = self.stage.pace.now();
        candles(&self.trades_in(symbol, span), timeframe, now)
    }

    /// What happened on the wire.
    pub fn counts(&self) -> WireCounts {
        let counters = &self.stage.counters;
        let read = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        WireCounts {
            requests: read(&counters.requests),
            limited: read(&counters.limited),
            banned: read(&counters.banned),
            fault_answers: read(&counters.fault_answers),
            peak_weight: lock(&self.stage.limiter).peak,
            connections: read(&counters.connections),
            refused_connections: read(&counters.refused_connections),
            open_connections: self.stage.open_connections.load(Ordering::Acquire),
            cuts: read(&counters.cuts),
            too_slow: read(&counters.too_slow),
            too_talkative: read(&counters.too_talkative),
            messages: read(&counters.messages),
            dropped: read(&counters.dropped),
            duplicated: read(&counters.duplicated),
            reordered: read(&counters.reordered),
            delayed: read(&counters.delayed),
            garbled: read(&counters.garbled),
        }
    }
}

/// Adds trades, in order of id, up to candles by the plainest means. Those that end after `now` are
/// open. Sums that have more than 38 digits stay at their last exact value.
pub fn candles(trades: &[Trade], timeframe: Timeframe, now: Timestamp) -> Vec<Candle> {
    let mut by_open: BTreeMap<Timestamp, Candle> = BTreeMap::new();
    for trade in trades {
        let open_time = timeframe.open_of(trade.time);
        let quote = trade.price.times(trade.quantity).unwrap_or_default();
        let bought = trade.side == Side::Buy;
        let (taker, taker_quote) = if bought {
            (trade.quantity, quote)
        } else {
            (Quantity::ZERO, Notional::ZERO)
        };
        let key = TradeKey {
            time: trade.time,
            id: trade.id,
        };
        let candle = by_open.entry(open_time).or_insert(Candle {
            open_time,
            open: trade.price,
            high: trade.price,
            low: trade.price,
            close: trade.price,
            volume: Quantity::ZERO,
            quote_volume: Some(Notional::ZERO),
            trades: Some(0),
            taker_buy_volume: Some(Quantity::ZERO),
            taker_buy_quote_volume: Some(Notional::ZERO),
            first_trade: Some(key),
            last_trade: Some(key),
            state: if timeframe.end_of(open_time) > now {
                CandleState::Open
            } else {
                CandleState::Closed
            },
            revision: 0,
            known: now,
            origin: CandleOrigin::Trades,
        });
        candle.high = candle.high.max(trade.price);
        candle.low = candle.low.min(trade.price);
        candle.close = trade.price;
        candle.last_trade = Some(key);
        candle.trades = candle.trades.map(|count| count + 1);
        let quantity =
            |sum: Quantity, more: Quantity| Quantity(sum.0.checked_add(more.0).unwrap_or(sum.0));
        let notional =
            |sum: Notional, more: Notional| Notional(sum.0.checked_add(more.0).unwrap_or(sum.0));
        candle.volume = quantity(candle.volume, trade.quantity);
        candle.quote_volume = candle.quote_volume.map(|sum| notional(sum, quote));
        candle.taker_buy_volume = candle.taker_buy_volume.map(|sum| quantity(sum, taker));
        candle.taker_buy_quote_volume = candle
            .taker_buy_quote_volume
            .map(|sum| notional(sum, taker_quote));
    }
    by_open.into_values().collect()
}
