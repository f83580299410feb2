//! Queries as requests, and streams as sockets.

use std::time::Duration;

use quantflow_model::{Timeframe, VenueId};
use quantflow_wire::{
    Channel, HttpRequest, KeepAlive, Query, RequestError, SubscribePlan, Subscription,
};
use serde_json::{Value, json};

use super::description::TIMEFRAMES;
use crate::http::Target;
use crate::question::{Asked, sockets};

/// Candles of an answer.
const CANDLES: u32 = 200;
/// Trades of an answer.
const TRADES: u32 = 500;
/// Levels a side of a book.
const LEVELS: u32 = 30;
/// The venue's bounds have seconds.
const SECOND: i64 = 1_000_000_000;

pub(super) fn page_limit(query: &Query) -> u32 {
    match query {
        Query::Instruments | Query::Ticker { symbol: None } => u32::MAX,
        Query::Ticker { .. } | Query::BestQuote { symbol: Some(_) } => 1,
        Query::Candles { .. } => CANDLES,
        Query::RecentTrades { .. } | Query::TradesBeforeId { .. } => TRADES,
        Query::Book { .. } => LEVELS,
        _ => 0,
    }
}

/// Where candles are asked for, and their unit on a socket.
fn unit(
    asked: Asked<'_>,
    timeframe: Timeframe,
) -> Result<(&'static str, &'static str), RequestError> {
    let known = TIMEFRAMES.iter().find(|known| known.0 == timeframe);
    let (_, path, unit) =
        known.ok_or_else(|| asked.not_offered(format!("candles of {timeframe}")))?;
    Ok((path, unit))
}

pub(super) fn request(venue: &VenueId, query: &Query) -> Result<HttpRequest, RequestError> {
    let asked = Asked { venue };
    let mut target = Target::new("/v1/");
    match query {
        Query::Instruments => target.path("market/all"),
        Query::Candles {
            symbol,
            timeframe,
            from,
            to,
            limit,
        } => {
            let limit = asked.limit(*limit, CANDLES)?;
            target.path("candles/");
            target.path(unit(asked, *timeframe)?.0);
            target.pair("market", symbol.as_str());
            // the venue knows only an end, itself not included, and counts back from it: what begins at a
            // time ends where so many candles are full. Of months, which are longer, fewer come.
            let length = timeframe
                .approximate_nanos()
                .saturating_mul(i64::from(limit));
            let full = from.map(|from| from.plus_nanos(length));
            let end = match (*to, full) {
                (Some(to), Some(full)) => Some(to.min(full)),
                (to, full) => to.or(full),
            };
            let (_, past) = asked.span(*from, end, SECOND)?;
            let past = past.map(quantflow_model::Timestamp::from_seconds);
            target.maybe("to", past);
            target.pair("count", &limit.to_string());
        }
        Query::RecentTrades { symbol, limit } => {
            target.path("trades/ticks");
            target.pair("market", symbol.as_str());
            target.pair("count", &asked.limit(*limit, TRADES)?.to_string());
        }
        Query::TradesBeforeId {
            symbol,
            before,
            limit,
        } => {
            target.path("trades/ticks");
            target.pair("market", symbol.as_str());
            target.pair("count", &asked.limit(*limit, TRADES)?.to_string());
            target.pair("cursor", &before.to_string());
        }
        Query::Book { symbol, limit } => {
            let limit = asked.limit(*limit, LEVELS)?;
            target.path("orderbook");
            target.pair("markets", symbol.as_str());
            target.pair("count", &limit.to_string());
        }
        Query::BestQuote {
            symbol: Some(symbol),
        } => {
            target.path("orderbook");
            target.pair("markets", symbol.as_str());
            target.pair("count", "1");
        }
        Query::Ticker {
            symbol: Some(symbol),
        } => {
            target.path("ticker");
            target.pair("markets", symbol.as_str());
        }
        Query::Ticker { symbol: None } => {
            target.path("ticker/all");
            target.pair("quote_currencies", "KRW,BTC,USDT");
        }
        other => return Err(RequestError::not_offered(venue, other)),
    }
    Ok(target.get(1))
}

/// One message asks for all streams of a socket; a second one would replace the first.
pub(super) fn subscribe(
    venue: &VenueId,
    streams_per_connection: usize,
    wanted: &[Subscription],
) -> Result<Vec<SubscribePlan>, RequestError> {
    let asked = Asked { venue };
    let mut plans = sockets(wanted, streams_per_connection, "/websocket/v1", |share| {
        let mut kinds: Vec<(String, Vec<&str>)> = Vec::new();
        for wanted in share {
            let kind = match wanted.channel {
                Channel::Trades => "trade".to_owned(),
                Channel::Book => "orderbook".to_owned(),
                Channel::Ticker => "ticker".to_owned(),
                Channel::Candles(timeframe) => match unit(asked, timeframe)?.1 {
                    "" => return Err(asked.not_offered(format!("a stream of {}", wanted.channel))),
                    unit => format!("candle.{unit}"),
                },
                other => return Err(asked.not_offered(other.to_string())),
            };
            let code = wanted.venue_symbol.as_str();
            match kinds.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, codes)) => codes.push(code),
                None => kinds.push((kind, vec![code])),
            }
        }
        let mut parts = vec![json!({"ticket": "quantflow"})];
        let kinds = kinds.iter();
        parts.extend(kinds.map(|(kind, codes)| json!({"type": kind, "codes": codes})));
        parts.push(json!({"format": "DEFAULT"}));
        Ok(vec![Value::Array(parts).to_string()])
    })?;
    for plan in &mut plans {
        plan.keep_alive = Some(KeepAlive {
            every: Duration::from_secs(30),
            message: "PING".into(),
        });
    }
    Ok(plans)
}
