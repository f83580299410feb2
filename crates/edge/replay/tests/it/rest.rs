//! The venue's REST dialect: answers, refusals and limits.

use std::time::Duration;

use quantflow_model::{Decimal, TimeRange, Timeframe, Timestamp};
use quantflow_replay::{KeyRule, Limits, ReplayOptions};
use serde_json::{Value, json};

use crate::harness::{Bench, NOON, bench, demo, symbol};

async fn demo_bench() -> Bench {
    let bench = bench(demo(3), ReplayOptions::default()).await;
    bench.advance(Duration::from_secs(2)).await;
    bench
}

fn decimal(value: &Value) -> Decimal {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn refusals_are_the_venues_own() {
    let bench = demo_bench().await;
    for (target, status, code) in [
        ("/api/v3/trades?symbol=NOSUCH", 400, -1121),
        ("/api/v3/trades", 400, -1102),
        ("/api/v3/trades?symbol=btcusdt", 400, -1100),
        ("/api/v3/trades?symbol=BTC%20", 400, -1100),
        ("/api/v3/trades?symbol=BTCUSDT&limit=x", 400, -1100),
        ("/api/v3/trades?symbol=BTCUSDT&limit=0", 400, -1130),
        ("/api/v3/trades?symbol=BTCUSDT&limit=-1", 400, -1100),
        ("/api/v3/klines?symbol=BTCUSDT", 400, -1102),
        ("/api/v3/klines?symbol=BTCUSDT&interval=7m", 400, -1120),
        (
            "/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime=x",
            400,
            -1100,
        ),
        (
            "/api/v3/aggTrades?symbol=BTCUSDT&fromId=1&startTime=1",
            400,
            -1128,
        ),
        ("/api/v3/ticker/24hr?symbol=NOSUCH", 400, -1121),
        (
            "/api/v3/ticker/24hr?symbols=[\"BTCUSDT\",\"NOSUCH\"]",
            400,
            -1121,
        ),
        (
            "/api/v3/ticker/24hr?symbol=BTCUSDT&symbols=[\"BTCUSDT\"]",
            400,
            -1128,
        ),
        ("/api/v3/depth?symbol=BTCUSDT&limit=", 400, -1105),
    ] {
        let answer = bench.get(target).await;
        assert_eq!(
            (answer.status, &answer.json["code"]),
            (status, &json!(code)),
            "{target}"
        );
        assert!(
            answer.json["msg"]
                .as_str()
                .is_some_and(|msg| !msg.is_empty())
        );
    }
    assert_eq!(bench.get("/api/v3/nothing").await.status, 404);
    let posted = bench
        .http
        .post(format!("{}/api/v3/time", bench.server.rest_url()));
    assert_eq!(posted.send().await.unwrap().status().as_u16(), 405);
}

#[tokio::test]
async fn candles_are_what_the_trades_give() {
    let bench = demo_bench().await;
    let truth = bench.server.truth();
    let all = TimeRange::new(Timestamp::MIN, Timestamp::MAX);
    let trades = truth.trades_in(&symbol("demo:DOGE/USDT"), all);
    for (timeframe, name) in [
        (Timeframe::S1, "1s"),
        (Timeframe::M1, "1m"),
        (Timeframe::M15, "15m"),
        (Timeframe::H4, "4h"),
        (Timeframe::D1, "1d"),
        (Timeframe::W1, "1w"),
        (Timeframe::Mo1, "1M"),
    ] {
        let target = format!("/api/v3/klines?symbol=DOGEUSDT&interval={name}&limit=1000");
        let rows = bench.get(&target).await.json;
        let rows = rows.as_array().unwrap();
        let known = quantflow_replay::candles(&trades, timeframe, Timestamp::MAX);
        let mut known = known.into_iter().rev().peekable();
        for row in rows.iter().rev() {
            let open = Timestamp::from_millis(row[0].as_i64().unwrap());
            let end = timeframe.end_of(open).millis() - 1;
            assert_eq!(row[6], json!(end), "close time");
            if row[8] == json!(0) {
                assert_eq!(row[5], "0.00000000");
                assert_ne!(known.peek().map(|c| c.open_time), Some(open));
                continue;
            }
            let candle = known.next().unwrap();
            assert_eq!(candle.open_time, open, "{name}");
            let said: Vec<Decimal> = [1, 2, 3, 4, 5, 7, 9, 10].map(|i| decimal(&row[i])).into();
            let wanted = [
                candle.open.0,
                candle.high.0,
                candle.low.0,
                candle.close.0,
                candle.volume.0,
                candle.quote_volume.unwrap().0,
                candle.taker_buy_volume.unwrap().0,
                candle.taker_buy_quote_volume.unwrap().0,
            ];
            assert_eq!(said, wanted, "{name} at {open}");
            assert_eq!(row[8], json!(candle.trades));
        }
    }
}

#[tokio::test]
async fn candles_are_asked_for_by_time_and_by_count() {
    let bench = demo_bench().await;
    let get = async |rest: &str| {
        let target = format!("/api/v3/klines?symbol=ETHUSDT&interval=1m{rest}");
        bench.get(&target).await.json.as_array().unwrap().clone()
    };
    let newest = get("").await;
    assert_eq!(newest.len(), 500);
    assert_eq!(newest[499][0], json!(NOON.millis()));
    let start = newest[10][0].as_i64().unwrap();
    let end = newest[19][0].as_i64().unwrap();
    assert_eq!(
        get(&format!("&startTime={start}&limit=10")).await,
        newest[10..20]
    );
    assert_eq!(
        get(&format!("&startTime={start}&endTime={end}")).await,
        newest[10..20]
    );
    assert_eq!(
        get(&format!("&startTime={}&endTime={end}", start - 59_999)).await,
        newest[10..20]
    );
    assert_eq!(
        get(&format!("&endTime={end}&limit=10")).await,
        newest[10..20]
    );
    assert_eq!(
        get(&format!("&startTime={end}&endTime={start}")).await,
        [] as [Value; 0]
    );
    assert_eq!(get("&startTime=0&limit=5000").await.len(), 1_000);
    let begins = (NOON - Duration::from_hours(48)).start_of_day();
    assert_eq!(
        get("&startTime=0&limit=1").await[0][0],
        json!(begins.millis())
    );
    assert_eq!(get("&startTime=99999999999999").await.len(), 0);
}

#[tokio::test]
async fn trades_and_aggregates_page_without_holes_and_never_ahead_of_the_market() {
    let bench = demo_bench().await;
    let truth = bench.server.truth();
    let xrp = symbol("demo:XRP/USDT");
    let last = truth.last_trade(&xrp).unwrap();
    let newest = bench
        .get("/api/v3/trades?symbol=XRPUSDT&limit=1000")
        .await
        .json;
    let newest = newest.as_array().unwrap();
    assert_eq!(newest.len(), 1_000);
    assert_eq!(newest[999]["id"], json!(last.id.0 as u64));
    let from = last.id.0 as u64 - 2_500;
    let mut next = from;
    loop {
        let target = format!("/api/v3/historicalTrades?symbol=XRPUSDT&fromId={next}&limit=1000");
        let page = bench.get(&target).await.json;
        let page = page.as_array().unwrap();
        if page.is_empty() {
            break;
        }
        for row in page {
            assert_eq!(row["id"], json!(next));
            let trade = truth.trades(&xrp, next, next)[0];
            assert_eq!(decimal(&row["price"]), trade.price.0);
            assert_eq!(decimal(&row["qty"]), trade.quantity.0);
            let quote = trade.price.times(trade.quantity).unwrap();
            assert_eq!(decimal(&row["quoteQty"]), quote.0);
            assert_eq!(row["time"], json!(trade.time.millis()));
            let maker = trade.side == quantflow_model::Side::Sell;
            assert_eq!(row["isBuyerMaker"], json!(maker));
            next += 1;
        }
    }
    assert_eq!(next, last.id.0 as u64 + 1);

    let hour = NOON.millis() - 3_600_000;
    let target = format!("/api/v3/aggTrades?symbol=XRPUSDT&startTime={hour}&limit=1000");
    let by_time = bench.get(&target).await.json;
    let by_time = by_time.as_array().unwrap();
    let id = &by_time[100]["a"];
    let target = format!("/api/v3/aggTrades?symbol=XRPUSDT&fromId={id}&limit=100");
    assert_eq!(
        bench.get(&target).await.json.as_array().unwrap(),
        &by_time[100..200]
    );
    for pair in by_time.windows(2) {
        assert_eq!(
            pair[0]["l"].as_u64().unwrap() + 1,
            pair[1]["f"].as_u64().unwrap()
        );
    }
    let until = by_time[50]["T"].as_i64().unwrap();
    let target = format!("/api/v3/aggTrades?symbol=XRPUSDT&startTime={hour}&endTime={until}");
    let bounded = bench.get(&target).await.json;
    assert!(bounded.as_array().unwrap().len() >= 51);
    assert_eq!(
        bounded.as_array().unwrap().last().unwrap()["T"],
        json!(until)
    );
    let newest = bench.get("/api/v3/aggTrades?symbol=XRPUSDT").await.json;
    assert_eq!(newest.as_array().unwrap().len(), 500);
}

#[tokio::test]
async fn tickers_books_and_instruments_agree() {
    let bench = demo_bench().await;
    let info = bench.get("/api/v3/exchangeInfo").await.json;
    assert_eq!(info["symbols"].as_array().unwrap().len(), 5);
    let one = bench.get("/api/v3/exchangeInfo?symbol=SOLUSDT").await.json;
    assert_eq!(one["symbols"][0]["baseAsset"], "SOL");
    assert_eq!(one["symbols"][0]["filters"][0]["tickSize"], "0.01000000");

    let now = bench.server.market_now();
    let day = TimeRange::new(now - Duration::from_hours(24), now);
    let trades = bench
        .server
        .truth()
        .trades_in(&symbol("demo:SOL/USDT"), day);
    let ticker = bench.get("/api/v3/ticker/24hr?symbol=SOLUSDT").await.json;
    assert_eq!(ticker["count"], json!(trades.len()));
    assert_eq!(ticker["firstId"], json!(trades[0].id.0 as u64));
    assert_eq!(decimal(&ticker["openPrice"]), trades[0].price.0);
    assert_eq!(
        decimal(&ticker["lastPrice"]),
        trades[trades.len() - 1].price.0
    );
    let volume = trades.iter().fold(Decimal::ZERO, |sum, t| {
        sum.checked_add(t.quantity.0).unwrap()
    });
    assert_eq!(decimal(&ticker["volume"]), volume);
    let price = bench.get("/api/v3/ticker/price?symbol=SOLUSDT").await.json;
    assert_eq!(price["price"], ticker["lastPrice"]);
    let average = bench.get("/api/v3/avgPrice?symbol=SOLUSDT").await.json;
    let (low, high) = (decimal(&ticker["lowPrice"]), decimal(&ticker["highPrice"]));
    assert!((low..=high).contains(&decimal(&average["price"])));

    let book = bench
        .get("/api/v3/depth?symbol=SOLUSDT&limit=50")
        .await
        .json;
    let quote = bench
        .get("/api/v3/ticker/bookTicker?symbol=SOLUSDT")
        .await
        .json;
    assert_eq!(book["bids"].as_array().unwrap().len(), 50);
    assert_eq!(book["bids"][0], json!([quote["bidPrice"], quote["bidQty"]]));
    assert_eq!(book["asks"][0], json!([quote["askPrice"], quote["askQty"]]));
    for (target, count) in [
        ("/api/v3/ticker/24hr", 5),
        ("/api/v3/ticker/price", 5),
        ("/api/v3/ticker/bookTicker", 5),
        ("/api/v3/ticker/24hr?symbols=[\"BTCUSDT\",\"ETHUSDT\"]", 2),
    ] {
        assert_eq!(
            bench.get(target).await.json.as_array().unwrap().len(),
            count,
            "{target}"
        );
    }
    let mini = bench
        .get("/api/v3/ticker/24hr?symbol=SOLUSDT&type=MINI")
        .await
        .json;
    assert_eq!(
        (&mini["volume"], mini.get("bidPrice")),
        (&ticker["volume"], None)
    );
    let time = bench.get("/api/v3/time").await.json;
    assert_eq!(time["serverTime"], json!(now.millis()));
    assert_eq!(bench.get("/api/v3/ping").await.json, json!({}));
}

#[tokio::test]
async fn microseconds_are_said_on_request() {
    let bench = demo_bench().await;
    let url = format!(
        "{}/api/v3/trades?symbol=BTCUSDT&limit=1",
        bench.server.rest_url()
    );
    let millis: Value = serde_json::from_slice(
        &bench
            .http
            .get(&url)
            .send()
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap(),
    )
    .unwrap();
    let micros = bench
        .http
        .get(&url)
        .header("X-MBX-TIME-UNIT", "MICROSECOND");
    let micros: Value =
        serde_json::from_slice(&micros.send().await.unwrap().bytes().await.unwrap()).unwrap();
    assert_eq!(
        micros[0]["time"].as_i64(),
        millis[0]["time"].as_i64().map(|t| t * 1_000)
    );
}

#[tokio::test]
async fn single_trades_may_need_a_key() {
    let options = ReplayOptions {
        key: KeyRule::This("right".to_owned()),
        ..ReplayOptions::default()
    };
    let bench = bench(demo(3), options).await;
    let target = "/api/v3/historicalTrades?symbol=BTCUSDT&fromId=1&limit=1";
    let answer = bench.get(target).await;
    assert_eq!((answer.status, &answer.json["code"]), (401, &json!(-2014)));
    let url = format!("{}{target}", bench.server.rest_url());
    for (key, status, code) in [("wrong", 401, json!(-2015)), ("right", 200, Value::Null)] {
        let keyed = bench.http.get(&url).header("X-MBX-APIKEY", key).send();
        let keyed = keyed.await.unwrap();
        assert_eq!(keyed.status().as_u16(), status, "{key}");
        let body: Value = serde_json::from_slice(&keyed.bytes().await.unwrap()).unwrap();
        assert_eq!(body["code"], code, "{key}");
    }
    assert_eq!(
        bench
            .get("/api/v3/aggTrades?symbol=BTCUSDT&limit=1")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn weight_is_counted_told_limited_and_banned() {
    let options = ReplayOptions {
        limits: Limits {
            weight_per_minute: 100,
            patience: 1,
            ..Limits::default()
        },
        ..ReplayOptions::default()
    };
    let bench = bench(demo(3), options).await;
    let info = bench.get("/api/v3/exchangeInfo").await;
    assert_eq!(info.headers["x-mbx-used-weight-1m"], "20");
    assert_eq!(info.json["rateLimits"][0]["limit"], 100);
    for (target, used) in [
        ("/api/v3/depth?symbol=BTCUSDT", "25"),
        ("/api/v3/depth?symbol=BTCUSDT&limit=500", "50"),
        ("/api/v3/trades?symbol=BTCUSDT", "75"),
        ("/api/v3/klines?symbol=BTCUSDT&interval=1m", "77"),
        ("/api/v3/aggTrades?symbol=BTCUSDT", "81"),
        ("/api/v3/ticker/24hr?symbol=BTCUSDT", "83"),
        ("/api/v3/ticker/price", "87"),
    ] {
        let answer = bench.get(target).await;
        assert_eq!(answer.headers["x-mbx-used-weight-1m"], used, "{target}");
    }
    bench.clock.advance(Duration::from_secs(20));
    let limited = bench.get("/api/v3/trades?symbol=BTCUSDT").await;
    assert_eq!(
        (limited.status, &limited.json["code"]),
        (429, &json!(-1003))
    );
    assert_eq!(limited.headers["retry-after"], "40");
    bench.clock.advance(Duration::from_secs(40));
    assert_eq!(bench.get("/api/v3/trades?symbol=BTCUSDT").await.status, 200);
    let counts = bench.server.truth().counts();
    assert_eq!(
        (counts.limited, counts.banned, counts.peak_weight),
        (1, 0, 87)
    );

    for _ in 0..3 {
        bench.get("/api/v3/trades?symbol=BTCUSDT").await;
    }
    assert_eq!(bench.get("/api/v3/ticker/24hr").await.status, 429);
    assert_eq!(bench.get("/api/v3/ping").await.status, 429, "forgiven once");
    let banned = bench.get("/api/v3/ping").await;
    assert_eq!((banned.status, &banned.json["code"]), (418, &json!(-1003)));
    assert_eq!(banned.headers["retry-after"], "120");
    assert!(
        bench.try_socket("/ws/btcusdt@trade").await.is_err(),
        "banned everywhere"
    );
    bench.clock.advance(Duration::from_mins(2));
    assert_eq!(bench.get("/api/v3/ping").await.status, 200);
    assert_eq!(bench.server.truth().counts().banned, 1);
}

#[tokio::test]
async fn the_admin_door_is_closed_unless_opened() {
    let closed = demo_bench().await;
    assert_eq!(closed.get("/__replay/state").await.status, 404);
    let options = ReplayOptions {
        admin: true,
        ..ReplayOptions::default()
    };
    let bench = bench(demo(3), options).await;
    bench.advance(Duration::from_secs(3)).await;
    let state = bench.get("/__replay/state").await.json;
    let last = &state["symbols"][0]["lastTrade"];
    let id = &last["id"];
    let trades = bench
        .get(&format!("/__replay/trades?symbol=demo:BTC/USDT&from={id}"))
        .await
        .json;
    assert_eq!(trades, json!([last]));
    let candles = bench
        .get("/__replay/candles?symbol=demo:BTC/USDT&timeframe=1s")
        .await
        .json;
    assert!(!candles.as_array().unwrap().is_empty());
    let url = format!("{}/__replay/faults", bench.server.rest_url());
    let sent = bench
        .http
        .post(&url)
        .body("503@0s+1s")
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status().as_u16(), 204);
    assert_eq!(bench.get("/api/v3/ping").await.status, 503);
    bench.advance(Duration::from_secs(1)).await;
    assert_eq!(bench.get("/api/v3/ping").await.status, 200);
    let wrong = bench.http.post(&url).body("nonsense").send().await.unwrap();
    assert_eq!(wrong.status().as_u16(), 400);
}
