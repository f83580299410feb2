//! What the gateway asks of roles other than market, answered from what runs here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use quantflow_gateway::sources::{
    ConnectionSource, ConnectionState, ConnectionView, HealthSource, HistoryOutcome, HistorySource,
    ReconnectError, ServiceHealth, ServiceStatus, VenueLimit, VenueSource, VenueView,
};
use quantflow_ingest::{ConnectionStatus, HistoryRequest, LogState, VenueIngest, VenueStatus};
use quantflow_market::Market;
use quantflow_model::{Symbol, TimeRange, Timeframe, Timestamp, VenueId};
use quantflow_seams::{Budget, BudgetUse, Clock, SeriesStore};
use quantflow_wire::{Channel, Codec, Purpose};
use tokio::time::Instant;

use super::asked::Asked;

/// What the services of a process itself are called in `/health`; the others are venues.
const STORE: &str = "store";
const LOG: &str = "log";
const COMMITS: &str = "commits";

/// Whether a service of `/health` is the process's own, and not a venue, which may be down without
/// anything being wrong here.
pub(crate) fn is_own(service: &str) -> bool {
    let kind = service.split(' ').next().unwrap_or_default();
    [STORE, LOG, COMMITS].contains(&kind)
}

/// A venue that runs here.
#[derive(Debug, Clone)]
pub(crate) struct LiveVenue {
    pub(crate) ingest: Arc<VenueIngest>,
    pub(crate) codec: Arc<dyn Codec>,
    pub(crate) rest_url: String,
    pub(crate) ws_url: String,
    /// Whether an API key is configured for it.
    pub(crate) has_key: bool,
}

/// Everything that runs here, as the gateway sees it.
#[derive(Debug)]
pub(crate) struct Running {
    venues: BTreeMap<VenueId, LiveVenue>,
    market: Arc<Market>,
    store: Arc<dyn SeriesStore>,
    budget: Arc<dyn Budget>,
    clock: Arc<dyn Clock>,
    /// When messages were last counted, by venue and connection, and what their rate was.
    rates: Mutex<BTreeMap<(VenueId, u32), Rate>>,
    /// What venues were asked for by readers.
    asked: Asked,
    /// What was used of each venue's limits when [`Running::watch_budget`] last looked.
    used: Mutex<BTreeMap<VenueId, Vec<BudgetUse>>>,
}

#[derive(Debug, Clone, Copy)]
struct Rate {
    at: Instant,
    messages: u64,
    per_second: f64,
}

/// How long messages are counted before their rate is told anew.
const RATE_SPAN: Duration = Duration::from_secs(2);

impl Running {
    pub(crate) fn new(
        venues: BTreeMap<VenueId, LiveVenue>,
        market: Arc<Market>,
        store: Arc<dyn SeriesStore>,
        budget: Arc<dyn Budget>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            venues,
            market,
            store,
            budget,
            clock,
            rates: Mutex::default(),
            asked: Asked::default(),
            used: Mutex::default(),
        }
    }

    /// Looks every few seconds what is used of the venues' request limits; until it is dropped.
    pub(crate) async fn watch_budget(self: Arc<Self>) {
        loop {
            for venue in self.venues.keys() {
                let usage = self.budget.usage(venue).await;
                let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
                used.insert(venue.clone(), usage);
            }
            self.clock.sleep(RATE_SPAN).await;
        }
    }

    fn used(&self, venue: &VenueId, limit: &str) -> Option<u64> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let usage = used.get(venue)?.iter().find(|usage| usage.limit == limit)?;
        Some(u64::from(usage.used))
    }

    /// How every venue's ingestion stands.
    pub(crate) fn statuses(&self) -> impl Iterator<Item = VenueStatus> + '_ {
        self.venues.values().map(|venue| venue.ingest.status())
    }

    /// Messages a second between the last two looks; at the first one, since the connection stands.
    fn per_second(&self, venue: &VenueId, connection: &ConnectionStatus) -> f64 {
        let now = Instant::now();
        let messages = connection.messages;
        let mut rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        let rate = rates
            .entry((venue.clone(), connection.id))
            .or_insert_with(|| {
                let stands = self.clock.now().since(connection.since) as f64 / 1e9;
                // messages are counted over all its lives: only the first began with none
                let known = connection.reconnects == 0 && stands >= 1.0;
                let per_second = if known { messages as f64 / stands } else { 0.0 };
                Rate {
                    at: now,
                    messages,
                    per_second,
                }
            });
        let passed = now.duration_since(rate.at);
        if passed >= RATE_SPAN {
            let came = messages.saturating_sub(rate.messages);
            *rate = Rate {
                at: now,
                messages,
                per_second: came as f64 / passed.as_secs_f64(),
            };
        }
        rate.per_second
    }
}

#[async_trait]
impl ConnectionSource for Running {
    fn connections(&self) -> Vec<ConnectionView> {
        let mut views = Vec::new();
        for status in self.statuses() {
            for connection in status.connections {
                use quantflow_ingest::ConnectionState as State;
                let per_second = self.per_second(&status.venue, &connection);
                views.push(ConnectionView {
                    venue: status.venue.clone(),
                    id: connection.id.to_string(),
                    label: connection.label.to_string(),
                    state: match connection.state {
                        State::Open => ConnectionState::Connected,
                        State::Connecting => ConnectionState::Connecting,
                        State::Waiting | State::Stopped => ConnectionState::Down,
                    },
                    since: connection.since,
                    lag_ms: connection.lag_ms.map(|lag| lag as f64),
                    reconnects: u64::from(connection.reconnects),
                    messages: connection.messages,
                    messages_per_second: per_second,
                    bytes: connection.bytes,
                    last_message: connection.last_message,
                    error: (connection.state != State::Open)
                        .then_some(connection.last_error)
                        .flatten(),
                    silent: connection.silent,
                });
            }
        }
        views
    }

