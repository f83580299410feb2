//! Who Deribit is, and what it offers.

use std::time::Duration;

use quantflow_model::{Timeframe, VenueId};
use quantflow_wire::{
    BookRule, BookSequence, Channel, Limit, LimitScope, OrderRule, SnapshotBy, VenueDescription,
};

/// The venue's own candles, by minutes.
pub(super) const TIMEFRAMES: [(Timeframe, &str); 10] = [
    (Timeframe::M1, "1"),
    (Timeframe::M3, "3"),
    (Timeframe::M5, "5"),
    (Timeframe::M15, "15"),
    (Timeframe::M30, "30"),
    (Timeframe::H1, "60"),
    (Timeframe::H2, "120"),
    (Timeframe::H6, "360"),
    (Timeframe::H12, "720"),
    (Timeframe::D1, "1D"),
];

pub(super) fn description(id: VenueId) -> VenueDescription {
    let mut channels = vec![
        Channel::Trades,
        Channel::Quotes,
        Channel::Book,
        Channel::Ticker,
        Channel::Contract,
        Channel::Liquidations,
    ];
    channels.extend(TIMEFRAMES.map(|(timeframe, _)| Channel::Candles(timeframe)));
    VenueDescription {
        name: if id.as_str() == "deribit" {
            "Deribit".into()
        } else {
            id.as_str().into()
        },
        id,
        protocol: super::Deribit::PROTOCOL,
        rest_url: "https://www.deribit.com".into(),
        ws_url: "wss://www.deribit.com".into(),
        order: OrderRule::ContiguousIds,
        limits: vec![Limit {
            name: "weight-1s".into(),
            amount: 20,
            window: Duration::from_secs(1),
            weighted: true,
            scope: LimitScope::Address,
        }],
        channels,
        timeframes: TIMEFRAMES.map(|(timeframe, _)| timeframe).to_vec(),
        // a test comes each 30 s, when it was asked for
        silence: Duration::from_secs(75),
        connection_lifetime: None,
        send_rate: 5,
        streams_per_connection: 500,
        book: BookRule {
            snapshot: SnapshotBy::Stream,
            sequence: BookSequence::Chained,
            depth: None,
        },
        binds: false,
    }
}
