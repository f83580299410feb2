//! What several tests need.

use quantflow_model::{Timeframe, VenueSymbol};
use quantflow_venues::BinanceSpot;
use quantflow_wire::{Codec, DecodeError, Encoded, Event, Input, Query};
use serde_json::Value;

pub(crate) fn codec() -> BinanceSpot {
    BinanceSpot::new("binance".parse().unwrap())
}

pub(crate) fn venue_symbol(text: &str) -> VenueSymbol {
    VenueSymbol::new(text).unwrap()
}

pub(crate) fn decode(bytes: &[u8]) -> Result<Vec<Event>, DecodeError> {
    decode_with(&codec(), &Input::message(bytes))
}

pub(crate) fn decode_answer(query: &Query, body: &[u8]) -> Result<Vec<Event>, DecodeError> {
    decode_with(&codec(), &Input::Answer { query, body })
}

/// Decodes, and checks that an error leaves nothing behind.
pub(crate) fn decode_with(
    codec: &BinanceSpot,
    input: &Input<'_>,
) -> Result<Vec<Event>, DecodeError> {
    let mut events = Vec::new();
    let result = codec.decode(input, &mut events);
    assert!(
        result.is_ok() || events.is_empty(),
        "events beside an error"
    );
    result.map(|()| events)
}

pub(crate) fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

/// What the codec makes of events again, as JSON.
pub(crate) fn encoded(events: &[Event], as_what: &Encoded<'_>) -> Value {
    json(&codec().encode(events, as_what).unwrap())
}

pub(crate) fn candles(symbol: &str, timeframe: Timeframe) -> Query {
    Query::Candles {
        symbol: venue_symbol(symbol),
        timeframe,
        from: None,
        to: None,
        limit: 1_000,
    }
}

pub(crate) fn recent_trades(symbol: &str) -> Query {
    Query::RecentTrades {
        symbol: venue_symbol(symbol),
        limit: 1_000,
    }
}

pub(crate) fn book(symbol: &str) -> Query {
    Query::Book {
        symbol: venue_symbol(symbol),
        limit: 1_000,
    }
}
