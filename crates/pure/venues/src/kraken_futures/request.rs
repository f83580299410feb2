//! Queries as requests, and streams as sockets.

use std::time::Duration;

use quantflow_model::VenueSymbol;
use quantflow_wire::{
    Channel, HttpRequest, KeepAlive, Query, RequestError, Response, SubscribePlan, Subscription,
    VenueDescription,
};
use serde_json::json;

use super::description::STREAMS_PER_CONNECTION;
use crate::asking::Asking;
use crate::http::{self, Target};

/// Candles in one answer.
const CANDLES: u32 = 2_000;
/// Trades in one answer; fewer cannot be asked for.
const TRADES: u32 = 100;

/// `u32::MAX` where the venue sets no limit.
pub(super) fn page_limit(query: &Query) -> u32 {
    match query {
        Query::ServerTime
        | Query::OpenInterest { .. }
        | Query::Ticker { symbol: Some(_) }
        | Query::BestQuote { symbol: Some(_) }
        | Query::Contract { symbol: Some(_) }
        // a hundred of what the venue still knows, which is a week or less: fewer are not all there were
        | Query::RecentTrades { .. } => 1,
        Query::Instruments
        | Query::Book { .. }
        | Query::FundingRates { .. }
        | Query::Ticker { symbol: None }
        | Query::BestQuote { symbol: None }
        | Query::Contract { symbol: None } => u32::MAX,
        Query::Candles { .. } => CANDLES,
        _ => 0,
    }
}

pub(super) fn request(
    venue: &VenueDescription,
    query: &Query,
) -> Result<HttpRequest, RequestError> {
    let asking = Asking(venue);
    let of = |path: &str, symbol: &VenueSymbol| {
        let mut target = Target::new(format!("/derivatives/api/v3/{path}"));
        target.pair("symbol", symbol.as_str());
        target
    };
    let target = match query {
        // the venue has no clock to ask; every answer carries the time, and this one is short
        Query::ServerTime => Target::new("/derivatives/api/v3/feeschedules"),
        Query::Instruments => Target::new("/derivatives/api/v3/instruments"),
        Query::Candles {
            symbol,
            timeframe,
            from,
            to,
            limit,
        } => {
            asking.timeframe(*timeframe)?;
            asking.limit(*limit, CANDLES)?;
            let symbol = asking.segment(symbol)?;
            let mut target = Target::new(format!("/api/charts/v1/trade/{symbol}/{timeframe}"));
            if let Some((first, last)) = asking.window(*timeframe, *from, *to, *limit)? {
                target.pair("from", &first.seconds().to_string());
                target.pair("to", &last.seconds().to_string());
            }
            target
        }
        Query::RecentTrades { symbol, limit } => {
            asking.limit(*limit, TRADES)?;
            of("history", symbol)
        }
        Query::Book { symbol, limit } => {
            asking.limit(*limit, u32::MAX)?;
            of("orderbook", symbol)
        }
        Query::FundingRates {
            symbol, from, to, ..
        } => {
            asking.span(*from, *to, 1)?;
            of("historical-funding-rates", symbol)
        }
        Query::OpenInterest { symbol } => ticker(asking, Some(symbol))?,
        Query::Ticker { symbol } | Query::BestQuote { symbol } | Query::Contract { symbol } => {
            ticker(asking, symbol.as_ref())?
        }
        other => return Err(RequestError::not_offered(&venue.id, other)),
    };
    Ok(target.get(1))
}

fn ticker(asking: Asking<'_>, symbol: Option<&VenueSymbol>) -> Result<Target, RequestError> {
    let mut path = String::from("/derivatives/api/v3/tickers");
    if let Some(symbol) = symbol {
        path.push('/');
        path.push_str(&asking.segment(symbol)?);
    }
    Ok(Target::new(path))
}

/// A refusal for asking too often comes with status 200 and a word.
pub(super) fn stay_away(response: &Response) -> Option<Duration> {
    const WORD: &[u8] = b"apiLimitExceeded";
    let start = &response.body[..response.body.len().min(256)];
    if start.windows(WORD.len()).any(|found| found == WORD) {
        return Some(http::retry_after(response).unwrap_or(Duration::from_secs(10)));
    }
    http::stay_away(response, Duration::from_secs(10))
}

const fn feed(channel: Channel) -> Option<&'static str> {
    Some(match channel {
        Channel::Trades | Channel::Liquidations => "trade",
        Channel::Book => "book",
        Channel::Ticker | Channel::Quotes | Channel::Contract => "ticker",
        _ => return None,
    })
}

pub(super) fn subscribe(
    venue: &VenueDescription,
    wanted: &[Subscription],
) -> Result<Vec<SubscribePlan>, RequestError> {
    let streams = Asking(venue).streams(wanted)?;
    let sockets = streams.chunks(STREAMS_PER_CONNECTION);
    let heartbeat = json!({"event": "subscribe", "feed": "heartbeat"}).to_string();
    Ok(sockets
        .enumerate()
        .map(|(at, socket)| {
            let mut messages = messages(socket);
            messages.push(heartbeat.clone());
            SubscribePlan {
                target: "/ws/v1".into(),
                messages,
                subscriptions: socket.iter().map(|&s| s.clone()).collect(),
                label: format!("market-{}", at + 1).into(),
                // a socket on which we say nothing for a minute is cut, and there is no ping in text
                keep_alive: Some(KeepAlive {
                    every: Duration::from_secs(30),
                    message: heartbeat.clone(),
                }),
                address: None,
            }
        })
        .collect())
}

/// For each feed its contracts, in one message.
fn messages(socket: &[&Subscription]) -> Vec<String> {
    let mut feeds: Vec<(&str, Vec<&str>)> = Vec::new();
    for subscription in socket {
        let Some(name) = feed(subscription.channel) else {
            continue;
        };
        let product = subscription.venue_symbol.as_str();
        match feeds.iter_mut().find(|(known, _)| *known == name) {
            Some((_, products)) if products.contains(&product) => {}
            Some((_, products)) => products.push(product),
            None => feeds.push((name, vec![product])),
        }
    }
    let feeds = feeds.iter();
    feeds
        .map(|(feed, products)| message("subscribe", feed, products))
        .collect()
}

fn message(event: &str, feed: &str, products: &[&str]) -> String {
    json!({"event": event, "feed": feed, "product_ids": products}).to_string()
}

/// Takes one stream off the socket and puts it on again: a book begins with a snapshot then.
pub(super) fn resubscribe(subscription: &Subscription) -> Vec<String> {
    let Some(feed) = feed(subscription.channel) else {
        return Vec::new();
    };
    let product = [subscription.venue_symbol.as_str()];
    ["unsubscribe", "subscribe"]
        .map(|event| message(event, feed, &product))
        .to_vec()
}
