//! What the frames of `errors` say, field by field.

use quantflow_venues::bybit::Market;
use quantflow_wire::Query;

use super::codec;
use super::errors::FRAMES;
use crate::broken::{answer, check_said, message, symbol};

const SAID: [&str; 8] = [
    r#"{"kind":"trade","symbol":"BTCUSDT","id":"43803378801316580537883803377582744495","price":"16578.5","quantity":"0.001","sent":"2022-12-29T09:01:26.868Z","side":"buy","time":"2022-12-29T09:01:26.865Z"}"#,
    r#"{"kind":"bookSnapshot","symbol":"BTCUSDT","asks":[["16611","0.029"],["16612","0.213"]],"bids":[["16493.5","0.006"]],"lastUpdateId":18521288,"sent":"2022-12-29T09:01:24.978Z","time":"2022-12-29T09:01:24.976Z"}"#,
    r#"{"kind":"bookDelta","symbol":"BTCUSDT","asks":[["30248.7","0"]],"bids":[["30247.2","30.028"]],"firstUpdateId":177400507,"lastUpdateId":177400507,"sent":"2023-06-28T08:29:27.466Z","time":"2023-06-28T08:29:27.464Z"}"#,
    r#"{"kind":"quote","symbol":"BTCUSDT","ask":"16611","askQuantity":"0.029","bid":"16493.5","bidQuantity":"0.006","sent":"2022-12-29T09:01:24.978Z","time":"2022-12-29T09:01:24.976Z","updateId":18521288}"#,
    r#"{"kind":"quote","symbol":"BTCUSDT","ask":"17216","askQuantity":"83.02","bid":"17215.5","bidQuantity":"84.489","sent":"2023-01-09T14:01:01.686Z","time":"2023-01-09T14:01:01.686Z"}"#,
    r#"{"kind":"contract","symbol":"BTCUSDT","fundingRate":"-0.000212","fundingTime":"2023-01-09T16:00:00Z","mark":"17217.33","openInterest":"68744.761","sent":"2023-01-09T14:01:01.686Z","time":"2023-01-09T14:01:01.686Z"}"#,
    r#"{"kind":"candle","symbol":"BTCUSDT","close":"16677","closeTime":"2022-12-29T15:39:59.999Z","closed":false,"high":"16677","low":"16608","open":"16649.5","openTime":"2022-12-29T14:40:00Z","quoteVolume":"34666.4005","sent":"2022-12-29T14:43:08.882Z","timeframe":"1h","volume":"2.081"}"#,
    r#"{"kind":"liquidation","symbol":"ROSEUSDT","price":"0.04499","quantity":"20000","sent":"2025-02-14T03:05:03.204Z","side":"buy","time":"2025-02-14T03:05:02.929Z"}"#,
];

#[test]
fn every_field_is_where_it_belongs() {
    let codec = codec(Market::Linear);
    check_said(&FRAMES, &SAID, |bytes| message(&codec, bytes));
}

