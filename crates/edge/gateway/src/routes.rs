//! Every endpoint there is: a file a subject, and one line here for each.

#![allow(
    clippy::unused_async,
    reason = "all handlers have one form, whether they wait for something or not"
)]

mod book;
mod candles;
mod catalog;
mod completeness;
mod indicators;
mod operations;
mod pages;
mod prices;
mod trades;

use crate::endpoint::Endpoint;

/// Every endpoint, the more special path before the more general one.
pub(crate) static ENDPOINTS: &[Endpoint] = &[
    prices::PRICES,
    prices::PRICE,
    book::BOOK,
    trades::HISTORY,
    candles::OHLC,
    candles::PROVENANCE,
    indicators::CATALOG,
    indicators::VALUES,
    catalog::SYMBOLS,
    catalog::VENUES,
    catalog::TIMEFRAMES,
    completeness::COMPLETENESS,
    completeness::QUARANTINE,
    operations::CONNECTIONS,
    operations::RECONNECT,
    operations::HEALTH,
    operations::LIVE,
    operations::READY,
    operations::METRICS,
    pages::OPENAPI,
    pages::DOCS,
    pages::SOCKET,
    pages::STREAM,
    pages::INDEX,
    pages::CHART,
    pages::DATA_HEALTH,
    pages::HELP,
    pages::ICON,
    pages::ASSETS,
];

/// The names of all endpoints, by which they are configured.
pub fn endpoint_names() -> impl Iterator<Item = &'static str> + Clone {
    ENDPOINTS.iter().map(|endpoint| endpoint.name)
}
