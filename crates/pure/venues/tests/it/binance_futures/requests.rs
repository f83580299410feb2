//! Requests, sockets and limits as values.

use std::time::Duration;

use quantflow_model::{Timeframe, Timestamp, TradeId};
use quantflow_wire::{Channel, Codec, Query, Response, Subscription};

use super::{candles, coin, symbol, usd};

#[test]
fn every_query_is_a_request_with_its_weight() {
    let btc = || symbol("BTCUSDT");
    let (from, to) = (
        Timestamp::from_millis(1_000),
        Timestamp::from_millis(61_000),
    );
    let some = |query| (usd().request(&query)).unwrap();
    let asked = [
        (Query::ServerTime, "time", 1),
        (Query::Instruments, "exchangeInfo", 1),
        (
            candles("BTCUSDT", Timeframe::M1),
            "klines?symbol=BTCUSDT&interval=1m&limit=500",
            5,
        ),
        (
            Query::Candles {
                symbol: btc(),
                timeframe: Timeframe::W1,
                from: Some(from),
                to: Some(to),
                limit: 1_500,
            },
            "klines?symbol=BTCUSDT&interval=1w&startTime=1000&endTime=60999&limit=1500",
            10,
        ),
        (
            Query::RecentTrades {
                symbol: btc(),
                limit: 5,
            },
            "trades?symbol=BTCUSDT&limit=5",
            5,
        ),
        (
            Query::TradesFromId {
                symbol: btc(),
                from: TradeId(7),
                limit: 5,
            },
            "historicalTrades?symbol=BTCUSDT&fromId=7&limit=5",
            20,
        ),
        (
            Query::AggregateTrades {
                symbol: btc(),
                from,
                to,
                limit: 5,
            },
            "aggTrades?symbol=BTCUSDT&startTime=1000&endTime=60999&limit=5",
            20,
        ),
        (
            Query::AggregateTradesFromId {
                symbol: btc(),
                from: TradeId(7),
                limit: 5,
            },
            "aggTrades?symbol=BTCUSDT&fromId=7&limit=5",
            20,
        ),
        (
            Query::Book {
                symbol: btc(),
                limit: 51,
            },
            "depth?symbol=BTCUSDT&limit=100",
            5,
        ),
        (Query::Ticker { symbol: None }, "ticker/24hr", 40),
        (
            Query::BestQuote {
                symbol: Some(btc()),
            },
            "ticker/bookTicker?symbol=BTCUSDT",
            2,
        ),
        (
            Query::Contract {
                symbol: Some(btc()),
            },
            "premiumIndex?symbol=BTCUSDT",
            1,
        ),
        (
            Query::FundingRates {
                symbol: btc(),
                from: None,
                to: Some(to),
                limit: 1_000,
            },
            "fundingRate?symbol=BTCUSDT&endTime=60999&limit=1000",
            1,
        ),
        (
            Query::OpenInterest { symbol: btc() },
            "openInterest?symbol=BTCUSDT",
            1,
        ),
    ];
    for (query, target, weight) in asked {
        let request = some(query.clone());
        assert_eq!(request.target, format!("/fapi/v1/{target}"));
        assert_eq!(request.weight, weight, "{target}");
        let key = matches!(query, Query::TradesFromId { .. });
        assert_eq!(request.key_header.is_some(), key, "{target}");
        let coin_request = coin().request(&query);
        if !target.contains("1w") {
            assert_eq!(coin_request.unwrap().target, format!("/dapi/v1/{target}"));
        }
    }
}

