//! What the frames of `errors` say, field by field.

use quantflow_venues::htx::Market;
use quantflow_wire::Query;

use super::codec;
use super::errors::{LINEAR, SPOT};
use crate::broken::{answer, check_said, message, symbol};

const SAID_OF_SPOT: [&str; 7] = [
    r#"{"kind":"trade","symbol":"btcusdt","id":102523573486,"price":"52648.62","quantity":"0.006754","sent":"2021-09-07T06:09:23.175Z","side":"buy","time":"2021-09-07T06:09:23.173Z"}"#,
    r#"{"kind":"bookSnapshot","symbol":"btcusdt","asks":[["52690.7","0.372591"]],"bids":[["52690.69","0.36281"],["52690.68","0.2"]],"lastUpdateId":136998124622,"sent":"2021-09-07T02:59:09.503Z","time":"2021-09-07T02:59:09.5Z"}"#,
    r#"{"kind":"quote","symbol":"btcusdt","ask":"10009.54","askQuantity":"0.3","bid":"10008.31","bidQuantity":"0.01","sent":"2017-03-14T06:48:02.831Z","time":"2017-03-14T06:48:02.811Z","updateId":10242474683}"#,
    r#"{"kind":"candle","symbol":"btcusdt","close":"8014.56","closeTime":"2017-03-14T04:08:59.999999999Z","high":"14962.77","low":"5110.14","open":"7962.62","openTime":"2017-03-14T04:08:00Z","quoteVolume":"4.4","sent":"2017-03-14T06:48:02.831Z","timeframe":"1m","trades":4,"volume":"1.5"}"#,
    r#"{"kind":"ticker","symbol":"btcusdt","closeTime":"2021-09-07T02:39:30.526Z","high":"52785.64","last":"52735.63","lastQuantity":"0.03","low":"51000","open":"51732","quote":{"ask":"52732.89","askQuantity":"0.583653","bid":"52732.88","bidQuantity":"0.036","time":"2021-09-07T02:39:30.526Z"},"quoteVolume":"687640987.4","sent":"2021-09-07T02:39:30.526Z","trades":448737,"volume":"13259.24"}"#,
    r#"{"kind":"bookDelta","symbol":"btcusdt","asks":[["645.14","26.755973959140651643"]],"bids":[],"firstUpdateId":100020146795,"lastUpdateId":100020146795,"previousUpdateId":100020146794,"sent":"2019-11-08T07:53:28.679Z"}"#,
    r#"{"kind":"bookSnapshot","symbol":"btcusdt","asks":[["651.59","26.241"]],"bids":[["618.37","71.594"]],"lastUpdateId":100020142010,"sent":"2019-11-08T07:53:28.679Z"}"#,
];

const SAID_OF_LINEAR: [&str; 5] = [
    r#"{"kind":"trade","symbol":"BTC-USDT","id":1316022650000,"price":"13073.3","quantity":"2","sent":"2020-10-26T10:30:08.346Z","side":"buy","time":"2020-10-26T10:30:08.335Z"}"#,
    r#"{"kind":"bookDelta","symbol":"BTC-USDT","asks":[["13081.9","0"]],"bids":[["13081.4","4"]],"firstUpdateId":1512,"lastUpdateId":1512,"sent":"2020-10-26T10:33:04.801Z","time":"2020-10-26T10:33:04.793Z"}"#,
    r#"{"kind":"quote","symbol":"BTC-USDT","ask":"13072.3","askQuantity":"205","bid":"13064","bidQuantity":"38","sent":"2020-10-26T10:25:34.526Z","time":"2020-10-26T10:25:34.525Z","updateId":131599726}"#,
    r#"{"kind":"contract","symbol":"BTC-USDT","fundingRate":"-0.000220068774978695","fundingTime":"2020-10-27T08:00:00Z","nextFundingRate":"-0.000684397270167616","sent":"2020-10-27T06:05:48.167Z","time":"2020-10-27T06:05:48.167Z"}"#,
    r#"{"kind":"liquidation","symbol":"BTC-USDT","price":"48689.8","quantity":"1","sent":"2021-12-10T07:43:13.214Z","side":"sell","time":"2021-12-10T07:43:13.172Z"}"#,
];

