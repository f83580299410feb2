//! Who Binance is, and what it offers.

use std::time::Duration;

use quantflow_model::{Timeframe, VenueId};
use quantflow_wire::{BookRule, Channel, OrderRule, VenueDescription};

use super::limits;

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
        protocol: super::BinanceSpot::PROTOCOL,
        rest_url: "https://api.binance.com".into(),
        ws_url: "wss://stream.binance.com:9443".into(),
        order: OrderRule::ContiguousIds,
        limits: limits::documented(),
        channels,
        timeframes: TIMEFRAMES.to_vec(),
        // the server pings every 20 s and every stream of a traded symbol speaks more often: three
        // pings missed
        silence: Duration::from_mins(1),
        connection_lifetime: Some(Duration::from_hours(24)),
        send_rate: 5,
        streams_per_connection: STREAMS_PER_CONNECTION,
        book: BookRule::REQUESTED,
        binds: false,
    }
}
