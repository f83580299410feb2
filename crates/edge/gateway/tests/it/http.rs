//! Endpoints, the envelope, the cache, limits.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::StatusCode;
use quantflow_gateway::{CacheOptions, GatewayOptions, LimitOptions};
use quantflow_seams::StoreError;
use serde_json::json;

use crate::client::{ask, data, get, json_of, problem_of, send};
use crate::fake::{MINUTES, options, world, world_with};

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
    assert_eq!(body["data"].as_array().unwrap().len(), 2);
    assert_eq!(
        body["meta"],
        json!({
            "timestamp": "2026-11-20T10:00:30Z", "requestId": "my-id.1", "apiVersion": "v1", "deprecated": false,
            "sunsetDate": null, "cache": { "hit": false, "ttl": 1 },
        })
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
async fn whatever_is_wrong_is_said_in_the_envelope() {
    let world = world();
    for (method, target, status, code) in [
        ("GET", "/nothing", 404, "ROUTE_NOT_FOUND"),
        ("GET", "/api/v1", 404, "ROUTE_NOT_FOUND"),
        ("GET", "/api/v2/prices", 404, "ROUTE_NOT_FOUND"),
        ("GET", "/assets/nothing.js", 404, "ROUTE_NOT_FOUND"),
        ("GET", "/assets/../Cargo.toml", 404, "ROUTE_NOT_FOUND"),
        ("DELETE", "/api/v1/prices", 405, "METHOD_NOT_ALLOWED"),
        ("TRACE", "/api/v1/prices", 405, "METHOD_NOT_ALLOWED"),
        (
            "POST",
            "/api/v1/price/demo:BTC-USDT",
            405,
            "METHOD_NOT_ALLOWED",
        ),
        (
            "GET",
            "/api/v1/connections/demo/1/reconnect",
            405,
            "METHOD_NOT_ALLOWED",
        ),
        ("GET", "/api/v1/prices?nope=1", 400, "INVALID_PARAMETER"),
        (
            "GET",
            "/api/v1/prices?venue=a&venue=b",
            400,
            "INVALID_PARAMETER",
        ),
        (
            "GET",
            "/api/v1/chart/ohlc/demo:BTC-USDT?limit=5001",
            400,
            "INVALID_PARAMETER",
        ),
        (
            "GET",
            "/api/v1/chart/ohlc/demo:BTC-USDT?limit=0",
            400,
            "INVALID_PARAMETER",
        ),
        (
            "GET",
            "/api/v1/chart/ohlc/demo:BTC-USDT?timeframe=7m",
            400,
            "INVALID_PARAMETER",
        ),
        (
            "GET",
            "/api/v1/chart/ohlc/demo:BTC-USDT?from=2026-11-20T00:00:00Z&to=2026-11-19T00:00:00Z",
            400,
            "INVALID_PARAMETER",
        ),
        (
            "GET",
            "/api/v1/chart/ohlc/demo:BTC-USDT?cursor=x",
            400,
            "INVALID_PARAMETER",
        ),
        ("GET", "/api/v1/price/%FF", 400, "INVALID_PARAMETER"),
        ("GET", "/api/v1/price/%", 400, "INVALID_PARAMETER"),
        ("GET", "/api/v1/price/a%00b", 400, "INVALID_PARAMETER"),
        (
            "GET",
            "/api/v1/price/kraken:XXX-YYY",
            404,
            "SYMBOL_NOT_FOUND",
        ),
        ("GET", "/api/v1/price/nyse:BRK-B", 404, "SYMBOL_NOT_FOUND"),
        ("GET", "/ws", 426, "UPGRADE_REQUIRED"),
        ("GET", "/stream", 400, "INVALID_PARAMETER"),
        ("GET", "/stream?channels=dance", 400, "INVALID_PARAMETER"),
    ] {
        let response = ask(&world.gateway, method, target, &[]).await;
        let error = problem_of(&response);
        assert_eq!(
            (response.status().as_u16(), &error["code"]),
            (status, &json!(code)),
            "{method} {target}: {error}"
        );
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        if code == "INVALID_PARAMETER" {
            for detail in ["field", "given", "allowed"] {
                assert!(error["details"].get(detail).is_some(), "{target}: {error}");
            }
        }
        if status == 405 {
            assert!(response.headers().contains_key("allow"));
        }
    }
    let near = problem_of(&get(&world.gateway, "/api/v1/pices").await);
    assert_eq!(near["details"]["suggestions"][0], "/api/v1/prices");
}

#[tokio::test]
async fn a_store_that_fails_is_not_shown_to_clients() {
    let world = world();
    data(&world.gateway, "/api/v1/symbols").await;
    let target = "/api/v1/history/demo:BTC-USDT";
    for (broken, status, code) in [
        (
            (|| StoreError::Failed {
                place: "/secret/path".to_owned(),
                detail: "disk".to_owned(),
            }) as fn() -> StoreError,
            500,
            "INTERNAL",
        ),
        (
            || StoreError::Locked {
                place: "/secret/path".to_owned(),
            },
            503,
            "UNAVAILABLE",
        ),
    ] {
        *world.market.broken.lock().unwrap() = Some(broken);
        let response = get(&world.gateway, target).await;
        assert_eq!(
            (response.status().as_u16(), &problem_of(&response)["code"]),
            (status, &json!(code))
        );
        assert!(!String::from_utf8_lossy(response.body()).contains("secret"));
    }
    *world.market.broken.lock().unwrap() = None;
    assert_eq!(
        get(&world.gateway, target).await.status(),
        200,
        "a failure is not kept"
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_takes_too_long_is_given_up() {
    let world = world();
    data(&world.gateway, "/api/v1/symbols").await;
    world.market.open.send_replace(false);
    let response = get(&world.gateway, "/api/v1/history/demo:BTC-USDT").await;
    assert_eq!(
        (response.status().as_u16(), &problem_of(&response)["code"]),
        (504, &json!("TIMEOUT"))
    );
}

#[tokio::test(start_paused = true)]
async fn answers_are_kept_for_their_time_and_only_those_that_mean_the_same_are_shared() {
    let world = world();
    let closed =
        "/api/v1/chart/ohlc/demo:BTC-USDT?from=2026-11-20T09:00:00Z&to=2026-11-20T09:30:00Z";
    let hit = async |target: &str| {
        let body = json_of(&get(&world.gateway, target).await);
        (
            body["meta"]["cache"]["hit"] == true,
            body["meta"]["cache"]["ttl"].clone(),
        )
    };
    assert_eq!(hit(closed).await, (false, json!(300)));
    let asked = world.market.questions();
    for same in [
        closed,
        closed,
        "/api/v1/chart/ohlc/demo:BTC-USDT?to=1795167000&from=1795165200000&limit=500",
        "/api/v1/chart/ohlc/BTCUSDT?venue=demo&from=2026-11-20T10:00:00%2B01:00&to=2026-11-20T09:30:00Z&timeframe=1m",
        "/chart/ohlc/demo:BTC-USDT?from=2026-11-20T09:00:00Z&to=2026-11-20T09:30:00Z&fill=none",
    ] {
        assert!(hit(same).await.0, "{same}");
    }
    assert_eq!(world.market.questions(), asked);
    for other in [
        "&limit=499",
        "&timeframe=5m",
        "&fill=previous",
        "&as_of=2026-11-20T09:59:00Z",
        "&time=ms",
    ] {
        assert!(!hit(&format!("{closed}{other}")).await.0, "{other}");
    }
    assert!(
        !hit(
            "/api/v1/chart/ohlc/binance:BTC-USDT?from=2026-11-20T09:00:00Z&to=2026-11-20T09:30:00Z"
        )
        .await
        .0
    );
    tokio::time::advance(std::time::Duration::from_secs(301)).await;
    assert!(!hit(closed).await.0, "too old");
    // the open candle moves: never kept
    let open = "/api/v1/chart/ohlc/demo:BTC-USDT?limit=5";
    for _ in 0..2 {
        assert_eq!(hit(open).await, (false, json!(0)));
    }
    // a candle that is not complete may be at any time
    let holed =
        "/api/v1/chart/ohlc/demo:BTC-USDT?from=2026-11-20T09:50:00Z&to=2026-11-20T09:55:00Z";
    assert_eq!(hit(holed).await, (false, json!(5)));
}

#[tokio::test]
async fn equal_requests_at_once_ask_the_market_once() {
    let world = world();
    data(&world.gateway, "/api/v1/symbols").await;
    world.market.open.send_replace(false);
    let before = world.market.questions();
    let asks: Vec<_> = (0..20)
        .map(|_| {
            let gateway = world.gateway.clone();
            tokio::spawn(
                async move { data(&gateway, "/api/v1/history/demo:BTC-USDT?limit=5").await },
            )
        })
        .collect();
    while world.market.asked.load(Ordering::SeqCst) == before {
        tokio::task::yield_now().await;
    }
    tokio::task::yield_now().await;
    world.market.open.send_replace(true);
    for ask in asks {
        assert_eq!(ask.await.unwrap().as_array().unwrap().len(), 5);
    }
    assert_eq!(world.market.questions(), before + 1);
}

#[tokio::test]
async fn a_client_that_has_the_answer_is_told_so() {
    let world = world();
    let target = "/api/v1/timeframes";
    let first = get(&world.gateway, target).await;
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    assert!(tag.starts_with("W/\""));
    assert_eq!(first.headers()["cache-control"], "public, max-age=600");
    assert_eq!(first.headers()["vary"], "accept, accept-encoding");
    for tags in [tag.as_str(), "*", &format!("\"x\", {tag}")] {
        let again = ask(&world.gateway, "GET", target, &[("if-none-match", tags)]).await;
        assert_eq!((again.status().as_u16(), again.body().len()), (304, 0));
        assert_eq!(again.headers()["etag"], tag);
    }
    let other = ask(
        &world.gateway,
        "GET",
        target,
        &[("if-none-match", "\"other\"")],
    )
    .await;
    assert_eq!(other.status(), 200);
    let moving = get(&world.gateway, "/api/v1/chart/ohlc/demo:BTC-USDT?limit=1").await;
    assert_eq!(moving.headers()["cache-control"], "no-cache");
}

#[tokio::test]
async fn paths_without_a_version_say_that_they_are_going_away() {
    let world = world();
    for _ in 0..2 {
        let old = get(&world.gateway, "/timeframes").await;
        assert!(
            old.headers()["deprecation"]
                .to_str()
                .unwrap()
                .starts_with('@')
        );
        assert_eq!(old.headers()["sunset"], "Thu, 20 May 2027 00:00:00 GMT");
        assert_eq!(
            old.headers()["link"],
            "</api/v1/timeframes>; rel=\"successor-version\""
        );
        let meta = json_of(&old)["meta"].clone();
        assert_eq!(
            (&meta["deprecated"], &meta["sunsetDate"]),
            (&json!(true), &json!("2027-05-20T00:00:00Z"))
        );
        let new = get(&world.gateway, "/api/v1/timeframes").await;
        assert!(!new.headers().contains_key("deprecation"));
        assert_eq!(json_of(&new)["meta"]["deprecated"], false);
    }
    let versioned = [("accept", "application/vnd.nextlevel.v9+json")];
    let by_header = ask(&world.gateway, "GET", "/api/v1/timeframes", &versioned).await;
    assert_eq!(json_of(&by_header)["meta"]["apiVersion"], "v1");
}

#[tokio::test(start_paused = true)]
async fn limits_are_kept_and_said() {
    let world = world_with(GatewayOptions {
        limits: LimitOptions {
            endpoints: [("prices".to_owned(), 3)].into(),
            ..LimitOptions::default()
        },
        ..options()
    });
    for left in [2, 1, 0] {
        let response = get(&world.gateway, "/api/v1/prices").await;
        assert_eq!(response.status(), 200);
        assert_eq!(
            response.headers()["ratelimit-policy"],
            "\"prices\";q=3;w=60"
        );
        assert!(
            response.headers()["ratelimit"]
                .to_str()
                .unwrap()
                .starts_with(&format!("\"prices\";r={left};"))
        );
    }
    let refused = get(&world.gateway, "/prices").await;
    assert_eq!(
        (refused.status().as_u16(), &problem_of(&refused)["code"]),
        (429, &json!("RATE_LIMITED"))
    );
    let wait: u64 = refused.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(wait, 20);
    assert_eq!(
        get(&world.gateway, "/api/v1/timeframes").await.status(),
        200,
        "another endpoint"
    );
    tokio::time::advance(std::time::Duration::from_secs(wait)).await;
    assert_eq!(get(&world.gateway, "/api/v1/prices").await.status(), 200);
    let exempt = world_with(GatewayOptions {
        limits: LimitOptions {
            exempt_loopback: true,
            endpoints: [("prices".to_owned(), 1)].into(),
            ..LimitOptions::default()
        },
        ..options()
    });
    for _ in 0..3 {
        assert_eq!(get(&exempt.gateway, "/api/v1/prices").await.status(), 200);
    }
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
async fn without_a_cache_nothing_is_kept() {
    let world = world_with(GatewayOptions {
        cache: CacheOptions {
            bytes: 0,
            ..CacheOptions::default()
        },
        ..options()
    });
    for _ in 0..2 {
        let body = json_of(&get(&world.gateway, "/api/v1/timeframes").await);
        assert_eq!(body["meta"]["cache"], json!({ "hit": false, "ttl": 0 }));
    }
}

#[tokio::test]
async fn a_head_has_headers_only_over_a_socket_and_bodies_of_get_are_passed_over() {
    let world = world();
    let response = send(
        &world.gateway,
        "GET",
        "/api/v1/timeframes",
        &[("content-type", "text/plain")],
        "body",
    )
    .await;
    assert_eq!(response.status(), 200);
    assert_eq!(
        ask(&world.gateway, "HEAD", "/api/v1/timeframes", &[])
            .await
            .status(),
        200
    );
    let options = ask(&world.gateway, "OPTIONS", "/api/v1/timeframes", &[]).await;
    assert_eq!(
        (options.status().as_u16(), &options.headers()["allow"]),
        (204, &"GET, HEAD, OPTIONS".parse().unwrap())
    );
}
