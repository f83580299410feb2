//! Bytes that are not HTX's. The frames are our own, after the venue's documents.

use std::io::Write;

use quantflow_model::{Side, Timeframe};
use quantflow_venues::htx::Market;
use quantflow_wire::{Codec, DecodeError, EventKind, Input, Notice, Query, Route};

use super::codec;
use crate::broken::{answer, broken, message, symbol};

pub(super) const SPOT: [&str; 7] = [
    r#"{"ch":"market.btcusdt.trade.detail","ts":1630994963175,"tick":{"id":137005445109,"ts":1630994963173,"data":[{"id":137005445109359286410323766,"ts":1630994963173,"tradeId":102523573486,"amount":0.006754,"price":52648.62,"direction":"buy"}]}}"#,
    r#"{"ch":"market.btcusdt.depth.step0","ts":1630983549503,"tick":{"bids":[[52690.69,0.36281],[52690.68,0.2]],"asks":[[52690.7,0.372591]],"version":136998124622,"ts":1630983549500}}"#,
    r#"{"ch":"market.btcusdt.bbo","ts":1489474082831,"tick":{"symbol":"btcusdt","quoteTime":1489474082811,"bid":"10008.31","bidSize":"0.01","ask":"10009.54","askSize":"0.3","seqId":10242474683}}"#,
    r#"{"ch":"market.btcusdt.kline.1min","ts":1489474082831,"tick":{"id":1489464480,"amount":1.5,"count":4,"open":7962.62,"close":8014.56,"low":5110.14,"high":14962.77,"vol":4.4}}"#,
    r#"{"ch":"market.btcusdt.ticker","ts":1630982370526,"tick":{"open":51732,"high":52785.64,"low":51000,"close":52735.63,"amount":13259.24,"vol":687640987.4,"count":448737,"bid":52732.88,"bidSize":0.036,"ask":52732.89,"askSize":0.583653,"lastPrice":52735.63,"lastSize":0.03}}"#,
    r#"{"ch":"market.btcusdt.mbp.150","ts":1573199608679,"tick":{"seqNum":100020146795,"prevSeqNum":100020146794,"asks":[[645.140000000000000000,26.755973959140651643]]}}"#,
    r#"{"ch":"market.btcusdt.mbp.refresh.20","ts":1573199608679,"tick":{"seqNum":100020142010,"bids":[[618.37,71.594]],"asks":[[651.59,26.241]]}}"#,
];

pub(super) const LINEAR: [&str; 5] = [
    r#"{"ch":"market.BTC-USDT.trade.detail","ts":1603708208346,"tick":{"id":131602265,"ts":1603708208335,"data":[{"amount":2,"quantity":0.002,"trade_turnover":26.1,"ts":1603708208335,"id":1316022650000,"price":13073.3,"direction":"buy"}]}}"#,
    r#"{"ch":"market.BTC-USDT.depth.size_150.high_freq","ts":1603708384801,"tick":{"asks":[[13081.9,0]],"bids":[[13081.4,4]],"ch":"market.BTC-USDT.depth.size_150.high_freq","event":"update","id":131606008,"mrid":131606008,"ts":1603708384793,"version":1512}}"#,
    r#"{"ch":"market.BTC-USDT.bbo","ts":1603707934526,"tick":{"mrid":131599726,"id":1603707934,"bid":[13064,38],"ask":[13072.3,205],"ts":1603707934525,"version":131599726,"ch":"market.BTC-USDT.bbo"}}"#,
    r#"{"op":"notify","topic":"public.BTC-USDT.funding_rate","ts":1603778748167,"data":[{"symbol":"BTC","contract_code":"BTC-USDT","fee_asset":"USDT","funding_time":"1603778700000","funding_rate":"-0.000220068774978695","estimated_rate":"-0.000684397270167616","settlement_time":"1603785600000"}]}"#,
    r#"{"op":"notify","topic":"public.BTC-USDT.liquidation_orders","ts":1639122193214,"data":[{"contract_code":"BTC-USDT","symbol":"BTC","direction":"sell","offset":"close","volume":1,"price":48689.8,"created_at":1639122193172,"amount":0.001,"trade_turnover":48.6898}]}"#,
];

fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut pack = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    pack.write_all(bytes).unwrap();
    pack.finish().unwrap()
}

#[test]
fn broken_frames_are_refused_with_a_reason() {
    let spot = codec(Market::Spot);
    let linear = codec(Market::Linear);
    let refused = broken(&SPOT, |bytes| message(&spot, bytes))
        + broken(&LINEAR, |bytes| message(&linear, bytes));
    println!("htx: {refused} broken frames refused");
    // the same in a package, which routes to all
    let packed = broken(&SPOT[..1], |bytes| message(&spot, &pack(bytes)));
    assert!(packed > 1_000);
    let query = Query::Candles {
        symbol: symbol("btcusdt"),
        timeframe: Timeframe::M1,
        from: None,
        to: None,
        limit: 1,
    };
    let candles = r#"{"ch":"market.btcusdt.kline.1min","status":"ok","ts":1629769247172,"data":[{"id":1629769200,"open":49056.37,"close":49025.51,"low":49022.86,"high":49056.38,"amount":3.946281917950917,"vol":193489.67275732,"count":196}]}"#;
    broken(&[candles], |bytes| answer(&spot, &query, bytes));
}

#[test]
fn every_byte_of_a_package_may_be_anything() {
    let codec = codec(Market::Spot);
    let whole = pack(SPOT[0].as_bytes());
    assert!(message(&codec, &whole).is_ok());
    for at in 0..whole.len() {
        for byte in [0, 1, 0x7f, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] = byte;
            let _ = message(&codec, &bytes);
            let _ = codec.reply(&bytes);
        }
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let error = |market, text: &str| {
        message(&codec(market), text.as_bytes())
            .unwrap_err()
            .to_string()
    };
    for (frame, expected) in [
        (
            SPOT[0].replace("52648.62", "null"),
            "trade: field \"price\" is null",
        ),
        (
            SPOT[0].replace("market.btcusdt.trade.detail", "market.btcusdt"),
            "message: field \"ch\" is \"market.btcusdt\"",
        ),
        (
            SPOT[3].replace("kline.1min", "kline.1day"),
            "unknown message \"channel kline.1day\"",
        ),
        (
            SPOT[1].replace("step0", "step1"),
            "unknown message \"channel depth.step1\"",
        ),
        (
            SPOT[3].replace("\"amount\":1.5,", ""),
            "kline: field \"amount\" is missing",
        ),
        (
            r#"{"rep":"market.btcusdt.mbp.150","status":"ok"}"#.into(),
            "unknown message \"{rep,status}\"",
        ),
    ] {
        assert_eq!(error(Market::Spot, &frame), expected);
    }
    assert_eq!(
        error(
            Market::Linear,
            &LINEAR[3].replacen("BTC-USDT", "ETH-USDT", 1)
        ),
        "public: field \"contract_code\" is \"BTC-USDT\""
    );
    let spot = br#"{"ts":1489474081631,"status":"error","err-code":"invalid-parameter","err-msg":"invalid symbol"}"#;
    let linear =
        br#"{"status":"error","err_code":1332,"err_msg":"The contract doesnt exist.","ts":1}"#;
    let refused = |code, message: &str| {
        Err(DecodeError::Venue {
            code,
            message: message.into(),
        })
    };
    assert_eq!(
        answer(&codec(Market::Spot), &Query::ServerTime, spot),
        refused(0, "invalid-parameter: invalid symbol")
    );
    assert_eq!(
        answer(&codec(Market::Linear), &Query::ServerTime, linear),
        refused(1_332, "The contract doesnt exist.")
    );
    let other = Query::Book {
        symbol: symbol("ethusdt"),
        limit: 1,
    };
    let body =
        br#"{"status":"ok","ch":"market.btcusdt.depth.step0","ts":1,"tick":{"bids":[],"asks":[]}}"#;
    assert!(
        answer(&codec(Market::Spot), &other, body).is_err(),
        "about another symbol than was asked"
    );
}

