//! Who MEXC is, and what it offers.

use std::time::Duration;

use quantflow_model::{Timeframe, VenueId};
use quantflow_wire::{BookRule, Channel, Limit, LimitScope, OrderRule, VenueDescription};

/// The timeframes of the venue's own candles, with its names in questions and in streams. Where its
/// weeks and months begin is not documented.
const NAMES: [(Timeframe, &str, &str); 7] = [
    (Timeframe::M1, "1m", "Min1"),
    (Timeframe::M5, "5m", "Min5"),
    (Timeframe::M15, "15m", "Min15"),
    (Timeframe::M30, "30m", "Min30"),
    (Timeframe::H1, "60m", "Min60"),
    (Timeframe::H4, "4h", "Hour4"),
    (Timeframe::D1, "1d", "Day1"),
];

/// The window of the request limit.
pub(super) const WINDOW: Duration = Duration::from_secs(10);

/// Streams that one socket carries.
pub(super) const STREAMS_PER_CONNECTION: usize = 30;

/// The venue's name of a timeframe in questions, if it has candles of it.
pub(super) fn asked(timeframe: Timeframe) -> Option<&'static str> {
    let found = NAMES.iter().find(|(known, _, _)| *known == timeframe);
    found.map(|(_, asked, _)| *asked)
}

/// The same in streams.
pub(super) fn streamed(timeframe: Timeframe) -> Option<&'static str> {
    let found = NAMES.iter().find(|(known, _, _)| *known == timeframe);
    found.map(|(_, _, streamed)| *streamed)
}

/// The timeframe of a stream.
pub(super) fn timeframe(name: &str) -> Option<Timeframe> {
    let found = NAMES.iter().find(|(_, _, streamed)| *streamed == name);
    found.map(|(timeframe, _, _)| *timeframe)
}

pub(super) fn description(id: VenueId) -> VenueDescription {
    let name = if id.as_str() == "mexc" {
        "MEXC".into()
    } else {
        id.as_str().into()
    };
    let timeframes: Vec<_> = NAMES.iter().map(|(timeframe, _, _)| *timeframe).collect();
    let mut channels = vec![Channel::Trades, Channel::Quotes, Channel::Book];
    channels.extend(timeframes.iter().copied().map(Channel::Candles));
    VenueDescription {
        id,
        name,
        protocol: super::Mexc::PROTOCOL,
        rest_url: "https://api.mexc.com".into(),
        ws_url: "wss://wbs-api.mexc.com".into(),
        // its trades have no ids: ours are made of their time and content
        order: OrderRule::TimeThenId,
        limits: vec![Limit {
            name: "weight-10s".into(),
            amount: 300,
            window: WINDOW,
            weighted: true,
            scope: LimitScope::Address,
        }],
        channels,
        timeframes,
        // our own signs of life are answered every 15 s
        silence: Duration::from_secs(45),
        connection_lifetime: Some(Duration::from_hours(24)),
        send_rate: 50,
        streams_per_connection: STREAMS_PER_CONNECTION,
        book: BookRule::REQUESTED,
        binds: false,
    }
}
