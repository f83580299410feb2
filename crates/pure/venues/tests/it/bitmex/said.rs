//! What BitMEX says, in bytes of our own after its documents.

use quantflow_model::{Side, Timestamp};
use quantflow_wire::{Bindings, Codec, DecodeError, EventKind, Input, Notice, Query};

use super::{codec, read};
use crate::support::book;
use crate::trial::checked;

/// A message before the first of its book has no price.
#[test]
fn a_change_of_a_book_that_did_not_begin_is_named() {
    let change = r#"{"table":"orderBookL2","action":"update","data":[{"symbol":"XBTUSD","id":8796641100,"side":"Sell","size":500}]}"#;
    let error = read(change, Bindings::NONE).unwrap_err();
    assert_eq!(error.name(), "missing-field");
    let mut bindings = Bindings::default();
    let begin = |symbol: &str, second: u64| {
        format!(
            r#"{{"table":"orderBookL2_25","action":"partial","keys":["symbol","id","side"],"data":[{{"symbol":"{symbol}","id":8796641150,"side":"Sell","size":500,"price":33588.5}},{{"symbol":"{symbol}","id":{second},"side":"Buy","size":500,"price":33588}}]}}"#
        )
    };
    let codec = codec();
    assert!(!codec.bind(begin("XBTUSD", 8_796_641_201).as_bytes(), &mut bindings));
    assert!(bindings.is_empty(), "levels that do not agree bind nothing");
    assert!(codec.bind(begin("XBTUSD", 8_796_641_200).as_bytes(), &mut bindings));
    assert!(!codec.bind(begin("XBTUSD", 8_796_641_200).as_bytes(), &mut bindings));
    let EventKind::BookDelta(delta) = read(change, &bindings).unwrap().remove(0).kind else {
        panic!()
    };
    assert_eq!(delta.asks[0].price, "33589".parse().unwrap());
    // another symbol's number means nothing for this one
    let foreign = change.replace("XBTUSD", "ETHUSD");
    assert_eq!(
        read(&foreign, &bindings).unwrap_err().name(),
        "missing-field"
    );
    // newer messages say the price, and it counts
    let said = change.replace("\"size\":500", "\"size\":500,\"price\":1.5");
    let EventKind::BookDelta(delta) = read(&said, &bindings).unwrap().remove(0).kind else {
        panic!()
    };
    assert_eq!(delta.asks[0].price, "1.5".parse().unwrap());
}

/// Bytes of our own, after the documents.
#[test]
fn each_kind_of_message_says_what_it_says() {
    let one = |text: &str| {
        let mut events = read(text, Bindings::NONE).unwrap();
        assert_eq!(events.len(), 1, "{text}");
        events.remove(0).kind
    };
    let bin = r#"{"table":"tradeBin1m","action":"insert","data":[{"timestamp":"2021-07-22T22:37:00.000Z","symbol":"XBTUSD","open":32180,"high":32190.5,"low":32179,"close":32180.5,"trades":12,"volume":2000,"vwap":32181.1,"lastSize":100,"turnover":6214940,"homeNotional":0.0621494,"foreignNotional":2000}]}"#;
    let EventKind::Candle(candle) = one(bin) else {
        panic!()
    };
    assert_eq!(candle.open_time, "2021-07-22T22:36:00Z".parse().unwrap());
    assert_eq!((candle.trades, candle.closed), (Some(12), Some(true)));
    let trade = r#"{"table":"trade","action":"insert","data":[{"timestamp":"2021-07-22T22:36:11.685Z","symbol":"XBTUSD","side":"Sell","size":100,"price":32180.5,"trdMatchID":"00000000-0000-0000-0000-0000000000ff"}]}"#;
    let EventKind::Trade(trade) = one(trade) else {
        panic!()
    };
    assert_eq!((trade.trade.id.0, trade.trade.side), (255, Side::Sell));
    let index = r#"{"table":"trade","action":"insert","data":[{"timestamp":"2021-07-22T22:36:11.685Z","symbol":".BXBT","side":"Sell","size":0,"price":32180.5,"trdMatchID":"00000000-0000-0000-0000-000000000000"}]}"#;
    assert_eq!(read(index, Bindings::NONE), Ok(vec![]));
    let row = r#"{"table":"instrument","action":"update","data":[{"symbol":"XBTUSD","lastPrice":5,"lastChangePcnt":-0.0123,"fundingRate":0.0001,"timestamp":"2021-07-22T22:36:11.685Z"}]}"#;
    let events = read(row, Bindings::NONE).unwrap();
    let [EventKind::Ticker(ticker), EventKind::Contract(state)] =
        [&events[0].kind, &events[1].kind]
    else {
        panic!()
    };
    assert_eq!(ticker.change_percent, Some("-1.23".parse().unwrap()));
    assert_eq!(state.funding_rate, Some("0.0001".parse().unwrap()));
    assert_eq!(state.mark, None);
    assert_eq!(one("pong"), EventKind::Notice(Notice::Heartbeat));
    let refused = one(
        r#"{"status":400,"error":"Unknown table: trades","meta":{},"request":{"op":"subscribe","args":["trades:XBTUSD"]}}"#,
    );
    assert!(matches!(
        refused,
        EventKind::Notice(Notice::Refused { code: 400, .. })
    ));
    let forced = r#"{"table":"liquidation","action":"insert","data":[{"orderID":"1","symbol":"XBTUSD","side":"Sell","price":5,"leavesQty":7}]}"#;
    let error = read(forced, Bindings::NONE).unwrap_err();
    assert_eq!(error, DecodeError::UnknownMessage("liquidation".into()));
    let answer = |query: &Query, body: &[u8]| checked(&codec(), &Input::Answer { query, body });
    let clock = answer(
        &Query::ServerTime,
        br#"{"name":"BitMEX API","version":"2.0.0","timestamp":1569773127000}"#,
    );
    let time = EventKind::ServerTime(Timestamp::from_millis(1_569_773_127_000));
    assert_eq!(clock.unwrap()[0].kind, time);
    let error = answer(
        &Query::Instruments,
        br#"{"error":{"message":"Rate limit exceeded","name":"RateLimitError"}}"#,
    );
    let venue = DecodeError::Venue {
        code: 0,
        message: "RateLimitError: Rate limit exceeded".into(),
    };
    assert_eq!(error, Err(venue));
    let levels = answer(
        &book("XBTUSD"),
        br#"[{"symbol":"XBTUSD","id":8796782000,"side":"Sell","size":5,"price":32180},{"symbol":"XBTUSD","id":8796782050,"side":"Buy","size":7,"price":32179.5}]"#,
    );
    let EventKind::BookSnapshot(book) = levels.unwrap().remove(0).kind else {
        panic!()
    };
    assert_eq!((book.bids.len(), book.asks.len()), (1, 1));
}
