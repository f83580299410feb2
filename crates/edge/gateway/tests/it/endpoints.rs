//! What the endpoints of data answer.

use std::sync::Arc;

use http::StatusCode;
use quantflow_gateway::sources::Nothing;
use quantflow_gateway::{Gateway, GatewayOptions, GatewayParts};
use quantflow_market::Market;
use quantflow_market::stream::Hub;
use quantflow_testkit::clock::ManualClock;
use quantflow_testkit::memory_log::MemoryLog;
use quantflow_testkit::memory_store::MemoryStore;
use serde_json::json;

use crate::client::{ask, data, get, json_of, problem_of};
use crate::fake::{MINUTES, NOW, at, options, symbol, world, world_with};

#[tokio::test]
async fn prices_are_exact_and_in_the_envelope() {
    let world = world();
    let response = ask(
        &world.gateway,
        "GET",
        "/api/v1/prices?venue=demo",
        &[("x-request-id", "my-id.1")],
    )
    .await;
    assert_eq!(response.headers()["x-request-id"], "my-id.1");
    let body = json_of(&response);
    assert_eq!(
        body["data"][0],
        json!({
            "symbol": "demo:BTC/USDT", "price": "61837.63", "bid": "61837.62", "time": "2026-11-20T10:00:30Z",
            "change24h": "-120.5", "changePercent24h": -0.1945, "high24h": "62000", "low24h": "61000.1",
            "volume24h": "1234.5", "health": "live",
        })
    );
    assert_eq!(body["data"].as_array().unwrap().len(), 3);
    assert_eq!(
        body["data"][2],
        json!({
            "symbol": "demo:NEW/USDC", "price": null, "bid": "0.5", "time": null, "health": "down",
        }),
        "there before its first trade"
    );
    let csv = ask(
        &world.gateway,
        "GET",
        "/api/v1/prices?quote=USDC",
        &[("accept", "text/csv")],
    )
    .await;
    assert!(csv.body().ends_with(b"\ndemo:NEW/USDC,,0.5,,,,,,,,down\n"));
    assert_eq!(
        body["meta"],
        json!({
            "timestamp": "2026-11-20T10:00:30Z", "requestId": "my-id.1", "apiVersion": "v1", "deprecated": false,
            "sunsetDate": null, "cache": { "hit": false, "ttl": 1 },
        })
    );
}

#[tokio::test]
async fn a_symbol_that_is_to_be_ingested_has_its_place_before_anything_is_heard_of_it() {
    let clock = Arc::new(ManualClock::new(at(NOW)));
    let market = Market::new(
        &[],
        Arc::new(MemoryStore::default()),
        Arc::new(MemoryLog::new(1 << 20)),
        Arc::clone(&clock) as _,
        Hub::default(),
    );
    let expected = ["binance:ETH/USDT", "binance:BTC/USDT"].map(symbol);
    let gateway = Gateway::new(GatewayParts {
        market: Arc::new(market.expecting(expected)),
        connections: Arc::new(Nothing),
        health: Arc::new(Nothing),
        venues: Arc::new(Nothing),
        history: Arc::new(Nothing),
        metrics: Arc::new(Nothing),
        clock,
        options: options(),
    });
    let unheard =
        |symbol: &str| json!({ "symbol": symbol, "price": null, "time": null, "health": "down" });
    assert_eq!(
        data(&gateway, "/api/v1/prices").await,
        json!([unheard("binance:BTC/USDT"), unheard("binance:ETH/USDT")])
    );
    assert_eq!(
        data(&gateway, "/api/v1/prices?symbols=binance:ETH-USDT").await,
        json!([unheard("binance:ETH/USDT")])
    );
    let one = get(&gateway, "/api/v1/price/binance:BTC-USDT").await;
    assert_eq!(one.status(), StatusCode::NOT_FOUND);
    assert_eq!(
        problem_of(&one)["message"],
        "binance:BTC/USDT is known, but has no price yet"
    );
}

