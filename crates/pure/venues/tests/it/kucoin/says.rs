//! What the frames of `errors` say, field by field.

use super::codec;
use super::errors::FRAMES;
use crate::broken::{check_said, message};

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
