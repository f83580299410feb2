//! Runs, events, and what becomes of old ones.

use std::sync::Arc;

use quantflow_seams::jobs::{NewEvent, Next, Page, Rows, RunFilter, RunOutcome, Severity, Token};

use super::Harness;
use super::bench::{ALL, Bench, LEASE, at, id, new_job, succeeded, venue, worker};

/// By job, by outcome, only those under way; pages follow one another.
pub async fn runs_are_listed_by_filter_and_page(harness: &dyn Harness) {
    let bench = Bench::new(harness, &["one"]).await;
    for number in 0..2 {
        bench.job(new_job("one", number, 0)).await;
    }
    let db = &bench.db;
    for round in 0..4 {
        for claim in bench.claim(round * 10, 9).await {
            if round == 3 {
                continue;
            }
            let cursor = id(round as u128);
            let moved = db.advance(&claim.held, at(round * 10), &cursor, Rows(1));
            moved.await.unwrap();
            if round == 1 {
                db.release(&claim.held, at(11)).await.unwrap();
            } else {
                bench.succeed(&claim.held, round * 10 + 1, 0).await;
            }
        }
    }
    let all = bench.runs().await;
    assert_eq!(all.len(), 8);
    assert!(all.is_sorted_by(|newer, older| newer.id > older.id));
    let job = all[7].job;
    let count = |filter: RunFilter| async move { db.runs(&filter, ALL).await.unwrap().len() };
    let of = RunFilter::default;
    let outcome = Some(RunOutcome::Released);
    assert_eq!(count(RunFilter { outcome, ..of() }).await, 2);
    assert_eq!(count(RunFilter { open: true, ..of() }).await, 2);
    let of_job = RunFilter {
        job: Some(job),
        ..of()
    };
    let runs = db.runs(&of_job, ALL).await.unwrap();
    assert_eq!(runs.len(), 4);
    let page = Page {
        past: Some(runs[0].id.0),
        limit: 2,
    };
    assert_eq!(db.runs(&of_job, page).await.unwrap(), runs[1..3]);
    let run = &runs[1];
    assert_eq!((run.token, run.attempt, run.rows), (Token(3), 1, Rows(7)));
    assert_eq!(
        (run.cursor_before, run.cursor_after),
        (Some(id(1)), Some(id(2)))
    );
    assert_eq!((run.started, run.ended), (at(20), Some(at(21))));
}

/// Newest first.
pub async fn events_are_listed(harness: &dyn Harness) {
    let db = harness.open().await;
    for number in 0..5 {
        let event = NewEvent {
            at: at(number),
            severity: Severity::ALL[number as usize % 3],
            what: "clock_stepped".into(),
            venue: (number % 2 == 0).then(|| venue("one")),
            job: None,
            text: format!("number {number}"),
        };
        let noted = db.raise(event.clone()).await.unwrap();
        assert_eq!((noted.at, noted.text), (event.at, event.text));
        assert_eq!((noted.severity, noted.venue), (event.severity, event.venue));
    }
    let all = db.events(ALL).await.unwrap();
    assert!(all.is_sorted_by(|newer, older| newer.id > older.id) && all.len() == 5);
    let page = Page {
        past: Some(all[1].id),
        limit: 2,
    };
    assert_eq!(db.events(page).await.unwrap(), all[2..4]);
}

/// A bounded number at a time; never a run that is under way.
pub async fn old_history_is_pruned_and_the_audit_kept(harness: &dyn Harness) {
    let (bench, _) = Bench::with_job(harness).await;
    let db = &bench.db;
    for round in 0..6 {
        let held = bench.claim_one(round * 10).await;
        bench.succeed(&held, round * 10, 0).await;
    }
    bench.claim_one(70).await;
    db.reclaim(at(200), 9).await.unwrap();
    bench.claim_one(300).await;
    let entries = bench.entries().await;
    assert_eq!(db.prune(at(50), 3).await.unwrap(), 3);
    assert_eq!(db.prune(at(50), 3).await.unwrap(), 2);
    assert_eq!(db.prune(at(50), 3).await.unwrap(), 0);
    assert_eq!(bench.runs().await.len(), 3);
    assert_eq!(
        db.prune(at(9_999), 9).await.unwrap(),
        3,
        "two runs, an event"
    );
    let left = bench.runs().await;
    assert!(left.len() == 1 && left[0].ended.is_none());
    assert!(db.events(ALL).await.unwrap().is_empty());
    assert_eq!(bench.entries().await, entries);
}

/// Workers that claim, advance and finish at the same time: each row of each job once, in order.
pub async fn workers_at_once_keep_the_order(harness: &dyn Harness) {
    const JOBS: u32 = 6;
    const RUNS: u128 = 5;
    let bench = Bench::new(harness, &["one", "two"]).await;
    for number in 0..JOBS {
        let venue = ["one", "two"][number as usize % 2];
        bench.job(new_job(venue, number, 0)).await;
    }
    let tasks: Vec<_> = (0..6)
        .map(|number| {
            let db = Arc::clone(&bench.db);
            tokio::spawn(async move {
                let me = worker(&format!("worker-{number}"));
                let mut idle = 0;
                while idle < 50 {
                    let claims = db.claim(&me, at(1), 2, LEASE).await;
                    let claims = match claims {
                        Ok(claims) => claims,
                        Err(error) => {
                            assert!(error.is_transient(), "{error}");
                            continue;
                        }
                    };
                    idle = if claims.is_empty() { idle + 1 } else { 0 };
                    for claim in claims {
                        let stood = match claim.job.cursor {
                            Some(quantflow_seams::jobs::Cursor::Id(id)) => id.0,
                            _ => 0,
                        };
                        let next = stood + 1;
                        let cursor = id(next);
                        let moved = db.advance(&claim.held, at(2), &cursor, Rows(1));
                        moved.await.unwrap();
                        let end = if next == RUNS {
                            Next::Done
                        } else {
                            Next::Due(at(1))
                        };
                        let finish = succeeded(end);
                        db.finish(&claim.held, at(2), &finish).await.unwrap();
                    }
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let jobs = bench.jobs().await;
    assert!(
        jobs.iter().all(|job| job.cursor == Some(id(RUNS))),
        "{jobs:#?}"
    );
    let runs = bench.runs().await;
    assert_eq!(runs.len() as u128, u128::from(JOBS) * RUNS);
    let one_step = |run: &quantflow_seams::jobs::Run| {
        let number = |cursor| match cursor {
            Some(quantflow_seams::jobs::Cursor::Id(id)) => id.0,
            _ => 0,
        };
        number(run.cursor_after) == number(run.cursor_before) + 1 && run.ended.is_some()
    };
    assert!(runs.iter().all(one_step));
}
