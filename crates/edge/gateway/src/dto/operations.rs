//! Connections and health.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::{Moment, TimeStyle};
use crate::sources::{ConnectionView, ServiceHealth};
use crate::table::{Cell, ColumnKind, Row};

/// A connection to a venue.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Connection {
    /// To which venue.
    #[schema(example = "binance")]
    venue: String,
    /// Its name at the venue.
    #[schema(example = "1")]
    id: String,
    /// What it carries, for people.
    label: String,
    /// What it is doing.
    #[schema(value_type = ConnectionWord)]
    state: &'static str,
    /// Since when.
    since: Moment,
    /// How far the venue's times lie behind ours, in milliseconds.
    lag_ms: Option<f64>,
    /// How often it was made anew.
    reconnects: u64,
    /// Messages since the process began.
    messages: u64,
    /// Messages a second, of late.
    messages_per_second: f64,
    /// Bytes since the process began.
    bytes: u64,
    /// When the last message came.
    last_message: Option<Moment>,
    /// What went wrong last, if it has not gone well since.
    error: Option<String>,
    /// Whether it is open but says nothing for longer than it should.
    silent: bool,
}

/// What a connection is doing.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[allow(dead_code, reason = "only its schema is used")]
enum ConnectionWord {
    Connected,
    Connecting,
    Down,
}

impl Connection {
    pub(crate) fn of(view: &ConnectionView, style: TimeStyle) -> Self {
        Self {
            venue: view.venue.as_str().to_owned(),
            id: view.id.clone(),
            label: view.label.clone(),
            state: view.state.name(),
            since: style.of(view.since),
            lag_ms: view.lag_ms.filter(|lag| lag.is_finite()),
            reconnects: view.reconnects,
            messages: view.messages,
            messages_per_second: if view.messages_per_second.is_finite() {
                view.messages_per_second
            } else {
                0.0
            },
            bytes: view.bytes,
            last_message: view.last_message.map(|time| style.of(time)),
            error: view.error.clone(),
            silent: view.silent,
        }
    }
}

impl Row for Connection {
    const COLUMNS: &'static [(&'static str, ColumnKind)] = &[
        ("venue", ColumnKind::Text),
        ("id", ColumnKind::Text),
        ("label", ColumnKind::Text),
        ("state", ColumnKind::Text),
        ("since", ColumnKind::Time),
        ("lag_ms", ColumnKind::Real),
        ("reconnects", ColumnKind::Whole),
        ("messages", ColumnKind::Whole),
        ("messages_per_second", ColumnKind::Real),
        ("bytes", ColumnKind::Whole),
        ("last_message", ColumnKind::Time),
        ("error", ColumnKind::Text),
        ("silent", ColumnKind::Bool),
    ];

    fn cell(&self, column: usize) -> Cell {
        match column {
            0 => Cell::Text(self.venue.clone()),
            1 => Cell::Text(self.id.clone()),
            2 => Cell::Text(self.label.clone()),
            3 => Cell::Text(self.state.to_owned()),
            4 => Cell::Time(self.since.at),
            5 => self.lag_ms.map_or(Cell::Null, Cell::Real),
            6 => Cell::Whole(self.reconnects as i64),
            7 => Cell::Whole(self.messages as i64),
            8 => Cell::Real(self.messages_per_second),
            9 => Cell::Whole(self.bytes as i64),
            10 => self.last_message.map_or(Cell::Null, |m| Cell::Time(m.at)),
            11 => self.error.clone().map_or(Cell::Null, Cell::Text),
            _ => Cell::Bool(self.silent),
        }
    }
}

/// That a connection was cut, and is being made anew.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Reconnected {
    /// The venue.
    #[schema(example = "binance")]
    pub(crate) venue: String,
    /// The connection.
    #[schema(example = "1")]
    pub(crate) id: String,
    /// Always true.
    pub(crate) reconnecting: bool,
}

/// How the process fares.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `healthy`, `degraded` (something does not work, but data is served) or `unhealthy`.
    #[schema(value_type = StatusWord)]
    pub(crate) status: &'static str,
    /// When this was found.
    pub(crate) timestamp: Moment,
    /// By name.
    pub(crate) services: BTreeMap<String, Service>,
}

/// How a service fares.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Service {
    /// `healthy`, `degraded` or `unhealthy`.
    #[schema(value_type = StatusWord)]
    status: &'static str,
    /// How long it took to answer, in milliseconds; null where it was not asked.
    latency: Option<f64>,
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<String>,
}

/// How something fares.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[allow(dead_code, reason = "only its schema is used")]
enum StatusWord {
    Healthy,
    Degraded,
    Unhealthy,
}

impl From<&ServiceHealth> for Service {
    fn from(health: &ServiceHealth) -> Self {
        Self {
            status: health.status.name(),
            latency: health.latency.map(|latency| latency.as_secs_f64() * 1000.0),
            error: health.error.clone(),
        }
    }
}

impl Health {
    pub(crate) fn of(
        status: &'static str,
        now: quantflow_model::Timestamp,
        services: &[ServiceHealth],
    ) -> Self {
        Self {
            status,
            timestamp: TimeStyle::Text.of(now),
            services: services
                .iter()
                .map(|s| (s.name.clone(), s.into()))
                .collect(),
        }
    }
}
