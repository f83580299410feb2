//! Requests, sockets and headers as values.

use std::time::Duration;

use quantflow_model::{Timeframe, Timestamp, TradeId};
use quantflow_venues::BinanceSpot;
use quantflow_venues::binance::{self, SocketRequest, TimeUnit, read_socket_request, read_target};
use quantflow_wire::{Channel, Codec, Query, RequestError, Response, Subscription};

use crate::support::{book, codec, recent_trades, venue_symbol};

fn all_queries() -> Vec<(Query, &'static str, u32)> {
    let symbol = || venue_symbol("BTCUSDT");
    let (from, to) = (
        Timestamp::from_millis(1_723_161_255_342),
        Timestamp::from_millis(1_723_161_300_000),
    );
    let depth = |limit| Query::Book {
        symbol: symbol(),
        limit,
    };
    vec![
        (Query::ServerTime, "/api/v3/time", 1),
        (
            Query::Instruments,
            "/api/v3/exchangeInfo?showPermissionSets=false",
            20,
        ),
        (
            Query::Candles {
                symbol: symbol(),
                timeframe: Timeframe::Mo1,
                from: Some(from),
                to: Some(to),
                limit: 1_000,
            },
            "/api/v3/klines?symbol=BTCUSDT&interval=1M&startTime=1723161255342&endTime=1723161299999&limit=1000",
            2,
        ),
        (
            Query::Candles {
                symbol: symbol(),
                timeframe: Timeframe::S1,
                from: None,
                to: None,
                limit: 5,
            },
            "/api/v3/klines?symbol=BTCUSDT&interval=1s&limit=5",
            2,
        ),
        (
            recent_trades("BTCUSDT"),
            "/api/v3/trades?symbol=BTCUSDT&limit=1000",
            25,
        ),
        (
            Query::TradesFromId {
                symbol: symbol(),
                from: TradeId(7),
                limit: 3,
            },
            "/api/v3/historicalTrades?symbol=BTCUSDT&fromId=7&limit=3",
            25,
        ),
        (
            Query::AggregateTrades {
                symbol: symbol(),
                from,
                to,
                limit: 10,
            },
            "/api/v3/aggTrades?symbol=BTCUSDT&startTime=1723161255342&endTime=1723161299999&limit=10",
            4,
        ),
        (
            Query::AggregateTradesFromId {
                symbol: symbol(),
                from: TradeId(7),
                limit: 10,
            },
            "/api/v3/aggTrades?symbol=BTCUSDT&fromId=7&limit=10",
            4,
        ),
        (depth(100), "/api/v3/depth?symbol=BTCUSDT&limit=100", 5),
        (depth(500), "/api/v3/depth?symbol=BTCUSDT&limit=500", 25),
        (depth(1_000), "/api/v3/depth?symbol=BTCUSDT&limit=1000", 50),
        (depth(5_000), "/api/v3/depth?symbol=BTCUSDT&limit=5000", 250),
        (
            Query::Ticker {
                symbol: Some(symbol()),
            },
            "/api/v3/ticker/24hr?symbol=BTCUSDT",
            2,
        ),
        (Query::Ticker { symbol: None }, "/api/v3/ticker/24hr", 80),
        (
            Query::BestQuote {
                symbol: Some(symbol()),
            },
            "/api/v3/ticker/bookTicker?symbol=BTCUSDT",
            2,
        ),
        (
            Query::BestQuote { symbol: None },
            "/api/v3/ticker/bookTicker",
            4,
        ),
    ]
}

#[test]
fn every_query_is_a_request_with_its_weight_and_is_read_back() {
    for (query, target, weight) in all_queries() {
        let request = codec().request(&query).unwrap();
        assert_eq!(request.target, target);
        assert_eq!(request.weight, weight, "{target}");
        assert!(request.headers.is_empty() && request.body.is_empty());
        // hosts differ in what they want a key for: nothing else may carry one
        let key = matches!(query, Query::TradesFromId { .. }).then_some("X-MBX-APIKEY");
        assert_eq!(request.key_header, key, "{target}");
        assert_eq!(read_target(target), Ok(query));
    }
}

#[test]
fn microseconds_are_asked_for_by_header_and_bounds() {
    let codec = codec().with_time_unit(TimeUnit::Microseconds);
    let query = Query::AggregateTrades {
        symbol: venue_symbol("BTCUSDT"),
        from: Timestamp::from_nanos(1_723_161_255_342_000_001),
        to: Timestamp::from_micros(1_723_161_255_343_000),
        limit: 10,
    };
    let request = codec.request(&query).unwrap();
    assert_eq!(
        request.headers,
        [("X-MBX-TIME-UNIT".to_owned(), "MICROSECOND".to_owned())]
    );
    // the first microsecond at or after, the last one before
    assert_eq!(
        request.target,
        "/api/v3/aggTrades?symbol=BTCUSDT&startTime=1723161255342001&endTime=1723161255342999&limit=10"
    );
    let plan = codec.subscribe(&[wanted("BTC", Channel::Trades)]).unwrap();
    assert_eq!(
        plan[0].target,
        "/stream?streams=btcusdt@trade&timeUnit=MICROSECOND"
    );
}

