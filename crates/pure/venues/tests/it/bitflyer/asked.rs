//! What bitFlyer is asked, and bytes that are not its own.

use quantflow_model::TradeId;
use quantflow_wire::{Bindings, Channel, Codec, Query, RequestError, Response, Subscription};

use super::{codec, of, ticker};
use crate::support::{book, candles, recent_trades, venue_symbol};
use crate::trial::{self, answer, message};

#[test]
fn broken_bytes_are_refused() {
    let good = [
        message(
            r#"{"jsonrpc":"2.0","method":"channelMessage","params":{"channel":"lightning_executions_B_J","message":[{"id":39361,"side":"SELL","price":35100,"size":0.01,"exec_date":"2015-07-07T10:44:33.5470263Z"},{"id":39362,"side":"","price":35101,"size":1.2E-7,"exec_date":null}]}}"#,
        ),
        message(
            r#"{"jsonrpc":"2.0","method":"channelMessage","params":{"channel":"lightning_board_B_J","message":{"mid_price":35625,"bids":[{"price":33350,"size":1}],"asks":[{"price":35650,"size":0}]}}}"#,
        ),
        message(
            r#"{"jsonrpc":"2.0","method":"channelMessage","params":{"channel":"lightning_board_snapshot_B_J","message":{"mid_price":35625,"bids":[],"asks":[{"price":35650,"size":0}]}}}"#,
        ),
        message(
            r#"{"jsonrpc":"2.0","method":"channelMessage","params":{"channel":"lightning_ticker_B_J","message":{"product_code":"B_J","timestamp":"2015-07-08T02:50:59.97","best_bid":30000,"best_ask":36640,"best_bid_size":0.1,"best_ask_size":5,"ltp":31690,"volume_by_product":6819.26}}}"#,
        ),
        message(r#"{"jsonrpc":"2.0","id":3,"result":true}"#),
        message(r#"{"jsonrpc":"2.0","id":3,"error":{"code":-32602,"message":"Invalid params"}}"#),
        answer(
            recent_trades("BTC_JPY"),
            r#"[{"id":39361,"side":"SELL","price":35100,"size":0.01,"exec_date":"2015-07-07T10:44:33.547"}]"#,
        ),
        answer(
            book("BTC_JPY"),
            r#"{"mid_price":33320,"bids":[{"price":30000,"size":0.1}],"asks":[]}"#,
        ),
        answer(
            ticker("BTC_JPY"),
            r#"{"product_code":"BTC_JPY","timestamp":"2017-12-20T07:44:19.23","best_bid":2004607,"best_ask":2006000,"best_bid_size":0.43,"best_ask_size":0.024,"ltp":2004925}"#,
        ),
        answer(
            of("japan"),
            r#"[{"product_code":"BTC_JPY"},{"product_code":"BTCJPY27MAR2020","alias":"BTCJPY_MAT3M"}]"#,
        ),
    ];
    trial::hostile(&codec(), Bindings::NONE, &good);
    trial::rubbish(&codec());
    trial::names_lead_nowhere_else(&codec(), "FX_BTC_JPY");
}

#[test]
fn questions_are_asked_exactly() {
    let codec = codec();
    let target = |query: &Query| codec.request(query).unwrap().target;
    let parts: Vec<_> = codec.instrument_queries().iter().map(target).collect();
    assert_eq!(parts, ["/v1/markets", "/v1/markets/usa", "/v1/markets/eu"]);
    let symbol = venue_symbol("BTC_JPY");
    for (query, expected) in [
        (
            Query::RecentTrades {
                symbol: symbol.clone(),
                limit: 500,
            },
            "/v1/executions?product_code=BTC_JPY&count=500",
        ),
        (
            Query::TradesBeforeId {
                symbol: symbol.clone(),
                before: TradeId(39_361),
                limit: 10,
            },
            "/v1/executions?product_code=BTC_JPY&count=10&before=39361",
        ),
        (book("BTC_JPY"), "/v1/board?product_code=BTC_JPY"),
        (ticker("BTC_JPY"), "/v1/ticker?product_code=BTC_JPY"),
        (
            Query::Contract {
                symbol: Some(venue_symbol("FX_BTC_JPY")),
            },
            "/v1/getfundingrate?product_code=FX_BTC_JPY",
        ),
    ] {
        assert_eq!(target(&query), expected);
    }
    for refused in [
        Query::ServerTime,
        recent_trades("BTC_JPY"), // 1000 rows
        candles("BTC_JPY", quantflow_model::Timeframe::M1),
        Query::Contract {
            symbol: Some(symbol.clone()),
        },
        Query::TradesFromId {
            symbol,
            from: TradeId(1),
            limit: 5,
        },
    ] {
        assert!(codec.request(&refused).is_err(), "{refused:?}");
    }
    let response = Response {
        status: 200,
        headers: vec![("X-RateLimit-Remaining".into(), "493".into())],
        body: Vec::new(),
    };
    assert_eq!(codec.used_limits(&response), [Some(7)]);
}

#[test]
fn a_book_is_two_channels() {
    let codec = codec();
    let wanted = |channel| Subscription {
        symbol: "bitflyer:BTC/JPY:JPY".parse().unwrap(),
        venue_symbol: venue_symbol("FX_BTC_JPY"),
        channel,
    };
    let plans = codec
        .subscribe(&[wanted(Channel::Trades), wanted(Channel::Book)])
        .unwrap();
    assert_eq!(plans[0].target, "/json-rpc");
    assert_eq!(
        plans[0].messages,
        [
            r#"{"id":1,"jsonrpc":"2.0","method":"subscribe","params":{"channel":"lightning_executions_FX_BTC_JPY"}}"#,
            r#"{"id":2,"jsonrpc":"2.0","method":"subscribe","params":{"channel":"lightning_board_snapshot_FX_BTC_JPY"}}"#,
            r#"{"id":3,"jsonrpc":"2.0","method":"subscribe","params":{"channel":"lightning_board_FX_BTC_JPY"}}"#,
        ]
    );
    assert_eq!(codec.resubscribe(&wanted(Channel::Book)).len(), 4);
    assert!(matches!(
        codec.subscribe(&[wanted(Channel::Quotes)]),
        Err(RequestError::NotOffered { .. })
    ));
}
