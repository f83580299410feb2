//! Turns answers and problems into responses, with all headers that every response carries.

use std::net::IpAddr;
use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};

use crate::accept::{self, Format};
use crate::answer::{self, Finished, Meta};
use crate::body::Body;
use crate::edge::{Peer, is_fault};
use crate::gateway::Shared;
use crate::guard::{self, Site};
use crate::limit::Verdict;
use crate::options::GatewayOptions;
use crate::pack::Coding;
use crate::problem::{Code, Problem};
use crate::routes::ENDPOINTS;

/// Since when the paths without a version are going away, and until when they answer.
const DEPRECATED: HeaderValue = HeaderValue::from_static("@1795132800");
pub(crate) const SUNSET: &str = "2027-05-20T00:00:00Z";
const SUNSET_DATE: HeaderValue = HeaderValue::from_static("Thu, 20 May 2027 00:00:00 GMT");

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const VARY: HeaderValue = HeaderValue::from_static("accept, accept-encoding");
const VARY_ORIGIN: HeaderValue = HeaderValue::from_static("accept, accept-encoding, origin");

/// What every response carries.
static SECURITY: LazyLock<Vec<(HeaderName, HeaderValue)>> = LazyLock::new(|| {
    let fixed = |name, value| (name, HeaderValue::from_static(value));
    vec![
        fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        fixed(header::X_FRAME_OPTIONS, "DENY"),
        fixed(header::X_XSS_PROTECTION, "1; mode=block"),
        fixed(
            header::CONTENT_SECURITY_POLICY,
            "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        ),
        fixed(header::REFERRER_POLICY, "strict-origin-when-cross-origin"),
        fixed(
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        ),
    ]
});

/// Who asks, and since when.
#[derive(Debug)]
pub(crate) struct Asker {
    pub(crate) client: IpAddr,
    pub(crate) id: HeaderValue,
    /// When the request came, since the gateway began.
    pub(crate) began: Duration,
    method: Method,
    path: String,
    /// The page that asked, where it may read.
    origin: Option<HeaderValue>,
}

impl Asker {
    pub(crate) fn new<B>(shared: &Shared, peer: Peer, request: &Request<B>) -> Self {
        let headers = request.headers();
        let given = headers.get(REQUEST_ID).filter(|id| is_sane(id.as_bytes()));
        let id = given
            .cloned()
            .unwrap_or_else(|| made_up_id(shared.next_id()));
        let origin = headers
            .get(header::ORIGIN)
            .filter(|_| guard::site(headers, &shared.options) == Site::Allowed);
        Self {
            client: guard::client(headers, peer, &shared.options),
            id,
            began: shared.since_start(),
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            origin: origin.cloned(),
        }
    }

    fn line(
        &self,
        endpoint: Option<usize>,
        status: StatusCode,
        took: Duration,
        hit: Option<bool>,
    ) -> Line<'_> {
        Line {
            client: self.client,
            id: self.id_text(),
            method: &self.method,
            path: &self.path,
            endpoint,
            status,
            took,
            hit,
        }
    }

    pub(crate) fn id_text(&self) -> &str {
        // sane ids and made up ones are plain characters
        self.id.to_str().unwrap_or_default()
    }
}

/// An id that can stand in a header, in JSON and in a log line as it is.
pub(crate) fn is_sane(id: &[u8]) -> bool {
    (1..=64).contains(&id.len())
        && id
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn made_up_id(number: u64) -> HeaderValue {
    HeaderValue::from_bytes(&hex(number)).unwrap_or_else(|_| HeaderValue::from_static("0"))
}

/// A number in sixteen digits.
pub(crate) fn hex(number: u64) -> [u8; 16] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    std::array::from_fn(|i| DIGITS[(number >> (60 - 4 * i)) as usize & 15])
}

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
        unchanged_head(shared, answer, response.headers_mut());
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
    answer_head(shared, answer, coding, deprecated, uri, headers);
    response
}

/// What is said of an answer that the client has already.
pub(crate) fn unchanged_head(shared: &Shared, answer: &Finished, headers: &mut HeaderMap) {
    headers.insert(header::ETAG, answer.etag.clone());
    headers.insert(header::CACHE_CONTROL, answer.cache_control.clone());
    headers.insert(header::VARY, vary(&shared.options));
}

/// What is said of an answer, as it is packed and for the spelling by which it was asked for.
pub(crate) fn answer_head(
    shared: &Shared,
    answer: &Finished,
    coding: Option<Coding>,
    deprecated: bool,
    uri: &Uri,
    headers: &mut HeaderMap,
) {
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(answer.format.content_type()),
    );
    headers.insert(header::ETAG, answer.etag.clone());
    headers.insert(header::CACHE_CONTROL, answer.cache_control.clone());
    headers.insert(header::VARY, vary(&shared.options));
    if let Some(coding) = coding {
        headers.insert(
            header::CONTENT_ENCODING,
            HeaderValue::from_static(coding.name()),
        );
    }
    say_next(headers, answer.next.as_deref(), uri);
    if deprecated {
        say_deprecated(headers, uri);
    }
}

/// Puts on what every response carries.
pub(crate) fn dress(shared: &Shared, headers: &mut HeaderMap) {
    for (name, value) in SECURITY.iter() {
        headers.insert(name, value.clone());
    }
    if shared.options.behind_tls {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000; includeSubDomains"),
        );
    }
}

