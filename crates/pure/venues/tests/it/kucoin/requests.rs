//! What is asked of KuCoin, to the letter.

use std::time::Duration;

use quantflow_model::{Timeframe, TradeId};
use quantflow_wire::{
    Channel, Codec, EventKind, HttpMethod, Notice, Query, RequestError, Response, Subscription,
};
use serde_json::{Value, json};

use super::codec;
use crate::broken::{answer, symbol};

fn at(text: &str) -> Option<quantflow_model::Timestamp> {
    text.parse().ok()
}

#[test]
fn every_question_has_its_target() {
    let btc = || symbol("BTC-USDT");
    let candles = |from, to, limit| Query::Candles {
        symbol: btc(),
        timeframe: Timeframe::H1,
        from,
        to,
        limit,
    };
    for (query, expected, weight) in [
        (Query::ServerTime, "/api/v1/timestamp", 3),
        (Query::Instruments, "/api/v2/symbols", 4),
        (
            candles(None, None, 1_500),
            "/api/v1/market/candles?symbol=BTC-USDT&type=1hour",
            3,
        ),
        (
            candles(
                at("2024-01-01T00:00:00Z"),
                at("2024-01-02T00:00:00Z"),
                1_500,
            ),
            "/api/v1/market/candles?symbol=BTC-USDT&type=1hour&startAt=1704067200&endAt=1704153599",
            3,
        ),
        (
            candles(at("2024-01-01T00:00:00Z"), None, 2),
            "/api/v1/market/candles?symbol=BTC-USDT&type=1hour&startAt=1704067200&endAt=1704074399",
            3,
        ),
        (
            Query::RecentTrades {
                symbol: btc(),
                limit: 100,
            },
            "/api/v1/market/histories?symbol=BTC-USDT",
            3,
        ),
        (
            Query::Book {
                symbol: btc(),
                limit: 20,
            },
            "/api/v1/market/orderbook/level2_20?symbol=BTC-USDT",
            2,
        ),
        (
            Query::Book {
                symbol: btc(),
                limit: 100,
            },
            "/api/v1/market/orderbook/level2_100?symbol=BTC-USDT",
            4,
        ),
        (
            Query::Ticker {
                symbol: Some(btc()),
            },
            "/api/v1/market/stats?symbol=BTC-USDT",
            15,
        ),
        (
            Query::BestQuote {
                symbol: Some(btc()),
            },
            "/api/v1/market/orderbook/level1?symbol=BTC-USDT",
            2,
        ),
        (
            Query::Ticker { symbol: None },
            "/api/v1/market/allTickers",
            15,
        ),
    ] {
        let request = codec().request(&query).unwrap();
        assert_eq!(
            (request.target.as_str(), request.weight),
            (expected, weight)
        );
        assert_eq!(request.method, HttpMethod::Get);
    }
    let request = codec().request(&Query::SocketAddress).unwrap();
    assert_eq!(
        (request.method, request.target.as_str()),
        (HttpMethod::Post, "/api/v1/bullet-public")
    );
    for query in [
        Query::Contract {
            symbol: Some(btc()),
        },
        Query::TradesFromId {
            symbol: btc(),
            from: TradeId(1),
            limit: 1,
        },
        Query::Candles {
            symbol: btc(),
            timeframe: Timeframe::W1,
            from: None,
            to: None,
            limit: 1,
        },
    ] {
        assert!(
            matches!(
                codec().request(&query),
                Err(RequestError::NotOffered { .. })
            ),
            "{query:?}"
        );
    }
    for query in [
        Query::RecentTrades {
            symbol: btc(),
            limit: 101,
        },
        Query::Book {
            symbol: btc(),
            limit: 101,
        },
        candles(None, None, 1_501),
    ] {
        assert!(
            matches!(
                codec().request(&query),
                Err(RequestError::OutOfRange { .. })
            ),
            "{query:?}"
        );
    }
}

