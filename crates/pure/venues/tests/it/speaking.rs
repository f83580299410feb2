//! Encoding where no recording leads: what the replay venue says of its own.

use quantflow_model::{BookSnapshot, Trade};
use quantflow_model::{Instrument, InstrumentStatus, Side, Timestamp, TradeFlags, TradeId};
use quantflow_venues::BinanceSpot;
use quantflow_venues::binance::{Refusal, TimeUnit};
use quantflow_venues::describe;
use quantflow_wire::{
    Codec, EncodeError, Encoded, Event, EventKind, Input, Notice, Query, TradeEvent,
};
use serde_json::json as value;

use crate::support::{codec, decode, decode_answer, decode_with, encoded, json, venue_symbol};

fn trade(side: Side) -> Event {
    Event {
        symbol: Some(venue_symbol("BTCUSDT")),
        sent: Some(Timestamp::from_nanos(1_723_161_255_343_456_789)),
        kind: EventKind::Trade(TradeEvent {
            trade: Trade {
                id: TradeId(7),
                time: Timestamp::from_nanos(1_723_161_255_342_123_456),
                price: "61837.63".parse().unwrap(),
                quantity: "0.02".parse().unwrap(),
                side,
                flags: TradeFlags::NONE,
                count: 1,
            },
            orders: Some((88, 50)),
        }),
    }
}

#[test]
fn times_are_written_in_the_unit_that_was_chosen() {
    let millis = encoded(&[trade(Side::Sell)], &Encoded::Message);
    assert_eq!(
        millis,
        value!({"e": "trade", "E": 1_723_161_255_343_u64, "s": "BTCUSDT", "t": 7,
            "p": "61837.63000000", "q": "0.02000000", "b": 88, "a": 50,
            "T": 1_723_161_255_342_u64, "m": true, "M": true})
    );
    let codec = codec().with_time_unit(TimeUnit::Microseconds);
    let bytes = codec
        .encode(&[trade(Side::Buy)], &Encoded::Combined)
        .unwrap();
    let micros = json(&bytes);
    assert_eq!(micros["data"]["E"], 1_723_161_255_343_456_u64);
    assert_eq!(micros["data"]["T"], 1_723_161_255_342_123_u64);
    assert_eq!(micros["data"]["m"], false);
    assert_eq!(micros["stream"], "btcusdt@trade");
    // read by the scanner, to the microsecond
    let events = decode_with(&codec, &Input::message(&bytes)).unwrap();
    assert_eq!(codec.stats().fallbacks, 0);
    assert_eq!(
        events[0].sent,
        Some(Timestamp::from_micros(1_723_161_255_343_456))
    );
    assert_eq!(codec.encode(&events, &Encoded::Combined).unwrap(), bytes);
    let spaced = [bytes.as_slice(), b" "].concat();
    decode_with(&codec, &Input::message(&spaced)).unwrap();
    assert_eq!(codec.stats().fallbacks, 1);
}

#[test]
fn what_cannot_be_said_is_an_error_that_says_why() {
    let no_such = |what| EncodeError::NoSuchMessage {
        venue: "binance".parse().unwrap(),
        what,
    };
    let missing = |what, field| EncodeError::Missing { what, field };
    let event = |kind| Event {
        symbol: Some(venue_symbol("BTCUSDT")),
        sent: None,
        kind,
    };
    let empty_book = BookSnapshot {
        checksum: None,
        last_update_id: 1,
        time: None,
        bids: Vec::new(),
        asks: Vec::new(),
    };
    let nameless = Event {
        symbol: None,
        ..trade(Side::Buy)
    };
    for (events, expected) in [
        (vec![], missing("a message", "its one event")),
        (
            vec![trade(Side::Buy), trade(Side::Buy)],
            missing("a message", "its one event"),
        ),
        (
            vec![trade(Side::Unknown)],
            missing("trade", "the taker's side"),
        ),
        (vec![nameless], missing("a message", "symbol")),
        (
            vec![event(EventKind::BookSnapshot(empty_book))],
            no_such("a whole book on a socket"),
        ),
        (
            vec![event(EventKind::Notice(Notice::Heartbeat))],
            no_such("a heartbeat (it pings instead)"),
        ),
        (
            vec![event(EventKind::Notice(Notice::ShuttingDown))],
            missing("serverShutdown", "sent"),
        ),
    ] {
        for as_what in [Encoded::Message, Encoded::Combined] {
            assert_eq!(codec().encode(&events, &as_what), Err(expected.clone()));
        }
    }
    let answer = codec().encode(&[trade(Side::Buy)], &Encoded::Answer(&Query::ServerTime));
    assert_eq!(answer, Err(no_such("such an event as its time")));
}