    async fn reconnect(&self, venue: &VenueId, id: &str) -> Result<(), ReconnectError> {
        let done = self
            .venues
            .get(venue)
            .zip(id.parse().ok())
            .is_some_and(|(live, id)| live.ingest.reconnect(id));
        if done {
            return Ok(());
        }
        Err(ReconnectError::Unknown {
            venue: venue.clone(),
            id: id.to_owned(),
        })
    }
}

#[async_trait]
impl HealthSource for Running {
    async fn services(&self) -> Vec<ServiceHealth> {
        let began = Instant::now();
        let store = self.store.series().await;
        let mut services = vec![ServiceHealth {
            name: STORE.to_owned(),
            status: match store {
                Ok(_) => ServiceStatus::Healthy,
                Err(_) => ServiceStatus::Unhealthy,
            },
            latency: Some(began.elapsed()),
            error: store.err().map(|error| error.to_string()),
            essential: true,
        }];
        for (partition, error) in self.market.commit_errors() {
            services.push(ServiceHealth {
                name: format!("{COMMITS} {partition}"),
                status: ServiceStatus::Unhealthy,
                latency: None,
                error: Some(error),
                // all of it can still be read: what is stored, and what waits in memory
                essential: false,
            });
        }
        for status in self.statuses() {
            if let LogState::Refusing { detail, .. } | LogState::Closed { detail } = &status.log {
                services.push(ServiceHealth {
                    name: format!("{LOG} {}", status.partition),
                    status: ServiceStatus::Unhealthy,
                    latency: None,
                    error: Some(detail.clone()),
                    // what is stored can still be read
                    essential: false,
                });
            }
            let has_key = self.venues.get(&status.venue).is_some_and(|v| v.has_key);
            services.extend(super::keys::refused(&status, has_key));
            let open = status
                .connections
                .iter()
                .filter(|c| c.state == quantflow_ingest::ConnectionState::Open)
                .count();
            let error = status.connections.iter().find_map(|c| c.last_error.clone());
            let (health, error) = match (open, status.connections.len()) {
                (open, all) if open == all => (ServiceStatus::Healthy, None),
                (0, _) => (ServiceStatus::Unhealthy, error),
                _ => (ServiceStatus::Degraded, error),
            };
            services.push(ServiceHealth {
                name: status.venue.to_string(),
                status: health,
                latency: None,
                error,
                essential: false,
            });
        }
        services
    }
}

impl VenueSource for Running {
    fn venues(&self) -> Vec<VenueView> {
        let view = |(id, live): (&VenueId, &LiveVenue)| {
            let description = live.codec.describe();
            let mut channels: Vec<String> = description.channels.iter().map(|c| name(*c)).collect();
            channels.dedup();
            VenueView {
                id: id.clone(),
                name: description.name.to_string(),
                live: true,
                rest_url: Some(live.rest_url.clone()),
                ws_url: Some(live.ws_url.clone()),
                limits: description
                    .limits
                    .iter()
                    .map(|limit| VenueLimit {
                        name: limit.name.to_string(),
                        limit: u64::from(limit.amount),
                        window: limit.window,
                        used: self.used(id, &limit.name),
                    })
                    .collect(),
                channels,
                timeframes: description.timeframes.clone(),
            }
        };
        self.venues.iter().map(view).collect()
    }
}

fn name(channel: Channel) -> String {
    match channel {
        Channel::Trades => "trades",
        Channel::AggregateTrades => "aggregateTrades",
        Channel::Quotes => "quotes",
        Channel::Book => "book",
        Channel::Candles(_) => "candles",
        Channel::Ticker => "ticker",
        Channel::Contract => "contract",
        Channel::Liquidations => "liquidations",
    }
    .to_owned()
}

#[async_trait]
impl HistorySource for Running {
    async fn request_history(
        &self,
        symbol: &Symbol,
        timeframe: Timeframe,
        range: TimeRange,
    ) -> HistoryOutcome {
        let venue = symbol.venue();
        let Some(live) = self.venues.get(&venue) else {
            return HistoryOutcome::Nothing;
        };
        if !live.codec.describe().timeframes.contains(&timeframe) {
            return HistoryOutcome::Nothing;
        }
        let now = self.clock.now();
        if self.asked.has(symbol, timeframe, range, now) {
            return HistoryOutcome::Nothing;
        }
        let Some(venue_symbol) = live.codec.spell(symbol) else {
            return HistoryOutcome::Nothing;
        };
        let request = HistoryRequest {
            symbol: venue_symbol,
            timeframe,
            from: (range.start > Timestamp::MIN).then_some(range.start),
            to: Some(range.end),
            purpose: Purpose::Interactive,
        };
        match live.ingest.request_history(request).await {
            Ok(history) => {
                let began = match history.first {
                    Some(first) if !history.complete => first.max(range.start),
                    _ => range.start,
                };
                let came = TimeRange::new(began, range.end);
                self.asked.came(symbol, timeframe, came, now);
                if history.rows == 0 {
                    return HistoryOutcome::Nothing;
                }
                self.market.caught_up(&venue).await;
                HistoryOutcome::Added
            }
            Err(error) => {
                self.asked.failed(symbol, timeframe, range, now);
                HistoryOutcome::Failed(error.to_string())
            }
        }
    }
}
