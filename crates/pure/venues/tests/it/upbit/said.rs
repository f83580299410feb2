//! What Upbit says, in bytes of our own after its documents.

use quantflow_model::{Side, Timeframe, Timestamp, TradeId};
use quantflow_wire::{DecodeError, Event, EventKind, Input, Notice, Query};

use super::codec;
use crate::support::venue_symbol;
use crate::trial::checked;

fn read(text: &str) -> Result<Vec<Event>, DecodeError> {
    checked(&codec(), &Input::message(text.as_bytes()))
}

fn ask(query: &Query, body: &str) -> Result<Vec<Event>, DecodeError> {
    let body = body.as_bytes();
    checked(&codec(), &Input::Answer { query, body })
}

/// Bytes of our own, after the documents.
#[test]
fn long_and_short_names_mean_the_same() {
    let long = r#"{"type":"trade","code":"KRW-BTC","timestamp":1730336862082,"trade_date":"2024-10-31","trade_time":"01:07:42","trade_timestamp":1730336862047,"trade_price":100473000.00000000,"trade_volume":0.00014208,"ask_bid":"BID","prev_closing_price":100571000,"change":"FALL","change_price":98000,"sequential_id":17303368620470000,"best_ask_price":100473000,"stream_type":"SNAPSHOT"}"#;
    let short = r#"{"ty":"trade","cd":"KRW-BTC","tms":1730336862082,"ttms":1730336862047,"tp":100473000,"tv":0.00014208,"ab":"BID","sid":17303368620470000,"st":"REALTIME"}"#;
    let events = read(long).unwrap();
    assert_eq!(events, read(short).unwrap());
    let EventKind::Trade(trade) = &events[0].kind else {
        panic!()
    };
    assert_eq!(trade.trade.id, TradeId(17_303_368_620_470_000));
    assert_eq!(trade.trade.side, Side::Buy);
    assert_eq!(trade.trade.time, Timestamp::from_millis(1_730_336_862_047));
    let long = r#"{"type":"ticker","code":"KRW-BTC","opening_price":31883000,"high_price":32310000,"low_price":31855000,"trade_price":32287000,"prev_closing_price":31883000.0,"signed_change_price":404000.0,"signed_change_rate":0.0126713295,"trade_volume":0.03103806,"acc_trade_volume_24h":2429.58834336,"acc_trade_price_24h":78197396978.1,"timestamp":1676965220998}"#;
    let short = r#"{"ty":"ticker","cd":"KRW-BTC","op":31883000,"hp":32310000,"lp":31855000,"tp":32287000,"pcp":31883000.0,"scp":404000.0,"scr":0.0126713295,"tv":0.03103806,"atv24h":2429.58834336,"atp24h":78197396978.1,"tms":1676965220998}"#;
    let events = read(long).unwrap();
    assert_eq!(events, read(short).unwrap());
    let EventKind::Ticker(ticker) = &events[0].kind else {
        panic!()
    };
    assert_eq!(ticker.change_percent, Some("1.26713295".parse().unwrap()));
    let book = r#"{"type":"orderbook","code":"KRW-BTC","timestamp":1746601573804,"total_ask_size":4.7,"orderbook_units":[{"ask_price":137002000,"bid_price":137001000,"ask_size":0.10623869,"bid_size":0.03656812},{"ask_price":137003000,"bid_price":0,"ask_size":1,"bid_size":0}],"level":0}"#;
    let EventKind::BookSnapshot(book) = read(book).unwrap().remove(0).kind else {
        panic!()
    };
    assert_eq!((book.bids.len(), book.asks.len()), (1, 2));
    let candle = r#"{"type":"candle.1m","code":"KRW-BTC","candle_date_time_utc":"2025-01-02T04:28:00","candle_date_time_kst":"2025-01-02T13:28:00","opening_price":142009000,"high_price":142009000,"low_price":141990000,"trade_price":142000000,"candle_acc_trade_volume":0.5,"candle_acc_trade_price":71000000.5,"timestamp":1735792085824,"stream_type":"REALTIME"}"#;
    let EventKind::Candle(candle) = read(candle).unwrap().remove(0).kind else {
        panic!()
    };
    assert_eq!(candle.open_time, "2025-01-02T04:28:00Z".parse().unwrap());
    assert_eq!(candle.timeframe, Timeframe::M1);
    let up = read(r#"{"status":"UP"}"#).unwrap().remove(0).kind;
    assert_eq!(up, EventKind::Notice(Notice::Heartbeat));
    let wrong = r#"{"error":{"name":"WRONG_FORMAT","message":"Format is incorrect"}}"#;
    let refused = read(wrong).unwrap().remove(0).kind;
    let words = "WRONG_FORMAT: Format is incorrect".into();
    let expected = Notice::Refused {
        id: None,
        code: 0,
        message: words,
    };
    assert_eq!(refused, EventKind::Notice(expected));
    let unknown = r#"{"type":"myOrder","code":"KRW-BTC","timestamp":1}"#;
    assert_eq!(
        read(unknown),
        Err(DecodeError::UnknownMessage("myOrder".into()))
    );
}

/// Bytes of our own, after the documents: candles come newest first, and beyond the beginning.
#[test]
fn candles_end_where_they_were_asked_to_begin() {
    let row = |time: &str, close: u32| {
        format!(
            r#"{{"market":"KRW-BTC","candle_date_time_utc":"{time}","opening_price":1,"high_price":9,"low_price":1,"trade_price":{close},"timestamp":1,"candle_acc_trade_price":5.5,"candle_acc_trade_volume":2,"unit":1}}"#
        )
    };
    let body = format!(
        "[{},{},{}]",
        row("2018-04-18T10:16:00", 7),
        row("2018-04-18T10:14:00", 6),
        row("2018-04-18T10:11:00", 5)
    );
    let from = |from: Option<&str>| Query::Candles {
        symbol: venue_symbol("KRW-BTC"),
        timeframe: Timeframe::M1,
        from: from.map(|time| time.parse().unwrap()),
        to: None,
        limit: 5,
    };
    let closes = |query: &Query| -> Vec<String> {
        let events = ask(query, &body).unwrap();
        let close = |event: Event| match event.kind {
            EventKind::Candle(candle) => candle.close.to_string(),
            other => panic!("{other:?}"),
        };
        events.into_iter().map(close).collect()
    };
    assert_eq!(closes(&from(None)), ["5", "6", "7"]);
    assert_eq!(closes(&from(Some("2018-04-18T10:12:00Z"))), ["6", "7"]);
    let mut other = from(None);
    if let Query::Candles { symbol, .. } = &mut other {
        *symbol = venue_symbol("KRW-ETH");
    }
    assert_eq!(ask(&other, &body).unwrap_err().name(), "bad-field");
    let error = ask(
        &from(None),
        r#"{"error":{"message":"no market","name":404}}"#,
    );
    let venue = DecodeError::Venue {
        code: 404,
        message: "no market".into(),
    };
    assert_eq!(error, Err(venue));
}