#[test]
fn what_the_venue_does_not_allow_is_refused() {
    let candles = |timeframe, limit, from: i64, to: i64| Query::Candles {
        symbol: venue_symbol("BTCUSDT"),
        timeframe,
        from: Some(Timestamp::from_millis(from)),
        to: Some(Timestamp::from_millis(to)),
        limit,
    };
    let venue = || "binance".parse().unwrap();
    let out_of_range = |what, given: &str, allowed: &str| RequestError::OutOfRange {
        venue: venue(),
        what,
        given: given.into(),
        allowed: allowed.into(),
    };
    for timeframe in [Timeframe::S5, Timeframe::S15, Timeframe::S30] {
        let expected = RequestError::NotOffered {
            venue: venue(),
            what: format!("candles of {timeframe}"),
        };
        assert_eq!(codec().request(&candles(timeframe, 1, 0, 9)), Err(expected));
    }
    for (query, expected) in [
        (
            candles(Timeframe::M1, 0, 0, 9),
            out_of_range("limit", "0", "1 to 1000"),
        ),
        (
            candles(Timeframe::M1, 1_001, 0, 9),
            out_of_range("limit", "1001", "1 to 1000"),
        ),
        (
            candles(Timeframe::M1, 1, 9, 9),
            out_of_range(
                "the span",
                "1970-01-01T00:00:00.009Z to 1970-01-01T00:00:00.009Z",
                "from before to",
            ),
        ),
        (
            candles(Timeframe::M1, 1, -1, 9),
            out_of_range("a time", "1969-12-31T23:59:59.999Z", "1970 and later"),
        ),
    ] {
        assert_eq!(codec().request(&query), Err(expected));
    }
    let too_deep = Query::Book {
        symbol: venue_symbol("BTCUSDT"),
        limit: 5_001,
    };
    assert_eq!(
        codec().request(&too_deep),
        Err(out_of_range("limit", "5001", "1 to 5000"))
    );
    // the largest page is always allowed
    for (query, _, _) in all_queries() {
        assert!(codec().page_limit(&query) > 0);
    }
    assert_eq!(codec().page_limit(&book("BTCUSDT")), 5_000);
    assert_eq!(codec().page_limit(&recent_trades("BTCUSDT")), 1_000);
}

fn wanted(base: &str, channel: Channel) -> Subscription {
    let symbol = format!("binance:{base}/USDT").parse().unwrap();
    let venue_symbol = codec().spell(&symbol).unwrap();
    Subscription {
        symbol,
        venue_symbol,
        channel,
    }
}

#[test]
fn every_channel_is_a_stream_and_is_read_back() {
    let names: Vec<_> = codec()
        .describe()
        .channels
        .iter()
        .map(|channel| {
            let symbol = venue_symbol("BTCUSDT");
            let name = binance::stream_name(&symbol, *channel);
            assert_eq!(binance::read_stream(&name), Some((symbol, *channel)));
            name
        })
        .collect();
    assert_eq!(
        names[..6].join(" "),
        "btcusdt@trade btcusdt@aggTrade btcusdt@bookTicker btcusdt@depth@100ms btcusdt@ticker btcusdt@kline_1s"
    );
    for name in [
        "btcusdt",
        "btcusdt@kline_5s",
        "btcusdt@nothing",
        "@trade",
        "",
    ] {
        assert_eq!(binance::read_stream(name), None, "{name}");
    }
    let error = codec().subscribe(&[wanted("BTC", Channel::Candles(Timeframe::S5))]);
    let expected = RequestError::NotOffered {
        venue: "binance".parse().unwrap(),
        what: "a stream of candles:5s".into(),
    };
    assert_eq!(error, Err(expected));
}

#[test]
fn streams_are_spread_over_the_url_messages_and_sockets() {
    let few = [wanted("BTC", Channel::Trades), wanted("ETH", Channel::Book)];
    let plans = codec()
        .subscribe(&[few[0].clone(), few[1].clone(), few[0].clone()])
        .unwrap();
    assert_eq!(plans.len(), 1);
    assert_eq!(
        plans[0].target,
        "/stream?streams=btcusdt@trade/ethusdt@depth@100ms"
    );
    assert_eq!(plans[0].subscriptions, few);
    assert!(plans[0].messages.is_empty());
    assert_eq!(plans[0].label, "market-1");
    assert!(codec().subscribe(&[]).unwrap().is_empty());

    let many: Vec<_> = (0..2_500)
        .map(|n| wanted(&format!("C{n}"), Channel::Trades))
        .collect();
    let plans = codec().subscribe(&many).unwrap();
    let sizes: Vec<_> = plans.iter().map(|p| p.subscriptions.len()).collect();
    assert_eq!(sizes, [1_024, 1_024, 452]);
    for plan in &plans {
        assert!(plan.target.len() <= 1_900);
        let (_, names) = plan.target.split_once('=').unwrap();
        let mut carried: Vec<_> = names.split('/').map(str::to_owned).collect();
        for (at, message) in plan.messages.iter().enumerate() {
            match read_socket_request(message.as_bytes()).unwrap() {
                SocketRequest::Subscribe { streams, id } => {
                    assert_eq!(id, Some(at as u64 + 1));
                    assert!(streams.len() <= 100);
                    carried.extend(streams);
                }
                other => panic!("{other:?}"),
            }
        }
        let wanted = plan.subscriptions.iter();
        let wanted: Vec<_> = wanted
            .map(|s| binance::stream_name(&s.venue_symbol, s.channel))
            .collect();
        assert_eq!(carried, wanted);
    }
    let all: Vec<_> = plans.into_iter().flat_map(|p| p.subscriptions).collect();
    assert_eq!(all, many);
}

