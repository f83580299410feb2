//! Who Upbit is, and what it offers.

use std::time::Duration;

use quantflow_model::{Timeframe, VenueId};
use quantflow_wire::{
    BookRule, BookSequence, Channel, Limit, LimitScope, OrderRule, Response, SnapshotBy,
    VenueDescription,
};

use crate::http::header;

/// The venue's own candles: where they are asked for, and their unit on a socket (empty: none there).
pub(super) const TIMEFRAMES: [(Timeframe, &str, &str); 11] = [
    (Timeframe::S1, "seconds", "1s"),
    (Timeframe::M1, "minutes/1", "1m"),
    (Timeframe::M3, "minutes/3", "3m"),
    (Timeframe::M5, "minutes/5", "5m"),
    (Timeframe::M15, "minutes/15", "15m"),
    (Timeframe::M30, "minutes/30", "30m"),
    (Timeframe::H1, "minutes/60", "60m"),
    (Timeframe::H4, "minutes/240", "240m"),
    (Timeframe::D1, "days", ""),
    (Timeframe::W1, "weeks", ""),
    (Timeframe::Mo1, "months", ""),
];

/// Requests a second.
const REQUESTS: u32 = 10;

pub(super) fn description(id: VenueId) -> VenueDescription {
    let mut channels = vec![Channel::Trades, Channel::Book, Channel::Ticker];
    let streamed = TIMEFRAMES.iter().filter(|(.., unit)| !unit.is_empty());
    channels.extend(streamed.map(|(timeframe, ..)| Channel::Candles(*timeframe)));
    VenueDescription {
        name: if id.as_str() == "upbit" {
            "Upbit".into()
        } else {
            id.as_str().into()
        },
        id,
        protocol: super::Upbit::PROTOCOL,
        rest_url: "https://api.upbit.com".into(),
        ws_url: "wss://api.upbit.com".into(),
        order: OrderRule::TimeThenId,
        limits: vec![
            Limit {
                name: "requests-1s".into(),
                amount: REQUESTS,
                window: Duration::from_secs(1),
                weighted: false,
                scope: LimitScope::Address,
            },
            Limit {
                name: "connections-1s".into(),
                amount: 5,
                window: Duration::from_secs(1),
                weighted: false,
                scope: LimitScope::Connection,
            },
        ],
        channels,
        timeframes: TIMEFRAMES.map(|(timeframe, ..)| timeframe).to_vec(),
        // we ask for a sign of life each 30 s
        silence: Duration::from_secs(90),
        connection_lifetime: None,
        send_rate: 1,
        streams_per_connection: 200,
        book: BookRule {
            snapshot: SnapshotBy::EachMessage,
            sequence: BookSequence::None,
            depth: None,
        },
        binds: false,
    }
}

/// `Remaining-Req: group=market; min=573; sec=9` says what is left of the second.
pub(super) fn used(response: &Response) -> Vec<Option<u32>> {
    let left = || {
        let mut parts = header(response, "remaining-req")?.split(';');
        let left = parts.find_map(|part| part.trim().strip_prefix("sec="))?;
        left.parse::<u32>().ok()
    };
    vec![left().map(|left| REQUESTS.saturating_sub(left)), None]
}
