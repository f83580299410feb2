//! The venue's own candles.

use std::sync::Arc;
use std::time::Duration;

use quantflow_ingest::{AskError, History, HistoryRequest, Policy};
use quantflow_model::{Timeframe, Timestamp, VenueSymbol};
use quantflow_wire::{Outcome, Purpose};

use crate::bench::{Bench, greetings, ok, status};
use crate::fake_codec::{FakeCodec, PAGE};

fn at(minute: i64) -> Timestamp {
    Timestamp::from_seconds(minute * 60)
}

fn request(from: Option<i64>, to: Option<i64>) -> HistoryRequest {
    HistoryRequest {
        symbol: VenueSymbol::new("A0").unwrap(),
        timeframe: Timeframe::M1,
        from: from.map(at),
        to: to.map(at),
        purpose: Purpose::Interactive,
    }
}

/// The venue has the candles of the first 35 minutes, and says the last few before a time.
fn candles(target: &str) -> Option<Outcome> {
    let (to, limit) = target.strip_prefix("/candles/")?.split_once('/')?;
    let limit: i64 = limit.parse().ok()?;
    let end = to.parse().map_or(35, |to: i64| (to / 60).min(35));
    let lines: Vec<_> = ((end - limit).max(0)..end)
        .map(|minute| format!("candle {}", minute * 60))
        .collect();
    Some(ok(&lines.join("\n")))
}

async fn bench(policy: Policy) -> Bench {
    let answer = |target: &str| greetings(target).or_else(|| candles(target));
    Bench::with(FakeCodec::new(), 0, policy, answer).await
}

#[tokio::test]
async fn a_span_comes_page_by_page_newest_first() {
    let bench = bench(Policy::default()).await;
    let history = bench
        .ingest
        .request_history(request(Some(3), None))
        .await
        .unwrap();
    let all = History {
        rows: 32,
        first: Some(at(3)),
        last: Some(at(34)),
        complete: true,
    };
    assert_eq!(history, all);
    let asked = bench.feed.requested("/candles");
    assert_eq!(
        asked,
        [
            "/candles/now/10",
            "/candles/1560/10",
            "/candles/1020/10",
            "/candles/480/5"
        ]
    );
    assert_eq!(
        bench.log.exchanges().len(),
        6,
        "it is in the log when it returns"
    );

    let part = bench
        .ingest
        .request_history(request(Some(3), Some(13)))
        .await
        .unwrap();
    assert_eq!((part.rows, part.complete), (10, true));
    assert_eq!(
        bench.feed.requested("/candles").len(),
        5,
        "no page before the beginning"
    );
}

#[tokio::test]
async fn before_the_first_candle_of_the_venue_there_is_nothing() {
    let bench = bench(Policy::default()).await;
    let request = request(Some(-20), Some(5));
    let history = bench.ingest.request_history(request).await.unwrap();
    assert_eq!(
        (history.rows, history.first, history.complete),
        (5, Some(at(0)), true)
    );
    assert_eq!(bench.feed.requested("/candles").len(), 1);
}

/// Whatever did not come is one span before what came.
#[tokio::test]
async fn when_the_venue_fails_in_between_the_newest_are_there() {
    let answer = |target: &str| {
        greetings(target).or_else(|| match target {
            "/candles/1020/10" => Some(status(400, &[], "no")),
            _ => candles(target),
        })
    };
    let bench = Bench::with(FakeCodec::new(), 0, Policy::default(), answer).await;
    let asked = request(Some(3), None);
    bench.ingest.request_history(asked).await.unwrap_err();
    let seen = bench.feed.requested("/candles");
    assert_eq!(
        seen,
        ["/candles/now/10", "/candles/1560/10", "/candles/1020/10"]
    );
}

#[tokio::test]
async fn the_newest_page_is_one_question() {
    let bench = bench(Policy::default()).await;
    let newest = bench
        .ingest
        .request_history(request(None, None))
        .await
        .unwrap();
    assert_eq!(
        (newest.first, newest.last, newest.complete),
        (Some(at(25)), Some(at(34)), true)
    );
    assert_eq!(bench.feed.requested("/candles").len(), 1);
}

#[tokio::test]
async fn a_long_span_ends_at_the_bound_and_says_so() {
    let policy = Policy {
        history_pages: 2,
        ..Policy::default()
    };
    let bench = bench(policy).await;
    let history = bench
        .ingest
        .request_history(request(Some(0), None))
        .await
        .unwrap();
    assert_eq!(
        (history.rows, history.first, history.complete),
        (19, Some(at(16)), false)
    );
}