#[tokio::test]
async fn a_symbol_is_found_in_every_spelling() {
    let world = world();
    for path in [
        "/api/v1/price/demo:BTC-USDT",
        "/api/v1/price/demo:BTC%2FUSDT",
        "/api/v1/price/DEMO%3Abtc-usdt",
        "/api/v1/price/BTCUSDT?venue=demo",
        "/api/v1/price/demo:BTCUSDT",
        "/price/BTC-USDT?venue=demo",
    ] {
        assert_eq!(
            data(&world.gateway, path).await["symbol"],
            "demo:BTC/USDT",
            "{path}"
        );
    }
    let error = problem_of(&get(&world.gateway, "/api/v1/price/demo:BCT-USDT").await);
    assert_eq!(error["code"], "SYMBOL_NOT_FOUND");
    assert_eq!(error["details"]["suggestions"][0], "demo:BTC/USDT");
    let several = get(&world.gateway, "/api/v1/price/BTCUSDT").await;
    assert_eq!(several.status(), StatusCode::BAD_REQUEST);
    assert_eq!(problem_of(&several)["details"]["field"], "symbol");
    let default = world_with(GatewayOptions {
        default_venue: Some("binance".parse().unwrap()),
        ..options()
    });
    assert_eq!(
        data(&default.gateway, "/api/v1/price/BTCUSDT").await["symbol"],
        "binance:BTC/USDT"
    );
}

#[tokio::test]
async fn candles_are_paged_from_a_start_and_newest_without() {
    let world = world();
    let newest = data(&world.gateway, "/api/v1/chart/ohlc/demo:BTC-USDT?limit=3").await;
    let times: Vec<&str> = newest
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["openTime"].as_str().unwrap())
        .collect();
    assert_eq!(
        times,
        [
            "2026-11-20T09:58:00Z",
            "2026-11-20T09:59:00Z",
            "2026-11-20T10:00:00Z"
        ]
    );
    assert_eq!(
        newest[1],
        json!({
            "openTime": "2026-11-20T09:59:00Z", "open": "61003.7", "high": "61004.32", "low": "61003.25",
            "close": "61003.77", "volume": "12.34567", "quoteVolume": "763214.1234567891", "trades": 10,
            "takerBuyVolume": "6.1", "takerBuyQuoteVolume": "377000.5", "firstTradeId": "999990",
            "lastTradeId": "999999", "state": "closed", "revision": 0, "complete": true,
        })
    );
    assert_eq!(newest[2]["state"], "open");
    let mut target =
        "/api/v1/chart/ohlc/demo:BTC-USDT?from=2026-11-20T09:00:00Z&limit=25&time=ms".to_owned();
    let (mut seen, mut pages) = (Vec::new(), 0);
    loop {
        let body = json_of(&get(&world.gateway, &target).await);
        seen.extend(
            body["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|c| c["openTime"].as_i64().unwrap()),
        );
        pages += 1;
        let Some(next) = body["meta"]["nextCursor"].as_str() else {
            break;
        };
        target = format!(
            "/api/v1/chart/ohlc/demo:BTC-USDT?from=2026-11-20T09:00:00Z&limit=25&time=ms&cursor={next}"
        );
    }
    assert_eq!((seen.len(), pages), (61, 3));
    assert!(seen.windows(2).all(|pair| pair[1] - pair[0] == 60_000));
}

#[tokio::test]
async fn older_candles_are_fetched_when_a_reader_scrolls_past_what_is_held() {
    let world = world();
    let target = format!("/api/v1/chart/ohlc/demo:BTC-USDT?limit={}", MINUTES + 50);
    assert_eq!(
        data(&world.gateway, &target)
            .await
            .as_array()
            .unwrap()
            .len() as i64,
        MINUTES
    );
    let asked = world.sources.history.lock().unwrap()[0];
    assert_eq!((asked.end.since(asked.start)) / 60_000_000_000, 50);
    *world.sources.market.lock().unwrap() = Some(Arc::clone(&world.market));
    assert_eq!(
        data(&world.gateway, &target)
            .await
            .as_array()
            .unwrap()
            .len() as i64,
        MINUTES + 50
    );
    let asked = world.sources.history.lock().unwrap().len();
    data(&world.gateway, "/api/v1/chart/ohlc/demo:BTC-USDT?limit=10").await;
    assert_eq!(
        world.sources.history.lock().unwrap().len(),
        asked,
        "all of it is held"
    );
}

