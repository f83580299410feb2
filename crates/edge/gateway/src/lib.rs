//! The one door: REST, WebSocket, server-sent events, OpenAPI and the dashboard.
//!
//! [`Gateway`] answers from [`quantflow_market::MarketQueries`] and the small traits of [`sources`]; the binary says what
//! stands behind them. A request goes through one chain, written by hand because a stack of layers costs more than the
//! answer (`edge`): guards, the cache of finished answers, limits, checks, handler, packing. What is cached and asked for
//! again in the same words does not get so far: it is answered between the socket and the HTTP library (`front`, `quick`).
//!
//! Adding an endpoint is a file in `src/routes/` and its line in `src/routes.rs`: the table there routes, checks, limits,
//! caches, counts and documents it. What went wrong becomes a status in `src/problem.rs` and nowhere else.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod accept;
mod answer;
mod asked;
mod asker;
mod assets;
mod body;
mod cache;
mod directory;
mod dto;
mod edge;
mod endpoint;
mod front;
mod gateway;
mod guard;
mod headers;
mod history;
mod known;
mod limit;
mod live;
mod measure;
mod openapi;
mod options;
mod pack;
mod parameter;
mod peer;
mod problem;
mod quick;
mod recorder;
mod request_log;
mod respond;
mod routes;
mod routing;
mod serve;
mod shared;
pub mod sources;
mod stamp;
mod table;
mod tag;

pub use gateway::Gateway;
pub use openapi::openapi_document;
pub use options::{CacheOptions, GatewayOptions, LimitOptions, LiveOptions, Token};
pub use recorder::{Recorder, RecorderError};
pub use routes::endpoint_names;
pub use serve::ServeError;
pub use shared::GatewayParts;

/// A poisoned lock only says that another thread panicked; what stands behind these is whole after every statement.
fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
