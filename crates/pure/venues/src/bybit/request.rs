//! Queries as requests.

use quantflow_model::{VenueId, VenueSymbol};
use quantflow_wire::{HttpRequest, Query, RequestError};

use super::{Market, names};
use crate::bounds::Bounds;
use crate::http::Target;

/// Rows of an answer about candles.
const CANDLES: u32 = 1_000;
/// Rows of an answer about paid funding.
const FUNDING: u32 = 200;
/// Rows of a page of instruments.
const INSTRUMENTS: u32 = 1_000;
/// The bases of options: the venue tells their instruments for one at a time.
const BASES: [&str; 3] = ["BTC", "ETH", "SOL"];

const fn newest_trades(market: Market) -> u32 {
    match market {
        Market::Spot => 60,
        _ => 1_000,
    }
}

const fn levels(market: Market) -> u32 {
    match market {
        Market::Spot => 200,
        Market::Option => 25,
        _ => 500,
    }
}

pub(super) fn instrument_queries(market: Market) -> Vec<Query> {
    let of = |part: &str| Query::InstrumentsOf {
        part: part.into(),
        after: None,
    };
    match market {
        Market::Option => BASES.map(of).into(),
        market => vec![of(market.category())],
    }
}

pub(super) fn page_limit(market: Market, query: &Query) -> u32 {
    match query {
        Query::InstrumentsOf { .. } => INSTRUMENTS,
        Query::Candles { .. } => CANDLES,
        Query::RecentTrades { .. } => newest_trades(market),
        Query::FundingRates { .. } => FUNDING,
        Query::Book { .. } => levels(market),
        Query::ServerTime
        | Query::Ticker { symbol: Some(_) }
        | Query::BestQuote { symbol: Some(_) }
        | Query::Contract { symbol: Some(_) }
        | Query::OpenInterest { .. } => 1,
        Query::Ticker { symbol: None }
        | Query::BestQuote { symbol: None }
        | Query::Contract { symbol: None } => u32::MAX,
        _ => 0,
    }
}

pub(super) fn request(
    market: Market,
    venue: &VenueId,
    query: &Query,
) -> Result<HttpRequest, RequestError> {
    let bounds = Bounds(venue);
    let not_offered = || Err(RequestError::not_offered(venue, query));
    let of = |path: &str, symbol: Option<&VenueSymbol>| {
        let mut target = Target::new(format!("/v5/market/{path}"));
        target.pair("category", market.category());
        target.maybe("symbol", symbol);
        target
    };
    let futures = matches!(market, Market::Linear | Market::Inverse);
    let target = match query {
        Query::ServerTime => Target::new("/v5/market/time"),
        Query::InstrumentsOf { part, after } => {
            let mut target = of("instruments-info", None);
            match market {
                Market::Option => target.pair("baseCoin", part),
                market if part == market.category() => {}
                _ => return Err(bounds.not_offered(format!("instruments of {part:?}"))),
            }
            // spot is told in one page and knows no limit
            if market != Market::Spot {
                target.maybe("limit", Some(INSTRUMENTS));
            }
            target.maybe("cursor", after.as_ref());
            target
        }
        Query::Candles {
            symbol,
            timeframe,
            from,
            to,
            limit,
        } if market != Market::Option => {
            let interval = names::interval(*timeframe)
                .ok_or_else(|| bounds.not_offered(format!("candles of {timeframe}")))?;
            let limit = bounds.limit(*limit, CANDLES)?;
            let span = bounds.page(*timeframe, *from, *to, limit)?;
            let mut target = of("kline", Some(symbol));
            target.pair("interval", interval);
            target.maybe("start", span.from);
            target.maybe("end", span.to.map(|to| to - 1));
            target.maybe("limit", Some(limit));
            target
        }
        Query::RecentTrades { symbol, limit } => {
            let mut target = of("recent-trade", Some(symbol));
            let limit = bounds.limit(*limit, newest_trades(market))?;
            target.maybe("limit", Some(limit));
            target
        }
        Query::Book { symbol, limit } => {
            let mut target = of("orderbook", Some(symbol));
            target.maybe("limit", Some(bounds.limit(*limit, levels(market))?));
            target
        }
        // of options the venue wants a base, or a symbol
        Query::Ticker { symbol: None }
        | Query::BestQuote { symbol: None }
        | Query::Contract { symbol: None }
            if market == Market::Option =>
        {
            return not_offered();
        }
        Query::Contract { .. } if market == Market::Spot => return not_offered(),
        Query::Ticker { symbol } | Query::BestQuote { symbol } | Query::Contract { symbol } => {
            of("tickers", symbol.as_ref())
        }
        Query::OpenInterest { symbol } if futures => {
            let mut target = of("open-interest", Some(symbol));
            target.pair("intervalTime", "5min");
            target.pair("limit", "1");
            target
        }
        Query::FundingRates {
            symbol,
            from,
            to,
            limit,
        } if futures => {
            let span = bounds.span(*from, *to)?;
            if span.from.is_some() && span.to.is_none() {
                // the venue takes a beginning only together with an end
                return Err(bounds.out_of_range("to", "open", "a time, where from is one"));
            }
            let mut target = of("funding/history", Some(symbol));
            target.maybe("startTime", span.from);
            target.maybe("endTime", span.to.map(|to| to - 1));
            target.maybe("limit", Some(bounds.limit(*limit, FUNDING)?));
            target
        }
        _ => return not_offered(),
    };
    Ok(target.get(1))
}
