//! Queries as requests.

use quantflow_model::VenueId;
use quantflow_wire::{HttpMethod, HttpRequest, Query, RequestError};

use super::names;
use crate::bounds::Bounds;
use crate::http::Target;

/// Rows of an answer about candles.
const CANDLES: u32 = 1_500;
/// Rows of an answer about the newest trades; the venue always gives so many.
const TRADES: u32 = 100;

pub(super) fn page_limit(query: &Query) -> u32 {
    match query {
        Query::Candles { .. } => CANDLES,
        Query::RecentTrades { .. } | Query::Book { .. } => TRADES,
        Query::Instruments | Query::Ticker { symbol: None } | Query::BestQuote { symbol: None } => {
            u32::MAX
        }
        Query::ServerTime
        | Query::SocketAddress
        | Query::Ticker { symbol: Some(_) }
        | Query::BestQuote { symbol: Some(_) } => 1,
        _ => 0,
    }
}

pub(super) fn request(venue: &VenueId, query: &Query) -> Result<HttpRequest, RequestError> {
    let bounds = Bounds(venue);
    let of = |path: &str, symbol: &quantflow_model::VenueSymbol| {
        let mut target = Target::new(path);
        target.pair("symbol", symbol.as_str());
        target
    };
    let (target, weight) = match query {
        Query::ServerTime => (Target::new("/api/v1/timestamp"), 3),
        Query::Instruments => (Target::new("/api/v2/symbols"), 4),
        Query::SocketAddress => {
            let mut request = Target::new("/api/v1/bullet-public").get(10);
            request.method = HttpMethod::Post;
            return Ok(request);
        }
        Query::Candles {
            symbol,
            timeframe,
            from,
            to,
            limit,
        } => {
            let kind = names::kind(*timeframe)
                .ok_or_else(|| bounds.not_offered(format!("candles of {timeframe}")))?;
            let span = bounds.page(*timeframe, *from, *to, bounds.limit(*limit, CANDLES)?)?;
            let mut target = of("/api/v1/market/candles", symbol);
            target.pair("type", kind);
            // In seconds. Whether the end is inside the documents do not say: no candle begins at the
            // second before it, so that it is outside either way.
            target.maybe("startAt", span.from.map(|from| (from + 999) / 1_000));
            target.maybe("endAt", span.to.map(|to| (to + 999) / 1_000 - 1));
            (target, 3)
        }
        Query::RecentTrades { symbol, limit } => {
            bounds.limit(*limit, TRADES)?;
            (of("/api/v1/market/histories", symbol), 3)
        }
        Query::Book { symbol, limit } => {
            // larger books are for those who sign
            let (path, weight) = match bounds.limit(*limit, TRADES)? {
                ..=20 => ("/api/v1/market/orderbook/level2_20", 2),
                _ => ("/api/v1/market/orderbook/level2_100", 4),
            };
            (of(path, symbol), weight)
        }
        Query::Ticker {
            symbol: Some(symbol),
        } => (of("/api/v1/market/stats", symbol), 15),
        Query::BestQuote {
            symbol: Some(symbol),
        } => (of("/api/v1/market/orderbook/level1", symbol), 2),
        Query::Ticker { symbol: None } | Query::BestQuote { symbol: None } => {
            (Target::new("/api/v1/market/allTickers"), 15)
        }
        other => return Err(RequestError::not_offered(venue, other)),
    };
    Ok(target.get(weight))
}
