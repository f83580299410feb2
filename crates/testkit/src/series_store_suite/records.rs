//! Cases: the ledger, sources, clearing, retention, lists, restart and housekeeping.

use std::time::Duration;

use quantflow_model::{
    DayTally, Filling, Hole, Instrument, InstrumentStatus, LedgerEvent, LedgerKind, Quarantined,
    Symbol, TimeRange, Timeframe, TradeId, TradeKey, VenueSymbol,
};
use quantflow_seams::{Commit, LedgerQuery, QuarantineQuery, Retention, SeriesStore, StateEntry};
use quantflow_wire::LogPosition;

use super::{
    StoreFixture, all_candles, all_trades, candle, candles_of, later, maintain_all, partition,
    read_candles, read_trades, symbol, time, trade, trades_of,
};

const DAY: i64 = 86_400_000;

fn everything() -> LedgerQuery {
    LedgerQuery {
        symbol: None,
        as_of: None,
    }
}

fn refused(symbol: Option<&Symbol>, received: i64) -> Quarantined {
    Quarantined {
        symbol: symbol.cloned(),
        rule: "negative_price".into(),
        reason: "the price is below zero".into(),
        received: time(received),
        venue_time: Some(time(received - 1)),
        partition: "p".into(),
        epoch: 1,
        offset: 9,
        part: 2,
        frame: (0..=255).collect(),
    }
}

fn tally(symbol: &Symbol, day: i64, count: u64) -> DayTally {
    DayTally {
        symbol: symbol.clone(),
        day: time(day * DAY),
        first_id: Some(TradeId(u128::from(u64::MAX) + 1)),
        last_id: None,
        count,
        duplicates: 1,
        quarantined: 2,
        flagged: 3,
        late: 4,
        candles_equal: 5,
        candles_different: 6,
    }
}

/// Events in the order in which they became known, tallies by day, quarantine newest first.
pub async fn ledger_tallies_and_quarantine(fixture: &dyn StoreFixture) {
    let store = fixture.open().await;
    let (btc, eth) = (symbol("x:BTC/USDT"), symbol("x:ETH/USDT"));
    let big = TradeId(u128::from(u64::MAX) * 3);
    let kinds = [
        LedgerKind::Began {
            first: TradeKey {
                time: time(0),
                id: big,
            },
        },
        LedgerKind::Found(Hole {
            from: TradeId(5),
            to: big,
            after: time(1),
            before: time(2),
        }),
        LedgerKind::Filled {
            from: TradeId(5),
            to: TradeId(6),
            with: Filling::Aggregates,
        },
        LedgerKind::Unfillable {
            from: TradeId(7),
            to: big,
            reason: "the venue keeps \"no\" trades that old".into(),
        },
        LedgerKind::Differs {
            timeframe: Timeframe::Mo1,
            open_time: time(0),
            fields: vec![("close".into(), "1".into(), "2".into())],
        },
        LedgerKind::Outage {
            timeframe: Timeframe::H1,
            open_time: time(0),
            close_time: time(59),
        },
        LedgerKind::SpanFilled {
            from: time(5),
            to: time(7),
        },
        LedgerKind::SpanUnfillable {
            from: time(7),
            to: time(9),
            reason: "too old".into(),
        },
        LedgerKind::FeedDown {
            from: time(5),
            to: time(9),
            reason: "reset".into(),
        },
    ];
    let event = |at: usize, known: i64| LedgerEvent {
        symbol: if at.is_multiple_of(2) {
            btc.clone()
        } else {
            eth.clone()
        },
        known: time(known),
        kind: kinds[at % kinds.len()].clone(),
    };
    let mut commit = later(0);
    commit.ledger = (0..7).map(|at| event(at, 1000 + at as i64)).collect();
    commit.tallies = vec![tally(&btc, 1, 10), tally(&btc, 0, 20), tally(&eth, 0, 30)];
    commit.quarantine = vec![refused(Some(&btc), 100), refused(None, 200)];
    store.commit(commit).await.unwrap();
    let mut commit = later(1);
    commit.ledger = vec![event(7, 1003), event(8, 500)];
    commit.tallies = vec![tally(&btc, 1, 11)];
    commit.quarantine = vec![refused(Some(&eth), 300), refused(Some(&btc), 50)];
    store.commit(commit).await.unwrap();

    let mut expected: Vec<_> = (0..7).map(|at| event(at, 1000 + at as i64)).collect();
    expected.extend([event(7, 1003), event(8, 500)]);
    expected.sort_by_key(|event| event.known);
    assert_eq!(store.ledger(&everything()).await.unwrap(), expected);
    let part = LedgerQuery {
        symbol: Some(eth.clone()),
        as_of: Some(time(1003)),
    };
    expected.retain(|event| event.symbol == eth && event.known <= time(1003));
    assert_eq!(expected.len(), 3);
    assert_eq!(store.ledger(&part).await.unwrap(), expected);

    let all = store.tallies(&btc, TimeRange::ALL).await.unwrap();
    assert_eq!(all, [tally(&btc, 0, 20), tally(&btc, 1, 11)]);
    // a day overlaps a range that ends inside it, and none that ends at its midnight
    let until = |end| TimeRange::new(time(-5 * DAY), time(end));
    assert_eq!(store.tallies(&btc, until(DAY)).await.unwrap().len(), 1);
    assert_eq!(store.tallies(&btc, until(DAY + 1)).await.unwrap().len(), 2);
    let from = |start| TimeRange::new(time(start), time(9 * DAY));
    assert_eq!(store.tallies(&btc, from(DAY - 1)).await.unwrap().len(), 2);
    assert_eq!(store.tallies(&btc, from(DAY)).await.unwrap().len(), 1);

    let query = |symbol: Option<&Symbol>, limit, before| QuarantineQuery {
        symbol: symbol.cloned(),
        limit,
        before,
    };
    let rows = store.quarantine(&query(None, 9, None)).await.unwrap();
    let received: Vec<_> = rows.iter().map(|row| row.entry.received).collect();
    assert_eq!(received, [time(50), time(300), time(200), time(100)]);
    assert_eq!(rows[3].entry, refused(Some(&btc), 100));
    let page = store
        .quarantine(&query(Some(&btc), 1, Some(rows[0].id)))
        .await
        .unwrap();
    assert_eq!(page, rows[3..]);
}

