//! Bytes that are not the venue's. Frames of our own after the documents, then broken.

use quantflow_model::Timeframe;
use quantflow_wire::{DecodeError, Query, Route};

use super::codec;
use crate::support::{book, candles, recent_trades, venue_symbol};
use crate::venue::{answer, broken_frames, message, ticker};

pub(super) const MESSAGES: [&str; 20] = [
    r#"{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"sell","price":45283.5,"qty":0.10000000,"ord_type":"market","trade_id":4665846,"timestamp":"2026-11-20T14:03:01.100200Z"},{"symbol":"BTC/USD","side":"buy","price":45283.4,"qty":1,"ord_type":"limit","trade_id":4665847,"timestamp":"2026-11-20T14:03:01.100201Z"}]}"#,
    r#"{"channel":"ticker","type":"update","data":[{"symbol":"ALGO/USD","bid":0.10025,"bid_qty":740.0,"ask":0.10036,"ask_qty":1361.44813783,"last":0.10035,"volume":997038.98383185,"vwap":0.10148,"low":0.09979,"high":0.10285,"change":-0.00017,"change_pct":-0.17}]}"#,
    r#"{"channel":"ohlc","type":"update","data":[{"symbol":"MATIC/USD","open":0.5624,"high":0.5628,"low":0.5622,"close":0.5627,"trades":12,"volume":30927.68066226,"vwap":0.5626,"interval_begin":"2023-10-04T16:25:00.000000000Z","interval":5,"timestamp":"2023-10-04T16:30:00.000000Z"}]}"#,
    r#"{"channel":"book","type":"snapshot","data":[{"symbol":"MATIC/USD","bids":[{"price":0.5666,"qty":4831.75496356}],"asks":[{"price":0.5668,"qty":4410.79769741}],"checksum":2439117997}]}"#,
    r#"{"channel":"book","type":"update","data":[{"symbol":"MATIC/USD","bids":[{"price":0.5657,"qty":1098.39475580}],"asks":[],"checksum":2114181697,"timestamp":"2023-10-06T17:35:55.440295Z"}]}"#,
    r#"{"channel":"instrument","type":"update","data":{"assets":[],"pairs":[{"base":"EUR","quote":"USD","symbol":"EUR/USD","status":"online","price_increment":0.00001,"price_precision":5,"qty_increment":0.00000001,"qty_precision":8,"cost_min":0.5}]}}"#,
    r#"{"channel":"heartbeat"}"#,
    r#"{"channel":"status","type":"update","data":[{"system":"maintenance","api_version":"v2","connection_id":1,"version":"2.0.0"}]}"#,
    r#"{"method":"subscribe","result":{"channel":"book","symbol":"ALGO/USD"},"success":true,"req_id":7,"time_in":"2023-09-25T09:04:31.742599Z","time_out":"2023-09-25T09:04:31.742648Z"}"#,
    r#"{"error":"Currency pair not supported X/Y","method":"subscribe","success":false,"req_id":8}"#,
    r#"{"method":"pong","req_id":101}"#,
    r#"{"event":"heartbeat"}"#,
    r#"{"errorMessage":"Currency pair not in ISO 4217-A3 format","event":"subscriptionStatus","pair":"X","status":"error","reqid":3}"#,
    r#"[992,{"b":[["354.15000000","5.00000000","1618678133.365913"]],"c":"2583817756"},"book-1000","XMR/USD"]"#,
    r#"[1,{"a":[["5541.3","2.5","1534614248.45"]]},{"b":[["5541.2","0.0","1534614335.34"]],"c":"974942666"},"book-10","XBT/USD"]"#,
    r#"[0,{"as":[["5541.3","2.507","1534614248.123678"]],"bs":[["5541.2","1.529","1534614248.765567"]]},"book-100","XBT/USD"]"#,
    r#"[0,[["5541.2","0.15850568","1534614057.321597","s","l",""]],"trade","XBT/USD"]"#,
    r#"[0,["5698.4","5700.0","1542057299.545897","1.01234567","0.98765432"],"spread","XBT/USD"]"#,
    r#"[42,["1542057314.748456","1542057360.000000","3586.7","3586.7","3586.6","3586.6","3586.6","0.03",2],"ohlc-5","XBT/USD"]"#,
    r#"[15,{"a":["1.1",2,"2.8"],"b":["1.0",10,"10.5"],"c":["1.1","1.0"],"v":["3","7"],"p":["1","1"],"t":[15,34],"l":["1","1"],"h":["2","2"],"o":["1","1"]},"ticker","XBT/EUR"]"#,
];

