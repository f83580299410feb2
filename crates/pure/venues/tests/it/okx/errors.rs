//! Bytes that are not OKX's. The frames are our own, after the venue's documents.

use quantflow_wire::{DecodeError, EventKind, Notice, Query};

use super::codec;
use crate::broken::{answer, broken, message, symbol};

pub(super) const FRAMES: [&str; 12] = [
    r#"{"arg":{"channel":"trades-all","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"130639474","px":"42219.9","sz":"0.12060306","side":"buy","ts":"1630048897897"}]}"#,
    r#"{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"130639474","px":"42219.9","sz":"0.12060306","side":"sell","ts":"1630048897897","count":"3"}]}"#,
    r#"{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"snapshot","data":[{"asks":[["8476.98","415","0","13"],["8477","7","0","2"]],"bids":[["8476.97","256","0","12"]],"ts":"1597026383085","checksum":-855196043,"prevSeqId":-1,"seqId":123456}]}"#,
    r#"{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[["8476.98","0","0","0"]],"bids":[],"ts":"1597026383185","checksum":855196043,"prevSeqId":123456,"seqId":123457}]}"#,
    r#"{"arg":{"channel":"bbo-tbt","instId":"BTC-USDT"},"data":[{"asks":[["8476.98","415","0","13"]],"bids":[["8476.97","256","0","12"]],"ts":"1597026383085","seqId":123456}]}"#,
    r#"{"arg":{"channel":"tickers","instId":"BTC-USDT-SWAP"},"data":[{"instType":"SWAP","instId":"BTC-USDT-SWAP","last":"9999.99","lastSz":"0.1","askPx":"9999.99","askSz":"11","bidPx":"8888.88","bidSz":"5","open24h":"9000","high24h":"10000","low24h":"8888.88","volCcy24h":"2222","vol24h":"2222","sodUtc0":"2222","sodUtc8":"2222","ts":"1597026383085"}]}"#,
    r#"{"arg":{"channel":"candle1m","instId":"BTC-USDT"},"data":[["1597026360000","8533.02","8553.74","8527.17","8548.26","45247","529.5858061","5529.5858061","0"]]}"#,
    r#"{"arg":{"channel":"funding-rate","instId":"BTC-USD-SWAP"},"data":[{"fundingRate":"0.0001875391284828","fundingTime":"1700726400000","instId":"BTC-USD-SWAP","instType":"SWAP","nextFundingRate":"","nextFundingTime":"1700755200000","ts":"1700724675402"}]}"#,
    r#"{"arg":{"channel":"open-interest","instId":"LTC-USD-SWAP"},"data":[{"instType":"SWAP","instId":"LTC-USD-SWAP","oi":"5000","oiCcy":"555.55","oiUsd":"50000","ts":"1743041250440"}]}"#,
    r#"{"arg":{"channel":"liquidation-orders","instType":"SWAP"},"data":[{"details":[{"bkLoss":"0","bkPx":"0.007831","ccy":"","posSide":"short","side":"buy","sz":"13","ts":"1692266434010"}],"instFamily":"IOST-USDT","instId":"IOST-USDT-SWAP","instType":"SWAP","uly":"IOST-USDT"}]}"#,
    r#"{"arg":{"channel":"opt-summary","instFamily":"BTC-USD"},"data":[{"instType":"OPTION","instId":"BTC-USD-241013-70000-P","uly":"BTC-USD","delta":"-1.1180902625","gamma":"2.2361957091","vega":"0.0000000001","theta":"0.0000032334","lever":"8.465747567","markVol":"0.3675503331","bidVol":"0","askVol":"1.1669998535","realVol":"","deltaBS":"-0.9999672034","gammaBS":"0.0000000002","thetaBS":"28.2649858387","vegaBS":"0.0000114332","ts":"1728703155650","fwdPx":"62604.6993093463","volLv":"0.2044711229"}]}"#,
    r#"{"arg":{"channel":"mark-price","instId":"LTC-USD-190628"},"data":[{"instType":"FUTURES","instId":"LTC-USD-190628","markPx":"0.1","ts":"1597026383085"}]}"#,
];

