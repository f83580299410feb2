//! Who Gemini is, and what it offers.

use std::time::Duration;

use quantflow_model::{Timeframe, VenueId};
use quantflow_wire::{
    BookRule, BookSequence, Channel, Limit, LimitScope, OrderRule, SnapshotBy, VenueDescription,
};

/// The timeframes of the venue's own candles: ours, its name in REST, and over the socket.
pub(super) const TIMEFRAMES: [(Timeframe, &str, &str); 7] = [
    (Timeframe::M1, "1m", "candles_1m"),
    (Timeframe::M5, "5m", "candles_5m"),
    (Timeframe::M15, "15m", "candles_15m"),
    (Timeframe::M30, "30m", "candles_30m"),
    (Timeframe::H1, "1hr", "candles_1h"),
    (Timeframe::H6, "6hr", "candles_6h"),
    (Timeframe::D1, "1day", "candles_1d"),
];

/// Streams on one socket. The venue names no limit.
pub(super) const STREAMS_PER_CONNECTION: usize = 100;

pub(super) fn description(id: VenueId) -> VenueDescription {
    let name = if id.as_str() == "gemini" {
        "Gemini".into()
    } else {
        id.as_str().into()
    };
    let timeframes = TIMEFRAMES.map(|(timeframe, _, _)| timeframe);
    let mut channels = vec![Channel::Trades, Channel::Book];
    channels.extend(timeframes.map(Channel::Candles));
    VenueDescription {
        id,
        name,
        protocol: super::Gemini::PROTOCOL,
        rest_url: "https://api.gemini.com".into(),
        ws_url: "wss://api.gemini.com".into(),
        order: OrderRule::TimeThenId,
        limits: vec![Limit {
            name: "requests-1m".into(),
            amount: 120,
            window: Duration::from_mins(1),
            weighted: false,
            scope: LimitScope::Address,
        }],
        channels,
        timeframes: timeframes.to_vec(),
        // a beat each 5 s
        silence: Duration::from_secs(20),
        connection_lifetime: None,
        send_rate: 1,
        streams_per_connection: STREAMS_PER_CONNECTION,
        book: BookRule {
            snapshot: SnapshotBy::Stream,
            sequence: BookSequence::None,
            depth: None,
        },
        binds: false,
    }
}
