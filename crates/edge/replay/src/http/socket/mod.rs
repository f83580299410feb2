//! A socket: streams out, pings, limits, and what faults do to it. What clients say over it is in
//! `request`.

mod request;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse, Response};
use futures_util::{SinkExt, StreamExt};
use http::{HeaderValue, StatusCode, Uri, header};
use quantflow_model::Timestamp;
use quantflow_venues::binance::TimeUnit;
use quantflow_wire::{Event, EventKind, Notice};
use tokio::sync::mpsc;

use crate::fault::{FaultKind, FaultLine, Harm, Out};
use crate::http::params::Parameters;
use crate::venue::{Delivery, Stage, StreamKey, count, lock};

/// `/ws`, `/ws/<stream>/<stream>…`: messages as they are.
pub(super) async fn raw(
    State(stage): State<Arc<Stage>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    uri: Uri,
    upgrade: WebSocketUpgrade,
) -> Response {
    let names = uri.path().trim_start_matches("/ws").split('/');
    let names = names.filter(|name| !name.is_empty()).map(str::to_owned);
    open(stage, peer, uri.query(), upgrade, names.collect(), false)
}

/// `/stream?streams=<stream>/<stream>…`: messages wrapped with their stream's name.
pub(super) async fn combined(
    State(stage): State<Arc<Stage>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    uri: Uri,
    upgrade: WebSocketUpgrade,
) -> Response {
    let parameters = Parameters::parse(uri.query().unwrap_or("")).unwrap_or_default();
    let names = parameters.get("streams").unwrap_or("").split('/');
    let names = names.filter(|name| !name.is_empty()).map(str::to_owned);
    open(stage, peer, uri.query(), upgrade, names.collect(), true)
}

fn open(
    stage: Arc<Stage>,
    peer: SocketAddr,
    query: Option<&str>,
    upgrade: WebSocketUpgrade,
    names: Vec<String>,
    combined: bool,
) -> Response {
    let refuse = |status: StatusCode, retry_after: u64| {
        count(&stage.counters.refused_connections);
        let wait = HeaderValue::from(retry_after);
        (status, [(header::RETRY_AFTER, wait)]).into_response()
    };
    let elapsed = stage.pace.elapsed();
    if stage
        .plan()
        .on(elapsed)
        .any(|fault| fault == FaultKind::Cut)
    {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, 1);
    }
    let admitted = lock(&stage.limiter).connect(peer.ip(), stage.pace.clock.now());
    if let Err(retry_after) = admitted {
        return refuse(StatusCode::TOO_MANY_REQUESTS, retry_after);
    }
    if names.len() > stage.options.limits.streams_per_connection {
        return refuse(StatusCode::BAD_REQUEST, 0);
    }
    let parameters = Parameters::parse(query.unwrap_or("")).unwrap_or_default();
    let unit = match parameters.get("timeUnit") {
        Some("MICROSECOND" | "microsecond") => TimeUnit::Microseconds,
        _ => TimeUnit::Milliseconds,
    };
    let id = stage.next_connection.fetch_add(1, Ordering::Relaxed);
    upgrade
        .max_message_size(1 << 20)
        .write_buffer_size(64 << 10)
        .on_upgrade(move |socket| {
            let tracked = stage.tasks.clone();
            tracked.track_future(async move {
                Connection::new(stage, id, combined, unit)
                    .run(socket, names)
                    .await;
            })
        })
}

/// What the connection does next.
enum Next {
    Go,
    /// Ends with a closing handshake.
    Close(&'static str),
    /// Ends without a word.
    Vanish,
}

struct Connection {
    stage: Arc<Stage>,
    id: u64,
    unit: TimeUnit,
    line: FaultLine,
    harm: Harm,
    /// How many cuts there had been when it was opened.
    cuts: u64,
    /// When the client's last messages came, by the clock.
    heard: VecDeque<Timestamp>,
    out: VecDeque<Out>,
    ponged: Timestamp,
    inbox: mpsc::Receiver<Delivery>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        lock(&self.stage.hub).leave(self.id);
        self.stage.open_connections.fetch_sub(1, Ordering::AcqRel);
        self.stage.stir.notify_one();
    }
}

