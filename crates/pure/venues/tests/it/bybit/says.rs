//! What the frames of `errors` say, field by field.

use quantflow_venues::bybit::Market;

use super::codec;
use super::errors::FRAMES;
use crate::broken::{check_said, message};

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
