//! The chain that a request goes through.
//!
//! A request whose very spelling was answered before, and whose answer still holds, is answered first and at once
//! (guards and limits included). All others are routed, checked, and made; equal ones at once are made once.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Either, Ready, ready};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Body as HttpBody;

use crate::accept::{self, Format};
use crate::answer::{Answer, Content, Finished, Freshness, HEAD, Meta};
use crate::body::Body;
use crate::cache::Known;
use crate::endpoint::{Access, Call, DataRun, Endpoint, Route, Run, route};
use crate::gateway::Shared;
use crate::guard;
use crate::limit::Verdict;
use crate::live;
use crate::pack;
use crate::parameter::Parameters;
use crate::problem::{Code, Problem};
use crate::respond::{self, Asker, SUNSET};
use crate::routes::ENDPOINTS;
use crate::table;

/// Who is at the other end of a socket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    pub(crate) address: IpAddr,
    /// Whether the socket is one of this machine with itself.
    pub(crate) loopback: bool,
}

/// Answers of more rows are streamed, and not kept.
const STREAMED: usize = 5000;
/// Tables of more rows are written on a thread for such work.
const HEAVY: usize = 500;

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
    let verdict = limit(shared, asker.client, endpoint, asker.began);
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

/// Takes a token of a client's; `None` where nobody counts. `now`: the time since the gateway began.
pub(crate) fn limit(
    shared: &Shared,
    client: IpAddr,
    endpoint: usize,
    now: Duration,
) -> Option<Verdict> {
    let limits = &shared.options.limits;
    if !limits.enabled || (limits.exempt_loopback && client.is_loopback()) {
        return None;
    }
    let per_minute = shared.settings.get(endpoint)?.per_minute;
    Some(
        shared
            .limiter
            .take(client, endpoint as u16, per_minute, now),
    )
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
    let verdict = limit(shared, asker.client, endpoint, asker.began);
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

/// A request that has found its endpoint.
struct Asked {
    endpoint: usize,
    entry: &'static Endpoint,
    path: Vec<(&'static str, String)>,
    deprecated: bool,
}

async fn run<B>(
    shared: &Arc<Shared>,
    asker: &Asker,
    asked: Asked,
    mut request: Request<B>,
) -> Result<Response<Body>, Problem>
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    if let Access::Write(scope) = asked.entry.access {
        guard::no_foreign_site(request.headers(), &shared.options)?;
        guard::may_write(request.headers(), &shared.options, scope)?;
    }
    if let Run::Socket = asked.entry.run {
        guard::no_foreign_site(request.headers(), &shared.options)?;
        let query = request.uri().query().unwrap_or_default().to_owned();
        let parameters = Parameters::check(asked.entry.parameters, &[], &query)?;
        return live::upgrade(shared, asker, &parameters, &mut request);
    }
    let query = if asked.entry.is_page() {
        ""
    } else {
        request.uri().query().unwrap_or_default()
    };
    let parameters = Parameters::check(asked.entry.parameters, &asked.path, query)?;
    let uri = request.uri().clone();
    let (head, body) = request.into_parts();
    let body = if matches!(asked.entry.run, Run::Action(_)) {
        read_body(shared, &head.headers, body).await?
    } else {
        Bytes::new()
    };
    let mut call = Call {
        parameters,
        symbol: None,
        headers: head.headers,
        client: asker.client,
        request_id: asker.id_text().to_owned(),
        path: asked
            .path
            .into_iter()
            .next()
            .map_or_else(String::new, |(_, text)| text),
        body,
    };
    if let Some(text) = call.parameters.text("symbol")
        && asked.entry.has_path_symbol()
    {
        let venue = call.parameters.text("venue");
        call.symbol = Some(shared.directory.resolve(text, venue, asker.began).await?);
    }
    match asked.entry.run {
        Run::Plain(run) => run(Arc::clone(shared), call).await,
        Run::Action(run) => {
            let headers = call.headers.clone();
            let answer = run(Arc::clone(shared), call).await?;
            let finished = finish(
                answer,
                asked.endpoint,
                Format::Json,
                Duration::ZERO,
                asker.began,
            )
            .await?;
            let mut response = respond::finished(
                shared,
                asker,
                &finished,
                false,
                asked.deprecated,
                &headers,
                &uri,
            );
            respond::no_store(&mut response);
            Ok(response)
        }
        Run::Data(run) => {
            data(
                shared,
                asker,
                asked.entry,
                asked.endpoint,
                asked.deprecated,
                run,
                call,
                &uri,
            )
            .await
        }
        Run::Socket => Err(Problem::internal(&"a socket was not taken over")),
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "the end of one chain, called once"
)]
async fn data(
    shared: &Arc<Shared>,
    asker: &Asker,
    entry: &Endpoint,
    endpoint: usize,
    deprecated: bool,
    run: DataRun,
    call: Call,
    uri: &http::Uri,
) -> Result<Response<Body>, Problem> {
    let headers = call.headers.clone();
    let format = accept::format(&headers, entry.returns.tabular());
    if call.parameters.integer("limit") > STREAMED {
        let answer = run(Arc::clone(shared), call).await?;
        return streamed(
            shared, asker, endpoint, deprecated, format, answer, &headers, uri,
        )
        .await;
    }
    let mut key = format!("v1|{}|{format:?}", entry.name);
    call.parameters.key(
        call.symbol.as_ref().map(quantflow_model::Symbol::as_str),
        &mut key,
    );
    let setting_ttl = shared
        .settings
        .get(endpoint)
        .map_or(Duration::ZERO, |s| s.ttl);
    let make = async {
        let answer = run(Arc::clone(shared), call).await?;
        let ttl = match answer.freshness {
            _ if shared.options.cache.bytes == 0 => Duration::ZERO,
            Freshness::Endpoint => setting_ttl,
            Freshness::For(duration) => duration,
            Freshness::Moving => Duration::ZERO,
        };
        finish(answer, endpoint, format, ttl, shared.since_start()).await
    };
    let (answer, hit) = shared
        .cache
        .get_or_make(&key, || shared.since_start(), make)
        .await;
    shared.measure.looked_up(endpoint, hit);
    let answer = answer?;
    if let Some(target) = uri.path_and_query() {
        let known = Known::new(target.as_str(), Arc::clone(&answer), deprecated);
        let spelled = accept::format(&headers, true);
        shared.cache.remember(spelled, known, shared.since_start());
    }
    if let Some(coding) = accept::coding(&headers)
        && answer.is_heavy(coding)
    {
        let packing = Arc::clone(&answer);
        // when the pool is shut down the answer is packed here
        let _ = tokio::task::spawn_blocking(move || packing.packed(coding).is_some()).await;
    }
    Ok(respond::finished(
        shared, asker, &answer, hit, deprecated, &headers, uri,
    ))
}

/// Writes an answer down, a large one on a thread for such work.
async fn finish(
    answer: Answer,
    endpoint: usize,
    format: Format,
    ttl: Duration,
    now: Duration,
) -> Result<Finished, Problem> {
    let heavy = match &answer.content {
        Content::Table(table) => table.rows() > HEAVY,
        Content::Object(_) => false,
    };
    if !heavy {
        return Finished::new(endpoint, format, &answer, ttl, now);
    }
    tokio::task::spawn_blocking(move || Finished::new(endpoint, format, &answer, ttl, now))
        .await
        .map_err(|error| Problem::internal(&error))?
}

/// A large answer, sent while it is written.
#[expect(
    clippy::too_many_arguments,
    reason = "the end of one chain, called once"
)]
async fn streamed(
    shared: &Arc<Shared>,
    asker: &Asker,
    endpoint: usize,
    deprecated: bool,
    format: Format,
    answer: Answer,
    headers: &HeaderMap,
    uri: &http::Uri,
) -> Result<Response<Body>, Problem> {
    let table = match &answer.content {
        Content::Table(table) if table.rows() > STREAMED => Arc::clone(table),
        _ => {
            let finished = finish(answer, endpoint, format, Duration::ZERO, asker.began).await?;
            return Ok(respond::finished(
                shared, asker, &finished, false, deprecated, headers, uri,
            ));
        }
    };
    let next = answer.next;
    let (head, tail) = if format.enveloped() {
        let meta = Meta {
            now: shared.clock.now(),
            request_id: asker.id_text(),
            deprecated: deprecated.then_some(SUNSET),
            hit: false,
            ttl: 0,
            next: next.as_deref(),
        };
        (Bytes::from_static(HEAD), meta.tail().into())
    } else {
        (Bytes::new(), Bytes::new())
    };
    let pieces = table::pieces(table, format, head, tail).map_err(|e| Problem::internal(&e))?;
    let coding = accept::coding(headers);
    let body = match coding {
        Some(coding) => {
            Body::chunks(pack::packed(coding, pieces).map_err(|e| Problem::internal(&e))?)
        }
        None => Body::chunks(pieces),
    };
    Ok(respond::streamed(
        body,
        format,
        coding,
        next.as_deref(),
        deprecated,
        uri,
    ))
}

/// Reads a body of JSON, up to what is allowed.
async fn read_body<B>(shared: &Shared, headers: &HeaderMap, body: B) -> Result<Bytes, Problem>
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let max = shared.options.max_body;
    let too_large = || {
        Problem::new(
            Code::BodyTooLarge,
            format!("a body has at most {max} bytes"),
        )
        .with("maxBytes", max)
    };
    if body.size_hint().lower() > max as u64 {
        return Err(too_large());
    }
    let read = Limited::new(body, max).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            too_large()
        } else {
            Problem::new(Code::MalformedBody, "the body did not arrive whole")
        }
    })?;
    let bytes = read.to_bytes();
    let media = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|media| media.trim().to_ascii_lowercase());
    if !bytes.is_empty() && media.as_deref() != Some("application/json") {
        let given = media.unwrap_or_else(|| "none".to_owned());
        return Err(Problem::new(
            Code::UnsupportedMediaType,
            format!("a body is application/json, not {given}"),
        )
        .with("allowed", ["application/json"].as_slice()));
    }
    Ok(bytes)
}

/// A status for the log's level.
pub(crate) const fn is_fault(status: StatusCode) -> bool {
    status.as_u16() >= 500
}
