//! What is asked of Bybit, to the letter.

use std::time::Duration;

use quantflow_model::{Timeframe, TradeId};
use quantflow_venues::bybit::Market;
use quantflow_wire::{Channel, Codec, Query, RequestError, Response, Subscription};
use serde_json::{Value, json};

use super::codec;
use crate::broken::{answer, symbol};

fn at(text: &str) -> Option<quantflow_model::Timestamp> {
    text.parse().ok()
}

#[test]
fn every_question_has_its_target() {
    let (from, to) = (at("2024-01-01T00:00:00Z"), at("2024-01-02T00:00:00Z"));
    let btc = || symbol("BTCUSDT");
    let part = |part: &str, after: Option<&str>| Query::InstrumentsOf {
        part: part.into(),
        after: after.map(Into::into),
    };
    for (market, query, expected) in [
        (Market::Spot, Query::ServerTime, "time"),
        (
            Market::Spot,
            part("spot", None),
            "instruments-info?category=spot",
        ),
        (
            Market::Linear,
            part("linear", Some("a=b")),
            "instruments-info?category=linear&limit=1000&cursor=a%3Db",
        ),
        (
            Market::Option,
            part("ETH", None),
            "instruments-info?category=option&baseCoin=ETH&limit=1000",
        ),
        (
            Market::Spot,
            Query::Candles {
                symbol: btc(),
                timeframe: Timeframe::H1,
                from: None,
                to: None,
                limit: 1_000,
            },
            "kline?category=spot&symbol=BTCUSDT&interval=60&limit=1000",
        ),
        (
            Market::Linear,
            Query::Candles {
                symbol: btc(),
                timeframe: Timeframe::D1,
                from,
                to,
                limit: 10,
            },
            "kline?category=linear&symbol=BTCUSDT&interval=D&start=1704067200000&end=1704153599999&limit=10",
        ),
        (
            Market::Spot,
            Query::RecentTrades {
                symbol: btc(),
                limit: 60,
            },
            "recent-trade?category=spot&symbol=BTCUSDT&limit=60",
        ),
        (
            Market::Linear,
            Query::Book {
                symbol: btc(),
                limit: 500,
            },
            "orderbook?category=linear&symbol=BTCUSDT&limit=500",
        ),
        (
            Market::Spot,
            Query::Ticker { symbol: None },
            "tickers?category=spot",
        ),
        (
            Market::Inverse,
            Query::Contract {
                symbol: Some(symbol("BTCUSD")),
            },
            "tickers?category=inverse&symbol=BTCUSD",
        ),
        (
            Market::Linear,
            Query::OpenInterest { symbol: btc() },
            "open-interest?category=linear&symbol=BTCUSDT&intervalTime=5min&limit=1",
        ),
        (
            Market::Linear,
            Query::FundingRates {
                symbol: btc(),
                from,
                to,
                limit: 200,
            },
            "funding/history?category=linear&symbol=BTCUSDT&startTime=1704067200000&endTime=1704153599999&limit=200",
        ),
    ] {
        let request = codec(market).request(&query).unwrap();
        assert_eq!(request.target, format!("/v5/market/{expected}"));
        assert_eq!(request.weight, 1);
    }
    let parts = |market| codec(market).instrument_queries().len();
    assert_eq!((parts(Market::Linear), parts(Market::Option)), (1, 3));
}

