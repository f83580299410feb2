//! Who BitMEX is, and what it offers.

use std::time::Duration;

use quantflow_model::{Timeframe, VenueId};
use quantflow_wire::{
    BookRule, BookSequence, Channel, Limit, LimitScope, OrderRule, Response, SnapshotBy,
    VenueDescription,
};

use crate::http::header;

/// The venue's own candles.
pub(super) const TIMEFRAMES: [(Timeframe, &str); 4] = [
    (Timeframe::M1, "1m"),
    (Timeframe::M5, "5m"),
    (Timeframe::H1, "1h"),
    (Timeframe::D1, "1d"),
];

/// Requests a minute without a key.
const REQUESTS: u32 = 30;

pub(super) fn description(id: VenueId) -> VenueDescription {
    let mut channels = vec![
        Channel::Trades,
        Channel::Quotes,
        Channel::Book,
        Channel::Ticker,
        Channel::Contract,
    ];
    channels.extend(TIMEFRAMES.map(|(timeframe, _)| Channel::Candles(timeframe)));
    VenueDescription {
        name: if id.as_str() == "bitmex" {
            "BitMEX".into()
        } else {
            id.as_str().into()
        },
        id,
        protocol: super::Bitmex::PROTOCOL,
        rest_url: "https://www.bitmex.com".into(),
        ws_url: "wss://ws.bitmex.com".into(),
        order: OrderRule::TimeThenId,
        limits: vec![Limit {
            name: "requests-1m".into(),
            amount: REQUESTS,
            window: Duration::from_mins(1),
            weighted: false,
            scope: LimitScope::Address,
        }],
        channels,
        timeframes: TIMEFRAMES.map(|(timeframe, _)| timeframe).to_vec(),
        // we ask for a sign of life each 5 s
        silence: Duration::from_secs(20),
        connection_lifetime: None,
        send_rate: 2,
        streams_per_connection: 200,
        book: BookRule {
            snapshot: SnapshotBy::Stream,
            sequence: BookSequence::None,
            depth: None,
        },
        binds: true,
    }
}

/// The headers say what is left of how much.
pub(super) fn used(response: &Response) -> Vec<Option<u32>> {
    let number = |name| header(response, name)?.parse::<u32>().ok();
    let limit = number("x-ratelimit-limit").unwrap_or(REQUESTS);
    let left = number("x-ratelimit-remaining");
    vec![left.map(|left| limit.saturating_sub(left))]
}