#[test]
fn only_its_own_spot_symbols_are_spelled() {
    let spell = |text: &str| codec().spell(&text.parse().unwrap());
    assert_eq!(spell("binance:BTC/USDT"), Some(venue_symbol("BTCUSDT")));
    for other in ["binance:BTC/USDT:USDT", "demo:BTC/USDT", "binance:AAPL"] {
        assert_eq!(spell(other), None, "{other}");
    }
    let demo = BinanceSpot::new("demo".parse().unwrap());
    let symbol = "demo:BTC/USDT".parse().unwrap();
    assert_eq!(demo.spell(&symbol), Some(venue_symbol("BTCUSDT")));
}

#[test]
fn headers_say_what_is_used_and_when_to_stay_away() {
    let response = |status, headers: &[(&str, &str)]| Response {
        status,
        headers: headers
            .iter()
            .map(|(k, v)| ((*k).into(), (*v).into()))
            .collect(),
        body: Vec::new(),
    };
    let seconds = |n| Some(Duration::from_secs(n));
    for (status, headers, used, stay_away) in [
        (
            200,
            [("x-mbx-used-weight-1m", "1234")].as_slice(),
            Some(1_234),
            None,
        ),
        (200, &[], None, None),
        (
            200,
            &[("x-mbx-used-weight-1m", "many"), ("retry-after", "9")],
            None,
            None,
        ),
        (
            429,
            &[("retry-after", "7"), ("x-mbx-used-weight-1m", "6001")],
            Some(6_001),
            seconds(7),
        ),
        (429, &[], None, seconds(60)),
        (429, &[("retry-after", "soon")], None, seconds(60)),
        (418, &[("retry-after", "3600")], None, seconds(3_600)),
        (418, &[], None, seconds(120)),
        (403, &[], None, seconds(300)),
        (503, &[], None, None),
        (503, &[("retry-after", "30")], None, seconds(30)),
        (400, &[], None, None),
    ] {
        let response = response(status, headers);
        assert_eq!(
            codec().used_limits(&response),
            [used, None, None],
            "{response:?}"
        );
        assert_eq!(codec().stay_away(&response), stay_away, "{response:?}");
    }
    assert_eq!(codec().describe().limits.len(), 3);
}

#[test]
fn a_client_that_asks_wrongly_is_answered_as_the_venue_does() {
    for (target, status, code) in [
        ("/api/v3/klines?symbol=BTCUSDT", 400, -1102),
        ("/api/v3/klines?symbol=BTCUSDT&interval=5s", 400, -1120),
        ("/api/v3/klines?interval=1m", 400, -1102),
        ("/api/v3/trades?symbol=", 400, -1102),
        ("/api/v3/trades?symbol=BTCUSDT&limit=x", 400, -1100),
        ("/api/v3/trades?symbol=BTCUSDT&limit=0", 400, -1100),
        ("/api/v3/trades?symbol=%ZZ", 400, -1100),
        (
            "/api/v3/aggTrades?symbol=A&fromId=1&startTime=5",
            400,
            -1128,
        ),
        ("/api/v3/order", 404, -1000),
        ("/sapi/v1/margin", 404, -1000),
        ("", 404, -1000),
    ] {
        let refusal = read_target(target).unwrap_err();
        assert_eq!((refusal.status, refusal.code), (status, code), "{target}");
    }
    let cut = read_target("/api/v3/trades?symbol=BTCUSDT&limit=99999");
    assert_eq!(cut, Ok(recent_trades("BTCUSDT")));
    for (message, code) in [
        ("nonsense", 3),
        ("{}", 2),
        (r#"{"method":"DANCE","id":1}"#, 2),
        (r#"{"method":"SUBSCRIBE","id":1}"#, 2),
        (r#"{"method":"SUBSCRIBE","params":[7],"id":1}"#, 2),
        (r#"{"method":"SUBSCRIBE","params":[],"id":1.5}"#, 2),
    ] {
        let refusal = read_socket_request(message.as_bytes()).unwrap_err();
        assert_eq!(refusal.code, code, "{message}");
    }
}
