//! Leases: who gets which job, and what a lease that is over can still do.

use std::collections::BTreeSet;
use std::sync::Arc;

use quantflow_seams::jobs::{
    ConnectorChange, ConnectorState, FailureClass, Finish, JobId, JobStatus, NewJob, Next, Rows,
    RunError, RunOutcome, Severity, Token,
};
use quantflow_wire::Purpose;

use super::Harness;
use super::bench::{ALL, Bench, LEASE, at, by, id, new_job, succeeded, venue, worker};

fn failed(due: i64) -> Finish {
    let next = Next::Due(at(due));
    Finish::failed(FailureClass::Network, "no answer", Rows(3), next)
}

/// What is due longest first; what is not due not at all.
pub async fn jobs_are_claimed_in_due_order(harness: &dyn Harness) {
    let bench = Bench::new(harness, &["one"]).await;
    for (number, due) in [(1, 30), (2, 10), (3, 101), (4, 20), (5, 100), (6, 10)] {
        bench.job(new_job("one", number, due)).await;
    }
    let dues = |claims: Vec<quantflow_seams::jobs::Claim>| {
        let due = |claim: quantflow_seams::jobs::Claim| claim.job.next_due.unwrap();
        claims.into_iter().map(due).collect::<Vec<_>>()
    };
    assert_eq!(dues(bench.claim(100, 2).await), [at(10), at(10)]);
    let rest = bench.claim(100, 9).await;
    assert!(rest.iter().all(|claim| claim.expires == at(100) + LEASE));
    assert_eq!(dues(rest), [at(20), at(30), at(100)]);
    assert!(bench.claim(100, 9).await.is_empty());
    assert!(bench.claim(101, 0).await.is_empty());
}

/// Live before repair before what somebody waits for before history.
pub async fn the_more_urgent_comes_first(harness: &dyn Harness) {
    let bench = Bench::new(harness, &["one"]).await;
    let purposes = [
        Purpose::Backfill,
        Purpose::Repair,
        Purpose::Live,
        Purpose::Interactive,
    ];
    for (number, purpose) in (1_u32..).zip(purposes) {
        let job = new_job("one", number, i64::from(number));
        bench.job(NewJob { purpose, ..job }).await;
    }
    let claims = bench.claim(100, 9).await;
    let told: Vec<_> = claims.iter().map(|claim| claim.job.purpose).collect();
    assert!(told.is_sorted() && told.len() == 4, "{told:?}");
}

/// A claim is spread over venues.
pub async fn venues_are_served_in_turn(harness: &dyn Harness) {
    let bench = Bench::new(harness, &["one", "two", "three"]).await;
    for number in 0..10 {
        bench.job(new_job("one", number, 0)).await;
    }
    for number in 0..2 {
        bench.job(new_job("two", number, 50)).await;
        bench.job(new_job("three", number, 60)).await;
    }
    let claims = bench.claim(100, 7).await;
    let of = |name: &str| {
        let venue = venue(name);
        claims
            .iter()
            .filter(|claim| claim.job.venue == venue)
            .count()
    };
    assert_eq!((of("one"), of("two"), of("three")), (3, 2, 2));
}

/// Also one worker that takes one job after another goes from venue to venue.
pub async fn a_backlog_does_not_starve_other_venues(harness: &dyn Harness) {
    let bench = Bench::new(harness, &["one", "two"]).await;
    for number in 0..8 {
        bench.job(new_job("one", number, -1_000)).await;
    }
    for number in 0..3 {
        bench.job(new_job("two", number, 0)).await;
    }
    let mut served = Vec::new();
    for step in 0..8 {
        let claims = bench.claim(100 + step, 1).await;
        served.push(claims[0].job.venue.to_string());
        bench.succeed(&claims[0].held, 100 + step, 9_999).await;
    }
    let second = served.iter().filter(|venue| *venue == "two").count();
    assert_eq!(second, 3, "{served:?}");
    let last = served.iter().rposition(|venue| venue == "two");
    assert!(last <= Some(5), "in turn, not at the end: {served:?}");
}