/// Where trades came from: at least the parts of the log that brought them, joined where they
/// touch, and none of a partition or of a part that brought none of the symbol.
pub async fn sources_name_the_log(fixture: &dyn StoreFixture) {
    let store = fixture.open().await;
    let (btc, eth) = (symbol("x:BTC/USDT"), symbol("x:ETH/USDT"));
    for at in 0..6_u64 {
        let mut commit = later(at);
        let of = if at == 3 { &eth } else { &btc };
        let row = trade(u128::from(at), at as i64 * 1000, "1", "1");
        commit.trades = vec![(of.clone(), trades_of(&[row]))];
        store.commit(commit).await.unwrap();
    }
    let offsets = |found: Vec<(_, quantflow_wire::LogRange)>| {
        found
            .into_iter()
            .map(|(_, range)| (range.from.offset, range.to.offset))
            .collect::<Vec<_>>()
    };
    let all = store.sources(&btc, TimeRange::ALL).await.unwrap();
    assert_eq!(all[0].0, partition("p"));
    assert_eq!(offsets(all), [(0, 3), (4, 6)]);
    let one = TimeRange::new(time(1000), time(1001));
    assert_eq!(offsets(store.sources(&btc, one).await.unwrap()), [(1, 2)]);
    let eths = store.sources(&eth, TimeRange::ALL).await.unwrap();
    assert_eq!(offsets(eths), [(3, 4)]);
    maintain_all(&*store).await;
    let all = store.sources(&btc, TimeRange::ALL).await.unwrap();
    assert_eq!(offsets(all), [(0, 3), (4, 6)]);
    let none = TimeRange::new(time(99_000), time(100_000));
    assert!(store.sources(&btc, none).await.unwrap().is_empty());
}

