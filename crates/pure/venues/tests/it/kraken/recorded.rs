//! What was recorded of Kraken: every message and answer decodes or is named, every checksum holds.

use quantflow_model::{InstrumentStatus, Timeframe};
use quantflow_testkit::recorded::{self, Census, cryptofeed};
use quantflow_wire::{Bindings, BookRule, Codec, EventKind, Input, Query};

use super::codec;
use crate::support::{book, candles, recent_trades};
use crate::venue::{
    Books, answer, came, cassette, compare_markets, compare_with_ccxt, count, message, ticker,
};

/// The question that a recorded answer answers, by its file's name or its URL; `None` where we ask no
/// such thing.
fn query_of(name: &str) -> Option<Query> {
    let name = name.to_ascii_lowercase();
    let has = |part: &str| name.contains(part);
    Some(if has("asset_pairs") || has("assetpairs") {
        Query::Instruments
    } else if has("ohlc") {
        candles("BTC/USD", Timeframe::M1)
    } else if has("trades") {
        recent_trades("BTC/USD")
    } else if has("server_time") {
        Query::ServerTime
    } else if has("depth") {
        book("BTC/USD")
    } else {
        return None;
    })
}

#[test]
fn every_recording_decodes() {
    let codec = codec();
    let mut census = Census::of(&codec);
    let Some(messages) = came("KRAKEN.ws.50.0") else {
        return;
    };
    for bytes in &messages {
        count(&mut census, &codec, "socket v1", &Input::message(bytes));
    }
    for file in ["wsHandleData.json", "wsAllTrades.json"] {
        let lines = recorded::bytes(&format!("rest_gocryptotrader/kraken/{file}")).unwrap();
        for line in lines.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
            count(&mut census, &codec, "socket v1", &Input::message(line));
        }
    }
    for file in recorded::files("rest_ws_xchange/xchange-stream-kraken").unwrap() {
        let bytes = recorded::bytes(&file).unwrap();
        count(&mut census, &codec, "socket v1", &Input::message(&bytes));
    }
    let mut rest: Vec<(String, Vec<u8>)> = cryptofeed::answers("KRAKEN.0")
        .unwrap()
        .into_iter()
        .map(|answer| (answer.url, answer.body))
        .collect();
    for folder in ["rest_ws_nautilus/kraken", "rest_ws_xchange/xchange-kraken"] {
        for file in recorded::files(folder).unwrap() {
            let bytes = recorded::bytes(&file).unwrap();
            let name = file.rsplit('/').next().unwrap().to_owned();
            if name.contains("futures") {
                continue; // of another venue
            }
            if name.starts_with("ws_") {
                count(&mut census, &codec, "socket v2", &Input::message(&bytes));
            } else {
                rest.push((name, bytes));
            }
        }
    }
    for (source, name, body) in cassettes() {
        let _ = source;
        rest.push((name, body.into_bytes()));
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
            None if name.contains("ssets") => {
                census.count("rest", "Assets", "not asked for: pairs name their assets");
            }
            None if name.contains("spreads") => {
                census.count("rest", "Spread", "not asked for: the stream has quotes");
            }
            None if name.contains("system_status") => {
                census.count("rest", "SystemStatus", "not asked for: the stream says it");
            }
            None => panic!("{name}"),
        }
    }
    assert_eq!(census.decoded("book change"), 4_269 + 4);
    assert_eq!(census.decoded("book"), 10 + 4);
    assert!(census.decoded("instruments") > 3 && census.decoded("candle") > 700);
    census.close();
}

fn cassettes() -> Vec<(&'static str, String, String)> {
    let names = ["order_book", "pairs", "trades"];
    let read = |name: &'static str| {
        let file = format!("rest_cassettes_coingecko/Kraken/integration_specs_fetch_{name}.yml.gz");
        cassette(&file)
            .unwrap_or_default()
            .into_iter()
            .map(move |(url, body)| (name, url, body))
    };
    names.into_iter().flat_map(read).collect()
}

/// Thousand levels, as they were subscribed.
#[test]
fn every_recorded_checksum_holds() {
    let codec = codec();
    let Some(messages) = came("KRAKEN.ws.50.0") else {
        return;
    };
    let rule = BookRule {
        depth: Some(1_000),
        ..codec.describe().book
    };
    let mut books = Books::by_rule(&codec, rule);
    for bytes in &messages {
        for event in message(&codec, bytes).unwrap() {
            books.take(&event);
        }
    }
    assert_eq!((books.count(), books.changes), (10, 4_269));
    assert_eq!((books.verified, books.crossed), (4_269, 0));
}

