//! Answers of data: cached and made once for all who ask at once, written down, or streamed where they are large.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Response};

use crate::accept::{self, Format};
use crate::answer::{Answer, Content, Finished, Freshness, HEAD, Meta};
use crate::asker::Asker;
use crate::body::Body;
use crate::endpoint::{Call, DataRun, Endpoint};
use crate::headers::SUNSET;
use crate::known::Known;
use crate::pack;
use crate::problem::Problem;
use crate::respond;
use crate::shared::Shared;
use crate::table;

/// Answers of more rows are streamed, and not kept.
const STREAMED: usize = 5000;
/// Tables of more rows are written on a thread for such work.
const HEAVY: usize = 500;

/// An answer from the cache, made where it is not there.
#[expect(
    clippy::too_many_arguments,
    reason = "the end of one chain, called once"
)]
pub(super) async fn data(
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
pub(super) async fn finish(
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
