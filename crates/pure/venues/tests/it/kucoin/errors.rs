//! Bytes that are not KuCoin's. The frames are our own, after the venue's documents.

use quantflow_model::Timeframe;
use quantflow_wire::{DecodeError, EventKind, Notice, Query};

use super::codec;
use crate::broken::{answer, broken, message, symbol};

pub(super) const FRAMES: [&str; 7] = [
    r#"{"topic":"/market/match:BTC-USDT","type":"message","subject":"trade.l3match","data":{"makerOrderId":"671b5007389355000701b1d3","price":"67523","sequence":"11067996711960577","side":"buy","size":"0.003","symbol":"BTC-USDT","takerOrderId":"671b50161777ff00074c168d","time":"1729843222921000000","tradeId":"11067996711960577","type":"match"}}"#,
    r#"{"topic":"/market/level2:BTC-USDT","type":"message","subject":"trade.l2update","data":{"changes":{"asks":[["67993.3","1.21427407","14701689783"]],"bids":[["0","0","14701689784"]]},"sequenceEnd":14701689784,"sequenceStart":14701689783,"symbol":"BTC-USDT","time":1729816425625}}"#,
    r#"{"topic":"/market/ticker:BTC-USDT","type":"message","subject":"trade.ticker","data":{"bestAsk":"67218.7","bestAskSize":"1.92318539","bestBid":"67218.6","bestBidSize":"0.01045638","price":"67220","sequence":"14691455768","size":"0.00004316","time":1729757723612}}"#,
    r#"{"topic":"/spotMarket/level1:BTC-USDT","type":"message","subject":"level1","data":{"asks":["68145.8","0.51987471"],"bids":["68145.7","1.29267802"],"timestamp":1729816058766}}"#,
    r#"{"topic":"/spotMarket/level2Depth50:BTC-USDT","type":"message","subject":"level2","data":{"asks":[["67964.3","0.08183377"]],"bids":[["67964.2","1.35483359"]],"timestamp":1729822226746}}"#,
    r#"{"topic":"/market/candles:BTC-USDT_1hour","type":"message","subject":"trade.candles.update","data":{"symbol":"BTC-USDT","candles":["1729839600","67644.9","67437.6","67724.8","67243.8","44.88321441","3027558.991928447"],"time":1729842192785164840}}"#,
    r#"{"topic":"/market/snapshot:BTC-USDT","type":"message","subject":"trade.snapshot","data":{"sequence":"14691517895","data":{"buy":67158.4,"changePrice":-1196.4,"changeRate":-0.0175,"close":67158.5,"datetime":1729758286011,"high":68471.0,"lastTradedPrice":67158.5,"low":66620.1,"open":68354.9,"sell":67158.5,"symbol":"BTC-USDT","vol":2119.8,"volValue":142873041.7}}}"#,
];

#[test]
fn broken_frames_are_refused_with_a_reason() {
    let codec = codec();
    let refused = broken(&FRAMES, |bytes| message(&codec, bytes));
    println!("kucoin: {refused} broken frames refused");
    let query = Query::Candles {
        symbol: symbol("BTC-USDT"),
        timeframe: Timeframe::M1,
        from: None,
        to: None,
        limit: 9,
    };
    let candles = r#"{"code":"200000","data":[["1566789720","10411.5","10401.9","10411.5","10396.3","29.11357276","302889.301529914"]]}"#;
    broken(&[candles], |bytes| answer(&codec, &query, bytes));
    let token = r#"{"code":"200000","data":{"token":"2neAiuYvAU61==.b6i9Y","instanceServers":[{"endpoint":"wss://ws-api-spot.kucoin.com/","encrypt":true,"protocol":"websocket","pingInterval":18000,"pingTimeout":10000}]}}"#;
    broken(&[token], |bytes| {
        answer(&codec, &Query::SocketAddress, bytes)
    });
}

#[test]
fn what_does_not_fit_is_named() {
    let codec = codec();
    let error = |text: &str| message(&codec, text.as_bytes()).unwrap_err().to_string();
    for (frame, expected) in [
        (
            FRAMES[0].replace("\"67523\"", "\"\""),
            "data: field \"price\" is \"\"",
        ),
        (
            FRAMES[0].replacen("BTC-USDT", "ETH-USDT", 1),
            "data: field \"symbol\" is \"BTC-USDT\"",
        ),
        (
            FRAMES[0].replacen("BTC-USDT", "BTC", 1),
            "message: field \"topic\" is \"/market/match:BTC\"",
        ),
        (
            FRAMES[1].replace("14701689783,\"symbol\"", "14701689785,\"symbol\""),
            "data: field \"sequenceEnd\" is 14701689784",
        ),
        (
            FRAMES[5].replace("1hour", "1week"),
            "unknown message \"candles of 1week\"",
        ),
        (
            r#"{"type":"message","topic":"/x:A-B","subject":"y","data":1}"#.into(),
            "unknown message \"topic /x, y\"",
        ),
        (
            r#"{"type":"other"}"#.into(),
            "unknown message \"type \\\"other\\\"\"",
        ),
    ] {
        assert_eq!(error(&frame), expected);
    }
    let body = br#"{"code":"429000","msg":"Too Many Requests"}"#;
    let refused = DecodeError::Venue {
        code: 429_000,
        message: "Too Many Requests".into(),
    };
    assert_eq!(answer(&codec, &Query::ServerTime, body), Err(refused));
}

#[test]
fn a_price_of_nothing_only_counts_on() {
    let events = message(&codec(), FRAMES[1].as_bytes()).unwrap();
    let EventKind::BookDelta(delta) = &events[0].kind else {
        panic!("{events:?}");
    };
    assert_eq!((delta.bids.len(), delta.asks.len()), (0, 1));
    assert_eq!(
        (delta.first_update_id, delta.last_update_id),
        (14_701_689_783, 14_701_689_784)
    );
}

#[test]
fn words_about_the_connection_are_understood() {
    let codec = codec();
    for (frame, expected) in [
        (r#"{"id":"NSkIrWGB1s","type":"welcome"}"#, Notice::Heartbeat),
        (
            r#"{"id":"ping","type":"pong","timestamp":1}"#,
            Notice::Heartbeat,
        ),
        (
            r#"{"id":"3","type":"ack"}"#,
            Notice::Subscribed { id: Some(3) },
        ),
        (
            r#"{"id":"2","type":"error","code":404,"data":"topic /x is not found"}"#,
            Notice::Refused {
                id: Some(2),
                code: 404,
                message: "topic /x is not found".into(),
            },
        ),
    ] {
        let events = message(&codec, frame.as_bytes()).unwrap();
        assert_eq!(events[0].kind, EventKind::Notice(expected));
    }
}
