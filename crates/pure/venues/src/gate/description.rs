//! Who the two markets are, what they offer, and their limits.

use std::time::Duration;

use quantflow_model::{Timeframe, VenueId};
use quantflow_wire::{
    BookRule, BookSequence, Channel, Limit, LimitScope, OrderRule, Response, SnapshotBy,
    VenueDescription,
};

use super::{Gate, Market};
use crate::http::header;

/// The timeframes of the venue's own candles that begin where ours do: its weeks begin on Thursday, and
/// its months are counted otherwise.
pub(super) const TIMEFRAMES: [Timeframe; 8] = [
    Timeframe::M1,
    Timeframe::M5,
    Timeframe::M15,
    Timeframe::M30,
    Timeframe::H1,
    Timeframe::H4,
    Timeframe::H8,
    Timeframe::D1,
];

/// The window of the request limit.
pub(super) const WINDOW: Duration = Duration::from_secs(10);

const REQUESTS: u32 = 200;

/// The stream keeps the best 100 levels of a side; `U` is the last `u` plus 1.
const BOOK: BookRule = BookRule {
    snapshot: SnapshotBy::Request,
    sequence: BookSequence::Contiguous,
    depth: Some(100),
};

pub(super) fn description(id: VenueId, market: Market) -> VenueDescription {
    let (known, name, protocol, ws_url) = match market {
        Market::Spot => ("gate", "Gate", Gate::SPOT, "wss://api.gateio.ws"),
        Market::Futures => (
            "gate-futures",
            "Gate futures",
            Gate::FUTURES,
            "wss://fx-ws.gateio.ws",
        ),
    };
    let name = if id.as_str() == known {
        name.into()
    } else {
        id.as_str().into()
    };
    let mut channels = vec![
        Channel::Trades,
        Channel::Quotes,
        Channel::Book,
        Channel::Ticker,
    ];
    if market == Market::Futures {
        channels.extend([Channel::Contract, Channel::Liquidations]);
    }
    channels.extend(TIMEFRAMES.map(Channel::Candles));
    VenueDescription {
        id,
        name,
        protocol,
        rest_url: "https://api.gateio.ws".into(),
        ws_url: ws_url.into(),
        // the number that is documented as consecutive came later than what was recorded
        order: OrderRule::TimeThenId,
        limits: vec![Limit {
            name: "requests-10s".into(),
            amount: REQUESTS,
            window: WINDOW,
            weighted: false,
            scope: LimitScope::Address,
        }],
        channels,
        timeframes: TIMEFRAMES.to_vec(),
        // our own signs of life are answered every 15 s
        silence: Duration::from_secs(45),
        connection_lifetime: None,
        send_rate: 20,
        streams_per_connection: 200,
        book: BOOK,
        binds: false,
    }
}

/// What is used of an endpoint's requests, as its answer says what remains.
pub(super) fn used(response: &Response) -> Vec<Option<u32>> {
    let number = |name| header(response, name)?.parse::<u32>().ok();
    let used = number("x-gate-ratelimit-limit")
        .zip(number("x-gate-ratelimit-requests-remain"))
        .map(|(limit, remain)| limit.saturating_sub(remain));
    vec![used]
}
