//! Who Bybit is, and what each of its markets offers.

use std::time::Duration;

use quantflow_model::VenueId;
use quantflow_wire::{
    BookRule, BookSequence, Channel, Limit, LimitScope, OrderRule, SnapshotBy, VenueDescription,
};

use super::Market;
use super::names::INTERVALS;

/// Streams that we put on one socket: their names stay far below the venue's 21,000 characters.
pub(super) const STREAMS_PER_CONNECTION: usize = 200;

/// Levels a side of the book that is subscribed: of those that come every 100 ms the most.
pub(super) const fn depth(market: Market) -> u16 {
    match market {
        Market::Option => 100,
        _ => 200,
    }
}

pub(super) fn description(id: VenueId, market: Market) -> VenueDescription {
    let name = match id.as_str() {
        "bybit" => "Bybit".into(),
        "bybit-linear" => "Bybit linear".into(),
        "bybit-inverse" => "Bybit inverse".into(),
        "bybit-option" => "Bybit options".into(),
        other => other.into(),
    };
    let mut channels = vec![
        Channel::Trades,
        Channel::Quotes,
        Channel::Book,
        Channel::Ticker,
    ];
    let mut timeframes = Vec::new();
    if market != Market::Spot {
        channels.push(Channel::Contract);
    }
    if matches!(market, Market::Linear | Market::Inverse) {
        channels.push(Channel::Liquidations);
    }
    if market != Market::Option {
        timeframes.extend(INTERVALS.iter().map(|(timeframe, _)| *timeframe));
        channels.extend(timeframes.iter().copied().map(Channel::Candles));
    }
    VenueDescription {
        id,
        name,
        protocol: market.protocol(),
        rest_url: "https://api.bybit.com".into(),
        ws_url: "wss://stream.bybit.com".into(),
        order: OrderRule::TimeThenId,
        limits: limits(),
        channels,
        timeframes,
        silence: Duration::from_secs(45),
        connection_lifetime: None,
        send_rate: 10,
        streams_per_connection: STREAMS_PER_CONNECTION,
        book: BookRule {
            snapshot: SnapshotBy::Stream,
            sequence: BookSequence::Contiguous,
            depth: Some(depth(market)),
        },
        binds: false,
    }
}

/// The venue allows an address 600 requests in 5 seconds over all markets, and 500 new connections in 5
/// minutes. Each market is a venue here and counts for itself: it gets a fifth.
fn limits() -> Vec<Limit> {
    vec![
        Limit {
            name: "requests-5s".into(),
            amount: 120,
            window: Duration::from_secs(5),
            weighted: false,
            scope: LimitScope::Address,
        },
        Limit {
            name: "connections-5m".into(),
            amount: 100,
            window: Duration::from_mins(5),
            weighted: false,
            scope: LimitScope::Connection,
        },
    ]
}
