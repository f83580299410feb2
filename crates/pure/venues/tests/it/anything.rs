//! Anything at all before each codec that has no test of this kind of its own: nothing panics, an error
//! leaves nothing behind, the route agrees.

use std::sync::Arc;

use proptest::prelude::*;
use quantflow_model::{Timeframe, TradeId, VenueSymbol};
use quantflow_venues::Registry;
use quantflow_wire::{Codec, Input, Query};
use serde_json::{Map, Value};

use crate::survives::checked;

const VENUES: [&str; 11] = [
    "alphavantage",
    "binance-coinm",
    "binance-usdm",
    "coingecko",
    "ecb",
    "gate",
    "gate-futures",
    "mexc",
    "poloniex",
    "stooq",
    "yahoo",
];

fn codecs() -> Vec<Arc<dyn Codec>> {
    let registry = Registry::builtin();
    let codec = |id: &str| registry.codec(&id.parse().unwrap()).unwrap();
    VENUES.into_iter().map(codec).collect()
}

fn queries(codec: &dyn Codec) -> Vec<Query> {
    let symbol = VenueSymbol::new("BTCUSDT").unwrap();
    let limit = 9;
    let mut queries = codec.instrument_queries();
    queries.extend([
        Query::ServerTime,
        Query::Instruments,
        Query::Candles {
            symbol: symbol.clone(),
            timeframe: Timeframe::M30,
            from: None,
            to: None,
            limit,
        },
        Query::RecentTrades {
            symbol: symbol.clone(),
            limit,
        },
        Query::AggregateTradesFromId {
            symbol: symbol.clone(),
            from: TradeId(1),
            limit,
        },
        Query::Book {
            symbol: symbol.clone(),
            limit,
        },
        Query::Ticker { symbol: None },
        Query::BestQuote { symbol: None },
        Query::Contract { symbol: None },
        Query::FundingRates {
            symbol: symbol.clone(),
            from: None,
            to: None,
            limit,
        },
        Query::OpenInterest { symbol },
    ]);
    queries
}

/// Words that stand in messages of these venues.
fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "e",
        "E",
        "s",
        "u",
        "U",
        "pu",
        "b",
        "a",
        "T",
        "t",
        "p",
        "q",
        "m",
        "X",
        "k",
        "o",
        "stream",
        "data",
        "channel",
        "event",
        "result",
        "update",
        "trade",
        "depthUpdate",
        "BTCUSDT",
        "spot.trades",
        "futures.tickers",
        "spot.order_book_update",
        "contract",
        "currency_pair",
        "symbol",
        "action",
        "snapshot",
        "book_lv2",
        "trades",
        "id",
        "code",
        "msg",
        "label",
        "message",
        "chart",
        "meta",
        "timestamp",
        "indicators",
        "quote",
        "open",
        "Meta Data",
        "Time Series (Daily)",
        "2020-01-02",
        "1. open",
        "price",
        "time",
        "size",
        "1",
        "-1",
        "1e9",
        "0.1",
        "NaN",
        "",
    ])
    .prop_map(str::to_owned)
}

/// JSON made of these words.
fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Into::into),
        (0_u64..2_000_000_000_000).prop_map(Into::into),
        any::<f64>()
            .prop_map(|n| serde_json::Number::from_f64(n).map_or(Value::Null, Value::Number)),
        word().prop_map(Value::String),
    ];
    leaf.prop_recursive(5, 48, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((word(), inner), 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn take(bytes: &[u8]) {
    for codec in codecs() {
        let _ = checked(codec.as_ref(), &Input::message(bytes));
        for query in &queries(codec.as_ref()) {
            let input = Input::Answer { query, body: bytes };
            let _ = checked(codec.as_ref(), &input);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        take(&bytes);
    }

    #[test]
    fn any_tree_is_survived(tree in tree()) {
        take(tree.to_string().as_bytes());
    }

    #[test]
    fn any_table_is_survived(text in "(Date,Open,High,Low,Close\n)?[0-9a-zA-Z<>\"',;.\\-\n ]{0,200}") {
        take(text.as_bytes());
    }

    /// A symbol is escaped wherever it stands, so that none can add to its request.
    #[test]
    fn no_symbol_breaks_out_of_its_request(text in "\\PC{1,16}|[.]{1,3}|[./?&%A]{1,6}") {
        prop_assume!((1..=64).contains(&text.len()));
        let symbol = VenueSymbol::new(&text).unwrap();
        for codec in codecs() {
            let plain = VenueSymbol::new("A/B").unwrap();
            let query = |symbol: &VenueSymbol| [
                Query::Candles {
                    symbol: symbol.clone(),
                    timeframe: codec.describe().timeframes[0],
                    from: None,
                    to: None,
                    limit: 5,
                },
                Query::Book { symbol: symbol.clone(), limit: 5 },
                Query::Ticker { symbol: Some(symbol.clone()) },
            ];
            for (query, like) in query(&symbol).iter().zip(&query(&plain)) {
                let (Ok(request), Ok(like)) = (codec.request(query), codec.request(like)) else {
                    continue;
                };
                let target = request.target;
                prop_assert!(target.bytes().all(|b| b.is_ascii_graphic()), "{}", target);
                // as many parameters as with a plain one, unless it is of another kind of thing
                let count = |text: &str| text.matches('&').count();
                let same = count(&target) == count(&like.target);
                prop_assert!(same || codec.describe().id.as_str() == "alphavantage", "{}", target);
                let path = target.split('?').next().unwrap();
                prop_assert!(!path.split('/').any(|part| matches!(part, "." | "..")), "{}", path);
            }
        }
    }
}
