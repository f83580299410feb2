//! The venue's WebSocket dialect.

use std::collections::BTreeMap;
use std::time::Duration;

use quantflow_model::{Decimal, Timestamp};
use quantflow_replay::{Limits, ReplayOptions, Speed};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Bench, NOON, Socket, bench, demo, symbol};

async fn demo_bench() -> Bench {
    bench(demo(3), ReplayOptions::default()).await
}

/// The messages of so much market time; nobody else may be listening.
async fn listen(bench: &Bench, socket: &mut Socket, span: Duration) -> Vec<Value> {
    let sent_before = bench.server.truth().counts().messages;
    let mut heard = Vec::new();
    let until = bench.server.market_now() + span;
    while bench.server.market_now() < until {
        tokio::select! {
            biased;
            message = socket.json() => heard.push(message),
            () = bench.advance(Duration::from_millis(10)) => {}
        }
    }
    // what is on its way
    while (heard.len() as u64) < bench.server.truth().counts().messages - sent_before {
        heard.push(socket.json().await);
    }
    heard
}

#[tokio::test]
async fn a_raw_stream_tells_every_trade_once_in_order() {
    let bench = demo_bench().await;
    let mut socket = bench.socket("/ws/btcusdt@trade").await;
    let heard = listen(&bench, &mut socket, Duration::from_secs(10)).await;
    let truth = bench.server.truth();
    let ids: Vec<u64> = heard.iter().map(|m| m["t"].as_u64().unwrap()).collect();
    let trades = truth.trades(&symbol("demo:BTC/USDT"), ids[0], u64::MAX);
    assert!(trades.len() > 20);
    assert_eq!(
        ids,
        trades.iter().map(|t| t.id.0 as u64).collect::<Vec<_>>()
    );
    for (message, trade) in heard.iter().zip(&trades) {
        assert_eq!(message["e"], "trade");
        assert_eq!(message["s"], "BTCUSDT");
        assert_eq!(message["p"].as_str().unwrap().parse(), Ok(trade.price.0));
        assert_eq!(message["q"].as_str().unwrap().parse(), Ok(trade.quantity.0));
        assert_eq!(message["T"], json!(trade.time.millis()));
    }
    assert!(trades[0].time >= NOON);
}

#[tokio::test]
async fn combined_streams_are_wrapped_with_their_names() {
    let bench = demo_bench().await;
    let target = "/stream?streams=btcusdt@aggTrade/ethusdt@depth@100ms/solusdt@bookTicker/xrpusdt@depth5&timeUnit=MICROSECOND";
    let mut socket = bench.socket(target).await;
    let heard = listen(&bench, &mut socket, Duration::from_secs(5)).await;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for message in &heard {
        *counts
            .entry(message["stream"].as_str().unwrap())
            .or_default() += 1;
        if let Some(sent) = message["data"]["E"].as_i64() {
            assert!(Timestamp::from_micros(sent) >= NOON, "microseconds");
        }
    }
    assert_eq!(counts["ethusdt@depth@100ms"], 50);
    assert_eq!(counts["xrpusdt@depth5"], 5);
    assert!(counts["btcusdt@aggTrade"] > 5 && counts["solusdt@bookTicker"] > 5);
    assert_eq!(counts.len(), 4);
}

