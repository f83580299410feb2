//! What is encoded says what was decoded, from recorded bytes and from bytes of our own.

use quantflow_model::Timeframe;
use quantflow_testkit::recorded;
use quantflow_wire::{Codec, Encoded, Input, Query};

use super::codec;
use crate::support::{book, candles, json, recent_trades, venue_symbol};
use crate::venue::{answer, came, cassette, message, says_the_same_again, ticker};

/// Fields that events do not carry: the module's page says what is written instead.
const LOST: [&str; 8] = [
    "maker_order_id",
    "taker_order_id",
    "sequence",
    "volume_30d",
    "side",
    "type",
    "channels",
    "changes",
];

#[test]
fn recorded_messages_say_the_same_again() {
    let Some(messages) = came("COINBASE.ws.28.0") else {
        return;
    };
    let codec = codec();
    for bytes in &messages {
        says_the_same_again(&codec, &Input::message(bytes), &LOST);
    }
    assert_eq!(messages.len(), 9_946);
}

#[test]
fn recorded_answers_say_the_same_again() {
    let codec = codec();
    let folder = "rest_ws_xchange/xchange-coinbasepro";
    let name = format!("{folder}/marketdata__example-historical-candles.json");
    let Some(body) = recorded::bytes(&name) else {
        return;
    };
    let query = candles("BTC-USD", Timeframe::M1);
    let input = Input::Answer {
        query: &query,
        body: &body,
    };
    assert_eq!(says_the_same_again(&codec, &input, &[]).len(), 10);
    // exact, though a float would write these volumes otherwise
    let events = answer(&codec, &query, &body).unwrap();
    let text = codec.encode(&events, &Encoded::Answer(&query)).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("4.727521520000001]") && text.contains("2.2357688599999963]"));

    let book_file =
        cassette("rest_cassettes_coingecko/Gdax/integration_specs_fetch_order_book.yml.gz");
    let found = book_file.unwrap();
    let query = book("BTC-USD");
    for (_, body) in found {
        let events = answer(&codec, &query, body.as_bytes()).unwrap();
        let again = codec.encode(&events, &Encoded::Answer(&query)).unwrap();
        assert_eq!(answer(&codec, &query, &again).unwrap(), events);
    }
}

/// Our own bytes, after the documents.
#[test]
fn answers_after_the_documents_say_the_same_again() {
    let codec = codec();
    let quote = Query::BestQuote {
        symbol: Some(venue_symbol("BTC-USD")),
    };
    for (query, body, lost) in [
        (
            Query::ServerTime,
            r#"{"iso":"2026-11-20T14:03:00.201Z","epoch":1795183380.201}"#,
            &[][..],
        ),
        (
            recent_trades("BTC-USD"),
            r#"[{"time":"2026-11-20T14:03:01.100200Z","trade_id":75,"price":"100000.01","size":"0.010","side":"sell"},{"time":"2026-11-20T14:03:00.000000Z","trade_id":74,"price":"100000.00","size":"2","side":"buy"}]"#,
            &[],
        ),
        (
            book("BTC-USD"),
            r#"{"bids":[["100.1","2",1],["100","1",1]],"asks":[["100.2","3",1]],"sequence":7,"auction_mode":false,"auction":null,"time":"2026-11-20T14:03:01.100200Z"}"#,
            &[],
        ),
        (
            quote,
            r#"{"bids":[["100.1","2",1]],"asks":[["100.2","3",1]],"sequence":7}"#,
            &[],
        ),
        (
            ticker("BTC-USD"),
            r#"{"ask":"100.2","bid":"100.1","volume":"1000","trade_id":75,"price":"100.1","size":"0.5","time":"2026-11-20T14:03:01.100200Z"}"#,
            &[],
        ),
        (
            Query::Instruments,
            r#"[{"id":"BTC-USD","base_currency":"BTC","quote_currency":"USD","quote_increment":"0.01","base_increment":"0.00000001","display_name":"BTC/USD","min_market_funds":"1","margin_enabled":false,"post_only":false,"limit_only":false,"cancel_only":false,"status":"online","status_message":"","trading_disabled":false,"auction_mode":false}]"#,
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
    // a beat names its product only when it is said
    let beat = br#"{"type":"heartbeat","sequence":0,"last_trade_id":0,"product_id":"BTC-USD","time":"2026-11-20T14:03:01.100200Z"}"#;
    let mut events = message(&codec, beat).unwrap();
    assert_eq!(events[0].symbol, None);
    assert!(codec.encode(&events, &Encoded::Message).is_err());
    events[0].symbol = Some(venue_symbol("BTC-USD"));
    let again = codec.encode(&events, &Encoded::Message).unwrap();
    assert_eq!(json(&again), json(beat));
}
