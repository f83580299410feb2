//! Bytes that are not Bybit's. The frames are our own, after the venue's documents.

use quantflow_venues::bybit::Market;
use quantflow_wire::{DecodeError, EventKind, Notice, Query};

use super::codec;
use crate::broken::{answer, broken, message, symbol};

pub(super) const FRAMES: [&str; 7] = [
    r#"{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1672304486868,"data":[{"T":1672304486865,"s":"BTCUSDT","S":"Buy","v":"0.001","p":"16578.50","L":"PlusTick","i":"20f43950-d8dd-5b31-9112-a178eb6023af","BT":false,"seq":1783284617}]}"#,
    r#"{"topic":"orderbook.200.BTCUSDT","type":"snapshot","ts":1672304484978,"data":{"s":"BTCUSDT","b":[["16493.50","0.006"]],"a":[["16611.00","0.029"],["16612.00","0.213"]],"u":18521288,"seq":7961638724},"cts":1672304484976}"#,
    r#"{"topic":"orderbook.200.BTCUSDT","type":"delta","ts":1687940967466,"data":{"s":"BTCUSDT","b":[["30247.20","30.028"]],"a":[["30248.70","0"]],"u":177400507,"seq":66544703342},"cts":1687940967464}"#,
    r#"{"topic":"orderbook.1.BTCUSDT","type":"snapshot","ts":1672304484978,"data":{"s":"BTCUSDT","b":[["16493.50","0.006"]],"a":[["16611.00","0.029"]],"u":18521288,"seq":7961638724},"cts":1672304484976}"#,
    r#"{"topic":"tickers.BTCUSDT","type":"delta","cs":24987956059,"ts":1673272861686,"data":{"symbol":"BTCUSDT","bid1Price":"17215.50","bid1Size":"84.489","ask1Price":"17216.00","ask1Size":"83.020","markPrice":"17217.33","openInterest":"68744.761","nextFundingTime":"1673280000000","fundingRate":"-0.000212"}}"#,
    r#"{"topic":"kline.60.BTCUSDT","type":"snapshot","ts":1672324988882,"data":[{"start":1672324800000,"end":1672328399999,"interval":"60","open":"16649.5","close":"16677","high":"16677","low":"16608","volume":"2.081","turnover":"34666.4005","confirm":false,"timestamp":1672324988882}]}"#,
    r#"{"topic":"allLiquidation.ROSEUSDT","type":"snapshot","ts":1739502303204,"data":[{"T":1739502302929,"s":"ROSEUSDT","S":"Sell","v":"20000","p":"0.04499"}]}"#,
];

#[test]
fn broken_frames_are_refused_with_a_reason() {
    let codec = self::codec(Market::Linear);
    let refused = broken(&FRAMES, |bytes| message(&codec, bytes));
    println!("bybit: {refused} broken frames refused");
    let options = self::codec(Market::Option);
    let ticker = r#"{"id":"tickers.BTC-6JAN23-17500-C-2480334983-1672917511074","topic":"tickers.BTC-6JAN23-17500-C","ts":1672917511074,"data":{"symbol":"BTC-6JAN23-17500-C","bidPrice":"0","bidSize":"0","bidIv":"0","askPrice":"10","askSize":"5.1","askIv":"0.514","lastPrice":"10","markPrice":"7.86976724","markPriceIv":"0.4896","underlyingPrice":"16815.1","openInterest":"49.85","delta":"0.047831"},"type":"snapshot"}"#;
    let trades = r#"{"topic":"publicTrade.BTC","type":"snapshot","ts":1672304486868,"data":[{"p":"45","v":"0.01","i":"5b1a3bbe-0b6c-5b2b-8b0e-0f3f4a0b0d6f","T":1672304486865,"BT":false,"s":"BTC-6JAN23-17500-C","S":"Buy"}]}"#;
    broken(&[ticker, trades], |bytes| message(&options, bytes));
    let query = Query::Candles {
        symbol: symbol("BTCUSDT"),
        timeframe: quantflow_model::Timeframe::M1,
        from: None,
        to: None,
        limit: 1,
    };
    let candles = r#"{"retCode":0,"retMsg":"OK","result":{"category":"linear","symbol":"BTCUSDT","list":[["1709891640000","27450","27460","27440","27455","123.45","3390000"]]},"time":1709891679050}"#;
    broken(&[candles], |bytes| answer(&codec, &query, bytes));
}

