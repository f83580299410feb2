//! [`Recorder`]: the way into the raw log, for everything that happens at one venue.

use std::sync::Arc;
use std::time::Duration;

use quantflow_model::{Timestamp, VenueId};
use quantflow_seams::{Clock, EventLog, LogError};
use quantflow_wire::{Disconnected, LogPosition, PartitionId, Record, RecordChunk, RecordKind};
use serde::Serialize;
use tokio::sync::{Mutex, watch};

use crate::metrics;

/// Whether the raw log takes what comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LogState {
    /// It does.
    Writing,
    /// It refuses: the disk is full, or it fails. Sockets are closed; it is tried again, and intake
    /// resumes by itself.
    Refusing {
        /// Since when.
        since: Timestamp,
        /// Its words.
        detail: String,
    },
    /// It was closed, or belongs to another process: intake has ended.
    Closed {
        /// Its words.
        detail: String,
    },
}

/// The records could not be put into the log, and never will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the log takes no more records")]
pub(crate) struct Stopped;

/// Appends in the order of the calls. While the log refuses, the records that it refused wait here
/// and are tried again; everybody else waits behind them.
#[derive(Debug)]
pub(crate) struct Recorder {
    log: Arc<dyn EventLog>,
    clock: Arc<dyn Clock>,
    venue: VenueId,
    partition: PartitionId,
    retry: Duration,
    /// Whose turn it is; holds whether the beginning of this life is in the log.
    turn: Mutex<bool>,
    state: watch::Sender<LogState>,
    stop: watch::Receiver<bool>,
}

impl Recorder {
    pub(crate) fn new(
        log: Arc<dyn EventLog>,
        clock: Arc<dyn Clock>,
        venue: VenueId,
        partition: PartitionId,
        retry: Duration,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Self {
            log,
            clock,
            venue,
            partition,
            retry,
            turn: Mutex::new(false),
            state: watch::Sender::new(LogState::Writing),
            stop,
        }
    }

    pub(crate) fn state(&self) -> watch::Receiver<LogState> {
        self.state.subscribe()
    }

    /// Appends one record.
    pub(crate) async fn append_one(
        &self,
        kind: RecordKind,
        received: Timestamp,
        payload: &[u8],
    ) -> Result<LogPosition, Stopped> {
        let mut chunk = RecordChunk::with_capacity(payload.len() + 32);
        let record = Record {
            kind,
            received,
            connection: 0,
            sequence: 0,
            payload,
        };
        if let Err(error) = chunk.push(&record) {
            // the driver's bounds are below a record's; only an instrument list could come near
            tracing::error!(venue = self.venue.as_str(), %error, "a record does not fit into the log");
            return Err(Stopped);
        }
        self.append(chunk).await
    }

    /// Appends a chunk (the first of this life behind a record that says so); waits as long as the log is busy, and while it refuses until it takes it.
    ///
    /// # Errors
    /// When the log was closed, or refuses while the venue's ingestion is being shut down.
    pub(crate) async fn append(&self, chunk: RecordChunk) -> Result<LogPosition, Stopped> {
        let mut begun = self.turn.lock().await;
        let chunk = if *begun {
            chunk
        } else {
            self.begin_with(&chunk)?
        };
        let mut stop = self.stop.clone();
        loop {
            // the log takes the chunk with it, also when it refuses
            match self.log.append(&self.partition, chunk.clone()).await {
                Ok(position) => {
                    *begun = true;
                    self.accepted();
                    return Ok(position);
                }
                Err(error @ (LogError::Closed | LogError::Locked { .. })) => {
                    self.closed(&error);
                    return Err(Stopped);
                }
                Err(error) => self.refused(&error),
            }
            tokio::select! {
                () = self.clock.sleep(self.retry) => {}
                _ = stop.wait_for(|stop| *stop) => {
                    let lost = chunk.len();
                    tracing::error!(venue = self.venue.as_str(), lost, "records are lost: stopped while the log refuses");
                    ::metrics::counter!(metrics::RECORDS_LOST, "venue" => self.venue.as_str().to_owned())
                        .increment(lost as u64);
                    return Err(Stopped);
                }
            }
        }
    }

    /// The first records of this life, behind one that says so: a life before that was killed left
    /// connections without an end.
    fn begin_with(&self, first: &RecordChunk) -> Result<RecordChunk, Stopped> {
        let restart = Disconnected {
            reason: "restart".into(),
            detail: "ingestion began anew".into(),
        };
        let payload = serde_json::to_vec(&restart).unwrap_or_default();
        let received = first.iter().next().map(|record| record.received);
        let restart = Record {
            kind: RecordKind::Disconnected,
            received: received.unwrap_or_else(|| self.clock.now()),
            connection: 0,
            sequence: 0,
            payload: &payload,
        };
        let mut chunk = RecordChunk::with_capacity(first.bytes().len() + payload.len() + 32);
        let records = std::iter::once(restart).chain(first.iter());
        for record in records {
            // they fitted into a chunk before
            chunk.push(&record).map_err(|_| Stopped)?;
        }
        Ok(chunk)
    }

    fn accepted(&self) {
        if *self.state.borrow() != LogState::Writing {
            tracing::info!(venue = self.venue.as_str(), "the log takes records again");
            self.refuses(0.0);
            self.state.send_replace(LogState::Writing);
        }
    }

    fn refused(&self, error: &LogError) {
        let detail = error.to_string();
        let since = match &*self.state.borrow() {
            LogState::Refusing { since, detail: old } if *old != detail => *since,
            LogState::Refusing { .. } => return, // no news
            LogState::Writing | LogState::Closed { .. } => {
                tracing::error!(venue = self.venue.as_str(), %error, "intake stops: the log refuses");
                self.refuses(1.0);
                self.clock.now()
            }
        };
        self.state
            .send_replace(LogState::Refusing { since, detail });
    }

    fn closed(&self, error: &LogError) {
        let detail = error.to_string();
        tracing::warn!(venue = self.venue.as_str(), %error, "intake ends");
        self.state.send_replace(LogState::Closed { detail });
    }

    fn refuses(&self, value: f64) {
        let venue = self.venue.as_str().to_owned();
        ::metrics::gauge!(metrics::LOG_REFUSES, "venue" => venue).set(value);
    }
}

/// Returns when the log does not take records; at once if it does not now.
pub(crate) async fn refusing(state: &mut watch::Receiver<LogState>) {
    if state
        .wait_for(|state| *state != LogState::Writing)
        .await
        .is_err()
    {
        std::future::pending::<()>().await; // the recorder is gone, and with it whoever asks
    }
}

/// Returns when the log takes records.
pub(crate) async fn writing(state: &mut watch::Receiver<LogState>) {
    if state
        .wait_for(|state| *state == LogState::Writing)
        .await
        .is_err()
    {
        std::future::pending::<()>().await;
    }
}
