//! [`Session`]: one open socket, from its first record to its last.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use quantflow_model::Timestamp;
use quantflow_seams::{FeedError, Socket, SocketMessage};
use quantflow_wire::{
    Connected, Disconnected, Record, RecordChunk, RecordKind, SubscribePlan, Subscribed,
};
use tokio::sync::{mpsc, watch};

use crate::metrics;
use crate::outgoing::Outgoing;
use crate::pulse::{Cause, Hint, Pulse};
use crate::recorder::{LogState, Stopped, refusing};
use crate::shared::Shared;
use crate::status::{ConnectionCell, ConnectionState};

/// Before its sequence numbers run out a socket is renewed.
const LAST_SEQUENCE: u32 = 0xF000_0000;
/// Why a socket was closed that had done nothing wrong.
const REFUSED: &str = "closed because the log refuses records";
/// An append that took longer kept us from listening: that was no silence of the venue.
const DEAF: Duration = Duration::from_millis(250);

/// Waits for what is in the slot; for ever while it is empty.
async fn of(timer: Option<&mut Timer>) {
    match timer {
        Some(timer) => timer.await,
        None => std::future::pending().await,
    }
}

/// How a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ended {
    /// `closed`, `silent`, `error`, `shutdown` or `rotation`.
    pub(crate) reason: &'static str,
    pub(crate) detail: String,
    pub(crate) at: Timestamp,
    /// Whether it brought messages and lived long enough to call it a success.
    pub(crate) healthy: bool,
}

