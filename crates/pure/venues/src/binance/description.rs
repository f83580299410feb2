//! Who Binance is, its limits, and what its headers say of them.

use std::time::Duration;

use quantflow_model::{Timeframe, VenueId};
use quantflow_wire::{Channel, Limit, LimitScope, OrderRule, Protocol, Response, VenueDescription};

/// The timeframes of the venue's own candles.
pub(super) const TIMEFRAMES: [Timeframe; 16] = [
    Timeframe::S1,
    Timeframe::M1,
    Timeframe::M3,
    Timeframe::M5,
    Timeframe::M15,
    Timeframe::M30,
    Timeframe::H1,
    Timeframe::H2,
    Timeframe::H4,
    Timeframe::H6,
    Timeframe::H8,
    Timeframe::H12,
    Timeframe::D1,
    Timeframe::D3,
    Timeframe::W1,
    Timeframe::Mo1,
];

/// Streams that one socket carries.
pub(super) const STREAMS_PER_CONNECTION: usize = 1024;

pub(super) fn description(id: VenueId) -> VenueDescription {
    let name = if id.as_str() == "binance" {
        "Binance".into()
    } else {
        id.as_str().into()
    };
    let mut channels = vec![
        Channel::Trades,
        Channel::AggregateTrades,
        Channel::Quotes,
        Channel::Book,
        Channel::Ticker,
    ];
    channels.extend(TIMEFRAMES.map(Channel::Candles));
    VenueDescription {
        id,
        name,
        protocol: Protocol::BinanceSpot,
        rest_url: "https://api.binance.com".into(),
        ws_url: "wss://stream.binance.com:9443".into(),
        order: OrderRule::ContiguousIds,
        limits: limits(),
        channels,
        timeframes: TIMEFRAMES.to_vec(),
        // the server pings every 20 s and every stream of a traded symbol speaks more often: three
        // pings missed
        silence: Duration::from_mins(1),
        connection_lifetime: Some(Duration::from_hours(24)),
        send_rate: 5,
        streams_per_connection: STREAMS_PER_CONNECTION,
    }
}

fn limits() -> Vec<Limit> {
    let minutes = Duration::from_mins;
    let limit = |name: &str, amount, window, weighted, scope| Limit {
        name: name.into(),
        amount,
        window,
        weighted,
        scope,
    };
    vec![
        limit("weight-1m", 6_000, minutes(1), true, LimitScope::Address),
        limit("raw-5m", 61_000, minutes(5), false, LimitScope::Address),
        limit(
            "connections-5m",
            300,
            minutes(5),
            false,
            LimitScope::Connection,
        ),
    ]
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    let mut headers = response.headers.iter();
    headers
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

/// In the order of [`limits`]; only the weight is told.
pub(super) fn used_limits(response: &Response) -> Vec<Option<u32>> {
    let weight = header(response, "x-mbx-used-weight-1m").and_then(|text| text.parse().ok());
    vec![weight, None, None]
}

/// `Retry-After` counts for every refusal. Where a 429, 418 or 403 lacks it, the shortest time that
/// the documents name: the window of the weight, the shortest ban, the firewall's window.
pub(super) fn stay_away(response: &Response) -> Option<Duration> {
    let told = || {
        let seconds = header(response, "retry-after")?.parse().ok()?;
        Some(Duration::from_secs(seconds))
    };
    let at_least = |seconds| Some(told().unwrap_or(Duration::from_secs(seconds)));
    match response.status {
        429 => at_least(60),
        418 => at_least(120),
        403 => at_least(300),
        400.. => told(),
        _ => None,
    }
}
