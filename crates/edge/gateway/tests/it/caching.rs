//! The cache of answers, as clients see it.

use std::sync::atomic::Ordering;

use quantflow_gateway::{CacheOptions, GatewayOptions};
use serde_json::json;

use crate::client::{ask, data, get, json_of};
use crate::fake::{options, world, world_with};

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
