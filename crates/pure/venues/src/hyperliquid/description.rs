//! Who Hyperliquid is, and what it offers.

use std::time::Duration;

use quantflow_model::{Timeframe, VenueId};
use quantflow_wire::{
    BookRule, BookSequence, Channel, Limit, LimitScope, OrderRule, SnapshotBy, VenueDescription,
};

/// The venue's own candles. Those of 3 days and a week are left out: no document says when they begin.
pub(super) const TIMEFRAMES: [(Timeframe, &str); 12] = [
    (Timeframe::M1, "1m"),
    (Timeframe::M3, "3m"),
    (Timeframe::M5, "5m"),
    (Timeframe::M15, "15m"),
    (Timeframe::M30, "30m"),
    (Timeframe::H1, "1h"),
    (Timeframe::H2, "2h"),
    (Timeframe::H4, "4h"),
    (Timeframe::H8, "8h"),
    (Timeframe::H12, "12h"),
    (Timeframe::D1, "1d"),
    (Timeframe::Mo1, "1M"),
];

pub(super) fn description(id: VenueId) -> VenueDescription {
    let mut channels = vec![
        Channel::Trades,
        Channel::Quotes,
        Channel::Book,
        Channel::Contract,
    ];
    channels.extend(TIMEFRAMES.map(|(timeframe, _)| Channel::Candles(timeframe)));
    VenueDescription {
        name: if id.as_str() == "hyperliquid" {
            "Hyperliquid".into()
        } else {
            id.as_str().into()
        },
        id,
        protocol: super::Hyperliquid::PROTOCOL,
        rest_url: "https://api.hyperliquid.xyz".into(),
        ws_url: "wss://api.hyperliquid.xyz".into(),
        order: OrderRule::TimeThenId,
        limits: vec![Limit {
            name: "weight-1m".into(),
            amount: 1_200,
            window: Duration::from_mins(1),
            weighted: true,
            scope: LimitScope::Address,
        }],
        channels,
        timeframes: TIMEFRAMES.map(|(timeframe, _)| timeframe).to_vec(),
        // we ask for a sign of life each 20 s
        silence: Duration::from_mins(1),
        connection_lifetime: None,
        send_rate: 20,
        streams_per_connection: 500,
        book: BookRule {
            snapshot: SnapshotBy::EachMessage,
            sequence: BookSequence::None,
            depth: None,
        },
        binds: false,
    }
}
