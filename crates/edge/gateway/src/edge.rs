//! The chain that a request goes through.
//!
//! A request whose very spelling was answered before, and whose answer still holds, is answered first and at once
//! (guards and limits included). All others are routed, checked ([`run`]), and made ([`data`]); equal ones at once are
//! made once.

mod data;
mod run;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Either, Ready, ready};
use http::{Method, Request, Response};
use hyper::body::Body as HttpBody;

use self::run::{Asked, run};
use crate::accept;
use crate::asker::Asker;
use crate::body::Body;
use crate::endpoint::Endpoint;
use crate::guard;
use crate::limit::Verdict;
use crate::peer::Peer;
use crate::problem::{Code, Problem};
use crate::respond;
use crate::routes::ENDPOINTS;
use crate::routing::{Route, route};
use crate::shared::Shared;

/// The answer to a request.
pub(crate) fn answer<B>(
    shared: &Arc<Shared>,
    peer: Peer,
    request: Request<B>,
) -> Either<Ready<Response<Body>>, BoxFuture<'static, Response<Body>>>
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let asker = Asker::new(shared, peer, &request);
    if let Some(response) = at_once(shared, peer, &asker, &request) {
        return Either::Left(ready(response));
    }
    let shared = Arc::clone(shared);
    Either::Right(Box::pin(async move {
        let (endpoint, verdict, answered) = in_full(&shared, peer, &asker, request).await;
        let response =
            answered.unwrap_or_else(|problem| respond::problem(&shared, &asker, &problem));
        respond::finish(&shared, &asker, endpoint, verdict, None, response)
    }))
}

/// The answer, where it is there.
fn at_once<B>(
    shared: &Shared,
    peer: Peer,
    asker: &Asker,
    request: &Request<B>,
) -> Option<Response<Body>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let target = request.uri().path_and_query()?.as_str();
    let headers = request.headers();
    let format = accept::format(headers, true);
    let known = shared.cache.known(target, format, asker.began)?;
    let answer = &known.answer;
    guard::host(headers, request.uri(), peer, &shared.options).ok()?;
    let endpoint = answer.endpoint;
    let verdict = shared.limit(asker.client, endpoint, asker.began);
    if verdict.is_some_and(|verdict| !verdict.allowed) {
        let problem = too_many(endpoint, verdict);
        let response = respond::problem(shared, asker, &problem);
        return Some(respond::finish(
            shared,
            asker,
            Some(endpoint),
            verdict,
            None,
            response,
        ));
    }
    let coding = accept::coding(headers);
    if coding.is_some_and(|coding| answer.is_heavy(coding)) {
        return None; // packing it would hold up the others on this thread
    }
    shared.measure.looked_up(endpoint, true);
    let response = respond::finished(
        shared,
        asker,
        answer,
        true,
        known.deprecated,
        headers,
        request.uri(),
    );
    Some(respond::finish(
        shared,
        asker,
        Some(endpoint),
        verdict,
        Some(true),
        response,
    ))
}

fn too_many(endpoint: usize, verdict: Option<Verdict>) -> Problem {
    let limit = verdict.map_or(0, |v| v.limit);
    let name = ENDPOINTS.get(endpoint).map_or("", |e| e.name);
    Problem::new(
        Code::RateLimited,
        format!("more than {limit} requests a minute to {name}"),
    )
    .with("limit", limit)
    .with("windowSeconds", 60)
    .retry_after(verdict.map_or(1, |v| v.retry_after.max(1)))
}

type Answered = (
    Option<usize>,
    Option<Verdict>,
    Result<Response<Body>, Problem>,
);

/// Guards, limits, checks, then what the endpoint does.
async fn in_full<B>(
    shared: &Arc<Shared>,
    peer: Peer,
    asker: &Asker,
    request: Request<B>,
) -> Answered
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    if let Err(problem) = guard::host(request.headers(), request.uri(), peer, &shared.options) {
        return (None, None, Err(problem));
    }
    let (endpoint, path, deprecated) =
        match route(ENDPOINTS, request.method(), request.uri().path()) {
            Route::Found {
                endpoint,
                path,
                deprecated,
            } => (endpoint, path, deprecated),
            Route::OtherMethods(allow) => {
                return (None, None, other_method(shared, &request, allow));
            }
            Route::Undecodable(name, given) => {
                let problem = Problem::parameter(
                    name,
                    &given,
                    "percent-encoded UTF-8",
                    "is not percent-encoded UTF-8",
                );
                return (None, None, Err(problem));
            }
            Route::None => return (None, None, Err(no_route(request.uri().path()))),
        };
    let entry = &ENDPOINTS[endpoint];
    let verdict = shared.limit(asker.client, endpoint, asker.began);
    if verdict.is_some_and(|verdict| !verdict.allowed) {
        return (Some(endpoint), verdict, Err(too_many(endpoint, verdict)));
    }
    let asked = Asked {
        endpoint,
        entry,
        path,
        deprecated,
    };
    let made = AssertUnwindSafe(run(shared, asker, asked, request)).catch_unwind();
    let answered = match tokio::time::timeout(shared.options.request_timeout, made).await {
        Ok(Ok(answered)) => answered,
        // the panic's own message went to the log by the hook
        Ok(Err(_)) => Err(Problem::internal(&"a handler panicked")),
        Err(_) => {
            Err(Problem::new(Code::Timeout, "the answer took too long to be made").retry_after(5))
        }
    };
    (Some(endpoint), verdict, answered)
}

/// A path that takes other methods, and what is answered to `OPTIONS`.
fn other_method<B>(
    shared: &Shared,
    request: &Request<B>,
    allow: String,
) -> Result<Response<Body>, Problem> {
    if request.method() == Method::OPTIONS {
        return Ok(respond::options(&allow, request.headers(), &shared.options));
    }
    let mut problem = Problem::new(
        Code::MethodNotAllowed,
        format!("this path takes {allow}, not {}", request.method()),
    )
    .with("allowed", allow.split(", ").collect::<Vec<_>>());
    problem.allow = Some(allow);
    Err(problem)
}

fn no_route(path: &str) -> Problem {
    let wanted: String = path.chars().take(200).collect();
    let bare = path.strip_prefix("/api/v1").unwrap_or(path);
    let first = bare.split('/').nth(1).unwrap_or_default();
    let mut near: Vec<(usize, &Endpoint)> = ENDPOINTS
        .iter()
        .filter_map(|endpoint| {
            let ours = endpoint.path.split('/').nth(1).unwrap_or_default();
            crate::directory::edits(first, ours, first.len() / 2 + 1).map(|edits| (edits, endpoint))
        })
        .collect();
    near.sort_by_key(|(edits, endpoint)| (*edits, endpoint.path));
    let suggestions: Vec<String> = near
        .iter()
        .take(5)
        .map(|(_, endpoint)| endpoint.full_path())
        .collect();
    Problem::not_found(
        Code::RouteNotFound,
        format!("there is no {wanted}"),
        suggestions,
    )
}
