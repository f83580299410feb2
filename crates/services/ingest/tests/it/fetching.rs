//! Trades that are not asked for by id upward: downward, by time, as the newest ones. The venue of these
//! tests has one trade a second, whose number is its second.

use quantflow_ingest::{Policy, RepairHow, SpanRequest, Submitted};
use quantflow_model::{TimeRange, Timestamp, VenueSymbol};
use quantflow_wire::Outcome;

use crate::bench::{Bench, greetings, ok};
use crate::fake_codec::{FakeCodec, PAGE};
use crate::repairs::repair;

fn say(ids: impl Iterator<Item = i64>) -> Outcome {
    let lines: Vec<_> = ids.map(|id| format!("A0 {id}")).collect();
    ok(&lines.join("\n"))
}

fn numbers(target: &str, path: &str) -> Option<Vec<i64>> {
    let rest = target.strip_prefix(path)?;
    rest.split('/').map(|part| part.parse().ok()).collect()
}

/// How the venue fills a page that is too small for a span.
#[derive(Clone, Copy)]
enum Fills {
    FromTheBeginning,
    FromTheEnd,
}

async fn bench(codec: FakeCodec, fills: Fills) -> Bench {
    let page = i64::from(PAGE);
    let answer = move |target: &str| {
        if let Some(asked) = numbers(target, "/before/") {
            // it has none before 40
            let (before, limit) = (asked[0], asked[1]);
            return Some(say((before - limit).max(40)..before));
        }
        if let Some(asked) = numbers(target, "/span/") {
            let up = |millis: i64| (millis + 999) / 1_000;
            let (from, to) = (up(asked[0]), up(asked[1]));
            return Some(match fills {
                Fills::FromTheBeginning => say(from..to.min(from + page)),
                Fills::FromTheEnd => say(from.max(to - page)..to),
            });
        }
        if target.starts_with("/newest/") {
            return Some(say(90..100));
        }
        greetings(target)
    };
    Bench::with(codec, 0, Policy::default(), answer).await
}

fn span(from: i64, to: i64) -> SpanRequest {
    SpanRequest {
        symbol: "fake:A0/USD".parse().unwrap(),
        venue_symbol: VenueSymbol::new("A0").unwrap(),
        span: TimeRange::new(Timestamp::from_seconds(from), Timestamp::from_seconds(to)),
    }
}

#[tokio::test]
async fn a_hole_is_fetched_downward() {
    let bench = bench(FakeCodec::new(), Fills::FromTheEnd).await;
    bench.ingest.repair(repair(60, 84, RepairHow::TradesBefore));
    bench.settle().await;
    let asked = bench.feed.requested("/before");
    assert_eq!(asked, ["/before/85/10", "/before/75/10", "/before/65/10"]);
    bench.ingest.repair(repair(30, 44, RepairHow::TradesBefore));
    bench.settle().await;
    let asked = bench.feed.requested("/before");
    assert_eq!(
        asked[3..],
        ["/before/45/10", "/before/40/10"],
        "an answer without rows ends it"
    );
}

#[tokio::test]
async fn a_span_is_fetched_from_the_end_that_the_venue_fills() {
    for (fills, pages) in [
        (
            Fills::FromTheBeginning,
            [
                "/span/100000/125000/10",
                "/span/109000/125000/10",
                "/span/118000/125000/10",
            ],
        ),
        (
            Fills::FromTheEnd,
            [
                "/span/100000/125000/10",
                "/span/100000/115001/10",
                "/span/100000/106001/10",
            ],
        ),
    ] {
        let bench = bench(FakeCodec::new(), fills).await;
        assert_eq!(bench.ingest.repair_span(span(100, 125)), Submitted::Queued);
        assert_eq!(bench.ingest.repair_span(span(101, 120)), Submitted::Known);
        bench.settle().await;
        assert_eq!(bench.feed.requested("/span"), pages);
    }
}

#[tokio::test]
async fn a_page_of_one_time_does_not_stop_the_rest() {
    let answer = move |target: &str| {
        let Some(asked) = numbers(target, "/span/") else {
            return greetings(target);
        };
        Some(if asked[0] == 100_000 {
            // more trades in one millisecond than a page holds
            say(std::iter::repeat_n(100, 10))
        } else {
            say(asked[0] / 1_000 + 1..asked[1] / 1_000)
        })
    };
    let bench = Bench::with(FakeCodec::new(), 0, Policy::default(), answer).await;
    bench.ingest.repair_span(span(100, 105));
    bench.settle().await;
    let asked = bench.feed.requested("/span");
    assert_eq!(asked, ["/span/100000/105000/10", "/span/100001/105000/10"]);
}

#[tokio::test]
async fn a_venue_that_answers_about_another_time_is_not_asked_for_ever() {
    for rows in [90..100, 130..140, 110..120] {
        let answer = move |target: &str| {
            if target.starts_with("/span/") {
                return Some(say(rows.clone()));
            }
            greetings(target)
        };
        let bench = Bench::with(FakeCodec::new(), 0, Policy::default(), answer).await;
        bench.ingest.repair_span(span(100, 125));
        bench.settle().await;
        let asked = bench.feed.requested("/span").len();
        assert!(asked <= 3, "{asked}");
    }
}

#[tokio::test]
async fn without_questions_by_time_the_newest_trades_must_do() {
    let mut codec = FakeCodec::new();
    codec.knows_spans = false;
    let bench = bench(codec, Fills::FromTheEnd).await;
    bench.ingest.repair_span(span(90, 95));
    bench.ingest.repair(repair(91, 92, RepairHow::NewestTrades));
    bench.settle().await;
    assert_eq!(
        bench.feed.requested("/newest"),
        ["/newest/10", "/newest/10"]
    );
}
