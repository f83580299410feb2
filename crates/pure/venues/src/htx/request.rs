//! Queries as requests.

use quantflow_model::{Timeframe, Timestamp, VenueId, VenueSymbol};
use quantflow_wire::{HttpRequest, Query, RequestError};

use super::{Market, names};
use crate::bounds::Bounds;
use crate::http::Target;

/// Rows of an answer about candles and trades.
const ROWS: u32 = 2_000;
/// Levels a side of a book.
const LEVELS: u32 = 150;
/// Rows of an answer about paid funding.
const FUNDING: u32 = 50;

pub(super) fn page_limit(market: Market, query: &Query) -> u32 {
    match query {
        Query::Instruments => u32::MAX,
        Query::Ticker { symbol: None } | Query::BestQuote { symbol: None }
            if market == Market::Spot =>
        {
            u32::MAX
        }
        Query::Candles { .. } | Query::RecentTrades { .. } => ROWS,
        Query::Book { .. } => LEVELS,
        Query::FundingRates { .. } if market == Market::Linear => FUNDING,
        Query::ServerTime
        | Query::Ticker { symbol: Some(_) }
        | Query::BestQuote { symbol: Some(_) } => 1,
        Query::Contract { symbol: Some(_) } | Query::OpenInterest { .. }
            if market == Market::Linear =>
        {
            1
        }
        _ => 0,
    }
}

/// Where the first of so many candles before a time begins.
fn first_of(timeframe: Timeframe, to: Timestamp, limit: u32) -> Timestamp {
    let back = timeframe
        .approximate_nanos()
        .saturating_mul(i64::from(limit));
    let last = timeframe.open_of(to.plus_nanos(-1));
    let first = last.plus_nanos(timeframe.approximate_nanos() - back);
    first.max(Timestamp::EPOCH)
}

pub(super) fn request(
    market: Market,
    venue: &VenueId,
    query: &Query,
) -> Result<HttpRequest, RequestError> {
    let bounds = Bounds(venue);
    let spot = market == Market::Spot;
    let of = |path: &str, symbol: &VenueSymbol| {
        // the markets' data have the same paths behind different beginnings
        let mut target = Target::new(if spot {
            "/market/"
        } else {
            "/linear-swap-ex/market/"
        });
        target.path(path);
        target.pair(
            if spot { "symbol" } else { "contract_code" },
            symbol.as_str(),
        );
        target
    };
    let of_contract = |path: &str, symbol: &VenueSymbol| {
        let mut target = Target::new(format!("/linear-swap-api/v1/{path}"));
        target.pair("contract_code", symbol.as_str());
        target
    };
    let target = match query {
        Query::ServerTime if spot => Target::new("/v1/common/timestamp"),
        Query::ServerTime => Target::new("/api/v1/timestamp"),
        Query::Instruments if spot => Target::new("/v1/common/symbols"),
        Query::Instruments => {
            let mut target = Target::new("/linear-swap-api/v1/swap_contract_info");
            target.pair("business_type", "all");
            target
        }
        Query::Candles {
            symbol,
            timeframe,
            from,
            to,
            limit,
        } => {
            let period = names::period(*timeframe)
                .ok_or_else(|| bounds.not_offered(format!("candles of {timeframe}")))?;
            let limit = bounds.limit(*limit, ROWS)?;
            let mut target = of("history/kline", symbol);
            target.pair("period", period);
            match (from, to) {
                (None, None) => target.maybe("size", Some(limit)),
                // Spot gives the newest only. What is older than the last page it gives nobody, so that
                // an answer without rows is the truth here; of a span that begins somewhere it would not be.
                (None, Some(to)) if spot => {
                    bounds.span(None, Some(*to))?;
                    target.maybe("size", Some(ROWS));
                }
                (Some(_), _) if spot => {
                    return Err(bounds.not_offered("candles of a span of time"));
                }
                // a contract's span has both ends, in seconds and inside
                (from, to) => {
                    let from = from.or_else(|| to.map(|to| first_of(*timeframe, to, limit)));
                    let span = bounds.page(*timeframe, from, *to, limit)?;
                    target.maybe("from", span.from.map(|from| (from + 999) / 1_000));
                    target.maybe("to", span.to.map(|to| (to + 999) / 1_000 - 1));
                }
            }
            target
        }
        Query::RecentTrades { symbol, limit } => {
            let mut target = of("history/trade", symbol);
            target.maybe("size", Some(bounds.limit(*limit, ROWS)?));
            target
        }
        Query::Book { symbol, limit } => {
            bounds.limit(*limit, LEVELS)?;
            let mut target = of("depth", symbol);
            target.pair("type", "step0");
            target
        }
        Query::Ticker {
            symbol: Some(symbol),
        }
        | Query::BestQuote {
            symbol: Some(symbol),
        } => of("detail/merged", symbol),
        Query::Ticker { symbol: None } | Query::BestQuote { symbol: None } if spot => {
            Target::new("/market/tickers")
        }
        Query::Contract {
            symbol: Some(symbol),
        } if !spot => of_contract("swap_funding_rate", symbol),
        Query::OpenInterest { symbol } if !spot => of_contract("swap_open_interest", symbol),
        Query::FundingRates {
            symbol,
            from: None,
            to: None,
            limit,
        } if !spot => {
            let mut target = of_contract("swap_historical_funding_rate", symbol);
            target.pair("page_index", "1");
            target.maybe("page_size", Some(bounds.limit(*limit, FUNDING)?));
            target
        }
        other => return Err(RequestError::not_offered(venue, other)),
    };
    Ok(target.get(1))
}