/// Bytes of our own after the documents.
#[test]
fn answers_are_cut_to_what_was_asked() {
    let codec = codec();
    let row = |time: u64| json!([time.to_string(), "1", "4", "5", "0.5", "7", "8"]);
    let body = json!({"code": "200000", "data": [row(1_704_074_400), row(1_704_070_800), row(1_704_067_200)]});
    let body = body.to_string().into_bytes();
    let query = |from, to, limit| Query::Candles {
        symbol: symbol("BTC-USDT"),
        timeframe: Timeframe::H1,
        from,
        to,
        limit,
    };
    let opens = |query: &Query| {
        let events = answer(&codec, query, &body).unwrap();
        let open = |kind| match kind {
            EventKind::Candle(candle) => (candle.open_time.seconds(), candle.close.to_string()),
            other => panic!("{other:?}"),
        };
        events.into_iter().map(|e| open(e.kind)).collect::<Vec<_>>()
    };
    let close = || "4".to_owned();
    assert_eq!(
        opens(&query(None, None, 2)),
        [(1_704_070_800, close()), (1_704_074_400, close())]
    );
    let (from, to) = (at("2024-01-01T00:00:00Z"), at("2024-01-01T01:00:00Z"));
    assert_eq!(opens(&query(from, to, 9)), [(1_704_067_200, close())]);
    let trade = |sequence: &str| json!({"sequence": sequence, "price": "1", "size": "2", "side": "sell", "time": 1_729_177_117_877_000_000_u64});
    let body = json!({"code": "200000", "data": [trade("9"), trade("10"), trade("8")]}).to_string();
    let query = Query::RecentTrades {
        symbol: symbol("BTC-USDT"),
        limit: 2,
    };
    let ids: Vec<_> = answer(&codec, &query, body.as_bytes())
        .unwrap()
        .into_iter()
        .map(|event| match event.kind {
            EventKind::Trade(event) => event.trade.id.0,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ids, [9, 10]);
}

#[test]
fn a_socket_is_where_the_venue_says() {
    let body = br#"{"code":"200000","data":{"token":"2neA==.b6/i9Y","instanceServers":[{"endpoint":"wss://ws-api-spot.kucoin.com/","encrypt":true,"protocol":"websocket","pingInterval":18000,"pingTimeout":10000}]}}"#;
    let events = answer(&codec(), &Query::SocketAddress, body).unwrap();
    let url = "wss://ws-api-spot.kucoin.com/?token=2neA%3D%3D.b6%2Fi9Y".to_owned();
    let address = Notice::SocketAddress {
        url,
        ping: Some(Duration::from_secs(18)),
    };
    assert_eq!(events[0].kind, EventKind::Notice(address));
}

#[test]
fn streams_are_lists_of_symbols() {
    let wanted = |name: &str, channel| Subscription {
        symbol: "kucoin:BTC/USDT".parse().unwrap(),
        venue_symbol: symbol(name),
        channel,
    };
    let plans = codec()
        .subscribe(&[
            wanted("BTC-USDT", Channel::Trades),
            wanted("BTC-USDT", Channel::Book),
            wanted("ETH-USDT", Channel::Trades),
            wanted("BTC-USDT", Channel::Candles(Timeframe::M1)),
            wanted("BTC-USDT", Channel::Quotes),
            wanted("BTC-USDT", Channel::Ticker),
        ])
        .unwrap();
    let [plan] = plans.as_slice() else {
        panic!("{plans:?}");
    };
    assert_eq!(
        (plan.target.as_str(), plan.address.as_ref()),
        ("", Some(&Query::SocketAddress))
    );
    let topics: Vec<Value> = plan
        .messages
        .iter()
        .map(|m| serde_json::from_str::<Value>(m).unwrap()["topic"].clone())
        .collect();
    assert_eq!(
        topics,
        [
            "/market/match:BTC-USDT,ETH-USDT",
            "/market/level2:BTC-USDT",
            "/market/candles:BTC-USDT_1min",
            "/market/ticker:BTC-USDT",
            "/market/snapshot:BTC-USDT"
        ]
    );
    assert_eq!(
        plan.messages[1],
        r#"{"id":2,"privateChannel":false,"response":true,"topic":"/market/level2:BTC-USDT","type":"subscribe"}"#
    );
    let many: Vec<_> = (0..450)
        .map(|n| wanted(&format!("A{n}-USDT"), Channel::Book))
        .collect();
    let plans = codec().subscribe(&many).unwrap();
    let sizes: Vec<_> = plans
        .iter()
        .map(|p| (p.subscriptions.len(), p.messages.len()))
        .collect();
    assert_eq!(sizes, [(400, 4), (50, 1)]);
    assert!(
        codec()
            .subscribe(&[wanted("BTC-USDT", Channel::Liquidations)])
            .is_err()
    );
}

#[test]
fn what_is_used_of_the_limit_is_told() {
    let response = |status, headers: &[(&str, &str)]| Response {
        status,
        headers: headers
            .iter()
            .map(|(k, v)| ((*k).into(), (*v).into()))
            .collect(),
        body: Vec::new(),
    };
    let headers = [
        ("gw-ratelimit-limit", "2000"),
        ("gw-ratelimit-remaining", "1990"),
        ("gw-ratelimit-reset", "12000"),
    ];
    assert_eq!(
        codec().used_limits(&response(200, &headers)),
        [Some(10), None]
    );
    assert_eq!(codec().used_limits(&response(200, &[])), [None, None]);
    assert_eq!(
        codec().stay_away(&response(429, &headers)),
        Some(Duration::from_secs(12))
    );
    assert_eq!(
        codec().stay_away(&response(429, &[])),
        Some(Duration::from_secs(30))
    );
}
