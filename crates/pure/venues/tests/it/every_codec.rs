//! What holds for every codec that is built in, whatever bytes it is given.

use proptest::prelude::*;
use quantflow_model::{Timeframe, Timestamp, TradeId, VenueSymbol};
use quantflow_venues::Registry;
use quantflow_wire::{Bindings, Codec, Encoded, Input, Query};

/// Questions of every kind.
fn queries(codec: &dyn Codec, symbol: &VenueSymbol) -> Vec<Query> {
    let (from, to) = (
        Some(Timestamp::EPOCH),
        Some(Timestamp::from_seconds(1 << 31)),
    );
    let (symbol, limit) = (symbol.clone(), 20);
    let mut queries = codec.instrument_queries();
    queries.extend([
        Query::ServerTime,
        Query::SocketAddress,
        Query::Candles {
            symbol: symbol.clone(),
            timeframe: Timeframe::M1,
            from,
            to,
            limit,
        },
        Query::Candles {
            symbol: symbol.clone(),
            timeframe: Timeframe::D1,
            from: None,
            to: None,
            limit,
        },
        Query::RecentTrades {
            symbol: symbol.clone(),
            limit,
        },
        Query::Trades {
            symbol: symbol.clone(),
            from,
            to,
            limit,
        },
        Query::TradesFromId {
            symbol: symbol.clone(),
            from: TradeId(1),
            limit,
        },
        Query::Book {
            symbol: symbol.clone(),
            limit,
        },
        Query::Ticker { symbol: None },
        Query::Ticker {
            symbol: Some(symbol.clone()),
        },
        Query::Contract {
            symbol: Some(symbol.clone()),
        },
        Query::FundingRates {
            symbol: symbol.clone(),
            from,
            to,
            limit,
        },
        Query::OpenInterest { symbol },
    ]);
    queries
}

fn survive(codec: &dyn Codec, bytes: &[u8]) {
    let mut bindings = Bindings::default();
    codec.bind(bytes, &mut bindings);
    let _ = codec.reply(bytes);
    let input = Input::Message {
        bytes,
        bindings: &bindings,
    };
    let _ = codec.route(&input);
    let mut events = Vec::new();
    match codec.decode(&input, &mut events) {
        Ok(()) => drop(codec.encode(&events, &Encoded::Message)),
        Err(error) => assert!(events.is_empty(), "events beside {error}"),
    }
    for name in ["BTC-USDT-SWAP", "btcusdt"] {
        for query in queries(codec, &VenueSymbol::new(name).unwrap()) {
            let _ = codec.next_page(&query, bytes);
            let _ = codec.told_limits(&query, bytes);
            let mut events = Vec::new();
            let input = Input::Answer {
                query: &query,
                body: bytes,
            };
            match codec.decode(&input, &mut events) {
                Ok(()) => drop(codec.encode(&events, &Encoded::Answer(&query))),
                Err(error) => assert!(events.is_empty(), "events beside {error}"),
            }
        }
    }
}

/// A question is either a request, or refused with a reason; a page that is offered is not empty.
#[test]
fn every_question_is_answered_with_a_request_or_a_reason() {
    let registry = Registry::builtin();
    for id in registry.venues() {
        let codec = registry.codec(id).unwrap();
        let mut offered = 0;
        // a pair, a share, a currency: as venues of each kind may spell one
        let symbols =
            ["BTC-USDT", "AAPL", "aapl.us", "USD"].map(|text| VenueSymbol::new(text).unwrap());
        let asked = symbols
            .iter()
            .flat_map(|symbol| queries(codec.as_ref(), symbol));
        for query in asked {
            match codec.request(&query) {
                Ok(request) => {
                    assert!(request.target.starts_with('/'), "{id}: {}", request.target);
                    assert!(codec.page_limit(&query) > 0, "{id}: {query:?}");
                    offered += 1;
                }
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
        assert!(offered > 0, "{id}");
        let limits = codec.describe().limits.len();
        let response = quantflow_wire::Response {
            status: 200,
            headers: Vec::new(),
            body: Vec::new(),
        };
        assert_eq!(codec.used_limits(&response).len(), limits, "{id}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let registry = Registry::builtin();
        for id in registry.venues() {
            survive(registry.codec(id).unwrap().as_ref(), &bytes);
        }
    }

    /// Words of all venues, in any order: most are JSON of some kind.
    #[test]
    fn any_words_are_survived(words in prop::collection::vec(prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", "\"data\"", "\"tick\"", "\"ch\"", "\"arg\"", "\"topic\"",
        "\"type\"", "\"message\"", "\"market.btcusdt.bbo\"", "\"BTC-USDT\"", "\"1\"", "1", "null",
        "\"status\"", "\"ok\"", "\"code\"", "\"0\"", "\"result\"", "\"retCode\"", "0", "\"list\"",
    ]), 0..40)) {
        let registry = Registry::builtin();
        let bytes = words.concat().into_bytes();
        for id in registry.venues() {
            survive(registry.codec(id).unwrap().as_ref(), &bytes);
        }
    }
}
