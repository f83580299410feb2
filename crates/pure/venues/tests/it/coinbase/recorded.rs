//! What was recorded of Coinbase Exchange: every message and answer decodes or is named.

use std::collections::BTreeMap;

use quantflow_model::{InstrumentStatus, Side, Timeframe};
use quantflow_testkit::recorded::{self, Census, cryptofeed};
use quantflow_wire::{EventKind, Input, Query};

use super::codec;
use crate::support::{book, candles};
use crate::venue::{
    Books, came, cassette, compare_markets, compare_with_ccxt, count, message, ticker,
};

#[test]
fn every_recording_decodes() {
    let codec = codec();
    let mut census = Census::of(&codec);
    let Some(messages) = came("COINBASE.ws.28.0") else {
        return;
    };
    for bytes in &messages {
        count(&mut census, &codec, "socket", &Input::message(bytes));
    }
    for answer in cryptofeed::answers("COINBASE.0").unwrap() {
        let (query, body) = (&Query::Instruments, &answer.body);
        count(&mut census, &codec, "rest", &Input::Answer { query, body });
    }
    let folder = "rest_ws_xchange/xchange-coinbasepro";
    for (file, query) in [
        ("dto__products.json", Query::Instruments),
        (
            "marketdata__example-historical-candles.json",
            candles("BTC-USD", Timeframe::M1),
        ),
        ("marketdata__example-stats-data.json", ticker("BTC-USD")),
    ] {
        let body = recorded::bytes(&format!("{folder}/{file}")).unwrap();
        let input = Input::Answer {
            query: &query,
            body: &body,
        };
        count(&mut census, &codec, "rest", &input);
    }
    census.explain(
        "\"last\" is missing",
        "rest",
        "statistics of 2015 without a last price: no ticker",
    );
    for name in ["order_book", "pairs"] {
        let name = format!("rest_cassettes_coingecko/Gdax/integration_specs_fetch_{name}.yml.gz");
        for (url, body) in cassette(&name).unwrap() {
            let query = if url.contains("/book") {
                book("BTC-USD")
            } else {
                Query::Instruments
            };
            let body = body.as_bytes();
            let input = Input::Answer {
                query: &query,
                body,
            };
            count(&mut census, &codec, "cassette", &input);
        }
    }
    for file in recorded::files("rest_ws_xchange/xchange-coinbase").unwrap() {
        assert!(file.contains("currencies") || file.contains("exchange-rate"));
        census.count("rest", "another API", "of the shop, not of the exchange");
    }
    assert_eq!(census.decoded("trade"), 107);
    assert_eq!(census.decoded("book change"), 9_719);
    assert_eq!(census.decoded("ticker"), 107);
    assert_eq!(census.decoded("candle"), 10);
    census.close();
}

#[test]
fn books_of_the_stream_never_cross() {
    let codec = codec();
    let Some(messages) = came("COINBASE.ws.28.0") else {
        return;
    };
    let mut books = Books::of(&codec);
    for bytes in &messages {
        for event in message(&codec, bytes).unwrap() {
            books.take(&event);
        }
    }
    assert_eq!(
        (books.count(), books.changes, books.crossed),
        (10, 9_719, 0)
    );
    assert!(books.top("SKL-USD").is_some());
}

/// The rule of order rests on it.
#[test]
fn recorded_ids_are_contiguous() {
    let Some(messages) = came("COINBASE.ws.28.0") else {
        return;
    };
    let mut last = BTreeMap::new();
    let mut follow = 0;
    for bytes in &messages {
        for event in message(&codec(), bytes).unwrap() {
            let EventKind::Trade(said) = event.kind else {
                continue;
            };
            if let Some(before) = last.insert(event.symbol, said.trade.id.0) {
                assert_eq!(said.trade.id.0, before + 1);
                follow += 1;
            }
        }
    }
    assert_eq!(follow, 97);
}

/// A ticker names the taker's side, a match the maker's: both are about the same trade.
#[test]
fn the_side_is_the_takers() {
    let Some(messages) = came("COINBASE.ws.28.0") else {
        return;
    };
    let codec = codec();
    let (mut sides, mut compared) = (BTreeMap::new(), 0);
    for bytes in &messages {
        for event in message(&codec, bytes).unwrap() {
            if let EventKind::Trade(said) = event.kind {
                let key = (event.symbol.unwrap().to_string(), said.trade.id.0 as u64);
                sides.insert(key, said.trade.side);
            }
        }
    }
    for bytes in &messages {
        let json = crate::support::json(bytes);
        if json["type"] == "ticker" {
            let product = json["product_id"].as_str().unwrap().to_owned();
            let key = (product, json["trade_id"].as_u64().unwrap());
            if let Some(side) = sides.get(&key) {
                let theirs = if json["side"] == "buy" {
                    Side::Buy
                } else {
                    Side::Sell
                };
                assert_eq!(*side, theirs);
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 107);
}

#[test]
fn ccxt_says_the_same() {
    let codec = codec();
    compare_with_ccxt(
        &codec,
        "coinbaseexchange",
        &[],
        |case| match case.method.as_str() {
            "fetchMarkets" => Query::Instruments,
            "fetchTicker" => ticker("BTC-USD"),
            other => panic!("{other}"),
        },
        |trade| trade.id.to_string(),
        compare_markets,
    );
}

#[test]
fn old_products_are_read_as_far_as_they_go() {
    let Some(found) =
        cassette("rest_cassettes_coingecko/Gdax/integration_specs_fetch_pairs.yml.gz")
    else {
        return;
    };
    let events = crate::venue::answer(&codec(), &Query::Instruments, found[0].1.as_bytes());
    let events = events.unwrap();
    let EventKind::Instruments(list) = &events[0].kind else {
        panic!("{events:?}");
    };
    let first = &list[0];
    assert_eq!(first.symbol.as_str(), "coinbase:LTC/EUR");
    assert_eq!(first.tick.unwrap().to_string(), "0.01");
    assert_eq!((first.lot, first.status), (None, InstrumentStatus::Unknown));
}