#[test]
fn notices_and_refusals_are_read_back() {
    for notice in [
        Notice::Subscribed { id: Some(1) },
        Notice::Subscribed { id: None },
        Notice::Refused {
            id: Some(3),
            code: 2,
            message: "Invalid \"request\"".into(),
        },
        Notice::Refused {
            id: None,
            code: -1121,
            message: "Invalid symbol.".into(),
        },
        Notice::ShuttingDown,
    ] {
        let event = Event {
            symbol: None,
            sent: (notice == Notice::ShuttingDown).then(|| Timestamp::from_millis(5)),
            kind: EventKind::Notice(notice),
        };
        for as_what in [Encoded::Message, Encoded::Combined] {
            let bytes = codec()
                .encode(std::slice::from_ref(&event), &as_what)
                .unwrap();
            assert_eq!(decode(&bytes).unwrap(), std::slice::from_ref(&event));
        }
    }
    let refusal = Refusal::unknown_symbol();
    assert_eq!(refusal.status, 400);
    assert_eq!(refusal.body(), br#"{"code":-1121,"msg":"Invalid symbol."}"#);
    assert_eq!(Refusal::too_many_requests().status, 429);
}

#[test]
fn instruments_of_another_venue_keep_its_name() {
    let demo = BinanceSpot::new("demo".parse().unwrap());
    let instrument = Instrument {
        contract: None,
        symbol: "demo:ABC/USDT".parse().unwrap(),
        venue_symbol: venue_symbol("ABCUSDT"),
        status: InstrumentStatus::Trading,
        tick: Some("0.01".parse().unwrap()),
        lot: None,
        minimum_notional: Some("5".parse().unwrap()),
    };
    let event = Event {
        symbol: None,
        sent: Some(Timestamp::from_millis(1_723_161_255_342)),
        kind: EventKind::Instruments(vec![instrument]),
    };
    let query = Query::Instruments;
    let body = demo
        .encode(std::slice::from_ref(&event), &Encoded::Answer(&query))
        .unwrap();
    let input = Input::Answer {
        query: &query,
        body: &body,
    };
    assert_eq!(
        decode_with(&demo, &input).unwrap(),
        std::slice::from_ref(&event)
    );
    // read under another id, it is another venue's symbol
    let other = decode_answer(&query, &body).unwrap();
    let EventKind::Instruments(list) = &other[0].kind else {
        panic!("{other:?}");
    };
    assert_eq!(list[0].symbol.as_str(), "binance:ABC/USDT");
}

#[test]
fn an_asset_that_we_cannot_name_is_left_out_and_counted() {
    let codec = codec();
    let query = Query::Instruments;
    let symbol = |name: &str, base: &str| {
        value!({"symbol": name, "status": "NEW_STATUS", "baseAsset": base, "quoteAsset": "USDT",
            "filters": []})
    };
    let body = value!({"serverTime": 1_723_161_255_342_u64,
        "symbols": [symbol("币安人生USDT", "币安人生"), symbol("BTCUSDT", "BTC")]});
    let body = body.to_string().into_bytes();
    let events = decode_with(
        &codec,
        &Input::Answer {
            query: &query,
            body: &body,
        },
    )
    .unwrap();
    let EventKind::Instruments(list) = &events[0].kind else {
        panic!("{events:?}");
    };
    assert_eq!(list.len(), 1);
    assert_eq!(list[0].status, InstrumentStatus::Unknown);
    assert_eq!((list[0].tick, list[0].lot), (None, None));
    assert_eq!(codec.stats().unnamed_instruments, 1);
}

#[test]
fn events_are_lines_of_json_for_people_and_programs() {
    let notice = Event {
        symbol: None,
        sent: None,
        kind: EventKind::Notice(Notice::Subscribed { id: Some(1) }),
    };
    let lines = describe::events_to_json(&[trade(Side::Sell), notice]);
    let lines: Vec<_> = lines.lines().map(|line| json(line.as_bytes())).collect();
    assert_eq!(
        lines,
        [
            value!({"kind": "trade", "symbol": "BTCUSDT", "sent": "2024-08-08T23:54:15.343456789Z",
                "id": 7, "time": "2024-08-08T23:54:15.342123456Z", "price": "61837.63",
                "quantity": "0.02", "side": "sell", "buyerOrder": 88, "sellerOrder": 50}),
            value!({"kind": "notice", "symbol": null, "sent": null, "notice": "subscribed", "id": 1}),
        ]
    );
    let description = describe::description_to_json(codec().describe());
    assert_eq!(description["id"], "binance");
    assert_eq!(description["timeframes"].as_array().unwrap().len(), 16);
    assert_eq!(description["limits"][0]["amount"], 6_000);
}
