//! What a worker does with jobs.

use std::time::Duration;

use quantflow_jobs::{More, WorkError};
use quantflow_model::Timestamp;
use quantflow_seams::Clock;
use quantflow_seams::jobs::{
    FailureClass, JobChange, JobHistory, JobLeases, JobStatus, JobStore, Page, RunOutcome,
    Schedule, WorkerId,
};
use quantflow_testkit::clock::ManualClock;

use crate::scripted::{Act, Stage, id};

const SECOND: Duration = Duration::from_secs(1);
const NANOS: i64 = 1_000_000_000;

fn failing(class: FailureClass) -> Act {
    Act::Fail(WorkError::new(class, "as it was told"))
}

/// Page after page until it is up to date; then again when it is due.
#[tokio::test]
async fn pages_are_fetched_until_it_is_up_to_date() {
    let acts = [
        Act::Rows(5, More::Now),
        Act::Rows(3, More::Later),
        Act::Rows(2, More::Later),
    ];
    let stage = Stage::new(acts).await;
    let begun = stage.clock.now();
    let worker = stage.work(|_| ());
    stage.pass(SECOND).await;
    let job = stage.job().await;
    assert_eq!((job.status, job.cursor), (JobStatus::Active, Some(id(8))));
    let due = job.next_due.unwrap();
    assert!(due > begun && due.since(begun) <= 60_000_000_000);
    stage.pass(Duration::from_mins(1)).await;
    stage.stop(worker).await;
    let runs = stage.runs().await;
    let rows: Vec<_> = runs.iter().map(|run| run.rows.0).collect();
    assert_eq!(rows, [8, 2]);
    let seen = stage.work.seen.lock().unwrap().clone();
    assert_eq!(seen, [None, Some(id(5)), Some(id(8))]);
}

/// The log is slow: the cursor waits for it.
#[tokio::test]
async fn the_cursor_moves_only_when_the_log_is_durable() {
    let stage = Stage::new([Act::Rows(5, More::Later)]).await;
    stage.log.synced.send_replace(false);
    let worker = stage.work(|_| ());
    stage.pass(SECOND).await;
    assert_eq!(*stage.log.waiting.borrow(), 1, "it is in the log");
    stage.pass(Duration::from_mins(5)).await;
    let job = stage.job().await;
    assert_eq!((job.status, job.cursor), (JobStatus::Running, None));
    assert_eq!(stage.runs().await.len(), 1, "the lease was kept meanwhile");
    stage.log.synced.send_replace(true);
    stage.settle().await;
    assert_eq!(stage.job().await.cursor, Some(id(5)));
    stage.stop(worker).await;
}

/// Stopped while the log is not durable: the page will be fetched again.
#[tokio::test]
async fn what_is_not_durable_is_fetched_again() {
    let stage = Stage::new([Act::Rows(5, More::Later), Act::Rows(5, More::Later)]).await;
    stage.log.synced.send_replace(false);
    let worker = stage.work(|_| ());
    stage.pass(SECOND).await;
    stage.stop(worker).await;
    let job = stage.job().await;
    assert_eq!((job.status, job.cursor), (JobStatus::Active, None));
    let run = &stage.runs().await[0];
    assert_eq!(run.outcome, Some(RunOutcome::Released));
}

/// However long a step takes.
#[tokio::test]
async fn the_lease_is_renewed_while_it_works() {
    let stage = Stage::new([Act::Hang]).await;
    let worker = stage.work(|_| ());
    stage.pass(Duration::from_mins(30)).await;
    assert_eq!(*stage.work.hanging.borrow(), 1);
    let lease = stage.job().await.lease.unwrap();
    assert!(lease.expires > stage.clock.now());
    assert!(
        stage
            .db
            .reclaim(stage.clock.now(), 9)
            .await
            .unwrap()
            .is_empty()
    );
    stage.stop(worker).await;
    assert_eq!(*stage.work.hanging.borrow(), 0, "it was dropped");
    assert_eq!(stage.runs().await.len(), 1);
}

