//! Health, metrics, pages, and serving itself.

use quantflow_gateway::sources::ServiceStatus;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{Served, get, json_of};
use crate::fake::{service, world};

#[tokio::test]
async fn health_tells_what_is_wrong_and_only_what_is_essential_makes_it_unhealthy() {
    let world = world();
    for (services, overall, health, ready) in [
        (vec![], "healthy", 200, 200),
        (
            vec![service("binance", ServiceStatus::Unhealthy, false)],
            "degraded",
            200,
            200,
        ),
        (
            vec![service("store", ServiceStatus::Degraded, true)],
            "degraded",
            200,
            200,
        ),
        (
            vec![service("store", ServiceStatus::Unhealthy, true)],
            "unhealthy",
            503,
            503,
        ),
    ] {
        world.sources.services.lock().unwrap().clone_from(&services);
        let response = get(&world.gateway, "/health").await;
        let body = json_of(&response);
        assert_eq!(
            (response.status().as_u16(), &body["status"]),
            (health, &overall.into()),
            "{body}"
        );
        for service in &services {
            assert_eq!(body["services"][&service.name]["latency"], 1.5);
            assert_eq!(body["services"][&service.name]["error"], "it is down");
        }
        assert_eq!(
            get(&world.gateway, "/health/ready").await.status().as_u16(),
            ready
        );
        assert_eq!(get(&world.gateway, "/health/live").await.status(), 200);
    }
}

#[tokio::test]
async fn metrics_count_what_was_answered() {
    let world = world();
    for _ in 0..3 {
        get(&world.gateway, "/api/v1/timeframes").await;
    }
    get(&world.gateway, "/api/v1/timeframes?x=1").await;
    get(&world.gateway, "/nothing").await;
    let response = get(&world.gateway, "/metrics").await;
    let text = String::from_utf8(response.body().to_vec()).unwrap();
    for line in [
        "http_requests_total{method=\"GET\",endpoint=\"/timeframes\",status=\"200\"} 3",
        "http_requests_total{method=\"GET\",endpoint=\"/timeframes\",status=\"400\"} 1",
        "http_requests_total{method=\"GET\",endpoint=\"other\",status=\"404\"} 1",
        "http_request_duration_seconds_bucket{method=\"GET\",endpoint=\"/timeframes\",le=\"0.1\"} 4",
        "http_request_duration_seconds_bucket{method=\"GET\",endpoint=\"/timeframes\",le=\"+Inf\"} 4",
        "http_request_duration_seconds_count{method=\"GET\",endpoint=\"/timeframes\"} 4",
        "cache_hits_total{cache_type=\"response\",endpoint=\"/timeframes\"} 2",
        "cache_misses_total{cache_type=\"response\",endpoint=\"/timeframes\"} 1",
        "# TYPE http_request_duration_seconds histogram",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
    }
}

#[tokio::test]
async fn pages_and_their_files_come_from_the_binary() {
    let world = world();
    for page in [
        "/",
        "/chart/demo:BTC-USDT",
        "/data-health",
        "/help",
        "/docs",
    ] {
        let response = get(&world.gateway, page).await;
        assert_eq!(response.status(), 200, "{page}");
        assert_eq!(
            response.headers()["content-type"],
            "text/html; charset=utf-8"
        );
        // everything that the page asks for is there
        let html = String::from_utf8(response.body().to_vec()).unwrap();
        let files = html
            .split(['"', '\''])
            .filter(|text| text.starts_with("/assets/"));
        let mut count = 0;
        for file in files {
            assert_eq!(get(&world.gateway, file).await.status(), 200, "{file}");
            count += 1;
        }
        assert!(count > 1, "{page}");
    }
    let icon = get(&world.gateway, "/favicon.ico").await;
    assert_eq!(icon.headers()["content-type"], "image/svg+xml");
    assert!(icon.body().starts_with(b"<svg"));
    assert_eq!(
        get(&world.gateway, "/assets/test/browser.mjs")
            .await
            .status(),
        404
    );
}

#[tokio::test]
async fn requests_in_a_row_on_one_socket_are_answered_in_order() {
    let world = world();
    let served = Served::new(&world.gateway).await;
    let mut socket = TcpStream::connect(served.address).await.unwrap();
    let one =
        |path: &str, more: &str| format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{more}\r\n");
    let requests = one("/api/v1/timeframes", "")
        + &one("/nothing", "")
        + &one("/health/live", "connection: close\r\n");
    socket.write_all(requests.as_bytes()).await.unwrap();
    let mut answers = String::new();
    socket.read_to_string(&mut answers).await.unwrap();
    let statuses: Vec<&str> = answers
        .split("HTTP/1.1 ")
        .skip(1)
        .map(|a| &a[..3])
        .collect();
    assert_eq!(statuses, ["200", "404", "200"]);
    served.stopped().await;
}

#[tokio::test]
async fn a_request_that_is_under_way_is_answered_before_the_gateway_ends() {
    let world = world();
    let mut served = Served::new(&world.gateway).await;
    get(&world.gateway, "/api/v1/symbols").await;
    world.market.open.send_replace(false);
    let before = world.market.questions();
    let mut socket = TcpStream::connect(served.address).await.unwrap();
    socket
        .write_all(b"GET /api/v1/history/demo:BTC-USDT HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    while world.market.questions() == before {
        tokio::task::yield_now().await;
    }
    served.stop();
    while TcpStream::connect(served.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    world.market.open.send_replace(true);
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    served.stopped().await;
}
