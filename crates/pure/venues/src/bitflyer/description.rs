//! Who bitFlyer is, and what it offers.

use std::time::Duration;

use quantflow_model::VenueId;
use quantflow_wire::{
    BookRule, BookSequence, Channel, Limit, LimitScope, OrderRule, Response, SnapshotBy,
    VenueDescription,
};

use crate::http::header;

/// Requests in five minutes.
const REQUESTS: u32 = 500;

pub(super) fn description(id: VenueId) -> VenueDescription {
    VenueDescription {
        name: if id.as_str() == "bitflyer" {
            "bitFlyer".into()
        } else {
            id.as_str().into()
        },
        id,
        protocol: super::Bitflyer::PROTOCOL,
        rest_url: "https://api.bitflyer.com".into(),
        ws_url: "wss://ws.lightstream.bitflyer.com".into(),
        order: OrderRule::TimeThenId,
        limits: vec![Limit {
            name: "requests-5m".into(),
            amount: REQUESTS,
            window: Duration::from_mins(5),
            weighted: false,
            scope: LimitScope::Address,
        }],
        channels: vec![Channel::Trades, Channel::Book, Channel::Ticker],
        timeframes: Vec::new(),
        silence: Duration::from_mins(1),
        connection_lifetime: None,
        send_rate: 5,
        streams_per_connection: 100,
        book: BookRule {
            snapshot: SnapshotBy::Stream,
            sequence: BookSequence::None,
            depth: None,
        },
        binds: false,
    }
}

/// `X-RateLimit-Remaining` says what is left of the five minutes.
pub(super) fn used(response: &Response) -> Vec<Option<u32>> {
    let left = || {
        header(response, "x-ratelimit-remaining")?
            .parse::<u32>()
            .ok()
    };
    vec![left().map(|left| REQUESTS.saturating_sub(left))]
}
