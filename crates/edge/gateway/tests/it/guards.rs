//! Who may ask, and what a browser is told.

use http::StatusCode;
use quantflow_gateway::GatewayOptions;
use serde_json::json;

use crate::client::{ask, json_of, problem_of, send};
use crate::fake::{TOKEN, options, world, world_with};

#[tokio::test]
async fn names_that_are_not_ours_are_refused_from_the_cache_too() {
    let world = world();
    for host in [
        "localhost:8080",
        "evil.example",
        "localhost:8080",
        "evil.example",
    ] {
        let response = ask(
            &world.gateway,
            "GET",
            "/api/v1/timeframes",
            &[("host", host)],
        )
        .await;
        if host == "evil.example" {
            assert_eq!(
                (response.status().as_u16(), &problem_of(&response)["code"]),
                (403, &json!("FORBIDDEN"))
            );
        } else {
            assert_eq!(response.status(), 200);
        }
    }
}

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    let world = world_with(GatewayOptions {
        behind_tls: true,
        ..options()
    });
    for target in [
        "/",
        "/api/v1/prices",
        "/nothing",
        "/docs",
        "/metrics",
        "/health",
        "/openapi.json",
    ] {
        let response = ask(&world.gateway, "GET", target, &[]).await;
        let headers = response.headers();
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("x-xss-protection", "1; mode=block"),
            ("referrer-policy", "strict-origin-when-cross-origin"),
            (
                "strict-transport-security",
                "max-age=31536000; includeSubDomains",
            ),
        ] {
            assert_eq!(headers[name], value, "{target}");
        }
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'self'") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert!(headers.contains_key("permissions-policy") && headers.contains_key("x-request-id"));
        assert!(!headers.contains_key("access-control-allow-origin"));
    }
}

#[tokio::test]
async fn other_sites_read_only_where_that_is_set() {
    let world = world_with(GatewayOptions {
        allowed_origins: vec!["https://app.example".to_owned()],
        ..options()
    });
    for _ in 0..2 {
        let allowed = ask(
            &world.gateway,
            "GET",
            "/api/v1/timeframes",
            &[("origin", "https://app.example")],
        )
        .await;
        assert_eq!(
            allowed.headers()["access-control-allow-origin"],
            "https://app.example"
        );
        assert_eq!(allowed.headers()["vary"], "accept, accept-encoding, origin");
        let foreign = ask(
            &world.gateway,
            "GET",
            "/api/v1/timeframes",
            &[("origin", "https://evil.example")],
        )
        .await;
        assert!(
            !foreign
                .headers()
                .contains_key("access-control-allow-origin")
        );
    }
    let asked = [
        ("origin", "https://app.example"),
        ("access-control-request-method", "GET"),
    ];
    let preflight = ask(&world.gateway, "OPTIONS", "/api/v1/timeframes", &asked).await;
    assert_eq!(preflight.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        preflight.headers()["access-control-allow-methods"],
        "GET, HEAD, OPTIONS"
    );
    assert_eq!(
        preflight.headers()["access-control-allow-origin"],
        "https://app.example"
    );
}

#[tokio::test]
async fn a_reconnect_needs_the_token_a_page_of_ours_and_a_sane_body() {
    let world = world();
    let path = "/api/v1/connections/demo/1/reconnect";
    let bearer = format!("Bearer {TOKEN}");
    let ours = ("authorization", bearer.as_str());
    let json_type = ("content-type", "application/json");
    let large = "x".repeat((1 << 20) + 1);
    for (target, headers, body, status, code) in [
        (path, vec![], "", 401, "UNAUTHENTICATED"),
        (
            path,
            vec![("authorization", "Bearer wrong-wrong-wrong-wrong")],
            "",
            401,
            "UNAUTHENTICATED",
        ),
        (
            path,
            vec![ours, ("origin", "https://evil.example")],
            "",
            403,
            "FORBIDDEN",
        ),
        (path, vec![ours, json_type], "{", 400, "MALFORMED_BODY"),
        (
            path,
            vec![ours, json_type],
            "{\"more\":1}",
            400,
            "MALFORMED_BODY",
        ),
        (
            path,
            vec![ours, ("content-type", "text/plain")],
            "why",
            415,
            "UNSUPPORTED_MEDIA_TYPE",
        ),
        (path, vec![ours], "why", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (path, vec![ours, json_type], &large, 413, "BODY_TOO_LARGE"),
        (
            "/api/v1/connections/demo/2/reconnect",
            vec![ours],
            "",
            404,
            "CONNECTION_NOT_FOUND",
        ),
        (
            "/api/v1/connections/..%2F/2/reconnect",
            vec![ours],
            "",
            404,
            "CONNECTION_NOT_FOUND",
        ),
    ] {
        let response = send(&world.gateway, "POST", target, &headers, body).await;
        let error = problem_of(&response);
        assert_eq!(
            (response.status().as_u16(), &error["code"]),
            (status, &json!(code)),
            "{target} {headers:?} {error}"
        );
        if status == 401 {
            assert_eq!(
                response.headers()["www-authenticate"],
                "Bearer realm=\"quantflow\""
            );
        }
    }
    assert!(world.sources.reconnected.lock().unwrap().is_empty());
    let done = send(
        &world.gateway,
        "POST",
        path,
        &[ours, json_type],
        "{\"reason\":\"it lags\"}",
    )
    .await;
    assert_eq!(
        json_of(&done)["data"],
        json!({ "venue": "demo", "id": "1", "reconnecting": true })
    );
    assert_eq!(done.headers()["cache-control"], "no-store");
    assert_eq!(world.sources.reconnected.lock().unwrap()[..], ["demo/1"]);
    let closed = world_with(GatewayOptions::default());
    let refused = send(&closed.gateway, "POST", path, &[ours], "").await;
    assert_eq!(problem_of(&refused)["details"]["scope"], "admin:ingest");
    assert_eq!(refused.status(), 403);
}