/// Disabled and in error; what is held goes on.
pub async fn a_disabled_connector_gets_no_leases(harness: &dyn Harness) {
    let (bench, job) = Bench::with_job(harness).await;
    let held = bench.claim_one(1).await;
    let set = |state| {
        let db = &bench.db;
        let change = ConnectorChange {
            state: Some((state, None)),
            ..ConnectorChange::default()
        };
        async move {
            let changed = db.update_connector(&by(2), &venue("one"), change).await;
            assert_eq!(changed.unwrap().state, state);
        }
    };
    for state in [ConnectorState::Disabled, ConnectorState::Error] {
        set(state).await;
        let moved = bench.db.advance(&held, at(3), &id(1), Rows(1)).await;
        assert_eq!(moved.unwrap().id, job);
    }
    bench.succeed(&held, 4, 5).await;
    assert!(bench.claim(100, 9).await.is_empty());
    set(ConnectorState::Enabled).await;
    bench.claim_one(100).await;
}

/// Eight at once.
pub async fn a_job_goes_to_one_worker(harness: &dyn Harness) {
    let bench = Bench::new(harness, &["one", "two", "three"]).await;
    for number in 0..40 {
        let venue = ["one", "two", "three"][number as usize % 3];
        bench
            .job(new_job(venue, number, i64::from(number) % 7))
            .await;
    }
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let db = Arc::clone(&bench.db);
            tokio::spawn(async move {
                let me = worker(&format!("worker-{number}"));
                let mut got = Vec::new();
                loop {
                    match db.claim(&me, at(100), 3, LEASE).await {
                        Ok(claims) if claims.is_empty() => break got,
                        Ok(claims) => got.extend(claims),
                        Err(error) => assert!(error.is_transient(), "{error}"),
                    }
                }
            })
        })
        .collect();
    let mut claims = Vec::new();
    for task in tasks {
        claims.extend(task.await.unwrap());
    }
    // whoever passed over a locked job may have gone too early
    claims.extend(bench.claim(100, 100).await);
    let jobs: BTreeSet<JobId> = claims.iter().map(|claim| claim.job.id).collect();
    assert_eq!((jobs.len(), claims.len()), (40, 40));
    assert!(claims.iter().all(|claim| claim.held.token == Token(1)));
    for claim in &claims {
        let lease = bench.get(claim.job.id).await.lease;
        assert_eq!(lease, claim.job.lease, "what was told is what stands there");
    }
    let runs = bench.runs().await;
    assert!(runs.len() == 40 && runs.iter().all(|run| run.ended.is_none()));
}

/// With each lease, however it ended.
pub async fn tokens_grow(harness: &dyn Harness) {
    let (bench, job) = Bench::with_job(harness).await;
    let db = &bench.db;
    for round in 1..=5 {
        let seconds = i64::try_from(round).unwrap() * 1_000;
        let held = bench.claim_one(seconds).await;
        assert_eq!(held.token, Token(round));
        match round {
            1 => drop(bench.succeed(&held, seconds, 0).await),
            2 => drop(db.finish(&held, at(seconds), &failed(0)).await.unwrap()),
            3 => drop(db.release(&held, at(seconds)).await.unwrap()),
            4 => assert_eq!(db.reclaim(at(seconds + 31), 9).await.unwrap().len(), 1),
            _ => {
                db.pause(&by(seconds), job).await.unwrap();
                db.resume(&by(seconds), job).await.unwrap();
            }
        }
    }
    let runs = bench.runs().await;
    let outcomes: Vec<_> = runs.iter().rev().map(|run| run.outcome.unwrap()).collect();
    let expected = [
        RunOutcome::Succeeded,
        RunOutcome::Failed,
        RunOutcome::Released,
        RunOutcome::Lost,
        RunOutcome::Cancelled,
    ];
    assert_eq!(outcomes, expected);
}

