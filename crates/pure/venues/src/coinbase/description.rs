//! Who Coinbase Exchange is, and what it offers.

use std::time::Duration;

use quantflow_model::{Timeframe, VenueId};
use quantflow_wire::{
    BookRule, BookSequence, Channel, Limit, LimitScope, OrderRule, SnapshotBy, VenueDescription,
};

/// The timeframes of the venue's own candles, which it calls by their seconds.
pub(super) const TIMEFRAMES: [Timeframe; 6] = [
    Timeframe::M1,
    Timeframe::M5,
    Timeframe::M15,
    Timeframe::H1,
    Timeframe::H6,
    Timeframe::D1,
];

/// Streams on one socket. The venue names no limit; a socket that falls behind is cut.
pub(super) const STREAMS_PER_CONNECTION: usize = 100;

pub(super) fn description(id: VenueId) -> VenueDescription {
    let name = if id.as_str() == "coinbase" {
        "Coinbase Exchange".into()
    } else {
        id.as_str().into()
    };
    let second = Duration::from_secs(1);
    let limit = |name: &str, amount, scope| Limit {
        name: name.into(),
        amount,
        window: second,
        weighted: false,
        scope,
    };
    VenueDescription {
        id,
        name,
        protocol: super::CoinbaseExchange::PROTOCOL,
        rest_url: "https://api.exchange.coinbase.com".into(),
        ws_url: "wss://ws-feed.exchange.coinbase.com".into(),
        order: OrderRule::ContiguousIds,
        // bursts of 15 and 20 are allowed, not counted on
        limits: vec![
            limit("requests-1s", 10, LimitScope::Address),
            limit("connections-1s", 8, LimitScope::Connection),
        ],
        channels: vec![Channel::Trades, Channel::Book, Channel::Ticker],
        timeframes: TIMEFRAMES.to_vec(),
        // every product beats once a second
        silence: Duration::from_secs(15),
        connection_lifetime: None,
        send_rate: 8,
        streams_per_connection: STREAMS_PER_CONNECTION,
        book: BookRule {
            snapshot: SnapshotBy::Stream,
            sequence: BookSequence::None,
            depth: None,
        },
        binds: false,
    }
}
