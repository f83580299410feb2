//! Cases: candles and their revisions.

use quantflow_model::{
    Candle, CandleOrigin, CandleState, Notional, TimeRange, Timeframe, TradeId, TradeKey,
};
use quantflow_seams::{CandleQuery, SeriesStore};

use super::{
    StoreFixture, all_candles, candle, candles_of, later, maintain_all, read_candles, symbol, time,
};

const M1: Timeframe = Timeframe::M1;

fn closes(candles: &[Candle]) -> Vec<String> {
    candles.iter().map(|c| c.close.to_string()).collect()
}

fn revised(of: &Candle, revision: u32, close: &str, known: i64) -> Candle {
    Candle {
        close: close.parse().unwrap(),
        state: CandleState::Revised(quantflow_model::RevisionCause::Venue),
        revision,
        known: time(known),
        ..*of
    }
}

async fn commit(store: &dyn SeriesStore, from: u64, candles: &[Candle]) {
    let mut commit = later(from);
    commit.candles = vec![(symbol("x:BTC/USDT"), M1, candles_of(candles))];
    store.commit(commit).await.unwrap();
}

/// The highest revision is the answer, also when it comes in another commit, or first.
pub async fn the_newest_revision_wins(fixture: &dyn StoreFixture) {
    let store = fixture.open().await;
    let btc = symbol("x:BTC/USDT");
    let (a, b, c) = (candle(0, "1"), candle(1, "2"), candle(2, "3"));
    commit(&*store, 0, &[a, b]).await;
    commit(&*store, 1, &[c, revised(&a, 1, "1.5", 200_000)]).await;
    commit(&*store, 2, &[revised(&a, 3, "1.7", 400_000)]).await;
    commit(&*store, 3, &[revised(&a, 2, "1.6", 300_000)]).await;
    // the same revision again: the later commit's is taken
    commit(&*store, 4, &[revised(&b, 1, "2.1", 500_000)]).await;
    commit(&*store, 5, &[revised(&b, 1, "2.2", 500_000)]).await;
    // and inside one commit the later batch's, wherever the batches begin
    let mut both = later(6);
    both.candles = vec![
        (
            btc.clone(),
            M1,
            candles_of(&[revised(&c, 1, "3.1", 600_000)]),
        ),
        (
            btc.clone(),
            M1,
            candles_of(&[b, revised(&c, 1, "3.2", 600_000)]),
        ),
    ];
    store.commit(both).await.unwrap();
    for _ in 0..2 {
        let found = read_candles(&*store, &all_candles(&btc, M1)).await;
        assert_eq!(closes(&found), ["1.7", "2.2", "3.2"]);
        assert_eq!(found[0].revision, 3);
        let all = store.revisions(&btc, M1, a.open_time).await.unwrap();
        let all: Vec<_> = all.iter().collect();
        assert_eq!(closes(&all), ["1", "1.5", "1.6", "1.7"]);
        maintain_all(&*store).await;
    }
    let none = store.revisions(&btc, M1, time(999)).await.unwrap();
    assert!(none.is_empty());
}

/// `as_of` answers as it would have been answered then.
pub async fn a_query_as_of_a_time_sees_what_was_known(fixture: &dyn StoreFixture) {
    let store = fixture.open().await;
    let btc = symbol("x:BTC/USDT");
    let (a, b) = (candle(0, "1"), candle(1, "2"));
    commit(&*store, 0, &[a, b]).await;
    commit(&*store, 1, &[revised(&a, 1, "1.5", 200_000)]).await;
    for _ in 0..2 {
        for (as_of, expected) in [
            (59_999, vec![]),
            (60_000, vec!["1"]),
            (120_000, vec!["1", "2"]),
            (199_999, vec!["1", "2"]),
            (200_000, vec!["1.5", "2"]),
        ] {
            let query = CandleQuery {
                as_of: Some(time(as_of)),
                ..all_candles(&btc, M1)
            };
            let found = read_candles(&*store, &query).await;
            assert_eq!(closes(&found), expected, "as of {as_of}");
        }
        maintain_all(&*store).await;
    }
}

