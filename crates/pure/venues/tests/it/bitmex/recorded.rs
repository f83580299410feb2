//! The recordings of BitMEX, and what others make of them.

use std::collections::{BTreeMap, HashSet};

use quantflow_model::{ContractUnit, Quantity, Side, Timestamp};
use quantflow_testkit::recorded::{self, Census, cryptofeed};
use quantflow_wire::{Bindings, Codec, EventKind, Input, Query};
use serde_json::Value;

use super::{codec, read, state};
use crate::rebuilt::{self, Books};
use crate::support::{json, recent_trades, venue_symbol};
use crate::trial::checked;

/// Changes say no price, only a number; the books that follow are never crossed, and their best is the
/// quote that the venue sends.
#[test]
fn the_recorded_socket_decodes_and_its_books_have_prices() {
    let Some(lines) = cryptofeed::socket("BITMEX.ws.1.0") else {
        return;
    };
    let codec = codec();
    let mut census = Census::of(&codec);
    let mut bindings = Bindings::default();
    let mut books = Books::of(&codec);
    let mut quotes = BTreeMap::new();
    let mut prices = HashSet::new();
    let mut unmoved = 0;
    for line in lines.iter().filter(|line| !line.sent) {
        let bytes = line.payload.as_slice();
        codec.bind(bytes, &mut bindings);
        let input = Input::Message {
            bytes,
            bindings: &bindings,
        };
        checked(&codec, &input).unwrap();
        for event in census.take(&codec, "socket of 2021", &input) {
            let symbol = event.symbol.clone();
            match &event.kind {
                EventKind::BookSnapshot(book) => {
                    let levels = book.bids.iter().chain(&book.asks);
                    prices.extend(levels.map(|level| (symbol.clone(), level.price)));
                }
                EventKind::BookDelta(delta) => {
                    for level in delta.bids.iter().chain(&delta.asks) {
                        unmoved += usize::from(!prices.insert((symbol.clone(), level.price)));
                        if level.quantity == Quantity::ZERO {
                            prices.remove(&(symbol.clone(), level.price));
                        }
                    }
                }
                _ => {}
            }
            books.take(&event);
            if let EventKind::Quote(quote) = event.kind {
                quotes.insert(event.symbol.unwrap(), quote);
            }
        }
    }
    assert_eq!(books.symbols().count(), 10);
    assert_eq!(
        unmoved,
        1_490 + 543,
        "each update and delete finds its level by price"
    );
    // both streams end together
    let other = quotes.iter().filter_map(|(symbol, quote)| {
        let (bids, asks) = books.sides(symbol);
        let best = (
            bids[0].price,
            bids[0].quantity,
            asks[0].price,
            asks[0].quantity,
        );
        let same = best == (quote.bid, quote.bid_quantity, quote.ask, quote.ask_quantity);
        (!same).then_some(symbol.as_str())
    });
    // the last change of one book came half a second before the end, and quotes come later than that
    assert_eq!(other.collect::<Vec<_>>(), ["TRXUSDT"]);
    assert_eq!(census.decoded("trade"), 27);
    assert_eq!(census.decoded("book change"), 1_969);
    census.close();
}

#[test]
fn recorded_instruments_are_named() {
    let codec = codec();
    let Some(answers) = cryptofeed::answers("BITMEX.0") else {
        return;
    };
    let mut census = Census::of(&codec);
    let xchange = "rest_ws_xchange/xchange-bitmex/__files__api_v1_instrument_active.json";
    let nautilus = "rest_ws_nautilus/bitmex/http_get_instrument_";
    // one instrument where we ask for all
    let list = |name: &str| {
        let found = json(&recorded::bytes(&format!("{nautilus}{name}.json")).unwrap());
        Value::Array(vec![found]).to_string().into_bytes()
    };
    let sources = [
        ("list of 2021", answers[0].body.clone(), 34),
        ("XChange", recorded::bytes(xchange).unwrap(), 5),
        ("another reader", list("xbtusd"), 1),
        ("another reader", list("xbtm26_xbtu26_spread"), 0),
    ];
    let mut sizes = BTreeMap::new();
    for (source, body, count) in &sources {
        let query = Query::Instruments;
        let input = Input::Answer {
            query: &query,
            body,
        };
        for event in census.take(&codec, source, &input) {
            let EventKind::Instruments(list) = event.kind else {
                panic!()
            };
            assert_eq!(list.len(), *count, "{source}");
            for i in list {
                let size = i.contract.map(|c| (c.amount.to_string(), c.of));
                sizes.insert(
                    i.venue_symbol.as_str().to_owned(),
                    (i.symbol.to_string(), size),
                );
            }
        }
    }
    let one = |amount: &str, of| Some((amount.to_owned(), of));
    for (name, symbol, size) in [
        ("XBTUSD", "BTC/USD:BTC", one("1", ContractUnit::Quote)),
        (
            "XBTEURU21",
            "BTC/EUR:BTC-20210924",
            one("1", ContractUnit::Quote),
        ),
        (
            "XRPU21",
            "XRP/BTC:BTC-20210924",
            one("1", ContractUnit::Base),
        ),
        ("ETHUSD", "ETH/USD:BTC", None),
        (
            "XBT_USDT",
            "BTC/USDT",
            one("0.00000001", ContractUnit::Base),
        ),
    ] {
        assert_eq!(sizes[name], (format!("bitmex:{symbol}"), size), "{name}");
    }
    census.close();
}