/// The rule of order rests on it.
#[test]
fn recorded_ids_are_contiguous() {
    let Some(body) = recorded::bytes("rest_ws_nautilus/kraken/http_trades.json.gz") else {
        return;
    };
    let events = answer(&codec(), &recent_trades("BTC/USDT"), &body).unwrap();
    let ids: Vec<u128> = events
        .iter()
        .map(|event| match &event.kind {
            EventKind::Trade(said) => said.trade.id.0,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ids.len(), 1_000);
    assert!(ids.windows(2).all(|pair| pair[1] == pair[0] + 1));
}

#[test]
fn old_trades_have_ids_of_our_making() {
    let name = "rest_ws_xchange/xchange-kraken/marketdata__example-trades-data.json";
    let Some(body) = recorded::bytes(name) else {
        return;
    };
    let events = answer(&codec(), &recent_trades("BTC/USD"), &body).unwrap();
    let EventKind::Trade(first) = &events[0].kind else {
        panic!("{events:?}");
    };
    assert_eq!(first.trade.id.0, 1_385_579_841_777_400_000_000);
    let same = br#"[1,[["1","1","1534614057.321597","s","l",""],["2","1","1534614057.321597","b","l",""]],"trade","XBT/USD"]"#;
    let events = message(&codec(), same).unwrap();
    let ids: Vec<_> = events
        .iter()
        .map(|event| match &event.kind {
            EventKind::Trade(said) => said.trade.id.0 % 1_000,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ids, [0, 1]);
}

#[test]
fn ccxt_says_the_same() {
    let codec = codec();
    compare_with_ccxt(
        &codec,
        "kraken",
        &[
            (
                "quoteVolume",
                "ccxt computes it of volume and average price; the venue does not say it",
            ),
            (
                "it of trade 13",
                "ccxt gives the page's `last` as the id of its last trade; old trades have none",
            ),
            (
                "open",
                "REST says the first price of today, which ccxt gives for that of 24 hours; we leave it out",
            ),
        ],
        |case| match case.method.as_str() {
            "fetchMarkets" => Query::Instruments,
            "fetchOHLCV" => candles("BTC/USD", Timeframe::M1),
            "fetchOrderBook" => book("BTC/USDT"),
            "fetchTicker" => ticker("BTC/USDT"),
            "fetchTrades" => recent_trades("BTC/USD"),
            other => panic!("{other}"),
        },
        |trade| trade.id.to_string(),
        compare_markets,
    );
}

#[test]
fn old_names_of_assets_are_ours() {
    let Some(found) = cryptofeed::answers("KRAKEN.0") else {
        return;
    };
    let codec = codec();
    let events = answer(&codec, &Query::Instruments, &found[0].body).unwrap();
    let EventKind::Instruments(list) = &events[0].kind else {
        panic!("{events:?}");
    };
    let of = |theirs: &str| list.iter().find(|i| i.venue_symbol.as_str() == theirs);
    let bitcoin = of("BTC/USD").unwrap();
    assert_eq!(bitcoin.symbol.as_str(), "kraken:BTC/USD");
    assert_eq!(bitcoin.tick.unwrap().to_string(), "0.1");
    assert_eq!(bitcoin.status, InstrumentStatus::Unknown, "it does not say");
    assert_eq!(of("DOGE/BTC").unwrap().symbol.as_str(), "kraken:DOGE/BTC");
    assert_eq!(of("REPV2/USD").unwrap().symbol.as_str(), "kraken:REP/USD");
    assert!(of("XBT/USD").is_none());
    for instrument in list {
        let again = codec.spell(&instrument.symbol);
        assert_eq!(again.as_ref(), Some(&instrument.venue_symbol));
    }
    assert!(codec.unnamed_instruments() > 0, "dark pools");
}

/// A change that only removes a level need not show the pair's decimals; the snapshot before it did.
/// Bytes of our own after the documents.
#[test]
fn decimals_come_from_the_snapshot_of_the_connection() {
    let codec = codec();
    let whole = br#"{"channel":"book","type":"snapshot","data":[{"symbol":"MATIC/USD","bids":[{"price":0.5666,"qty":4831.75496356}],"asks":[{"price":0.5668,"qty":4410.79769741},{"price":0.567,"qty":1.5}],"checksum":1}]}"#;
    let gone = br#"{"channel":"book","type":"update","data":[{"symbol":"MATIC/USD","bids":[{"price":0.566,"qty":0}],"asks":[],"checksum":2,"timestamp":"2026-11-20T14:03:01.1Z"}]}"#;
    let decimals = |bindings: &Bindings| {
        let mut events = Vec::new();
        let input = Input::Message {
            bytes: gone,
            bindings,
        };
        codec.decode(&input, &mut events).unwrap();
        let EventKind::BookDelta(delta) = &events[0].kind else {
            panic!("{events:?}");
        };
        let check = delta.checksum.unwrap();
        (check.price_decimals, check.quantity_decimals)
    };
    let mut bindings = Bindings::default();
    assert_eq!(decimals(&bindings), (Some(3), None));
    assert!(!codec.bind(gone, &mut bindings));
    assert!(codec.bind(whole, &mut bindings));
    assert!(!codec.bind(whole, &mut bindings), "nothing new");
    assert_eq!(decimals(&bindings), (Some(4), Some(8)));
}
