//! Queries as requests, and streams as sockets.

use std::time::Duration;

use quantflow_model::{Timestamp, VenueId};
use quantflow_wire::{
    Channel, HttpMethod, HttpRequest, KeepAlive, Query, RequestError, SubscribePlan, Subscription,
};
use serde_json::{Value, json};

use super::description::TIMEFRAMES;
use crate::question::{Asked, sockets};

/// Candles that an answer holds, and the only ones there are.
const CANDLES: u32 = 5_000;
/// Trades of an answer; nothing can be said about how many.
const TRADES: u32 = 100;
/// Rates of an answer.
const RATES: u32 = 500;
/// Levels a side of a book.
const LEVELS: u32 = 20;
const MILLISECOND: i64 = 1_000_000;
/// The kinds of markets.
pub(super) const PARTS: [&str; 2] = ["perp", "spot"];

pub(super) fn page_limit(query: &Query) -> u32 {
    match query {
        Query::ServerTime | Query::Contract { symbol: Some(_) } => 1,
        Query::InstrumentsOf { .. } | Query::Contract { .. } => u32::MAX,
        Query::Candles { .. } => CANDLES,
        Query::RecentTrades { .. } => TRADES,
        Query::FundingRates { .. } => RATES,
        Query::Book { .. } => LEVELS,
        _ => 0,
    }
}

pub(super) fn request(venue: &VenueId, query: &Query) -> Result<HttpRequest, RequestError> {
    let asked = Asked { venue };
    let coin = query.symbol().map_or("", |symbol| symbol.as_str());
    // an answer of many rows costs more: one for each 60 candles, one for each 20 of others
    let (body, weight) = match query {
        Query::ServerTime => (json!({"type": "exchangeStatus"}), 2),
        Query::InstrumentsOf { part, after: None } if part == "perp" => {
            (json!({"type": "meta"}), 20)
        }
        Query::InstrumentsOf { part, after: None } if part == "spot" => {
            (json!({"type": "spotMeta"}), 20)
        }
        Query::Candles {
            timeframe,
            from,
            to,
            limit,
            ..
        } => {
            let interval = asked.timeframe(*timeframe, &TIMEFRAMES)?;
            let length = timeframe.approximate_nanos();
            let (start, end) = span(asked, (*from, *to), (*limit, CANDLES), length)?;
            let req =
                json!({"coin": coin, "interval": interval, "startTime": start, "endTime": end});
            let weight = 20 + limit.div_ceil(60);
            (json!({"type": "candleSnapshot", "req": req}), weight)
        }
        Query::RecentTrades { limit, .. } => {
            let limit = asked.limit(*limit, TRADES)?;
            let body = json!({"type": "recentTrades", "coin": coin});
            (body, 20 + limit.div_ceil(20))
        }
        Query::Book { limit, .. } => {
            asked.limit(*limit, LEVELS)?;
            (json!({"type": "l2Book", "coin": coin}), 2)
        }
        Query::Contract { .. } => (json!({"type": "metaAndAssetCtxs"}), 20),
        Query::FundingRates {
            from, to, limit, ..
        } => {
            let hour = 3_600_000 * MILLISECOND;
            let (start, end) = span(asked, (*from, *to), (*limit, RATES), hour)?;
            let body =
                json!({"type": "fundingHistory", "coin": coin, "startTime": start, "endTime": end});
            (body, 20 + limit.div_ceil(20))
        }
        other => return Err(RequestError::not_offered(venue, other)),
    };
    Ok(HttpRequest {
        method: HttpMethod::Post,
        target: "/info".into(),
        headers: vec![("Content-Type".into(), "application/json".into())],
        body: body.to_string().into_bytes(),
        weight,
        key_header: None,
    })
}

/// Both ends inclusive, in milliseconds.
fn span(
    asked: Asked<'_>,
    ends: (Option<Timestamp>, Option<Timestamp>),
    (limit, most): (u32, u32),
    length: i64,
) -> Result<(i64, i64), RequestError> {
    let limit = asked.limit(limit, most)?;
    let (from, to) = asked.filled(ends, limit, length)?;
    let (first, past) = asked.span(Some(from), Some(to), MILLISECOND)?;
    Ok((first.unwrap_or_default(), past.unwrap_or_default() - 1))
}

fn stream(asked: Asked<'_>, wanted: &Subscription) -> Result<Value, RequestError> {
    let coin = wanted.venue_symbol.as_str();
    let name = match wanted.channel {
        Channel::Trades => "trades",
        Channel::Quotes => "bbo",
        Channel::Book => "l2Book",
        Channel::Contract => "activeAssetCtx",
        Channel::Candles(timeframe) => {
            let interval = asked.timeframe(timeframe, &TIMEFRAMES)?;
            return Ok(json!({"type": "candle", "coin": coin, "interval": interval}));
        }
        other => return Err(asked.not_offered(other.to_string())),
    };
    Ok(json!({"type": name, "coin": coin}))
}

fn message(method: &str, stream: &Value) -> String {
    json!({"method": method, "subscription": stream}).to_string()
}

pub(super) fn subscribe(
    venue: &VenueId,
    streams_per_connection: usize,
    wanted: &[Subscription],
) -> Result<Vec<SubscribePlan>, RequestError> {
    let asked = Asked { venue };
    let mut plans = sockets(wanted, streams_per_connection, "/ws", |share| {
        let streams = share.iter().map(|wanted| stream(asked, wanted));
        streams
            .map(|stream| Ok(message("subscribe", &stream?)))
            .collect()
    })?;
    for plan in &mut plans {
        plan.keep_alive = Some(KeepAlive {
            every: Duration::from_secs(20),
            message: json!({"method": "ping"}).to_string(),
        });
    }
    Ok(plans)
}

pub(super) fn resubscribe(venue: &VenueId, wanted: &Subscription) -> Vec<String> {
    let Ok(stream) = stream(Asked { venue }, wanted) else {
        return Vec::new();
    };
    ["unsubscribe", "subscribe"]
        .map(|method| message(method, &stream))
        .to_vec()
}
