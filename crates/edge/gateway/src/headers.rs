//! Headers of responses: what every one carries, and what is said of an answer.

use std::sync::LazyLock;

use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Uri};

use crate::answer::{self, Finished};
use crate::options::GatewayOptions;
use crate::pack::Coding;

/// Since when the paths without a version are going away, and until when they answer.
const DEPRECATED: HeaderValue = HeaderValue::from_static("@1795132800");
pub(crate) const SUNSET: &str = "2027-05-20T00:00:00Z";
const SUNSET_DATE: HeaderValue = HeaderValue::from_static("Thu, 20 May 2027 00:00:00 GMT");

pub(crate) const VARY: HeaderValue = HeaderValue::from_static("accept, accept-encoding");
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

/// What is said of an answer that the client has already.
pub(crate) fn unchanged_head(options: &GatewayOptions, answer: &Finished, headers: &mut HeaderMap) {
    headers.insert(header::ETAG, answer.etag.clone());
    headers.insert(header::CACHE_CONTROL, answer.cache_control.clone());
    headers.insert(header::VARY, vary(options));
}

/// What is said of an answer, as it is packed and for the spelling by which it was asked for.
pub(crate) fn answer_head(
    options: &GatewayOptions,
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
    headers.insert(header::VARY, vary(options));
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
pub(crate) fn dress(options: &GatewayOptions, headers: &mut HeaderMap) {
    for (name, value) in SECURITY.iter() {
        headers.insert(name, value.clone());
    }
    if options.behind_tls {
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

/// Where the next page is.
pub(crate) fn say_next(headers: &mut HeaderMap, next: Option<&str>, uri: &Uri) {
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

/// That the path is going away, until when, and which one stays.
pub(crate) fn say_deprecated(headers: &mut HeaderMap, uri: &Uri) {
    headers.insert("deprecation", DEPRECATED);
    headers.insert("sunset", SUNSET_DATE);
    let successor = format!("</api/v1{}>; rel=\"successor-version\"", uri.path());
    headers.append(header::LINK, answer::header(&successor));
}

#[cfg(test)]
mod tests {
    use super::*;

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