#[tokio::test]
async fn a_client_that_follows_the_rules_has_the_venues_book() {
    let bench = demo_bench().await;
    let mut socket = bench.socket("/ws/ethusdt@depth").await;
    bench.advance(Duration::from_millis(1_500)).await;
    let snapshot = bench
        .get("/api/v3/depth?symbol=ETHUSDT&limit=5000")
        .await
        .json;
    let mut last = snapshot["lastUpdateId"].as_u64().unwrap();
    let level = |level: &Value| -> (Decimal, Decimal) {
        let number = |i: usize| level[i].as_str().unwrap().parse().unwrap();
        (number(0), number(1))
    };
    let side = |name: &str| -> BTreeMap<Decimal, Decimal> {
        snapshot[name]
            .as_array()
            .unwrap()
            .iter()
            .map(level)
            .collect()
    };
    let (mut bids, mut asks) = (side("bids"), side("asks"));
    let heard = listen(&bench, &mut socket, Duration::from_millis(4_500)).await;
    let mut applied = 0;
    for event in heard {
        let (first, end) = (event["U"].as_u64().unwrap(), event["u"].as_u64().unwrap());
        if end <= last {
            continue;
        }
        assert!(first <= last + 1, "a hole before {first}");
        last = end;
        applied += 1;
        for (side, name) in [(&mut bids, "b"), (&mut asks, "a")] {
            for (price, quantity) in event[name].as_array().unwrap().iter().map(level) {
                if quantity.is_zero() {
                    side.remove(&price);
                } else {
                    side.insert(price, quantity);
                }
            }
        }
    }
    assert!(applied >= 4);
    // the slow stream told all at the whole second that it is now
    let book = bench
        .get("/api/v3/depth?symbol=ETHUSDT&limit=5000")
        .await
        .json;
    assert_eq!(book["lastUpdateId"], json!(last));
    let venue = |name: &str| -> BTreeMap<Decimal, Decimal> {
        book[name].as_array().unwrap().iter().map(level).collect()
    };
    assert_eq!((bids, asks), (venue("bids"), venue("asks")));
}

#[tokio::test]
async fn kline_streams_close_on_time_with_what_the_trades_give() {
    let bench = demo_bench().await;
    let mut socket = bench.socket("/ws/btcusdt@kline_1s/btcusdt@kline_1m").await;
    let heard = listen(&bench, &mut socket, Duration::from_secs(62)).await;
    let truth = bench.server.truth();
    let closed = heard.iter().filter(|m| m["k"]["x"] == true);
    let mut seconds = 0;
    let mut minutes = 0;
    for message in closed {
        let k = &message["k"];
        let open = Timestamp::from_millis(k["t"].as_i64().unwrap());
        let timeframe: quantflow_model::Timeframe = k["i"].as_str().unwrap().parse().unwrap();
        if k["i"] == "1m" {
            minutes += 1;
        } else {
            seconds += 1;
        }
        let candles = truth.candles(
            &symbol("demo:BTC/USDT"),
            timeframe,
            timeframe.range_of(open),
        );
        let Some(candle) = candles.first() else {
            assert_eq!(k["n"], 0);
            continue;
        };
        let text = |name: &str| k[name].as_str().unwrap().parse::<Decimal>().unwrap();
        assert_eq!(k["n"], json!(candle.trades));
        assert_eq!(text("o"), candle.open.0);
        assert_eq!(text("c"), candle.close.0);
        assert_eq!(text("h"), candle.high.0);
        assert_eq!(text("l"), candle.low.0);
        assert_eq!(text("v"), candle.volume.0);
        assert_eq!(text("q"), candle.quote_volume.unwrap().0);
        assert_eq!(k["f"], json!(candle.first_trade.unwrap().id.0 as u64));
        assert_eq!(k["L"], json!(candle.last_trade.unwrap().id.0 as u64));
    }
    assert_eq!((seconds, minutes), (62, 1));
    let open = heard
        .iter()
        .filter(|m| m["k"]["i"] == "1m" && m["k"]["x"] == false);
    assert!(open.count() >= 28, "every two seconds");
}

#[tokio::test]
async fn ticker_streams_of_one_and_all() {
    let bench = demo_bench().await;
    let target = "/stream?streams=btcusdt@ticker/!ticker@arr/!miniTicker@arr/btcusdt@miniTicker/btcusdt@avgPrice";
    let mut socket = bench.socket(target).await;
    let heard = listen(&bench, &mut socket, Duration::from_secs(3)).await;
    let of = |name: &str| {
        heard
            .iter()
            .find(|m| m["stream"] == name)
            .map(|m| &m["data"])
    };
    assert_eq!(of("btcusdt@ticker").unwrap()["e"], "24hrTicker");
    assert_eq!(of("!ticker@arr").unwrap().as_array().unwrap().len(), 5);
    assert_eq!(of("!miniTicker@arr").unwrap()[0]["e"], "24hrMiniTicker");
    assert_eq!(of("btcusdt@miniTicker").unwrap()["s"], "BTCUSDT");
    assert_eq!(of("btcusdt@avgPrice").unwrap()["i"], "5m");
    assert_eq!(heard.len(), 15, "each once a second");
}

