//! One run of a job under its lease.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use quantflow_seams::EventLog;
use quantflow_seams::jobs::{
    Claim, FailureClass, Finish, Held, Job, JobDatabase, JobResult, JobStoreError, Next, Page,
    Rows, RunError, RunFilter, RunOutcome,
};
use tokio::sync::watch;

use crate::agreed::AgreedTime;
use crate::due::next_due;
use crate::metrics;
use crate::retry::{Jitter, RetryPolicy};
use crate::work::{More, Step, Work, WorkError};

/// How long between two tries of a word that the database did not take.
const SAY_AGAIN: Duration = Duration::from_millis(250);

/// What runs share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) database: Arc<dyn JobDatabase>,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) work: Arc<dyn Work>,
    pub(crate) time: AgreedTime,
    pub(crate) jitter: Jitter,
    pub(crate) retry: RetryPolicy,
    /// How long a lease lasts that is not renewed.
    pub(crate) lease: Duration,
    /// After how long a run that has more to fetch gives way to other jobs.
    pub(crate) slice: Duration,
}

/// How a run ended, as its worker sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It did what it should, and said so.
    Succeeded,
    /// It failed, and said so.
    Failed,
    /// It was given back.
    Released,
    /// The lease is another's, or could not be kept: nothing more may be said.
    LeaseLost,
    /// The database takes no word of it: the lease will end by itself.
    Unsaid,
}

impl Ended {
    /// In one word.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Released => "released",
            Self::LeaseLost => "lease_lost",
            Self::Unsaid => "unsaid",
        }
    }
}

/// Runs the job until it is up to date, done, fails, has had its time, is to stop, or has lost its
/// lease. In the last case the work is dropped where it stands.
pub(crate) async fn run(shared: &Shared, claim: Claim, mut stop: watch::Receiver<bool>) -> Ended {
    let held = claim.held;
    tokio::select! {
        biased;
        () = keep(shared, &claim) => return Ended::LeaseLost,
        ended = work_on(shared, &claim) => return ended,
        // a sender that is gone means the same
        _ = stop.wait_for(|stop| *stop) => {}
    }
    let released = tokio::select! {
        () = keep(shared, &claim) => return Ended::LeaseLost,
        released = say(shared, || shared.database.release(&held, shared.time.now())) => released,
    };
    match released {
        Ok(_) => Ended::Released,
        Err(error) => unsaid(&held, &error),
    }
}

/// Renews the lease, a third of it before its end at the latest; returns when it is lost.
async fn keep(shared: &Shared, claim: &Claim) {
    let (held, mut expires) = (&claim.held, claim.expires);
    let mut wait = shared.lease / 3;
    loop {
        shared.time.sleep(wait).await;
        let now = shared.time.now();
        let renewed = shared.database.renew(held, now, shared.lease);
        match shared.time.within(shared.lease / 3, renewed).await {
            Ok(lease) => {
                expires = lease.expires;
                wait = shared.lease / 3;
            }
            Err(error) if error.is_transient() && shared.time.now() < expires => {
                wait = SAY_AGAIN.min(shared.lease / 10);
            }
            Err(error) => {
                let job = held.job.0;
                tracing::warn!(job, token = held.token.0, %error, "the lease is lost, its work is dropped");
                return;
            }
        }
    }
}

/// Says something to the database until it is heard; whether the lease lasts so long is
/// [`keep`]'s to tell.
async fn say<T, F>(shared: &Shared, word: impl Fn() -> F) -> JobResult<T>
where
    F: Future<Output = JobResult<T>>,
{
    loop {
        match shared.time.within(shared.lease, word()).await {
            Err(error) if error.is_transient() => {
                let wait = SAY_AGAIN / 2 + shared.jitter.within(SAY_AGAIN);
                shared.time.sleep(wait).await;
            }
            said => return said,
        }
    }
}

fn unsaid(held: &Held, error: &JobStoreError) -> Ended {
    match error {
        // gone: somebody paused and removed it
        JobStoreError::LeaseLost { .. } | JobStoreError::NotFound { .. } => Ended::LeaseLost,
        error => {
            tracing::error!(job = held.job.0, %error, "the end of a run is not taken");
            Ended::Unsaid
        }
    }
}

/// How the steps of a run came to their end.
enum End {
    /// Nothing more for now.
    UpToDate,
    /// It has more, and gives way.
    Slice,
    /// Nothing more at all.
    Done,
    Failed(WorkError),
    /// The database refused a word for good.
    Refused(JobStoreError),
}

