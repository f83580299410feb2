//! What an endpoint does with a request: who may, which parameters, which body.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Body as HttpBody;

use super::data::{data, finish};
use crate::accept::Format;
use crate::asker::Asker;
use crate::body::Body;
use crate::endpoint::{Access, Call, Endpoint, Run};
use crate::guard;
use crate::live;
use crate::parameter::Parameters;
use crate::problem::{Code, Problem};
use crate::respond;
use crate::shared::Shared;

/// A request that has found its endpoint.
pub(super) struct Asked {
    pub(super) endpoint: usize,
    pub(super) entry: &'static Endpoint,
    pub(super) path: Vec<(&'static str, String)>,
    pub(super) deprecated: bool,
}

/// Checks a request and lets its endpoint answer.
pub(super) async fn run<B>(
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
