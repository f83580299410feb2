//! What is told about a venue's ingestion: [`VenueStatus`].

use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use compact_str::CompactString;
use quantflow_model::{Timestamp, VenueId};
use quantflow_wire::{PartitionId, Subscription};
use serde::Serialize;
use tokio::sync::{Notify, watch};

use crate::metrics;
use crate::recorder::LogState;

/// How a venue's ingestion stands.
#[derive(Debug, Clone, Serialize)]
pub struct VenueStatus {
    /// Which venue.
    pub venue: VenueId,
    /// Its partition of the raw log.
    pub partition: PartitionId,
    /// Whether the log takes records.
    pub log: LogState,
    /// Its connections, by id.
    pub connections: Vec<ConnectionStatus>,
    /// The venue's clock less ours, in milliseconds, as last asked.
    pub clock_offset_ms: Option<i64>,
    /// The venue's words when it last refused, with 401 or 403, a question that may carry the
    /// user's API key: it wants one, or not this one. `None` since it answered such a question.
    pub key_refusal: Option<String>,
    /// Repairs of holes.
    pub repairs: JobCounts,
    /// Snapshots of books.
    pub book_snapshots: JobCounts,
}

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    /// It is being opened, or waits for the budget of connections.
    Connecting,
    /// It is open.
    Open,
    /// It could not be opened or ended; the next try has its time.
    Waiting,
    /// Ingestion of the venue was stopped.
    Stopped,
}

/// How a connection stands. A connection is one planned socket: it stays the same when the socket
/// is renewed.
#[derive(Debug, Clone, Serialize)]
pub struct ConnectionStatus {
    /// Its number at the venue, from 1.
    pub id: u32,
    /// Its name.
    pub label: CompactString,
    /// Where it stands.
    pub state: ConnectionState,
    /// Since when.
    pub since: Timestamp,
    /// The number of its present (or last) socket in the raw log; 0 before the first.
    pub socket: u32,
    /// What it carries.
    pub subscriptions: Vec<Subscription>,
    /// From the venue's time to our receiving, in milliseconds, in the last sample (one a second).
    pub lag_ms: Option<i64>,
    /// How often it was opened again.
    pub reconnects: u32,
    /// Messages received.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When the last message came.
    pub last_message: Option<Timestamp>,
    /// When the last message about the market came.
    pub last_market: Option<Timestamp>,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// It is open, but nothing about the market came for the venue's time of silence.
    pub silent: bool,
}

/// How many jobs of a kind there were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct JobCounts {
    /// Wait.
    pub waiting: usize,
    /// Are under way.
    pub running: usize,
    /// Ended as they should.
    pub done: u64,
    /// Were given up.
    pub failed: u64,
    /// Were refused because too many waited.
    pub refused: u64,
}

/// Nothing yet, in a cell that holds a time.
const NEVER: i64 = i64::MIN;

/// What a connection's tasks write and the status reads. Counters are written once a batch.
#[derive(Debug)]
pub(crate) struct ConnectionCell {
    id: u32,
    label: CompactString,
    subscriptions: Vec<Subscription>,
    slow: Mutex<Slow>,
    socket: AtomicU32,
    messages: AtomicU64,
    bytes: AtomicU64,
    last_message: AtomicI64,
    last_market: AtomicI64,
    lag_nanos: AtomicI64,
    changes: watch::Sender<u64>,
    metrics: Metrics,
    /// How often in a row the socket was renewed because the market was silent.
    pub(crate) quiet_streak: AtomicU32,
    /// Streams that must begin anew: each of the connection's at the most once.
    anew: Mutex<Vec<Subscription>>,
    anew_wanted: Notify,
}

#[derive(Debug)]
struct Slow {
    state: ConnectionState,
    since: Timestamp,
    opened: u32,
    last_error: Option<String>,
}