/// Why a session is to end: the reason for the record, and the details.
pub(crate) type StopOrder = Option<(&'static str, String)>;

#[derive(Debug)]
pub(crate) struct Session {
    shared: Arc<Shared>,
    cell: Arc<ConnectionCell>,
    /// `None` once it was closed because the log refuses …
    socket: Option<Box<dyn Socket>>,
    /// … and since when.
    hung_up: Option<Timestamp>,
    number: u32,
    sequence: u32,
    outgoing: Outgoing,
    plan: SubscribePlan,
    log_state: watch::Receiver<LogState>,
    pulse: Pulse,
    opened: Timestamp,
    /// For so many bytes a chunk is made: as many as the one before had.
    room: usize,
}

type Timer = Pin<Box<dyn Future<Output = ()> + Send>>;

enum Step {
    Stop(StopOrder),
    LogRefuses,
    Watch,
    Send,
    Alive,
    Anew,
    Message(Result<SocketMessage, FeedError>),
}

impl Session {
    /// Takes over a socket that was just opened at `url` (without credentials), and records it.
    pub(crate) async fn begin(
        shared: Arc<Shared>,
        cell: Arc<ConnectionCell>,
        socket: Box<dyn Socket>,
        url: String,
        plan: SubscribePlan,
        attempt: u32,
        hints: mpsc::Sender<Hint>,
    ) -> Result<Self, Stopped> {
        let now = shared.clock.now();
        let mut session = Self {
            socket: Some(socket),
            hung_up: None,
            number: shared.next_socket(),
            sequence: 0,
            outgoing: Outgoing::new(&plan, shared.codec.describe().send_rate),
            log_state: shared.recorder.state(),
            pulse: Pulse::new(Arc::clone(&shared.codec), Arc::clone(&cell), hints, now),
            opened: now,
            room: 0,
            shared,
            cell,
            plan,
        };
        session
            .note(RecordKind::Connected, now, &Connected { url, attempt })
            .await?;
        session.cell.opened(session.number, now);
        Ok(session)
    }

    /// Runs until the socket ends or `stop` holds an order, and records how it ended.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<StopOrder>) -> Ended {
        let mut ended = match self.pump(&mut stop).await {
            Ok(ended) => ended,
            Err(Stopped) => self.ended("shutdown", "the log takes no more records"),
        };
        ended.healthy =
            self.pulse.is_live() && ended.at >= self.opened + self.shared.policy.healthy_after;
        let farewell = Disconnected {
            reason: ended.reason.into(),
            detail: ended.detail.clone(),
        };
        // recorded before the goodbye is waited for, so that a shutdown in a hurry has it
        let recorded = self
            .note(RecordKind::Disconnected, ended.at, &farewell)
            .await;
        if recorded.is_err() {
            tracing::warn!(
                socket = self.number,
                "the end of a socket could not be recorded"
            );
        }
        if let Some(mut socket) = self.socket.take() {
            socket.close().await;
        }
        self.cell.closed();
        let labels = [
            ("venue", self.shared.venue.as_str().to_owned()),
            ("reason", ended.reason.to_owned()),
        ];
        ::metrics::counter!(metrics::DISCONNECTS, &labels).increment(1);
        ended
    }

    async fn pump(&mut self, stop: &mut watch::Receiver<StopOrder>) -> Result<Ended, Stopped> {
        if !self.outgoing.has_plan() {
            self.subscribed().await?;
        }
        let mut alive = self.outgoing.alive_every().map(|every| self.timer(every));
        let cell = Arc::clone(&self.cell);
        let mut watchdog = self.timer(self.pulse.until_look(self.opened));
        let mut send_due = self.timer(Duration::ZERO);
        loop {
            let Some(socket) = self.socket.as_mut() else {
                return Ok(self.ended("error", REFUSED));
            };
            let step = tokio::select! {
                biased;
                order = stop.wait_for(Option::is_some) => {
                    Step::Stop(order.ok().and_then(|order| order.clone()))
                }
                () = refusing(&mut self.log_state) => Step::LogRefuses,
                () = &mut watchdog => Step::Watch,
                () = &mut send_due, if self.outgoing.has_plan() => Step::Send,
                () = of(alive.as_mut()) => Step::Alive,
                () = cell.streams_to_begin_anew() => Step::Anew,
                message = socket.next() => Step::Message(message),
            };
            match step {
                Step::Stop(order) => {
                    let (reason, detail) = order.unwrap_or(("shutdown", String::new()));
                    return Ok(self.ended(reason, detail));
                }
                Step::LogRefuses => self.hang_up().await,
                Step::Watch => {
                    let now = self.shared.clock.now();
                    if !self.pulse.look(now) {
                        let silence = self.shared.codec.describe().silence;
                        return Ok(self.ended("silent", format!("nothing came for {silence:?}")));
                    }
                    watchdog = self.timer(self.pulse.until_look(now));
                }
                Step::Send => {
                    if let Some(text) = self.outgoing.next_of_plan()
                        && let Err(error) = socket.send(&text).await
                    {
                        return Ok(self.ended("error", error.to_string()));
                    }
                    if self.outgoing.has_plan() {
                        send_due = self.timer(self.outgoing.pace);
                    } else {
                        self.subscribed().await?;
                    }
                }
                Step::Alive => {
                    self.outgoing.sign_of_life();
                    alive = self.outgoing.alive_every().map(|every| self.timer(every));
                }
                Step::Anew => self.begin_anew(),
                Step::Message(first) => {
                    let (chunk, ended) = self.drain(first);
                    if !chunk.is_empty() {
                        self.append(chunk).await?;
                    }
                    if let Some(ended) = ended {
                        return Ok(ended);
                    }
                }
            }
            if let Err(error) = self.send_at_once().await {
                return Ok(self.ended("error", error.to_string()));
            }
        }
    }

    async fn send_at_once(&mut self) -> Result<(), FeedError> {
        while let Some(socket) = self.socket.as_mut()
            && let Some(text) = self.outgoing.next_at_once()
        {
            socket.send(&text).await?;
        }
        Ok(())
    }

    /// Streams that lost something begin anew, without touching the others where the venue can do that.
    fn begin_anew(&mut self) {
        for stream in self.cell.take_streams_to_begin_anew() {
            if !self
                .outgoing
                .begin_anew(self.shared.codec.as_ref(), &stream)
            {
                self.pulse.hint(Hint::Renew(Cause::Stream));
            }
        }
    }

    fn timer(&self, duration: Duration) -> Timer {
        let clock = Arc::clone(&self.shared.clock);
        Box::pin(async move { clock.sleep(duration).await })
    }

    fn ended(&self, reason: &'static str, detail: impl Into<String>) -> Ended {
        Ended {
            reason,
            detail: detail.into(),
            at: self.hung_up.unwrap_or_else(|| self.shared.clock.now()),
            healthy: false,
        }
    }

    /// Takes the message that came, and those that are at hand behind it, into one chunk.
    fn drain(&mut self, first: Result<SocketMessage, FeedError>) -> (RecordChunk, Option<Ended>) {
        let began = self.shared.clock.now();
        let (mut chunk, mut bytes) = (RecordChunk::with_capacity(self.room), 0);
        let (mut now, mut message) = (began, first);
        let ended = loop {
            let content = match message {
                Ok(SocketMessage::Text(payload)) => Some((RecordKind::Text, payload)),
                Ok(SocketMessage::Binary(payload)) => Some((RecordKind::Binary, payload)),
                Ok(SocketMessage::Ping) => None,
                Ok(SocketMessage::Closed { code, reason }) => {
                    break Some(self.ended("closed", format!("code {code}: {reason}")));
                }
                Err(error) => break Some(self.ended("error", error.to_string())),
            };
            self.pulse.life(now);
            if let Some((kind, payload)) = content {
                bytes += payload.len() as u64;
                if let Err(error) = self.push(&mut chunk, kind, now, &payload) {
                    break Some(self.ended("error", error));
                }
                self.pulse.observe(&payload, now);
                self.outgoing.answer(self.shared.codec.as_ref(), &payload);
            }
            let full = chunk.bytes().len() >= self.shared.policy.batch_bytes;
            if full || now >= began + self.shared.policy.batch_age {
                break None;
            }
            let Some(socket) = self.socket.as_mut() else {
                break None;
            };
            match socket.next().now_or_never() {
                Some(next) => message = next,
                None => break None,
            }
            now = self.shared.clock.now();
        };
        self.room = chunk.bytes().len();
        if !chunk.is_empty() {
            self.cell.received(chunk.len() as u64, bytes, now);
            self.pulse.messages();
        }
        (chunk, ended)
    }

    fn push(
        &mut self,
        chunk: &mut RecordChunk,
        kind: RecordKind,
        received: Timestamp,
        payload: &[u8],
    ) -> Result<(), String> {
        let record = Record {
            kind,
            received,
            connection: self.number,
            sequence: self.sequence,
            payload,
        };
        chunk.push(&record).map_err(|error| error.to_string())?;
        self.sequence = self.sequence.wrapping_add(1);
        if self.sequence == LAST_SEQUENCE {
            self.pulse.hint(Hint::Renew(Cause::Lifetime));
        }
        Ok(())
    }

    /// Puts messages into the log. If the log refuses meanwhile, the socket is closed: what cannot
    /// be kept is not taken in. The messages at hand wait for room.
    async fn append(&mut self, chunk: RecordChunk) -> Result<(), Stopped> {
        let began = self.shared.clock.now();
        let shared = Arc::clone(&self.shared);
        let mut appending = pin!(shared.recorder.append(chunk));
        tokio::select! {
            biased;
            appended = &mut appending => {
                appended?;
            }
            () = refusing(&mut self.log_state) => {
                self.hang_up().await;
                appending.await?;
            }
        }
        let now = shared.clock.now();
        if now >= began + DEAF {
            self.pulse.listen_again(now);
        }
        Ok(())
    }

    async fn hang_up(&mut self) {
        if let Some(mut socket) = self.socket.take() {
            let now = self.shared.clock.now();
            self.hung_up = Some(now);
            // told at once: the session itself ends when its last record is in the log
            self.cell.set_state(ConnectionState::Waiting, now);
            self.cell.set_error(format!("error: {REFUSED}"));
            socket.close().await;
        }
    }

    async fn subscribed(&mut self) -> Result<(), Stopped> {
        let subscriptions = self.plan.subscriptions.clone();
        let now = self.shared.clock.now();
        self.note(RecordKind::Subscribed, now, &Subscribed { subscriptions })
            .await
    }

    /// Records something about the connection itself.
    async fn note(
        &mut self,
        kind: RecordKind,
        at: Timestamp,
        what: &impl serde::Serialize,
    ) -> Result<(), Stopped> {
        let payload = serde_json::to_vec(what).map_err(|error| {
            tracing::error!(%error, "a record about a connection cannot be written as JSON");
            Stopped
        })?;
        let mut chunk = RecordChunk::with_capacity(payload.len() + 32);
        if let Err(error) = self.push(&mut chunk, kind, at, &payload) {
            tracing::error!(%error, "a record about a connection does not fit into the log");
            return Err(Stopped);
        }
        self.shared.recorder.append(chunk).await?;
        Ok(())
    }
}
