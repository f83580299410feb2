//! What was recorded of Bitstamp: every message and answer decodes or is named.

use quantflow_model::{InstrumentStatus, Timeframe};
use quantflow_pipeline::{Book, Change};
use quantflow_testkit::recorded::{self, Census, cryptofeed};
use quantflow_wire::{Codec, EventKind, Input, Query};

use super::codec;
use crate::support::{book, candles, recent_trades, venue_symbol};
use crate::venue::{
    answer, came, cassette, compare_markets, compare_with_ccxt, count, message, routes, ticker,
};

/// The question that an answer answers, by its URL or its file's name.
fn query_of(name: &str) -> Option<Query> {
    let has = |part: &str| name.contains(part);
    Some(if has("pairs") {
        Query::Instruments
    } else if has("ohlc") {
        candles("btcusd", Timeframe::M1)
    } else if has("depth") || has("order_book") {
        book("btcusd")
    } else if has("ticker") {
        ticker("btcusd")
    } else if has("trades") || has("transactions") {
        recent_trades("btcusd")
    } else {
        return None;
    })
}

#[test]
fn every_recording_decodes() {
    let codec = codec();
    let mut census = Census::of(&codec);
    let Some(messages) = came("BITSTAMP.ws.1.0") else {
        return;
    };
    for bytes in &messages {
        count(&mut census, &codec, "socket", &Input::message(bytes));
    }
    let folder = "rest_ws_xchange/xchange-stream-bitstamp";
    for file in recorded::files(folder).unwrap() {
        let bytes = recorded::bytes(&file).unwrap();
        count(&mut census, &codec, "socket", &Input::message(&bytes));
    }
    census.explain(
        "\"price_str\" is missing",
        "socket",
        "written by hand: a trade in fields of an order, without text",
    );
    let mut rest: Vec<(String, Vec<u8>)> = Vec::new();
    for name in ["BITSTAMP.0", "BITSTAMP.http.0.0"] {
        let answers = cryptofeed::answers(name).unwrap().into_iter();
        rest.extend(answers.map(|answer| (answer.url, answer.body)));
    }
    for file in recorded::files("rest_ws_xchange/xchange-bitstamp").unwrap() {
        let bytes = recorded::bytes(&file).unwrap();
        if file.contains("stream") {
            // of the service before 2019, without an envelope
            count(&mut census, &codec, "socket", &Input::message(&bytes));
        } else {
            rest.push((file, bytes));
        }
    }
    for file in recorded::files("rest_gocryptotrader/bitstamp").unwrap() {
        let name = file.strip_prefix("rest_gocryptotrader/").unwrap();
        for (_, body) in routes(name).unwrap() {
            rest.push((name.to_owned(), body));
        }
    }
    for name in ["order_book", "ticker"] {
        let file =
            format!("rest_cassettes_coingecko/Bitstamp/integration_specs_fetch_{name}.yml.gz");
        let found = cassette(&file).unwrap().into_iter();
        rest.extend(found.map(|(url, body)| (url, body.into_bytes())));
    }
    for (name, body) in &rest {
        if let Some(query) = query_of(name) {
            let input = Input::Answer {
                query: &query,
                body,
            };
            count(&mut census, &codec, "rest", &input);
        } else {
            assert!(name.contains("eur_usd"), "{name}");
            census.count("rest", "eur_usd", "not asked for: a rate of the bank");
        }
    }
    assert_eq!(census.decoded("book change"), 717);
    assert_eq!(census.decoded("candle"), 10 + 1_000 + 1_000 + 999);
    assert_eq!(census.decoded("book"), 10 + 2);
    assert_eq!(census.decoded("ticker"), 3);
    census.close();
}

