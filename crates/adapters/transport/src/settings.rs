//! [`Settings`]: the bounds of the driver.

use std::time::Duration;

use rustls::pki_types::CertificateDer;

/// The bounds of the driver. The defaults suit public market data.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long one address may take to accept a connection (a name may have several).
    pub connect_timeout: Duration,
    /// How long a request may take in all, body included.
    pub request_timeout: Duration,
    /// How long nothing may come of an answer: one that stopped half-way is not waited for as long as
    /// one that is large. Short enough that a request can be tried again twice in half a minute.
    pub read_timeout: Duration,
    /// How long a socket may take to open in all: look-up, connection, TLS and handshake.
    pub handshake_timeout: Duration,
    /// How long sending a message may take.
    pub send_timeout: Duration,
    /// How long a polite goodbye may take.
    pub close_timeout: Duration,
    /// Bytes of a body after decoding, at the most. A record of the log holds 64 MiB.
    pub max_body: usize,
    /// Bytes of a socket's message, at the most.
    pub max_message: usize,
    /// What we call ourselves.
    pub user_agent: String,
    /// Certificates to trust beside the usual ones (a company's own authority), in DER.
    pub extra_roots: Vec<CertificateDer<'static>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(15),
            read_timeout: Duration::from_secs(6),
            handshake_timeout: Duration::from_secs(10),
            send_timeout: Duration::from_secs(5),
            close_timeout: Duration::from_secs(1),
            max_body: 48 << 20,
            max_message: 16 << 20,
            user_agent: concat!("quantflow/", env!("CARGO_PKG_VERSION")).to_owned(),
            extra_roots: Vec::new(),
        }
    }
}

/// Why a driver could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// TLS could not be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// The HTTP client could not be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Http(#[from] reqwest::Error),
}
