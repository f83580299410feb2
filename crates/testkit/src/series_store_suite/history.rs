//! Random histories: a store and [`MemoryStore`] do the same and must answer the same.

use proptest::prelude::*;
use quantflow_model::{
    Candle, CandleOrigin, CandleState, Decimal, Notional, Price, Quantity, Side, TimeRange,
    Timeframe, Timestamp, Trade, TradeFlags, TradeId,
};
use quantflow_seams::{CandleQuery, SeriesStore, TradeQuery};
use quantflow_wire::{LogPosition, PartitionId};

use super::{
    StoreFixture, candle, candles_of, later, partition, read_candles, read_trades, symbol, time,
    trade,
};
use crate::memory_store::MemoryStore;

/// Something that happens to a store.
#[derive(Debug, Clone)]
pub enum Op {
    /// Rows of some symbols are committed: by symbol, partition (a venue each), trades, candles.
    Commit(u8, Vec<(u8, Vec<Trade>, Vec<Candle>)>),
    /// A step of housekeeping.
    Maintain,
    /// The store is closed and opened.
    Reopen,
    /// A partition is cleared.
    Clear(u8),
}

fn trades() -> impl Strategy<Value = Vec<Trade>> {
    let one = (
        0..300_u128,
        0..400_i64,
        -20_000..20_000_i64,
        0..9_u8,
        0..3_u8,
        0..40_u8,
    )
        .prop_map(|(id, at, price, scale, side, odd)| {
            let mut row = trade(id, at * 250, "1", "1");
            row.price = Price(Decimal::new(i128::from(price), scale).unwrap());
            row.quantity = Quantity(Decimal::new(id as i128 + 1, 3).unwrap());
            row.side = Side::from_code(side);
            match odd {
                0 => row.id = TradeId(u128::from(u64::MAX) + id),
                1 => row.price = Price(Decimal::new(i128::from(price) << 70, 30).unwrap()),
                2 => row.time = row.time.plus_nanos(1),
                3 => row.count = 4,
                4 => row.flags = TradeFlags::LATE,
                _ => {}
            }
            row
        });
    prop::collection::vec(one, 0..60)
}

fn candles() -> impl Strategy<Value = Vec<Candle>> {
    let one = (
        0..120_i64,
        0..3_u32,
        -500..500_i64,
        0..6_i64,
        any::<bool>(),
        0..20_u8,
    )
        .prop_map(|(minute, revision, close, known, ours, odd)| {
            let mut row = candle(minute, "1");
            row.close = Price(Decimal::new(i128::from(close), 2).unwrap());
            row.revision = revision;
            row.known = time(known * 1000);
            row.origin = if ours {
                CandleOrigin::Trades
            } else {
                CandleOrigin::Venue
            };
            match odd {
                0 => row.quote_volume = Some(Notional(Decimal::new(1 << 100, 8).unwrap())),
                1 => row.trades = None,
                2 => row.state = CandleState::Revised(quantflow_model::RevisionCause::Repair),
                3 => row.taker_buy_volume = Some(Quantity(Decimal::new(5, 1).unwrap())),
                _ => {}
            }
            row
        });
    prop::collection::vec(one, 0..40)
}

/// Histories of up to `length` steps.
pub fn ops(length: usize) -> impl Strategy<Value = Vec<Op>> {
    let rows = prop::collection::vec((0..4_u8, trades(), candles()), 1..4);
    let op = prop_oneof![
        6 => (0..2_u8, rows).prop_map(|(of, rows)| Op::Commit(of, rows)),
        4 => Just(Op::Maintain),
        1 => Just(Op::Reopen),
        1 => (0..2_u8).prop_map(Op::Clear),
    ];
    prop::collection::vec(op, 1..length)
}

fn partition_of(number: u8) -> PartitionId {
    partition(["p", "q"][usize::from(number % 2)])
}

