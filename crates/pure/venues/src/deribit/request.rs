//! Queries as requests, and streams as sockets.

use quantflow_model::{Timestamp, VenueId};
use quantflow_wire::{Channel, HttpRequest, Query, RequestError, SubscribePlan, Subscription};
use serde_json::json;

use super::description::TIMEFRAMES;
use crate::http::Target;
use crate::question::{Asked, sockets};

/// Trades of an answer.
const TRADES: u32 = 1_000;
/// Candles of an answer.
const CANDLES: u32 = 5_000;
/// Hours of funding of an answer: a month.
const RATES: u32 = 744;
/// Levels that a book can be asked for with.
const DEPTHS: [u32; 8] = [1, 5, 10, 20, 50, 100, 1_000, 10_000];
const MILLISECOND: i64 = 1_000_000;
/// The kinds of markets; the combinations of them are none of ours.
pub(super) const PARTS: [&str; 3] = ["future", "option", "spot"];
/// The number of what is sent to keep a connection.
pub(super) const TEST_ID: u64 = 9_000_000;

pub(super) fn page_limit(query: &Query) -> u32 {
    match query {
        Query::ServerTime
        | Query::Ticker { symbol: Some(_) }
        | Query::BestQuote { symbol: Some(_) }
        | Query::Contract { symbol: Some(_) }
        | Query::OpenInterest { .. } => 1,
        Query::InstrumentsOf { .. } => u32::MAX,
        Query::Candles { .. } => CANDLES,
        Query::RecentTrades { .. }
        | Query::TradesFromId { .. }
        | Query::Trades { .. }
        | Query::TradesBeforeId { .. } => TRADES,
        Query::FundingRates { .. } => RATES,
        Query::Book { .. } => 10_000,
        _ => 0,
    }
}

pub(super) fn request(venue: &VenueId, query: &Query) -> Result<HttpRequest, RequestError> {
    let asked = Asked { venue };
    let mut target = Target::new("/api/v2/public/");
    if let Some(symbol) = query.symbol() {
        target.path(method(query));
        target.pair("instrument_name", symbol.as_str());
    }
    match query {
        Query::ServerTime => target.path("get_time"),
        Query::InstrumentsOf { part, after: None } if PARTS.contains(&part.as_str()) => {
            target.path("get_instruments");
            target.pair("currency", "any");
            target.pair("kind", part);
            target.pair("expired", "false");
            // the dearest question: one a second
            return Ok(target.get(20));
        }
        Query::Candles {
            timeframe,
            from,
            to,
            limit,
            ..
        } => {
            target.pair("resolution", asked.timeframe(*timeframe, &TIMEFRAMES)?);
            let length = timeframe.approximate_nanos();
            span(asked, &mut target, (*from, *to), (*limit, CANDLES), length)?;
        }
        Query::RecentTrades { limit, .. } => trades(asked, &mut target, *limit, "desc")?,
        Query::TradesFromId { from, limit, .. } => {
            target.pair("start_seq", &from.to_string());
            trades(asked, &mut target, *limit, "asc")?;
        }
        Query::TradesBeforeId { before, limit, .. } => {
            if before.0 == 0 {
                return Err(asked.out_of_range("before", "0", "1 and more"));
            }
            target.pair("end_seq", &before.previous().to_string());
            trades(asked, &mut target, *limit, "desc")?;
        }
        Query::Trades {
            from, to, limit, ..
        } => {
            let (first, past) = asked.span(*from, *to, MILLISECOND)?;
            target.maybe("start_timestamp", first);
            target.maybe("end_timestamp", past.map(|past| past - 1));
            let sorting = if first.is_some() { "asc" } else { "desc" };
            trades(asked, &mut target, *limit, sorting)?;
        }
        Query::FundingRates {
            from, to, limit, ..
        } => {
            let hour = 3_600_000 * MILLISECOND;
            span(asked, &mut target, (*from, *to), (*limit, RATES), hour)?;
        }
        Query::Book { limit, .. } => {
            let limit = asked.limit(*limit, 10_000)?;
            target.maybe("depth", DEPTHS.iter().find(|depth| **depth >= limit));
        }
        Query::Ticker { symbol: Some(_) }
        | Query::BestQuote { symbol: Some(_) }
        | Query::Contract { symbol: Some(_) }
        | Query::OpenInterest { .. } => {}
        other => return Err(RequestError::not_offered(venue, other)),
    }
    Ok(target.get(1))
}

