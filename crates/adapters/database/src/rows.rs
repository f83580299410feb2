//! Rows to types and back.

use std::fmt::Display;
use std::str::FromStr;

use quantflow_model::Timestamp;
use quantflow_seams::jobs::{
    AuditEntry, Connector, Cursor, Job, JobId, JobResult, JobStoreError, Lease, OperationalEvent,
    Rows, Run, RunError, RunId, Token, WorkerId,
};
use quantflow_wire::Purpose;
use serde_json::Value as Json;

use crate::sql::{Row, Value, values};

pub(crate) const CONNECTOR: &str = "venue, protocol, state, error, settings, created, updated";
pub(crate) const JOB: &str = "id, venue, target, schedule, purpose, status, cursor_at, next_due, \
     attempts, last_error, token, worker, run, expires, created, updated";
pub(crate) const RUN: &str = "id, job, venue, worker, token, attempt, started, ended, outcome, \
     row_count, error_class, error_text, cursor_before, cursor_after";
pub(crate) const EVENT: &str = "id, at, severity, what, venue, job, text";
pub(crate) const AUDIT: &str = "id, at, who, action, subject, key, state_before, state_after";

pub(crate) const PURPOSES: [Purpose; 4] = [
    Purpose::Live,
    Purpose::Repair,
    Purpose::Interactive,
    Purpose::Backfill,
];

/// Its place in the order of urgency.
pub(crate) fn rank(purpose: Purpose) -> i64 {
    match purpose {
        Purpose::Live => 0,
        Purpose::Repair => 1,
        Purpose::Interactive => 2,
        Purpose::Backfill => 3,
    }
}

fn corrupt(what: &str, detail: &impl Display) -> JobStoreError {
    JobStoreError::Corrupt {
        what: what.to_owned(),
        detail: detail.to_string(),
    }
}

fn parsed<T>(what: &str, text: &str) -> JobResult<T>
where
    T: FromStr,
    T::Err: Display,
{
    text.parse().map_err(|error| corrupt(what, &error))
}

fn parsed_or_null<T>(what: &str, text: Option<String>) -> JobResult<Option<T>>
where
    T: FromStr,
    T::Err: Display,
{
    text.map(|text| parsed(what, &text)).transpose()
}

pub(crate) fn json(value: &impl serde::Serialize) -> JobResult<String> {
    serde_json::to_string(value).map_err(|error| JobStoreError::Failed(error.to_string()))
}

fn from_json<T: serde::de::DeserializeOwned>(what: &str, text: &str) -> JobResult<T> {
    serde_json::from_str(text).map_err(|error| corrupt(what, &error))
}

/// A number that is never negative here.
fn natural(row: &Row, at: usize) -> JobResult<u64> {
    let number = row.int(at)?;
    u64::try_from(number).map_err(|_| corrupt("a number", &number))
}

/// A number of ours as a column has it.
pub(crate) fn column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn time(row: &Row, at: usize) -> JobResult<Timestamp> {
    row.int(at).map(Timestamp::from_nanos)
}

pub(crate) fn time_or_null(row: &Row, at: usize) -> JobResult<Option<Timestamp>> {
    Ok(row.int_or_null(at)?.map(Timestamp::from_nanos))
}

pub(crate) fn cursor_text(cursor: Option<Cursor>) -> Option<String> {
    cursor.map(|cursor| cursor.to_string())
}

pub(crate) fn connector(row: &Row) -> JobResult<Connector> {
    Ok(Connector {
        venue: parsed("a venue", &row.text(0)?)?,
        protocol: row.text(1)?.into(),
        state: parsed("a connector", &row.text(2)?)?,
        error: row.text_or_null(3)?,
        settings: from_json("a connector's settings", &row.text(4)?)?,
        created: time(row, 5)?,
        updated: time(row, 6)?,
    })
}