#[tokio::test]
async fn trades_come_newest_first_and_every_one_once() {
    let world = world();
    let first = json_of(&get(&world.gateway, "/api/v1/history/demo:BTC-USDT?limit=7").await);
    assert_eq!(first["data"][0]["id"], "1000000");
    assert_eq!(first["data"][0]["flags"], json!(["outlier"]));
    assert_eq!(first["data"][0]["count"], 3);
    assert_eq!(first["data"][0]["side"], "sell");
    let cursor = first["meta"]["nextCursor"].as_str().unwrap();
    let second = data(
        &world.gateway,
        &format!("/api/v1/history/demo:BTC-USDT?limit=7&cursor={cursor}"),
    )
    .await;
    assert_eq!(second[0]["id"], "999993");
    for bad in ["x", "1.2.3", "1.", "99999999999999999999.1"] {
        let response = get(
            &world.gateway,
            &format!("/api/v1/history/demo:BTC-USDT?cursor={bad}"),
        )
        .await;
        assert_eq!(problem_of(&response)["details"]["field"], "cursor", "{bad}");
    }
}

#[tokio::test]
async fn indicators_do_not_depend_on_what_is_asked_for() {
    let world = world();
    let whole = data(
        &world.gateway,
        "/api/v1/indicators/demo:BTC-USDT?set=rsi(14),sma(5)&limit=1000",
    )
    .await;
    assert_eq!(whole["columns"][0]["name"], "rsi(14)");
    let values =
        |v: &serde_json::Value, c: usize| v["columns"][c]["values"].as_array().unwrap().clone();
    assert_eq!(values(&whole, 0).iter().filter(|v| v.is_null()).count(), 14);
    let cut = data(
        &world.gateway,
        "/api/v1/indicators/demo:BTC-USDT?set=RSI(%2014%20),sma(5)&from=2026-11-20T09:30:00Z&to=2026-11-20T09:40:00Z",
    )
    .await;
    let at = whole["times"]
        .as_array()
        .unwrap()
        .iter()
        .position(|t| *t == cut["times"][0])
        .unwrap();
    for column in 0..2 {
        assert_eq!(
            values(&cut, column)[..],
            values(&whole, column)[at..at + 10]
        );
    }
    // to the last bit, also for a plain window: its sum is added up in blocks counted from the beginning
    let small = data(
        &world.gateway,
        "/api/v1/indicators/demo:BTC-USDT?set=sma(5)&limit=3",
    )
    .await;
    assert_eq!(values(&small, 0)[..], values(&whole, 1)[997..]);
    let wrong = get(
        &world.gateway,
        "/api/v1/indicators/demo:BTC-USDT?set=rsj(14)",
    )
    .await;
    let error = problem_of(&wrong);
    assert_eq!(error["details"]["field"], "set");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("did you mean `rsi`?"),
        "{error}"
    );
    assert_eq!(
        get(&world.gateway, "/api/v1/indicators/demo:BTC-USDT")
            .await
            .status(),
        400
    );
    let catalog = data(&world.gateway, "/api/v1/indicators?q=strength").await;
    assert_eq!(catalog[0]["parameters"][0]["default"], 14);
}

