//! What operators do with jobs, and that it is written down.

use quantflow_model::TimeRange;
use quantflow_seams::jobs::{
    AuditAction, AuditFilter, By, ConnectorChange, ConnectorState, FailureClass, Finish, JobChange,
    JobKind, JobStatus, NewJob, Next, Page, Rows, RunOutcome, Schedule, Subject,
};
use quantflow_wire::Purpose;

use super::Harness;
use super::bench::{ALL, Bench, at, by, id, is_lost, is_refused, new_job, succeeded, venue};

/// Paused jobs are due and not claimed; resumed ones are.
pub async fn a_paused_job_is_not_run(harness: &dyn Harness) {
    let (bench, job) = Bench::with_job(harness).await;
    let paused = bench.db.pause(&by(1), job).await.unwrap();
    assert_eq!(paused.status, JobStatus::Paused);
    assert!(bench.claim(100, 10).await.is_empty());
    assert!(is_refused(bench.db.run_now(&by(2), job).await));
    let resumed = bench.db.resume(&by(3), job).await.unwrap();
    assert_eq!(resumed.status, JobStatus::Active);
    assert_eq!(resumed.next_due, Some(at(0)), "still due when it was");
    assert_eq!(bench.claim(100, 10).await.len(), 1);
}

/// The worker learns it with its next word, and can change nothing.
pub async fn a_pause_ends_the_run_at_once(harness: &dyn Harness) {
    let (bench, job) = Bench::with_job(harness).await;
    let held = bench.claim_one(1).await;
    bench
        .db
        .advance(&held, at(2), &id(5), Rows(5))
        .await
        .unwrap();
    let paused = bench.db.pause(&by(3), job).await.unwrap();
    assert_eq!(
        (paused.status, paused.lease.as_ref()),
        (JobStatus::Paused, None)
    );
    assert_eq!(paused.cursor, Some(id(5)), "what is durable stays");
    let run = &bench.runs().await[0];
    assert_eq!(run.outcome, Some(RunOutcome::Cancelled));
    assert_eq!((run.ended, run.rows), (Some(at(3)), Rows(5)));

    let db = &bench.db;
    assert!(is_lost(db.advance(&held, at(4), &id(9), Rows(9)).await));
    assert!(is_lost(db.renew(&held, at(4), super::bench::LEASE).await));
    let finish = succeeded(Next::Done);
    assert!(is_lost(db.finish(&held, at(4), &finish).await));
    assert!(is_lost(db.release(&held, at(4)).await));
    assert_eq!(bench.get(job).await, paused);
    assert_eq!(&bench.runs().await[0], run);
}

/// A hard failure waits for an operator.
pub async fn an_error_is_resumed(harness: &dyn Harness) {
    let (bench, job) = Bench::with_job(harness).await;
    let held = bench.claim_one(1).await;
    let finish = Finish::failed(FailureClass::Refused, "401", Rows(0), Next::Error);
    let failed = bench.db.finish(&held, at(2), &finish).await.unwrap();
    assert_eq!((failed.status, failed.next_due), (JobStatus::Error, None));
    assert_eq!(failed.last_error.as_deref(), Some("401"));
    assert!(bench.claim(9_999, 10).await.is_empty());
    let resumed = bench.db.resume(&by(50), job).await.unwrap();
    assert_eq!((resumed.attempts, resumed.last_error), (0, None));
    assert_eq!(resumed.next_due, Some(at(50)));
    bench.claim_one(50).await;
}

/// Whatever the schedule says; not while it runs.
pub async fn run_now_is_now(harness: &dyn Harness) {
    let bench = Bench::new(harness, &["one"]).await;
    let job = bench.job(new_job("one", 1, 1_000)).await.id;
    assert!(bench.claim(1, 10).await.is_empty());
    let due = bench.db.run_now(&by(5), job).await.unwrap();
    assert_eq!(due.next_due, Some(at(5)));
    let held = bench.claim_one(5).await;
    assert!(is_refused(bench.db.run_now(&by(6), job).await));
    let done = bench.db.finish(&held, at(7), &succeeded(Next::Done)).await;
    assert_eq!(done.unwrap().status, JobStatus::Done);
    bench.db.run_now(&by(8), job).await.unwrap();
    bench.claim_one(8).await;
}

/// By an operator's word, written down, and not under a worker's feet.
pub async fn only_a_rewind_goes_back(harness: &dyn Harness) {
    let (bench, job) = Bench::with_job(harness).await;
    let held = bench.claim_one(1).await;
    let db = &bench.db;
    db.advance(&held, at(2), &id(9), Rows(9)).await.unwrap();
    assert!(is_refused(db.rewind(&by(3), job, Some(id(4))).await));
    db.finish(&held, at(4), &succeeded(Next::Done))
        .await
        .unwrap();
    let rewound = db.rewind(&by(5), job, Some(id(4))).await.unwrap();
    assert_eq!(rewound.cursor, Some(id(4)));
    assert_eq!(
        (rewound.status, rewound.next_due),
        (JobStatus::Active, Some(at(5)))
    );
    db.pause(&by(6), job).await.unwrap();
    let rewound = db.rewind(&by(7), job, None).await.unwrap();
    assert_eq!((rewound.cursor, rewound.status), (None, JobStatus::Paused));
    let entries = db.audit(&AuditFilter::default(), Page::first(1)).await;
    let entry = &entries.unwrap()[0];
    assert_eq!(entry.action, AuditAction::Rewind);
    assert_eq!(entry.before.as_ref().unwrap()["cursor"], "id:4");
    assert!(entry.after.as_ref().unwrap()["cursor"].is_null());
}

