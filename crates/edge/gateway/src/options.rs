//! [`GatewayOptions`]: what an operator can set.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use quantflow_model::VenueId;

/// What an operator can set; every field has a default that is right for one machine.
#[derive(Debug, Clone)]
pub struct GatewayOptions {
    /// The venue of a symbol that is written without one (`BTCUSDT`). `None`: the one venue that knows it.
    pub default_venue: Option<VenueId>,
    /// What writing needs. `None`: nothing can be written.
    pub bootstrap_token: Option<Token>,
    /// Sites of other origins that a browser may read from, such as `https://app.example.org`.
    pub allowed_origins: Vec<String>,
    /// Names by which the gateway is known besides `localhost` and addresses, such as `quant.example.org`.
    pub allowed_hosts: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Whether clients speak TLS to a proxy before us: sends `Strict-Transport-Security`.
    pub behind_tls: bool,
    /// Limits a client and endpoint.
    pub limits: LimitOptions,
    /// The cache of finished answers.
    pub cache: CacheOptions,
    /// Live channels.
    pub live: LiveOptions,
    /// The largest body that is read, in bytes.
    pub max_body: usize,
    /// How many connections may be open at once; further ones wait to be accepted.
    pub max_connections: usize,
    /// How long a client may take to send a request's head, and how long an idle connection is kept.
    pub header_timeout: Duration,
    /// How long an answer may take to be made; then it is `504 TIMEOUT`.
    pub request_timeout: Duration,
    /// How long open requests may take to finish when the gateway shuts down.
    pub drain: Duration,
}

impl Default for GatewayOptions {
    fn default() -> Self {
        Self {
            default_venue: None,
            bootstrap_token: None,
            allowed_origins: Vec::new(),
            allowed_hosts: Vec::new(),
            trusted_proxies: Vec::new(),
            behind_tls: false,
            limits: LimitOptions::default(),
            cache: CacheOptions::default(),
            live: LiveOptions::default(),
            max_body: 1 << 20,
            max_connections: 10_000,
            header_timeout: Duration::from_secs(30),
            request_timeout: Duration::from_secs(30),
            drain: Duration::from_secs(8),
        }
    }
}

/// Limits a client and endpoint.
#[derive(Debug, Clone)]
pub struct LimitOptions {
    /// Whether anybody is limited.
    pub enabled: bool,
    /// Whether clients on this machine are not.
    pub exempt_loopback: bool,
    /// Requests a minute by endpoint name (`prices`, `ohlc`), in place of the built-in ones.
    pub endpoints: BTreeMap<String, u32>,
}

impl Default for LimitOptions {
    fn default() -> Self {
        Self {
            enabled: true,
            exempt_loopback: false,
            endpoints: BTreeMap::new(),
        }
    }
}

/// The cache of finished answers.
#[derive(Debug, Clone)]
pub struct CacheOptions {
    /// How many bytes of answers are kept; 0 keeps none (concurrent equal requests still share one answer).
    pub bytes: usize,
    /// Times to live by endpoint name, in place of the built-in ones.
    pub ttl: BTreeMap<String, Duration>,
}

impl Default for CacheOptions {
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            ttl: BTreeMap::new(),
        }
    }
}

/// Live channels.
#[derive(Debug, Clone, Copy)]
pub struct LiveOptions {
    /// How many channels one connection may follow.
    pub max_channels: usize,
    /// How many live connections there may be; a further one is refused with 503.
    pub max_clients: usize,
    /// After so long without anything from the client it is pinged.
    pub ping_after: Duration,
    /// After so long without anything from the client (not even a pong) it is cut.
    pub idle_after: Duration,
    /// A client that takes nothing for so long is cut.
    pub write_timeout: Duration,
    /// The longest message of a client, in bytes.
    pub max_message: usize,
}

impl Default for LiveOptions {
    fn default() -> Self {
        Self {
            max_channels: 256,
            max_clients: 4096,
            ping_after: Duration::from_secs(20),
            idle_after: Duration::from_secs(60),
            write_timeout: Duration::from_secs(30),
            max_message: 64 << 10,
        }
    }
}

/// A secret that a client has to show. It is never printed.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// A token; `None` when it is shorter than 16 bytes, which could be guessed.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (text.len() >= 16).then(|| Self(text.to_owned()))
    }

    /// Whether a client's text is the token, in a time that does not depend on where they differ.
    pub(crate) fn matches(&self, given: &str) -> bool {
        let (ours, theirs) = (self.0.as_bytes(), given.as_bytes());
        let differ = ours
            .iter()
            .zip(theirs.iter().chain(std::iter::repeat(&0)))
            .fold(0_u8, |differ, (a, b)| differ | (a ^ b));
        std::hint::black_box(differ) == 0 && ours.len() == theirs.len()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}
