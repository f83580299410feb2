//! Cases: commits and trades.

use quantflow_model::{Side, TimeRange, Trade, TradeFlags};
use quantflow_seams::{LedgerQuery, StateEntry, StoreError, TradeQuery};
use quantflow_wire::LogPosition;

use super::{
    StoreFixture, all_candles, all_trades, later, maintain_all, partition, read_candles,
    read_trades, symbol, time, trade, trades_of,
};

/// Nothing was committed: every query answers with nothing, none fails.
pub async fn an_empty_store_answers_nothing(fixture: &dyn StoreFixture) {
    let store = fixture.open().await;
    let btc = symbol("x:BTC/USDT");
    assert_eq!(store.checkpoint(&partition("p")).await.unwrap(), None);
    assert!(read_trades(&*store, &all_trades(&btc)).await.is_empty());
    for timeframe in quantflow_model::Timeframe::ALL {
        let query = all_candles(&btc, timeframe);
        assert!(read_candles(&*store, &query).await.is_empty());
    }
    let everything = LedgerQuery {
        symbol: None,
        as_of: None,
    };
    assert!(store.ledger(&everything).await.unwrap().is_empty());
    assert!(store.series().await.unwrap().is_empty());
    assert!(store.check().await.unwrap().is_empty());
    assert!(!store.maintain().await.unwrap().more);
    store.clear(&partition("p")).await.unwrap();
}

/// A commit goes on from where the partition stands, and partitions stand apart.
pub async fn commits_continue_one_another(fixture: &dyn StoreFixture) {
    let store = fixture.open().await;
    // the log may begin anywhere: what came before may have expired
    store.commit(later(7)).await.unwrap();
    store.commit(later(8)).await.unwrap();
    for wrong in [7, 8, 10] {
        match store.commit(later(wrong)).await {
            Err(StoreError::Conflict { from, stands, .. }) => {
                assert_eq!((from.offset, stands.offset), (wrong, 9));
            }
            other => panic!("{other:?}"),
        }
    }
    let mut elsewhere = later(0);
    elsewhere.partition = partition("q");
    elsewhere.pipeline_version = 5;
    store.commit(elsewhere).await.unwrap();
    let standing = store.checkpoint(&partition("p")).await.unwrap().unwrap();
    assert_eq!(standing.position.offset, 9);
    let standing = store.checkpoint(&partition("q")).await.unwrap().unwrap();
    assert_eq!(
        (standing.position.offset, standing.pipeline_version),
        (1, 5)
    );
    // a log that was begun anew goes on in a later epoch
    let mut anew = later(9);
    anew.to = LogPosition {
        epoch: 2,
        offset: 3,
    };
    store.commit(anew.clone()).await.unwrap();
    let standing = store.checkpoint(&partition("p")).await.unwrap().unwrap();
    assert_eq!(standing.position, anew.to);
}

/// A commit that is refused for its position leaves nothing of itself.
pub async fn a_refused_commit_leaves_nothing(fixture: &dyn StoreFixture) {
    let store = fixture.open().await;
    let btc = symbol("x:BTC/USDT");
    let mut first = later(0);
    first.trades = vec![(btc.clone(), trades_of(&[trade(1, 0, "1", "1")]))];
    store.commit(first.clone()).await.unwrap();
    first.state = vec![StateEntry {
        key: "k".into(),
        value: vec![1],
    }];
    assert!(store.commit(first).await.is_err());
    assert_eq!(read_trades(&*store, &all_trades(&btc)).await.len(), 1);
    let standing = store.checkpoint(&partition("p")).await.unwrap().unwrap();
    assert!(standing.state.is_empty());
}

/// State entries replace one another by key; an empty value removes.
pub async fn state_is_kept_by_key(fixture: &dyn StoreFixture) {
    let store = fixture.open().await;
    let entry = |key: &str, value: &[u8]| StateEntry {
        key: key.into(),
        value: value.to_vec(),
    };
    let mut commit = later(0);
    commit.state = vec![entry("b", &[2]), entry("a", &[1; 70_000]), entry("c", &[3])];
    store.commit(commit).await.unwrap();
    let mut commit = later(1);
    commit.state = vec![entry("b", &[9]), entry("c", &[]), entry("never", &[])];
    store.commit(commit).await.unwrap();
    let standing = store.checkpoint(&partition("p")).await.unwrap().unwrap();
    assert_eq!(
        standing.state,
        vec![entry("a", &[1; 70_000]), entry("b", &[9])]
    );
}

