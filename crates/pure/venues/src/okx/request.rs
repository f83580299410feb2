//! Queries as requests.

use quantflow_model::{VenueId, VenueSymbol};
use quantflow_wire::{HttpRequest, Query, RequestError};

use super::names::{self, Market};
use crate::bounds::Bounds;
use crate::http::Target;

/// Rows of an answer about the newest candles.
pub(super) const NEWEST_CANDLES: u32 = 300;
/// Rows of an answer about older candles, trades and funding rates.
pub(super) const PAGE: u32 = 100;
/// Rows of an answer about the newest trades.
pub(super) const NEWEST_TRADES: u32 = 500;
/// Levels a side of a book, and of one from the endpoint for whole books.
pub(super) const LEVELS: u32 = 400;
const ALL_LEVELS: u32 = 5_000;

/// The families of options. The venue tells their instruments for one family at a time only.
const OPTION_FAMILIES: [&str; 2] = ["BTC-USD", "ETH-USD"];

pub(super) fn instrument_queries() -> Vec<Query> {
    let markets = ["SPOT", "SWAP", "FUTURES"].into_iter().map(str::to_owned);
    let options = OPTION_FAMILIES
        .iter()
        .map(|family| format!("OPTION:{family}"));
    markets
        .chain(options)
        .map(|part| Query::InstrumentsOf {
            part: part.into(),
            after: None,
        })
        .collect()
}

pub(super) fn page_limit(query: &Query) -> u32 {
    match query {
        Query::InstrumentsOf { .. } => u32::MAX,
        Query::Candles {
            from: None,
            to: None,
            ..
        } => NEWEST_CANDLES,
        Query::RecentTrades { .. } => NEWEST_TRADES,
        Query::Candles { .. }
        | Query::TradesFromId { .. }
        | Query::Trades { .. }
        | Query::TradesBeforeId { .. }
        | Query::FundingRates { .. } => PAGE,
        Query::Book { .. } => ALL_LEVELS,
        Query::ServerTime
        | Query::Ticker { symbol: Some(_) }
        | Query::BestQuote { symbol: Some(_) }
        | Query::Contract { symbol: Some(_) }
        | Query::OpenInterest { .. } => 1,
        _ => 0,
    }
}

