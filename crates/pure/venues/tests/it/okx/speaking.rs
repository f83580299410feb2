//! Encoding: what is written is read back as it was.

use quantflow_model::{FundingRate, Timeframe};
use quantflow_testkit::recorded::{self, cryptofeed};
use quantflow_wire::{Codec, Encoded, Event, EventKind, Input, Notice, Query};
use serde_json::Value;

use super::codec;
use super::errors::FRAMES;
use crate::broken::{answer, message, symbol};

#[test]
fn every_kind_of_message_is_read_back() {
    let codec = codec();
    for frame in FRAMES {
        let events = message(&codec, frame.as_bytes()).unwrap();
        let bytes = codec.encode(&events, &Encoded::Message).unwrap();
        assert_eq!(message(&codec, &bytes).unwrap(), events, "{frame}");
        let theirs: Value = serde_json::from_str(frame).unwrap();
        let ours: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(theirs["arg"], ours["arg"]);
        assert_eq!(theirs["action"], ours["action"]);
    }
}

/// Recorded messages, but for the old ones of books, which have no numbers to follow each other by.
#[test]
fn recorded_messages_are_read_back() {
    let Some(lines) = cryptofeed::socket("OKX.ws.1.0") else {
        return;
    };
    let codec = codec();
    let mut same = 0;
    for line in lines.iter().filter(|line| !line.sent) {
        let events = message(&codec, &line.payload).unwrap();
        if matches!(events[0].kind, EventKind::BookDelta(_)) {
            continue;
        }
        let bytes = codec.encode(&events, &Encoded::Message).unwrap();
        assert_eq!(message(&codec, &bytes).unwrap(), events);
        same += 1;
    }
    println!("okx: {same} messages read back");
    assert!(same > 100);
    for (file, query) in [
        (
            "http_get_trades.json",
            Query::RecentTrades {
                symbol: symbol("BTC-USDT"),
                limit: 100,
            },
        ),
        (
            "http_get_candlesticks.json",
            Query::Candles {
                symbol: symbol("BTC-USDT"),
                timeframe: Timeframe::M1,
                from: None,
                to: None,
                limit: 100,
            },
        ),
        (
            "http_get_instruments_swap.json",
            Query::InstrumentsOf {
                part: "SWAP".into(),
                after: None,
            },
        ),
        (
            "http_get_instruments_option.json",
            Query::InstrumentsOf {
                part: "OPTION:BTC-USD".into(),
                after: None,
            },
        ),
        (
            "http_get_order_book.json",
            Query::Book {
                symbol: symbol("BTC-USDT"),
                limit: 3,
            },
        ),
        (
            "http_get_mark_price.json",
            Query::Contract {
                symbol: Some(symbol("BTC-USDT-SWAP")),
            },
        ),
    ] {
        let body = recorded::bytes(&format!("rest_ws_nautilus/okx/{file}")).unwrap();
        let events = answer(&codec, &query, &body).unwrap();
        let bytes = codec.encode(&events, &Encoded::Answer(&query)).unwrap();
        assert_eq!(answer(&codec, &query, &bytes).unwrap(), events, "{file}");
    }
}

#[test]
fn answers_and_notices_are_read_back() {
    let codec = codec();
    let of = |symbol, kind| Event {
        symbol,
        sent: None,
        kind,
    };
    let at = quantflow_model::Timestamp::from_millis(1_704_067_200_000);
    let rate = |n: i64| FundingRate {
        time: at.plus_nanos(n * 1_000_000),
        rate: "0.0001".parse().unwrap(),
        mark: None,
    };
    let swap = || Some(symbol("BTC-USDT-SWAP"));
    let ticker = message(&codec, FRAMES[5].as_bytes()).unwrap();
    for (query, events) in [
        (Query::ServerTime, vec![of(None, EventKind::ServerTime(at))]),
        (
            Query::FundingRates {
                symbol: symbol("BTC-USDT-SWAP"),
                from: None,
                to: None,
                limit: 2,
            },
            vec![
                of(swap(), EventKind::Funding(rate(0))),
                of(swap(), EventKind::Funding(rate(1))),
            ],
        ),
        (Query::Ticker { symbol: swap() }, ticker),
    ] {
        let bytes = codec.encode(&events, &Encoded::Answer(&query)).unwrap();
        assert_eq!(answer(&codec, &query, &bytes).unwrap(), events);
        assert!(
            codec
                .encode(&events, &Encoded::Answer(&Query::Instruments))
                .is_err()
        );
    }
    for notice in [
        Notice::Subscribed { id: Some(1) },
        Notice::Subscribed { id: None },
        Notice::Refused {
            id: Some(3),
            code: 60_012,
            message: "Invalid \"request\"".into(),
        },
        Notice::ShuttingDown,
        Notice::Heartbeat,
    ] {
        let event = of(None, EventKind::Notice(notice));
        let bytes = codec
            .encode(std::slice::from_ref(&event), &Encoded::Message)
            .unwrap();
        let mut read = Vec::new();
        codec.decode(&Input::message(&bytes), &mut read).unwrap();
        assert_eq!(read, [event]);
    }
    assert!(codec.encode(&[], &Encoded::Message).is_err());
}
