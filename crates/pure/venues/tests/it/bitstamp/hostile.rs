//! Bytes that are not the venue's. Frames of our own after the documents, then broken.

use quantflow_model::Timeframe;
use quantflow_wire::{DecodeError, EventKind, Notice, Query};

use super::codec;
use crate::support::{book, candles, recent_trades, venue_symbol};
use crate::venue::{answer, broken_frames, message, ticker};

const MESSAGES: [&str; 7] = [
    r#"{"data":{"id":216000477,"timestamp":"1641343699","amount":0.0792,"amount_str":"0.07920000","price":3805.44,"price_str":"3805.44","type":0,"microtimestamp":"1641343699596000","buy_order_id":1443875737346049,"sell_order_id":1443875731320832},"channel":"live_trades_ethusd","event":"trade"}"#,
    r#"{"data":{"timestamp":"1641343691","microtimestamp":"1641343691244908","bids":[["1.15979","993.02588113"]],"asks":[["1.16601","1200.00000000"]]},"channel":"diff_order_book_bateur","event":"data"}"#,
    r#"{"data":{"timestamp":"1641343691","microtimestamp":"1641343691244908","bids":[["1.15979","993.02588113"]],"asks":[["1.16601","1200.00000000"]]},"channel":"order_book_bateur","event":"data"}"#,
    r#"{"event":"bts:subscription_succeeded","channel":"diff_order_book_sgbeur","data":{}}"#,
    r#"{"event":"bts:error","channel":"","data":{"code":null,"message":"Bad subscription string."}}"#,
    r#"{"event":"bts:request_reconnect","channel":"","data":""}"#,
    r#"{"event":"bts:heartbeat","channel":"","data":{"status":"success"}}"#,
];

#[test]
fn broken_frames_are_refused() {
    let quote = Query::BestQuote {
        symbol: Some(venue_symbol("btcusd")),
    };
    let levels = r#"{"timestamp":"1641343695","microtimestamp":"1641343695572693","bids":[["0.14695","4567.4"]],"asks":[["0.15","1"]]}"#;
    let statistics = r#"{"ask":"2211.00","bid":"2188.97","high":"2811.00","last":"2211.00","low":"2188.97","open":"2211.00","open_24":"2211.00","percent_change_24":"13.57","timestamp":"1643640186","volume":"213.26801100","vwap":"2189.80"}"#;
    let all = format!("[{}]", statistics.replacen('{', r#"{"pair":"BTC/USD","#, 1));
    let answers = [
        (
            candles("btcusd", Timeframe::M1),
            r#"{"data":{"ohlc":[{"close":"7170.66","high":"7170.66","low":"7164.21","open":"7164.21","timestamp":"1577836200","volume":"0.08549090"}],"pair":"BTC/USD"}}"#,
        ),
        (
            recent_trades("btcusd"),
            r#"[{"amount":"2.00000000","date":"1598850699","price":"62.28","tid":"121711825","type":"0"}]"#,
        ),
        (book("btcusd"), levels),
        (quote, levels),
        (ticker("btcusd"), statistics),
        (Query::Ticker { symbol: None }, all.as_str()),
        (
            Query::Instruments,
            r#"[{"base_decimals":8,"counter_decimals":2,"minimum_order":"20.0 USD","name":"BTC/USD","trading":"Enabled","url_symbol":"btcusd"}]"#,
        ),
    ];
    assert!(broken_frames(&codec(), &MESSAGES, &answers) > 10_000);
}

#[test]
fn errors_name_what_was_wrong() {
    let codec = codec();
    let error = |bytes: &str| message(&codec, bytes.as_bytes()).unwrap_err().to_string();
    let broken = |from: &str, to: &str| error(&MESSAGES[0].replace(from, to));
    assert_eq!(
        broken("\"3805.44\"", "3805.44"),
        "trade: field \"price_str\" is 3805.44"
    );
    assert_eq!(
        broken("\"type\":0", "\"type\":2"),
        "trade: field \"type\" is 2"
    );
    assert_eq!(broken("216000477", "-1"), "trade: field \"id\" is -1");
    assert_eq!(
        error(r#"{"event":"order_created","channel":"live_orders_btcusd","data":{}}"#),
        "unknown message \"order_created\""
    );
    assert_eq!(
        error(r#"{"bids":[],"asks":[]}"#),
        "unknown message \"{bids,asks}\""
    );
    let refused = br#"{"status":"error","reason":"Invalid market","code":"404.001"}"#;
    assert_eq!(
        answer(&codec, &ticker("x"), refused).unwrap_err(),
        DecodeError::Venue {
            code: 0,
            message: "Invalid market".into()
        }
    );
}

#[test]
fn the_end_of_a_socket_is_announced() {
    let events = message(&codec(), MESSAGES[5].as_bytes()).unwrap();
    assert_eq!(events[0].kind, EventKind::Notice(Notice::ShuttingDown));
}

/// The newer form of the list of markets: bytes of our own after the documents.
#[test]
fn the_newer_list_of_markets_is_read() {
    let body = br#"[{"name":"BTC/USD","market_symbol":"btcusd","base_currency":"BTC","base_decimals":8,"counter_currency":"USD","counter_decimals":0,"minimum_order_value":"10.00","trading":"Enabled","market_type":"SPOT"},{"name":"BTC/USD-PERP","market_symbol":"btcusd-perp","base_currency":"BTC","base_decimals":8,"counter_currency":"USD","counter_decimals":0,"minimum_order_value":"10.00","trading":"Enabled","market_type":"PERPETUAL"}]"#;
    let codec = codec();
    let events = answer(&codec, &Query::Instruments, body).unwrap();
    let EventKind::Instruments(list) = &events[0].kind else {
        panic!("{events:?}");
    };
    assert_eq!(list.len(), 1);
    assert_eq!(list[0].tick.unwrap().to_string(), "1");
    assert_eq!(list[0].minimum_notional.unwrap().to_string(), "10");
    assert_eq!(codec.unnamed_instruments(), 1);
}
