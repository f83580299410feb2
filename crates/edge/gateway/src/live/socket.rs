//! Live channels over WebSocket.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use http::{HeaderMap, HeaderValue, Request as HttpRequest, Response, StatusCode, header};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::encode::{Said, Wire};
use super::protocol::Request;
use super::session::{Outgoing, Session};
use crate::asker::Asker;
use crate::body::Body;
use crate::front::Front;
use crate::parameter::Parameters;
use crate::problem::{Code, Problem};
use crate::shared::Shared;

/// Messages that are put into one write where they are at hand.
const AT_ONCE: usize = 256;

/// Takes a connection over.
///
/// # Errors
/// When the request does not ask for WebSocket, or too many clients are connected.
pub(crate) fn upgrade<B>(
    shared: &Arc<Shared>,
    asker: &Asker,
    parameters: &Parameters,
    request: &mut HttpRequest<B>,
) -> Result<Response<Body>, Problem> {
    let key = key_of(request.headers())?;
    let accept = derive_accept_key(key.as_bytes());
    let wire = if parameters.is("format", "msgpack") {
        Wire::MessagePack
    } else {
        Wire::Json
    };
    let place = Place::take(shared)?;
    let upgrading = hyper::upgrade::on(request);
    let (owner, id) = (Arc::clone(shared), asker.id_text().to_owned());
    shared.tasks.spawn(async move {
        if let Err(error) = serve(owner, upgrading, wire).await {
            tracing::debug!(request_id = id, cause = %error, "a live connection ended early");
        }
        drop(place);
    });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, crate::answer::header(&accept));
    Ok(response)
}

fn key_of(headers: &HeaderMap) -> Result<String, Problem> {
    let has = |name: header::HeaderName, word: &str| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|part| part.trim().eq_ignore_ascii_case(word))
    };
    let key = headers
        .get(header::SEC_WEBSOCKET_KEY)
        .and_then(|key| key.to_str().ok());
    match key {
        Some(key)
            if has(header::UPGRADE, "websocket")
                && has(header::CONNECTION, "upgrade")
                && has(header::SEC_WEBSOCKET_VERSION, "13") =>
        {
            Ok(key.trim().to_owned())
        }
        _ => Err(Problem::new(
            Code::UpgradeRequired,
            "this path speaks WebSocket, version 13; the same is served as server-sent events at /stream",
        )),
    }
}

/// A client's place among those that may be connected.
pub(super) struct Place(Arc<Shared>);

