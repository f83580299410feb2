//! [`PartitionParts`]: what a partition's writer needs; [`PartitionOptions`]: how it works;
//! [`PartitionError`]: why it stops.

use std::sync::Arc;
use std::time::Duration;

use quantflow_pipeline::{Effect, StateError};
use quantflow_seams::{Clock, EventLog, LogError, SeriesStore, StoreError};
use quantflow_wire::{LogPosition, PartitionId};
use tokio::sync::mpsc;

use crate::stream::Hub;

/// How a partition shows and commits.
#[derive(Debug, Clone)]
pub struct PartitionOptions {
    /// At least so often what is known is committed.
    pub commit_interval: Duration,
    /// A commit begins early when so many rows wait.
    pub commit_rows: usize,
    /// Reading the log pauses while more rows than this wait (commits fail or are slow): the log
    /// keeps them meanwhile.
    pub pending_rows: usize,
    /// A moving candle is shown at most so often.
    pub candle_interval: Duration,
}

impl Default for PartitionOptions {
    fn default() -> Self {
        Self {
            commit_interval: Duration::from_secs(1),
            commit_rows: 500_000,
            pending_rows: 2_000_000,
            candle_interval: Duration::from_millis(100),
        }
    }
}

/// What a partition's writer needs.
#[derive(Debug, Clone)]
pub struct PartitionParts {
    /// Where its records are.
    pub log: Arc<dyn EventLog>,
    /// Where its rows go.
    pub store: Arc<dyn SeriesStore>,
    /// What time it is (for pacing only: nothing stored depends on it).
    pub clock: Arc<dyn Clock>,
    /// Who listens.
    pub hub: Hub,
    /// Where effects go; `None` in a replay, which drops them. When the channel is full the newest
    /// effect is dropped: the pipeline asks again by itself.
    pub effects: Option<mpsc::Sender<Effect>>,
}

/// Why a partition's writer stopped.
#[derive(Debug, thiserror::Error)]
pub enum PartitionError {
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store was made by another version of the pipeline.
    #[error(
        "the rows of {partition} were made by version {found} of the pipeline, this is version \
         {ours}: run `quantflow rebuild`, which computes them anew from the raw log"
    )]
    OtherVersion {
        /// Which partition.
        partition: PartitionId,
        /// The version that made them.
        found: u32,
        /// The version of this binary.
        ours: u32,
    },
    /// A venue was listened to, and its protocol is not known here. Its messages would all go into
    /// quarantine, and rows of imports would be ordered by another rule than those that are there.
    #[error(
        "the log of {partition} has messages of this venue, and the configuration names no protocol \
         for it: set venues.{partition}.protocol to what it was when they came; what is in the \
         store is as it was"
    )]
    NoCodec {
        /// Which partition.
        partition: PartitionId,
    },
    /// The log is gone, but the store has rows from it.
    #[error(
        "the raw log of {partition} is empty, but the store has taken it in up to {committed}: put \
         the log's folder back, or move the series' folder away to begin anew"
    )]
    LogLost {
        /// Which partition.
        partition: PartitionId,
        /// Where the store stands.
        committed: LogPosition,
    },
    /// The stored state cannot be read.
    #[error("the stored state of the pipeline cannot be read ({0}): run `quantflow rebuild`")]
    State(#[from] StateError),
}