/// The request, with the weight by which it counts against 40 in 2 seconds.
pub(super) fn request(venue: &VenueId, query: &Query) -> Result<HttpRequest, RequestError> {
    let bounds = Bounds(venue);
    let contract = |symbol: &VenueSymbol| match Market::of(symbol) {
        Market::Spot => Err(bounds.not_offered("the state of a contract for a spot symbol")),
        market => Ok(market),
    };
    let (target, weight) = match query {
        Query::ServerTime => (Target::new("/api/v5/public/time"), 4),
        Query::InstrumentsOf { part, after: None } => {
            let mut target = Target::new("/api/v5/public/instruments");
            match part.split_once(':') {
                Some(("OPTION", family)) => {
                    target.pair("instType", "OPTION");
                    target.pair("instFamily", family);
                }
                None if ["SPOT", "SWAP", "FUTURES"].contains(&part.as_str()) => {
                    target.pair("instType", part);
                }
                _ => return Err(bounds.not_offered(format!("instruments of {part:?}"))),
            }
            (target, 2)
        }
        Query::Candles {
            symbol,
            timeframe,
            from,
            to,
            limit,
        } => {
            let bar = names::bar(*timeframe)
                .ok_or_else(|| bounds.not_offered(format!("candles of {timeframe}")))?;
            // what is older than 1,440 candles only the second has; the one that is open, the first
            let (path, most, weight) = match (from, to) {
                (None, None) => ("/api/v5/market/candles", NEWEST_CANDLES, 1),
                _ => ("/api/v5/market/history-candles", PAGE, 2),
            };
            let limit = bounds.limit(*limit, most)?;
            let span = bounds.page(*timeframe, *from, *to, limit)?;
            let mut target = of_symbol(path, symbol);
            target.pair("bar", bar);
            target.maybe("before", span.from.map(|from| from - 1));
            target.maybe("after", span.to);
            target.maybe("limit", Some(limit));
            (target, weight)
        }
        Query::RecentTrades { symbol, limit } => {
            let mut target = of_symbol("/api/v5/market/trades", symbol);
            target.maybe("limit", Some(bounds.limit(*limit, NEWEST_TRADES)?));
            (target, 1)
        }
        Query::Trades {
            symbol,
            from,
            to,
            limit,
        } => {
            let span = bounds.span(*from, *to)?;
            let mut target = of_symbol("/api/v5/market/history-trades", symbol);
            target.pair("type", "2");
            // the venue knows only an end here; what is before `from` is left out of the answer
            target.maybe("after", span.to);
            target.maybe("limit", Some(bounds.limit(*limit, PAGE)?));
            (target, 2)
        }
        Query::TradesFromId {
            symbol,
            from,
            limit,
        } => {
            let limit = bounds.limit(*limit, PAGE)?;
            // the newest below an id, and ids are contiguous
            let end = from.0.saturating_add(u128::from(limit));
            (trades_before(symbol, end, limit), 2)
        }
        Query::TradesBeforeId {
            symbol,
            before,
            limit,
        } => {
            let limit = bounds.limit(*limit, PAGE)?;
            (trades_before(symbol, before.0, limit), 2)
        }
        Query::Book { symbol, limit } => {
            let limit = bounds.limit(*limit, ALL_LEVELS)?;
            let (path, weight) = if limit <= LEVELS {
                ("/api/v5/market/books", 1)
            } else {
                ("/api/v5/market/books-full", 4)
            };
            let mut target = of_symbol(path, symbol);
            target.maybe("sz", Some(limit));
            (target, weight)
        }
        Query::Ticker {
            symbol: Some(symbol),
        }
        | Query::BestQuote {
            symbol: Some(symbol),
        } => (of_symbol("/api/v5/market/ticker", symbol), 2),
        Query::Contract {
            symbol: Some(symbol),
        } => match contract(symbol)? {
            Market::Option => {
                let mut target = Target::new("/api/v5/public/opt-summary");
                target.pair("instFamily", names::family(symbol));
                target.maybe("expTime", symbol.as_str().split('-').nth(2));
                (target, 2)
            }
            market => (of_market("/api/v5/public/mark-price", market, symbol), 4),
        },
        Query::OpenInterest { symbol } => {
            let market = contract(symbol)?;
            (of_market("/api/v5/public/open-interest", market, symbol), 2)
        }
        Query::FundingRates {
            symbol,
            from,
            to,
            limit,
        } => {
            if contract(symbol)? != Market::Swap {
                return Err(bounds.not_offered("funding rates of what is no swap"));
            }
            let span = bounds.span(*from, *to)?;
            let mut target = of_symbol("/api/v5/public/funding-rate-history", symbol);
            target.maybe("before", span.from.map(|from| from - 1));
            target.maybe("after", span.to);
            target.maybe("limit", Some(bounds.limit(*limit, PAGE)?));
            (target, 4)
        }
        other => return Err(RequestError::not_offered(venue, other)),
    };
    Ok(target.get(weight))
}

fn of_symbol(path: &str, symbol: &VenueSymbol) -> Target {
    let mut target = Target::new(path);
    target.pair("instId", symbol.as_str());
    target
}

fn of_market(path: &str, market: Market, symbol: &VenueSymbol) -> Target {
    let mut target = Target::new(path);
    target.pair("instType", market.name());
    target.pair("instId", symbol.as_str());
    target
}

fn trades_before(symbol: &VenueSymbol, end: u128, limit: u32) -> Target {
    let mut target = of_symbol("/api/v5/market/history-trades", symbol);
    target.pair("type", "1");
    target.maybe("after", Some(end));
    target.maybe("limit", Some(limit));
    target
}
