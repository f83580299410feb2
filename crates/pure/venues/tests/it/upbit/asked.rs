//! What Upbit is asked, and bytes that are not its own.

use quantflow_model::{Timeframe, Timestamp, TradeId};
use quantflow_wire::{Bindings, Channel, Codec, Query, RequestError, Response, Subscription};

use super::{codec, ticker};
use crate::support::{book, candles, recent_trades, venue_symbol};
use crate::trial::{self, answer, message};

#[test]
fn broken_bytes_are_refused() {
    let good = [
        message(
            r#"{"type":"trade","code":"KRW-BTC","timestamp":1730336862082,"trade_timestamp":1730336862047,"trade_price":100473000.00000000,"trade_volume":0.00014208,"ask_bid":"BID","sequential_id":17303368620470000}"#,
        ),
        message(
            r#"{"ty":"trade","cd":"KRW-LAMB","tms":1618678262712,"ttms":1618678262000,"tp":127.0,"tv":46.48838371,"ab":"BID","sid":1618678262000003,"st":"REALTIME"}"#,
        ),
        message(
            r#"{"ty":"orderbook","cd":"KRW-LAMB","tms":1618678262640,"obu":[{"ap":127.0,"bp":126.0,"as":280460.37885666,"bs":688682.44561413}],"st":"REALTIME"}"#,
        ),
        message(
            r#"{"ty":"ticker","cd":"KRW-BTC","op":31883000,"hp":32310000,"lp":31855000,"tp":32287000,"scr":0.0126713295,"tv":0.03103806,"tms":1676965220998}"#,
        ),
        message(
            r#"{"type":"candle.1m","code":"KRW-BTC","candle_date_time_utc":"2025-01-02T04:28:00","opening_price":142009000,"high_price":142009000,"low_price":141990000,"trade_price":142000000,"candle_acc_trade_volume":0.5,"timestamp":1735792085824}"#,
        ),
        message(r#"{"status":"UP"}"#),
        message(r#"{"error":{"name":"WRONG_FORMAT","message":"Format is incorrect"}}"#),
        answer(
            Query::Instruments,
            r#"[{"market":"KRW-BTC","korean_name":"비트코인","english_name":"Bitcoin"}]"#,
        ),
        answer(
            recent_trades("KRW-BTC"),
            r#"[{"market":"KRW-BTC","timestamp":1531099281000,"trade_price":7493000.00000000,"trade_volume":0.00671937,"ask_bid":"ASK"}]"#,
        ),
        answer(
            ticker("KRW-BTC"),
            r#"[{"market":"KRW-BTC","trade_price":7493000,"timestamp":1531099281000}]"#,
        ),
        answer(
            book("KRW-BTC"),
            r#"[{"market":"KRW-BTC","timestamp":1531099286163,"orderbook_units":[{"ask_price":7494000.0,"bid_price":7493000.0,"ask_size":0.00759413,"bid_size":0.24808852}]}]"#,
        ),
        answer(
            candles("KRW-BTC", Timeframe::M1),
            r#"[{"market":"KRW-BTC","candle_date_time_utc":"2018-04-18T10:16:00","opening_price":1,"high_price":9,"low_price":1,"trade_price":5,"candle_acc_trade_volume":2}]"#,
        ),
    ];
    trial::hostile(&codec(), Bindings::NONE, &good);
    trial::rubbish(&codec());
    trial::names_lead_nowhere_else(&codec(), "KRW-BTC");
}

#[test]
fn questions_are_asked_exactly() {
    let codec = codec();
    let target = |query: &Query| codec.request(query).unwrap().target;
    let minute = |n: i64| Timestamp::from_seconds(60 * n);
    let spans = |timeframe, from, to| Query::Candles {
        symbol: venue_symbol("KRW-BTC"),
        timeframe,
        from,
        to,
        limit: 10,
    };
    for (query, expected) in [
        (Query::Instruments, "/v1/market/all"),
        (
            spans(Timeframe::M1, None, None),
            "/v1/candles/minutes/1?market=KRW-BTC&count=10",
        ),
        (
            spans(Timeframe::M1, Some(minute(1)), None),
            "/v1/candles/minutes/1?market=KRW-BTC&to=1970-01-01T00%3A11%3A00Z&count=10",
        ),
        (
            spans(
                Timeframe::H4,
                Some(minute(1)),
                Some(minute(3).plus_nanos(1)),
            ),
            "/v1/candles/minutes/240?market=KRW-BTC&to=1970-01-01T00%3A03%3A01Z&count=10",
        ),
        (
            spans(Timeframe::W1, None, Some(minute(3))),
            "/v1/candles/weeks?market=KRW-BTC&to=1970-01-01T00%3A03%3A00Z&count=10",
        ),
        (
            Query::TradesBeforeId {
                symbol: venue_symbol("KRW-BTC"),
                before: TradeId(17_303_368_620_470_000),
                limit: 500,
            },
            "/v1/trades/ticks?market=KRW-BTC&count=500&cursor=17303368620470000",
        ),
        (ticker("KRW-BTC"), "/v1/ticker?markets=KRW-BTC"),
        (
            Query::Ticker { symbol: None },
            "/v1/ticker/all?quote_currencies=KRW%2CBTC%2CUSDT",
        ),
        (
            Query::BestQuote {
                symbol: Some(venue_symbol("KRW-BTC")),
            },
            "/v1/orderbook?markets=KRW-BTC&count=1",
        ),
    ] {
        assert_eq!(target(&query), expected);
    }
    for refused in [
        Query::ServerTime,
        book("KRW-BTC"),          // 1000 levels
        recent_trades("KRW-BTC"), // 1000 rows
        spans(Timeframe::H2, None, None),
        spans(Timeframe::M1, Some(minute(3)), Some(minute(3))),
        Query::BestQuote { symbol: None },
    ] {
        assert!(codec.request(&refused).is_err(), "{refused:?}");
    }
    let response = Response {
        status: 200,
        headers: vec![(
            "remaining-req".into(),
            "group=market; min=573; sec=8".into(),
        )],
        body: Vec::new(),
    };
    assert_eq!(codec.used_limits(&response), [Some(2), None]);
}

#[test]
fn one_message_asks_for_all_streams_of_a_socket() {
    let codec = codec();
    let wanted = |symbol: &str, channel| Subscription {
        symbol: symbol.parse().unwrap(),
        venue_symbol: codec.spell(&symbol.parse().unwrap()).unwrap(),
        channel,
    };
    let plans = codec
        .subscribe(&[
            wanted("upbit:BTC/KRW", Channel::Trades),
            wanted("upbit:ETH/BTC", Channel::Trades),
            wanted("upbit:BTC/KRW", Channel::Book),
            wanted("upbit:BTC/KRW", Channel::Candles(Timeframe::H1)),
        ])
        .unwrap();
    assert_eq!(plans.len(), 1);
    assert_eq!(plans[0].target, "/websocket/v1");
    assert_eq!(
        plans[0].messages,
        [
            r#"[{"ticket":"quantflow"},{"codes":["KRW-BTC","BTC-ETH"],"type":"trade"},{"codes":["KRW-BTC"],"type":"orderbook"},{"codes":["KRW-BTC"],"type":"candle.60m"},{"format":"DEFAULT"}]"#
        ]
    );
    assert_eq!(plans[0].keep_alive.as_ref().unwrap().message, "PING");
    let days = wanted("upbit:BTC/KRW", Channel::Candles(Timeframe::D1));
    assert!(matches!(
        codec.subscribe(&[days]),
        Err(RequestError::NotOffered { .. })
    ));
}