#[test]
fn what_the_venue_does_not_allow_is_refused() {
    let hour = Timestamp::from_seconds(3_600);
    let aggregates = |to| Query::AggregateTrades {
        symbol: symbol("BTCUSDT"),
        from: Timestamp::default(),
        to,
        limit: 5,
    };
    assert!(usd().request(&aggregates(hour)).is_ok());
    assert!(
        usd()
            .request(&aggregates(hour.plus_nanos(1_000_000)))
            .is_err()
    );
    let weeks = |to| Query::Candles {
        symbol: symbol("BTCUSD_PERP"),
        timeframe: Timeframe::W1,
        from: Some(Timestamp::default()),
        to: Some(to),
        limit: 28,
    };
    let days = |days: i64| Timestamp::from_seconds(86_400 * days);
    assert_eq!(coin().page_limit(&weeks(days(1))), 28);
    assert!(coin().request(&weeks(days(200))).is_ok());
    assert!(coin().request(&weeks(days(201))).is_err());
    assert!(usd().request(&weeks(days(201))).is_ok());
    for refused in [
        candles("BTCUSDT", Timeframe::S1),
        Query::Book {
            symbol: symbol("BTCUSDT"),
            limit: 1_001,
        },
        Query::RecentTrades {
            symbol: symbol("BTCUSDT"),
            limit: 0,
        },
        Query::TradesBeforeId {
            symbol: symbol("BTCUSDT"),
            before: TradeId(3),
            limit: 1,
        },
    ] {
        assert!(usd().request(&refused).is_err(), "{refused:?}");
    }
}

fn wanted(codec: &dyn Codec, ours: &str, channel: Channel) -> Subscription {
    let venue = codec.describe().id.clone();
    let ours = quantflow_model::Symbol::new(&venue, ours).unwrap();
    Subscription {
        venue_symbol: codec.spell(&ours).unwrap(),
        symbol: ours,
        channel,
    }
}

#[test]
fn busy_streams_of_the_usd_market_have_a_socket_of_their_own() {
    let codec = usd();
    let of = |channel| wanted(&codec, "BTC/USDT:USDT", channel);
    let plans = codec
        .subscribe(&[
            of(Channel::Trades),
            of(Channel::Contract),
            of(Channel::Book),
            of(Channel::Liquidations),
            of(Channel::Book),
            of(Channel::Candles(Timeframe::M1)),
        ])
        .unwrap();
    let targets: Vec<_> = plans.iter().map(|plan| plan.target.as_str()).collect();
    assert_eq!(
        targets,
        [
            "/public/stream?streams=btcusdt@trade/btcusdt@depth@100ms",
            "/market/stream?streams=btcusdt@markPrice@1s/btcusdt@forceOrder/btcusdt@kline_1m",
        ]
    );
    let codec = coin();
    let of = |symbol| wanted(&codec, symbol, Channel::Quotes);
    let plans = codec
        .subscribe(&[of("BTC/USD:BTC"), of("ETH/USD:ETH-20261225")])
        .unwrap();
    assert_eq!(
        plans[0].target,
        "/stream?streams=btcusd_perp@bookTicker/ethusd_261225@bookTicker"
    );
}

#[test]
fn more_streams_than_an_address_holds_are_asked_for_by_messages() {
    let codec = coin();
    let many: Vec<_> = (0..250)
        .map(|n| wanted(&codec, &format!("A{n}/USD:A{n}"), Channel::Quotes))
        .collect();
    let plans = codec.subscribe(&many).unwrap();
    let carried: Vec<_> = plans.iter().map(|plan| plan.subscriptions.len()).collect();
    assert_eq!(carried, [200, 50]);
    assert!(plans[0].target.len() <= 1_900 && plans[0].messages.len() == 2);
    let message: serde_json::Value = serde_json::from_str(&plans[0].messages[0]).unwrap();
    assert_eq!(message["method"], "SUBSCRIBE");
    assert_eq!(message["params"].as_array().unwrap().len(), 100);
}

#[test]
fn limits_are_told_and_used() {
    let response = |status, headers: &[(&str, &str)]| Response {
        status,
        headers: headers
            .iter()
            .map(|(key, value)| ((*key).into(), (*value).into()))
            .collect(),
        body: Vec::new(),
    };
    let used = response(200, &[("X-MBX-USED-WEIGHT-1M", "37")]);
    assert_eq!(usd().used_limits(&used), [Some(37)]);
    assert_eq!(usd().stay_away(&used), None);
    let banned = response(418, &[]);
    assert_eq!(usd().stay_away(&banned), Some(Duration::from_mins(2)));
    let told = br#"{"rateLimits":[{"rateLimitType":"ORDERS","interval":"MINUTE","intervalNum":1,"limit":1200},{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":4800}]}"#;
    let limits = usd().told_limits(&Query::Instruments, told).unwrap();
    assert_eq!(limits[0].amount, 4_800);
    assert_eq!(usd().told_limits(&Query::Instruments, b"{"), None);
    assert_eq!(usd().describe().limits[0].amount, 2_400);
}
