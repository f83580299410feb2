//! [`Feed`]: sockets and requests to a venue.

use std::fmt::Debug;

use async_trait::async_trait;
use bytes::Bytes;
use quantflow_wire::{HttpRequest, Outcome};

/// Sockets and requests to venues: the driver below ingestion. It owns TLS, timeouts, compression
/// and ping/pong; it decides nothing (no retry, no reconnect: that is ingestion's policy).
#[async_trait]
pub trait Feed: Debug + Send + Sync + 'static {
    /// Sends a request to `base_url` + its target and returns what became of it: any status is an
    /// answer, and a failure is a fact, not an error. Bounded in time and size. Cancel-safe (the
    /// request may have been sent).
    async fn request(&self, base_url: &str, request: &HttpRequest) -> Outcome;

    /// Opens a socket to `base_url` + `target`. Bounded in time.
    async fn connect(&self, base_url: &str, target: &str) -> Result<Box<dyn Socket>, FeedError>;
}

/// An open socket. Dropping it closes it.
#[async_trait]
pub trait Socket: Debug + Send + 'static {
    /// The next message; answers the venue's pings by itself. After [`SocketMessage::Closed`] or an
    /// error the socket is dead. Cancel-safe.
    async fn next(&mut self) -> Result<SocketMessage, FeedError>;

    /// Sends a text message.
    async fn send(&mut self, text: &str) -> Result<(), FeedError>;

    /// Closes it politely; bounded in time.
    async fn close(&mut self);
}

/// What comes over a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketMessage {
    /// Text, as it came (not checked to be UTF-8 beyond what the protocol demands).
    Text(Bytes),
    /// Binary, as it came.
    Binary(Bytes),
    /// The venue pinged and was answered; a sign of life.
    Ping,
    /// The other side closed.
    Closed {
        /// Its code.
        code: u16,
        /// Its words.
        reason: String,
    },
}

/// Why a socket could not be had, or died.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// Name not found, refused, TLS failed.
    #[error("cannot connect to {host}: {detail}")]
    Connect {
        /// Which host; without credentials.
        host: String,
        /// Why.
        detail: String,
    },
    /// The venue answered the handshake with a status.
    #[error("{host} refused the socket with status {status}")]
    Refused {
        /// Which host.
        host: String,
        /// The HTTP status.
        status: u16,
        /// Seconds of its `Retry-After`, if it sent one.
        retry_after: Option<u64>,
    },
    /// Not in time.
    #[error("{host} did not answer in time")]
    Timeout {
        /// Which host.
        host: String,
    },
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(String),
}