#[test]
fn what_a_market_does_not_offer_is_refused() {
    let btc = || symbol("BTCUSDT");
    let (from, to) = (at("2024-01-01T00:00:00Z"), at("2024-01-02T00:00:00Z"));
    for (market, query) in [
        (
            Market::Spot,
            Query::Contract {
                symbol: Some(btc()),
            },
        ),
        (
            Market::Spot,
            Query::FundingRates {
                symbol: btc(),
                from: None,
                to: None,
                limit: 1,
            },
        ),
        (Market::Option, Query::Ticker { symbol: None }),
        (
            Market::Option,
            Query::Candles {
                symbol: btc(),
                timeframe: Timeframe::M1,
                from: None,
                to: None,
                limit: 1,
            },
        ),
        (
            Market::Linear,
            Query::TradesFromId {
                symbol: btc(),
                from: TradeId(1),
                limit: 1,
            },
        ),
        (
            Market::Linear,
            Query::Trades {
                symbol: btc(),
                from,
                to,
                limit: 1,
            },
        ),
        (Market::Linear, Query::Instruments),
        (
            Market::Spot,
            Query::InstrumentsOf {
                part: "linear".into(),
                after: None,
            },
        ),
        (
            Market::Spot,
            Query::Candles {
                symbol: btc(),
                timeframe: Timeframe::H8,
                from: None,
                to: None,
                limit: 1,
            },
        ),
    ] {
        let refused = codec(market).request(&query);
        assert!(
            matches!(refused, Err(RequestError::NotOffered { .. })),
            "{query:?}"
        );
    }
    for (market, query) in [
        (
            Market::Spot,
            Query::RecentTrades {
                symbol: btc(),
                limit: 61,
            },
        ),
        (
            Market::Option,
            Query::Book {
                symbol: btc(),
                limit: 26,
            },
        ),
        (
            Market::Linear,
            Query::FundingRates {
                symbol: btc(),
                from,
                to: None,
                limit: 1,
            },
        ),
        (
            Market::Linear,
            Query::Candles {
                symbol: btc(),
                timeframe: Timeframe::M1,
                from: to,
                to: from,
                limit: 1,
            },
        ),
    ] {
        let refused = codec(market).request(&query);
        assert!(
            matches!(refused, Err(RequestError::OutOfRange { .. })),
            "{query:?}"
        );
    }
}

#[test]
fn pages_of_instruments_follow_their_cursor() {
    let first = Query::InstrumentsOf {
        part: "linear".into(),
        after: None,
    };
    let body = |cursor: &str| {
        json!({"retCode": 0, "retMsg": "OK", "result": {"nextPageCursor": cursor, "list": []}, "time": 1}).to_string().into_bytes()
    };
    let codec = codec(Market::Linear);
    let second = codec.next_page(&first, &body("abc")).unwrap();
    assert_eq!(
        second,
        Query::InstrumentsOf {
            part: "linear".into(),
            after: Some("abc".into())
        }
    );
    assert_eq!(
        codec.next_page(&second, &body("abc")),
        None,
        "it leads to itself"
    );
    assert_eq!(codec.next_page(&second, &body("")), None);
    assert!(answer(&codec, &first, &body("")).is_ok());
}

