//! Queries as requests, and streams as sockets.

use quantflow_model::{Timeframe, VenueSymbol};
use quantflow_wire::{
    Channel, HttpRequest, Query, RequestError, SubscribePlan, Subscription, VenueDescription,
};
use serde_json::{Map, Value, json};

use super::description::STREAMS_PER_CONNECTION;
use crate::asking::Asking;
use crate::http::Target;

/// Candles in one answer.
pub(super) const CANDLES: u32 = 300;
/// Trades in one answer.
pub(super) const TRADES: u32 = 1_000;

/// `u32::MAX` where the venue sets no limit.
pub(super) fn page_limit(query: &Query) -> u32 {
    match query {
        Query::ServerTime
        | Query::Ticker { symbol: Some(_) }
        | Query::BestQuote { symbol: Some(_) } => 1,
        Query::Instruments | Query::Book { .. } => u32::MAX,
        Query::Candles { .. } => CANDLES,
        Query::RecentTrades { .. } | Query::TradesFromId { .. } | Query::TradesBeforeId { .. } => {
            TRADES
        }
        _ => 0,
    }
}

pub(super) fn request(
    venue: &VenueDescription,
    query: &Query,
) -> Result<HttpRequest, RequestError> {
    let asking = Asking(venue);
    let target = match query {
        Query::ServerTime => Target::new("/time"),
        Query::Instruments => Target::new("/products"),
        Query::Candles {
            symbol,
            timeframe,
            from,
            to,
            limit,
        } => {
            asking.timeframe(*timeframe)?;
            asking.limit(*limit, CANDLES)?;
            let mut target = product(asking, symbol, "candles")?;
            target.pair("granularity", &seconds(*timeframe).to_string());
            // both bounds or none: the venue ignores one alone, and both are inclusive
            if let Some((first, last)) = asking.window(*timeframe, *from, *to, *limit)? {
                target.pair("start", &first.to_string());
                target.pair("end", &last.to_string());
            }
            target
        }
        Query::RecentTrades { symbol, limit } => trades(asking, symbol, *limit, None)?,
        Query::TradesBeforeId {
            symbol,
            before,
            limit,
        } => trades(asking, symbol, *limit, Some(before.0))?,
        // `before` would give the newest ones past an id, not the next: as ids are contiguous, a page
        // that ends right behind the wanted ones is the same
        Query::TradesFromId {
            symbol,
            from,
            limit,
        } => {
            let past = from.0.saturating_add(u128::from(*limit));
            trades(asking, symbol, *limit, Some(past))?
        }
        Query::Book { symbol, limit } => {
            asking.limit(*limit, u32::MAX)?;
            let mut target = product(asking, symbol, "book")?;
            target.pair("level", if *limit == 1 { "1" } else { "2" });
            target
        }
        Query::BestQuote {
            symbol: Some(symbol),
        } => {
            let mut target = product(asking, symbol, "book")?;
            target.pair("level", "1");
            target
        }
        Query::Ticker {
            symbol: Some(symbol),
        } => product(asking, symbol, "ticker")?,
        other => return Err(RequestError::not_offered(&venue.id, other)),
    };
    Ok(target.get(1))
}

fn product(asking: Asking<'_>, symbol: &VenueSymbol, what: &str) -> Result<Target, RequestError> {
    let product = asking.segment(symbol)?;
    Ok(Target::new(format!("/products/{product}/{what}")))
}

fn trades(
    asking: Asking<'_>,
    symbol: &VenueSymbol,
    limit: u32,
    below: Option<u128>,
) -> Result<Target, RequestError> {
    let mut target = product(asking, symbol, "trades")?;
    target.pair("limit", &asking.limit(limit, TRADES)?.to_string());
    target.maybe("after", below);
    Ok(target)
}

pub(super) const fn seconds(timeframe: Timeframe) -> i64 {
    timeframe.approximate_nanos() / 1_000_000_000
}

/// The venue's name of a channel. `level2` itself wants a login since 2023; the batched one says the
/// same in steps of 50 ms.
pub(super) const fn channel_name(channel: Channel) -> Option<&'static str> {
    Some(match channel {
        Channel::Trades => "matches",
        Channel::Book => "level2_batch",
        Channel::Ticker => "ticker",
        _ => return None,
    })
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
            target: "/".into(),
            messages: vec![subscription(socket)],
            subscriptions: socket.iter().map(|&s| s.clone()).collect(),
            label: format!("market-{}", at + 1).into(),
            keep_alive: None,
            address: None,
        })
        .collect())
}

/// One message for all channels, each with its products; every product beats besides.
fn subscription(socket: &[&Subscription]) -> String {
    let mut channels: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut add = |name, product| match channels.iter_mut().find(|(known, _)| *known == name) {
        Some((_, products)) if products.contains(&product) => {}
        Some((_, products)) => products.push(product),
        None => channels.push((name, vec![product])),
    };
    for subscription in socket {
        if let Some(name) = channel_name(subscription.channel) {
            add(name, subscription.venue_symbol.as_str());
        }
    }
    for subscription in socket {
        add("heartbeat", subscription.venue_symbol.as_str());
    }
    let channels: Vec<Value> = channels
        .into_iter()
        .map(|(name, products)| json!({"name": name, "product_ids": products}))
        .collect();
    let mut message = Map::new();
    message.insert("type".into(), "subscribe".into());
    message.insert("channels".into(), channels.into());
    Value::Object(message).to_string()
}

/// Takes one stream off the socket and puts it on again: a book begins with a snapshot then.
pub(super) fn resubscribe(subscription: &Subscription) -> Vec<String> {
    let Some(name) = channel_name(subscription.channel) else {
        return Vec::new();
    };
    let channels = json!([{"name": name, "product_ids": [subscription.venue_symbol]}]);
    ["unsubscribe", "subscribe"]
        .map(|kind| json!({"type": kind, "channels": channels}).to_string())
        .to_vec()
}