#[tokio::test]
async fn streams_are_managed_over_the_socket() {
    let bench = demo_bench().await;
    let mut socket = bench.socket("/ws").await;
    let mut ask = async |request: &str| {
        // five messages a second are allowed
        bench.advance(Duration::from_millis(400)).await;
        socket.send(request).await;
        loop {
            let answer = socket.json().await;
            if answer.get("e").is_none() && answer.get("stream").is_none() {
                return answer;
            }
        }
    };
    let done = |id: Value| json!({"result": null, "id": id});
    let subscribe = r#"{"method":"SUBSCRIBE","params":["btcusdt@trade","ethusdt@trade"],"id":1}"#;
    assert_eq!(ask(subscribe).await, done(json!(1)));
    let list = r#"{"method":"LIST_SUBSCRIPTIONS","id":"two"}"#;
    let names = json!({"result": ["btcusdt@trade", "ethusdt@trade"], "id": "two"});
    assert_eq!(ask(list).await, names);
    let unsubscribe = r#"{"method":"UNSUBSCRIBE","params":["ethusdt@trade"],"id":3}"#;
    assert_eq!(ask(unsubscribe).await, done(json!(3)));
    assert_eq!(ask(list).await["result"], json!(["btcusdt@trade"]));
    assert_eq!(
        ask(r#"{"method":"GET_PROPERTY","params":["combined"],"id":4}"#).await["result"],
        json!(false)
    );
    let combined = r#"{"method":"SET_PROPERTY","params":["combined",true],"id":5}"#;
    assert_eq!(ask(combined).await, done(json!(5)));
    for (request, code) in [
        ("nonsense", 3),
        (r#"{"id":1}"#, 2),
        (r#"{"method":"DANCE","id":1}"#, 2),
        (r#"{"method":"SUBSCRIBE","params":"x","id":1}"#, 2),
        (r#"{"method":"SUBSCRIBE","params":[],"id":1.5}"#, 2),
        (
            r#"{"method":"SET_PROPERTY","params":["combined","x"],"id":1}"#,
            1,
        ),
        (r#"{"method":"SET_PROPERTY","params":["y",true],"id":1}"#, 0),
    ] {
        let answer = ask(request).await;
        assert_eq!(answer["error"]["code"], json!(code), "{request}: {answer}");
    }
    let heard = listen(&bench, &mut socket, Duration::from_secs(5)).await;
    assert!(heard.len() > 5);
    assert!(heard.iter().all(|m| m["stream"] == "btcusdt@trade"));
}

#[tokio::test]
async fn unknown_streams_are_silent() {
    let bench = demo_bench().await;
    let mut socket = bench.socket("/ws/0/nosuch@trade/btcusdt@dance").await;
    assert_eq!(
        listen(&bench, &mut socket, Duration::from_secs(3)).await,
        [] as [Value; 0]
    );
}

#[tokio::test]
async fn limits_of_sockets_are_enforced() {
    let options = ReplayOptions {
        limits: Limits {
            connections_per_5_minutes: 3,
            streams_per_connection: 2,
            messages_per_second: 2,
            ..Limits::default()
        },
        ..ReplayOptions::default()
    };
    let bench = bench(demo(3), options).await;
    let mut socket = bench.socket("/ws/btcusdt@trade").await;
    socket
        .send(r#"{"method":"SUBSCRIBE","params":["a","b"],"id":1}"#)
        .await;
    assert_eq!(socket.json().await["error"]["code"], 2);
    for _ in 0..3 {
        let list = Message::text(r#"{"method":"LIST_SUBSCRIPTIONS","id":1}"#);
        let _ = futures_util::SinkExt::send(&mut socket.stream, list).await;
    }
    while socket.text().await.is_some() {}
    assert_eq!(bench.server.truth().counts().too_talkative, 1);
    assert!(
        bench.try_socket("/ws/a/b/c").await.is_err(),
        "too many streams"
    );
    bench.socket("/ws").await;
    assert!(
        bench.try_socket("/ws").await.is_err(),
        "too many connections"
    );
    bench.clock.advance(Duration::from_secs(301));
    bench.socket("/ws").await;
}

#[tokio::test]
async fn a_socket_is_pinged_and_its_life_ends_as_announced() {
    let options = ReplayOptions {
        connection_lifetime: Duration::from_secs(100),
        shutdown_notice: Some(Duration::from_secs(30)),
        ..ReplayOptions::default()
    };
    let bench = bench(demo(3), options).await;
    let mut socket = bench.socket("/ws").await;
    let (mut pings, mut notice) = (0, None);
    let start = bench.clock_now();
    let ended = loop {
        let next = futures_util::StreamExt::next(&mut socket.stream);
        match bench.until(next).await {
            Some(Ok(Message::Ping(_))) => pings += 1,
            Some(Ok(Message::Text(text))) => {
                let message: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(message["e"], "serverShutdown");
                notice = Some(bench.clock_now().since(start) / 1_000_000_000);
            }
            Some(Ok(Message::Close(_))) | None => {
                break bench.clock_now().since(start) / 1_000_000_000;
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => panic!("{error}"),
        }
    };
    assert!((4..=5).contains(&pings), "{pings} pings");
    assert!((70..72).contains(&notice.unwrap()), "{notice:?}");
    assert!((100..102).contains(&ended), "{ended}");
}

#[tokio::test]
async fn who_does_not_pong_is_cut() {
    let bench = demo_bench().await;
    let mut socket = bench.socket("/ws").await;
    // the client's library pongs when it reads: this one does not read
    bench.advance(Duration::from_secs(85)).await;
    let end = async { while socket.text().await.is_some() {} };
    bench.until(end).await;
    assert_eq!(bench.server.truth().counts().open_connections, 0);
}

#[tokio::test]
async fn at_full_speed_nothing_is_missed_and_the_walk_waits() {
    let options = ReplayOptions {
        speed: Speed::Max,
        client_buffer: 2,
        ..ReplayOptions::default()
    };
    let bench = bench(demo(3), options).await;
    assert_eq!(bench.server.market_now(), NOON, "nobody listens");
    let mut socket = bench.socket("/ws/btcusdt@trade").await;
    let mut last: Option<u64> = None;
    for _ in 0..5_000 {
        let id = socket.json().await["t"].as_u64().unwrap();
        assert!(last.is_none_or(|last| last + 1 == id));
        last = Some(id);
    }
    assert!(bench.server.market_now() > NOON + Duration::from_mins(5));
    assert_eq!(bench.clock_now(), NOON, "the clock stood still");
}

#[tokio::test]
async fn a_slow_client_is_cut_and_others_are_not_held_up() {
    let options = ReplayOptions {
        client_buffer: 4,
        speed: Speed::Times(1_000.0),
        ..ReplayOptions::default()
    };
    let bench = bench(demo(3), options).await;
    let slow = bench
        .socket("/ws/btcusdt@depth@100ms/ethusdt@depth@100ms/btcusdt@bookTicker")
        .await;
    let mut quick = bench.socket("/ws/btcusdt@kline_1m").await;
    let wait = async {
        let mut heard = 0;
        while bench.server.truth().counts().too_slow == 0 {
            quick.json().await;
            heard += 1;
        }
        heard
    };
    assert!(bench.until(wait).await > 0);
    drop(slow);
    bench.until(quick.json()).await;
}

#[tokio::test]
async fn the_same_seed_gives_the_same_bytes() {
    let run = async |seed| {
        let options = ReplayOptions {
            speed: Speed::Max,
            ..ReplayOptions::default()
        };
        let bench = bench(demo(seed), options).await;
        let target =
            "/stream?streams=btcusdt@trade/ethusdt@depth@100ms/btcusdt@bookTicker/xrpusdt@kline_1m";
        let mut socket = bench.socket(target).await;
        let mut bytes = Vec::new();
        for _ in 0..3_000 {
            bytes.push(socket.text().await.unwrap());
        }
        bytes
    };
    let (first, again, other) = (run(3).await, run(3).await, run(4).await);
    assert_eq!(first, again);
    assert_ne!(first, other);
}

#[tokio::test]
async fn shutdown_closes_sockets_and_waits_for_them() {
    let bench = demo_bench().await;
    let mut socket = bench.socket("/ws/btcusdt@trade").await;
    let Bench { server, http, .. } = bench;
    let url = server.rest_url();
    drop(http);
    tokio::time::timeout(Duration::from_secs(5), server.shutdown())
        .await
        .expect("it ends");
    assert_eq!(socket.text().await, None);
    assert!(reqwest::get(url).await.is_err());
}
