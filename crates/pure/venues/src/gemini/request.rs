//! Queries as requests, and streams as sockets.

use quantflow_model::VenueSymbol;
use quantflow_wire::{
    Channel, HttpRequest, Query, RequestError, SubscribePlan, Subscription, VenueDescription,
};
use serde_json::{Value, json};

use super::description::{STREAMS_PER_CONNECTION, TIMEFRAMES};
use crate::asking::Asking;
use crate::http::Target;

/// Trades in one answer.
const TRADES: u32 = 500;
/// Candles in one answer: a day of minutes is the most there is.
const CANDLES: u32 = 1_440;

/// `u32::MAX` where the venue sets no limit.
pub(super) fn page_limit(query: &Query) -> u32 {
    match query {
        Query::Ticker { symbol: Some(_) }
        | Query::BestQuote { symbol: Some(_) }
        | Query::Contract { symbol: Some(_) }
        | Query::OpenInterest { .. } => 1,
        Query::Instruments | Query::Book { .. } => u32::MAX,
        Query::Candles { .. } => CANDLES,
        Query::RecentTrades { .. } | Query::TradesFromId { .. } => TRADES,
        _ => 0,
    }
}

pub(super) fn request(
    venue: &VenueDescription,
    query: &Query,
) -> Result<HttpRequest, RequestError> {
    let asking = Asking(venue);
    let target = match query {
        Query::Instruments => Target::new("/v1/symbols/details/all"),
        Query::Candles {
            symbol,
            timeframe,
            from,
            to,
            limit,
        } => {
            asking.limit(*limit, CANDLES)?;
            let known = TIMEFRAMES.into_iter().find(|(of, _, _)| of == timeframe);
            let Some((_, name, _)) = known else {
                return Err(asking.not_offered(format!("candles of {timeframe}")));
            };
            if let Some(bound) = from.or(*to) {
                return Err(asking.out_of_range(
                    "a bound",
                    &bound,
                    "none: only the newest candles",
                ));
            }
            let mut target = of(asking, "/v2/candles/", symbol)?;
            target.path("/");
            target.path(name);
            target
        }
        Query::RecentTrades { symbol, limit } => {
            let mut target = of(asking, "/v1/trades/", symbol)?;
            target.pair("limit_trades", &asking.limit(*limit, TRADES)?.to_string());
            target
        }
        Query::TradesFromId {
            symbol,
            from,
            limit,
        } => {
            let mut target = of(asking, "/v1/trades/", symbol)?;
            // trades after this one; after 0: from the first one on
            target.pair("since_tid", &from.previous().to_string());
            target.pair("limit_trades", &asking.limit(*limit, TRADES)?.to_string());
            target
        }
        Query::Book { symbol, limit } => {
            asking.limit(*limit, u32::MAX)?;
            book(asking, symbol, *limit)?
        }
        Query::BestQuote {
            symbol: Some(symbol),
        } => book(asking, symbol, 1)?,
        Query::Ticker {
            symbol: Some(symbol),
        } => of(asking, "/v2/ticker/", symbol)?,
        Query::Contract {
            symbol: Some(symbol),
        }
        | Query::OpenInterest { symbol } => of(asking, "/v1/riskstats/", symbol)?,
        other => return Err(RequestError::not_offered(&venue.id, other)),
    };
    Ok(target.get(1))
}

fn of(asking: Asking<'_>, path: &str, symbol: &VenueSymbol) -> Result<Target, RequestError> {
    let symbol = asking.segment(symbol)?;
    Ok(Target::new(format!("{path}{symbol}")))
}

fn book(asking: Asking<'_>, symbol: &VenueSymbol, levels: u32) -> Result<Target, RequestError> {
    let mut target = of(asking, "/v1/book/", symbol)?;
    target.pair("limit_bids", &levels.to_string());
    target.pair("limit_asks", &levels.to_string());
    Ok(target)
}

/// Trades come with the book.
fn feed(channel: Channel) -> Option<&'static str> {
    match channel {
        Channel::Trades | Channel::Book => Some("l2"),
        Channel::Candles(timeframe) => {
            let mut known = TIMEFRAMES.into_iter();
            let found = known.find(|(of, _, _)| *of == timeframe);
            found.map(|(_, _, socket)| socket)
        }
        _ => None,
    }
}

pub(super) fn subscribe(
    venue: &VenueDescription,
    wanted: &[Subscription],
) -> Result<Vec<SubscribePlan>, RequestError> {
    let streams = Asking(venue).streams(wanted)?;
    let sockets = streams.chunks(STREAMS_PER_CONNECTION);
    Ok(sockets
        .enumerate()
        .map(|(at, socket)| SubscribePlan {
            target: "/v2/marketdata".into(),
            messages: vec![subscription(socket)],
            subscriptions: socket.iter().map(|&s| s.clone()).collect(),
            label: format!("market-{}", at + 1).into(),
            keep_alive: None,
            address: None,
        })
        .collect())
}

/// One message for all feeds, each with its symbols.
fn subscription(socket: &[&Subscription]) -> String {
    let mut feeds: Vec<(&str, Vec<&str>)> = Vec::new();
    for subscription in socket {
        let Some(name) = feed(subscription.channel) else {
            continue;
        };
        let symbol = subscription.venue_symbol.as_str();
        match feeds.iter_mut().find(|(known, _)| *known == name) {
            Some((_, symbols)) if symbols.contains(&symbol) => {}
            Some((_, symbols)) => symbols.push(symbol),
            None => feeds.push((name, vec![symbol])),
        }
    }
    let feeds = feeds.iter();
    let feeds: Value = feeds
        .map(|(name, symbols)| json!({"name": name, "symbols": symbols}))
        .collect();
    json!({"type": "subscribe", "subscriptions": feeds}).to_string()
}

/// Takes one stream off the socket and puts it on again: a book begins with all its levels then.
pub(super) fn resubscribe(subscription: &Subscription) -> Vec<String> {
    let Some(name) = feed(subscription.channel) else {
        return Vec::new();
    };
    let feeds = json!([{"name": name, "symbols": [subscription.venue_symbol]}]);
    ["unsubscribe", "subscribe"]
        .map(|kind| json!({"type": kind, "subscriptions": feeds}).to_string())
        .to_vec()
}
