//! [`Lease`]: who works on a job, under which token, and until when.

use std::fmt;

use compact_str::CompactString;
use quantflow_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::{FailureClass, Job, JobId, Rows, RunError};

/// A worker's name, one for each life of a process.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkerId(pub CompactString);

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number of a lease of a job: grows with each.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Token(pub u64);

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A run's number; given by the database, ascending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub u64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Leave to work on a job; its token is [`Job::token`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Whose it is.
    pub worker: WorkerId,
    /// The run that it is for.
    pub run: RunId,
    /// Until when. From then on the job may be taken away; until somebody does, the lease counts.
    pub expires: Timestamp,
}

/// What a worker shows with each word: which job it holds, and under which token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Held {
    /// Which job.
    pub job: JobId,
    /// Under which token.
    pub token: Token,
    /// For which run.
    pub run: RunId,
}

/// A job that a worker was given. The job is as it stood after that: running, with the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The job.
    pub job: Job,
    /// What to show.
    pub held: Held,
    /// Until when.
    pub expires: Timestamp,
}

/// How a run ends by its worker's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finish {
    /// How many rows it brought, in all.
    pub rows: Rows,
    /// What it failed with, if it did.
    pub failure: Option<RunError>,
    /// What becomes of the job.
    pub next: Next,
}

impl Finish {
    /// A run that failed.
    pub fn failed(class: FailureClass, text: impl Into<String>, rows: Rows, next: Next) -> Self {
        Self {
            rows,
            failure: Some(RunError {
                class,
                text: text.into(),
            }),
            next,
        }
    }
}

/// What becomes of a job after a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It is due again then.
    Due(Timestamp),
    /// It has nothing more to do.
    Done,
    /// It cannot go on until somebody mends something. An operational event says so.
    Error,
}

/// A job that was taken from a worker that did not renew its lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    /// Which job, under which token, in which run.
    pub held: Held,
    /// Whose it was.
    pub worker: WorkerId,
    /// When the lease was over.
    pub expired: Timestamp,
}
