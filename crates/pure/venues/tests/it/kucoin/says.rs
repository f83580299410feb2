//! What the frames of `errors` say, field by field.

use quantflow_wire::Query;

use super::codec;
use super::errors::FRAMES;
use crate::broken::{answer, check_said, message, symbol};

const SAID: [&str; 7] = [
    r#"{"kind":"trade","symbol":"BTC-USDT","id":"11067996711960577","price":"67523","quantity":"0.003","side":"buy","time":"2024-10-25T08:00:22.921Z"}"#,
    r#"{"kind":"bookDelta","symbol":"BTC-USDT","asks":[["67993.3","1.21427407"]],"bids":[],"firstUpdateId":14701689783,"lastUpdateId":14701689784,"time":"2024-10-25T00:33:45.625Z"}"#,
    r#"{"kind":"quote","symbol":"BTC-USDT","ask":"67218.7","askQuantity":"1.92318539","bid":"67218.6","bidQuantity":"0.01045638","time":"2024-10-24T08:15:23.612Z","updateId":14691455768}"#,
    r#"{"kind":"quote","symbol":"BTC-USDT","ask":"68145.8","askQuantity":"0.51987471","bid":"68145.7","bidQuantity":"1.29267802","time":"2024-10-25T00:27:38.766Z"}"#,
    r#"{"kind":"bookSnapshot","symbol":"BTC-USDT","asks":[["67964.3","0.08183377"]],"bids":[["67964.2","1.35483359"]],"lastUpdateId":0,"time":"2024-10-25T02:10:26.746Z"}"#,
    r#"{"kind":"candle","symbol":"BTC-USDT","close":"67437.6","closeTime":"2024-10-25T07:59:59.999999999Z","high":"67724.8","low":"67243.8","open":"67644.9","openTime":"2024-10-25T07:00:00Z","quoteVolume":"3027558.991928447","sent":"2024-10-25T07:43:12.78516484Z","timeframe":"1h","volume":"44.88321441"}"#,
    r#"{"kind":"ticker","symbol":"BTC-USDT","change":"-1196.4","changePercent":"-1.75","closeTime":"2024-10-24T08:24:46.011Z","high":"68471","last":"67158.5","low":"66620.1","open":"68354.9","quoteVolume":"142873041.7","sent":"2024-10-24T08:24:46.011Z","volume":"2119.8"}"#,
];

#[test]
fn every_field_is_where_it_belongs() {
    let codec = codec();
    check_said(&FRAMES, &SAID, |bytes| message(&codec, bytes));
}

/// Answers of our own after the documents.
#[test]
fn answers_say_what_was_asked() {
    let codec = codec();
    let btc = || Some(symbol("BTC-USDT"));
    let stats = r#"{"code":"200000","data":{"time":1729175612158,"symbol":"BTC-USDT","buy":"66982.4","sell":"66982.5","changeRate":"-0.0114","changePrice":"-778.1","high":"68107.7","low":"66683.3","vol":"1738.02898182","volValue":"117321982.41597867","last":"66981.5","averagePrice":"67281.21"}}"#;
    let ticker = r#"{"kind":"ticker","symbol":"BTC-USDT","sent":"2024-10-17T14:33:32.158Z","last":"66981.5","high":"68107.7","low":"66683.3","volume":"1738.02898182","quoteVolume":"117321982.41597867","change":"-778.1","changePercent":"-1.14","closeTime":"2024-10-17T14:33:32.158Z"}"#;
    let all = r#"{"code":"200000","data":{"time":1729173207043,"ticker":[
        {"symbol":"BTC-USDT","buy":"67192.5","bestBidSize":"0.000025","sell":"67192.6","bestAskSize":"1.24949204","changeRate":"-0.0014","changePrice":"-98.5","high":"68321.4","low":"66683.3","vol":"1836.03034612","volValue":"124068431.06726933","last":"67193"},
        {"symbol":"NEW-USDT","buy":null,"bestBidSize":null,"sell":null,"bestAskSize":null,"changeRate":null,"changePrice":null,"high":null,"low":null,"vol":"0","volValue":"0","last":null}]}}"#;
    let quote = r#"{"kind":"quote","symbol":"BTC-USDT","sent":"2024-10-17T13:53:27.043Z","bid":"67192.5","bidQuantity":"0.000025","ask":"67192.6","askQuantity":"1.24949204","time":"2024-10-17T13:53:27.043Z"}"#;
    let level1 = r#"{"code":"200000","data":{"time":1729172965609,"sequence":"14609309753","price":"67269","size":"0.000025","bestBid":"67267.5","bestBidSize":"0.000026","bestAsk":"67267.6","bestAskSize":"1.24808993"}}"#;
    let best = r#"{"kind":"quote","symbol":"BTC-USDT","bid":"67267.5","bidQuantity":"0.000026","ask":"67267.6","askQuantity":"1.24808993","updateId":14609309753,"time":"2024-10-17T13:49:25.609Z"}"#;
    let clock = r#"{"code":"200000","data":1729100692873}"#;
    let time = r#"{"kind":"serverTime","time":"2024-10-16T17:44:52.873Z"}"#;
    for (query, body, expected) in [
        (Query::Ticker { symbol: btc() }, stats, ticker),
        (Query::BestQuote { symbol: None }, all, quote),
        (Query::BestQuote { symbol: btc() }, level1, best),
        (Query::ServerTime, clock, time),
    ] {
        check_said(&[body], &[expected], |bytes| answer(&codec, &query, bytes));
    }
    let other = Query::Ticker {
        symbol: Some(symbol("ETH-USDT")),
    };
    assert!(
        answer(&codec, &other, stats.as_bytes()).is_err(),
        "about another symbol"
    );
}
