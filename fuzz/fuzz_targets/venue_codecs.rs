//! Any bytes as a message or an answer of any venue: no panic, nothing beside an error, and routing,
//! binding and replying take whatever comes. The first two bytes say of which venue and what it is.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use quantflow_model::{Timeframe, Timestamp, TradeId, VenueSymbol};
use quantflow_venues::Registry;
use quantflow_wire::{Bindings, Codec, DecodeError, Encoded, Input, Query};

static CODECS: LazyLock<Vec<Arc<dyn Codec>>> = LazyLock::new(|| {
    let registry = Registry::builtin();
    registry
        .venues()
        .filter_map(|id| registry.codec(id))
        .collect()
});

fn queries(codec: &dyn Codec) -> Vec<Query> {
    let symbol = VenueSymbol::new("BTC-USDT").expect("a symbol");
    let (from, to) = (Some(Timestamp::EPOCH), Some(Timestamp::from_seconds(1 << 31)));
    let limit = 100;
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
        Query::TradesBeforeId {
            symbol: symbol.clone(),
            before: TradeId(1),
            limit,
        },
        Query::Book {
            symbol: symbol.clone(),
            limit,
        },
        Query::Ticker {
            symbol: Some(symbol.clone()),
        },
        Query::Ticker { symbol: None },
        Query::BestQuote { symbol: None },
        Query::Contract {
            symbol: Some(symbol.clone()),
        },
        Query::Contract { symbol: None },
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

fuzz_target!(|data: &[u8]| {
    let [which, what, bytes @ ..] = data else {
        return;
    };
    let codec = &CODECS[usize::from(*which) % CODECS.len()];
    let mut bindings = Bindings::default();
    let queries = queries(codec.as_ref());
    let what = usize::from(*what) % (queries.len() + 1);
    let query = queries.get(what);
    let mut events = Vec::new();
    let result: Result<(), DecodeError> = match query {
        Some(query) => {
            let _ = codec.next_page(query, bytes);
            let _ = codec.told_limits(query, bytes);
            let _ = codec.route(&Input::Answer { query, body: bytes });
            codec.decode(&Input::Answer { query, body: bytes }, &mut events)
        }
        None => {
            codec.bind(bytes, &mut bindings);
            let _ = codec.reply(bytes);
            let input = Input::Message {
                bytes,
                bindings: &bindings,
            };
            let _ = codec.route(&input);
            codec.decode(&input, &mut events)
        }
    };
    if result.is_err() {
        assert!(events.is_empty(), "events beside an error");
        return;
    }
    let as_what = query.map_or(Encoded::Message, Encoded::Answer);
    let _ = codec.encode(&events, &as_what);
});
