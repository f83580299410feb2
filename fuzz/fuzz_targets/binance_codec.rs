//! Any bytes as a message and as an answer to each query: no panic, the scanner and the general
//! reader say the same, the route agrees, and what is said again is read as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quantflow_model::{Timeframe, TradeId, VenueSymbol};
use quantflow_venues::BinanceSpot;
use quantflow_venues::binance::{read_socket_request, read_stream, read_target};
use quantflow_wire::{Codec, DecodeError, Encoded, Event, Input, Query, Route};

fn decode(codec: &BinanceSpot, input: &Input<'_>) -> Result<Vec<Event>, DecodeError> {
    let mut events = Vec::new();
    codec.decode(input, &mut events).map(|()| events)
}

/// Times are cut to milliseconds by the first encoding; after that nothing may change.
fn said_again(codec: &BinanceSpot, events: &[Event], as_what: &Encoded<'_>) {
    let Ok(bytes) = codec.encode(events, as_what) else {
        return;
    };
    let input = match as_what {
        Encoded::Answer(query) => Input::Answer {
            query,
            body: &bytes,
        },
        _ => Input::message(&bytes),
    };
    let again = decode(codec, &input).expect("what we say can be read");
    assert_eq!(codec.encode(&again, as_what).as_ref(), Ok(&bytes));
}

fn queries() -> Vec<Query> {
    let symbol = || VenueSymbol::new("BTCUSDT").expect("a symbol");
    vec![
        Query::ServerTime,
        Query::Instruments,
        Query::Candles {
            symbol: symbol(),
            timeframe: Timeframe::M1,
            from: None,
            to: None,
            limit: 9,
        },
        Query::RecentTrades {
            symbol: symbol(),
            limit: 9,
        },
        Query::AggregateTradesFromId {
            symbol: symbol(),
            from: TradeId(1),
            limit: 9,
        },
        Query::Book {
            symbol: symbol(),
            limit: 9,
        },
        Query::Ticker { symbol: None },
        Query::BestQuote {
            symbol: Some(symbol()),
        },
    ]
}

fuzz_target!(|bytes: &[u8]| {
    let codec = BinanceSpot::new("binance".parse().expect("a venue"));
    let message = Input::message(bytes);
    let route = codec.route(&message);
    let decoded = decode(&codec, &message);
    let spaced = [bytes, b" "].concat();
    let general = decode(&codec, &Input::message(&spaced));
    if decoded.is_ok() || general.is_ok() {
        assert_eq!(decoded, general);
    }
    if let Ok(events) = &decoded {
        for event in events {
            match (&event.symbol, route) {
                (Some(symbol), Route::Symbol(routed)) => {
                    assert!(symbol.as_str().eq_ignore_ascii_case(routed));
                }
                (None, Route::All) => {}
                other => panic!("{other:?}"),
            }
        }
        said_again(&codec, events, &Encoded::Message);
        // a symbol with an `@` cannot stand in a stream's name
        let plain = |e: &Event| {
            e.symbol
                .as_ref()
                .is_none_or(|s| !s.as_str().contains(['@', '!']))
        };
        if events.iter().all(plain) {
            said_again(&codec, events, &Encoded::Combined);
        }
    }
    for query in queries() {
        let answer = Input::Answer {
            query: &query,
            body: bytes,
        };
        if let Ok(events) = decode(&codec, &answer) {
            said_again(&codec, &events, &Encoded::Answer(&query));
        }
    }
    // the venue's side of the conversation
    let _ = read_socket_request(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = read_stream(text);
        if let Ok(query) = read_target(text) {
            let _ = codec.request(&query);
        }
    }
});