/// Rows of another reader, as the tables that they are rows of.
#[test]
fn recorded_rows_and_answers_decode() {
    let codec = codec();
    let mut census = Census::of(&codec);
    let folder = "rest_ws_nautilus/bitmex";
    for (name, table) in [
        ("ws_funding_rate", "funding"),
        ("ws_instrument_index_update", "instrument"),
        ("ws_instrument_mark_update", "instrument"),
        ("ws_orderbook_10", "orderBook10"),
        ("ws_quote", "quote"),
        ("ws_trade", "trade"),
    ] {
        let Some(row) = recorded::bytes(&format!("{folder}/{name}.json")) else {
            return;
        };
        let text = serde_json::json!({"table": table, "action": "insert", "data": [json(&row)]});
        let text = text.to_string();
        let events = read(&text, Bindings::NONE).unwrap();
        assert_eq!(events.len(), 1, "{name}");
        census.take(
            &codec,
            "rows of another reader",
            &Input::message(text.as_bytes()),
        );
    }
    let mut take = |source: &str, query: &Query, body: &[u8]| {
        let input = Input::Answer { query, body };
        checked(&codec, &input).unwrap();
        census.take(&codec, source, &input).len()
    };
    let body = recorded::bytes(&format!("{folder}/http_get_trades.json")).unwrap();
    assert_eq!(take("another reader", &recent_trades("XBTUSD"), &body), 3);
    for name in recorded::files("rest_cassettes_coingecko/Bitmex").unwrap() {
        for (uri, body) in rebuilt::cassette(&name).unwrap() {
            let symbol = uri.split("symbol=").nth(1).unwrap();
            if uri.contains("/trade") {
                assert_eq!(
                    take("cassettes of 2019", &recent_trades(symbol), &body),
                    100
                );
                continue;
            }
            assert_eq!(take("cassettes of 2019", &state(symbol), &body), 1);
            let ticker = Query::Ticker {
                symbol: Some(venue_symbol(symbol)),
            };
            assert!(take("cassettes of 2019", &ticker, &body) <= 1);
        }
    }
    // values of indices, which stand in the table of trades with a size of 0
    let body =
        recorded::bytes("rest_ws_xchange/xchange-bitmex/trade__example-trades.json").unwrap();
    assert_eq!(take("XChange", &recent_trades("XBTUSD"), &body), 7);
    census.close();
}

/// A recorder's rows of trades, put back into messages.
#[test]
fn a_recorder_s_rows_are_trades() {
    let name = "nautilus_series/tardis__bitmex_trades_XBTUSD.csv";
    let Some(text) = recorded::bytes(name) else {
        return;
    };
    let text = String::from_utf8(text).unwrap();
    let mut rows = 0;
    for line in text.lines().skip(1) {
        let row: Vec<_> = line.split(',').collect();
        let time = Timestamp::from_micros(row[2].parse().unwrap());
        let side = if row[5] == "buy" { "Buy" } else { "Sell" };
        let message = format!(
            r#"{{"table":"trade","action":"insert","data":[{{"timestamp":"{time}","symbol":"XBTUSD","side":"{side}","size":{},"price":{},"trdMatchID":"{}"}}]}}"#,
            row[7], row[6], row[4],
        );
        let EventKind::Trade(event) = read(&message, Bindings::NONE).unwrap().remove(0).kind else {
            panic!()
        };
        let trade = event.trade;
        assert_eq!(
            (trade.price, trade.quantity),
            (row[6].parse().unwrap(), row[7].parse().unwrap())
        );
        let hex = u128::from_str_radix(&row[4].replace('-', ""), 16).unwrap();
        assert_eq!((trade.time, trade.id.0), (time, hex));
        assert_eq!(trade.side == Side::Buy, row[5] == "buy");
        rows += 1;
    }
    println!("| bitmex | series of trades | trade | {rows} | equal |");
    assert!(rows > 5);
}
