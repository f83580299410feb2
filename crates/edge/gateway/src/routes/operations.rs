//! `/connections`, `/health`, `/metrics`.

use std::sync::Arc;

use http::{HeaderValue, Response, StatusCode, header};
use serde::Deserialize;

use crate::answer::{Answer, Freshness};
use crate::body::Body;
use crate::dto::{Connection, Health, Reconnected};
use crate::endpoint::{Access, Call, Endpoint, Method, Place, Returns, Run, TIME};
use crate::parameter::{Kind, Parameter};
use crate::problem::{Code, Problem};
use crate::shared::Shared;
use crate::sources::{ServiceHealth, ServiceStatus};

pub(super) const CONNECTIONS: Endpoint = Endpoint {
    name: "connections",
    method: Method::Get,
    path: "/connections",
    place: Place::Versioned,
    tag: "data health",
    summary: "Connections to venues",
    about: "With their lag, rates and what went wrong last.",
    parameters: &[
        Parameter::new(
            "venue",
            Kind::Venue,
            "Only connections to this venue.",
            "demo",
        ),
        TIME,
    ],
    returns: Returns::Rows("Connection"),
    errors: &[],
    per_minute: 120,
    ttl: 1,
    access: Access::Open,
    run: Run::Data(|shared, call| Box::pin(connections(shared, call))),
};

pub(super) const RECONNECT: Endpoint = Endpoint {
    name: "reconnect",
    method: Method::Post,
    path: "/connections/{venue}/{id}/reconnect",
    place: Place::Versioned,
    tag: "data health",
    summary: "Cuts a connection, so that it is made anew",
    about: "Nothing is lost by it: what was missed meanwhile is found and fetched. The body may be empty, or say why.",
    parameters: &[
        Parameter::new("venue", Kind::PathText(32), "The venue.", "demo"),
        Parameter::new("id", Kind::PathText(128), "The connection.", "1"),
    ],
    returns: Returns::Object("Reconnected"),
    errors: &[
        Code::Unauthenticated,
        Code::ConnectionNotFound,
        Code::MalformedBody,
        Code::BodyTooLarge,
        Code::UnsupportedMediaType,
    ],
    per_minute: 30,
    ttl: 0,
    access: Access::Write("admin:ingest"),
    run: Run::Action(|shared, call| Box::pin(reconnect(shared, call))),
};

pub(super) const HEALTH: Endpoint = Endpoint {
    name: "health",
    method: Method::Get,
    path: "/health",
    place: Place::Beside,
    tag: "operations",
    summary: "How the process and what it leans on fare",
    about: "503 only when nothing can be served; an outside API that is down degrades. Never in the envelope.",
    parameters: &[],
    returns: Returns::Plain(200, "application/json", Some("Health")),
    errors: &[],
    per_minute: 600,
    ttl: 0,
    access: Access::Open,
    run: Run::Plain(|shared, call| Box::pin(health(shared, call))),
};

pub(super) const LIVE: Endpoint = Endpoint {
    name: "health_live",
    method: Method::Get,
    path: "/health/live",
    place: Place::Beside,
    tag: "operations",
    summary: "Whether the process runs",
    about: "Always healthy when it answers. Never in the envelope.",
    parameters: &[],
    returns: Returns::Plain(200, "application/json", Some("Health")),
    errors: &[],
    per_minute: 600,
    ttl: 0,
    access: Access::Open,
    run: Run::Plain(|shared, call| Box::pin(live(shared, call))),
};

pub(super) const READY: Endpoint = Endpoint {
    name: "health_ready",
    method: Method::Get,
    path: "/health/ready",
    place: Place::Beside,
    tag: "operations",
    summary: "Whether the process can serve",
    about: "503 until all that it cannot do without answers, and while it shuts down. Never in the envelope.",
    parameters: &[],
    returns: Returns::Plain(200, "application/json", Some("Health")),
    errors: &[],
    per_minute: 600,
    ttl: 0,
    access: Access::Open,
    run: Run::Plain(|shared, call| Box::pin(ready(shared, call))),
};

pub(super) const METRICS: Endpoint = Endpoint {
    name: "metrics",
    method: Method::Get,
    path: "/metrics",
    place: Place::Beside,
    tag: "operations",
    summary: "Metrics in Prometheus' text format",
    about: "Of the gateway, and of all roles in the same process.",
    parameters: &[],
    returns: Returns::Plain(200, "text/plain; version=0.0.4; charset=utf-8", None),
    errors: &[],
    per_minute: 600,
    ttl: 0,
    access: Access::Open,
    run: Run::Plain(|shared, call| Box::pin(metrics(shared, call))),
};

