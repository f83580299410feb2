//! Pages of candles: whatever the store gives at a time, a page has all that there is of its span.

use std::collections::BTreeSet;
use std::sync::Arc;

use quantflow_market::stream::Hub;
use quantflow_market::view::{CandleRequest, CandleView};
use quantflow_market::{Market, MarketQueries};
use quantflow_model::{
    Candle, CandleOrigin, LedgerEvent, LedgerKind, Quantity, TimeRange, Timeframe, Timestamp,
    TradeId, TradeKey,
};
use quantflow_seams::{Commit, SeriesStore};
use quantflow_testkit::MemoryLog;
use quantflow_testkit::clock::ManualClock;
use quantflow_testkit::memory_store::MemoryStore;
use quantflow_testkit::series_store_suite::{candle, candles_of, later, symbol, time};

/// So many minutes after the first of ours.
const NOW: i64 = 400;

fn ours(minutes: impl IntoIterator<Item = i64>) -> Vec<Candle> {
    minutes
        .into_iter()
        .map(|minute| candle(minute, "10"))
        .collect()
}

fn venues(minutes: impl IntoIterator<Item = i64>) -> Vec<Candle> {
    let venue = |minute| Candle {
        origin: CandleOrigin::Venue,
        ..candle(minute, "20")
    };
    minutes.into_iter().map(venue).collect()
}

/// Answers from a store that holds these.
async fn market(candles: &[Candle]) -> Market {
    market_of(candles, Vec::new()).await
}

/// The same with a ledger that says that the series began with a minute, and that nothing is missing.
async fn whole_market(candles: &[Candle], began: i64) -> Market {
    let first = TradeKey {
        time: time(began * 60_000),
        id: TradeId(1),
    };
    let began = LedgerEvent {
        symbol: symbol("x:BTC/USDT"),
        known: first.time,
        kind: LedgerKind::Began { first },
    };
    market_of(candles, vec![began]).await
}

async fn market_of(candles: &[Candle], ledger: Vec<LedgerEvent>) -> Market {
    let store = MemoryStore::default();
    let commit = Commit {
        candles: vec![(symbol("x:BTC/USDT"), Timeframe::M1, candles_of(candles))],
        ledger,
        ..later(0)
    };
    store.commit(commit).await.unwrap();
    let clock = Arc::new(ManualClock::new(time(NOW * 60_000)));
    let log = Arc::new(MemoryLog::new(1 << 20));
    Market::new(&[], Arc::new(store), log, clock, Hub::default())
}

fn request(from: Option<i64>, limit: usize) -> CandleRequest {
    CandleRequest {
        symbol: symbol("x:BTC/USDT"),
        timeframe: Timeframe::M1,
        range: TimeRange::new(
            from.map_or(Timestamp::MIN, |minute| time(minute * 60_000)),
            Timestamp::MAX,
        ),
        limit,
        as_of: None,
        fill: false,
    }
}

fn minute(view: &CandleView) -> i64 {
    view.candle.open_time.since(time(0)) / 60_000_000_000
}

async fn page(market: &Market, from: Option<i64>, limit: usize) -> Vec<i64> {
    let page = market.candles(&request(from, limit)).await.unwrap();
    page.candles.iter().map(minute).collect()
}

/// Ours have a hole that the venue's fill; each is read in pieces of the page's size.
#[tokio::test]
async fn what_one_source_gives_beyond_the_other_does_not_pass_for_all_that_there_is() {
    let held = [
        ours([100, 300].into_iter().chain((310..400).step_by(10))),
        venues((101..300).chain(390..400)),
    ]
    .concat();
    let market = market(&held).await;
    let minute = |candle: &Candle| candle.open_time.since(time(0)) / 60_000_000_000;
    let all: BTreeSet<i64> = held.iter().map(minute).collect();
    let all: Vec<i64> = all.into_iter().collect();
    for limit in [1, 2, 10, 11, 20, 21, 50, 200, 500] {
        let newest = all[all.len().saturating_sub(limit)..].to_vec();
        assert_eq!(page(&market, None, limit).await, newest, "newest {limit}");
        for from in [0, 100, 101, 250, 299, 301, 395] {
            let later = all.iter().copied().filter(|minute| *minute >= from);
            let oldest: Vec<_> = later.take(limit).collect();
            let told = page(&market, Some(from), limit).await;
            assert_eq!(told, oldest, "{limit} from {from}");
        }
    }
}

