//! Queries as requests, and streams as sockets.

use quantflow_model::{Timestamp, VenueId, VenueSymbol};
use quantflow_wire::{Channel, HttpRequest, Query, RequestError, SubscribePlan, Subscription};
use serde_json::json;

use super::description::TIMEFRAMES;
use super::socket::ALL;
use crate::http::{Target, escape};
use crate::question::{Asked, sockets};

/// Levels a side of a streamed book.
pub(super) const LEVELS: u16 = 100;
/// Rows of an answer about trades and candles.
const ROWS: u32 = 10_000;
const MILLISECOND: i64 = 1_000_000;
/// A time on each message, a number of sequence on each message, a checksum of each book.
const FLAGS: u32 = 32_768 + 65_536 + 131_072;
/// The kinds of markets, which the venue lists apart.
pub(super) const PARTS: [&str; 2] = ["pub:info:pair", "pub:info:pair:futures"];

/// The venue counts each endpoint apart, and a minute of 720 holds what each may be asked in one:
/// 15 questions about trades, 30 about candles, 90 about lists and tickers, 240 about books.
const fn weight(query: &Query) -> u32 {
    match query {
        Query::RecentTrades { .. } | Query::Trades { .. } => 48,
        Query::Candles { .. } => 24,
        Query::Book { .. } => 3,
        _ => 8,
    }
}

pub(super) fn page_limit(query: &Query) -> u32 {
    match query {
        Query::Candles { .. } | Query::RecentTrades { .. } | Query::Trades { .. } => ROWS,
        Query::Book { .. } => 250,
        Query::Ticker { symbol } | Query::BestQuote { symbol } | Query::Contract { symbol } => {
            match symbol {
                Some(_) => 1,
                None => u32::MAX,
            }
        }
        Query::InstrumentsOf { .. } => u32::MAX,
        _ => 0,
    }
}

pub(super) fn request(venue: &VenueId, query: &Query) -> Result<HttpRequest, RequestError> {
    let asked = Asked { venue };
    let mut target = Target::new("/v2/");
    match query {
        Query::InstrumentsOf { part, after: None } if PARTS.contains(&part.as_str()) => {
            target.path("conf/");
            target.path(part);
        }
        Query::Candles {
            symbol,
            timeframe,
            from,
            to,
            limit,
        } => {
            let name = asked.timeframe(*timeframe, &TIMEFRAMES)?;
            target.path("candles/trade:");
            target.path(name);
            target.path(":");
            target.path(&part(asked, symbol)?);
            target.path("/hist");
            history(asked, &mut target, *from, *to, *limit)?;
        }
        Query::RecentTrades { symbol, limit } => {
            target.path("trades/");
            target.path(&part(asked, symbol)?);
            target.path("/hist");
            history(asked, &mut target, None, None, *limit)?;
        }
        Query::Trades {
            symbol,
            from,
            to,
            limit,
        } => {
            target.path("trades/");
            target.path(&part(asked, symbol)?);
            target.path("/hist");
            history(asked, &mut target, *from, *to, *limit)?;
        }
        Query::Book { symbol, limit } => {
            // the venue knows these depths only; the next larger holds what is asked for
            let depths = [1, 25, 100, 250];
            let limit = asked.limit(*limit, 250)?;
            let depth = depths.iter().find(|depth| **depth >= limit);
            target.path("book/");
            target.path(&part(asked, symbol)?);
            target.path("/P0");
            target.maybe("len", depth);
        }
        Query::Ticker { symbol } | Query::BestQuote { symbol } => {
            if let Some(symbol) = symbol {
                target.path("ticker/");
                target.path(&part(asked, symbol)?);
            } else {
                target.path("tickers");
                target.pair("symbols", "ALL");
            }
        }
        Query::Contract { symbol } => {
            target.path("status/deriv");
            let key = symbol.as_ref().map_or("ALL", VenueSymbol::as_str);
            target.pair("keys", key);
        }
        other => return Err(RequestError::not_offered(venue, other)),
    }
    Ok(target.get(weight(query)))
}

/// A symbol as a part of a path. All of the venue's begin with a letter; `..` would lead elsewhere.
fn part(asked: Asked<'_>, symbol: &VenueSymbol) -> Result<String, RequestError> {
    let name = symbol.as_str();
    if !name.starts_with('t') {
        return Err(asked.out_of_range("symbol", name, "names that begin with t"));
    }
    let mut text = String::new();
    escape(&mut text, name);
    Ok(text)
}

/// Bounds are inclusive and in milliseconds. From a time on the oldest come first, else the newest.
fn history(
    asked: Asked<'_>,
    target: &mut Target,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    limit: u32,
) -> Result<(), RequestError> {
    let (first, past) = asked.span(from, to, MILLISECOND)?;
    target.pair("limit", &asked.limit(limit, ROWS)?.to_string());
    target.maybe("start", first);
    target.maybe("end", past.map(|past| past - 1));
    target.pair("sort", if first.is_some() { "1" } else { "-1" });
    Ok(())
}

pub(super) fn subscribe(
    venue: &VenueId,
    streams_per_connection: usize,
    wanted: &[Subscription],
) -> Result<Vec<SubscribePlan>, RequestError> {
    let asked = Asked { venue };
    sockets(wanted, streams_per_connection, "/ws/2", |share| {
        let mut messages = vec![json!({"event": "conf", "flags": FLAGS}).to_string()];
        let mut all_liquidations = false;
        for (number, wanted) in share.iter().enumerate() {
            let symbol = wanted.venue_symbol.as_str();
            let id = (number + 1).to_string();
            let message = match wanted.channel {
                Channel::Trades => {
                    json!({"event": "subscribe", "channel": "trades", "symbol": symbol, "subId": id})
                }
                Channel::Ticker => {
                    json!({"event": "subscribe", "channel": "ticker", "symbol": symbol, "subId": id})
                }
                Channel::Book => json!({
                    "event": "subscribe", "channel": "book", "symbol": symbol,
                    "prec": "P0", "freq": "F0", "len": LEVELS.to_string(), "subId": id,
                }),
                Channel::Candles(timeframe) => {
                    let name = asked.timeframe(timeframe, &TIMEFRAMES)?;
                    let key = format!("trade:{name}:{symbol}");
                    json!({"event": "subscribe", "channel": "candles", "key": key, "subId": id})
                }
                Channel::Contract => {
                    let key = format!("deriv:{symbol}");
                    json!({"event": "subscribe", "channel": "status", "key": key, "subId": id})
                }
                Channel::Liquidations if all_liquidations => continue,
                Channel::Liquidations => {
                    // there is one stream, of all symbols
                    all_liquidations = true;
                    json!({"event": "subscribe", "channel": "status", "key": ALL, "subId": id})
                }
                other => return Err(asked.not_offered(other.to_string())),
            };
            messages.push(message.to_string());
        }
        Ok(messages)
    })
}
