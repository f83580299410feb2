//! Bytes that are not the venue's. Frames of our own after the documents, then broken.

use quantflow_model::Timeframe;
use quantflow_wire::{DecodeError, EventKind, Query};

use super::codec;
use crate::support::{book, candles, recent_trades, venue_symbol};
use crate::venue::{answer, broken_frames, message, ticker};

const MESSAGES: [&str; 9] = [
    r#"{"feed":"trade","product_id":"PI_XBTUSD","uid":"05af78ac-a774-478c-a50c-8b9c234e071e","side":"sell","type":"liquidation","seq":653355,"time":1612266317519,"qty":15000,"price":34969.5}"#,
    r#"{"feed":"trade_snapshot","product_id":"PI_XBTUSD","trades":[{"feed":"trade","product_id":"PI_XBTUSD","uid":"caa9c653-420b-4c24-a9f1-462a054d86f1","side":"sell","type":"fill","seq":655508,"time":1612269657781,"qty":440,"price":34893}]}"#,
    r#"{"feed":"book_snapshot","product_id":"PI_XBTUSD","timestamp":1612269825817,"seq":326072249,"tickSize":null,"bids":[{"price":34892.5,"qty":6385}],"asks":[{"price":34911.5,"qty":20598}]}"#,
    r#"{"feed":"book","product_id":"PI_XBTUSD","side":"sell","seq":326094134,"price":34981,"qty":0,"timestamp":1612269953629}"#,
    r#"{"time":1676393235406,"product_id":"PI_XBTUSD","relative_funding_rate":-1.38e-6,"next_funding_rate_time":1676394000000,"feed":"ticker","bid":21978.5,"ask":21987.0,"bid_size":2536.0,"ask_size":13948.0,"volume":31403908.0,"index":21984.54,"last":21983.5,"change":1.99,"openInterest":30072580.0,"markPrice":21979.68,"open":21968.5,"high":22123.0,"low":21456.0}"#,
    r#"{"feed":"heartbeat","time":1534262350627}"#,
    r#"{"event":"info","version":1}"#,
    r#"{"event":"subscribed","feed":"trade","product_ids":["PI_XBTUSD"]}"#,
    r#"{"event":"error","message":"Invalid product id"}"#,
];

#[test]
fn broken_frames_are_refused() {
    let quote = Query::BestQuote {
        symbol: Some(venue_symbol("PI_XBTUSD")),
    };
    let contract = Query::Contract {
        symbol: Some(venue_symbol("PI_XBTUSD")),
    };
    let one = r#"{"result":"success","serverTime":"2025-11-17T00:34:37.524Z","ticker":{"symbol":"PI_XBTUSD","last":91415.0,"lastTime":"2025-11-17T00:31:01.835715Z","markPrice":91506.6,"bid":91415.0,"bidSize":4960.0,"ask":91490.5,"askSize":5020.0,"vol24h":21118140.0,"openInterest":21279580.0,"indexPrice":91468.38}}"#;
    let answers = [
        (
            Query::ServerTime,
            r#"{"result":"success","serverTime":"2025-11-17T00:34:37.524Z","feeSchedules":[]}"#,
        ),
        (
            candles("PI_XBTUSD", Timeframe::H1),
            r#"{"candles":[{"time":1731715200000,"open":"91069","high":"91373.5","low":"90956","close":"91045.5","volume":"319499"}],"more_candles":false}"#,
        ),
        (
            recent_trades("PI_XBTUSD"),
            r#"{"result":"success","history":[{"time":"2020-08-27T17:03:33.196Z","trade_id":100,"price":3333,"size":2969,"side":"sell","type":"fill","uid":"15dae264-01e5-4d4c-8962-2f49b98fedfc"}]}"#,
        ),
        (
            book("PI_XBTUSD"),
            r#"{"result":"success","orderBook":{"bids":[[34892.5,6385]],"asks":[[34911.5,20598]]},"serverTime":"2020-08-27T17:03:33.196Z"}"#,
        ),
        (ticker("PI_XBTUSD"), one),
        (quote, one),
        (contract, one),
        (
            Query::Instruments,
            r#"{"result":"success","instruments":[{"symbol":"PI_XBTUSD","type":"futures_inverse","tickSize":0.5,"contractSize":1,"tradeable":true,"contractValueTradePrecision":0,"base":"BTC","quote":"USD"}]}"#,
        ),
    ];
    assert!(broken_frames(&codec(), &MESSAGES, &answers) > 10_000);
}

#[test]
fn a_liquidation_is_a_trade_too() {
    let events = message(&codec(), MESSAGES[0].as_bytes()).unwrap();
    let [trade, liquidation] = events.as_slice() else {
        panic!("{events:?}");
    };
    let EventKind::Trade(trade) = &trade.kind else {
        panic!("{events:?}");
    };
    assert_eq!(trade.trade.id.0, 0x05af_78ac_a774_478c_a50c_8b9c_234e_071e);
    let EventKind::Liquidation(liquidation) = liquidation.kind else {
        panic!("{events:?}");
    };
    assert_eq!(liquidation.side, trade.trade.side);
    assert_eq!(liquidation.price, trade.trade.price);
}

#[test]
fn errors_name_what_was_wrong() {
    let codec = codec();
    let error = |bytes: &str| message(&codec, bytes.as_bytes()).unwrap_err().to_string();
    let broken = |from: &str, to: &str| error(&MESSAGES[0].replace(from, to));
    assert_eq!(
        broken("34969.5", "[]"),
        "trade: field \"price\" is a list of 0"
    );
    assert_eq!(
        broken("05af78ac-", "05af78ag-"),
        "trade: field \"uid\" is \"05af78ag-a774-478c-a50c-8b9c234e071e\""
    );
    assert_eq!(broken("1612266317519", "-5"), "trade: field \"time\" is -5");
    assert_eq!(
        error(r#"{"feed":"ticker_lite","product_id":"X"}"#),
        "unknown message \"ticker_lite\""
    );
    let refused = |body: &str| answer(&codec, &ticker("X"), body.as_bytes()).unwrap_err();
    assert_eq!(
        refused(r#"{"result":"error","error":"apiLimitExceeded"}"#),
        DecodeError::Venue {
            code: 0,
            message: "apiLimitExceeded".into()
        }
    );
    assert_eq!(
        refused(
            r#"{"status":"BAD_REQUEST","result":"error","errors":[{"code":11,"message":"Argument invalid: symbol"}]}"#
        ),
        DecodeError::Venue {
            code: 11,
            message: "Argument invalid: symbol".into()
        }
    );
    let other = r#"{"result":"success","ticker":{"symbol":"PI_ETHUSD","last":1,"markPrice":1}}"#;
    assert!(matches!(
        refused(other),
        DecodeError::BadField {
            field: "symbol",
            ..
        }
    ));
}

/// The second change must have the next number; `Books` refuses any other.
#[test]
fn changes_continue_the_snapshot_by_number() {
    let codec = codec();
    let change = |seq: u64| MESSAGES[3].replace("326094134", &seq.to_string());
    let mut books = crate::venue::Books::of(&codec);
    for bytes in [
        MESSAGES[2].to_owned(),
        change(326_072_250),
        change(326_072_251),
    ] {
        for event in message(&codec, bytes.as_bytes()).unwrap() {
            books.take(&event);
        }
    }
    assert_eq!((books.count(), books.changes), (1, 2));
    let top = books.top("PI_XBTUSD").unwrap();
    assert_eq!(top.update_id, Some(326_072_251));
}