async fn work_on(shared: &Shared, claim: &Claim) -> Ended {
    let held = claim.held;
    let mut rows = Rows(0);
    let end = match gave_up(shared, &claim.job).await {
        Some(error) => End::Failed(error),
        None => steps(shared, claim, &mut rows).await,
    };
    let finish = match end {
        End::Refused(error) => return unsaid(&held, &error),
        End::Failed(error) => failed(shared, &claim.job, error, rows),
        End::Slice => succeeded(rows, Next::Due(shared.time.now())),
        End::Done => succeeded(rows, Next::Done),
        // its schedule may have been changed meanwhile
        End::UpToDate => match say(shared, || shared.database.job(held.job)).await {
            Ok(job) => up_to_date(shared, &job, rows),
            Err(error) => return unsaid(&held, &error),
        },
    };
    let said = say(shared, || {
        let now = shared.time.now();
        shared.database.finish(&held, now, &finish)
    });
    match said.await {
        Ok(_) if finish.failure.is_some() => Ended::Failed,
        Ok(_) => Ended::Succeeded,
        Err(error) => unsaid(&held, &error),
    }
}

/// Whether its workers died of it again and again.
async fn gave_up(shared: &Shared, job: &Job) -> Option<WorkError> {
    let most = shared.retry.crashes;
    if job.attempts < most {
        return None;
    }
    let filter = RunFilter {
        job: Some(job.id),
        ..RunFilter::default()
    };
    let page = Page::first(most.saturating_add(1));
    let runs = say(shared, || shared.database.runs(&filter, page))
        .await
        .ok()?;
    let mut ended = runs.iter().filter_map(|run| run.outcome).peekable();
    ended.peek()?;
    let died = |outcome: RunOutcome| outcome == RunOutcome::Lost;
    (ended.clone().count() >= most as usize && ended.all(died)).then(|| {
        let text = format!("its last {most} workers died or were cut off");
        WorkError::new(FailureClass::Crashed, text)
    })
}

async fn steps(shared: &Shared, claim: &Claim, rows: &mut Rows) -> End {
    let begun = shared.time.now();
    let mut job = claim.job.clone();
    loop {
        let step = AssertUnwindSafe(shared.work.step(&job)).catch_unwind();
        let step = match step.await {
            Ok(Ok(step)) => step,
            Ok(Err(error)) => return End::Failed(error),
            Err(_) => {
                let error = WorkError::new(FailureClass::Crashed, "the work panicked");
                return End::Failed(error);
            }
        };
        if let Err(error) = durable(shared, &step).await {
            return End::Failed(error);
        }
        metrics::rows(&job.venue, step.rows);
        rows.0 = rows.0.saturating_add(step.rows);
        if let Some(cursor) = step.cursor {
            let advanced = say(shared, || {
                let now = shared.time.now();
                shared.database.advance(&claim.held, now, &cursor, *rows)
            });
            job = match advanced.await {
                Ok(job) => job,
                Err(error @ JobStoreError::Cursor { .. }) => {
                    let error = WorkError::new(FailureClass::Invalid, error.to_string());
                    return End::Failed(error);
                }
                Err(error) => return End::Refused(error),
            };
        }
        let spent = shared.time.now().since(begun);
        match step.more {
            More::Never => return End::Done,
            More::Later => return End::UpToDate,
            More::Now if spent >= shared.slice.as_nanos() as i64 => return End::Slice,
            More::Now => {}
        }
    }
}

/// Waits until what the step appended outlives a crash.
async fn durable(shared: &Shared, step: &Step) -> Result<(), WorkError> {
    let Some(logged) = &step.logged else {
        return Ok(());
    };
    let waited = shared.log.wait_durable(&logged.partition, logged.end);
    waited
        .await
        .map_err(|error| WorkError::new(FailureClass::Log, error.to_string()))
}

fn succeeded(rows: Rows, next: Next) -> Finish {
    Finish {
        rows,
        failure: None,
        next,
    }
}

fn up_to_date(shared: &Shared, job: &Job, rows: Rows) -> Finish {
    match next_due(&job.schedule, shared.time.now()) {
        Ok(Some(due)) => succeeded(rows, Next::Due(due)),
        Ok(None) => succeeded(rows, Next::Done),
        Err(error) => Finish::failed(FailureClass::Invalid, error.to_string(), rows, Next::Error),
    }
}

fn failed(shared: &Shared, job: &Job, error: WorkError, rows: Rows) -> Finish {
    // what a run brought before it failed is progress: the count begins anew
    let failures = if rows.0 > 0 {
        1
    } else {
        job.attempts.saturating_add(1)
    };
    let (retry, jitter) = (&shared.retry, &shared.jitter);
    let next = retry.next(
        error.class,
        failures,
        error.retry_after,
        shared.time.now(),
        jitter,
    );
    tracing::warn!(job = job.id.0, %error, failures, ?next, "a run failed");
    Finish {
        rows,
        failure: Some(RunError {
            class: error.class,
            text: error.text,
        }),
        next,
    }
}
