//! Missing trades and order books.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use quantflow_ingest::{
    BookSnapshotRequest, JobCounts, Policy, RepairHow, RepairRequest, Submitted,
};
use quantflow_model::{TimeRange, Timestamp, TradeId, VenueSymbol};
use quantflow_wire::{FailureKind, Outcome, Purpose};

use crate::bench::{Bench, greetings, ok, status, timed_out};
use crate::fake_codec::{FakeCodec, PAGE};

pub(crate) fn repair(from: u128, to: u128, how: RepairHow) -> RepairRequest {
    RepairRequest {
        symbol: "fake:A0/USD".parse().unwrap(),
        venue_symbol: VenueSymbol::new("A0").unwrap(),
        from: TradeId(from),
        to: TradeId(to),
        span: TimeRange::new(
            Timestamp::from_seconds(from as i64),
            Timestamp::from_seconds(to as i64 + 1),
        ),
        how,
    }
}

pub(crate) fn book() -> BookSnapshotRequest {
    BookSnapshotRequest {
        symbol: "fake:A0/USD".parse().unwrap(),
        venue_symbol: VenueSymbol::new("A0").unwrap(),
    }
}

/// The venue's trades up to `last`, as it answers `/trades/A0/from/limit`.
pub(crate) fn trades(target: &str, last: u128) -> Option<Outcome> {
    let rest = target.strip_prefix("/trades/A0/")?;
    let (from, limit) = rest.split_once('/')?;
    let (from, limit): (u128, u128) = (from.parse().ok()?, limit.parse().ok()?);
    let ids = (from..from.saturating_add(limit)).filter(|id| *id <= last);
    let lines: Vec<_> = ids.map(|id| format!("A0 {id}")).collect();
    Some(ok(&lines.join("\n")))
}

async fn bench(answer: impl FnMut(&str) -> Option<Outcome> + Send + 'static) -> Bench {
    let mut answer = answer;
    let both = move |target: &str| greetings(target).or_else(|| answer(target));
    Bench::with(FakeCodec::new(), 0, Policy::default(), both).await
}

fn ended(done: u64, failed: u64) -> JobCounts {
    JobCounts {
        done,
        failed,
        ..JobCounts::default()
    }
}

#[tokio::test]
async fn a_hole_is_fetched_page_by_page_and_no_further() {
    let bench = bench(|target| trades(target, 1_000)).await;
    let submitted = bench
        .ingest
        .repair(repair(100, 124, RepairHow::SingleTrades));
    assert_eq!(submitted, Submitted::Queued);
    bench.settle().await;
    let asked = bench.feed.requested("/trades");
    assert_eq!(
        asked,
        ["/trades/A0/100/10", "/trades/A0/110/10", "/trades/A0/120/5"]
    );
    let recorded: Vec<_> = bench.log.exchanges().into_iter().skip(2).collect();
    assert_eq!(recorded.len(), 3);
    assert!(recorded.iter().all(|e| e.purpose == Purpose::Repair));
    assert_eq!(bench.ingest.status().repairs, ended(1, 0));
}

#[tokio::test]
async fn what_the_venue_does_not_have_is_asked_once_and_recorded() {
    let bench = bench(|target| trades(target, 104)).await;
    bench
        .ingest
        .repair(repair(100, 124, RepairHow::SingleTrades));
    bench.settle().await;
    let asked = bench.feed.requested("/trades");
    assert_eq!(asked, ["/trades/A0/100/10", "/trades/A0/105/10"]);
    assert_eq!(bench.ingest.status().repairs, ended(1, 0));
    // a venue that always answers the same must not be asked for ever
    let bench = self::bench(|_| Some(ok("A0 50\nA0 51"))).await;
    bench
        .ingest
        .repair(repair(100, 124, RepairHow::SingleTrades));
    bench.settle().await;
    assert_eq!(bench.feed.requested("/trades").len(), 1);
}

#[tokio::test]
async fn the_same_hole_is_fetched_once_while_it_is_under_way() {
    let open = Arc::new(Mutex::new(false));
    let gate = Arc::clone(&open);
    let bench = bench(move |target| {
        // the first try hangs until the venue answers again
        if *gate.lock().unwrap() {
            trades(target, 1000)
        } else {
            Some(timed_out())
        }
    })
    .await;
    let job = || repair(100, 104, RepairHow::SingleTrades);
    assert_eq!(bench.ingest.repair(job()), Submitted::Queued);
    assert_eq!(bench.ingest.repair(job()), Submitted::Known);
    bench.settle().await;
    assert_eq!(bench.ingest.repair(job()), Submitted::Known);
    let rest = repair(102, 104, RepairHow::SingleTrades);
    assert_eq!(bench.ingest.repair(rest), Submitted::Known);
    let other = repair(100, 105, RepairHow::SingleTrades);
    assert_eq!(bench.ingest.repair(other), Submitted::Queued);
    *open.lock().unwrap() = true;
    bench.advance(Duration::from_secs(20)).await;
    assert_eq!(bench.ingest.status().repairs, ended(2, 0));
    assert_eq!(
        bench.ingest.repair(job()),
        Submitted::Queued,
        "once done it may be asked again"
    );
}

