//! What all endpoints have in common: problems, methods, limits, paths that are going away.

use quantflow_gateway::{GatewayOptions, LimitOptions};
use quantflow_seams::StoreError;
use serde_json::json;

use crate::client::{ask, data, get, json_of, problem_of, send};
use crate::fake::{options, world, world_with};

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
