//! Queries as requests, and streams as sockets.

use std::time::Duration;

use quantflow_model::{Timestamp, VenueId};
use quantflow_wire::{
    Channel, HttpRequest, KeepAlive, Query, RequestError, SubscribePlan, Subscription,
};
use serde_json::json;

use super::description::TIMEFRAMES;
use crate::http::Target;
use crate::question::{Asked, sockets};

/// Rows of an answer about trades and candles.
const ROWS: u32 = 1_000;
/// Rows of an answer about funding.
const RATES: u32 = 500;
/// Levels a side of a book.
const LEVELS: u32 = 10_000;
const MILLISECOND: i64 = 1_000_000;
/// The book that is streamed: the best 25 levels a side.
const BOOK: &str = "orderBookL2_25";

pub(super) fn page_limit(query: &Query) -> u32 {
    match query {
        Query::ServerTime
        | Query::BestQuote { symbol: Some(_) }
        | Query::Ticker { symbol: Some(_) }
        | Query::Contract { symbol: Some(_) } => 1,
        Query::Instruments | Query::Ticker { .. } | Query::Contract { .. } => u32::MAX,
        Query::Candles { .. } | Query::RecentTrades { .. } | Query::Trades { .. } => ROWS,
        Query::FundingRates { .. } => RATES,
        Query::Book { .. } => LEVELS,
        _ => 0,
    }
}

pub(super) fn request(venue: &VenueId, query: &Query) -> Result<HttpRequest, RequestError> {
    let asked = Asked { venue };
    let mut target = Target::new("/api/v1");
    target.path(match query {
        Query::ServerTime => "",
        Query::Instruments | Query::Ticker { symbol: None } | Query::Contract { symbol: None } => {
            "/instrument/active"
        }
        Query::Ticker { .. } | Query::Contract { .. } => "/instrument",
        Query::Candles { .. } => "/trade/bucketed",
        Query::RecentTrades { .. } | Query::Trades { .. } => "/trade",
        Query::BestQuote { symbol: Some(_) } => "/quote",
        Query::FundingRates { .. } => "/funding",
        Query::Book { .. } => "/orderBook/L2",
        other => return Err(RequestError::not_offered(venue, other)),
    });
    if let Some(symbol) = query.symbol() {
        target.pair("symbol", symbol.as_str());
    }
    match query {
        Query::Candles {
            timeframe,
            from,
            to,
            limit,
            ..
        } => {
            target.pair("binSize", asked.timeframe(*timeframe, &TIMEFRAMES)?);
            target.pair("partial", "false");
            // the venue names a candle by its end
            let end = |open: Timestamp| open.plus_nanos(timeframe.approximate_nanos());
            let span = (from.map(end), to.map(end));
            history(asked, &mut target, span, (*limit, ROWS))?;
        }
        Query::RecentTrades { limit, .. } => {
            history(asked, &mut target, (None, None), (*limit, ROWS))?;
        }
        Query::Trades {
            from, to, limit, ..
        } => history(asked, &mut target, (*from, *to), (*limit, ROWS))?,
        Query::FundingRates {
            from, to, limit, ..
        } => history(asked, &mut target, (*from, *to), (*limit, RATES))?,
        Query::BestQuote { .. } => history(asked, &mut target, (None, None), (1, 1))?,
        Query::Book { limit, .. } => {
            target.pair("depth", &asked.limit(*limit, LEVELS)?.to_string());
        }
        _ => {}
    }
    Ok(target.get(1))
}

/// Bounds are inclusive. From a time on the oldest rows are asked for first, else the newest.
fn history(
    asked: Asked<'_>,
    target: &mut Target,
    (from, to): (Option<Timestamp>, Option<Timestamp>),
    (limit, most): (u32, u32),
) -> Result<(), RequestError> {
    let (first, past) = asked.span(from, to, MILLISECOND)?;
    target.pair("count", &asked.limit(limit, most)?.to_string());
    target.pair("reverse", if first.is_some() { "false" } else { "true" });
    target.maybe("startTime", first.map(Timestamp::from_millis));
    target.maybe("endTime", past.map(|past| Timestamp::from_millis(past - 1)));
    Ok(())
}

/// The topic of a stream.
fn topic(asked: Asked<'_>, wanted: &Subscription) -> Result<String, RequestError> {
    let symbol = wanted.venue_symbol.as_str();
    let table = match wanted.channel {
        Channel::Trades => "trade".into(),
        Channel::Quotes => "quote".into(),
        Channel::Book => BOOK.into(),
        Channel::Ticker | Channel::Contract => "instrument".into(),
        Channel::Candles(timeframe) => {
            format!("tradeBin{}", asked.timeframe(timeframe, &TIMEFRAMES)?)
        }
        other @ (Channel::AggregateTrades | Channel::Liquidations) => {
            return Err(asked.not_offered(other.to_string()));
        }
    };
    Ok(format!("{table}:{symbol}"))
}

fn message(operation: &str, topics: &[String]) -> String {
    json!({"op": operation, "args": topics}).to_string()
}

pub(super) fn subscribe(
    venue: &VenueId,
    streams_per_connection: usize,
    wanted: &[Subscription],
) -> Result<Vec<SubscribePlan>, RequestError> {
    let asked = Asked { venue };
    let mut plans = sockets(wanted, streams_per_connection, "/realtime", |share| {
        let mut topics: Vec<String> = Vec::new();
        for wanted in share {
            // one table says statistics and the state of the contract
            let topic = topic(asked, wanted)?;
            if !topics.contains(&topic) {
                topics.push(topic);
            }
        }
        let parts = topics.chunks(50);
        Ok(parts.map(|part| message("subscribe", part)).collect())
    })?;
    for plan in &mut plans {
        plan.keep_alive = Some(KeepAlive {
            every: Duration::from_secs(5),
            message: "ping".into(),
        });
    }
    Ok(plans)
}

pub(super) fn resubscribe(venue: &VenueId, wanted: &Subscription) -> Vec<String> {
    let Ok(topic) = topic(Asked { venue }, wanted) else {
        return Vec::new();
    };
    let topics = [topic];
    ["unsubscribe", "subscribe"]
        .map(|operation| message(operation, &topics))
        .to_vec()
}