#[test]
fn words_about_the_connection_are_understood() {
    let codec = codec(Market::Linear);
    for (frame, expected, reply) in [
        (
            r#"{"ping":1492420473027}"#,
            Notice::Heartbeat,
            Some(r#"{"pong":1492420473027}"#),
        ),
        (
            r#"{"op":"ping","ts":"1492420473058"}"#,
            Notice::Heartbeat,
            Some(r#"{"op":"pong","ts":"1492420473058"}"#),
        ),
        (
            r#"{"id":"3","status":"ok","subbed":"market.btcusdt.bbo","ts":1489474081631}"#,
            Notice::Subscribed { id: Some(3) },
            None,
        ),
        (
            r#"{"op":"sub","cid":"4","topic":"public.BTC-USDT.funding_rate","ts":1,"err-code":0}"#,
            Notice::Subscribed { id: Some(4) },
            None,
        ),
        (
            r#"{"op":"sub","cid":"4","topic":"x","ts":1,"err-code":2011,"err-msg":"wrong topic"}"#,
            Notice::Refused {
                id: Some(4),
                code: 0,
                message: "2011: wrong topic".into(),
            },
            None,
        ),
        (
            r#"{"id":"id2","status":"error","err-code":"bad-request","err-msg":"invalid topic","ts":1494301904959}"#,
            Notice::Refused {
                id: None,
                code: 0,
                message: "bad-request: invalid topic".into(),
            },
            None,
        ),
        (r#"{"op":"close","ts":1}"#, Notice::ShuttingDown, None),
    ] {
        for bytes in [frame.as_bytes().to_vec(), pack(frame.as_bytes())] {
            let events = message(&codec, &bytes).unwrap();
            assert_eq!(events[0].kind, EventKind::Notice(expected.clone()));
            assert_eq!(codec.reply(&bytes).as_deref(), reply);
        }
    }
    let packed = pack(SPOT[0].as_bytes());
    assert_eq!(codec.route(&Input::message(&packed)), Route::All);
    let plain = Input::message(SPOT[0].as_bytes());
    assert_eq!(codec.route(&plain), Route::Symbol("btcusdt"));
}

#[test]
fn contracts_are_told_of() {
    let codec = codec(Market::Linear);
    let kind = |frame: &str| message(&codec, frame.as_bytes()).unwrap().remove(0).kind;
    let EventKind::Contract(state) = kind(LINEAR[3]) else {
        panic!()
    };
    assert_eq!(
        state.funding_rate,
        Some("-0.000220068774978695".parse().unwrap())
    );
    assert_eq!(state.funding_time.unwrap().millis(), 1_603_785_600_000);
    let EventKind::Liquidation(order) = kind(LINEAR[4]) else {
        panic!()
    };
    assert_eq!(
        (order.side, order.quantity.to_string()),
        (Side::Sell, "1".into())
    );
    let EventKind::BookDelta(delta) = kind(LINEAR[1]) else {
        panic!()
    };
    assert_eq!(
        (delta.first_update_id, delta.asks[0].quantity.0.is_zero()),
        (1_512, true)
    );
    let EventKind::Quote(quote) = kind(LINEAR[2]) else {
        panic!()
    };
    assert_eq!(
        (quote.bid.to_string(), quote.ask_quantity.to_string()),
        ("13064".into(), "205".into())
    );
}

/// Some sums have more digits than a float ever had.
#[test]
fn sums_of_too_many_digits_are_cut() {
    let frame = SPOT[4].replace("13259.24", "476.273554886025999507281020778680460635");
    let events = message(&codec(Market::Spot), frame.as_bytes()).unwrap();
    let EventKind::Ticker(ticker) = &events[0].kind else {
        panic!("{events:?}");
    };
    assert_eq!(ticker.volume.unwrap().to_string(), "476.273554886025999507");
}
