//! Who Kraken Futures is, and what it offers.

use std::time::Duration;

use quantflow_model::{Timeframe, VenueId};
use quantflow_wire::{
    BookRule, BookSequence, Channel, Limit, LimitScope, OrderRule, SnapshotBy, VenueDescription,
};

/// The timeframes of the venue's own candles; where its week begins is not said.
pub(super) const TIMEFRAMES: [Timeframe; 8] = [
    Timeframe::M1,
    Timeframe::M5,
    Timeframe::M15,
    Timeframe::M30,
    Timeframe::H1,
    Timeframe::H4,
    Timeframe::H12,
    Timeframe::D1,
];

/// Streams on one socket. The venue names no limit.
pub(super) const STREAMS_PER_CONNECTION: usize = 200;

pub(super) fn description(id: VenueId) -> VenueDescription {
    let name = if id.as_str() == "kraken-futures" {
        "Kraken Futures".into()
    } else {
        id.as_str().into()
    };
    VenueDescription {
        id,
        name,
        protocol: super::KrakenFutures::PROTOCOL,
        rest_url: "https://futures.kraken.com".into(),
        ws_url: "wss://futures.kraken.com".into(),
        order: OrderRule::TimeThenId,
        // public questions have no cost; this is our own restraint
        limits: vec![Limit {
            name: "requests-1s".into(),
            amount: 10,
            window: Duration::from_secs(1),
            weighted: false,
            scope: LimitScope::Address,
        }],
        channels: vec![
            Channel::Trades,
            Channel::Quotes,
            Channel::Book,
            Channel::Ticker,
            Channel::Contract,
            Channel::Liquidations,
        ],
        timeframes: TIMEFRAMES.to_vec(),
        silence: Duration::from_mins(1),
        connection_lifetime: None,
        send_rate: 5,
        streams_per_connection: STREAMS_PER_CONNECTION,
        book: BookRule {
            snapshot: SnapshotBy::Stream,
            sequence: BookSequence::Contiguous,
            depth: None,
        },
        binds: false,
    }
}
