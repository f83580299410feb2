//! Who Poloniex is, and what it offers.

use std::time::Duration;

use quantflow_model::{Timeframe, VenueId};
use quantflow_wire::{
    BookRule, BookSequence, Channel, Limit, LimitScope, OrderRule, SnapshotBy, VenueDescription,
};

/// The timeframes of the venue's own candles, with its names. Where its longer ones begin is not
/// documented.
const NAMES: [(Timeframe, &str); 10] = [
    (Timeframe::M1, "MINUTE_1"),
    (Timeframe::M5, "MINUTE_5"),
    (Timeframe::M15, "MINUTE_15"),
    (Timeframe::M30, "MINUTE_30"),
    (Timeframe::H1, "HOUR_1"),
    (Timeframe::H2, "HOUR_2"),
    (Timeframe::H4, "HOUR_4"),
    (Timeframe::H6, "HOUR_6"),
    (Timeframe::H12, "HOUR_12"),
    (Timeframe::D1, "DAY_1"),
];

/// The stream keeps the best 20 levels of a side; each change names the one before it.
const BOOK: BookRule = BookRule {
    snapshot: SnapshotBy::Stream,
    sequence: BookSequence::Chained,
    depth: Some(20),
};

/// The venue's name of a timeframe, if it has candles of it.
pub(super) fn name(timeframe: Timeframe) -> Option<&'static str> {
    let found = NAMES.iter().find(|(known, _)| *known == timeframe);
    found.map(|(_, name)| *name)
}

/// The timeframe by the venue's name in lower case, as channels have it.
pub(super) fn timeframe(name: &str) -> Option<Timeframe> {
    let found = NAMES
        .iter()
        .find(|(_, known)| known.to_ascii_lowercase() == name);
    found.map(|(timeframe, _)| *timeframe)
}

pub(super) fn description(id: VenueId) -> VenueDescription {
    let name = if id.as_str() == "poloniex" {
        "Poloniex".into()
    } else {
        id.as_str().into()
    };
    let timeframes: Vec<_> = NAMES.iter().map(|(timeframe, _)| *timeframe).collect();
    let mut channels = vec![Channel::Trades, Channel::Book, Channel::Ticker];
    channels.extend(timeframes.iter().copied().map(Channel::Candles));
    VenueDescription {
        id,
        name,
        protocol: super::Poloniex::PROTOCOL,
        rest_url: "https://api.poloniex.com".into(),
        ws_url: "wss://ws.poloniex.com".into(),
        // one of 501 ids was missing in a recorded answer
        order: OrderRule::TimeThenId,
        limits: vec![Limit {
            name: "requests-1s".into(),
            amount: 200,
            window: Duration::from_secs(1),
            weighted: false,
            scope: LimitScope::Address,
        }],
        channels,
        timeframes,
        // our own signs of life are answered every 15 s
        silence: Duration::from_secs(45),
        connection_lifetime: None,
        send_rate: 100,
        streams_per_connection: 200,
        book: BOOK,
        binds: false,
    }
}