/// Plays a history on the fixture's store and on a [`MemoryStore`], and compares what they answer.
///
/// # Panics
/// When an answer differs.
pub async fn same_history(fixture: &dyn StoreFixture, history: &[Op]) {
    let truth = MemoryStore::default();
    let mut store = fixture.open().await;
    let mut commits = 0;
    for op in history {
        match op {
            Op::Commit(of, rows) => {
                let id = partition_of(*of);
                let mut commit = later(0);
                let standing = truth.checkpoint(&id).await.unwrap();
                commit.from = standing.map_or(LogPosition::START, |s| s.position);
                commit.to = commit.from.plus(2);
                commits += 1;
                commit.pipeline_version = commits;
                for (name, trades, candles) in rows {
                    let symbol = symbol(&format!("v{}:S{name}/USDT", of % 2));
                    let mut batch = quantflow_model::TradeBatch::default();
                    for trade in trades {
                        let _ = batch.push(trade); // what does not fit beside the others is left out
                    }
                    commit.trades.push((symbol.clone(), batch));
                    commit
                        .candles
                        .push((symbol, Timeframe::M1, candles_of(candles)));
                }
                commit.partition = id;
                truth.commit(commit.clone()).await.unwrap();
                store.commit(commit).await.unwrap();
            }
            Op::Maintain => {
                store.maintain().await.unwrap();
            }
            Op::Reopen => {
                drop(store);
                store = fixture.open().await;
            }
            Op::Clear(of) => {
                truth.clear(&partition_of(*of)).await.unwrap();
                store.clear(&partition_of(*of)).await.unwrap();
            }
        }
        compare(&*store, &truth).await;
    }
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

async fn compare(store: &dyn SeriesStore, truth: &MemoryStore) {
    assert_eq!(store.series().await.unwrap(), truth.series().await.unwrap());
    for of in 0..2_u8 {
        let id = partition_of(of);
        assert_eq!(
            store.checkpoint(&id).await.unwrap(),
            truth.checkpoint(&id).await.unwrap()
        );
    }
    let ranges = [
        TimeRange::ALL,
        TimeRange::new(time(20_000), time(60_000)),
        TimeRange::new(time(50_000).plus_nanos(1), Timestamp::MAX),
    ];
    for name in ["v0:S0/USDT", "v0:S3/USDT", "v1:S1/USDT"] {
        for (at, range) in ranges.into_iter().enumerate() {
            for (newest_first, limit) in [
                (false, None),
                (true, None),
                (true, Some(7)),
                (false, Some(20)),
            ] {
                let query = TradeQuery {
                    symbol: symbol(name),
                    range,
                    newest_first,
                    limit,
                };
                let mut ours = read_trades(store, &query).await;
                let mut theirs = read_trades(truth, &query).await;
                if limit.is_none() {
                    // trades with one time and id: their order among themselves is nobody's
                    let whole = |t: &Trade| (t.key(), format!("{t:?}"));
                    ours.sort_by_key(whole);
                    theirs.sort_by_key(whole);
                    assert_eq!(ours, theirs, "{query:?}");
                } else {
                    let keys =
                        |trades: Vec<Trade>| trades.iter().map(Trade::key).collect::<Vec<_>>();
                    assert_eq!(keys(ours), keys(theirs), "{query:?}");
                }
            }
            for (as_of, origin, limit, from_end) in [
                (None, None, None, false),
                (Some(time(2000)), None, Some(9), true),
                (None, Some(CandleOrigin::Venue), Some(5), false),
                (None, None, Some(30), true),
            ] {
                let query = CandleQuery {
                    symbol: symbol(name),
                    timeframe: Timeframe::M1,
                    origin,
                    range: if at == 1 {
                        TimeRange::new(time(600_000), time(3_600_000))
                    } else {
                        range
                    },
                    as_of,
                    limit,
                    from_end,
                };
                assert_eq!(
                    read_candles(store, &query).await,
                    read_candles(truth, &query).await,
                    "{query:?}"
                );
            }
        }
    }
}