/// An operator pauses, or another host takes the job: the work is dropped and says nothing more.
#[tokio::test]
async fn the_work_is_dropped_when_the_lease_is_lost() {
    let stage = Stage::new([Act::Hang]).await;
    let worker = stage.work(|_| ());
    stage.pass(SECOND).await;
    assert_eq!(*stage.work.hanging.borrow(), 1);
    stage.db.pause(&stage.by(), stage.job).await.unwrap();
    stage.pass(Duration::from_secs(11)).await;
    assert_eq!(
        *stage.work.hanging.borrow(),
        0,
        "a third of the lease later"
    );
    let runs = stage.runs().await;
    assert_eq!(runs[0].outcome, Some(RunOutcome::Cancelled));
    stage.db.resume(&stage.by(), stage.job).await.unwrap();
    stage.pass(SECOND).await;
    assert_eq!(stage.runs().await.len(), 2, "and its place is free");
    stage.stop(worker).await;
}

/// A worker takes what a dead one held.
#[tokio::test]
async fn a_dead_workers_job_is_taken_over() {
    let stage = Stage::new([Act::Rows(4, More::Later)]).await;
    let dead = WorkerId("dead".into());
    let lease = Duration::from_secs(30);
    let now = stage.clock.now();
    stage.db.claim(&dead, now, 9, lease).await.unwrap();
    let worker = stage.work(|_| ());
    stage.pass(Duration::from_secs(29)).await;
    assert_eq!(stage.runs().await.len(), 1);
    stage.pass(Duration::from_secs(2)).await;
    stage.stop(worker).await;
    let outcomes: Vec<_> = stage.runs().await.iter().map(|run| run.outcome).collect();
    assert_eq!(
        outcomes,
        [Some(RunOutcome::Lost), Some(RunOutcome::Succeeded)]
    );
    assert_eq!(stage.job().await.cursor, Some(id(4)));
}

/// Transient ones are tried until they work.
#[tokio::test]
async fn a_failure_is_tried_again() {
    let mut acts = vec![failing(FailureClass::Network); 12];
    acts.push(Act::Rows(1, More::Later));
    let stage = Stage::new(acts).await;
    let worker = stage.work(|_| ());
    stage.pass(SECOND / 10).await;
    assert_eq!(stage.job().await.attempts, 1);
    stage.pass(Duration::from_hours(1)).await;
    let job = stage.job().await;
    assert_eq!((job.attempts, job.cursor), (0, Some(id(1))));
    let attempts: Vec<_> = stage.runs().await.iter().map(|run| run.attempt).collect();
    assert_eq!(attempts[..13], (1..=13).collect::<Vec<_>>());
    stage.stop(worker).await;
}

/// The venue's word counts.
#[tokio::test]
async fn retry_after_is_honoured() {
    let limited = WorkError {
        retry_after: Some(Duration::from_mins(7)),
        ..WorkError::new(FailureClass::Limited, "429")
    };
    let stage = Stage::new([Act::Fail(limited), Act::Rows(1, More::Later)]).await;
    let worker = stage.work(|_| ());
    stage.pass(Duration::from_mins(7)).await;
    assert_eq!(stage.runs().await.len(), 1);
    stage.pass(Duration::from_secs(4)).await;
    assert_eq!(stage.job().await.cursor, Some(id(1)));
    stage.stop(worker).await;
}

/// What cannot get better waits for an operator, who is told.
#[tokio::test]
async fn a_hard_failure_is_an_error_and_an_event() {
    let stage = Stage::new([failing(FailureClass::Refused)]).await;
    let worker = stage.work(|_| ());
    stage.pass(Duration::from_hours(1)).await;
    assert_eq!(stage.job().await.status, JobStatus::Error);
    assert_eq!(stage.runs().await.len(), 1);
    let events = stage.db.events(Page::first(9)).await.unwrap();
    assert_eq!((events.len(), events[0].what.as_str()), (1, "job_failed"));
    stage.stop(worker).await;
}

/// A panic is a failure of the job, not of the worker; again and again, an error.
#[tokio::test]
async fn a_panic_is_a_failure() {
    let stage = Stage::new(vec![Act::Panic; 9]).await;
    let worker = stage.work(|_| ());
    stage.pass(Duration::from_hours(1)).await;
    assert_eq!(stage.job().await.status, JobStatus::Error);
    let runs = stage.runs().await;
    assert_eq!(runs.len(), 5);
    let crashed = |run: &quantflow_seams::jobs::Run| {
        run.error.as_ref().map(|error| error.class) == Some(FailureClass::Crashed)
    };
    assert!(runs.iter().all(crashed));
    stage.stop(worker).await;
}

