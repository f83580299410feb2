//! The one driver of sockets and requests: [`Transport`], the engine behind
//! [`Feed`].
//!
//! It owns name look-up, TLS (rustls with the roots of webpki), timeouts, size limits, content
//! decoding and the answers to pings, and decides nothing: whether to try again, and when, is
//! ingestion's policy. Nothing that it says holds a credential: errors name the host, never a URL.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod download;
mod http;
mod key;
mod settings;
mod socket;
mod tls;

use std::sync::Arc;

use async_trait::async_trait;
use quantflow_seams::{Feed, FeedError, Socket};
use quantflow_wire::{HttpRequest, Outcome};

pub use download::{Download, Downloader};
use key::ApiKey;
pub use key::KeyError;
pub use settings::{Settings, SetupError};

/// HTTP by reqwest, WebSocket by tungstenite, one TLS configuration for both. Cheap to clone;
/// connections for requests are pooled.
#[derive(Debug, Clone)]
pub struct Transport {
    http: reqwest::Client,
    tls: Arc<rustls::ClientConfig>,
    settings: Settings,
    key: Option<ApiKey>,
}

impl Transport {
    /// A driver with these bounds.
    ///
    /// # Errors
    /// When an extra root certificate is none, or the TLS library refuses its configuration.
    pub fn new(settings: Settings) -> Result<Self, SetupError> {
        let tls = tls::client_config(&settings.extra_roots)?;
        let http = http::client(&settings, tls.clone())?;
        Ok(Self {
            http,
            tls: Arc::new(tls),
            settings,
            key: None,
        })
    }

    /// The same driver with a venue's API key. It goes with requests to this base URL that name a
    /// header for it, and nowhere else; an answer that repeats it is a failure.
    ///
    /// # Errors
    /// When the key cannot stand in a header.
    pub fn with_key(&self, base_url: &str, key: &str) -> Result<Self, KeyError> {
        Ok(Self {
            key: Some(ApiKey::new(base_url, key)?),
            ..self.clone()
        })
    }
}

#[async_trait]
impl Feed for Transport {
    async fn request(&self, base_url: &str, request: &HttpRequest) -> Outcome {
        http::request(self, base_url, request).await
    }

    async fn connect(&self, base_url: &str, target: &str) -> Result<Box<dyn Socket>, FeedError> {
        let url = join(base_url, target);
        let socket = socket::connect(&self.settings, Arc::clone(&self.tls), &url).await?;
        Ok(Box::new(socket))
    }
}

/// A base URL may end in `/`; a target begins with it.
fn join(base_url: &str, target: &str) -> String {
    format!("{}{target}", base_url.trim_end_matches('/'))
}

/// An error and what caused it, in one line.
fn in_full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        // many libraries repeat the cause in their own text
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}