const fn method(query: &Query) -> &'static str {
    match query {
        Query::Candles { .. } => "get_tradingview_chart_data",
        Query::Trades { .. } => "get_last_trades_by_instrument_and_time",
        Query::Book { .. } => "get_order_book",
        Query::FundingRates { .. } => "get_funding_rate_history",
        Query::OpenInterest { .. } => "get_book_summary_by_instrument",
        Query::Ticker { .. } | Query::BestQuote { .. } | Query::Contract { .. } => "ticker",
        _ => "get_last_trades_by_instrument",
    }
}

fn trades(
    asked: Asked<'_>,
    target: &mut Target,
    limit: u32,
    sorting: &str,
) -> Result<(), RequestError> {
    target.pair("count", &asked.limit(limit, TRADES)?.to_string());
    target.pair("sorting", sorting);
    Ok(())
}

/// The venue wants both ends of a span, both inclusive, in milliseconds.
fn span(
    asked: Asked<'_>,
    target: &mut Target,
    ends: (Option<Timestamp>, Option<Timestamp>),
    (limit, most): (u32, u32),
    length: i64,
) -> Result<(), RequestError> {
    let limit = asked.limit(limit, most)?;
    let (from, to) = asked.filled(ends, limit, length)?;
    let (first, past) = asked.span(Some(from), Some(to), MILLISECOND)?;
    target.maybe("start_timestamp", first);
    target.maybe("end_timestamp", past.map(|past| past - 1));
    Ok(())
}

/// The channel's name of a stream.
fn channel(asked: Asked<'_>, wanted: &Subscription) -> Result<String, RequestError> {
    let symbol = wanted.venue_symbol.as_str();
    Ok(match wanted.channel {
        Channel::Trades | Channel::Liquidations => format!("trades.{symbol}.100ms"),
        Channel::Quotes => format!("quote.{symbol}"),
        Channel::Book => format!("book.{symbol}.100ms"),
        Channel::Ticker | Channel::Contract => format!("ticker.{symbol}.100ms"),
        Channel::Candles(timeframe) => {
            let name = asked.timeframe(timeframe, &TIMEFRAMES)?;
            format!("chart.trades.{symbol}.{name}")
        }
        other @ Channel::AggregateTrades => return Err(asked.not_offered(other.to_string())),
    })
}

fn message(id: usize, method: &str, channels: &[String]) -> String {
    let params = json!({"channels": channels});
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string()
}

pub(super) fn subscribe(
    venue: &VenueId,
    streams_per_connection: usize,
    wanted: &[Subscription],
) -> Result<Vec<SubscribePlan>, RequestError> {
    let asked = Asked { venue };
    sockets(wanted, streams_per_connection, "/ws/api/v2", |share| {
        let heartbeat = json!({
            "jsonrpc": "2.0", "id": TEST_ID, "method": "public/set_heartbeat",
            "params": {"interval": 30},
        });
        let mut channels: Vec<String> = Vec::new();
        for wanted in share {
            // a trade says that it was a liquidation, a ticker all of a contract
            let name = channel(asked, wanted)?;
            if !channels.contains(&name) {
                channels.push(name);
            }
        }
        let mut messages = vec![heartbeat.to_string()];
        let parts = channels.chunks(100).enumerate();
        messages.extend(parts.map(|(id, part)| message(id + 1, "public/subscribe", part)));
        Ok(messages)
    })
}

pub(super) fn resubscribe(venue: &VenueId, wanted: &Subscription) -> Vec<String> {
    let Ok(channel) = channel(Asked { venue }, wanted) else {
        return Vec::new();
    };
    let channels = [channel];
    ["public/unsubscribe", "public/subscribe"]
        .map(|method| message(0, method, &channels))
        .to_vec()
}
