//! Who Bitfinex is, and what it offers.

use std::time::Duration;

use quantflow_model::{Timeframe, VenueId};
use quantflow_wire::{
    BookRule, BookSequence, Channel, Limit, LimitScope, OrderRule, SnapshotBy, VenueDescription,
};

/// The venue's own candles. Weeks are left out: no document says on which day they begin.
pub(super) const TIMEFRAMES: [(Timeframe, &str); 9] = [
    (Timeframe::M1, "1m"),
    (Timeframe::M5, "5m"),
    (Timeframe::M15, "15m"),
    (Timeframe::M30, "30m"),
    (Timeframe::H1, "1h"),
    (Timeframe::H6, "6h"),
    (Timeframe::H12, "12h"),
    (Timeframe::D1, "1D"),
    (Timeframe::Mo1, "1M"),
];

/// What all questions of a minute may weigh; see the page.
pub(super) const WEIGHT: u32 = 720;

pub(super) fn description(id: VenueId) -> VenueDescription {
    let mut channels = vec![
        Channel::Trades,
        Channel::Book,
        Channel::Ticker,
        Channel::Contract,
        Channel::Liquidations,
    ];
    channels.extend(TIMEFRAMES.map(|(timeframe, _)| Channel::Candles(timeframe)));
    VenueDescription {
        name: if id.as_str() == "bitfinex" {
            "Bitfinex".into()
        } else {
            id.as_str().into()
        },
        id,
        protocol: super::Bitfinex::PROTOCOL,
        rest_url: "https://api-pub.bitfinex.com".into(),
        ws_url: "wss://api-pub.bitfinex.com".into(),
        order: OrderRule::TimeThenId,
        limits: vec![
            Limit {
                name: "weight-1m".into(),
                amount: WEIGHT,
                window: Duration::from_mins(1),
                weighted: true,
                scope: LimitScope::Address,
            },
            Limit {
                name: "connections-1m".into(),
                amount: 20,
                window: Duration::from_mins(1),
                weighted: false,
                scope: LimitScope::Connection,
            },
        ],
        channels,
        timeframes: TIMEFRAMES.map(|(timeframe, _)| timeframe).to_vec(),
        // every channel has a sign of life each 15 s: three missed
        silence: Duration::from_secs(45),
        connection_lifetime: None,
        send_rate: 5,
        streams_per_connection: 25,
        book: BookRule {
            snapshot: SnapshotBy::Stream,
            sequence: BookSequence::Ascending,
            depth: Some(super::request::LEVELS),
        },
        binds: true,
    }
}