#[tokio::test]
async fn catalogues_are_searched_and_paged() {
    let world = world();
    assert_eq!(
        data(&world.gateway, "/api/v1/timeframes")
            .await
            .as_array()
            .unwrap()
            .len(),
        19
    );
    assert_eq!(
        data(&world.gateway, "/api/v1/timeframes?q=1M").await[0]["name"],
        "1M"
    );
    assert_eq!(
        data(&world.gateway, "/api/v1/venues").await[0]["limits"][0]["limit"],
        6000
    );
    assert_eq!(
        data(&world.gateway, "/api/v1/symbols?q=brk.b").await[0]["symbol"],
        "nyse:BRK-B"
    );
    let first = json_of(&get(&world.gateway, "/api/v1/symbols?limit=2&q=usdt").await);
    assert_eq!(first["data"][1]["symbol"], "binance:ETH/USDT");
    let link = get(&world.gateway, "/api/v1/symbols?limit=2&q=usdt")
        .await
        .headers()["link"]
        .clone();
    let next = link.to_str().unwrap().split_once('>').unwrap().0[1..].to_owned();
    let second = data(&world.gateway, &next).await;
    assert_eq!(second[0]["symbol"], "demo:BTC/USDT");
    assert_eq!(second.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_ledger_is_read() {
    let world = world();
    let days = data(&world.gateway, "/api/v1/completeness/demo:BTC-USDT").await;
    assert_eq!(days.as_array().unwrap().len(), 3);
    assert_eq!(days[2]["date"], "2026-11-20");
    assert_eq!(days[2]["lastId"], u128::MAX.to_string());
    assert_eq!(days[2]["missing"][0]["state"], "filled");
    let refused = get(
        &world.gateway,
        "/api/v1/completeness/demo:BTC-USDT?from=2001-01-01T00:00:00Z",
    )
    .await;
    assert_eq!(problem_of(&refused)["details"]["field"], "from");
    let page = json_of(&get(&world.gateway, "/api/v1/quarantine?limit=100").await);
    assert_eq!(page["data"][0]["id"], "250");
    assert_eq!(page["data"][0]["frame"], "{\"p\":\"0\u{fffd}\"}");
    assert_eq!(page["meta"]["nextCursor"], "151");
    let path = "/api/v1/candles/demo:BTC-USDT/2026-11-20T09:55:00Z/provenance?timeframe=1m";
    let origin = data(&world.gateway, path).await;
    assert_eq!(
        origin["revisions"][0]["knowledgeTime"],
        "2026-11-20T09:56:00Z"
    );
    assert_eq!(
        origin["revisions"][1]["reason"],
        "repaired: missing trades 10 to 20 came, one by one"
    );
    assert_eq!(
        origin["ranges"][0],
        json!({ "log": "demo-0", "from": "1:1", "to": "1:9" })
    );
    let none = get(
        &world.gateway,
        "/api/v1/candles/demo:BTC-USDT/2026-11-20T09:55:01Z/provenance",
    )
    .await;
    let error = problem_of(&none);
    assert_eq!(
        (none.status().as_u16(), &error["code"]),
        (404, &json!("CANDLE_NOT_FOUND"))
    );
    assert_eq!(
        error["details"]["suggestions"],
        json!(["2026-11-20T09:55:00Z"])
    );
}

#[tokio::test]
async fn a_book_has_as_many_levels_as_are_wanted() {
    let world = world();
    let both = data(&world.gateway, "/api/v1/book/demo:BTC-USDT").await;
    assert_eq!(
        both,
        json!({
            "updateId": "7",
            "time": "1970-01-01T00:00:01Z",
            "bids": [["1.5", "2"], ["1.4", "2"]],
            "asks": []
        })
    );
    let one = data(&world.gateway, "/api/v1/book/demo:BTCUSDT?depth=1").await;
    assert_eq!(one["bids"], json!([["1.5", "2"]]));
    for (path, status, code) in [
        ("/api/v1/book/demo:ETH-USDT", 404, "BOOK_NOT_FOUND"),
        ("/api/v1/book/demo:NO-SUCH", 404, "SYMBOL_NOT_FOUND"),
        (
            "/api/v1/book/demo:BTC-USDT?depth=0",
            400,
            "INVALID_PARAMETER",
        ),
        (
            "/api/v1/book/demo:BTC-USDT?depth=1001",
            400,
            "INVALID_PARAMETER",
        ),
    ] {
        let answer = get(&world.gateway, path).await;
        let found = (
            answer.status().as_u16(),
            problem_of(&answer)["code"].clone(),
        );
        assert_eq!(found, (status, json!(code)), "{path}");
    }
}
