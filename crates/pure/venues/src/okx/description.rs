//! Who OKX is, and what it offers.

use std::time::Duration;

use quantflow_model::VenueId;
use quantflow_wire::{
    BookRule, BookSequence, Channel, Limit, LimitScope, OrderRule, SnapshotBy, VenueDescription,
};

use super::names::BARS;

/// Levels a side that the book's channel keeps.
pub(super) const DEPTH: u16 = 400;
/// Streams that we put on one socket. The venue counts requests (480 an hour and socket) and bytes
/// (64 KiB of channels), not streams.
pub(super) const STREAMS_PER_CONNECTION: usize = 200;

pub(super) fn description(id: VenueId) -> VenueDescription {
    let name = if id.as_str() == "okx" {
        "OKX".into()
    } else {
        id.as_str().into()
    };
    let mut channels = vec![
        Channel::Trades,
        Channel::AggregateTrades,
        Channel::Quotes,
        Channel::Book,
        Channel::Ticker,
        Channel::Contract,
        Channel::Liquidations,
    ];
    channels.extend(
        BARS.iter()
            .map(|(timeframe, _)| Channel::Candles(*timeframe)),
    );
    VenueDescription {
        id,
        name,
        protocol: super::Okx::PROTOCOL,
        rest_url: "https://www.okx.com".into(),
        ws_url: "wss://ws.okx.com:8443".into(),
        order: OrderRule::ContiguousIds,
        limits: limits(),
        channels,
        timeframes: BARS.iter().map(|(timeframe, _)| *timeframe).collect(),
        silence: Duration::from_secs(45),
        connection_lifetime: None,
        send_rate: 3,
        streams_per_connection: STREAMS_PER_CONNECTION,
        book: BookRule {
            snapshot: SnapshotBy::Stream,
            sequence: BookSequence::Chained,
            depth: Some(DEPTH),
        },
        binds: false,
    }
}

/// Every endpoint has a limit of its own, between 10 and 100 requests in 2 seconds and address. One
/// limit of weights keeps all of them: 40, of which an endpoint of 20 in 2 seconds uses 2.
fn limits() -> Vec<Limit> {
    vec![
        Limit {
            name: "weight-2s".into(),
            amount: 40,
            window: Duration::from_secs(2),
            weighted: true,
            scope: LimitScope::Address,
        },
        Limit {
            name: "connections-1s".into(),
            amount: 3,
            window: Duration::from_secs(1),
            weighted: false,
            scope: LimitScope::Connection,
        },
    ]
}