/// The recorded REST books, and the changes that came before and after them.
#[test]
fn books_follow_from_rest_and_the_changes() {
    let codec = codec();
    let Some(messages) = came("BITSTAMP.ws.1.0") else {
        return;
    };
    let rule = codec.describe().book;
    let changes: Vec<_> = messages
        .iter()
        .flat_map(|bytes| message(&codec, bytes).unwrap())
        .collect();
    let (mut applied, mut markets) = (0, 0);
    for recorded in cryptofeed::answers("BITSTAMP.http.0.0").unwrap() {
        let market = recorded.url.rsplit('/').next().unwrap();
        let events = answer(&codec, &book(market), &recorded.body).unwrap();
        let EventKind::BookSnapshot(whole) = &events[0].kind else {
            panic!("{events:?}");
        };
        let mut local = Book::new(rule);
        let mut waiting = 0;
        for event in &changes {
            let EventKind::BookDelta(delta) = &event.kind else {
                continue;
            };
            if event.symbol.as_ref() != Some(&venue_symbol(market)) {
                continue;
            }
            // what came before the answer waits for it
            if waiting == 0 && delta.last_update_id > whole.last_update_id {
                assert_eq!(local.snapshot(whole), Change::Applied, "{market}");
                waiting = 1;
            }
            match local.delta(delta) {
                Change::Applied => applied += 1,
                Change::None => assert_eq!(waiting, 0, "{market}"),
                Change::Lost => panic!("{market}"),
            }
            if let Some(top) = local.top() {
                assert!(top.bid < top.ask, "{market}: {top:?}");
            }
        }
        markets += waiting;
    }
    println!("bitstamp: {applied} changes of {markets} books");
    assert!(applied > 500 && markets >= 9, "{applied} {markets}");
}

#[test]
fn prices_of_trades_are_those_in_text() {
    let Some(messages) = came("BITSTAMP.ws.1.0") else {
        return;
    };
    let codec = codec();
    let mut trades = 0;
    for bytes in &messages {
        let json = crate::support::json(bytes);
        if json["event"] != "trade" {
            continue;
        }
        let events = message(&codec, bytes).unwrap();
        let EventKind::Trade(said) = &events[0].kind else {
            panic!("{events:?}");
        };
        let data = &json["data"];
        assert_eq!(
            said.trade.price,
            data["price_str"].as_str().unwrap().parse().unwrap()
        );
        let micros = said.trade.time.micros().to_string();
        assert_eq!(data["microtimestamp"], micros);
        let buyer = data["buy_order_id"].as_u64().unwrap();
        assert_eq!(said.orders.unwrap().0, buyer);
        trades += 1;
    }
    assert_eq!(trades, 10);
}

#[test]
fn ccxt_says_the_same() {
    let codec = codec();
    compare_with_ccxt(
        &codec,
        "bitstamp",
        &[(
            "quoteVolume",
            "ccxt computes it of volume and average price; the venue does not say it",
        )],
        |case| match case.method.as_str() {
            "fetchOHLCV" => candles("btcusd", Timeframe::M1),
            "fetchOrderBook" => book("btcusd"),
            "fetchTicker" => ticker("btcusd"),
            "fetchTrades" => recent_trades("btcusd"),
            other => panic!("{other}"),
        },
        |trade| trade.id.to_string(),
        compare_markets,
    );
}

#[test]
fn markets_have_steps_and_a_least_order() {
    let Some(found) = routes("bitstamp/api_v2_trading-pairs-info.json") else {
        return;
    };
    let codec = codec();
    let events = answer(&codec, &Query::Instruments, &found[0].1).unwrap();
    let EventKind::Instruments(list) = &events[0].kind else {
        panic!("{events:?}");
    };
    assert_eq!(list.len(), 103);
    let first = &list[0];
    assert_eq!(first.symbol.as_str(), "bitstamp:BTC/USD");
    assert_eq!(first.venue_symbol.as_str(), "btcusd");
    assert_eq!(first.tick.unwrap().to_string(), "0.01");
    assert_eq!(first.lot.unwrap().to_string(), "0.00000001");
    assert_eq!(first.minimum_notional.unwrap().to_string(), "20");
    let halted = list
        .iter()
        .filter(|i| i.status == InstrumentStatus::Halted)
        .count();
    assert_eq!(halted, 1);
    for instrument in list {
        let again = codec.spell(&instrument.symbol);
        assert_eq!(again.as_ref(), Some(&instrument.venue_symbol));
    }
}