async fn connections(shared: Arc<Shared>, call: Call) -> Result<Answer, Problem> {
    let (venue, style) = (call.parameters.text("venue"), call.style());
    let rows = shared
        .connections
        .connections()
        .iter()
        .filter(|view| venue.is_none_or(|venue| view.venue.as_str() == venue))
        .map(|view| Connection::of(view, style))
        .collect();
    Ok(Answer::rows(rows))
}

/// What a caller may say beside a reconnect.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Why {
    #[serde(default)]
    reason: Option<String>,
}

async fn reconnect(shared: Arc<Shared>, call: Call) -> Result<Answer, Problem> {
    let (venue, id) = (
        call.parameters.text("venue").unwrap_or_default(),
        call.parameters.text("id").unwrap_or_default(),
    );
    let why = if call.body.is_empty() {
        Why::default()
    } else {
        serde_json::from_slice(&call.body).map_err(|error| {
            Problem::new(
                Code::MalformedBody,
                format!("the body is not what is wanted: {error}"),
            )
            .with("allowed", "nothing, or {\"reason\": \"…\"}")
        })?
    };
    let unknown = || {
        let known: Vec<String> = shared
            .connections
            .connections()
            .iter()
            .map(|c| format!("{}/{}", c.venue, c.id))
            .take(5)
            .collect();
        Problem::not_found(
            Code::ConnectionNotFound,
            format!("{venue} has no connection {id:?}"),
            known,
        )
    };
    let venue_id = venue.parse().map_err(|_| unknown())?;
    let reason = why
        .reason
        .as_deref()
        .map(|r| r.chars().take(200).collect::<String>());
    tracing::warn!(%venue, %id, reason, client = %call.client, request_id = call.request_id, "a reconnect was asked for");
    shared
        .connections
        .reconnect(&venue_id, id)
        .await
        .map_err(|error| match error {
            crate::sources::ReconnectError::Unknown { .. } => unknown(),
            unavailable @ crate::sources::ReconnectError::Unavailable(_) => unavailable.into(),
        })?;
    let answer = Reconnected {
        venue: venue.to_owned(),
        id: id.to_owned(),
        reconnecting: true,
    };
    Ok(Answer::object(&answer)?.fresh(Freshness::Moving))
}

fn plain(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn health_answer(
    shared: &Shared,
    status: ServiceStatus,
    services: &[ServiceHealth],
) -> Result<Response<Body>, Problem> {
    let body = serde_json::to_vec(&Health::of(status.name(), shared.clock.now(), services))
        .map_err(|error| Problem::internal(&error))?;
    let code = match status {
        ServiceStatus::Healthy | ServiceStatus::Degraded => StatusCode::OK,
        ServiceStatus::Unhealthy => StatusCode::SERVICE_UNAVAILABLE,
    };
    Ok(plain(code, "application/json", body))
}

async fn health(shared: Arc<Shared>, _: Call) -> Result<Response<Body>, Problem> {
    let services = shared.health.services().await;
    let broken = |s: &ServiceHealth| s.essential && s.status == ServiceStatus::Unhealthy;
    let status = if services.iter().any(broken) {
        ServiceStatus::Unhealthy
    } else if services.iter().any(|s| s.status != ServiceStatus::Healthy) {
        ServiceStatus::Degraded
    } else {
        ServiceStatus::Healthy
    };
    health_answer(&shared, status, &services)
}

async fn live(shared: Arc<Shared>, _: Call) -> Result<Response<Body>, Problem> {
    health_answer(&shared, ServiceStatus::Healthy, &[])
}

async fn ready(shared: Arc<Shared>, _: Call) -> Result<Response<Body>, Problem> {
    let mut services = shared.health.services().await;
    services.retain(|service| service.essential);
    let broken = services
        .iter()
        .any(|s| s.status == ServiceStatus::Unhealthy);
    let status = if broken || shared.stopping.is_cancelled() {
        ServiceStatus::Unhealthy
    } else {
        ServiceStatus::Healthy
    };
    health_answer(&shared, status, &services)
}

async fn metrics(shared: Arc<Shared>, _: Call) -> Result<Response<Body>, Problem> {
    let mut text = shared.measure.render();
    text.push_str(&shared.metrics.render());
    Ok(plain(
        StatusCode::OK,
        "text/plain; version=0.0.4; charset=utf-8",
        text.into_bytes(),
    ))
}