#[test]
fn what_does_not_fit_is_named() {
    let codec = self::codec(Market::Linear);
    let error = |text: &str| message(&codec, text.as_bytes()).unwrap_err().to_string();
    for (frame, expected) in [
        (
            FRAMES[0].replace("\"16578.50\"", "16578.50"),
            "publicTrade: field \"p\" is 16578.50",
        ),
        (
            FRAMES[0].replacen("BTCUSDT", "ETHUSDT", 1),
            "publicTrade: field \"s\" is \"BTCUSDT\"",
        ),
        (
            FRAMES[0].replace("\"Buy\"", "\"Bid\""),
            "publicTrade: field \"S\" is \"Bid\"",
        ),
        (
            FRAMES[1].replace("\"u\":18521288", "\"u\":-1"),
            "orderbook: field \"u\" is -1",
        ),
        (
            FRAMES[3].replace("snapshot", "delta"),
            "unknown message \"orderbook.1, type \\\"delta\\\"\"",
        ),
        (
            FRAMES[5].replace("kline.60", "kline.7"),
            "unknown message \"topic kline.7\"",
        ),
        (
            FRAMES[5].replace("kline.60.", ""),
            "message: field \"topic\" is \"BTCUSDT\"",
        ),
        ("{}".into(), "unknown message \"{}\""),
    ] {
        assert_eq!(error(&frame), expected);
    }
    let body = br#"{"retCode":10006,"retMsg":"Too many visits!","result":{},"time":1709891679050}"#;
    let refused = DecodeError::Venue {
        code: 10_006,
        message: "Too many visits!".into(),
    };
    assert_eq!(answer(&codec, &Query::ServerTime, body), Err(refused));
}

#[test]
fn only_what_changed_is_said() {
    let codec = self::codec(Market::Linear);
    let events = message(&codec, FRAMES[4].as_bytes()).unwrap();
    let [quote, contract] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert!(matches!(&quote.kind, EventKind::Quote(q) if q.ask.to_string() == "17216"));
    let EventKind::Contract(state) = &contract.kind else {
        panic!("{contract:?}");
    };
    assert_eq!(
        (
            state.index,
            state.funding_rate.unwrap().to_string().as_str()
        ),
        (None, "-0.000212")
    );
    let only_size = br#"{"topic":"tickers.BTCUSDT","type":"delta","ts":1673272861686,"data":{"symbol":"BTCUSDT","bid1Size":"84.489"}}"#;
    assert_eq!(message(&codec, only_size), Ok(vec![]));
}

#[test]
fn words_about_the_connection_are_understood() {
    let codec = self::codec(Market::Linear);
    let notice = |text: &str| match message(&codec, text.as_bytes()).unwrap().remove(0).kind {
        EventKind::Notice(notice) => notice,
        other => panic!("{other:?}"),
    };
    for (frame, expected) in [
        (
            r#"{"success":true,"ret_msg":"","conn_id":"x","req_id":"7","op":"subscribe"}"#,
            Notice::Subscribed { id: Some(7) },
        ),
        (
            r#"{"success":true,"ret_msg":"pong","conn_id":"x","req_id":"","op":"ping"}"#,
            Notice::Heartbeat,
        ),
        (
            r#"{"args":["1672916271846"],"op":"pong"}"#,
            Notice::Heartbeat,
        ),
        (
            r#"{"success":true,"conn_id":"x","data":{"failTopics":[],"successTopics":["tickers.BTC"]},"type":"COMMAND_RESP"}"#,
            Notice::Subscribed { id: None },
        ),
        (
            r#"{"success":false,"ret_msg":"error:handler not found","conn_id":"x","req_id":"1","op":"subscribe"}"#,
            Notice::Refused {
                id: Some(1),
                code: 0,
                message: "error:handler not found".into(),
            },
        ),
    ] {
        assert_eq!(notice(frame), expected);
    }
}