/// Ids and times that disagree, and commits out of order: by (time, id), and the same backwards.
pub async fn trades_are_ordered_by_time_and_id(fixture: &dyn StoreFixture) {
    let store = fixture.open().await;
    let btc = symbol("x:BTC/USDT");
    let batches = [
        vec![
            trade(10, 500, "1", "1"),
            trade(11, 400, "2", "1"),
            trade(12, 500, "3", "1"),
        ],
        vec![trade(5, 900, "4", "1")],
        vec![trade(1, 100, "5", "1"), trade(9, 500, "6", "1")],
    ];
    for (at, batch) in batches.iter().enumerate() {
        let mut commit = later(at as u64);
        commit.trades = vec![(btc.clone(), trades_of(batch))];
        store.commit(commit).await.unwrap();
    }
    let ids = |trades: Vec<Trade>| trades.iter().map(|t| t.id.0).collect::<Vec<_>>();
    let query = all_trades(&btc);
    let expected = vec![1, 11, 9, 10, 12, 5];
    assert_eq!(ids(read_trades(&*store, &query).await), expected);
    let backwards = TradeQuery {
        newest_first: true,
        ..query
    };
    let reversed: Vec<_> = expected.into_iter().rev().collect();
    assert_eq!(ids(read_trades(&*store, &backwards).await), reversed);
}

/// `start <= t < end`, to the nanosecond, before and after housekeeping.
pub async fn a_range_has_its_start_and_not_its_end(fixture: &dyn StoreFixture) {
    let store = fixture.open().await;
    let btc = symbol("x:BTC/USDT");
    let trades: Vec<Trade> = (0..100_u32)
        .map(|at| Trade {
            time: time(0).plus_nanos(i64::from(at / 3) * 7),
            ..trade(u128::from(at), 0, "1", "1")
        })
        .collect();
    for (at, part) in trades.chunks(9).enumerate() {
        let mut commit = later(at as u64);
        commit.trades = vec![(btc.clone(), trades_of(part))];
        store.commit(commit).await.unwrap();
    }
    for round in 0..2 {
        for (from, to) in [
            (0, 1),
            (7, 14),
            (6, 15),
            (8, 8),
            (21, 7),
            (200, 300),
            (-5, 1),
        ] {
            let range = TimeRange::new(time(0).plus_nanos(from), time(0).plus_nanos(to));
            let query = TradeQuery {
                range,
                ..all_trades(&btc)
            };
            let expected: Vec<_> = trades
                .iter()
                .copied()
                .filter(|trade| range.contains(trade.time))
                .collect();
            let found = read_trades(&*store, &query).await;
            assert_eq!(found, expected, "{from}..{to} in round {round}");
        }
        maintain_all(&*store).await;
    }
}

/// A limit keeps the end that is asked for.
pub async fn limits_keep_the_asked_end(fixture: &dyn StoreFixture) {
    let store = fixture.open().await;
    let btc = symbol("x:BTC/USDT");
    for at in 0..6 {
        let mut commit = later(at);
        let trades: Vec<_> = (0..7)
            .map(|n| {
                trade(
                    u128::from(at) * 7 + n,
                    (at as i64 * 7 + n as i64) * 10,
                    "1",
                    "1",
                )
            })
            .collect();
        commit.trades = vec![(btc.clone(), trades_of(&trades))];
        store.commit(commit).await.unwrap();
    }
    for (limit, newest_first) in [
        (0, false),
        (1, false),
        (7, true),
        (8, true),
        (42, false),
        (99, true),
    ] {
        let query = TradeQuery {
            limit: Some(limit),
            newest_first,
            ..all_trades(&btc)
        };
        let found = read_trades(&*store, &query).await;
        assert_eq!(found.len(), limit.min(42));
        if let Some(first) = found.first() {
            assert_eq!(first.id.0, if newest_first { 41 } else { 0 });
        }
        if let Some(last) = found.last() {
            let nth = found.len() as u128 - 1;
            assert_eq!(last.id.0, if newest_first { 41 - nth } else { nth });
        }
    }
}