impl Place {
    pub(super) fn take(shared: &Arc<Shared>) -> Result<Self, Problem> {
        let most = shared.options.live.max_clients;
        let before = shared.measure.live_clients.fetch_add(1, Ordering::Relaxed);
        let place = Self(Arc::clone(shared));
        if before >= most as u64 || shared.stopping.is_cancelled() {
            return Err(Problem::new(
                Code::Unavailable,
                format!("{most} live connections are open, and there may be no more"),
            )
            .retry_after(10));
        }
        Ok(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.measure.live_clients.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Why a live connection ended early.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error(transparent)]
    Upgrade(#[from] hyper::Error),
    #[error(transparent)]
    Socket(Box<Error>),
    #[error("the client took nothing for too long")]
    Slow,
    #[error("the client was silent for too long")]
    Silent,
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Self::Socket(Box::new(error))
    }
}

async fn serve(shared: Arc<Shared>, upgrading: OnUpgrade, wire: Wire) -> Result<(), Ended> {
    let upgraded: Upgraded = upgrading.await?;
    let most = shared.options.live.max_message;
    let mut config = WebSocketConfig::default();
    config.max_message_size = Some(most);
    config.max_frame_size = Some(most);
    config.read_buffer_size = 4 << 10;
    config.write_buffer_size = 64 << 10;
    let session = Session::new(Arc::clone(&shared), wire);
    // the very socket where it is one: no box and no lock between
    match upgraded.downcast::<Front>() {
        Ok(parts) => {
            let (stream, unused) = parts.io.into_parts();
            let read = [&parts.read_buf[..], &unused].concat();
            let socket =
                WebSocketStream::from_partially_read(stream, read, Role::Server, Some(config))
                    .await;
            converse(&shared, socket, session).await
        }
        Err(upgraded) => {
            let stream = TokioIo::new(upgraded);
            let socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
            converse(&shared, socket, session).await
        }
    }
}

/// What happened next.
enum Woke {
    Heard(Option<Result<Message, Error>>),
    Update(Outgoing),
    Tick,
    Stopping,
}

async fn converse<S>(
    shared: &Arc<Shared>,
    mut socket: WebSocketStream<S>,
    mut session: Session,
) -> Result<(), Ended>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let live = shared.options.live;
    let mut ticks = interval((live.ping_after / 2).max(Duration::from_millis(10)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut heard, mut pinged) = (Instant::now(), false);
    let mut out = Vec::new();
    loop {
        let woke = tokio::select! {
            biased;
            () = shared.stopping.cancelled() => Woke::Stopping,
            message = socket.next() => Woke::Heard(message),
            update = poll_fn(|context| session.poll_update(context)) => Woke::Update(update),
            _ = ticks.tick() => Woke::Tick,
        };
        match woke {
            Woke::Update(update) => out.push(update),
            Woke::Heard(message) => {
                (heard, pinged) = (Instant::now(), false);
                match message {
                    None | Some(Ok(Message::Close(_)) | Err(Error::ConnectionClosed)) => {
                        return Ok(());
                    }
                    Some(Err(Error::Capacity(error))) => {
                        let reason =
                            format!("{error}: a message has at most {} bytes", live.max_message);
                        return close(&mut socket, CloseCode::Size, &reason).await;
                    }
                    Some(Err(error)) => return Err(error.into()),
                    Some(Ok(message)) => take(&mut session, message, &mut out).await,
                }
            }
            Woke::Tick => {
                let silent = heard.elapsed();
                if silent >= live.idle_after {
                    // the client does not hear us either, most likely
                    let _ = close(
                        &mut socket,
                        CloseCode::Away,
                        "nothing was heard for too long",
                    )
                    .await;
                    return Err(Ended::Silent);
                }
                if silent >= live.ping_after && !pinged {
                    pinged = true;
                    send(
                        &mut socket,
                        live.write_timeout,
                        [Message::Ping(bytes::Bytes::new())],
                    )
                    .await?;
                }
            }
            Woke::Stopping => {
                return close(&mut socket, CloseCode::Away, "the server is shutting down").await;
            }
        }
        if out.is_empty() {
            continue;
        }
        // what is at hand goes with it in one write
        while out.len() < AT_ONCE {
            match poll_fn(|context| Poll::Ready(session.poll_update(context))).await {
                Poll::Ready(update) => out.push(update),
                Poll::Pending => break,
            }
        }
        shared
            .measure
            .live_sent
            .fetch_add(out.len() as u64, Ordering::Relaxed);
        let wire = session.wire();
        let messages = out
            .drain(..)
            .filter_map(|outgoing| message_of(wire, outgoing));
        send(&mut socket, live.write_timeout, messages).await?;
    }
}

fn message_of(wire: Wire, outgoing: Outgoing) -> Option<Message> {
    match wire {
        // our own JSON is UTF-8
        Wire::Json => Utf8Bytes::try_from(outgoing.bytes).ok().map(Message::Text),
        Wire::MessagePack => Some(Message::Binary(outgoing.bytes)),
    }
}

async fn take(session: &mut Session, message: Message, out: &mut Vec<Outgoing>) {
    let request = match message {
        Message::Text(text) => Request::of_json(&text),
        Message::Binary(bytes) => Request::of_message_pack(&bytes),
        // pings are answered by the library
        Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => return,
    };
    match request {
        Ok(request) => session.take(request, out).await,
        Err(problem) => session.say(&Said::error(&problem, None), out),
    }
}

async fn send<S>(
    socket: &mut WebSocketStream<S>,
    patience: Duration,
    messages: impl IntoIterator<Item = Message>,
) -> Result<(), Ended>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let sending = async {
        for message in messages {
            socket.feed(message).await?;
        }
        socket.flush().await
    };
    match timeout(patience, sending).await {
        Ok(sent) => Ok(sent?),
        Err(_) => Err(Ended::Slow),
    }
}

async fn close<S>(
    socket: &mut WebSocketStream<S>,
    code: CloseCode,
    reason: &str,
) -> Result<(), Ended>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let frame = CloseFrame {
        code,
        reason: reason.into(),
    };
    match timeout(Duration::from_secs(1), socket.close(Some(frame))).await {
        Ok(closed) => Ok(closed?),
        Err(_) => Err(Ended::Slow),
    }
}
