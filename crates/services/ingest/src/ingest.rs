//! [`VenueIngest`]: everything that is taken in from one venue.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use quantflow_model::{Timestamp, VenueId};
use quantflow_seams::{Budget, BudgetError, Clock, EventLog, Feed};
use quantflow_wire::{
    Channel, Codec, EventKind, Purpose, Query, RecordKind, RequestError, SnapshotBy, Subscription,
};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::ask::{Answered, AskError};
use crate::backoff::Jitter;
use crate::config::IngestConfig;
use crate::connection::Connection;
use crate::history::{Histories, History, HistoryRequest};
use crate::queue::{Queue, Submitted};
use crate::recorder::{LogState, Recorder};
use crate::repair::{BookSnapshotRequest, RepairRequest, SpanRequest, books, repairs, spans};
use crate::shared::Shared;
use crate::status::{ConnectionCell, VenueStatus};

/// Pages of a list of instruments, at the most: a venue whose pages never end is not followed.
const MOST_PAGES: usize = 200;

/// The engines that ingestion works with.
#[derive(Debug, Clone)]
pub struct Engines {
    /// What the venue's bytes mean.
    pub codec: Arc<dyn Codec>,
    /// Sockets and requests.
    pub feed: Arc<dyn Feed>,
    /// What may be asked.
    pub budget: Arc<dyn Budget>,
    /// Where everything goes.
    pub log: Arc<dyn EventLog>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Why ingestion of a venue could not begin.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The venue does not offer what is wanted of it.
    #[error(transparent)]
    Subscribe(#[from] RequestError),
    /// The budget does not take the venue's limits.
    #[error(transparent)]
    Budget(#[from] BudgetError),
}

/// Everything that is taken in from one venue: its sockets, what is asked of it, and the clock.
///
/// It runs in tasks of its own from [`VenueIngest::start`] until [`VenueIngest::shutdown`] (or until
/// it is dropped, which ends it at once).
#[derive(Debug)]
pub struct VenueIngest {
    shared: Arc<Shared>,
    connections: Vec<(Arc<ConnectionCell>, Arc<Notify>)>,
    repairs: Arc<Queue<RepairRequest>>,
    spans: Arc<Queue<SpanRequest>>,
    books: Arc<Queue<BookSnapshotRequest>>,
    histories: Arc<Histories>,
    clock_offset: watch::Receiver<Option<i64>>,
    changes: watch::Sender<u64>,
    partition: quantflow_wire::PartitionId,
    stop: watch::Sender<bool>,
    tasks: Mutex<JoinSet<()>>,
}

impl VenueIngest {
    /// Sets the venue's limits, then opens its sockets and asks for its instruments and its clock.
    /// Returns at once: what cannot be reached now is tried until it can.
    ///
    /// # Errors
    /// When the venue does not offer a stream that is wanted, or the budget refuses its limits.
    pub async fn start(engines: Engines, config: IngestConfig) -> Result<Self, StartError> {
        let description = engines.codec.describe();
        let venue = description.id.clone();
        let plans = engines.codec.subscribe(&config.subscriptions)?;
        engines
            .budget
            .configure(&venue, &description.limits)
            .await?;
        let (stop, stopped) = watch::channel(false);
        let changes = watch::Sender::new(0);
        let shared = Arc::new(Shared {
            recorder: Recorder::new(
                engines.log,
                Arc::clone(&engines.clock),
                venue.clone(),
                config.partition.clone(),
                config.policy.log_retry,
                stopped.clone(),
            ),
            codec: engines.codec,
            feed: engines.feed,
            budget: engines.budget,
            clock: engines.clock,
            jitter: Jitter::new(config.seed),
            rest_url: config.rest_url.into(),
            ws_url: config.ws_url.trim_end_matches('/').to_owned(),
            sockets: 0.into(),
            heard: watch::Sender::new(false),
            key_refusal: Mutex::default(),
            policy: config.policy,
            venue: venue.clone(),
        });
        let mut tasks = JoinSet::new();
        let mut connections = Vec::new();
        for (id, plan) in (1..).zip(plans) {
            let cell = Arc::new(ConnectionCell::new(
                &venue,
                id,
                plan.label.clone(),
                plan.subscriptions.clone(),
                shared.clock.now(),
                changes.clone(),
            ));
            let renew = Arc::new(Notify::new());
            let connection = Connection {
                shared: Arc::clone(&shared),
                cell: Arc::clone(&cell),
                plan,
                renew: Arc::clone(&renew),
                stop: stopped.clone(),
            };
            tasks.spawn(connection.run());
            connections.push((cell, renew));
        }
        let repair_queue = Arc::new(Queue::new(shared.policy.repair_queue));
        let span_queue = Arc::new(Queue::new(shared.policy.repair_queue));
        let book_queue = Arc::new(Queue::new(shared.policy.repair_queue));
        for _ in 0..shared.policy.repair_workers.max(1) {
            let work = repairs(Arc::clone(&shared), Arc::clone(&repair_queue));
            tasks.spawn(until_stopped(stopped.clone(), work));
        }
        let work = spans(Arc::clone(&shared), Arc::clone(&span_queue));
        tasks.spawn(until_stopped(stopped.clone(), work));
        let work = books(Arc::clone(&shared), Arc::clone(&book_queue));
        tasks.spawn(until_stopped(stopped.clone(), work));
        tasks.spawn(until_stopped(stopped.clone(), tick(Arc::clone(&shared))));
        let (offset, clock_offset) = watch::channel(None);
        let work = keep_asking(Arc::clone(&shared), offset);
        tasks.spawn(until_stopped(stopped.clone(), work));
        let log_state = shared.recorder.state();
        tasks.spawn(until_stopped(
            stopped,
            tell_changes(log_state, changes.clone()),
        ));
        Ok(Self {
            shared,
            connections,
            repairs: repair_queue,
            spans: span_queue,
            books: book_queue,
            histories: Arc::new(Histories::new()),
            clock_offset,
            changes,
            partition: config.partition,
            stop,
            tasks: Mutex::new(tasks),
        })
    }

    /// Which venue.
    pub fn venue(&self) -> &VenueId {
        &self.shared.venue
    }

    /// How it stands now.
    pub fn status(&self) -> VenueStatus {
        let now = self.shared.clock.now();
        let silence = self.shared.codec.describe().silence;
        let connections = self.connections.iter();
        VenueStatus {
            venue: self.shared.venue.clone(),
            partition: self.partition.clone(),
            log: self.shared.recorder.state().borrow().clone(),
            connections: connections
                .map(|(cell, _)| cell.status(now, silence))
                .collect(),
            clock_offset_ms: *self.clock_offset.borrow(),
            key_refusal: self.shared.key_refusal(),
            repairs: self.repairs.counts(),
            book_snapshots: self.books.counts(),
        }
    }

    /// Changes whenever a connection or the log changes its state (not with every message).
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Renews a connection: a fresh socket is opened beside the present one, which is closed when
    /// the fresh one brings messages. One that waits for its next try is tried at once. `false`
    /// where there is no connection of this id.
    pub fn reconnect(&self, id: u32) -> bool {
        let found = self.connections.iter().find(|(cell, _)| cell.id() == id);
        found.is_some_and(|(_, renew)| {
            renew.notify_one();
            true
        })
    }

    /// Fetches missing trades into the raw log. Never waits.
    pub fn repair(&self, request: RepairRequest) -> Submitted {
        self.repairs.submit(request)
    }

    /// Fetches what was traded in a time without a feed into the raw log. Never waits.
    pub fn repair_span(&self, request: SpanRequest) -> Submitted {
        self.spans.submit(request)
    }

    /// Has a whole order book put into the raw log: asks for it, or lets its stream begin anew where
    /// the venue gives books that way. Never waits.
    pub fn snapshot_book(&self, request: BookSnapshotRequest) -> Submitted {
        if self.shared.codec.describe().book.snapshot == SnapshotBy::Request {
            return self.books.submit(request);
        }
        let stream = Subscription {
            symbol: request.symbol,
            venue_symbol: request.venue_symbol,
            channel: Channel::Book,
        };
        for (cell, _) in &self.connections {
            cell.begin_anew(&stream);
        }
        Submitted::Queued
    }

    /// Fetches the venue's own candles into the raw log and returns when they are in it. The same
    /// request that is under way is not sent again. Cancel-safe: the fetching goes on.
    ///
    /// # Errors
    /// When the venue does not offer this, refuses it, does not answer, or the budget has no room.
    pub async fn request_history(&self, request: HistoryRequest) -> Result<History, AskError> {
        let stop = self.stop.subscribe();
        self.histories.fetch(&self.shared, request, stop).await
    }

    /// Stops intake, puts into the log what is at hand, records the ends of the sockets and closes
    /// them; bounded in time. Returns whether everything ended by itself. The log is not closed.
    pub async fn shutdown(&self) -> bool {
        self.stop.send_replace(true);
        let mut tasks = {
            let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *tasks)
        };
        let ended = tokio::select! {
            () = async { while tasks.join_next().await.is_some() {} } => true,
            () = self.shared.clock.sleep(self.shared.policy.shutdown) => false,
        };
        if !ended {
            tracing::warn!(
                venue = self.shared.venue.as_str(),
                left = tasks.len(),
                "ended the hard way"
            );
            tasks.shutdown().await;
        }
        ended
    }
}

async fn until_stopped(mut stop: watch::Receiver<bool>, work: impl Future<Output = ()>) {
    tokio::select! {
        biased;
        _ = stop.wait_for(|stop| *stop) => {}
        () = work => {}
    }
}

async fn tell_changes(mut log: watch::Receiver<LogState>, changes: watch::Sender<u64>) {
    while log.changed().await.is_ok() {
        changes.send_modify(|version| *version += 1);
    }
}

/// Records the clock, on its whole seconds: a quiet minute closes only by time.
async fn tick(shared: Arc<Shared>) {
    let period = i64::try_from(shared.policy.tick.as_nanos())
        .unwrap_or(i64::MAX)
        .max(1);
    loop {
        let past = shared.clock.now().nanos().rem_euclid(period);
        let wait = u64::try_from(period - past).unwrap_or(0);
        shared.clock.sleep(Duration::from_nanos(wait)).await;
        if *shared.recorder.state().borrow() != LogState::Writing {
            continue; // an old tick says nothing: the next one will
        }
        let now = shared.clock.now();
        if shared
            .recorder
            .append_one(RecordKind::Tick, now, &[])
            .await
            .is_err()
        {
            return;
        }
    }
}

/// Asks for the venue's clock and instruments now and again: at the start until there is an answer.
async fn keep_asking(shared: Arc<Shared>, offset: watch::Sender<Option<i64>>) {
    loop {
        // the small question first: its answer tells what of the limits is used already, and
        // everything else waits for it
        let asked = shared.clock.now();
        if let Some(said) = ask_at_last(&shared, &Query::ServerTime).await {
            let answered = shared.clock.now();
            let theirs = said.events.iter().find_map(|event| match event.kind {
                EventKind::ServerTime(time) => Some(time),
                _ => None,
            });
            offset.send_replace(theirs.map(|theirs| offset_ms(asked, answered, theirs)));
        }
        ask_instruments(&shared).await;
        shared.clock.sleep(shared.policy.refresh).await;
    }
}

/// Asks for all instruments: of each kind of market, page by page.
async fn ask_instruments(shared: &Shared) {
    for query in shared.codec.instrument_queries() {
        let mut page = Some(query);
        for _ in 0..MOST_PAGES {
            let Some(query) = page else { break };
            page = match ask_at_last(shared, &query).await {
                Some(answered) if answered.next.as_ref() != Some(&query) => answered.next,
                _ => None,
            };
        }
    }
}

/// The venue's clock less ours, taking the answer's way for as long as the question's.
fn offset_ms(asked: Timestamp, answered: Timestamp, theirs: Timestamp) -> i64 {
    let way = answered.since(asked) / 2;
    (theirs.since(answered) + way) / 1_000_000
}

/// Asks until there is an answer; `None` where the venue will never give one.
async fn ask_at_last(shared: &Shared, query: &Query) -> Option<Answered> {
    loop {
        let how = shared.stubbornness(Purpose::Live);
        match shared.answer(query, how).await {
            Ok(answered) => return Some(answered),
            Err(error) if error.is_transient() => {
                tracing::warn!(venue = shared.venue.as_str(), ?query, %error, "asked again");
                let delay = shared.jitter.within(shared.policy.retry_cap);
                shared.clock.sleep(delay).await;
            }
            Err(error) => {
                tracing::error!(venue = shared.venue.as_str(), ?query, %error, "cannot be asked");
                shared.was_heard();
                return None;
            }
        }
    }
}
