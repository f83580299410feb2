//! The line that the log has for each request.

use std::net::IpAddr;
use std::time::Duration;

use http::{Method, StatusCode};

/// What the log says of a request.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(crate) client: IpAddr,
    pub(crate) id: &'a str,
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    /// The endpoint's name, where there is one.
    pub(crate) endpoint: Option<&'static str>,
    pub(crate) status: StatusCode,
    pub(crate) took: Duration,
    pub(crate) hit: Option<bool>,
}

/// Whether each request is logged: `log.level` asks for it with `quantflow::http=debug`.
pub(crate) fn is_on() -> bool {
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
    let name = line.endpoint.unwrap_or("none");
    let (status_code, micros) = (status.as_u16(), line.took.as_micros() as u64);
    if is_fault(status) {
        tracing::error!(target: "quantflow::http", %method, path, endpoint = name, status = status_code, micros, %client, request_id, "answered");
    } else if status == StatusCode::TOO_MANY_REQUESTS {
        tracing::debug!(target: "quantflow::http", %method, path, endpoint = name, status = status_code, micros, %client, request_id, "limited");
    } else {
        tracing::debug!(target: "quantflow::http", %method, path, endpoint = name, status = status_code, micros, %client, request_id, cached = hit.unwrap_or(false), "answered");
    }
}

/// A status for the log's level.
const fn is_fault(status: StatusCode) -> bool {
    status.as_u16() >= 500
}