/// Asking twice fetches once; asking after it ended fetches again, from the beginning.
pub async fn a_backfill_is_asked_for_once_until_it_ended(harness: &dyn Harness) {
    let bench = Bench::new(harness, &["one"]).await;
    let new = NewJob {
        kind: JobKind::BackfillTrades {
            symbol: "one:BTC/USD".parse().unwrap(),
            range: TimeRange::new(at(0), at(500)),
        },
        schedule: Schedule::Once,
        purpose: Purpose::Backfill,
        ..new_job("one", 1, 10)
    };
    let db = &bench.db;
    let made = db.backfill(&by(10), new.clone()).await.unwrap();
    let entries = bench.entries().await;
    assert_eq!(db.backfill(&by(11), new.clone()).await.unwrap(), made);
    let held = bench.claim_one(12).await;
    db.advance(&held, at(13), &id(9), Rows(9)).await.unwrap();
    let asked = db.backfill(&by(14), new.clone()).await.unwrap();
    assert_eq!(
        (asked.status, asked.cursor),
        (JobStatus::Running, Some(id(9)))
    );
    assert_eq!(bench.entries().await, entries, "nothing was changed");
    db.finish(&held, at(15), &succeeded(Next::Done))
        .await
        .unwrap();
    let again = NewJob { due: at(20), ..new };
    let again = db.backfill(&by(20), again).await.unwrap();
    assert_eq!((again.id, again.cursor), (made.id, None));
    assert_eq!(
        (again.status, again.next_due),
        (JobStatus::Active, Some(at(20)))
    );
    assert_eq!(bench.entries().await, entries + 1);
    bench.claim_one(20).await;
}

/// Pausing what is paused, changing to what it is, and whatever is refused.
pub async fn what_changes_nothing_leaves_no_entry(harness: &dyn Harness) {
    let (bench, job) = Bench::with_job(harness).await;
    let db = &bench.db;
    db.pause(&by(1), job).await.unwrap();
    let (before, entries) = (bench.get(job).await, bench.entries().await);
    db.pause(&by(2), job).await.unwrap();
    db.update_job(&by(2), job, JobChange::default())
        .await
        .unwrap();
    let unchanged = ConnectorChange {
        state: Some((ConnectorState::Enabled, None)),
        ..ConnectorChange::default()
    };
    db.update_connector(&by(2), &venue("one"), unchanged)
        .await
        .unwrap();
    assert!(is_refused(db.run_now(&by(3), job).await));
    assert!(is_refused(db.delete_connector(&by(3), &venue("one")).await));
    assert_eq!(bench.get(job).await, before);
    db.resume(&by(4), job).await.unwrap();
    db.resume(&by(5), job).await.unwrap();
    assert_eq!(bench.entries().await, entries + 1);
}

/// Who, when, what, before and after, of each.
pub async fn every_change_has_its_entry(harness: &dyn Harness) {
    let (bench, job) = Bench::with_job(harness).await;
    let db = &bench.db;
    let by = |seconds| By {
        who: "ann".into(),
        at: at(seconds),
    };
    let urgent = JobChange {
        schedule: None,
        purpose: Some(Purpose::Repair),
    };
    let disabled = ConnectorChange {
        state: Some((ConnectorState::Disabled, None)),
        ..ConnectorChange::default()
    };
    db.update_connector(&by(1), &venue("one"), disabled)
        .await
        .unwrap();
    db.update_job(&by(2), job, urgent).await.unwrap();
    db.pause(&by(3), job).await.unwrap();
    db.resume(&by(4), job).await.unwrap();
    db.run_now(&by(5), job).await.unwrap();
    db.rewind(&by(6), job, Some(id(1))).await.unwrap();
    db.delete_job(&by(7), job).await.unwrap();
    db.delete_connector(&by(8), &venue("one")).await.unwrap();

    let entries = db.audit(&AuditFilter::default(), ALL).await.unwrap();
    assert!(entries.is_sorted_by(|newer, older| newer.id > older.id));
    let mut told: Vec<_> = entries
        .iter()
        .map(|entry| (entry.subject.as_str(), entry.action.as_str()))
        .collect();
    told.reverse();
    let expected = [
        ("connector", "create"),
        ("job", "create"),
        ("connector", "update"),
        ("job", "update"),
        ("job", "pause"),
        ("job", "resume"),
        ("job", "run_now"),
        ("job", "rewind"),
        ("job", "delete"),
        ("connector", "delete"),
    ];
    assert_eq!(told, expected);
    let pause = entries
        .iter()
        .find(|entry| entry.action == AuditAction::Pause)
        .unwrap();
    assert_eq!((pause.who.as_str(), pause.at), ("ann", at(3)));
    assert_eq!(pause.before.as_ref().unwrap()["status"], "active");
    assert_eq!(pause.after.as_ref().unwrap()["status"], "paused");
    let newest = &entries[0];
    assert!(newest.before.is_some() && newest.after.is_none());

    let of_job = AuditFilter {
        subject: Some(Subject::Job),
        key: Some(job.to_string().into()),
    };
    assert_eq!(db.audit(&of_job, ALL).await.unwrap().len(), 7);
    let page = Page {
        past: Some(entries[3].id),
        limit: 2,
    };
    let page = db.audit(&AuditFilter::default(), page).await.unwrap();
    assert_eq!(page, entries[4..6]);
}
