//! Requests: any status is an answer, every failure a fact.

use quantflow_wire::{Failure, FailureKind, HttpMethod, HttpRequest, Outcome, Response};

use crate::{Settings, SetupError, Transport, in_full, join};

/// So many headers of an answer are kept at the most …
const MAX_HEADERS: usize = 32;
/// … and none with a longer value.
const MAX_HEADER_VALUE: usize = 256;

pub(crate) fn client(
    settings: &Settings,
    tls: rustls::ClientConfig,
) -> Result<reqwest::Client, SetupError> {
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .http1_only()
        // a redirect is an answer too; following it would take a key to a host nobody configured
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(settings.connect_timeout)
        .timeout(settings.request_timeout)
        .read_timeout(settings.read_timeout)
        .user_agent(&settings.user_agent)
        .gzip(true)
        .build()?;
    Ok(client)
}

pub(crate) async fn request(
    transport: &Transport,
    base_url: &str,
    request: &HttpRequest,
) -> Outcome {
    let method = match request.method {
        HttpMethod::Get => reqwest::Method::GET,
        HttpMethod::Post => reqwest::Method::POST,
    };
    let mut builder = transport
        .http
        .request(method, join(base_url, &request.target));
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    let key = transport.key.as_ref();
    let header = key.and_then(|key| key.header(base_url, request));
    let keyed = key.filter(|_| header.is_some());
    if let Some((name, value)) = header {
        builder = builder.header(name, value);
    }
    if !request.body.is_empty() {
        builder = builder.body(request.body.clone());
    }
    let answer = exchange(builder, transport.settings.max_body).await;
    match answer.and_then(|answer| match keyed {
        Some(key) => key.keep_out(answer),
        None => Ok(answer),
    }) {
        Ok(response) => Outcome::Response(response),
        Err(failure) => Outcome::Failed(failure),
    }
}

async fn exchange(builder: reqwest::RequestBuilder, max_body: usize) -> Result<Response, Failure> {
    let mut answer = builder.send().await.map_err(failure)?;
    let status = answer.status().as_u16();
    let headers = answer
        .headers()
        .iter()
        .filter(|(name, value)| is_kept(name.as_str()) && value.len() <= MAX_HEADER_VALUE)
        .filter_map(|(name, value)| Some((name.as_str().into(), value.to_str().ok()?.into())))
        .take(MAX_HEADERS)
        .collect();
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(failure)? {
        if body.len() + part.len() > max_body {
            return Err(Failure {
                kind: FailureKind::TooLarge,
                detail: format!("the answer (status {status}) is over {max_body} bytes"),
            });
        }
        body.extend_from_slice(&part);
    }
    Ok(Response {
        status,
        headers,
        body,
    })
}

/// Whether a header is worth keeping: what tells of limits, of time and of the body. Names are in
/// lower case.
fn is_kept(name: &str) -> bool {
    const WHOLE: [&str; 3] = ["date", "content-type", "age"];
    const PARTS: [&str; 8] = [
        "limit",
        "weight",
        "count",
        "remaining",
        "reset",
        "retry-after",
        "quota",
        "used",
    ];
    WHOLE.contains(&name) || PARTS.iter().any(|part| name.contains(part))
}

pub(crate) fn failure(error: reqwest::Error) -> Failure {
    let kind = if error.is_timeout() {
        FailureKind::Timeout
    } else if error.is_connect() || error.is_builder() {
        FailureKind::Connect
    } else {
        FailureKind::Broken
    };
    Failure {
        kind,
        // the URL may hold what a user configured
        detail: in_full(&error.without_url()),
    }
}