#[tokio::test]
async fn who_asks_the_same_waits_for_the_same_answer() {
    let bench = Arc::new(bench(Policy::default()).await);
    let ask = || {
        let bench = Arc::clone(&bench);
        tokio::spawn(async move { bench.ingest.request_history(request(Some(30), None)).await })
    };
    let (first, second, gone) = (ask(), ask(), ask());
    gone.abort();
    assert_eq!(first.await.unwrap(), second.await.unwrap());
    assert_eq!(bench.feed.requested("/candles").len(), 1);
    ask().await.unwrap().unwrap();
    assert_eq!(
        bench.feed.requested("/candles").len(),
        2,
        "later it is asked anew"
    );
}

/// Both get the longer one's answer; what reaches past it, or wants something else, is asked for itself.
#[tokio::test]
async fn a_part_of_what_is_under_way_waits_for_the_whole() {
    let bench = bench(Policy::default()).await;
    let ask = |request| bench.ingest.request_history(request);
    let longer = request(Some(3), Some(13));
    let (whole, inside, past, newest) = tokio::join!(
        ask(longer.clone()),
        ask(request(Some(4), Some(9))),
        ask(request(Some(4), Some(14))),
        ask(request(None, Some(9))),
    );
    let whole = whole.unwrap();
    assert_eq!((whole.first, whole.last), (Some(at(3)), Some(at(12))));
    assert_eq!(inside.unwrap(), whole);
    assert_eq!(past.unwrap().last, Some(at(13)));
    assert_eq!(newest.unwrap().last, Some(at(8)));
    let mut asked = bench.feed.requested("/candles");
    asked.sort();
    assert_eq!(
        asked,
        ["/candles/540/10", "/candles/780/10", "/candles/840/10"]
    );
}

/// As many as may wait do; one more is told so at once, and who wants what is asked for already still waits.
#[tokio::test]
async fn who_comes_when_too_many_wait_is_told_so() {
    /// Those that are asked and those that wait for it.
    const ROOM: i64 = 4 + 64;
    let bench = Arc::new(Bench::with(FakeCodec::new(), 0, Policy::default(), greetings).await);
    let ask = |minute: i64| {
        let bench = Arc::clone(&bench);
        let request = request(Some(minute), Some(minute + 1));
        tokio::spawn(async move { bench.ingest.request_history(request).await })
    };
    let waiting: Vec<_> = (0..ROOM).map(ask).collect();
    bench.settle().await;
    let (refused, joined) = (ask(ROOM), ask(7));
    bench.settle().await;
    assert!(refused.is_finished(), "it does not wait");
    assert_eq!(refused.await.unwrap(), Err(AskError::Crowded));
    assert!(!joined.is_finished() && waiting.iter().all(|asking| !asking.is_finished()));
    assert_eq!(bench.feed.requested("/candles").len(), 4);
    bench.ingest.shutdown().await;
    for asking in waiting.into_iter().chain([joined]) {
        assert_eq!(asking.await.unwrap(), Err(AskError::Stopped));
    }
}

#[tokio::test]
async fn somebody_who_waits_is_told_after_a_few_attempts() {
    let answer = |target: &str| greetings(target).or_else(|| Some(status(500, &[], "down")));
    let bench = Arc::new(Bench::with(FakeCodec::new(), 0, Policy::default(), answer).await);
    let asking = {
        let bench = Arc::clone(&bench);
        tokio::spawn(async move { bench.ingest.request_history(request(None, None)).await })
    };
    bench.advance(Duration::from_secs(5)).await;
    let error = asking.await.unwrap().unwrap_err();
    assert!(
        matches!(&error, AskError::GaveUp { attempts: 3, detail, .. } if detail == "status 500: down"),
        "{error}"
    );
    assert_eq!(bench.log.exchanges().len(), 5);
}

#[tokio::test]
async fn what_the_venue_refuses_is_told_at_once() {
    let answer = |target: &str| greetings(target).or_else(|| Some(status(400, &[], "bad symbol")));
    let bench = Bench::with(FakeCodec::new(), 0, Policy::default(), answer).await;
    let error = bench
        .ingest
        .request_history(request(None, None))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "fake refused with status 400: bad symbol"
    );
    assert_eq!(bench.feed.requested("/candles").len(), 1);
}

#[tokio::test]
async fn a_venue_that_wants_an_end_is_told_now() {
    let mut codec = FakeCodec::new();
    codec.wants_an_end = true;
    let answer = |target: &str| greetings(target).or_else(|| candles(target));
    let bench = Bench::with(codec, 0, Policy::default(), answer).await;
    let history = bench.ingest.request_history(request(None, None)).await;
    assert_eq!(history.unwrap().rows, u64::from(PAGE));
    let now = crate::bench::start_time().seconds();
    let asked = bench.feed.requested("/candles");
    assert_eq!(asked, [format!("/candles/{now}/{PAGE}")]);
}
