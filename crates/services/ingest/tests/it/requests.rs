//! What is asked at the start, and how.

use std::time::Duration;

use quantflow_ingest::{BookSnapshotRequest, Policy};
use quantflow_model::VenueSymbol;
use quantflow_seams::Budget;
use quantflow_wire::{FailureKind, Outcome, Purpose, Query};

use crate::bench::{Bench, greetings, ok, status, timed_out};
use crate::fake_codec::FakeCodec;

#[tokio::test]
async fn the_clock_and_the_instruments_are_asked_at_the_start_and_again_later() {
    let policy = Policy {
        refresh: Duration::from_mins(5),
        ..Policy::default()
    };
    let bench = Bench::with(FakeCodec::new(), 1, policy.clone(), greetings).await;
    let exchanges = bench.log.exchanges();
    let asked: Vec<_> = exchanges.iter().map(|e| (&e.query, e.purpose)).collect();
    let live = Purpose::Live;
    assert_eq!(
        asked,
        [(&Query::ServerTime, live), (&Query::Instruments, live)]
    );
    assert_eq!(exchanges[0].outcome, ok("time 1700000000250"));
    assert_eq!(bench.ingest.status().clock_offset_ms, Some(250));
    bench.advance(policy.refresh).await;
    assert_eq!(bench.log.exchanges().len(), 4);
}

#[tokio::test]
async fn every_failure_is_recorded_and_asked_again_until_there_is_an_answer() {
    let mut failures = vec![
        timed_out(),
        status(500, &[], "oops"),
        status(200, &[], "rubbish that nobody can read"),
        status(503, &[], ""),
    ]
    .into_iter()
    .cycle()
    .take(20);
    let answer = move |target: &str| match target {
        "/time" => failures.next().or_else(|| greetings(target)),
        _ => greetings(target),
    };
    let bench = Bench::with(FakeCodec::new(), 1, Policy::default(), answer).await;
    bench.advance(Duration::from_mins(5)).await;
    let exchanges = bench.log.exchanges();
    assert_eq!(exchanges.len(), 22);
    let Outcome::Failed(failure) = &exchanges[0].outcome else {
        panic!("a time-out is a fact");
    };
    assert_eq!(failure.kind, FailureKind::Timeout);
    assert_eq!(exchanges[21].query, Query::Instruments);
    // apart by jitter that grows, not in one storm
    let times: Vec<_> = bench.feed.requests().iter().map(|(at, _)| *at).collect();
    assert!(times[19].since(times[0]) > 5_000_000_000);
}

#[tokio::test]
async fn sockets_do_not_wait_for_an_answer_to_a_request() {
    let bench = Bench::with(FakeCodec::new(), 1, Policy::default(), |_| None).await;
    let server = bench.accept().await;
    server.say("A0 1");
    bench.settle().await;
    assert_eq!(bench.log.texts(), ["A0 1"]);
}

#[tokio::test]
async fn the_venues_own_count_corrects_the_budget() {
    let answer = |target: &str| match target {
        "/time" => Some(status(200, &[("used", "70")], "time 1700000000000")),
        _ => greetings(target),
    };
    let bench = Bench::with(FakeCodec::new(), 1, Policy::default(), answer).await;
    assert_eq!(
        bench.used().await,
        90,
        "70 of a life before, 20 for the instruments"
    );
}

#[tokio::test]
async fn nothing_else_is_asked_before_the_venue_has_told_what_is_used() {
    let mut failures = 3;
    let answer = move |target: &str| match target {
        "/time" if failures > 0 => {
            failures -= 1;
            Some(timed_out())
        }
        "/time" => Some(status(200, &[("used", "70")], "time 1700000000000")),
        _ => greetings(target),
    };
    let bench = Bench::with(FakeCodec::new(), 1, Policy::default(), answer).await;
    bench.ingest.snapshot_book(BookSnapshotRequest {
        symbol: "fake:A0/USD".parse().unwrap(),
        venue_symbol: VenueSymbol::new("A0").unwrap(),
    });
    bench.advance(Duration::from_mins(2)).await;
    let requests = bench.feed.requests();
    let targets: Vec<_> = requests.iter().map(|(_, target)| target.as_str()).collect();
    assert_eq!(targets[..4], ["/time"; 4], "{targets:?}");
    assert!(
        targets[4..]
            .iter()
            .any(|target| target.starts_with("/book"))
    );
}

#[tokio::test]
async fn the_limits_that_the_venue_tells_count_from_then_on() {
    let answer = |target: &str| match target {
        "/instruments" => Some(ok("limit 250")),
        _ => greetings(target),
    };
    let bench = Bench::with(FakeCodec::new(), 1, Policy::default(), answer).await;
    let usage = bench.budget.usage(bench.ingest.venue()).await;
    let weight = usage.iter().find(|u| u.limit == "weight").unwrap();
    assert_eq!(
        (weight.amount, weight.used),
        (250, 21),
        "what was used stays used"
    );
}

#[tokio::test]
async fn a_ban_is_kept_to_the_last_moment_and_then_it_goes_on() {
    for (code, told, away) in [
        (429, Some("30"), 30),
        (418, Some("200"), 200),
        (429, None, 60),
    ] {
        let mut first = true;
        let answer = move |target: &str| {
            if target == "/time" && std::mem::take(&mut first) {
                let headers: Vec<_> = told.into_iter().map(|t| ("retry-after", t)).collect();
                return Some(status(code, &headers, "slow down"));
            }
            greetings(target)
        };
        let bench = Bench::with(FakeCodec::new(), 1, Policy::default(), answer).await;
        let banned = bench.feed.requests()[0].0;
        bench.advance(Duration::from_secs(away + 5)).await;
        let requests = bench.feed.requests();
        assert_eq!(requests.len(), 3);
        let waited = requests[1].0.since(banned);
        assert_eq!(waited, away as i64 * 1_000_000_000, "with {code}");
        assert_eq!(bench.log.exchanges().len(), 3);
    }
}
