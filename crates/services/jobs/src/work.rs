//! [`Work`]: what a run does.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use quantflow_seams::jobs::{Cursor, FailureClass, Job};
use quantflow_wire::{LogPosition, PartitionId};

/// What a run does, step by step; implemented by who knows venues.
#[async_trait]
pub trait Work: Debug + Send + Sync + 'static {
    /// Fetches one page from the job's cursor on, and appends what came to the raw log, exactly as
    /// it came. It neither waits until that is durable nor moves the cursor: the run does, in this
    /// order.
    ///
    /// It is dropped half way when the lease is lost or the worker shut down, and the same page is
    /// then fetched again, by whomever: what was appended must be whole records.
    ///
    /// # Errors
    /// [`WorkError`], whose class says whether trying again can help.
    async fn step(&self, job: &Job) -> Result<Step, WorkError>;
}

/// What a step brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Where in the log the last of it ends; `None` when nothing was appended.
    pub logged: Option<Logged>,
    /// How many rows.
    pub rows: u64,
    /// Where to go on; `None`: where it stands.
    pub cursor: Option<Cursor>,
    /// Whether there is more.
    pub more: More,
}

/// A place in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Of which partition.
    pub partition: PartitionId,
    /// The place after the last record.
    pub end: LogPosition,
}

/// Whether there is more to fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum More {
    /// Yes, now.
    Now,
    /// When the job is due again.
    Later,
    /// No: the job is done.
    Never,
}

/// Why a step failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text} ({class})")]
pub struct WorkError {
    /// What kind of failure: decides whether it is tried again.
    pub class: FailureClass,
    /// In words.
    pub text: String,
    /// How long the venue told us to stay away.
    pub retry_after: Option<Duration>,
}

impl WorkError {
    /// Without a time that the venue named.
    pub fn new(class: FailureClass, text: impl Into<String>) -> Self {
        Self {
            class,
            text: text.into(),
            retry_after: None,
        }
    }
}
