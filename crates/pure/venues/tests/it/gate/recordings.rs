//! What was recorded between 2013 and 2024.

use std::collections::BTreeMap;

use quantflow_model::{Decimal, Side};
use quantflow_testkit::recorded::ccxt::{self, Comparison};
use quantflow_testkit::recorded::{self, Census, cryptofeed};
use quantflow_wire::{Codec, EventKind, Input, Query, RequestError};

use super::{futures, spot, symbol};
use crate::cassette;
use crate::ladder::Ladder;
use crate::survives::checked;

fn book(name: &str) -> Query {
    Query::Book {
        symbol: symbol(name),
        limit: 100,
    }
}

/// The socket of 2021, and its books: snapshots by request, then every change.
#[test]
fn the_2021_recording_of_spot_hangs_together() {
    let (Some(lines), Some(books), Some(lists)) = (
        cryptofeed::socket("GATEIO.ws.1.0"),
        cryptofeed::answers("GATEIO.http.0.0"),
        cryptofeed::answers("GATEIO.0"),
    ) else {
        return;
    };
    let codec = spot();
    let mut census = Census::of(&codec);
    let mut snapshots = BTreeMap::new();
    for answer in &books {
        let about = answer.url.split(['=', '&']).nth(1).unwrap();
        let query = book(about);
        let input = Input::Answer {
            query: &query,
            body: &answer.body,
        };
        for event in census.take(&codec, "GATEIO.http.0.0", &input) {
            if let EventKind::BookSnapshot(snapshot) = &event.kind {
                snapshots.insert(about.to_owned(), Ladder::of(snapshot));
            }
        }
    }
    assert_eq!(snapshots.len(), 10);
    let mut last = BTreeMap::new();
    let (mut applied, mut changes) = (0, 0);
    for line in lines.iter().filter(|line| !line.sent) {
        let input = Input::message(&line.payload);
        let _ = checked(&codec, &input);
        for event in census.take(&codec, "GATEIO.ws.1.0", &input) {
            let EventKind::BookDelta(delta) = &event.kind else {
                continue;
            };
            changes += 1;
            let about = event.symbol.unwrap().as_str().to_owned();
            let before = last.insert(about.clone(), delta.last_update_id);
            assert!(before.is_none_or(|before| delta.first_update_id == before + 1));
            let kept = snapshots.get_mut(&about).unwrap();
            if delta.last_update_id > kept.last_update_id {
                assert!(delta.first_update_id <= kept.last_update_id + 1, "{about}");
                kept.apply(delta);
                applied += 1;
            }
        }
    }
    println!("{applied} of {changes} changes came behind their snapshots");
    assert_eq!(changes, 172);
    census.count_many("GATEIO.ws.1.0", "change", "applied, never crossed", applied);
    for answer in &lists {
        let input = Input::Answer {
            query: &Query::Instruments,
            body: &answer.body,
        };
        let events = census.take(&codec, "GATEIO.0", &input);
        let EventKind::Instruments(list) = &events[0].kind else {
            panic!("{events:?}");
        };
        for instrument in list {
            let spelled = codec.spell(&instrument.symbol);
            assert_eq!(spelled.as_ref(), Some(&instrument.venue_symbol));
        }
        assert!(list.len() > 1_000, "{}", list.len());
    }
    assert_eq!(census.decoded("trade"), 9);
    assert_eq!(census.decoded("subscribed"), 22);
    census.close();
}

/// Channels of an account are none of ours and are named.
#[test]
fn recorded_messages_of_futures_decode_or_are_named() {
    let Some(bytes) = recorded::bytes("rest_gocryptotrader/gateio/wsFutures.json") else {
        return;
    };
    let codec = futures();
    let mut census = Census::of(&codec);
    let (mut trades, mut changes) = (0, 0);
    for line in bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
        let input = Input::message(line);
        let _ = checked(&codec, &input);
        for event in census.take(&codec, "wsFutures", &input) {
            match &event.kind {
                EventKind::Trade(event) => {
                    assert_eq!(event.trade.side, Side::Sell);
                    assert_eq!(event.trade.quantity.to_string(), "108");
                    assert_eq!(event.trade.time.millis(), 1_545_136_464_123);
                    trades += 1;
                }
                EventKind::BookDelta(delta) => {
                    assert_eq!(delta.bids[0].quantity.to_string(), "5984");
                    changes += 1;
                }
                _ => {}
            }
        }
    }
    assert_eq!((trades, changes), (1, 1));
    assert_eq!(census.decoded("heartbeat"), 1);
    census.close();
}

