//! Who Bitstamp is, and what it offers.

use std::time::Duration;

use quantflow_model::{Timeframe, VenueId};
use quantflow_wire::{
    BookRule, BookSequence, Channel, Limit, LimitScope, OrderRule, SnapshotBy, VenueDescription,
};

/// The timeframes of the venue's own candles; where its three days begin is not said.
pub(super) const TIMEFRAMES: [Timeframe; 11] = [
    Timeframe::M1,
    Timeframe::M3,
    Timeframe::M5,
    Timeframe::M15,
    Timeframe::M30,
    Timeframe::H1,
    Timeframe::H2,
    Timeframe::H4,
    Timeframe::H6,
    Timeframe::H12,
    Timeframe::D1,
];

/// Streams on one socket. The venue names no limit.
pub(super) const STREAMS_PER_CONNECTION: usize = 100;

pub(super) fn description(id: VenueId) -> VenueDescription {
    let name = if id.as_str() == "bitstamp" {
        "Bitstamp".into()
    } else {
        id.as_str().into()
    };
    let limit = |name: &str, amount, window| Limit {
        name: name.into(),
        amount,
        window,
        weighted: false,
        scope: LimitScope::Address,
    };
    VenueDescription {
        id,
        name,
        protocol: super::Bitstamp::PROTOCOL,
        rest_url: "https://www.bitstamp.net".into(),
        ws_url: "wss://ws.bitstamp.net".into(),
        order: OrderRule::TimeThenId,
        limits: vec![
            limit("requests-1s", 400, Duration::from_secs(1)),
            limit("requests-10m", 10_000, Duration::from_mins(10)),
        ],
        channels: vec![Channel::Trades, Channel::Book],
        timeframes: TIMEFRAMES.to_vec(),
        // our own beat is answered
        silence: Duration::from_secs(75),
        connection_lifetime: Some(Duration::from_hours(24 * 90)),
        send_rate: 5,
        streams_per_connection: STREAMS_PER_CONNECTION,
        book: BookRule {
            snapshot: SnapshotBy::Request,
            sequence: BookSequence::Ascending,
            depth: None,
        },
        binds: false,
    }
}