#[test]
fn broken_frames_are_refused() {
    let ticker_body = r#"{"error":[],"result":{"X":{"a":["100.2","3","3.1"],"b":["100.1","2","2.0"],"c":["100.1","0.5"],"v":["9","9"],"p":["100","100"],"t":[7,7],"l":["99","99"],"h":["101","101"],"o":"100.1"}}}"#;
    let quote = Query::BestQuote {
        symbol: Some(venue_symbol("BTC/USD")),
    };
    let answers = [
        (
            Query::ServerTime,
            r#"{"error":[],"result":{"unixtime":1762820224,"rfc1123":"x"}}"#,
        ),
        (
            candles("BTC/USD", Timeframe::M1),
            r#"{"error":[],"result":{"X":[[1502402520,"3","4","2","3","3","1.01",7]],"last":1}}"#,
        ),
        (
            recent_trades("BTC/USD"),
            r#"{"error":[],"result":{"X":[["1","2",1762795433.97,"b","l","",10]],"last":"1"}}"#,
        ),
        (
            book("BTC/USD"),
            r#"{"error":[],"result":{"X":{"asks":[["2","3",0]],"bids":[["1","2",0]]}}}"#,
        ),
        (ticker("BTC/USD"), ticker_body),
        (quote, ticker_body),
        (
            Query::Instruments,
            r#"{"error":[],"result":{"X":{"wsname":"XBT/USD","pair_decimals":1,"lot_decimals":8,"tick_size":"0.1","costmin":"0.5","status":"online"}}}"#,
        ),
    ];
    assert!(broken_frames(&codec(), &MESSAGES, &answers) > 20_000);
}

#[test]
fn errors_name_what_was_wrong() {
    let codec = codec();
    let error = |bytes: &str| message(&codec, bytes.as_bytes()).unwrap_err().to_string();
    let broken = |from: &str, to: &str| error(&MESSAGES[0].replace(from, to));
    assert_eq!(
        broken("45283.5", "\"NaN\""),
        "data: field \"price\" is \"NaN\""
    );
    assert_eq!(broken("\"sell\"", "\"x\""), "data: field \"side\" is \"x\"");
    assert_eq!(broken("4665846", "-1"), "data: field \"trade_id\" is -1");
    assert_eq!(
        broken("2026-11-20T14:03:01.100200Z", "9999-01-01T00:00:00Z"),
        "data: field \"timestamp\" is \"9999-01-01T00:00:00Z\""
    );
    assert_eq!(
        error(r#"{"channel":"level3","type":"snapshot","data":[]}"#),
        "unknown message \"level3\""
    );
    assert_eq!(
        error(r#"[[],"ownTrades",{"sequence":1}]"#),
        "unknown message \"ownTrades\""
    );
    let refused = br#"{"error":["EQuery:Unknown asset pair"]}"#;
    assert_eq!(
        answer(&codec, &ticker("X/Y"), refused).unwrap_err(),
        DecodeError::Venue {
            code: 0,
            message: "EQuery:Unknown asset pair".into()
        }
    );
}

#[test]
fn a_message_about_several_pairs_is_everybodys() {
    let several = MESSAGES[0].replacen("BTC/USD", "ETH/USD", 1);
    let codec = codec();
    assert_eq!(message(&codec, several.as_bytes()).unwrap().len(), 2);
    let input = quantflow_wire::Input::message(several.as_bytes());
    assert_eq!(quantflow_wire::Codec::route(&codec, &input), Route::All);
}
