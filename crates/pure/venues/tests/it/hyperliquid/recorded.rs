//! The recordings of Hyperliquid, and what others make of them.

use quantflow_model::{Decimal, Side};
use quantflow_testkit::recorded::{self, Census, ccxt};
use quantflow_wire::{EventKind, Input};

use super::{codec, of, rates};
use crate::rebuilt::Books;
use crate::support::{book, json};
use crate::trial::checked;

/// Every message decodes; books are whole, ordered and never crossed, and time does not go back.
#[test]
fn the_recorded_socket_decodes_and_its_books_are_whole() {
    let Some(bytes) = recorded::bytes("ws_capture_hyperliquid/btcusd_20250126.gz") else {
        return;
    };
    let codec = codec();
    let mut census = Census::of(&codec);
    let mut books = Books::of(&codec);
    let mut last = None;
    for line in bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
        let start = line.iter().position(|b| *b == b'{').unwrap();
        let input = Input::message(&line[start..]);
        let events = checked(&codec, &input).unwrap();
        let raw = json(&line[start..]);
        if raw["channel"] == "trades" {
            // field by field, as another reader of JSON sees them
            for (event, raw) in events.iter().zip(raw["data"].as_array().unwrap()) {
                let EventKind::Trade(event) = &event.kind else {
                    panic!()
                };
                let trade = &event.trade;
                let number = |field: &str| raw[field].as_str().unwrap().parse::<Decimal>();
                assert_eq!(
                    (Ok(trade.price.0), Ok(trade.quantity.0)),
                    (number("px"), number("sz"))
                );
                assert_eq!(trade.id.to_string(), raw["tid"].to_string());
                assert_eq!(trade.time.millis(), raw["time"].as_i64().unwrap());
                assert_eq!(trade.side == Side::Buy, raw["side"] == "B");
            }
        }
        for event in census.take(&codec, "socket of 2025", &input) {
            books.take(&event);
            let EventKind::BookSnapshot(book) = event.kind else {
                continue;
            };
            assert!(book.time >= last);
            last = book.time;
            let sides = books.sides(event.symbol.as_ref().unwrap());
            assert_eq!(sides, (book.bids, book.asks), "best first");
        }
    }
    assert_eq!(census.decoded("book"), 46);
    assert_eq!(census.decoded("trade"), 64);
    census.close();
}

/// Files of another reader, some cut to their data.
#[test]
fn recorded_answers_decode() {
    let codec = codec();
    let mut census = Census::of(&codec);
    let folder = "rest_ws_nautilus/hyperliquid";
    let source = "another reader";
    for (name, query) in [
        ("http_funding_history", rates(None)),
        ("http_l2_book_snapshot", book("BTC")),
        ("ws_book_data", book("BTC")),
        ("http_meta_perp_sample", of("perp")),
        ("http_spot_meta_non_usdc_collateral", of("spot")),
    ] {
        let Some(body) = recorded::bytes(&format!("{folder}/{name}.json")) else {
            return;
        };
        let input = Input::Answer {
            query: &query,
            body: &body,
        };
        checked(&codec, &input).unwrap();
        census.take(&codec, source, &input);
        if name == "ws_book_data" {
            let text = serde_json::json!({"channel": "l2Book", "data": json(&body)}).to_string();
            let message = Input::message(text.as_bytes());
            let from_socket = checked(&codec, &message).unwrap();
            assert_eq!(from_socket, checked(&codec, &input).unwrap());
        }
    }
    census.count(source, "allPerpMetas", "of a question that is not asked");
    let states = recorded::bytes(&format!("{folder}/ws_all_dexs_asset_ctxs.json.gz")).unwrap();
    census.take(&codec, source, &Input::message(&states));
    assert_eq!(census.decoded("funding"), 3);
    census.close();
}

#[test]
fn funding_is_that_of_ccxt() {
    let Some(cases) = ccxt::cases("hyperliquid") else {
        return;
    };
    let mut comparison = ccxt::Comparison::default();
    for case in &cases {
        assert_eq!(case.method, "fetchFundingRateHistory");
        let query = rates(None);
        let input = Input::Answer {
            query: &query,
            body: &case.body,
        };
        let ours = checked(&codec(), &input).unwrap();
        let theirs = case.unified.as_array().unwrap();
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(theirs) {
            let EventKind::Funding(rate) = &ours.kind else {
                panic!()
            };
            let millis = Decimal::whole(rate.time.millis());
            comparison.number("timestamp", Some(millis), &theirs["timestamp"]);
            comparison.number("rate", Some(rate.rate), &theirs["fundingRate"]);
        }
    }
    comparison.close("hyperliquid", &[]);
}