/// Negative prices, 38 digits, ids over 64 bits, times before 1970 and to the nanosecond, every
/// side and mark: all as they were.
pub async fn every_number_comes_back_exactly(fixture: &dyn StoreFixture) {
    let store = fixture.open().await;
    let cases: [(&str, &str); 7] = [
        ("-37.63", "1"),
        ("99999999999999999999999999999999999999", "1"),
        ("-99999999999999999999999999999999999999", "0"),
        ("0.00000000000000000000000000000000000001", "1"),
        ("1.5", "0.0000000000000000000001"),
        ("9223372036854775807", "9223372036854775808"),
        ("0", "123456789.123456789"),
    ];
    let mut expected = Vec::new();
    for (at, (price, quantity)) in cases.iter().enumerate() {
        let symbol = symbol(&format!("x:C{at}/USDT"));
        let id = [3, u128::from(u64::MAX) + 9, u128::MAX / 2][at % 3];
        let trades = [
            trade(id - 1, 0, "1", "1"),
            Trade {
                side: [Side::Unknown, Side::Sell, Side::Buy][at % 3],
                flags: TradeFlags(at as u8),
                count: 1 + at as u32 * 7,
                time: time(1).plus_nanos(at as i64),
                ..trade(id, 0, price, quantity)
            },
            Trade {
                time: quantflow_model::Timestamp::from_nanos(-1 - at as i64),
                ..trade(id - 2, 0, "2", "2")
            },
        ];
        // together with 1 the largest of them do not fit one column
        let apart = at == 3;
        for (n, part) in trades.chunks(if apart { 1 } else { 3 }).enumerate() {
            let mut commit = later(expected.len() as u64 * 10 + n as u64);
            commit.partition = partition(&format!("p{at}"));
            commit.trades = vec![(symbol.clone(), trades_of(part))];
            if n == 0 {
                commit.from = LogPosition::START;
            }
            commit.to = LogPosition::START.plus(n as u64 + 1);
            commit.from = LogPosition::START.plus(n as u64);
            store.commit(commit).await.unwrap();
        }
        expected.push((symbol, vec![trades[2], trades[0], trades[1]]));
    }
    for _ in 0..2 {
        for (symbol, trades) in &expected {
            assert_eq!(read_trades(&*store, &all_trades(symbol)).await, *trades);
        }
        maintain_all(&*store).await;
    }
    drop(store);
    let store = fixture.open().await;
    for (symbol, trades) in &expected {
        assert_eq!(read_trades(&*store, &all_trades(symbol)).await, *trades);
    }
}

/// Prices of one symbol that no one column of 38 digits holds.
pub async fn numbers_that_do_not_fit_together_are_kept_apart(fixture: &dyn StoreFixture) {
    let store = fixture.open().await;
    let btc = symbol("x:BTC/USDT");
    let mut expected = Vec::new();
    for at in 0..12_u32 {
        let price = if at % 2 == 0 { "1e37" } else { "1e-37" };
        let row = trade(u128::from(at), i64::from(at % 5), price, "1");
        expected.push(row);
        let mut commit = later(u64::from(at));
        commit.trades = vec![(btc.clone(), trades_of(&[row]))];
        store.commit(commit).await.unwrap();
    }
    expected.sort_by_key(Trade::key);
    assert_eq!(read_trades(&*store, &all_trades(&btc)).await, expected);
    maintain_all(&*store).await;
    assert_eq!(read_trades(&*store, &all_trades(&btc)).await, expected);
}

/// Many symbols with different scales in every commit.
pub async fn a_thousand_symbols_stay_apart(fixture: &dyn StoreFixture) {
    let store = fixture.open().await;
    let symbols: Vec<_> = (0..1000)
        .map(|at| symbol(&format!("x:S{at}/USDT")))
        .collect();
    let price = |at: usize| {
        format!(
            "{}.{}",
            at + 1,
            "123456789".split_at(at % 9).0.to_owned() + "1"
        )
    };
    for round in 0..3_u32 {
        let mut commit = later(u64::from(round));
        commit.trades = symbols
            .iter()
            .enumerate()
            .map(|(at, symbol)| {
                let first = trade(
                    u128::from(round) * 2,
                    i64::from(round) * 10,
                    &price(at),
                    "0.1",
                );
                let second = trade(u128::from(round) * 2 + 1, i64::from(round) * 10, "2", "3");
                (symbol.clone(), trades_of(&[first, second]))
            })
            .collect();
        store.commit(commit).await.unwrap();
    }
    maintain_all(&*store).await;
    for at in [0, 1, 8, 500, 999] {
        let found = read_trades(&*store, &all_trades(&symbols[at])).await;
        assert_eq!(found.len(), 6);
        assert_eq!(found[0].price.to_string(), price(at));
        assert!(found.windows(2).all(|pair| pair[0].key() < pair[1].key()));
    }
    assert_eq!(store.series().await.unwrap().len(), 1000);
}
