//! Queries as requests, and streams as sockets.

use quantflow_model::{Timeframe, VenueSymbol};
use quantflow_wire::{
    Channel, HttpRequest, Query, RequestError, SubscribePlan, Subscription, VenueDescription,
};
use serde_json::json;

use super::STREAMS_PER_CONNECTION;
use crate::asking::Asking;
use crate::http::Target;

/// Candles in one answer.
const CANDLES: u32 = 350;
/// Trades in one answer that we ask for; the documents name no limit.
const TRADES: u32 = 1_000;

/// The timeframes of REST's candles and the venue's names of them.
pub(super) const TIMEFRAMES: [(Timeframe, &str); 9] = [
    (Timeframe::M1, "ONE_MINUTE"),
    (Timeframe::M5, "FIVE_MINUTE"),
    (Timeframe::M15, "FIFTEEN_MINUTE"),
    (Timeframe::M30, "THIRTY_MINUTE"),
    (Timeframe::H1, "ONE_HOUR"),
    (Timeframe::H2, "TWO_HOUR"),
    (Timeframe::H4, "FOUR_HOUR"),
    (Timeframe::H6, "SIX_HOUR"),
    (Timeframe::D1, "ONE_DAY"),
];

/// `u32::MAX` where the venue sets no limit.
pub(super) fn page_limit(query: &Query) -> u32 {
    match query {
        Query::ServerTime
        | Query::Ticker { symbol: Some(_) }
        | Query::BestQuote { symbol: Some(_) } => 1,
        Query::Instruments | Query::Book { .. } => u32::MAX,
        Query::Candles { .. } => CANDLES,
        Query::RecentTrades { .. } => TRADES,
        _ => 0,
    }
}

pub(super) fn request(
    venue: &VenueDescription,
    query: &Query,
) -> Result<HttpRequest, RequestError> {
    let asking = Asking(venue);
    let target = match query {
        Query::ServerTime => Target::new("/api/v3/brokerage/time"),
        Query::Instruments => {
            let mut target = Target::new("/api/v3/brokerage/market/products");
            target.pair("product_type", "SPOT");
            target
        }
        Query::Candles {
            symbol,
            timeframe,
            from,
            to,
            limit,
        } => {
            asking.limit(*limit, CANDLES)?;
            let known = TIMEFRAMES.into_iter().find(|(of, _)| of == timeframe);
            let Some((_, name)) = known else {
                return Err(asking.not_offered(format!("candles of {timeframe}")));
            };
            let Some((first, last)) = asking.window(*timeframe, *from, *to, *limit)? else {
                let allowed = "a time: the venue gives candles between two times only";
                return Err(asking.out_of_range("from", &"nothing", allowed));
            };
            let mut target = product(asking, symbol, "candles")?;
            target.pair("granularity", name);
            target.pair("start", &first.seconds().to_string());
            target.pair("end", &last.seconds().to_string());
            target.pair("limit", &limit.to_string());
            target
        }
        Query::RecentTrades { symbol, limit } => {
            let mut target = product(asking, symbol, "ticker")?;
            target.pair("limit", &asking.limit(*limit, TRADES)?.to_string());
            target
        }
        Query::Ticker {
            symbol: Some(symbol),
        } => {
            let mut target = product(asking, symbol, "ticker")?;
            target.pair("limit", "1");
            target
        }
        Query::Book { symbol, limit } => book(symbol, asking.limit(*limit, u32::MAX)?),
        Query::BestQuote {
            symbol: Some(symbol),
        } => book(symbol, 1),
        other => return Err(RequestError::not_offered(&venue.id, other)),
    };
    Ok(target.get(1))
}

fn product(asking: Asking<'_>, symbol: &VenueSymbol, what: &str) -> Result<Target, RequestError> {
    let product = asking.segment(symbol)?;
    let path = format!("/api/v3/brokerage/market/products/{product}/{what}");
    Ok(Target::new(path))
}

fn book(symbol: &VenueSymbol, limit: u32) -> Target {
    let mut target = Target::new("/api/v3/brokerage/market/product_book");
    target.pair("product_id", symbol.as_str());
    target.pair("limit", &limit.to_string());
    target
}

const fn channel_name(channel: Channel) -> Option<&'static str> {
    Some(match channel {
        Channel::Trades => "market_trades",
        Channel::Book => "level2",
        Channel::Ticker => "ticker",
        Channel::Candles(super::message::CANDLES) => "candles",
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
            messages: messages(socket),
            subscriptions: socket.iter().map(|&s| s.clone()).collect(),
            label: format!("market-{}", at + 1).into(),
            keep_alive: None,
            address: None,
        })
        .collect())
}

/// The beat first, for a socket without a subscription is cut after 5 s; then one message a channel.
fn messages(socket: &[&Subscription]) -> Vec<String> {
    let mut channels: Vec<(&str, Vec<&str>)> = Vec::new();
    for subscription in socket {
        let Some(name) = channel_name(subscription.channel) else {
            continue;
        };
        let product = subscription.venue_symbol.as_str();
        match channels.iter_mut().find(|(known, _)| *known == name) {
            Some((_, products)) => products.push(product),
            None => channels.push((name, vec![product])),
        }
    }
    let beat = json!({"type": "subscribe", "channel": "heartbeats"}).to_string();
    let rest = channels.iter();
    let rest = rest.map(|(name, products)| message("subscribe", name, products));
    std::iter::once(beat).chain(rest).collect()
}

fn message(kind: &str, channel: &str, products: &[&str]) -> String {
    json!({"type": kind, "product_ids": products, "channel": channel}).to_string()
}

/// Takes one stream off the socket and puts it on again: a book begins with a snapshot then.
pub(super) fn resubscribe(subscription: &Subscription) -> Vec<String> {
    let Some(name) = channel_name(subscription.channel) else {
        return Vec::new();
    };
    let product = [subscription.venue_symbol.as_str()];
    ["unsubscribe", "subscribe"]
        .map(|kind| message(kind, name, &product))
        .to_vec()
}