/// Answers of our own after the documents: of a ticker each question takes its part.
#[test]
fn answers_say_what_was_asked() {
    let btc = || Some(symbol("BTCUSDT"));
    let linear = r#"{"retCode":0,"retMsg":"OK","result":{"category":"linear","list":[{"symbol":"BTCUSDT","lastPrice":"16597.00","indexPrice":"16598.54","markPrice":"16596.00","prevPrice24h":"16464.50","highPrice24h":"30912.50","lowPrice24h":"15700.00","openInterest":"373.5","openInterestValue":"6198606.0","turnover24h":"2352.94950046","volume24h":"49337318","fundingRate":"-0.001034","nextFundingTime":"1672387200000","predictedDeliveryPrice":"","ask1Size":"1","bid1Price":"16596.00","ask1Price":"16597.50","bid1Size":"2"}]},"retExtInfo":{},"time":1672376496682}"#;
    let ticker = r#"{"kind":"ticker","symbol":"BTCUSDT","sent":"2022-12-30T05:01:36.682Z","last":"16597","open":"16464.5","high":"30912.5","low":"15700","volume":"49337318","quoteVolume":"2352.94950046","closeTime":"2022-12-30T05:01:36.682Z","quote":{"bid":"16596","bidQuantity":"2","ask":"16597.5","askQuantity":"1","time":"2022-12-30T05:01:36.682Z"}}"#;
    let quote = r#"{"kind":"quote","symbol":"BTCUSDT","sent":"2022-12-30T05:01:36.682Z","bid":"16596","bidQuantity":"2","ask":"16597.5","askQuantity":"1","time":"2022-12-30T05:01:36.682Z"}"#;
    let state = r#"{"kind":"contract","symbol":"BTCUSDT","sent":"2022-12-30T05:01:36.682Z","time":"2022-12-30T05:01:36.682Z","mark":"16596","index":"16598.54","fundingRate":"-0.001034","fundingTime":"2022-12-30T08:00:00Z","openInterest":"373.5","openInterestValue":"6198606"}"#;
    let open = r#"{"retCode":0,"retMsg":"OK","result":{"symbol":"BTCUSDT","category":"linear","list":[{"openInterest":"461134384.00","timestamp":"1669571400000"}],"nextPageCursor":""},"time":1672053548579}"#;
    let interest = r#"{"kind":"contract","symbol":"BTCUSDT","sent":"2022-12-26T11:19:08.579Z","time":"2022-11-27T17:50:00Z","openInterest":"461134384"}"#;
    let clock = r#"{"retCode":0,"retMsg":"OK","result":{"timeSecond":"1688639403","timeNano":"1688639403423213947"},"time":1688639403423}"#;
    let time = r#"{"kind":"serverTime","sent":"2023-07-06T10:30:03.423Z","time":"2023-07-06T10:30:03.423213947Z"}"#;
    let codec = self::codec(Market::Linear);
    for (query, body, expected) in [
        (Query::Ticker { symbol: btc() }, linear, ticker),
        (Query::Ticker { symbol: None }, linear, ticker),
        (Query::BestQuote { symbol: btc() }, linear, quote),
        (Query::Contract { symbol: btc() }, linear, state),
        (
            Query::OpenInterest {
                symbol: symbol("BTCUSDT"),
            },
            open,
            interest,
        ),
        (Query::ServerTime, clock, time),
    ] {
        check_said(&[body], &[expected], |bytes| answer(&codec, &query, bytes));
    }
    let other = Query::Ticker {
        symbol: Some(symbol("ETHUSDT")),
    };
    assert!(
        answer(&codec, &other, linear.as_bytes()).is_err(),
        "about another symbol"
    );
    // turnover and the worth of what is open are in the base there
    let inverse = self::codec(Market::Inverse);
    let events = answer(&inverse, &Query::Ticker { symbol: None }, linear.as_bytes()).unwrap();
    assert!(
        !crate::broken::said(&events)[0]
            .to_string()
            .contains("quoteVolume")
    );
    let option = r#"{"retCode":0,"retMsg":"OK","result":{"category":"option","list":[{"symbol":"BTC-30DEC22-18000-C","bid1Price":"0","bid1Size":"0","bid1Iv":"0","ask1Price":"435","ask1Size":"0.66","ask1Iv":"5","lastPrice":"435","markPrice":"0.00000009","indexPrice":"16600.55","markIv":"0.7567","underlyingPrice":"16590.42","openInterest":"6.3","delta":"0.00000001","gamma":"0.00000002","vega":"0.00000004","theta":"-0.00000152"}]},"time":1672376592395}"#;
    let computed = r#"{"kind":"option","symbol":"BTC-30DEC22-18000-C","sent":"2022-12-30T05:03:12.395Z","time":"2022-12-30T05:03:12.395Z","mark":"0.00000009","underlying":"16590.42","markVolatility":"0.7567","bidVolatility":"0","askVolatility":"5","delta":"0.00000001","gamma":"0.00000002","vega":"0.00000004","theta":"-0.00000152","openInterest":"6.3"}"#;
    let query = Query::Contract {
        symbol: Some(symbol("BTC-30DEC22-18000-C")),
    };
    let options = self::codec(Market::Option);
    check_said(&[option], &[computed], |bytes| {
        answer(&options, &query, bytes)
    });
}
