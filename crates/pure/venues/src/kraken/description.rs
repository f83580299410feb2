//! Who Kraken is, and what its spot market offers.

use std::time::Duration;

use quantflow_model::{Timeframe, VenueId};
use quantflow_wire::{
    BookRule, BookSequence, Channel, Limit, LimitScope, OrderRule, SnapshotBy, VenueDescription,
};

/// The timeframes of the venue's own candles. Its week begins on a Thursday, and so is none of ours.
pub(super) const TIMEFRAMES: [Timeframe; 7] = [
    Timeframe::M1,
    Timeframe::M5,
    Timeframe::M15,
    Timeframe::M30,
    Timeframe::H1,
    Timeframe::H4,
    Timeframe::D1,
];

/// Levels a side of the books that we subscribe.
pub(super) const DEPTH: u16 = 100;

/// Streams on one socket. The venue names no limit.
pub(super) const STREAMS_PER_CONNECTION: usize = 200;

pub(super) fn description(id: VenueId) -> VenueDescription {
    let name = if id.as_str() == "kraken" {
        "Kraken".into()
    } else {
        id.as_str().into()
    };
    let mut channels = vec![
        Channel::Trades,
        Channel::Quotes,
        Channel::Book,
        Channel::Ticker,
    ];
    channels.extend(TIMEFRAMES.map(Channel::Candles));
    let limit = |name: &str, amount, window, scope| Limit {
        name: name.into(),
        amount,
        window,
        weighted: false,
        scope,
    };
    VenueDescription {
        id,
        name,
        protocol: super::Kraken::PROTOCOL,
        rest_url: "https://api.kraken.com".into(),
        ws_url: "wss://ws.kraken.com".into(),
        order: OrderRule::ContiguousIds,
        limits: vec![
            limit(
                "requests-1s",
                1,
                Duration::from_secs(1),
                LimitScope::Address,
            ),
            limit(
                "connections-10m",
                150,
                Duration::from_mins(10),
                LimitScope::Connection,
            ),
        ],
        channels,
        timeframes: TIMEFRAMES.to_vec(),
        // a beat each second as long as anything is subscribed
        silence: Duration::from_secs(15),
        connection_lifetime: None,
        send_rate: 5,
        streams_per_connection: STREAMS_PER_CONNECTION,
        book: BookRule {
            snapshot: SnapshotBy::Stream,
            sequence: BookSequence::None,
            depth: Some(DEPTH),
        },
        binds: true,
    }
}

/// The minutes of a timeframe, as the venue names it.
pub(super) const fn minutes(timeframe: Timeframe) -> i64 {
    timeframe.approximate_nanos() / 60_000_000_000
}

/// The timeframe of so many minutes, if it is one of ours.
pub(super) fn of_minutes(number: u64) -> Option<Timeframe> {
    TIMEFRAMES
        .into_iter()
        .find(|timeframe| minutes(*timeframe).unsigned_abs() == number)
}
