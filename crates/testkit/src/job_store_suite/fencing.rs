//! What a lease that is lost can still do (nothing), and when it is lost.

use std::time::Duration;

use quantflow_seams::jobs::{
    Cursor, CursorError, FailureClass, Finish, Held, JobStoreError, Next, Rows, Run, RunOutcome,
};

use super::Harness;
use super::bench::{ALL, Bench, LEASE, at, id, is_lost, new_job, succeeded, worker};

fn failed(due: i64) -> Finish {
    let next = Next::Due(at(due));
    Finish::failed(FailureClass::Network, "no answer", Rows(3), next)
}

/// A worker that slept through its lease, and comes back to a job that another has.
pub async fn a_lost_lease_changes_nothing(harness: &dyn Harness) {
    let (bench, job) = Bench::with_job(harness).await;
    let db = &bench.db;
    let asleep = bench.claim_as("asleep", 0, 1).await.remove(0).held;
    db.advance(&asleep, at(1), &id(10), Rows(10)).await.unwrap();
    let orphans = db.reclaim(at(31), 9).await.unwrap();
    assert_eq!((orphans[0].held, orphans[0].expired), (asleep, at(30)));
    assert_eq!(orphans[0].worker, worker("asleep"));
    let awake = bench.claim_as("awake", 32, 1).await.remove(0).held;
    db.advance(&awake, at(33), &id(20), Rows(10)).await.unwrap();

    let (before, runs) = (bench.get(job).await, bench.runs().await);
    assert!(is_lost(
        db.advance(&asleep, at(34), &id(99), Rows(99)).await
    ));
    assert!(is_lost(db.renew(&asleep, at(34), LEASE).await));
    assert!(is_lost(db.release(&asleep, at(34)).await));
    for finish in [failed(0), succeeded(Next::Done)] {
        assert!(is_lost(db.finish(&asleep, at(34), &finish).await));
    }
    // nor with a run of its own and the other's token
    let mixed = Held {
        run: asleep.run,
        ..awake
    };
    assert!(is_lost(db.advance(&mixed, at(34), &id(99), Rows(99)).await));
    assert_eq!(bench.get(job).await, before);
    assert_eq!(bench.runs().await, runs);
    db.advance(&awake, at(35), &id(21), Rows(11)).await.unwrap();
}

/// Nobody else has had the job: nothing can be doubled.
pub async fn a_lease_that_is_over_counts_until_it_is_taken(harness: &dyn Harness) {
    let (bench, _) = Bench::with_job(harness).await;
    let db = &bench.db;
    let held = bench.claim_one(0).await;
    assert!(db.reclaim(at(29), 9).await.unwrap().is_empty());
    db.advance(&held, at(500), &id(1), Rows(1)).await.unwrap();
    let lease = db.renew(&held, at(500), LEASE).await.unwrap();
    assert_eq!(lease.expires, at(530));
    assert!(db.reclaim(at(529), 9).await.unwrap().is_empty());
    assert!(bench.claim(529, 9).await.is_empty());
    assert_eq!(db.reclaim(at(530), 9).await.unwrap().len(), 1);
}

/// A host whose clock is behind takes nothing away from itself.
pub async fn a_renewal_never_shortens(harness: &dyn Harness) {
    let (bench, job) = Bench::with_job(harness).await;
    let held = bench.claim_one(100).await;
    let lease = bench.db.renew(&held, at(10), Duration::from_secs(1)).await;
    assert_eq!(lease.unwrap().expires, at(130));
    assert_eq!(bench.get(job).await.lease.unwrap().expires, at(130));
}

/// Back, or to a cursor of another kind.
pub async fn a_cursor_never_goes_back(harness: &dyn Harness) {
    let (bench, job) = Bench::with_job(harness).await;
    let db = &bench.db;
    let held = bench.claim_one(0).await;
    for number in [10, 10, 11] {
        let moved = db.advance(&held, at(1), &id(number), Rows(1)).await;
        assert_eq!(moved.unwrap().cursor, Some(id(number)));
    }
    let before = bench.get(job).await;
    let runs = bench.runs().await;
    let (held_at, given) = (id(11), id(10));
    let error = db.advance(&held, at(2), &given, Rows(2)).await.unwrap_err();
    let back = CursorError::Back {
        held: held_at,
        given,
    };
    assert_eq!(error, JobStoreError::Cursor { job, error: back });
    let given = Cursor::Time(at(5));
    let error = db.advance(&held, at(2), &given, Rows(2)).await.unwrap_err();
    let unlike = CursorError::Unlike {
        held: held_at,
        given,
    };
    assert_eq!(error, JobStoreError::Cursor { job, error: unlike });
    assert_eq!((bench.get(job).await, bench.runs().await), (before, runs));
}

/// The answer to the first was lost with the connection.
pub async fn saying_it_twice_is_harmless(harness: &dyn Harness) {
    let (bench, _) = Bench::with_job(harness).await;
    let db = &bench.db;
    let held = bench.claim_one(0).await;
    for _ in 0..2 {
        db.advance(&held, at(1), &id(5), Rows(5)).await.unwrap();
    }
    assert_eq!(bench.runs().await[0].rows, Rows(5));
    let first = db.finish(&held, at(2), &failed(10)).await.unwrap();
    let runs = bench.runs().await;
    assert_eq!(db.finish(&held, at(3), &failed(10)).await.unwrap(), first);
    assert_eq!((first.attempts, bench.runs().await), (1, runs));
    // but not another end
    assert!(is_lost(
        db.finish(&held, at(3), &succeeded(Next::Done)).await
    ));

    let held = bench.claim_one(10).await;
    let first = db.release(&held, at(11)).await.unwrap();
    assert_eq!(db.release(&held, at(12)).await.unwrap(), first);
    let held = bench.claim_one(13).await;
    bench.succeed(&held, 14, 20).await;
    bench.succeed(&held, 15, 20).await;
    assert_eq!(bench.runs().await.len(), 3);
}

/// At most so many; each once; said in an event.
pub async fn orphans_are_found_those_that_ended_first_first(harness: &dyn Harness) {
    let bench = Bench::new(harness, &["one"]).await;
    for number in 0..5 {
        bench.job(new_job("one", number, 0)).await;
    }
    let mut held = Vec::new();
    for seconds in [40, 0, 30, 10, 20] {
        held.push((seconds, bench.claim(seconds, 1).await.remove(0).held));
    }
    held.sort_by_key(|(seconds, _)| *seconds);
    let db = &bench.db;
    let first = db.reclaim(at(65), 2).await.unwrap();
    let second = db.reclaim(at(65), 9).await.unwrap();
    let found: Vec<_> = first
        .iter()
        .chain(&second)
        .map(|orphan| orphan.held)
        .collect();
    let expected: Vec<_> = held.iter().take(4).map(|(_, held)| *held).collect();
    assert_eq!(found, expected);
    assert_eq!(first.len(), 2);
    assert!(db.reclaim(at(65), 9).await.unwrap().is_empty());
    let runs = bench.runs().await;
    let lost = |run: &&Run| run.outcome == Some(RunOutcome::Lost);
    assert_eq!(runs.iter().filter(lost).count(), 4);
    assert!(
        runs.iter()
            .filter(lost)
            .all(|run| run.ended == Some(at(65)))
    );
    let events = db.events(ALL).await.unwrap();
    assert_eq!(events.len(), 4);
    assert!(events.iter().all(|event| event.what == "lease_lost"));
    assert_eq!(bench.claim(66, 9).await.len(), 4);
}