/// A job that kills its workers is not given to them for ever.
#[tokio::test]
async fn a_job_whose_workers_die_is_an_error() {
    let stage = Stage::new([]).await;
    for _ in 0..5 {
        let lease = Duration::from_secs(30);
        let name = WorkerId("dies".into());
        let claims = stage.db.claim(&name, stage.clock.now(), 9, lease).await;
        assert_eq!(claims.unwrap().len(), 1);
        stage.clock.advance(lease);
        stage.db.reclaim(stage.clock.now(), 9).await.unwrap();
    }
    let worker = stage.work(|_| ());
    stage.pass(SECOND).await;
    let job = stage.job().await;
    assert_eq!(job.status, JobStatus::Error);
    assert!(job.last_error.unwrap().contains("workers died"));
    assert!(
        stage.work.seen.lock().unwrap().is_empty(),
        "it was not tried"
    );
    stage.stop(worker).await;
}

/// A work whose cursor goes back is wrong, and says so.
#[tokio::test]
async fn a_cursor_that_goes_back_is_an_error() {
    let stage = Stage::new([Act::Rows(9, More::Now), Act::Cursor(3)]).await;
    let worker = stage.work(|_| ());
    stage.pass(SECOND).await;
    let job = stage.job().await;
    assert_eq!((job.status, job.cursor), (JobStatus::Error, Some(id(9))));
    assert!(job.last_error.unwrap().contains("does not go back"));
    stage.stop(worker).await;
}

/// A long backfill gives way, and goes on.
#[tokio::test]
async fn a_run_with_more_to_fetch_gives_way() {
    let stage = Stage::new([Act::Rows(1, More::Now), Act::Rows(1, More::Never)]).await;
    let worker = stage.work(|options| options.slice = Duration::ZERO);
    stage.pass(SECOND).await;
    let runs = stage.runs().await;
    assert_eq!(runs.len(), 2);
    assert!(
        runs.iter()
            .all(|run| run.outcome == Some(RunOutcome::Succeeded))
    );
    assert_eq!(stage.job().await.status, JobStatus::Done);
    stage.stop(worker).await;
}

/// A schedule that is changed during a run counts from its end on.
#[tokio::test]
async fn a_schedule_changed_during_a_run_counts() {
    let stage = Stage::new([Act::Rows(1, More::Later)]).await;
    stage.log.synced.send_replace(false);
    let worker = stage.work(|_| ());
    stage.pass(SECOND).await;
    let hourly = Schedule::Every {
        period: Duration::from_hours(1),
    };
    let change = JobChange {
        schedule: Some((hourly, stage.clock.now())),
        purpose: None,
    };
    stage
        .db
        .update_job(&stage.by(), stage.job, change)
        .await
        .unwrap();
    stage.log.synced.send_replace(true);
    stage.pass(SECOND).await;
    let due = stage.job().await.next_due.unwrap();
    assert_eq!(due.seconds() % 3_600, 0, "{due}");
    stage.stop(worker).await;
}

/// A host whose clock is an hour behind: by the database's clock its leases are as long as others'.
#[tokio::test]
async fn leases_go_by_the_databases_clock() {
    let host = ManualClock::new(Timestamp::from_seconds(1_700_000_000));
    let theirs = ManualClock::new(host.now() + Duration::from_hours(1));
    let stage = Stage::with_database_clock([Act::Hang], host, theirs.clone()).await;
    let worker = stage.work(|_| ());
    stage.pass(SECOND / 10).await;
    let lease = stage.job().await.lease.unwrap();
    let left = lease.expires.since(theirs.now());
    assert!((29 * NANOS..=30 * NANOS).contains(&left), "{left}");
    stage.stop(worker).await;
}

/// A host that vanished never closes its connection.
#[tokio::test]
async fn a_database_that_never_answers_ends_the_work() {
    let stage = Stage::new([Act::Hang]).await;
    let worker = stage.work(|_| ());
    stage.pass(SECOND).await;
    stage.db.answers(false);
    stage.pass(Duration::from_mins(1)).await;
    assert_eq!(*stage.work.hanging.borrow(), 0, "the lease cannot be kept");
    stage.db.answers(true);
    stage.pass(Duration::from_mins(1)).await;
    let outcomes: Vec<_> = stage.runs().await.iter().map(|run| run.outcome).collect();
    assert_eq!(
        outcomes[..2],
        [Some(RunOutcome::Lost), Some(RunOutcome::Succeeded)]
    );
    stage.stop(worker).await;
}