pub(crate) fn job(row: &Row) -> JobResult<Job> {
    let purpose = usize::try_from(row.int(4)?).unwrap_or(usize::MAX);
    let lease = match (
        row.text_or_null(11)?,
        row.int_or_null(12)?,
        time_or_null(row, 13)?,
    ) {
        (None, None, None) => None,
        (Some(worker), Some(_), Some(expires)) => Some(Lease {
            worker: WorkerId(worker.into()),
            run: RunId(natural(row, 12)?),
            expires,
        }),
        _ => return Err(corrupt("a job", &"half a lease")),
    };
    Ok(Job {
        id: JobId(natural(row, 0)?),
        venue: parsed("a venue", &row.text(1)?)?,
        kind: from_json("a job's kind", &row.text(2)?)?,
        schedule: from_json("a job's schedule", &row.text(3)?)?,
        purpose: *PURPOSES
            .get(purpose)
            .ok_or_else(|| corrupt("a job's purpose", &purpose))?,
        status: parsed("a job", &row.text(5)?)?,
        cursor: parsed_or_null("a cursor", row.text_or_null(6)?)?,
        next_due: time_or_null(row, 7)?,
        attempts: u32::try_from(natural(row, 8)?).unwrap_or(u32::MAX),
        last_error: row.text_or_null(9)?,
        token: Token(natural(row, 10)?),
        lease,
        created: time(row, 14)?,
        updated: time(row, 15)?,
    })
}

/// What of a job changes, behind its id: for `UPDATE`.
pub(crate) fn job_values(job: &Job) -> JobResult<Vec<Value>> {
    let lease = job.lease.as_ref();
    Ok(values![
        column(job.id.0),
        json(&job.schedule)?,
        rank(job.purpose),
        job.status.as_str(),
        cursor_text(job.cursor),
        job.next_due.map(Timestamp::nanos),
        i64::from(job.attempts),
        job.last_error.clone(),
        column(job.token.0),
        lease.map(|lease| lease.worker.0.to_string()),
        lease.map(|lease| column(lease.run.0)),
        lease.map(|lease| lease.expires.nanos()),
        job.updated.nanos(),
    ])
}

pub(crate) fn run(row: &Row) -> JobResult<Run> {
    let error = match (row.text_or_null(10)?, row.text_or_null(11)?) {
        (Some(class), text) => Some(RunError {
            class: parsed("a run", &class)?,
            text: text.unwrap_or_default(),
        }),
        (None, _) => None,
    };
    Ok(Run {
        id: RunId(natural(row, 0)?),
        job: JobId(natural(row, 1)?),
        venue: parsed("a venue", &row.text(2)?)?,
        worker: WorkerId(row.text(3)?.into()),
        token: Token(natural(row, 4)?),
        attempt: u32::try_from(natural(row, 5)?).unwrap_or(u32::MAX),
        started: time(row, 6)?,
        ended: time_or_null(row, 7)?,
        outcome: parsed_or_null("a run", row.text_or_null(8)?)?,
        rows: Rows(natural(row, 9)?),
        error,
        cursor_before: parsed_or_null("a cursor", row.text_or_null(12)?)?,
        cursor_after: parsed_or_null("a cursor", row.text_or_null(13)?)?,
    })
}

pub(crate) fn event(row: &Row) -> JobResult<OperationalEvent> {
    Ok(OperationalEvent {
        id: natural(row, 0)?,
        at: time(row, 1)?,
        severity: parsed("an event", &row.text(2)?)?,
        what: row.text(3)?.into(),
        venue: parsed_or_null("a venue", row.text_or_null(4)?)?,
        job: match row.int_or_null(5)? {
            Some(_) => Some(JobId(natural(row, 5)?)),
            None => None,
        },
        text: row.text(6)?,
    })
}

pub(crate) fn audit(row: &Row) -> JobResult<AuditEntry> {
    let state = |at| -> JobResult<Option<Json>> {
        row.text_or_null(at)?
            .map(|text| from_json("an audit entry", &text))
            .transpose()
    };
    Ok(AuditEntry {
        id: natural(row, 0)?,
        at: time(row, 1)?,
        who: row.text(2)?.into(),
        action: parsed("an audit entry", &row.text(3)?)?,
        subject: parsed("an audit entry", &row.text(4)?)?,
        key: row.text(5)?.into(),
        before: state(6)?,
        after: state(7)?,
    })
}