fn full_commit(from: u64, name: &str) -> Commit {
    let own = symbol(&format!("{name}:BTC/USDT"));
    let mut commit = later(from);
    commit.partition = partition(name);
    let at = from as i64;
    commit.trades = vec![(
        own.clone(),
        trades_of(&[trade(u128::from(from), at * 1000, "1.25", "3")]),
    )];
    commit.candles = vec![(
        own.clone(),
        Timeframe::M1,
        candles_of(&[candle(at, "1.25")]),
    )];
    commit.ledger = vec![LedgerEvent {
        symbol: own.clone(),
        known: time(at),
        kind: LedgerKind::FeedDown {
            from: time(at),
            to: time(at + 1),
            reason: "cut".into(),
        },
    }];
    commit.tallies = vec![tally(&own, at, 3)];
    commit.quarantine = vec![refused(Some(&own), at)];
    commit.instruments = vec![Instrument {
        symbol: own,
        venue_symbol: VenueSymbol::new("BTCUSDT").unwrap(),
        status: InstrumentStatus::Trading,
        tick: Some("0.01".parse().unwrap()),
        lot: None,
        contract: None,
        minimum_notional: None,
    }];
    commit.state = vec![StateEntry {
        key: format!("k{}", from % 3),
        value: from.to_be_bytes().to_vec(),
    }];
    commit
}

/// What a store holds of a partition of [`full_commit`]s, in words that can be compared.
async fn picture(store: &dyn SeriesStore, name: &str) -> String {
    let own = symbol(&format!("{name}:BTC/USDT"));
    let ledger = LedgerQuery {
        symbol: Some(own.clone()),
        as_of: None,
    };
    let quarantine = QuarantineQuery {
        symbol: Some(own.clone()),
        limit: 1000,
        before: None,
    };
    let refused = store.quarantine(&quarantine).await.unwrap();
    let series = store.series().await.unwrap();
    format!(
        "{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}",
        store.checkpoint(&partition(name)).await.unwrap(),
        read_trades(store, &all_trades(&own)).await,
        read_candles(store, &all_candles(&own, Timeframe::M1)).await,
        store.ledger(&ledger).await.unwrap(),
        store.tallies(&own, TimeRange::ALL).await.unwrap(),
        refused.iter().map(|row| &row.entry).collect::<Vec<_>>(),
        store.sources(&own, TimeRange::ALL).await.unwrap(),
        series.iter().find(|info| info.symbol == own),
    )
}

/// Clearing removes one partition, and only that; built again it is as before.
pub async fn a_cleared_partition_can_be_built_again(fixture: &dyn StoreFixture) {
    let store = fixture.open().await;
    for name in ["p", "q"] {
        for at in 0..5 {
            store.commit(full_commit(at, name)).await.unwrap();
        }
    }
    maintain_all(&*store).await;
    store.commit(full_commit(5, "p")).await.unwrap();
    store.commit(full_commit(5, "q")).await.unwrap();
    let before = (picture(&*store, "p").await, picture(&*store, "q").await);
    store.clear(&partition("p")).await.unwrap();
    assert_eq!(store.checkpoint(&partition("p")).await.unwrap(), None);
    let gone = symbol("p:BTC/USDT");
    assert!(read_trades(&*store, &all_trades(&gone)).await.is_empty());
    assert_eq!(store.series().await.unwrap().len(), 1);
    assert_eq!(picture(&*store, "q").await, before.1);
    for at in 0..6 {
        store.commit(full_commit(at, "p")).await.unwrap();
    }
    let after = (picture(&*store, "p").await, picture(&*store, "q").await);
    assert_eq!(after, before);
}

