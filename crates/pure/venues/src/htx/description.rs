//! Who HTX is, and what each of its markets offers.

use std::time::Duration;

use quantflow_model::VenueId;
use quantflow_wire::{
    BookRule, BookSequence, Channel, Limit, LimitScope, OrderRule, SnapshotBy, VenueDescription,
};

use super::Market;
use super::names::PERIODS;

/// Streams that we put on one socket.
pub(super) const STREAMS_PER_CONNECTION: usize = 100;
/// Levels a side of the books of both markets.
const DEPTH: u16 = 150;

pub(super) fn description(id: VenueId, market: Market) -> VenueDescription {
    let name = match id.as_str() {
        "htx" => "HTX".into(),
        "htx-linear" => "HTX linear swaps".into(),
        other => other.into(),
    };
    let mut channels = vec![
        Channel::Trades,
        Channel::Quotes,
        Channel::Book,
        Channel::Ticker,
    ];
    if market == Market::Linear {
        channels.extend([Channel::Contract, Channel::Liquidations]);
    }
    channels.extend(
        PERIODS
            .iter()
            .map(|(timeframe, _)| Channel::Candles(*timeframe)),
    );
    let (rest_url, ws_url) = match market {
        Market::Spot => ("https://api.huobi.pro", "wss://api.huobi.pro"),
        Market::Linear => ("https://api.hbdm.com", "wss://api.hbdm.com"),
    };
    VenueDescription {
        id,
        name,
        protocol: market.protocol(),
        rest_url: rest_url.into(),
        ws_url: ws_url.into(),
        order: OrderRule::TimeThenId,
        limits: vec![Limit {
            name: "requests-1s".into(),
            amount: 10,
            window: Duration::from_secs(1),
            weighted: false,
            scope: LimitScope::Address,
        }],
        channels,
        timeframes: PERIODS.iter().map(|(timeframe, _)| *timeframe).collect(),
        // it pings every five seconds
        silence: Duration::from_secs(30),
        connection_lifetime: None,
        send_rate: 5,
        streams_per_connection: STREAMS_PER_CONNECTION,
        book: match market {
            Market::Spot => BookRule {
                snapshot: SnapshotBy::EachMessage,
                sequence: BookSequence::None,
                depth: Some(DEPTH),
            },
            Market::Linear => BookRule {
                snapshot: SnapshotBy::Stream,
                sequence: BookSequence::Contiguous,
                depth: Some(DEPTH),
            },
        },
        binds: false,
    }
}