#[test]
fn samples_of_both_apis_decode_or_are_named() {
    let Some(files) = recorded::files("rest_ws_xchange/xchange-gateio") else {
        return;
    };
    let codec = spot();
    let mut census = Census::of(&codec);
    let files = files
        .into_iter()
        .chain(recorded::files("rest_ws_xchange/xchange-gateio-v4").unwrap())
        .chain(recorded::files("rest_ws_xchange/xchange-stream-gateio").unwrap());
    for path in files {
        let file = path.rsplit('/').next().unwrap().to_owned();
        let bytes = recorded::bytes(&path).unwrap();
        if file.ends_with("currencies.json") {
            census.count(&file, "currencies", "never asked");
            continue;
        }
        let query = if file.contains("book") || file.contains("depth") {
            book("BTC_USDT")
        } else if file.contains("ticker") {
            Query::Ticker { symbol: None }
        } else {
            Query::Instruments
        };
        let input = if file.starts_with("resources__") {
            Input::message(&bytes)
        } else {
            Input::Answer {
                query: &query,
                body: &bytes,
            }
        };
        let _ = checked(&codec, &input);
        census.take(&codec, &file, &input);
    }
    assert_eq!(census.decoded("ticker"), 2);
    assert_eq!(census.decoded("book"), 2);
    census.close();
}

#[test]
fn cassettes_decode_or_are_named() {
    let Some(files) = recorded::files("rest_cassettes_coingecko/GateFutures") else {
        return;
    };
    let codec = futures();
    let mut census = Census::of(&codec);
    let mut ids = Vec::new();
    for path in &files {
        let name = path.strip_prefix("rest_cassettes_coingecko/").unwrap();
        for (address, body) in cassette::exchanges(name).unwrap() {
            let eth = symbol("ETH_USD");
            let query = if address.contains("/contracts/") {
                Query::Contract { symbol: Some(eth) }
            } else if address.contains("/order_book") {
                book("ETH_USD")
            } else if address.contains("/tickers") {
                Query::Ticker { symbol: None }
            } else {
                Query::RecentTrades {
                    symbol: eth,
                    limit: 100,
                }
            };
            let input = Input::Answer {
                query: &query,
                body: &body,
            };
            let _ = checked(&codec, &input);
            for event in census.take(&codec, name, &input) {
                if let EventKind::Trade(event) = event.kind {
                    ids.push(event.trade.id.0);
                }
            }
        }
    }
    assert_eq!(census.decoded("contract"), 1);
    let contiguous = ids.windows(2).filter(|pair| pair[0] == pair[1] + 1);
    println!(
        "{} of {} ids follow one another",
        contiguous.count() + 1,
        ids.len()
    );
    census.close();

    let codec = spot();
    let mut census = Census::of(&codec);
    for path in recorded::files("rest_cassettes_coingecko/Gate").unwrap() {
        let name = path.strip_prefix("rest_cassettes_coingecko/").unwrap();
        for (_, body) in cassette::exchanges(name).unwrap() {
            let query = book("BCH_USDT");
            let input = Input::Answer {
                query: &query,
                body: &body,
            };
            census.take(&codec, name, &input);
        }
    }
    census.close();
}

#[test]
fn markets_are_those_of_ccxt() {
    let Some(cases) = ccxt::cases("gate") else {
        return;
    };
    let codec = spot();
    let mut compared = Comparison::default();
    for case in &cases {
        let body: serde_json::Value = serde_json::from_slice(&case.body).unwrap();
        let body = body["spot/currency_pairs"].to_string().into_bytes();
        let input = Input::Answer {
            query: &Query::Instruments,
            body: &body,
        };
        let events = checked(&codec, &input).unwrap();
        let EventKind::Instruments(ours) = &events[0].kind else {
            panic!("{events:?}");
        };
        let theirs = case.unified.as_array().unwrap();
        assert_eq!(ours.len(), theirs.len());
        for ours in ours {
            let id = ours.venue_symbol.as_str();
            let theirs = theirs.iter().find(|theirs| theirs["id"] == id).unwrap();
            let least = ours.minimum_notional.map(|n| n.0);
            let numbers: [(&str, Option<Decimal>, &serde_json::Value); 3] = [
                (
                    "tick",
                    ours.tick.map(|n| n.0),
                    &theirs["precision"]["price"],
                ),
                ("lot", ours.lot.map(|n| n.0), &theirs["precision"]["amount"]),
                ("least", least, &theirs["limits"]["cost"]["min"]),
            ];
            for (what, ours, theirs) in numbers {
                compared.number(&format!("{id}: {what}"), ours, theirs);
            }
            let what = format!("{id}: symbol");
            compared.text(&what, Some(ours.symbol.instrument()), &theirs["symbol"]);
        }
    }
    let named =
        "ccxt gives the asset a name of its own to tell it from others; ours is the venue's";
    compared.close(
        "gate",
        &[("HIT_USDT: symbol", named), ("BIFI_USDT: symbol", named)],
    );
}

#[test]
fn spot_has_no_contracts() {
    let query = Query::Contract { symbol: None };
    let refused = spot().request(&query);
    assert!(matches!(refused, Err(RequestError::NotOffered { .. })));
}
