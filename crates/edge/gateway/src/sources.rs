//! What the gateway asks of others than the market role: connections, health, venues, older history, metrics.
//!
//! Each is small, and the binary adapts a role to it; a gateway without one answers as if there were nothing (no
//! connections, no venues) or does without (no older history).

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use quantflow_model::{Symbol, TimeRange, Timeframe, Timestamp, VenueId};

/// The connections to venues.
#[async_trait]
pub trait ConnectionSource: Debug + Send + Sync + 'static {
    /// Every connection, in an order that stays.
    fn connections(&self) -> Vec<ConnectionView>;

    /// Cuts a connection, so that it is made anew.
    ///
    /// # Errors
    /// [`ReconnectError::Unknown`] when there is no such connection.
    async fn reconnect(&self, venue: &VenueId, id: &str) -> Result<(), ReconnectError>;
}

/// A connection to a venue.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectionView {
    /// To which venue.
    pub venue: VenueId,
    /// Its name, unique at its venue.
    pub id: String,
    /// What it carries, for people.
    pub label: String,
    /// What it is doing.
    pub state: ConnectionState,
    /// Since when it is in that state.
    pub since: Timestamp,
    /// How far the venue's times lie behind ours, in milliseconds; `None` while nothing came.
    pub lag_ms: Option<f64>,
    /// How often it was made anew.
    pub reconnects: u64,
    /// Messages since the process began.
    pub messages: u64,
    /// Messages a second, of late.
    pub messages_per_second: f64,
    /// Bytes since the process began.
    pub bytes: u64,
    /// When the last message came.
    pub last_message: Option<Timestamp>,
    /// What went wrong last, if it has not gone well since.
    pub error: Option<String>,
    /// Whether it is open but says nothing for longer than it should.
    pub silent: bool,
}

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectionState {
    /// It is open.
    Connected,
    /// It is being made.
    Connecting,
    /// It is not, and waits before it tries again.
    Down,
}

impl ConnectionState {
    /// Its name: `connected`, `connecting`, `down`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Connecting => "connecting",
            Self::Down => "down",
        }
    }
}

/// Why a connection was not cut.
#[derive(Debug, thiserror::Error)]
pub enum ReconnectError {
    /// There is no such connection.
    #[error("{venue} has no connection {id:?}")]
    Unknown {
        /// The venue.
        venue: VenueId,
        /// The connection.
        id: String,
    },
    /// The role that owns it does not run here or is shutting down.
    #[error("connections cannot be changed now: {0}")]
    Unavailable(String),
}

/// How the process's services fare.
#[async_trait]
pub trait HealthSource: Debug + Send + Sync + 'static {
    /// Every service, in an order that stays. Bounded in time by the implementer.
    async fn services(&self) -> Vec<ServiceHealth>;
}

/// How one service fares.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceHealth {
    /// Its name: `ingest`, `store`, `binance`.
    pub name: String,
    /// How it fares.
    pub status: ServiceStatus,
    /// How long it took to answer.
    pub latency: Option<Duration>,
    /// What is wrong.
    pub error: Option<String>,
    /// Whether nothing can be served without it. An outside API never is: one that is down degrades only.
    pub essential: bool,
}

/// How a service fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServiceStatus {
    /// As it should.
    Healthy,
    /// It works in part.
    Degraded,
    /// It does not work.
    Unhealthy,
}

impl ServiceStatus {
    /// Its name: `healthy`, `degraded`, `unhealthy`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }
}

/// The venues.
pub trait VenueSource: Debug + Send + Sync + 'static {
    /// Every venue that is known, sorted by id.
    fn venues(&self) -> Vec<VenueView>;
}

/// A venue.
#[derive(Debug, Clone, PartialEq)]
pub struct VenueView {
    /// Its name in symbols.
    pub id: VenueId,
    /// Its name for people.
    pub name: String,
    /// Whether it is being ingested from.
    pub live: bool,
    /// Where its REST API is, as configured; no secret is ever part of it.
    pub rest_url: Option<String>,
    /// Where its streams are, as configured.
    pub ws_url: Option<String>,
    /// Its request budgets.
    pub limits: Vec<VenueLimit>,
    /// What can be subscribed to: `trades`, `quotes`, `book`, `candles`.
    pub channels: Vec<String>,
    /// The timeframes of its own candles.
    pub timeframes: Vec<Timeframe>,
}

/// A request budget of a venue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VenueLimit {
    /// Its name at the venue, such as `request_weight`.
    pub name: String,
    /// How much may be spent in a window.
    pub limit: u64,
    /// How long the window is.
    pub window: Duration,
    /// How much of it is spent now, where known.
    pub used: Option<u64>,
}

/// Fetches the venue's own older candles when a reader scrolls back past what is stored.
#[async_trait]
pub trait HistorySource: Debug + Send + Sync + 'static {
    /// Asks for candles of the range and waits until they are stored, or are known not to come. Called often:
    /// an implementer answers [`HistoryOutcome::Nothing`] at once for what it asked before in vain, and joins
    /// requests for the same range.
    async fn request_history(
        &self,
        symbol: &Symbol,
        timeframe: Timeframe,
        range: TimeRange,
    ) -> HistoryOutcome;
}

/// What came of asking for older candles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HistoryOutcome {
    /// Some were stored: it is worth reading again.
    Added,
    /// The venue has none, or serves none.
    Nothing,
    /// It could not be asked now; the reason is for logs.
    Failed(String),
}

/// Metrics that other parts of the process keep.
pub trait MetricsSource: Debug + Send + Sync + 'static {
    /// All of them, in Prometheus' text format.
    fn render(&self) -> String;
}

/// Neither connections nor services nor venues: for a gateway that runs by itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nothing;

#[async_trait]
impl ConnectionSource for Nothing {
    fn connections(&self) -> Vec<ConnectionView> {
        Vec::new()
    }

    async fn reconnect(&self, venue: &VenueId, id: &str) -> Result<(), ReconnectError> {
        Err(ReconnectError::Unknown {
            venue: venue.clone(),
            id: id.to_owned(),
        })
    }
}

#[async_trait]
impl HealthSource for Nothing {
    async fn services(&self) -> Vec<ServiceHealth> {
        Vec::new()
    }
}

impl VenueSource for Nothing {
    fn venues(&self) -> Vec<VenueView> {
        Vec::new()
    }
}

#[async_trait]
impl HistorySource for Nothing {
    async fn request_history(&self, _: &Symbol, _: Timeframe, _: TimeRange) -> HistoryOutcome {
        HistoryOutcome::Nothing
    }
}

impl MetricsSource for Nothing {
    fn render(&self) -> String {
        String::new()
    }
}