fn vary(options: &GatewayOptions) -> HeaderValue {
    if options.allowed_origins.is_empty() {
        VARY
    } else {
        VARY_ORIGIN
    }
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

/// Whether a list of tags has this one; weak and strong are the same here.
pub(crate) fn has_tag(tags: &HeaderValue, tag: &HeaderValue) -> bool {
    tags.to_str().is_ok_and(|tags| names_tag(tags, tag))
}

/// The same for a list as text.
pub(crate) fn names_tag(tags: &str, tag: &HeaderValue) -> bool {
    let Ok(tag) = tag.to_str() else {
        return false;
    };
    tags.trim() == "*" || tags.split(',').any(|given| strong(given) == strong(tag))
}

/// A tag without the mark of a weak one.
fn strong(tag: &str) -> &str {
    tag.trim().trim_start_matches("W/")
}

/// Where the next page is.
fn say_next(headers: &mut HeaderMap, next: Option<&str>, uri: &Uri) {
    let Some(next) = next else { return };
    let mut query: String = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="))
        .fold(String::new(), |query, pair| query + pair + "&");
    query.push_str("cursor=");
    query.extend(next.bytes().map(|byte| match byte {
        b'/' => "%2F".to_owned(),
        b'^' | b'&' | b'=' | b'+' => format!("%{byte:02X}"),
        plain => char::from(plain).to_string(),
    }));
    headers.append(
        header::LINK,
        answer::header(&format!("<{}?{query}>; rel=\"next\"", uri.path())),
    );
    headers.insert("x-next-cursor", answer::header(next));
}

fn say_deprecated(headers: &mut HeaderMap, uri: &Uri) {
    headers.insert("deprecation", DEPRECATED);
    headers.insert("sunset", SUNSET_DATE);
    let successor = format!("</api/v1{}>; rel=\"successor-version\"", uri.path());
    headers.append(header::LINK, answer::header(&successor));
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
    dress(shared, headers);
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
    if let (Some(endpoint), Some(verdict)) = (endpoint, verdict) {
        say_limit(shared, headers, endpoint, verdict);
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
    log(&asker.line(endpoint, status, took, hit));
    response
}

fn say_limit(shared: &Shared, headers: &mut HeaderMap, endpoint: usize, verdict: Verdict) {
    use std::io::Write as _;
    let (Some(entry), Some(setting)) = (ENDPOINTS.get(endpoint), shared.settings.get(endpoint))
    else {
        return;
    };
    headers.insert(RATE_LIMIT_POLICY, setting.policy.clone());
    let mut text = Vec::with_capacity(48);
    // writing to a Vec cannot fail
    let _ = write!(
        text,
        "\"{}\";r={};t={}",
        entry.name, verdict.remaining, verdict.reset
    );
    if let Ok(value) = HeaderValue::from_maybe_shared(Bytes::from(text)) {
        headers.insert(RATE_LIMIT, value);
    }
}

/// What the log says of a request.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(crate) client: IpAddr,
    pub(crate) id: &'a str,
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) endpoint: Option<usize>,
    pub(crate) status: StatusCode,
    pub(crate) took: Duration,
    pub(crate) hit: Option<bool>,
}

/// Whether each request is logged: `log.level` asks for it with `quantflow::http=debug`.
pub(crate) fn logs_requests() -> bool {
    tracing::enabled!(target: "quantflow::http", tracing::Level::DEBUG)
}

/// Faults of ours are always worth a line; what went as it should, or was refused by a limit (which
/// metrics count), only to who asks for it.
pub(crate) fn log(line: &Line<'_>) {
    let Line {
        client,
        id: request_id,
        method,
        path,
        status,
        hit,
        ..
    } = *line;
    let name = line
        .endpoint
        .and_then(|at| ENDPOINTS.get(at))
        .map_or("none", |entry| entry.name);
    let (status_code, micros) = (status.as_u16(), line.took.as_micros() as u64);
    if is_fault(status) {
        tracing::error!(target: "quantflow::http", %method, path, endpoint = name, status = status_code, micros, %client, request_id, "answered");
    } else if status == StatusCode::TOO_MANY_REQUESTS {
        tracing::debug!(target: "quantflow::http", %method, path, endpoint = name, status = status_code, micros, %client, request_id, "limited");
    } else {
        tracing::debug!(target: "quantflow::http", %method, path, endpoint = name, status = status_code, micros, %client, request_id, cached = hit.unwrap_or(false), "answered");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sane_ids_are_taken() {
        for (id, sane) in [
            ("abc-1_2.3", true),
            ("", false),
            ("a b", false),
            ("\"", false),
            (&"x".repeat(65), false),
        ] {
            assert_eq!(is_sane(id.as_bytes()), sane, "{id}");
        }
        assert_eq!(made_up_id(0x0123_4567_89ab_cdef), "0123456789abcdef");
    }

    #[test]
    fn tags_are_found_in_lists() {
        let tag = HeaderValue::from_static("W/\"abc\"");
        for (tags, has) in [
            ("W/\"abc\"", true),
            ("\"abc\"", true),
            ("\"x\", W/\"abc\"", true),
            ("*", true),
            ("\"abcd\"", false),
        ] {
            assert_eq!(
                has_tag(&HeaderValue::from_static(tags), &tag),
                has,
                "{tags}"
            );
        }
    }

    #[test]
    fn the_next_page_is_linked_with_its_cursor_only_once() {
        let mut headers = HeaderMap::new();
        let uri = Uri::from_static("/api/v1/symbols?q=a&cursor=old&limit=5");
        say_next(&mut headers, Some("demo:BTC/USDT"), &uri);
        assert_eq!(
            headers["link"],
            "</api/v1/symbols?q=a&limit=5&cursor=demo:BTC%2FUSDT>; rel=\"next\""
        );
    }
}