#[test]
fn streams_are_on_the_socket_of_their_market() {
    let wanted = |name: &str, channel| Subscription {
        symbol: "bybit-linear:BTC/USDT:USDT".parse().unwrap(),
        venue_symbol: symbol(name),
        channel,
    };
    let channels = [
        Channel::Trades,
        Channel::Quotes,
        Channel::Book,
        Channel::Ticker,
        Channel::Contract,
        Channel::Liquidations,
        Channel::Candles(Timeframe::W1),
    ];
    let plans = codec(Market::Linear)
        .subscribe(&channels.map(|channel| wanted("BTCUSDT", channel)))
        .unwrap();
    let [plan] = plans.as_slice() else {
        panic!("{plans:?}");
    };
    assert_eq!(
        (plan.target.as_str(), plan.subscriptions.len()),
        ("/v5/public/linear", 7)
    );
    assert_eq!(
        plan.keep_alive.as_ref().unwrap().message,
        r#"{"op":"ping"}"#
    );
    let message: Value = serde_json::from_str(&plan.messages[0]).unwrap();
    assert_eq!(
        message,
        json!({"req_id": "1", "op": "subscribe", "args": [
            "publicTrade.BTCUSDT", "orderbook.1.BTCUSDT", "orderbook.200.BTCUSDT",
            "tickers.BTCUSDT", "allLiquidation.BTCUSDT", "kline.W.BTCUSDT"]})
    );
    let option = "BTC-27DEC24-100000-C";
    let options = [
        Channel::Trades,
        Channel::Quotes,
        Channel::Book,
        Channel::Contract,
    ];
    let plans = codec(Market::Option)
        .subscribe(&options.map(|channel| wanted(option, channel)))
        .unwrap();
    assert_eq!(
        plans[0].messages,
        [
            r#"{"args":["publicTrade.BTC","tickers.BTC-27DEC24-100000-C","orderbook.100.BTC-27DEC24-100000-C"],"op":"subscribe","req_id":"1"}"#
        ]
    );
    let many: Vec<_> = (0..205)
        .map(|n| wanted(&format!("A{n}USDT"), Channel::Book))
        .collect();
    let plans = codec(Market::Spot).subscribe(&many).unwrap();
    let sizes: Vec<_> = plans
        .iter()
        .map(|p| (p.subscriptions.len(), p.messages.len()))
        .collect();
    assert_eq!(sizes, [(200, 20), (5, 1)]);
    assert!(
        codec(Market::Spot)
            .subscribe(&[wanted("BTCUSDT", Channel::Contract)])
            .is_err()
    );
}

#[test]
fn names_are_spelled_where_they_follow() {
    let spelled = |market, name: &str| {
        let codec = codec(market);
        let symbol = format!("{}:{name}", codec.describe().id).parse().unwrap();
        codec.spell(&symbol).map(|s| s.to_string())
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(spelled(Market::Spot, "BTC/USDT"), some("BTCUSDT"));
    assert_eq!(spelled(Market::Linear, "BTC/USDT:USDT"), some("BTCUSDT"));
    assert_eq!(spelled(Market::Linear, "BTC/USDC:USDC"), some("BTCPERP"));
    assert_eq!(
        spelled(Market::Linear, "BTC/USDT:USDT-20241206"),
        some("BTCUSDT-6DEC24")
    );
    assert_eq!(spelled(Market::Inverse, "BTC/USD:BTC"), some("BTCUSD"));
    assert_eq!(spelled(Market::Inverse, "BTC/USD:BTC-20241227"), None);
    assert_eq!(
        spelled(Market::Option, "BTC/USD:USDC-20250630-100000-C"),
        some("BTC-30JUN25-100000-C")
    );
    assert_eq!(
        spelled(Market::Option, "ETH/USDT:USDT-20250101-2000-P"),
        some("ETH-1JAN25-2000-P-USDT")
    );
    assert_eq!(spelled(Market::Option, "BTC/USD:BTC"), None);
    assert_eq!(
        codec(Market::Spot).spell(&"okx:BTC/USDT".parse().unwrap()),
        None
    );
}

#[test]
fn a_ban_is_waited_out() {
    let away = |status| {
        codec(Market::Spot).stay_away(&Response {
            status,
            headers: vec![],
            body: vec![],
        })
    };
    assert_eq!(away(403), Some(Duration::from_mins(10)));
    assert_eq!(away(429), Some(Duration::from_secs(5)));
    assert_eq!(away(200), None);
}

#[test]
fn a_book_begins_anew_by_itself() {
    let of = |channel| Subscription {
        symbol: "bybit:BTC/USDT".parse().unwrap(),
        venue_symbol: symbol("BTCUSDT"),
        channel,
    };
    let codec = codec(Market::Spot);
    assert_eq!(
        codec.resubscribe(&of(Channel::Book)),
        [
            r#"{"args":["orderbook.200.BTCUSDT"],"op":"unsubscribe"}"#,
            r#"{"args":["orderbook.200.BTCUSDT"],"op":"subscribe"}"#,
        ]
    );
    assert!(codec.resubscribe(&of(Channel::Trades)).is_empty());
}