struct Metrics {
    messages: ::metrics::Counter,
    bytes: ::metrics::Counter,
    appends: ::metrics::Counter,
    lag: ::metrics::Histogram,
    open: ::metrics::Gauge,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

impl ConnectionCell {
    pub(crate) fn new(
        venue: &VenueId,
        id: u32,
        label: CompactString,
        subscriptions: Vec<Subscription>,
        now: Timestamp,
        changes: watch::Sender<u64>,
    ) -> Self {
        let venue = || venue.as_str().to_owned();
        Self {
            id,
            label,
            subscriptions,
            slow: Mutex::new(Slow {
                state: ConnectionState::Connecting,
                since: now,
                opened: 0,
                last_error: None,
            }),
            socket: AtomicU32::new(0),
            messages: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            last_message: AtomicI64::new(NEVER),
            last_market: AtomicI64::new(NEVER),
            lag_nanos: AtomicI64::new(NEVER),
            changes,
            metrics: Metrics {
                messages: ::metrics::counter!(metrics::MESSAGES, "venue" => venue()),
                bytes: ::metrics::counter!(metrics::BYTES, "venue" => venue()),
                appends: ::metrics::counter!(metrics::APPENDS, "venue" => venue()),
                lag: ::metrics::histogram!(metrics::LAG, "venue" => venue()),
                open: ::metrics::gauge!(metrics::OPEN_SOCKETS, "venue" => venue()),
            },
            quiet_streak: AtomicU32::new(0),
            anew: Mutex::default(),
            anew_wanted: Notify::new(),
        }
    }

    /// Asks for a stream to begin anew; `false` where the connection does not carry it.
    pub(crate) fn begin_anew(&self, stream: &Subscription) -> bool {
        if !self.subscriptions.contains(stream) {
            return false;
        }
        let mut anew = self.anew.lock().unwrap_or_else(PoisonError::into_inner);
        if !anew.contains(stream) {
            anew.push(stream.clone());
        }
        drop(anew);
        self.anew_wanted.notify_one();
        true
    }

    /// Waits until a stream is to begin anew.
    pub(crate) async fn streams_to_begin_anew(&self) {
        self.anew_wanted.notified().await;
    }

    /// The streams that are to begin anew, once.
    pub(crate) fn take_streams_to_begin_anew(&self) -> Vec<Subscription> {
        let mut anew = self.anew.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *anew)
    }

    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    fn slow(&self) -> MutexGuard<'_, Slow> {
        self.slow.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        self.changes.send_modify(|version| *version += 1);
    }

    pub(crate) fn set_state(&self, state: ConnectionState, now: Timestamp) {
        let mut slow = self.slow();
        if slow.state != state {
            (slow.state, slow.since) = (state, now);
            drop(slow);
            self.changed();
        }
    }

    /// A socket was opened.
    pub(crate) fn opened(&self, number: u32, now: Timestamp) {
        self.metrics.open.increment(1.0);
        self.socket.store(number, Ordering::Relaxed);
        let mut slow = self.slow();
        slow.opened += 1;
        (slow.state, slow.since) = (ConnectionState::Open, now);
        drop(slow);
        self.changed();
    }

    /// A socket is gone.
    pub(crate) fn closed(&self) {
        self.metrics.open.decrement(1.0);
    }

    pub(crate) fn set_error(&self, error: String) {
        self.slow().last_error = Some(error);
        self.changed();
    }

    /// A batch of messages came.
    pub(crate) fn received(&self, messages: u64, bytes: u64, last: Timestamp) {
        self.messages.fetch_add(messages, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.last_message.store(last.nanos(), Ordering::Relaxed);
        self.metrics.messages.increment(messages);
        self.metrics.bytes.increment(bytes);
        self.metrics.appends.increment(1);
    }

    pub(crate) fn market(&self, at: Timestamp) {
        self.last_market.store(at.nanos(), Ordering::Relaxed);
    }

    pub(crate) fn lag(&self, nanos: i64) {
        self.lag_nanos.store(nanos, Ordering::Relaxed);
        self.metrics.lag.record(nanos as f64 / 1e9);
    }

    pub(crate) fn status(&self, now: Timestamp, silence: Duration) -> ConnectionStatus {
        let time = |cell: &AtomicI64| match cell.load(Ordering::Relaxed) {
            NEVER => None,
            nanos => Some(nanos),
        };
        let last_market = time(&self.last_market).map(Timestamp::from_nanos);
        let slow = self.slow();
        let quiet_since = last_market.map_or(slow.since, |at| at.max(slow.since));
        ConnectionStatus {
            id: self.id,
            label: self.label.clone(),
            state: slow.state,
            since: slow.since,
            socket: self.socket.load(Ordering::Relaxed),
            subscriptions: self.subscriptions.clone(),
            lag_ms: time(&self.lag_nanos).map(|nanos| nanos / 1_000_000),
            reconnects: slow.opened.saturating_sub(1),
            messages: self.messages.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            last_message: time(&self.last_message).map(Timestamp::from_nanos),
            last_market,
            last_error: slow.last_error.clone(),
            silent: slow.state == ConnectionState::Open
                && (self.quiet_streak.load(Ordering::Relaxed) > 0 || now >= quiet_since + silence),
        }
    }
}
