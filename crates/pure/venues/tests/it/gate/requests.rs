//! Requests, sockets and limits as values.

use quantflow_model::{Symbol, Timeframe, Timestamp};
use quantflow_venues::Gate;
use quantflow_wire::{Channel, Codec, Query, Response, Subscription};

use super::{candles, futures, spot, symbol};

#[test]
fn every_query_is_a_request() {
    let at = |seconds| Some(Timestamp::from_seconds(seconds));
    let btc = || symbol("BTC_USDT");
    let span = |from, to, limit| Query::Candles {
        symbol: symbol("BTC_USDT"),
        timeframe: Timeframe::M1,
        from,
        to,
        limit,
    };
    let trades = |from: Option<Timestamp>, to| Query::Trades {
        symbol: symbol("BTC_USDT"),
        from: from.map(|from| from.plus_nanos(500_000_000)),
        to,
        limit: 7,
    };
    let one = "currency_pair=BTC_USDT";
    let cases = [
        (Query::ServerTime, "time".to_owned()),
        (Query::Instruments, "currency_pairs".into()),
        (
            candles("BTC_USDT"),
            format!("candlesticks?{one}&interval=1m&limit=10"),
        ),
        (
            span(at(61), None, 3),
            format!("candlesticks?{one}&interval=1m&from=61&to=240"),
        ),
        (
            span(at(60), at(120), 3),
            format!("candlesticks?{one}&interval=1m&from=60&to=119"),
        ),
        (
            span(None, at(181), 3),
            format!("candlesticks?{one}&interval=1m&from=60&to=180"),
        ),
        (
            trades(at(10), at(20)),
            format!("trades?{one}&from=10&to=19&limit=7"),
        ),
        (
            Query::RecentTrades {
                symbol: btc(),
                limit: 1_000,
            },
            format!("trades?{one}&limit=1000"),
        ),
        (
            Query::Book {
                symbol: btc(),
                limit: 100,
            },
            format!("order_book?{one}&limit=100&with_id=true"),
        ),
        (Query::Ticker { symbol: None }, "tickers".into()),
        (
            Query::BestQuote {
                symbol: Some(btc()),
            },
            format!("tickers?{one}"),
        ),
    ];
    for (query, target) in cases {
        let request = spot().request(&query).unwrap();
        assert_eq!(request.target, format!("/api/v4/spot/{target}"));
        assert_eq!(request.weight, 1);
    }
    let cases = [
        (Query::Instruments, "contracts"),
        (
            Query::Contract {
                symbol: Some(btc()),
            },
            "contracts/BTC_USDT",
        ),
        (
            Query::FundingRates {
                symbol: btc(),
                from: at(60),
                to: at(120),
                limit: 5,
            },
            "funding_rate?contract=BTC_USDT&from=60&to=119&limit=5",
        ),
        (
            Query::Ticker {
                symbol: Some(btc()),
            },
            "tickers?contract=BTC_USDT",
        ),
    ];
    for (query, target) in cases {
        let request = futures().request(&query).unwrap();
        assert_eq!(request.target, format!("/api/v4/futures/usdt/{target}"));
    }
    for refused in [
        Query::Book {
            symbol: btc(),
            limit: 101,
        },
        Query::OpenInterest { symbol: btc() },
        span(at(2), at(2), 1),
        Query::Candles {
            symbol: btc(),
            timeframe: Timeframe::W1,
            from: None,
            to: None,
            limit: 1,
        },
    ] {
        assert!(futures().request(&refused).is_err(), "{refused:?}");
    }
}

fn wanted(codec: &Gate, ours: &str, channel: Channel) -> Subscription {
    let ours = Symbol::new(&codec.describe().id, ours).unwrap();
    Subscription {
        venue_symbol: codec.spell(&ours).unwrap(),
        symbol: ours,
        channel,
    }
}

#[test]
fn streams_are_asked_for_in_few_messages() {
    let codec = spot();
    let plans = codec
        .subscribe(&[
            wanted(&codec, "BTC/USDT", Channel::Trades),
            wanted(&codec, "ETH/USDT", Channel::Trades),
            wanted(&codec, "BTC/USDT", Channel::Book),
            wanted(&codec, "BTC/USDT", Channel::Candles(Timeframe::H1)),
        ])
        .unwrap();
    assert_eq!(plans.len(), 1);
    assert_eq!(plans[0].target, "/ws/v4/");
    assert_eq!(
        plans[0].messages,
        [
            r#"{"channel":"spot.trades","event":"subscribe","payload":["BTC_USDT","ETH_USDT"]}"#,
            r#"{"channel":"spot.order_book_update","event":"subscribe","payload":["BTC_USDT","100ms"]}"#,
            r#"{"channel":"spot.candlesticks","event":"subscribe","payload":["1h","BTC_USDT"]}"#,
        ]
    );
    let ping = plans[0].keep_alive.as_ref().unwrap();
    assert_eq!(ping.message, r#"{"channel":"spot.ping"}"#);

    let codec = futures();
    let plans = codec
        .subscribe(&[
            wanted(&codec, "BTC/USDT:USDT", Channel::Ticker),
            wanted(&codec, "BTC/USDT:USDT", Channel::Contract),
            wanted(&codec, "BTC/USDT:USDT", Channel::Book),
        ])
        .unwrap();
    assert_eq!(plans[0].target, "/v4/ws/usdt");
    assert_eq!(
        plans[0].messages,
        [
            r#"{"channel":"futures.tickers","event":"subscribe","payload":["BTC_USDT"]}"#,
            r#"{"channel":"futures.order_book_update","event":"subscribe","payload":["BTC_USDT","100ms","100"]}"#,
        ]
    );
    assert!(
        spot()
            .subscribe(&[wanted(&codec, "BTC/USDT:USDT", Channel::Liquidations)])
            .is_err()
    );
}

#[test]
fn what_remains_says_what_is_used() {
    let response = Response {
        status: 200,
        headers: vec![
            ("X-Gate-RateLimit-Limit".into(), "200".into()),
            ("X-Gate-RateLimit-Requests-Remain".into(), "197".into()),
        ],
        body: Vec::new(),
    };
    assert_eq!(spot().used_limits(&response), [Some(3)]);
    let refused = Response {
        status: 429,
        headers: Vec::new(),
        ..response
    };
    assert_eq!(spot().stay_away(&refused).unwrap().as_secs(), 10);
    assert_eq!(spot().used_limits(&refused), [None]);
}
