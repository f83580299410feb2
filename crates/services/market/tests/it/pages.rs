//! Pages of candles: whatever the store gives at a time, a page has all that there is of its span.

use std::collections::BTreeSet;
use std::sync::Arc;

use quantflow_market::stream::Hub;
use quantflow_market::view::{CandleRequest, CandleView};
use quantflow_market::{Market, MarketQueries};
use quantflow_model::{Candle, CandleOrigin, TimeRange, Timeframe, Timestamp};
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
    let store = MemoryStore::default();
    let commit = Commit {
        candles: vec![(symbol("x:BTC/USDT"), Timeframe::M1, candles_of(candles))],
        ..later(0)
    };
    store.commit(commit).await.unwrap();
    let clock = Arc::new(ManualClock::new(time(NOW * 60_000)));
    let log = Arc::new(MemoryLog::new(1 << 20));
    Market::new(&[], Arc::new(store), log, clock, Hub::default())
}

async fn page(market: &Market, from: Option<i64>, limit: usize) -> (Vec<i64>, Vec<CandleView>) {
    let request = CandleRequest {
        symbol: symbol("x:BTC/USDT"),
        timeframe: Timeframe::M1,
        range: TimeRange::new(
            from.map_or(Timestamp::MIN, |minute| time(minute * 60_000)),
            Timestamp::MAX,
        ),
        limit,
        as_of: None,
        fill: false,
    };
    let page = market.candles(&request).await.unwrap();
    let minute = |view: &CandleView| view.candle.open_time.since(time(0)) / 60_000_000_000;
    (page.candles.iter().map(minute).collect(), page.candles)
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
        assert_eq!(page(&market, None, limit).await.0, newest, "newest {limit}");
        for from in [0, 100, 101, 250, 299, 301, 395] {
            let later = all.iter().copied().filter(|minute| *minute >= from);
            let oldest: Vec<_> = later.take(limit).collect();
            let told = page(&market, Some(from), limit).await.0;
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
            symbol: symbol("x:BTC/USDT"),
            timeframe: Timeframe::M1,
            range: TimeRange::new(from, Timestamp::MAX),
            limit: 9,
            as_of: None,
            fill: false,
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