/// Where a candle exists in both origins, ours is the answer; each can be asked for.
pub async fn ours_before_the_venues(fixture: &dyn StoreFixture) {
    let store = fixture.open().await;
    let btc = symbol("x:BTC/USDT");
    let venue = |minute, close: &str, revision| Candle {
        origin: CandleOrigin::Venue,
        revision,
        ..candle(minute, close)
    };
    let mixed = [
        venue(0, "10", 4),
        candle(1, "2"),
        venue(1, "20", 9),
        candle(2, "3"),
    ];
    commit(&*store, 0, &mixed).await;
    commit(&*store, 1, &[candle(0, "1")]).await;
    commit(&*store, 2, &[venue(3, "40", 0)]).await;
    for (origin, expected) in [
        (None, vec!["1", "2", "3", "40"]),
        (Some(CandleOrigin::Trades), vec!["1", "2", "3"]),
        (Some(CandleOrigin::Venue), vec!["10", "20", "40"]),
    ] {
        let query = CandleQuery {
            origin,
            ..all_candles(&btc, M1)
        };
        assert_eq!(closes(&read_candles(&*store, &query).await), expected);
    }
}

/// Limits count candles, not revisions; from the end the answer is ascending all the same.
pub async fn candle_limits_keep_the_asked_end(fixture: &dyn StoreFixture) {
    let store = fixture.open().await;
    let btc = symbol("x:BTC/USDT");
    let candles: Vec<_> = (0..50)
        .map(|minute| candle(minute, &minute.to_string()))
        .collect();
    for (at, part) in candles.chunks(7).enumerate() {
        commit(&*store, at as u64, part).await;
    }
    let again: Vec<_> = candles[40..]
        .iter()
        .flat_map(|c| (1..6).map(|n| revised(c, n, "7", 10_000_000 + i64::from(n))))
        .collect();
    commit(&*store, 8, &again).await;
    for _ in 0..2 {
        for (limit, from_end, first, last) in [
            (1, true, 49, 49),
            (12, true, 38, 49),
            (12, false, 0, 11),
            (50, true, 0, 49),
            (80, false, 0, 49),
        ] {
            let query = CandleQuery {
                limit: Some(limit),
                from_end,
                ..all_candles(&btc, M1)
            };
            let found = read_candles(&*store, &query).await;
            let minutes: Vec<_> = found.iter().map(|c| c.open_time).collect();
            let expected: Vec<_> = (first..=last).map(|minute| time(minute * 60_000)).collect();
            assert_eq!(minutes, expected, "{limit} from the end: {from_end}");
        }
        let inside = CandleQuery {
            range: TimeRange::new(time(3 * 60_000), time(5 * 60_000)),
            limit: Some(9),
            from_end: true,
            ..all_candles(&btc, M1)
        };
        assert_eq!(closes(&read_candles(&*store, &inside).await), ["3", "4"]);
        maintain_all(&*store).await;
    }
}

/// Optional fields, in every mixture, come back as they were.
pub async fn what_a_candle_lacks_stays_absent(fixture: &dyn StoreFixture) {
    let store = fixture.open().await;
    let btc = symbol("x:BTC/USDT");
    let number = |text: &str| text.parse().unwrap();
    let key = |id, millis| {
        Some(TradeKey {
            id: TradeId(id),
            time: time(millis),
        })
    };
    let candles: Vec<Candle> = (0..64_i64)
        .map(|n| {
            let has = |bit: i64| n & (1 << bit) != 0;
            Candle {
                quote_volume: has(0).then(|| Notional(number("123456789012345678901.00000001"))),
                trades: has(1).then_some(0),
                taker_buy_volume: has(2).then(|| quantflow_model::Quantity(number("0"))),
                taker_buy_quote_volume: has(3).then(|| Notional(number("0.5"))),
                first_trade: if has(4) {
                    key(u128::from(u64::MAX) * 4, 1)
                } else {
                    None
                },
                last_trade: if has(5) { key(7, n) } else { None },
                ..candle(n, "-1")
            }
        })
        .collect();
    commit(&*store, 0, &candles[..8]).await;
    commit(&*store, 1, &candles[8..9]).await;
    commit(&*store, 2, &candles[9..]).await;
    for _ in 0..2 {
        assert_eq!(read_candles(&*store, &all_candles(&btc, M1)).await, candles);
        maintain_all(&*store).await;
    }
}

/// Series of one symbol do not mix, and `1m` is not `1M`.
pub async fn every_timeframe_is_apart(fixture: &dyn StoreFixture) {
    let store = fixture.open().await;
    let btc = symbol("x:BTC/USDT");
    let mut commit = later(0);
    commit.candles = Timeframe::ALL
        .iter()
        .enumerate()
        .map(|(at, timeframe)| {
            let batch = candles_of(&[candle(0, &(at + 1).to_string())]);
            (btc.clone(), *timeframe, batch)
        })
        .collect();
    store.commit(commit).await.unwrap();
    maintain_all(&*store).await;
    for (at, timeframe) in Timeframe::ALL.into_iter().enumerate() {
        let found = read_candles(&*store, &all_candles(&btc, timeframe)).await;
        assert_eq!(closes(&found), [(at + 1).to_string()]);
    }
}
