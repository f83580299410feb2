//! What is encoded says what was decoded.

use quantflow_model::Timeframe;
use quantflow_testkit::recorded;
use quantflow_wire::{Codec, Encoded, EventKind, Input, Query};

use super::codec;
use super::hostile::MESSAGES;
use crate::support::{book, candles, recent_trades};
use crate::venue::{Books, answer, came, message, says_the_same_again, ticker};

/// Fields that events do not carry, of version 2.
const LOST: [&str; 8] = [
    "ord_type",
    "vwap",
    "time_in",
    "time_out",
    "result",
    "connection_id",
    "version",
    "timestamp",
];

/// Bytes of our own, after the documents.
#[test]
fn messages_after_the_documents_say_the_same_again() {
    let codec = codec();
    let mut spoken = 0;
    for bytes in MESSAGES {
        // version 1, and what the replay venue does not say
        if bytes.starts_with('[') || bytes.contains("event") || bytes.contains("\"instrument\"") {
            continue;
        }
        if bytes.contains("pong") || bytes.contains("maintenance") {
            continue; // signs of life are said as beats
        }
        says_the_same_again(
            &codec,
            &Input::message(bytes.as_bytes()),
            if bytes.contains("\"type\":\"snapshot\"") && bytes.contains("ohlc") {
                &["vwap", "timestamp", "type"]
            } else {
                &LOST
            },
        );
        spoken += 1;
    }
    assert!(spoken >= 7, "{spoken}");
}

/// The recorded books, said in version 2: the checksum of each message is that of version 1, for it is
/// over the same digits.
#[test]
fn recorded_books_hold_their_checksums_in_version_2() {
    let Some(messages) = came("KRAKEN.ws.50.0") else {
        return;
    };
    let codec = codec();
    let rule = quantflow_wire::BookRule {
        depth: Some(1_000),
        ..codec.describe().book
    };
    let mut books = Books::by_rule(&codec, rule);
    for bytes in &messages {
        let events = message(&codec, bytes).unwrap();
        let is_book =
            |kind: &EventKind| matches!(kind, EventKind::BookSnapshot(_) | EventKind::BookDelta(_));
        if events.first().is_some_and(|event| is_book(&event.kind)) {
            let again = codec.encode(&events, &Encoded::Message).unwrap();
            for event in message(&codec, &again).unwrap() {
                books.take(&event);
            }
        }
    }
    // whole books have checksums too now
    assert_eq!((books.changes, books.verified), (4_269, 4_279));
}

#[test]
fn recorded_answers_say_the_same_again() {
    let codec = codec();
    let folder = "rest_ws_nautilus/kraken";
    for (file, query, rows) in [
        ("http_ohlc.json.gz", candles("BTC/USDT", Timeframe::M1), 721),
        ("http_trades.json.gz", recent_trades("BTC/USDT"), 1_000),
    ] {
        let Some(body) = recorded::bytes(&format!("{folder}/{file}")) else {
            return;
        };
        let events = answer(&codec, &query, &body).unwrap();
        assert_eq!(events.len(), rows, "{file}");
        let again = codec.encode(&events, &Encoded::Answer(&query)).unwrap();
        assert_eq!(answer(&codec, &query, &again).unwrap(), events);
    }
    for file in ["http_server_time.json", "http_asset_pairs.json"] {
        let body = recorded::bytes(&format!("{folder}/{file}")).unwrap();
        let query = if file.contains("time") {
            Query::ServerTime
        } else {
            Query::Instruments
        };
        let lost = [
            "altname",
            "base",
            "quote",
            "leverage_buy",
            "leverage_sell",
            "fees",
            "fees_maker",
            "fee_volume_currency",
            "margin_call",
            "margin_stop",
            "ordermin",
            "cost_decimals",
            "long_position_limit",
            "short_position_limit",
        ];
        let input = Input::Answer {
            query: &query,
            body: &body,
        };
        says_the_same_again(&codec, &input, &lost);
    }
}

/// Bytes of our own, after the documents.
#[test]
fn answers_after_the_documents_say_the_same_again() {
    let codec = codec();
    for (query, body, lost) in [
        (
            book("BTC/USD"),
            r#"{"error":[],"result":{"XBTUSD":{"asks":[["100.2","3",0]],"bids":[["100.1","2",0]]}}}"#,
            &[][..],
        ),
        (
            ticker("BTC/USD"),
            r#"{"error":[],"result":{"XBTUSD":{"a":["100.2","3","3.1"],"b":["100.1","2","2.0"],"c":["100.1","0.5"],"v":["9","9"],"p":["100","100"],"t":[7,7],"l":["99","99"],"h":["101","101"],"o":"100.1"}}}"#,
            &[],
        ),
    ] {
        let body = body.as_bytes();
        let input = Input::Answer {
            query: &query,
            body,
        };
        says_the_same_again(&codec, &input, lost);
    }
}