#[test]
fn broken_frames_are_refused_with_a_reason() {
    let codec = codec();
    let refused = broken(&FRAMES, |bytes| message(&codec, bytes));
    println!("okx: {refused} broken frames refused");
    let recent = Query::RecentTrades {
        symbol: symbol("BTC-USDT"),
        limit: 5,
    };
    let body = r#"{"code":"0","msg":"","data":[{"instId":"BTC-USDT","side":"sell","sz":"0.00013669","px":"102537.9","tradeId":"734864333","ts":"1747087163557"}]}"#;
    broken(&[body], |bytes| answer(&codec, &recent, bytes));
}

#[test]
fn what_does_not_fit_is_named() {
    let codec = codec();
    let error = |text: &str| message(&codec, text.as_bytes()).unwrap_err().to_string();
    for (frame, expected) in [
        (
            FRAMES[0].replace("\"42219.9\"", "42219.9"),
            "trades: field \"px\" is 42219.9",
        ),
        (
            FRAMES[0].replacen("\"BTC-USDT\"", "\"ETH-USDT\"", 1),
            "trades: field \"instId\" is \"BTC-USDT\"",
        ),
        (
            FRAMES[0].replace("\"sz\"", "\"size\""),
            "trades: field \"sz\" is missing",
        ),
        (
            FRAMES[0].replace("buy", "bid"),
            "trades: field \"side\" is \"bid\"",
        ),
        (
            FRAMES[0].replace("1630048897897", "-1630048897897"),
            "trades: field \"ts\" is \"-1630048897897\"",
        ),
        (
            FRAMES[1].replace("\"3\"", "\"0\""),
            "trades: field \"count\" is \"0\"",
        ),
        (
            FRAMES[6].replace("candle1m", "candle1D"),
            "unknown message \"channel candle1D\"",
        ),
        (
            FRAMES[2].replace("snapshot", "other"),
            "unknown message \"channel books, action \\\"other\\\"\"",
        ),
        (
            FRAMES[11].replace("markPx", "other"),
            "contract: field \"markPx\" is missing",
        ),
        (
            r#"{"event":"login","code":"0"}"#.into(),
            "unknown message \"event \\\"login\\\"\"",
        ),
        ("[]".into(), "unknown message \"a list of 0\""),
    ] {
        assert_eq!(error(&frame), expected);
    }
    let body = br#"{"code":"50011","msg":"Too Many Requests","data":[]}"#;
    let refused = answer(&codec, &Query::ServerTime, body);
    let code = 50_011;
    let message_of = "Too Many Requests".to_owned();
    assert_eq!(
        refused,
        Err(DecodeError::Venue {
            code,
            message: message_of
        })
    );
}

#[test]
fn words_about_the_connection_are_understood() {
    let codec = codec();
    let notice = |text: &str| match message(&codec, text.as_bytes()).unwrap().remove(0).kind {
        EventKind::Notice(notice) => notice,
        other => panic!("{other:?}"),
    };
    assert_eq!(notice("pong"), Notice::Heartbeat);
    assert_eq!(
        notice(
            r#"{"id":"1512","event":"subscribe","arg":{"channel":"tickers","instId":"BTC-USDT"},"connId":"a4d3ae55"}"#
        ),
        Notice::Subscribed { id: Some(1_512) }
    );
    assert_eq!(
        notice(r#"{"event":"error","code":"60012","msg":"Invalid request","connId":"a4d3ae55"}"#),
        Notice::Refused {
            id: None,
            code: 60_012,
            message: "Invalid request".into()
        }
    );
    assert_eq!(
        notice(
            r#"{"event":"notice","code":"64008","msg":"The connection will soon be closed.","connId":"a4d3ae55"}"#
        ),
        Notice::ShuttingDown
    );
    assert_eq!(
        notice(
            r#"{"event":"channel-conn-count","channel":"orders","connCount":"2","connId":"abcd1234"}"#
        ),
        Notice::Heartbeat
    );
}