/// Failed and lost ones; a success forgets them.
pub async fn failures_are_counted_until_a_success(harness: &dyn Harness) {
    let (bench, job) = Bench::with_job(harness).await;
    let db = &bench.db;
    for round in 1..=2 {
        let held = bench.claim_one(round * 100).await;
        let end = db.finish(&held, at(round * 100), &failed(0)).await.unwrap();
        assert_eq!(i64::from(end.attempts), round);
        assert_eq!(end.status, JobStatus::Active);
        assert_eq!(end.last_error.as_deref(), Some("no answer"));
    }
    bench.claim_one(300).await;
    db.reclaim(at(400), 9).await.unwrap();
    assert_eq!(bench.get(job).await.attempts, 3);
    let held = bench.claim_one(500).await;
    let end = bench.succeed(&held, 501, 0).await;
    assert_eq!((end.attempts, end.last_error), (0, None));
    bench.claim_one(502).await;
    let attempts: Vec<_> = bench.runs().await.iter().map(|run| run.attempt).collect();
    assert_eq!(attempts, [1, 4, 3, 2, 1], "newest first");
    let error = bench.runs().await[4].error.clone();
    let expected = RunError {
        class: FailureClass::Network,
        text: "no answer".into(),
    };
    assert_eq!(error, Some(expected));
}

/// In the same transaction as the end of the run.
pub async fn a_hard_failure_raises_an_event(harness: &dyn Harness) {
    let (bench, job) = Bench::with_job(harness).await;
    let held = bench.claim_one(1).await;
    let finish = Finish::failed(
        FailureClass::Refused,
        "no such symbol",
        Rows(0),
        Next::Error,
    );
    for _ in 0..2 {
        bench.db.finish(&held, at(2), &finish).await.unwrap();
    }
    let events = bench.db.events(ALL).await.unwrap();
    assert_eq!(events.len(), 1);
    let event = &events[0];
    assert_eq!(
        (event.severity, event.what.as_str()),
        (Severity::Error, "job_failed")
    );
    assert_eq!((event.job, event.at), (Some(job), at(2)));
    assert!(event.text.contains("no such symbol"), "{}", event.text);
}

/// A worker that is shut down hands over.
pub async fn a_released_job_stays_due(harness: &dyn Harness) {
    let (bench, job) = Bench::with_job(harness).await;
    let held = bench.claim_one(1).await;
    let db = &bench.db;
    db.advance(&held, at(2), &id(4), Rows(4)).await.unwrap();
    let released = db.release(&held, at(3)).await.unwrap();
    assert_eq!(released.status, JobStatus::Active);
    assert_eq!((released.next_due, released.attempts), (Some(at(0)), 0));
    let claim = bench.claim(3, 1).await.remove(0);
    assert_eq!((claim.job.id, claim.job.cursor), (job, Some(id(4))));
    let runs = bench.runs().await;
    assert_eq!(
        (runs[1].outcome, runs[1].rows),
        (Some(RunOutcome::Released), Rows(4))
    );
    assert_eq!(
        (runs[1].cursor_before, runs[1].cursor_after),
        (None, Some(id(4)))
    );
    assert_eq!(runs[0].cursor_before, Some(id(4)));
}

/// Nor one in error.
pub async fn a_job_that_is_done_is_not_claimed(harness: &dyn Harness) {
    let bench = Bench::new(harness, &["one"]).await;
    for number in 0..2 {
        bench.job(new_job("one", number, 0)).await;
    }
    let claims = bench.claim(1, 2).await;
    let db = &bench.db;
    for (claim, next) in claims.iter().zip([Next::Done, Next::Error]) {
        let job = db
            .finish(&claim.held, at(2), &succeeded(next))
            .await
            .unwrap();
        assert_eq!(job.next_due, None);
    }
    assert!(bench.claim(9_999, 9).await.is_empty());
}
