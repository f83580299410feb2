//! WebSockets.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{FutureExt, SinkExt, StreamExt};
use quantflow_seams::{FeedError, Socket, SocketMessage};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::{IntoClientRequest, uri_mode};
use tokio_tungstenite::tungstenite::error::{CapacityError, Error, ProtocolError};
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::stream::Mode;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

use crate::{Settings, in_full};

/// What RFC 6455 lets us report when the other side closed without a code.
const NO_CODE: u16 = 1005;

/// An open socket.
#[derive(Debug)]
pub(crate) struct WebSocket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    send_timeout: Duration,
    close_timeout: Duration,
    dead: bool,
}

/// Opens a socket, bounded in time.
pub(crate) async fn connect(
    settings: &Settings,
    tls: Arc<rustls::ClientConfig>,
    url: &str,
) -> Result<WebSocket, FeedError> {
    let mut request = url
        .into_client_request()
        .map_err(|error| FeedError::Connect {
            // the URL itself may hold what a user configured
            host: "the configured address".into(),
            detail: in_full(&error),
        })?;
    let host = host_of(&request);
    let cannot = |detail: String| FeedError::Connect {
        host: host.clone(),
        detail,
    };
    let agent = HeaderValue::from_str(&settings.user_agent)
        .map_err(|error| cannot(format!("the user agent is no header: {error}")))?;
    request.headers_mut().insert("user-agent", agent);
    let opening = async {
        let stream = dial(settings, &request).await.map_err(cannot)?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(settings.max_message))
            .max_frame_size(Some(settings.max_message));
        let connector = Some(Connector::Rustls(tls));
        let (stream, _) = client_async_tls_with_config(request, stream, Some(config), connector)
            .await
            .map_err(|error| refusal(&host, error))?;
        Ok(stream)
    };
    let stream = timeout(settings.handshake_timeout, opening)
        .await
        .map_err(|_| FeedError::Timeout { host: host.clone() })??;
    Ok(WebSocket {
        stream,
        send_timeout: settings.send_timeout,
        close_timeout: settings.close_timeout,
        dead: false,
    })
}

fn host_of(request: &Request) -> String {
    let uri = request.uri();
    let host = uri.host().unwrap_or("no host");
    match uri.port_u16() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Connects to the first address of the host that answers.
async fn dial(settings: &Settings, request: &Request) -> Result<TcpStream, String> {
    let uri = request.uri();
    let default_port = match uri_mode(uri).map_err(|error| in_full(&error))? {
        Mode::Plain => 80,
        Mode::Tls => 443,
    };
    let host = uri.host().ok_or("the address has no host")?;
    // an IPv6 address stands in brackets in a URL
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = uri.port_u16().unwrap_or(default_port);
    let addresses = tokio::net::lookup_host((host, port))
        .await
        .map_err(|error| format!("the name cannot be looked up: {error}"))?;
    let mut last = "the name has no address".to_owned();
    for address in addresses {
        match timeout(settings.connect_timeout, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // a subscription is one small message; Nagle would hold it back
                stream.set_nodelay(true).map_err(|error| in_full(&error))?;
                return Ok(stream);
            }
            Ok(Err(error)) => last = format!("{address}: {error}"),
            Err(_) => last = format!("{address} does not answer"),
        }
    }
    Err(last)
}

/// Why a handshake failed.
fn refusal(host: &str, error: Error) -> FeedError {
    match error {
        Error::Http(response) => FeedError::Refused {
            host: host.to_owned(),
            status: response.status().as_u16(),
            retry_after: response
                .headers()
                .get("retry-after")
                .and_then(|value| value.to_str().ok()?.trim().parse().ok()),
        },
        error => FeedError::Connect {
            host: host.to_owned(),
            detail: in_full(&error),
        },
    }
}

/// How an open connection broke, in words for people.
fn breakage(error: &Error) -> FeedError {
    FeedError::Broken(match error {
        Error::ConnectionClosed | Error::AlreadyClosed => "it is closed".into(),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            "it was cut without a goodbye".into()
        }
        Error::Capacity(CapacityError::MessageTooLong { size, max_size }) => {
            format!("a message of {size} bytes came, {max_size} are allowed")
        }
        error => in_full(error),
    })
}

impl WebSocket {
    fn broke(&mut self, error: &Error) -> FeedError {
        self.dead = true;
        breakage(error)
    }
}

#[async_trait]
impl Socket for WebSocket {
    async fn next(&mut self) -> Result<SocketMessage, FeedError> {
        if self.dead {
            return Err(breakage(&Error::AlreadyClosed));
        }
        loop {
            let message = match self.stream.next().await {
                Some(Ok(message)) => message,
                Some(Err(error)) => return Err(self.broke(&error)),
                None => return Err(self.broke(&Error::ConnectionClosed)),
            };
            return Ok(match message {
                Message::Text(text) => SocketMessage::Text(Bytes::from(text)),
                Message::Binary(bytes) => SocketMessage::Binary(bytes),
                Message::Ping(_) => {
                    // The pong is queued. It goes out now if the connection takes it at once, else
                    // with the next call; waiting here would lose this message to a cancellation.
                    let _ = self.stream.flush().now_or_never();
                    SocketMessage::Ping
                }
                Message::Close(frame) => {
                    self.dead = true;
                    // the answer to the goodbye, if there is still somebody to hear it
                    let _ = self.stream.flush().now_or_never();
                    let (code, reason) = frame.map_or((NO_CODE, String::new()), |frame| {
                        (frame.code.into(), frame.reason.to_string())
                    });
                    SocketMessage::Closed { code, reason }
                }
                Message::Pong(_) | Message::Frame(_) => continue,
            });
        }
    }

    async fn send(&mut self, text: &str) -> Result<(), FeedError> {
        if self.dead {
            return Err(breakage(&Error::AlreadyClosed));
        }
        let sending = self.stream.send(Message::text(text));
        match timeout(self.send_timeout, sending).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.broke(&error)),
            Err(_) => {
                // half of a frame may be out: nothing can follow it
                self.dead = true;
                let waited = self.send_timeout;
                Err(FeedError::Broken(format!(
                    "a message could not be sent in {waited:?}"
                )))
            }
        }
    }

    async fn close(&mut self) {
        if std::mem::replace(&mut self.dead, true) {
            return;
        }
        let goodbye = CloseFrame {
            code: CloseCode::Normal,
            reason: Utf8Bytes::from_static(""),
        };
        let stream = &mut self.stream;
        let farewell = async move {
            if stream.close(Some(goodbye)).await.is_ok() {
                // what is still on its way is read until the other side's goodbye
                while let Some(Ok(message)) = stream.next().await {
                    if message.is_close() {
                        break;
                    }
                }
            }
        };
        // whoever does not answer a goodbye in time is left without one
        let _ = timeout(self.close_timeout, farewell).await;
    }
}
