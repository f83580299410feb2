//! Sources over REST: candles of shares, currencies and coins.

mod alphavantage;
mod coingecko;
mod ecb;
mod generic;
mod stooq;
mod yahoo;

use quantflow_model::{Timeframe, Timestamp, VenueSymbol};
use quantflow_wire::{
    Channel, Codec, DecodeError, EventKind, Input, Query, Subscription, VenueCandle,
};

use crate::survives::checked;

fn symbol(text: &str) -> VenueSymbol {
    VenueSymbol::new(text).unwrap()
}

fn day(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn candles(name: &str, timeframe: Timeframe) -> Query {
    Query::Candles {
        symbol: symbol(name),
        timeframe,
        from: None,
        to: None,
        limit: 10_000,
    }
}

fn between(name: &str, timeframe: Timeframe, from: &str, to: &str) -> Query {
    Query::Candles {
        symbol: symbol(name),
        timeframe,
        from: Some(day(from)),
        to: Some(day(to)),
        limit: 100,
    }
}

/// The candles of an answer.
fn read(codec: &dyn Codec, query: &Query, body: &[u8]) -> Result<Vec<VenueCandle>, DecodeError> {
    let events = checked(codec, &Input::Answer { query, body })?;
    let candle = |event: &quantflow_wire::Event| match &event.kind {
        EventKind::Candle(candle) => **candle,
        other => panic!("{other:?}"),
    };
    Ok(events.iter().map(candle).collect())
}

fn prices(candle: &VenueCandle) -> [String; 5] {
    let c = candle;
    let prices = [c.open, c.high, c.low, c.close].map(|price| price.to_string());
    let [open, high, low, close] = prices;
    [open, high, low, close, c.volume.to_string()]
}

fn target(codec: &dyn Codec, query: &Query) -> String {
    codec.request(query).unwrap().target
}

/// None of them has a socket.
#[test]
fn sources_have_no_streams() {
    let registry = quantflow_venues::Registry::builtin();
    for id in ["alphavantage", "coingecko", "ecb", "stooq", "yahoo"] {
        let codec = registry.codec(&id.parse().unwrap()).unwrap();
        let described = codec.describe();
        assert!(described.channels.is_empty() && !described.timeframes.is_empty());
        let message = codec.decode(&Input::message(b"{}"), &mut Vec::new());
        assert!(
            matches!(message, Err(DecodeError::UnknownMessage(_))),
            "{id}"
        );
        let wanted = Subscription {
            symbol: format!("{id}:EUR/USD").parse().unwrap(),
            venue_symbol: symbol("x"),
            channel: Channel::Trades,
        };
        assert!(codec.subscribe(&[wanted]).is_err());
        assert!(codec.request(&Query::ServerTime).is_err());
    }
}