#[test]
fn every_field_is_where_it_belongs() {
    for (market, frames, said) in [
        (Market::Spot, &SPOT[..], &SAID_OF_SPOT[..]),
        (Market::Linear, &LINEAR[..], &SAID_OF_LINEAR[..]),
    ] {
        let codec = codec(market);
        check_said(frames, said, |bytes| message(&codec, bytes));
    }
}

/// Answers of our own after the documents.
#[test]
fn answers_say_what_was_asked() {
    let codec = codec(Market::Spot);
    let all = r#"{"status":"ok","ts":1629789355531,"data":[{"symbol":"smtusdt","open":0.004659,"high":0.004696,"low":0.0046,"close":0.00468,"amount":36551302.17544405,"vol":170526.0643855023,"count":1709,"bid":0.004651,"bidSize":54300.341,"ask":0.004679,"askSize":1923.4879}]}"#;
    let quote = r#"{"kind":"quote","symbol":"smtusdt","sent":"2021-08-24T07:15:55.531Z","bid":"0.004651","bidQuantity":"54300.341","ask":"0.004679","askQuantity":"1923.4879","time":"2021-08-24T07:15:55.531Z"}"#;
    let merged = r#"{"status":"ok","ch":"market.btcusdt.detail.merged","ts":1629788763750,"tick":{"id":272156789143,"version":272156789143,"open":50080.0,"close":49820.92,"low":48767.0,"high":50500.0,"amount":12055.365781937457,"vol":5.985618685709001E8,"count":420573,"bid":[49819.48,2.58112],"ask":[49819.49,0.002411]}}"#;
    let best = r#"{"kind":"quote","symbol":"btcusdt","sent":"2021-08-24T07:06:03.75Z","bid":"49819.48","bidQuantity":"2.58112","ask":"49819.49","askQuantity":"0.002411","time":"2021-08-24T07:06:03.75Z"}"#;
    let ticker = r#"{"kind":"ticker","symbol":"btcusdt","sent":"2021-08-24T07:06:03.75Z","last":"49820.92","open":"50080","high":"50500","low":"48767","volume":"12055.365781937457","quoteVolume":"598561868.5709001","trades":420573,"closeTime":"2021-08-24T07:06:03.75Z","quote":{"bid":"49819.48","bidQuantity":"2.58112","ask":"49819.49","askQuantity":"0.002411","time":"2021-08-24T07:06:03.75Z"}}"#;
    let trades = r#"{"status":"ok","ch":"market.btcusdt.trade.detail","ts":1629793657842,"data":[
        {"id":2,"ts":2,"data":[{"id":22,"ts":1629793657900,"trade-id":102,"amount":2,"price":20,"direction":"sell"},{"id":21,"ts":1629793657900,"trade-id":101,"amount":1,"price":21,"direction":"sell"}]},
        {"id":1,"ts":1,"data":[{"id":11,"ts":1629793657800,"trade-id":100,"amount":3,"price":10,"direction":"buy"}]}]}"#;
    let trade = |id: u32, price: u32, quantity: u32, side: &str, ms: u32| {
        format!(
            r#"{{"kind":"trade","symbol":"btcusdt","sent":"2021-08-24T08:27:37.842Z","id":{id},"price":"{price}","quantity":"{quantity}","side":"{side}","time":"2021-08-24T08:27:37.{ms}Z"}}"#
        )
    };
    let three = [
        trade(100, 10, 3, "buy", 8),
        trade(101, 21, 1, "sell", 9),
        trade(102, 20, 2, "sell", 9),
    ];
    let three = three.each_ref().map(String::as_str);
    let btc = || Some(symbol("btcusdt"));
    let recent = Query::RecentTrades {
        symbol: symbol("btcusdt"),
        limit: 3,
    };
    let clock = r#"{"status":"ok","data":1629715504949}"#;
    let time = r#"{"kind":"serverTime","time":"2021-08-23T10:45:04.949Z"}"#;
    for (query, body, expected) in [
        (Query::BestQuote { symbol: None }, all, &[quote][..]),
        (Query::BestQuote { symbol: btc() }, merged, &[best]),
        (Query::Ticker { symbol: btc() }, merged, &[ticker]),
        (recent, trades, &three),
        (Query::ServerTime, clock, &[time]),
    ] {
        check_said(&[body], expected, |bytes| answer(&codec, &query, bytes));
    }
}
