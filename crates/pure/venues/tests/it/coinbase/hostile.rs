//! Bytes that are not the venue's. Frames of our own after the documents, then broken.

use quantflow_model::Timeframe;
use quantflow_wire::{DecodeError, Query};

use super::codec;
use crate::support::{book, candles, recent_trades, venue_symbol};
use crate::venue::{answer, broken_frames, message, ticker};

const FRAMES: [&str; 7] = [
    r#"{"type":"match","trade_id":10,"sequence":50,"maker_order_id":"a","taker_order_id":"b","time":"2026-11-20T14:03:01.100200Z","product_id":"BTC-USD","size":"5.23512","price":"400.23","side":"sell"}"#,
    r#"{"type":"ticker","sequence":37,"product_id":"ETH-USD","price":"1285.22","open_24h":"1310.79","volume_24h":"245532.79","low_24h":"1280.52","high_24h":"1313.8","volume_30d":"97","best_bid":"1285.04","best_bid_size":"0.46","best_ask":"1285.27","best_ask_size":"1.56","side":"buy","time":"2026-11-20T14:03:01.1Z","trade_id":370,"last_size":"11.4"}"#,
    r#"{"type":"snapshot","product_id":"BTC-USD","bids":[["10101.10","0.45"]],"asks":[["10102.55","0.57"]]}"#,
    r#"{"type":"l2update","product_id":"BTC-USD","time":"2026-11-20T14:03:01.1Z","changes":[["buy","10101.80","0.16"],["sell","10102.8","0"]]}"#,
    r#"{"type":"heartbeat","sequence":90,"last_trade_id":20,"product_id":"BTC-USD","time":"2026-11-20T14:03:01Z"}"#,
    r#"{"type":"subscriptions","channels":[{"name":"matches","product_ids":["BTC-USD"]}]}"#,
    r#"{"type":"error","message":"Failed to subscribe","reason":"FOO-USD is not a valid product"}"#,
];

#[test]
fn broken_frames_are_refused() {
    let quote = Query::BestQuote {
        symbol: Some(venue_symbol("BTC-USD")),
    };
    let levels = r#"{"bids":[["100.1","2",1]],"asks":[["100.2","3",1]],"sequence":7}"#;
    let answers = [
        (
            Query::ServerTime,
            r#"{"iso":"2026-11-20T14:03:00.201Z","epoch":1795183380.201}"#,
        ),
        (
            candles("BTC-USD", Timeframe::M1),
            "[[1517443740,10106,10120.21,10106.01,10120.21,2.85107455]]",
        ),
        (
            recent_trades("BTC-USD"),
            r#"[{"time":"2026-11-20T14:03:01Z","trade_id":75,"price":"1","size":"0.010","side":"sell"}]"#,
        ),
        (book("BTC-USD"), levels),
        (quote, levels),
        (
            ticker("BTC-USD"),
            r#"{"ask":"100.2","bid":"100.1","volume":"1000","trade_id":75,"price":"100.1","size":"0.5","time":"2026-11-20T14:03:01Z"}"#,
        ),
        (
            ticker("BTC-USD"),
            r#"{"open":"1","high":"3","low":"1","last":"2","volume":"9","volume_30day":"99"}"#,
        ),
        (
            Query::Instruments,
            r#"[{"id":"BTC-USD","base_currency":"BTC","quote_currency":"USD","quote_increment":"0.01","base_increment":"0.00000001","status":"online","trading_disabled":false}]"#,
        ),
    ];
    assert!(broken_frames(&codec(), &FRAMES, &answers) > 5_000);
}

#[test]
fn errors_name_what_was_wrong() {
    let codec = codec();
    let error = |bytes: &str| message(&codec, bytes.as_bytes()).unwrap_err();
    let match_with = |field: &str, value: &str| {
        let mut json = crate::support::json(FRAMES[0].as_bytes());
        json[field] = serde_json::from_str(value).unwrap();
        error(&json.to_string()).to_string()
    };
    assert_eq!(match_with("price", "1.5"), "match: field \"price\" is 1.5");
    assert_eq!(
        match_with("price", "\"NaN\""),
        "match: field \"price\" is \"NaN\""
    );
    assert_eq!(
        match_with("trade_id", "-1"),
        "match: field \"trade_id\" is -1"
    );
    assert_eq!(
        match_with("time", "\"9999-12-31T00:00:00Z\""),
        "match: field \"time\" is \"9999-12-31T00:00:00Z\""
    );
    assert_eq!(
        match_with("side", "\"both\""),
        "match: field \"side\" is \"both\""
    );
    assert_eq!(
        error(r#"{"type":"full"}"#),
        DecodeError::UnknownMessage("full".into())
    );
    assert!(matches!(error("[]"), DecodeError::BadField { .. }));
    let refused = answer(&codec, &recent_trades("X"), br#"{"message":"NotFound"}"#);
    assert_eq!(
        refused.unwrap_err(),
        DecodeError::Venue {
            code: 0,
            message: "NotFound".into()
        }
    );
}

#[test]
fn the_first_ticker_of_a_new_product_has_few_fields() {
    let bytes = br#"{"type":"ticker","sequence":1,"product_id":"NEW-USD","price":"1","open_24h":"0","volume_24h":"0","low_24h":"0","high_24h":"0","volume_30d":"0","best_bid":"0","best_ask":"0"}"#;
    let events = message(&codec(), bytes).unwrap();
    let quantflow_wire::EventKind::Ticker(ticker) = &events[0].kind else {
        panic!("{events:?}");
    };
    assert_eq!((ticker.quote, ticker.last_id), (None, None));
}