#[tokio::test]
async fn transient_failures_are_tried_again_and_a_stubborn_one_lets_others_pass() {
    let failing = Arc::new(Mutex::new(true));
    let fails = Arc::clone(&failing);
    let policy = Policy {
        repair_workers: 1,
        ..Policy::default()
    };
    let answer = move |target: &str| {
        greetings(target).or_else(|| {
            if target.starts_with("/trades/A0/100/") && *fails.lock().unwrap() {
                return Some(status(502, &[], "bad gateway"));
            }
            trades(target, 1000)
        })
    };
    let bench = Bench::with(FakeCodec::new(), 0, policy.clone(), answer).await;
    bench
        .ingest
        .repair(repair(100, 104, RepairHow::SingleTrades));
    bench
        .ingest
        .repair(repair(200, 204, RepairHow::SingleTrades));
    bench.advance(Duration::from_mins(1)).await;
    let asked = bench.feed.requested("/trades");
    let second = asked
        .iter()
        .position(|t| t.starts_with("/trades/A0/200/"))
        .unwrap();
    assert_eq!(second, policy.repair_attempts as usize);
    assert_eq!(bench.ingest.status().repairs.done, 1);
    *failing.lock().unwrap() = false;
    bench.advance(Duration::from_mins(1)).await;
    assert_eq!(bench.ingest.status().repairs, ended(2, 0));
}

#[tokio::test]
async fn in_the_end_it_is_given_up() {
    let policy = Policy {
        repair_turns: 2,
        repair_attempts: 3,
        ..Policy::default()
    };
    let answer = |target: &str| greetings(target).or_else(|| Some(status(500, &[], "")));
    let bench = Bench::with(FakeCodec::new(), 0, policy, answer).await;
    bench
        .ingest
        .repair(repair(100, 104, RepairHow::SingleTrades));
    bench.advance(Duration::from_mins(5)).await;
    assert_eq!(bench.feed.requested("/trades").len(), 6);
    assert_eq!(bench.ingest.status().repairs, ended(0, 1));
}

#[tokio::test]
async fn a_refusal_is_recorded_once_and_not_argued_with() {
    let bench = bench(|_| Some(status(401, &[], "{\"code\":-2014}"))).await;
    bench
        .ingest
        .repair(repair(100, 124, RepairHow::SingleTrades));
    bench.advance(Duration::from_mins(1)).await;
    assert_eq!(bench.feed.requested("/trades").len(), 1);
    let recorded = bench.log.exchanges().pop().unwrap();
    assert_eq!(recorded.outcome, status(401, &[], "{\"code\":-2014}"));
    assert_eq!(bench.ingest.status().repairs, ended(0, 1));
}

#[tokio::test]
async fn aggregates_are_found_by_time_and_followed_by_id() {
    // aggregate n holds trades 10n to 10n+9; the venue has those up to 99, nothing in the first hour
    let aggregates = |from: u64, count: u64| {
        let lines: Vec<_> = (from..from + count)
            .filter(|n| *n < 1000)
            .map(|n| format!("agg {n} {} {}", n * 10, n * 10 + 9))
            .collect();
        Some(ok(&lines.join("\n")))
    };
    let bench = bench(move |target| {
        let parts: Vec<_> = target.split('/').skip(1).collect();
        match parts.as_slice() {
            ["aggregates", "3000", ..] => Some(ok("")),
            ["aggregates", "6600", ..] => aggregates(660, u64::from(PAGE)),
            ["aggregates-from", from, limit] => {
                aggregates(from.parse().unwrap(), limit.parse().unwrap())
            }
            _ => None,
        }
    })
    .await;
    bench
        .ingest
        .repair(repair(3_000, 6_845, RepairHow::Aggregates));
    bench.settle().await;
    assert_eq!(
        bench
            .feed
            .requests()
            .into_iter()
            .map(|(_, t)| t)
            .skip(2)
            .collect::<Vec<_>>(),
        [
            "/aggregates/3000/6600/10",
            "/aggregates/6600/6846/10",
            "/aggregates-from/670/10",
            "/aggregates-from/680/10",
        ]
    );
    assert_eq!(bench.ingest.status().repairs, ended(1, 0));
}