/// By cursor from the first to the last, none is left out.
#[tokio::test]
async fn page_after_page_everything_comes() {
    let held = [ours((0..400).step_by(7)), venues(150..260)].concat();
    let market = market(&held).await;
    let all: BTreeSet<Timestamp> = held.iter().map(|c| c.open_time).collect();
    let (mut seen, mut from) = (Vec::new(), time(0));
    loop {
        let request = CandleRequest {
            range: TimeRange::new(from, Timestamp::MAX),
            ..request(None, 9)
        };
        let page = market.candles(&request).await.unwrap();
        seen.extend(page.candles.iter().map(|view| view.candle.open_time));
        match page.next {
            Some(next) => from = next,
            None => break,
        }
    }
    assert_eq!(seen, all.into_iter().collect::<Vec<_>>());
}

/// Where we know ourselves that nothing was traded, the venue's candles without trades are not told: for each of
/// them the next one is read, until the page is full.
#[tokio::test]
async fn candles_that_are_not_told_do_not_end_a_page() {
    let empty = venues(5..300).into_iter().map(|candle| Candle {
        trades: Some(0),
        volume: Quantity::ZERO,
        ..candle
    });
    let held: Vec<Candle> = ours((0..5).chain(300..310))
        .into_iter()
        .chain(empty)
        .collect();
    let market = whole_market(&held, 0).await;
    let all: Vec<i64> = (0..5).chain(300..310).collect();
    for limit in 1..=20 {
        let told = |from| {
            let request = CandleRequest {
                as_of: Some(time(NOW * 60_000)),
                ..request(from, limit)
            };
            let market = &market;
            async move {
                let page = market.candles(&request).await.unwrap();
                page.candles.iter().map(minute).collect::<Vec<_>>()
            }
        };
        let newest = &all[all.len().saturating_sub(limit)..];
        assert_eq!(told(None).await, newest, "newest {limit}");
        for from in [0, 3, 5, 100, 299] {
            let later = all.iter().copied().filter(|minute| *minute >= from);
            let oldest: Vec<_> = later.take(limit).collect();
            assert_eq!(told(Some(from)).await, oldest, "{limit} from {from}");
        }
    }
}

/// What was not heard yet at a moment of the past does not pass for nothing traded, and after it there was nothing.
#[tokio::test]
async fn a_moment_of_the_past_knows_nothing_of_what_comes_after_its_last_candle() {
    let market = whole_market(&ours([1, 2, 3, 6, 20]), 1).await;
    let at = |from, limit| {
        let request = CandleRequest {
            as_of: Some(time(9 * 60_000 + 30_000)),
            fill: true,
            ..request(from, limit)
        };
        let market = &market;
        async move {
            let page = market.candles(&request).await.unwrap();
            let shown = |view: &CandleView| (minute(view), view.filled, view.complete);
            page.candles.iter().map(shown).collect::<Vec<_>>()
        }
    };
    let all = [
        (1, false, true),
        (2, false, true),
        (3, false, true),
        (4, true, true),
        (5, true, true),
        (6, false, true),
        (7, true, false),
        (8, true, false),
        (9, true, false),
    ];
    assert_eq!(at(Some(1), 500).await, all);
    assert_eq!(at(Some(1), 5).await, all[..5]);
    assert_eq!(at(None, 500).await, all);
    assert_eq!(at(None, 5).await, all[4..]);
}
