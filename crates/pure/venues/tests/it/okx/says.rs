//! What the frames of `errors` say, field by field.

use quantflow_wire::Query;

use super::codec;
use super::errors::FRAMES;
use crate::broken::{answer, check_said, message, symbol};

const SAID: [&str; 12] = [
    r#"{"kind":"trade","symbol":"BTC-USDT","id":130639474,"price":"42219.9","quantity":"0.12060306","side":"buy","time":"2021-08-27T07:21:37.897Z"}"#,
    r#"{"kind":"aggregateTrade","symbol":"BTC-USDT","firstId":130639472,"id":130639474,"lastId":130639474,"price":"42219.9","quantity":"0.12060306","side":"sell","time":"2021-08-27T07:21:37.897Z"}"#,
    r#"{"kind":"bookSnapshot","symbol":"BTC-USDT","asks":[["8476.98","415"],["8477","7"]],"bids":[["8476.97","256"]],"lastUpdateId":123456,"time":"2020-08-10T02:26:23.085Z"}"#,
    r#"{"kind":"bookDelta","symbol":"BTC-USDT","asks":[["8476.98","0"]],"bids":[],"firstUpdateId":123457,"lastUpdateId":123457,"previousUpdateId":123456,"time":"2020-08-10T02:26:23.185Z"}"#,
    r#"{"kind":"quote","symbol":"BTC-USDT","ask":"8476.98","askQuantity":"415","bid":"8476.97","bidQuantity":"256","time":"2020-08-10T02:26:23.085Z","updateId":123456}"#,
    r#"{"kind":"ticker","symbol":"BTC-USDT-SWAP","closeTime":"2020-08-10T02:26:23.085Z","high":"10000","last":"9999.99","lastQuantity":"0.1","low":"8888.88","open":"9000","quote":{"ask":"9999.99","askQuantity":"11","bid":"8888.88","bidQuantity":"5","time":"2020-08-10T02:26:23.085Z"},"volume":"2222"}"#,
    r#"{"kind":"candle","symbol":"BTC-USDT","close":"8548.26","closeTime":"2020-08-10T02:26:59.999999999Z","closed":false,"high":"8553.74","low":"8527.17","open":"8533.02","openTime":"2020-08-10T02:26:00Z","quoteVolume":"5529.5858061","timeframe":"1m","volume":"45247"}"#,
    r#"{"kind":"contract","symbol":"BTC-USD-SWAP","fundingRate":"0.0001875391284828","fundingTime":"2023-11-23T08:00:00Z","time":"2023-11-23T07:31:15.402Z"}"#,
    r#"{"kind":"contract","symbol":"LTC-USD-SWAP","openInterest":"5000","time":"2025-03-27T02:07:30.44Z"}"#,
    r#"{"kind":"liquidation","symbol":"IOST-USDT-SWAP","price":"0.007831","quantity":"13","side":"buy","time":"2023-08-17T10:00:34.01Z"}"#,
    r#"{"kind":"option","symbol":"BTC-USD-241013-70000-P","askVolatility":"1.1669998535","bidVolatility":"0","delta":"-0.9999672034","gamma":"0.0000000002","markVolatility":"0.3675503331","theta":"28.2649858387","time":"2024-10-12T03:19:15.65Z","underlying":"62604.6993093463","vega":"0.0000114332"}"#,
    r#"{"kind":"contract","symbol":"LTC-USD-190628","mark":"0.1","time":"2020-08-10T02:26:23.085Z"}"#,
];

#[test]
fn every_field_is_where_it_belongs() {
    let codec = codec();
    check_said(&FRAMES, &SAID, |bytes| message(&codec, bytes));
}

/// Answers of our own after the documents: a question takes its part.
#[test]
fn answers_say_what_was_asked() {
    let codec = codec();
    let swap = || Some(symbol("BTC-USDT-SWAP"));
    let ticker = r#"{"code":"0","msg":"","data":[{"instType":"SWAP","instId":"BTC-USDT-SWAP","last":"","askPx":"9999.99","askSz":"11","bidPx":"8888.88","bidSz":"5","ts":"1597026383085"}]}"#;
    let quote = r#"{"kind":"quote","symbol":"BTC-USDT-SWAP","bid":"8888.88","bidQuantity":"5","ask":"9999.99","askQuantity":"11","time":"2020-08-10T02:26:23.085Z"}"#;
    let trades = r#"{"code":"0","msg":"","data":[
        {"instId":"BTC-USDT-SWAP","side":"sell","sz":"3","px":"30","tradeId":"12","ts":"1597026383300"},
        {"instId":"BTC-USDT-SWAP","side":"buy","sz":"2","px":"20","tradeId":"11","ts":"1597026383200"},
        {"instId":"BTC-USDT-SWAP","side":"buy","sz":"1","px":"10","tradeId":"10","ts":"1597026383100"}]}"#;
    let first = r#"{"kind":"trade","symbol":"BTC-USDT-SWAP","id":11,"price":"20","quantity":"2","side":"buy","time":"2020-08-10T02:26:23.2Z"}"#;
    let second = r#"{"kind":"trade","symbol":"BTC-USDT-SWAP","id":12,"price":"30","quantity":"3","side":"sell","time":"2020-08-10T02:26:23.3Z"}"#;
    let millis = |ms| Some(quantflow_model::Timestamp::from_millis(ms));
    let of = || symbol("BTC-USDT-SWAP");
    let from_id = Query::TradesFromId {
        symbol: of(),
        from: quantflow_model::TradeId(11),
        limit: 3,
    };
    let by_time = Query::Trades {
        symbol: of(),
        from: millis(1_597_026_383_150),
        to: millis(1_597_026_383_300),
        limit: 3,
    };
    let option = Query::Contract {
        symbol: Some(symbol("BTC-USD-241013-70000-P")),
    };
    let family = r#"{"code":"0","msg":"","data":[
        {"instId":"BTC-USD-241013-60000-P","deltaBS":"1","gammaBS":"1","vegaBS":"1","thetaBS":"1","markVol":"1","ts":"1"},
        {"instId":"BTC-USD-241013-70000-P","deltaBS":"-0.5","gammaBS":"2","vegaBS":"3","thetaBS":"4","markVol":"0.4","ts":"1597026383085"}]}"#;
    let computed = r#"{"kind":"option","symbol":"BTC-USD-241013-70000-P","delta":"-0.5","gamma":"2","vega":"3","theta":"4","markVolatility":"0.4","time":"2020-08-10T02:26:23.085Z"}"#;
    let clock = r#"{"code":"0","msg":"","data":[{"ts":"1597026383085"}]}"#;
    let time = r#"{"kind":"serverTime","time":"2020-08-10T02:26:23.085Z"}"#;
    for (query, body, expected) in [
        (Query::Ticker { symbol: swap() }, ticker, &[quote][..]),
        (Query::BestQuote { symbol: swap() }, ticker, &[quote]),
        (from_id, trades, &[first, second]),
        (by_time, trades, &[first]),
        (option, family, &[computed]),
        (Query::ServerTime, clock, &[time]),
    ] {
        let without_symbol = |bytes: &[u8]| answer(&codec, &query, bytes);
        check_said(&[body], expected, without_symbol);
    }
}
