//! What the frames of `errors` say, field by field.

use super::codec;
use super::errors::FRAMES;
use crate::broken::{check_said, message};

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
