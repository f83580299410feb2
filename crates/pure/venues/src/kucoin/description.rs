//! Who KuCoin is, and what it offers.

use std::time::Duration;

use quantflow_model::VenueId;
use quantflow_wire::{
    BookRule, BookSequence, Channel, Limit, LimitScope, OrderRule, SnapshotBy, VenueDescription,
};

use super::Kucoin;
use super::names::TYPES;

/// Topics that one socket carries: the venue counts each symbol of a list.
pub(super) const STREAMS_PER_CONNECTION: usize = 400;
/// Levels a side of the largest book that is public.
pub(super) const DEPTH: u16 = 100;

pub(super) fn description(id: VenueId) -> VenueDescription {
    let name = if id.as_str() == "kucoin" {
        "KuCoin".into()
    } else {
        id.as_str().into()
    };
    let mut channels = vec![
        Channel::Trades,
        Channel::Quotes,
        Channel::Book,
        Channel::Ticker,
    ];
    channels.extend(
        TYPES
            .iter()
            .map(|(timeframe, _)| Channel::Candles(*timeframe)),
    );
    VenueDescription {
        id,
        name,
        protocol: Kucoin::PROTOCOL,
        rest_url: "https://api.kucoin.com".into(),
        // only a part of what the venue answers when it is asked for an address
        ws_url: "wss://ws-api-spot.kucoin.com".into(),
        order: OrderRule::TimeThenId,
        limits: vec![
            Limit {
                name: "weight-30s".into(),
                amount: 2_000,
                window: Duration::from_secs(30),
                weighted: true,
                scope: LimitScope::Address,
            },
            Limit {
                name: "connections-1m".into(),
                amount: 30,
                window: Duration::from_mins(1),
                weighted: false,
                scope: LimitScope::Connection,
            },
        ],
        channels,
        timeframes: TYPES.iter().map(|(timeframe, _)| *timeframe).collect(),
        silence: Duration::from_mins(1),
        connection_lifetime: Some(Duration::from_hours(24)),
        // a hundred in ten seconds
        send_rate: 10,
        streams_per_connection: STREAMS_PER_CONNECTION,
        book: BookRule {
            snapshot: SnapshotBy::Request,
            sequence: BookSequence::Contiguous,
            depth: Some(DEPTH),
        },
        binds: false,
    }
}
