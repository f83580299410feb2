//! A REST request from its head to its body: faults, limits, answer.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use quantflow_venues::binance::TimeUnit;

use super::endpoint::Endpoint;
use super::params::{Parameters, Refused};
use crate::fault::{FaultKind, Out};
use crate::limit::Verdict;
use crate::random::{Random, hash};
use crate::venue::{Stage, count, lock};

/// How the bytes of an answer are spoiled.
#[derive(Debug, Clone, Copy)]
enum Spoil {
    Garble(u64),
    Truncate,
    WrongLength,
}

fn respond(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json;charset=UTF-8");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

fn refuse(refused: &Refused) -> Response {
    respond(refused.status, refused.body())
}

fn wait(status: StatusCode, retry_after: u64, message: &str) -> Response {
    let refused = Refused {
        status,
        ..Refused::new(-1003, message)
    };
    let mut response = refuse(&refused);
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
    response
}

fn too_many(stage: &Stage, retry_after: u64) -> Response {
    count(&stage.counters.limited);
    let most = stage.options.limits.weight_per_minute;
    wait(
        StatusCode::TOO_MANY_REQUESTS,
        retry_after,
        &format!(
            "Too much request weight used; current limit is {most} request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API."
        ),
    )
}

fn banned(stage: &Stage, retry_after: u64) -> Response {
    count(&stage.counters.banned);
    let until = stage.pace.clock.now() + Duration::from_secs(retry_after);
    wait(
        StatusCode::IM_A_TEAPOT,
        retry_after,
        &format!(
            "Way too much request weight used; IP banned until {}. Please use WebSocket Streams for live updates to avoid bans.",
            until.millis()
        ),
    )
}

/// Answers any request that is no socket's.
pub(super) async fn serve(
    State(stage): State<Arc<Stage>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, _body) = request.into_parts();
    let number = stage
        .counters
        .requests
        .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let elapsed = stage.pace.elapsed();
    let plan = stage.plan();
    let mut random = Random::new(hash(plan.seed ^ 0x9e57, number));
    let mut spoil = None;
    let mut slow = Duration::ZERO;
    let now = stage.pace.clock.now();
    for fault in plan.on(elapsed) {
        match fault {
            FaultKind::TooManyRequests(after, p) if random.chance(p) => {
                count(&stage.counters.fault_answers);
                let verdict = {
                    let mut limiter = lock(&stage.limiter);
                    // who is limited already and asks again is judged first
                    let verdict = limiter.admit(peer.ip(), 0, now);
                    if matches!(verdict, Verdict::Pass { .. }) {
                        limiter.limit(peer.ip(), after, now);
                    }
                    verdict
                };
                return match verdict {
                    Verdict::Banned { retry_after } => banned(&stage, retry_after),
                    _ => too_many(&stage, after.as_secs().max(1)),
                };
            }
            FaultKind::Banned(after, p) if random.chance(p) => {
                count(&stage.counters.fault_answers);
                return banned(&stage, after.as_secs().max(1));
            }
            FaultKind::ServerError(status, p) if random.chance(p) => {
                count(&stage.counters.fault_answers);
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
                let mut response = respond(status, b"<html><body>error</body></html>".to_vec());
                let html = HeaderValue::from_static("text/html");
                response.headers_mut().insert(header::CONTENT_TYPE, html);
                return response;
            }
            FaultKind::Slow(by) => slow = slow.max(by),
            FaultKind::Garbage(p) if random.chance(p) => spoil = Some(Spoil::Garble(random.next())),
            FaultKind::Truncate(p) if random.chance(p) => spoil = Some(Spoil::Truncate),
            FaultKind::WrongLength(p) if random.chance(p) => spoil = Some(Spoil::WrongLength),
            _ => {}
        }
    }
    if !slow.is_zero() {
        count(&stage.counters.fault_answers);
        tokio::select! {
            () = stage.pace.clock.sleep(slow) => {}
            () = stage.shutdown.cancelled() => {}
        }
    }
    let response = answer(&stage, peer.ip(), &parts);
    match spoil {
        Some(spoil) if response.status().is_success() => {
            count(&stage.counters.fault_answers);
            spoiled(response, spoil).await
        }
        _ => response,
    }
}

fn answer(stage: &Stage, ip: IpAddr, head: &http::request::Parts) -> Response {
    let path = head.uri.path();
    let Some(endpoint) = Endpoint::of(path) else {
        return respond(StatusCode::NOT_FOUND, Vec::new());
    };
    let parameters = Parameters::parse(head.uri.query().unwrap_or(""));
    let weight = match &parameters {
        Ok(parameters) => endpoint.weight(parameters),
        Err(_) => 1,
    };
    let verdict = lock(&stage.limiter).admit(ip, weight, stage.pace.clock.now());
    let used = match verdict {
        Verdict::Pass { used } => used,
        Verdict::Limited { retry_after, used } => {
            return with_weight(too_many(stage, retry_after), used);
        }
        Verdict::Banned { retry_after } => return banned(stage, retry_after),
    };
    let response = if head.method == Method::GET || head.method == Method::HEAD {
        let unit = match head
            .headers
            .get("x-mbx-time-unit")
            .map(HeaderValue::as_bytes)
        {
            Some(b"MICROSECOND" | b"microsecond") => TimeUnit::Microseconds,
            _ => TimeUnit::Milliseconds,
        };
        let key = head.headers.get("x-mbx-apikey").map(HeaderValue::as_bytes);
        let body = parameters.and_then(|p| endpoint.answer(stage, &p, unit, key));
        match body {
            Ok(body) => respond(StatusCode::OK, body),
            Err(refused) => refuse(&refused),
        }
    } else {
        respond(StatusCode::METHOD_NOT_ALLOWED, Vec::new())
    };
    with_weight(response, used)
}

fn with_weight(mut response: Response, used: u32) -> Response {
    let headers = response.headers_mut();
    headers.insert("x-mbx-used-weight", HeaderValue::from(used));
    headers.insert("x-mbx-used-weight-1m", HeaderValue::from(used));
    response
}

/// Breaks an answer's bytes.
async fn spoiled(response: Response, spoil: Spoil) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(whole) = axum::body::to_bytes(body, usize::MAX).await else {
        return Response::from_parts(parts, Body::empty());
    };
    let mut claim = |length: usize, sent: Bytes, breaks: bool| {
        parts
            .headers
            .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        let end = breaks.then(|| Err(std::io::Error::other("cut by a fault")));
        Body::from_stream(futures_util::stream::iter(
            std::iter::once(Ok(sent)).chain(end),
        ))
    };
    let body = match spoil {
        Spoil::Truncate => claim(whole.len(), whole.slice(..whole.len() / 2), true),
        Spoil::WrongLength => claim(whole.len() + 37, whole, true),
        Spoil::Garble(seed) => {
            let text = String::from_utf8_lossy(&whole);
            match crate::fault::garble(&text, &mut Random::new(seed)) {
                Out::Text(text) => Body::from(text.as_str().to_owned()),
                Out::Binary(bytes) => Body::from(bytes),
            }
        }
    };
    Response::from_parts(parts, body)
}