#[tokio::test]
async fn repairs_stay_inside_the_budget() {
    let bench = bench(|target| trades(target, 100_000)).await;
    bench
        .ingest
        .repair(repair(1, 1000, RepairHow::SingleTrades)); // 100 pages of weight 5
    bench.settle().await;
    // 21 are used by the first questions
    assert_eq!(bench.feed.requested("/trades").len(), 15);
    bench.advance(Duration::from_mins(6)).await;
    let requests = bench.feed.requests();
    let trades: Vec<_> = requests
        .iter()
        .filter(|(_, t)| t.starts_with("/trades"))
        .collect();
    assert_eq!(trades.len(), 100);
    for window in trades.windows(21) {
        assert!(
            window[20].0.since(window[0].0) >= 60_000_000_000,
            "{window:?}"
        );
    }
    assert_eq!(bench.ingest.status().repairs, ended(1, 0));
}

#[tokio::test]
async fn too_many_are_refused_not_piled_up() {
    let policy = Policy {
        repair_queue: 3,
        ..Policy::default()
    };
    let bench = Bench::with(FakeCodec::new(), 0, policy, greetings).await;
    let submit = |n: u128| {
        bench
            .ingest
            .repair(repair(n * 100, n * 100 + 1, RepairHow::SingleTrades))
    };
    // two go to the workers, three wait
    assert_eq!(submit(0), Submitted::Queued);
    assert_eq!(submit(1), Submitted::Queued);
    bench.settle().await;
    assert_eq!([submit(2), submit(3), submit(4)], [Submitted::Queued; 3]);
    assert_eq!(submit(5), Submitted::Full);
    let counts = bench.ingest.status().repairs;
    assert_eq!((counts.running, counts.waiting, counts.refused), (2, 3, 1));
}

#[tokio::test]
async fn a_book_is_fetched_in_turn_with_missing_trades() {
    let bench = bench(|_| Some(ok(""))).await;
    assert_eq!(bench.ingest.snapshot_book(book()), Submitted::Queued);
    assert_eq!(bench.ingest.snapshot_book(book()), Submitted::Known);
    bench.settle().await;
    assert_eq!(bench.feed.requested("/book"), ["/book/10"]);
    let last = bench.log.exchanges().pop().unwrap();
    assert_eq!(last.purpose, Purpose::Repair);
    assert_eq!(bench.ingest.status().book_snapshots, ended(1, 0));
}

#[tokio::test]
async fn what_the_budget_will_not_grant_in_time_is_recorded_as_not_sent() {
    let policy = Policy {
        patience: Duration::from_secs(5),
        repair_turns: 1,
        ..Policy::default()
    };
    let answer = |target: &str| greetings(target).or_else(|| trades(target, 100_000));
    let bench = Bench::with(FakeCodec::new(), 0, policy, answer).await;
    bench
        .ingest
        .repair(repair(1, 1000, RepairHow::SingleTrades));
    bench.settle().await;
    let last = bench.log.exchanges().pop().unwrap();
    let Outcome::Failed(failure) = last.outcome else {
        panic!("{last:?}");
    };
    assert_eq!(failure.kind, FailureKind::NotSent);
    assert_eq!(bench.ingest.status().repairs, ended(0, 1));
}

#[tokio::test]
async fn that_the_venue_wants_a_key_is_known_until_it_answers() {
    let refuses = Arc::new(Mutex::new(true));
    let refusing = Arc::clone(&refuses);
    let bench = bench(move |target| {
        let refused = target.starts_with("/trades") && *refusing.lock().unwrap();
        refused
            .then(|| status(401, &[], "no key"))
            .or_else(|| trades(target, 1_000))
    })
    .await;
    assert_eq!(bench.ingest.status().key_refusal, None);
    let hole = || repair(100, 104, RepairHow::SingleTrades);
    bench.ingest.repair(hole());
    bench.settle().await;
    let refusal = bench.ingest.status().key_refusal;
    assert_eq!(refusal.as_deref(), Some("status 401: no key"));
    // what carries no key says nothing of it
    bench.ingest.repair(repair(100, 104, RepairHow::Aggregates));
    bench.settle().await;
    assert_eq!(bench.ingest.status().key_refusal, refusal);
    *refuses.lock().unwrap() = false;
    bench.ingest.repair(hole());
    bench.settle().await;
    assert_eq!(bench.ingest.status().key_refusal, None);
}