impl Connection {
    fn new(stage: Arc<Stage>, id: u64, combined: bool, unit: TimeUnit) -> Self {
        let (to, inbox) = mpsc::channel(stage.options.client_buffer.max(1));
        stage.open_connections.fetch_add(1, Ordering::AcqRel);
        if !stage.finished.load(Ordering::Acquire) {
            lock(&stage.hub).join(id, to, combined, unit);
        }
        let plan = stage.plan();
        Self {
            id,
            unit,
            line: FaultLine::new(plan.seed, id),
            harm: Harm::default(),
            cuts: plan.cuts(stage.pace.elapsed()),
            heard: VecDeque::new(),
            out: VecDeque::new(),
            ponged: stage.pace.clock.now(),
            inbox,
            stage,
        }
    }

    fn subscribe(&self, names: &[String]) {
        let mut hub = lock(&self.stage.hub);
        for name in names {
            let key = StreamKey::parse(name, |symbol| self.stage.listing(symbol));
            hub.subscribe(self.id, name, key);
        }
        drop(hub);
        self.stage.stir.notify_one();
    }

    async fn run(mut self, socket: WebSocket, names: Vec<String>) {
        self.subscribe(&names);
        count(&self.stage.counters.connections);
        let stage = Arc::clone(&self.stage);
        let clock = Arc::clone(&stage.pace.clock);
        let options = stage.options.clone();
        let (mut sink, mut stream) = socket.split();
        let notice_after = options
            .shutdown_notice
            .map(|before| options.connection_lifetime.saturating_sub(before));
        let mut ping = clock.sleep(options.ping_every);
        let mut life = clock.sleep(options.connection_lifetime);
        let mut notice = clock.sleep(notice_after.unwrap_or(options.connection_lifetime));
        let mut noticed = notice_after.is_none();
        let end = loop {
            let faults: Vec<FaultKind> = stage.plan().on(stage.pace.elapsed()).collect();
            let deaf = faults.contains(&FaultKind::Silent { pongs: false });
            let silent = deaf || faults.contains(&FaultKind::Silent { pongs: true });
            let next = tokio::select! {
                biased;
                () = stage.shutdown.cancelled() => Next::Close("shutdown"),
                message = stream.next(), if !deaf => match message {
                    Some(Ok(message)) => self.hear(&message, silent),
                    Some(Err(_)) | None => Next::Vanish,
                },
                delivery = self.inbox.recv() => match delivery {
                    Some(delivery) => self.take(delivery),
                    None if stage.finished.load(Ordering::Acquire) => Next::Close("the end"),
                    // the hub gave it up: too slow
                    None => Next::Vanish,
                },
                () = &mut ping => {
                    ping = clock.sleep(options.ping_every);
                    if clock.now().since(self.ponged) > options.pong_within.as_nanos() as i64 {
                        Next::Close("pong timeout")
                    } else if silent {
                        Next::Go
                    } else {
                        let now = stage.pace.now().millis().to_string();
                        let sent = sink.send(Message::Ping(now.into())).await;
                        if sent.is_ok() { Next::Go } else { Next::Vanish }
                    }
                },
                () = &mut notice, if !noticed => {
                    noticed = true;
                    self.announce();
                    Next::Go
                },
                () = &mut life => Next::Close("24 h are over"),
            };
            self.note_harm();
            if let Next::Go = next {
                let sent = tokio::select! {
                    sent = flush(&mut self.out, &mut sink) => sent,
                    () = stage.shutdown.cancelled() => true,
                };
                if sent {
                    continue;
                }
                break Next::Vanish;
            }
            break next;
        };
        if let Next::Close(reason) = end {
            let frame = CloseFrame {
                code: axum::extract::ws::close_code::AWAY,
                reason: reason.into(),
            };
            // the client may be gone, or not reading: no reason to wait
            let _ = tokio::time::timeout(
                Duration::from_millis(200),
                sink.send(Message::Close(Some(frame))),
            )
            .await;
        }
    }

