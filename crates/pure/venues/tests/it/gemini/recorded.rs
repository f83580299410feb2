//! What was recorded of Gemini: every message and answer decodes or is named.

use quantflow_model::{InstrumentStatus, Side};
use quantflow_testkit::recorded::{self, Census, cryptofeed};
use quantflow_wire::{Codec, EventKind, Input, Query};

use super::codec;
use crate::support::{book, recent_trades};
use crate::venue::{
    Books, answer, came, cassette, compare_markets, compare_with_ccxt, count, message, routes,
    ticker,
};

/// The question that an answer answers, by its URL or its file's name; `None` where we ask no such
/// thing.
fn query_of(name: &str) -> Option<Query> {
    let has = |part: &str| name.contains(part);
    Some(if has("details") {
        Query::Instruments
    } else if has("book") || has("depth") {
        book("BTCUSD")
    } else if has("ticker") {
        ticker("BTCUSD")
    } else if has("trade") {
        recent_trades("BTCUSD")
    } else {
        return None;
    })
}

#[test]
fn every_recording_decodes() {
    let codec = codec();
    let mut census = Census::of(&codec);
    let Some(messages) = came("GEMINI.ws.1.0") else {
        return;
    };
    for bytes in &messages {
        count(&mut census, &codec, "socket", &Input::message(bytes));
    }
    let mut rest: Vec<(String, Vec<u8>)> = Vec::new();
    let answers = cryptofeed::answers("GEMINI.0").unwrap().into_iter();
    rest.extend(answers.map(|answer| (answer.url, answer.body)));
    for file in recorded::files("rest_ws_xchange/xchange-gemini").unwrap() {
        let bytes = recorded::bytes(&file).unwrap();
        rest.push((file, bytes));
    }
    for file in recorded::files("rest_gocryptotrader/gemini").unwrap() {
        let name = file.strip_prefix("rest_gocryptotrader/").unwrap();
        for (_, body) in routes(name).unwrap() {
            rest.push((name.to_owned(), body));
        }
    }
    for name in ["order_book", "pairs", "trade"] {
        let file = format!("rest_cassettes_coingecko/Gemini/integration_specs_fetch_{name}.yml.gz");
        let found = cassette(&file).unwrap().into_iter();
        rest.extend(found.map(|(url, body)| (url, body.into_bytes())));
    }
    for (name, body) in &rest {
        match query_of(name) {
            Some(query) => {
                let input = Input::Answer {
                    query: &query,
                    body,
                };
                count(&mut census, &codec, "rest", &input);
            }
            None if name.contains("auction") => {
                census.count("rest", "auction", "not asked for: auctions are not kept");
            }
            None => {
                assert!(name.ends_with("symbols"), "{name}");
                census.count("rest", "symbols", "not asked for: names without details");
            }
        }
    }
    assert_eq!(census.decoded("book change"), 645);
    assert_eq!(census.decoded("book"), 10 + 2);
    assert!(census.decoded("trade") > 500);
    assert_eq!(census.decoded("ticker"), 2);
    census.close();
}

#[test]
fn books_of_the_stream_never_cross() {
    let codec = codec();
    let Some(messages) = came("GEMINI.ws.1.0") else {
        return;
    };
    let mut books = Books::of(&codec);
    for bytes in &messages {
        for event in message(&codec, bytes).unwrap() {
            books.take(&event);
        }
    }
    assert_eq!((books.count(), books.changes, books.crossed), (10, 645, 0));
}

/// The trades of the first message come in two runs, of which one ascends; ours all ascend, and those
/// after them go on.
#[test]
fn trades_ascend() {
    let codec = codec();
    let Some(messages) = came("GEMINI.ws.1.0") else {
        return;
    };
    let mut last = std::collections::BTreeMap::new();
    let mut trades = 0;
    for bytes in &messages {
        for event in message(&codec, bytes).unwrap() {
            let EventKind::Trade(said) = event.kind else {
                continue;
            };
            let key = (said.trade.time, said.trade.id);
            if let Some(before) = last.insert(event.symbol, key) {
                assert!(before < key, "{before:?} {key:?}");
            }
            assert_ne!(said.trade.side, Side::Unknown);
            trades += 1;
        }
    }
    assert!(trades > 16, "{trades}");
}

#[test]
fn ccxt_says_the_same() {
    let codec = codec();
    compare_with_ccxt(
        &codec,
        "gemini",
        &[],
        |case| match case.method.as_str() {
            "fetchOrderBook" => book("BTCUSD"),
            "fetchTicker" => ticker("BTCUSD"),
            "fetchTrades" => recent_trades("BTCUSD"),
            other => panic!("{other}"),
        },
        |trade| trade.id.to_string(),
        compare_markets,
    );
}

#[test]
fn details_name_steps_and_kinds() {
    let Some(found) = routes("gemini/v1_symbols_details_all.json") else {
        return;
    };
    let codec = codec();
    let events = answer(&codec, &Query::Instruments, &found[0].1).unwrap();
    let EventKind::Instruments(list) = &events[0].kind else {
        panic!("{events:?}");
    };
    assert_eq!(list.len(), 111);
    let of = |name: &str| list.iter().find(|i| i.venue_symbol.as_str() == name);
    let swap = of("BTCGUSDPERP").unwrap();
    assert_eq!(swap.symbol.as_str(), "gemini:BTC/GUSD:GUSD");
    assert!(swap.contract.is_some());
    let spot = of("AAVEUSD").unwrap();
    assert_eq!(spot.symbol.as_str(), "gemini:AAVE/USD");
    assert_eq!(spot.tick.unwrap().to_string(), "0.0001");
    assert_eq!(spot.lot.unwrap().to_string(), "0.000001");
    let closed = list
        .iter()
        .filter(|i| i.status == InstrumentStatus::Closed)
        .count();
    assert_eq!(closed, 2);
    for instrument in list {
        let again = codec.spell(&instrument.symbol);
        assert_eq!(again.as_ref(), Some(&instrument.venue_symbol));
    }
}

#[test]
fn the_older_ticker_has_volumes() {
    let Some(found) = routes("gemini/v1_pubticker_BTCUSD.json") else {
        return;
    };
    let events = answer(&codec(), &ticker("BTCUSD"), &found[0].1).unwrap();
    let EventKind::Ticker(ticker) = &events[0].kind else {
        panic!("{events:?}");
    };
    assert_eq!(ticker.volume.unwrap().to_string(), "915.6534281291");
    assert_eq!(
        ticker.quote_volume.unwrap().to_string(),
        "10394749.066094351423000000000000000095"
    );
}
