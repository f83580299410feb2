//! Turns answers and problems into responses, with all headers that every response carries.

use bytes::Bytes;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Response, StatusCode, Uri};

use crate::accept::{self, Format};
use crate::answer::{self, Finished, Meta};
use crate::asker::{Asker, REQUEST_ID};
use crate::body::Body;
use crate::guard::{self, Site};
use crate::headers::{SUNSET, VARY, answer_head, dress, say_deprecated, say_next, unchanged_head};
use crate::limit::Verdict;
use crate::options::GatewayOptions;
use crate::pack::Coding;
use crate::problem::{Code, Problem};
use crate::request_log;
use crate::shared::{Setting, Shared};
use crate::tag::has_tag;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// A problem in the envelope.
pub(crate) fn problem(shared: &Shared, asker: &Asker, problem: &Problem) -> Response<Body> {
    let body = answer::problem_body(problem, shared.clock.now(), asker.id_text());
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = problem.status();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = problem.retry_after {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    if let Some(allow) = &problem.allow {
        headers.insert(header::ALLOW, answer::header(allow));
    }
    match problem.code {
        Code::Unauthenticated => {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"quantflow\""),
            );
        }
        Code::UpgradeRequired => {
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        }
        _ => {}
    }
    response
}

/// A finished answer, or that the client has it already.
pub(crate) fn finished(
    shared: &Shared,
    asker: &Asker,
    answer: &Finished,
    hit: bool,
    deprecated: bool,
    asked: &HeaderMap,
    uri: &Uri,
) -> Response<Body> {
    if asked
        .get(header::IF_NONE_MATCH)
        .is_some_and(|tags| has_tag(tags, &answer.etag))
    {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        unchanged_head(&shared.options, answer, response.headers_mut());
        return response;
    }
    let tail = if answer.format.enveloped() {
        let meta = Meta {
            now: shared.clock.now(),
            request_id: asker.id_text(),
            deprecated: deprecated.then_some(SUNSET),
            hit,
            ttl: answer.ttl,
            next: answer.next.as_deref(),
        };
        meta.tail()
    } else {
        Vec::new()
    };
    let (body, coding) = pack(answer, tail, accept::coding(asked));
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.reserve(24);
    answer_head(&shared.options, answer, coding, deprecated, uri, headers);
    response
}

/// Short answers are sent in one piece: a copy is cheaper than a second write.
pub(crate) const ONE_PIECE: usize = 16 << 10;

pub(crate) fn pack(
    answer: &Finished,
    tail: Vec<u8>,
    coding: Option<Coding>,
) -> (Body, Option<Coding>) {
    if let Some(coding) = coding
        && let Some(open) = answer.packed(coding)
    {
        if !answer.format.enveloped() {
            return (Body::Pieces(open.head(), open.close().into()), Some(coding));
        }
        if let Some(tail) = open.tail(&tail) {
            return (Body::Pieces(open.head(), tail.into()), Some(coding));
        }
    }
    if answer.bytes.len() > ONE_PIECE || tail.is_empty() {
        return (Body::Pieces(answer.bytes.clone(), tail.into()), None);
    }
    let mut whole = Vec::with_capacity(answer.bytes.len() + tail.len());
    whole.extend_from_slice(&answer.bytes);
    whole.extend_from_slice(&tail);
    (Body::from(whole), None)
}

/// An answer that is sent while it is written.
pub(crate) fn streamed(
    body: Body,
    format: Format,
    coding: Option<Coding>,
    next: Option<&str>,
    deprecated: bool,
    uri: &Uri,
) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(format.content_type()),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::VARY, VARY);
    if let Some(coding) = coding {
        headers.insert(
            header::CONTENT_ENCODING,
            HeaderValue::from_static(coding.name()),
        );
    }
    say_next(headers, next, uri);
    if deprecated {
        say_deprecated(headers, uri);
    }
    response
}

/// What is answered to `OPTIONS`, a browser's question before a request of another site included.
pub(crate) fn options(allow: &str, asked: &HeaderMap, options: &GatewayOptions) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ALLOW, answer::header(allow));
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    if asked.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
        && guard::site(asked, options) == Site::Allowed
    {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, answer::header(allow));
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("authorization, content-type, x-api-key, x-request-id"),
        );
        headers.insert(
            header::ACCESS_CONTROL_MAX_AGE,
            HeaderValue::from_static("600"),
        );
    }
    response
}

/// Says that nobody may keep a response.
pub(crate) fn no_store(response: &mut Response<Body>) {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.remove(header::ETAG);
}

/// Puts on what every response carries and what differs from request to request, counts and logs it.
pub(crate) fn finish(
    shared: &Shared,
    asker: &Asker,
    endpoint: Option<usize>,
    verdict: Option<Verdict>,
    hit: Option<bool>,
    mut response: Response<Body>,
) -> Response<Body> {
    let headers = response.headers_mut();
    dress(&shared.options, headers);
    headers.insert(REQUEST_ID, asker.id.clone());
    if let Some(origin) = &asker.origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(
                "etag, link, ratelimit, ratelimit-policy, retry-after, x-next-cursor, x-request-id",
            ),
        );
    }
    let setting = endpoint.and_then(|at| shared.settings.get(at));
    if let (Some(setting), Some(verdict)) = (setting, verdict) {
        say_limit(headers, setting, verdict);
    }
    let status = response.status();
    if status == StatusCode::TOO_MANY_REQUESTS {
        shared
            .measure
            .limited
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
    let took = shared.since_start().saturating_sub(asker.began);
    shared
        .measure
        .answered(endpoint, &asker.method, status, took);
    let name = setting.map(|setting| setting.name);
    request_log::log(&asker.line(name, status, took, hit));
    response
}

/// What is left of a client's limit.
fn say_limit(headers: &mut HeaderMap, setting: &Setting, verdict: Verdict) {
    use std::io::Write as _;
    headers.insert(RATE_LIMIT_POLICY, setting.policy.clone());
    let mut text = Vec::with_capacity(48);
    // writing to a Vec cannot fail
    let _ = write!(
        text,
        "\"{}\";r={};t={}",
        setting.name, verdict.remaining, verdict.reset
    );
    if let Ok(value) = HeaderValue::from_maybe_shared(Bytes::from(text)) {
        headers.insert(RATE_LIMIT, value);
    }
}