/// Rows of days that ended longer ago than they are kept go; nothing goes early.
pub async fn retention_removes_whole_days(fixture: &dyn StoreFixture) {
    let store = fixture.open().await;
    let (btc, other) = (symbol("x:BTC/USDT"), symbol("y:BTC/USDT"));
    let trades: Vec<_> = (0..40_u32)
        .map(|at| trade(u128::from(at), i64::from(at) * DAY / 4, "1", "1"))
        .collect();
    let minutes: Vec<_> = (0..40).map(|at| candle(at * 360, "1")).collect();
    for (at, (some, few)) in trades.chunks(10).zip(minutes.chunks(10)).enumerate() {
        let mut commit = later(at as u64);
        for symbol in [&btc, &other] {
            commit.trades.push((symbol.clone(), trades_of(some)));
            for timeframe in [Timeframe::M1, Timeframe::H1] {
                let batch = candles_of(few);
                commit.candles.push((symbol.clone(), timeframe, batch));
            }
            commit
                .quarantine
                .push(refused(Some(symbol), at as i64 * 3 * DAY));
        }
        store.commit(commit).await.unwrap();
        if at == 1 {
            maintain_all(&*store).await;
        }
    }
    // 10 days are there; at noon of the last, trades of 3 days and 1m of 5 are kept
    let now = time(9 * DAY + DAY / 2);
    let retention = Retention {
        trades: Some(Duration::from_hours(72)),
        candles: vec![(Timeframe::H1, Duration::from_hours(120))],
        quarantine: Some(Duration::from_hours(96)),
        venue: Some(btc.venue()),
    };
    for _ in 0..2 {
        store.retain(&retention, now).await.unwrap();
        let left = read_trades(&*store, &all_trades(&btc)).await;
        assert_eq!(left, trades[24..], "from the midnight of day 6");
        let m1 = read_candles(&*store, &all_candles(&btc, Timeframe::M1)).await;
        assert_eq!(m1, minutes[16..]);
        let h1 = read_candles(&*store, &all_candles(&btc, Timeframe::H1)).await;
        assert_eq!(h1, minutes);
        assert_eq!(read_trades(&*store, &all_trades(&other)).await, trades);
        let all = QuarantineQuery {
            symbol: None,
            limit: 99,
            before: None,
        };
        assert_eq!(store.quarantine(&all).await.unwrap().len(), 6);
    }
    assert!(store.check().await.unwrap().is_empty());
    drop(store);
    let store = fixture.open().await;
    let left = read_trades(&*store, &all_trades(&btc)).await;
    assert_eq!(left, trades[24..]);
}

/// Symbols with data and symbols that are only known, each with its span.
pub async fn series_are_listed(fixture: &dyn StoreFixture) {
    let store = fixture.open().await;
    let mut commit = full_commit(0, "p");
    commit.instruments[0].symbol = symbol("p:AAA/USDT");
    commit.candles.push((
        symbol("p:BTC/USDT"),
        Timeframe::H1,
        candles_of(&[candle(0, "1")]),
    ));
    store.commit(commit).await.unwrap();
    let mut commit = full_commit(1, "p");
    commit.instruments.clear();
    store.commit(commit).await.unwrap();
    let series = store.series().await.unwrap();
    assert_eq!(series.len(), 2);
    assert_eq!(series[0].symbol, symbol("p:AAA/USDT"));
    assert!(series[0].instrument.is_some());
    assert_eq!((series[0].trades, series[0].trade_rows), (None, 0));
    assert_eq!(series[1].trades, Some((time(0), time(1000))));
    assert_eq!(series[1].trade_rows, 2);
    assert_eq!(series[1].timeframes, [Timeframe::M1, Timeframe::H1]);
}

/// Everything is there after the store was closed and opened, and goes on from where it stood.
pub async fn a_restart_changes_nothing(fixture: &dyn StoreFixture) {
    let mut store = fixture.open().await;
    for at in 0..8 {
        store.commit(full_commit(at, "p")).await.unwrap();
        if at == 3 {
            maintain_all(&*store).await;
        }
        let before = picture(&*store, "p").await;
        drop(store);
        store = fixture.open().await;
        assert_eq!(picture(&*store, "p").await, before);
    }
    let standing = store.checkpoint(&partition("p")).await.unwrap().unwrap();
    assert_eq!(
        standing.position,
        LogPosition {
            epoch: 1,
            offset: 8
        }
    );
    assert!(store.check().await.unwrap().is_empty());
}

/// Housekeeping between commits changes no answer.
pub async fn housekeeping_changes_nothing(fixture: &dyn StoreFixture) {
    let store = fixture.open().await;
    for at in 0..40 {
        store.commit(full_commit(at, "p")).await.unwrap();
        let before = picture(&*store, "p").await;
        store.maintain().await.unwrap();
        assert_eq!(picture(&*store, "p").await, before);
    }
    let before = picture(&*store, "p").await;
    maintain_all(&*store).await;
    assert_eq!(picture(&*store, "p").await, before);
    assert!(store.check().await.unwrap().is_empty());
}
