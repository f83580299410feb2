//! Builders for the suite's cases.

use quantflow_model::{
    Candle, CandleBatch, CandleOrigin, CandleState, Price, Quantity, Side, Symbol, Timestamp,
    Trade, TradeBatch, TradeFlags, TradeId,
};
use quantflow_seams::Commit;
use quantflow_wire::{LogPosition, PartitionId};

/// A symbol by name.
pub fn symbol(text: &str) -> Symbol {
    text.parse().unwrap()
}

/// A partition by name.
pub fn partition(name: &str) -> PartitionId {
    PartitionId::new(name).unwrap()
}

/// 2024-01-01 and so many milliseconds.
pub fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_704_067_200_000 + millis)
}

/// A trade so many milliseconds after 2024-01-01.
pub fn trade(id: u128, millis: i64, price: &str, quantity: &str) -> Trade {
    Trade {
        id: TradeId(id),
        time: time(millis),
        price: price.parse::<Price>().unwrap(),
        quantity: quantity.parse::<Quantity>().unwrap(),
        side: Side::Buy,
        flags: TradeFlags::NONE,
        count: 1,
    }
}

/// A batch.
pub fn trades_of(trades: &[Trade]) -> TradeBatch {
    let mut batch = TradeBatch::default();
    for trade in trades {
        batch.push(trade).unwrap();
    }
    batch
}

/// A closed candle of ours that opens so many minutes after 2024-01-01 and was known at once.
pub fn candle(minute: i64, close: &str) -> Candle {
    let price: Price = close.parse().unwrap();
    Candle {
        open_time: time(minute * 60_000),
        open: price,
        high: price,
        low: price,
        close: price,
        volume: Quantity("1.5".parse().unwrap()),
        quote_volume: None,
        trades: Some(3),
        taker_buy_volume: None,
        taker_buy_quote_volume: None,
        first_trade: None,
        last_trade: None,
        state: CandleState::Closed,
        revision: 0,
        known: time((minute + 1) * 60_000),
        origin: CandleOrigin::Trades,
    }
}

/// A batch.
pub fn candles_of(candles: &[Candle]) -> CandleBatch {
    let mut batch = CandleBatch::default();
    for candle in candles {
        batch.push(candle).unwrap();
    }
    batch
}

/// A commit of the partition `p` that goes on from `from` by one record.
pub fn later(from: u64) -> Commit {
    let at = LogPosition {
        epoch: 1,
        offset: from,
    };
    Commit::new(partition("p"), at, at.plus(1))
}
