//! Queries as requests, and streams as sockets.

use std::time::Duration;

use quantflow_model::VenueSymbol;
use quantflow_wire::{
    Channel, HttpRequest, KeepAlive, Query, RequestError, SubscribePlan, Subscription,
};

use super::Poloniex;
use super::description::name;
use crate::ask::{Asking, Tick, check_limit, offered};
use crate::series::newest_from;

/// Rows of an answer about trades.
const TRADES: u32 = 1_000;
/// Rows of an answer about candles.
const CANDLES: u32 = 500;
/// Depths of a book that may be asked for.
const DEPTHS: [u32; 6] = [5, 10, 20, 50, 100, 150];
/// Symbols in one message that subscribes.
const SYMBOLS_PER_MESSAGE: usize = 50;

/// `u32::MAX` where the venue sets no limit.
pub(super) fn page_limit(query: &Query) -> u32 {
    match query {
        Query::ServerTime => 1,
        Query::Book { .. } => DEPTHS[DEPTHS.len() - 1],
        Query::Candles { .. } => CANDLES,
        Query::RecentTrades { .. } => TRADES,
        Query::Instruments => u32::MAX,
        Query::Ticker { symbol } | Query::BestQuote { symbol } => match symbol {
            Some(_) => 1,
            None => u32::MAX,
        },
        _ => 0,
    }
}

pub(super) fn request(codec: &Poloniex, query: &Query) -> Result<HttpRequest, RequestError> {
    let venue = &codec.description.id;
    let market = |symbol: &VenueSymbol, part: &str| {
        let mut ask = Asking::new(venue, "/markets/");
        ask.segment(symbol.as_str())?;
        ask.path(part);
        Ok::<_, RequestError>(ask)
    };
    let all = |path: &str| Asking::new(venue, path);
    let ask = match query {
        Query::ServerTime => all("/timestamp"),
        Query::Instruments => all("/markets"),
        Query::Candles {
            symbol,
            timeframe,
            from,
            to,
            limit,
        } => {
            let mut ask = market(symbol, "/candles")?;
            let Some(name) = name(*timeframe) else {
                return Err(ask.not_offered(format!("candles of {timeframe}")));
            };
            ask.pair("interval", name);
            ask.limit("limit", *limit, CANDLES)?;
            // what it answers where only the end is given is not documented
            let begins = from.or_else(|| to.map(|to| newest_from(*timeframe, to, *limit)));
            ask.inclusive(["startTime", "endTime"], Tick::MILLISECOND, begins, *to)?;
            ask
        }
        Query::RecentTrades { symbol, limit } => {
            let mut ask = market(symbol, "/trades")?;
            ask.limit("limit", *limit, TRADES)?;
            ask
        }
        Query::Book { symbol, limit } => {
            check_limit(venue, *limit, page_limit(query))?;
            let mut ask = market(symbol, "/orderBook")?;
            let fitting = DEPTHS.iter().find(|depth| *depth >= limit);
            ask.number("limit", fitting.unwrap_or(limit));
            ask
        }
        Query::Ticker { symbol } | Query::BestQuote { symbol } => match symbol {
            Some(symbol) => market(symbol, "/ticker24h")?,
            None => all("/markets/ticker24h"),
        },
        other => return Err(RequestError::not_offered(venue, other)),
    };
    Ok(ask.get(1))
}

/// The venue's name of a channel.
fn words(channel: Channel) -> String {
    match channel {
        Channel::Book => "book_lv2".into(),
        Channel::Ticker => "ticker".into(),
        Channel::Candles(timeframe) => {
            format!(
                "candles_{}",
                name(timeframe).unwrap_or_default().to_ascii_lowercase()
            )
        }
        _ => "trades".into(),
    }
}

pub(super) fn subscribe(
    codec: &Poloniex,
    wanted: &[Subscription],
) -> Result<Vec<SubscribePlan>, RequestError> {
    let streams = offered(&codec.description, wanted)?;
    let sockets = streams.chunks(codec.description.streams_per_connection);
    Ok(sockets
        .enumerate()
        .map(|(at, socket)| plan(at + 1, socket))
        .collect())
}

fn plan(number: usize, socket: &[&Subscription]) -> SubscribePlan {
    let mut channels: Vec<(String, Vec<&str>)> = Vec::new();
    for subscription in socket {
        let channel = words(subscription.channel);
        let symbol = subscription.venue_symbol.as_str();
        match channels.iter_mut().find(|(known, _)| *known == channel) {
            Some((_, symbols)) => symbols.push(symbol),
            None => channels.push((channel, vec![symbol])),
        }
    }
    let messages = channels.iter().flat_map(|(channel, symbols)| {
        symbols.chunks(SYMBOLS_PER_MESSAGE).map(move |part| {
            serde_json::json!({"event": "subscribe", "channel": [channel], "symbols": part})
                .to_string()
        })
    });
    SubscribePlan {
        target: "/ws/public".into(),
        messages: messages.collect(),
        subscriptions: socket.iter().map(|s| (*s).clone()).collect(),
        label: format!("market-{number}").into(),
        keep_alive: Some(KeepAlive {
            every: Duration::from_secs(15),
            message: r#"{"event":"ping"}"#.into(),
        }),
        address: None,
    }
}
