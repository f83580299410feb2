//! Candles and ledgers for unit tests.

use quantflow_model::{
    Candle, CandleOrigin, CandleState, LedgerEvent, LedgerKind, Timestamp, TradeId, TradeKey,
};

use crate::completeness::Completeness;

/// A candle of so many minutes after the epoch, at one price.
pub(crate) fn candle(minute: i64, close: &str, origin: CandleOrigin, revision: u32) -> Candle {
    let price = close.parse().unwrap();
    Candle {
        open_time: Timestamp::from_seconds(minute * 60),
        open: price,
        high: price,
        low: price,
        close: price,
        volume: "1".parse().unwrap(),
        quote_volume: None,
        trades: Some(1),
        taker_buy_volume: None,
        taker_buy_quote_volume: None,
        first_trade: None,
        last_trade: None,
        state: CandleState::Closed,
        revision,
        known: Timestamp::EPOCH,
        origin,
    }
}

/// A ledger whose series began with a minute, and that misses nothing.
pub(crate) fn began(minute: i64) -> Completeness {
    let first = TradeKey {
        time: Timestamp::from_seconds(minute * 60),
        id: TradeId(1),
    };
    let symbol = "demo:BTC/USDT".parse().unwrap();
    let kind = LedgerKind::Began { first };
    Completeness::of(
        &[LedgerEvent {
            symbol,
            known: Timestamp::EPOCH,
            kind,
        }],
        None,
    )
}