    /// Takes a step of the walk.
    fn take(&mut self, delivery: Delivery) -> Next {
        let plan = self.stage.plan();
        let elapsed = u64::try_from(delivery.now.since(self.stage.pace.from)).unwrap_or(0);
        let elapsed = Duration::from_nanos(elapsed);
        if plan.faults.is_empty() && !self.line.holds() {
            let count = delivery.messages.len() as u64;
            self.stage
                .counters
                .messages
                .fetch_add(count, Ordering::Relaxed);
            self.out
                .extend(delivery.messages.into_iter().map(Out::Text));
            return Next::Go;
        }
        if plan.cuts(elapsed) > self.cuts {
            count(&self.stage.counters.cuts);
            return Next::Vanish;
        }
        let faults: Vec<FaultKind> = plan.on(elapsed).collect();
        let before = self.out.len();
        for message in delivery.messages {
            self.line.pass(message, &faults, elapsed, &mut self.out);
        }
        self.line.release(&faults, elapsed, &mut self.out);
        let sent = (self.out.len() - before) as u64;
        self.stage
            .counters
            .messages
            .fetch_add(sent, Ordering::Relaxed);
        Next::Go
    }

    fn note_harm(&mut self) {
        let (old, new) = (self.harm, self.line.harm);
        if old == new {
            return;
        }
        let counters = &self.stage.counters;
        for (counter, more) in [
            (&counters.dropped, new.dropped - old.dropped),
            (&counters.duplicated, new.duplicated - old.duplicated),
            (&counters.reordered, new.reordered - old.reordered),
            (&counters.delayed, new.delayed - old.delayed),
            (&counters.garbled, new.garbled - old.garbled),
        ] {
            counter.fetch_add(more, Ordering::Relaxed);
        }
        self.harm = new;
    }

    fn announce(&mut self) {
        let event = Event {
            symbol: None,
            sent: Some(self.stage.pace.now()),
            kind: EventKind::Notice(Notice::ShuttingDown),
        };
        let said = self.stage.speech.message(&event, self.unit);
        if let Some(text) = said.ok().and_then(|bytes| String::from_utf8(bytes).ok()) {
            self.out.push_back(Out::Text(text.into()));
        }
    }

    /// Takes what the client says.
    fn hear(&mut self, message: &Message, silent: bool) -> Next {
        let now = self.stage.pace.clock.now();
        while let Some(first) = self.heard.front() {
            if now.since(*first) < 1_000_000_000 {
                break;
            }
            self.heard.pop_front();
        }
        self.heard.push_back(now);
        if self.heard.len() > self.stage.options.limits.messages_per_second as usize {
            count(&self.stage.counters.too_talkative);
            return Next::Close("Too many requests");
        }
        let text = match message {
            Message::Text(text) => text,
            Message::Pong(_) | Message::Ping(_) => {
                self.ponged = now;
                return Next::Go;
            }
            Message::Binary(_) => return Next::Go,
            Message::Close(_) => return Next::Vanish,
        };
        let answer = self.obey(text);
        if !silent {
            self.out.push_back(Out::Text(answer));
        }
        Next::Go
    }
}

/// Sends what is ready; whether the socket still stands.
async fn flush(
    out: &mut VecDeque<Out>,
    sink: &mut (impl SinkExt<Message, Error = axum::Error> + Unpin),
) -> bool {
    if out.is_empty() {
        return true;
    }
    while let Some(message) = out.pop_front() {
        let message = match message {
            Out::Text(text) => Message::Text(text),
            Out::Binary(bytes) => Message::Binary(bytes),
        };
        if sink.feed(message).await.is_err() {
            return false;
        }
    }
    sink.flush().await.is_ok()
}
