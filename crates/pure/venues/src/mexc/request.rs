//! Queries as requests, and streams as sockets.

use std::time::Duration;

use quantflow_wire::{
    Channel, HttpRequest, KeepAlive, Query, RequestError, SubscribePlan, Subscription,
};

use super::Mexc;
use super::description::{STREAMS_PER_CONNECTION, asked, streamed};
use crate::ask::{Asking, Tick, offered};
use crate::series::newest_from;

/// Rows of an answer about trades and candles.
const ROWS: u32 = 1_000;
/// Levels of a book.
const LEVELS: u32 = 5_000;

/// `u32::MAX` where the venue sets no limit.
pub(super) fn page_limit(query: &Query) -> u32 {
    match query {
        Query::ServerTime => 1,
        Query::Book { .. } => LEVELS,
        Query::Candles { .. } | Query::RecentTrades { .. } => ROWS,
        Query::Instruments => u32::MAX,
        Query::Ticker { symbol } | Query::BestQuote { symbol } => match symbol {
            Some(_) => 1,
            None => u32::MAX,
        },
        _ => 0,
    }
}

pub(super) fn request(codec: &Mexc, query: &Query) -> Result<HttpRequest, RequestError> {
    let mut ask = Asking::new(&codec.description.id, "/api/v3/");
    let weight = match query {
        Query::ServerTime => {
            ask.path("time");
            1
        }
        Query::Instruments => {
            ask.path("exchangeInfo");
            10
        }
        Query::Candles {
            symbol,
            timeframe,
            from,
            to,
            limit,
        } => {
            let Some(name) = asked(*timeframe) else {
                return Err(ask.not_offered(format!("candles of {timeframe}")));
            };
            ask.path("klines");
            ask.pair("symbol", symbol.as_str());
            ask.pair("interval", name);
            // what it answers where only the end is given is not documented
            let begins = from.or_else(|| to.map(|to| newest_from(*timeframe, to, *limit)));
            ask.inclusive(["startTime", "endTime"], Tick::MILLISECOND, begins, *to)?;
            ask.limit("limit", *limit, ROWS)?;
            1
        }
        Query::RecentTrades { symbol, limit } => {
            ask.path("trades");
            ask.pair("symbol", symbol.as_str());
            ask.limit("limit", *limit, ROWS)?;
            5
        }
        Query::Book { symbol, limit } => {
            ask.path("depth");
            ask.pair("symbol", symbol.as_str());
            ask.limit("limit", *limit, LEVELS)?;
            1
        }
        Query::Ticker { symbol } => {
            ask.path("ticker/24hr");
            match symbol {
                Some(symbol) => {
                    ask.pair("symbol", symbol.as_str());
                    1
                }
                None => 40,
            }
        }
        Query::BestQuote { symbol } => {
            ask.path("ticker/bookTicker");
            if let Some(symbol) = symbol {
                ask.pair("symbol", symbol.as_str());
            }
            1
        }
        other => return Err(ask.not_offered(other.name())),
    };
    Ok(ask.get(weight))
}

/// The venue's name of a stream.
fn stream(subscription: &Subscription) -> String {
    let symbol = subscription.venue_symbol.as_str();
    match subscription.channel {
        Channel::Quotes => format!("spot@public.aggre.bookTicker.v3.api.pb@100ms@{symbol}"),
        Channel::Book => format!("spot@public.aggre.depth.v3.api.pb@100ms@{symbol}"),
        Channel::Candles(timeframe) => {
            let name = streamed(timeframe).unwrap_or_default();
            format!("spot@public.kline.v3.api.pb@{symbol}@{name}")
        }
        _ => format!("spot@public.aggre.deals.v3.api.pb@100ms@{symbol}"),
    }
}

pub(super) fn subscribe(
    codec: &Mexc,
    wanted: &[Subscription],
) -> Result<Vec<SubscribePlan>, RequestError> {
    let streams = offered(&codec.description, wanted)?;
    let sockets = streams.chunks(STREAMS_PER_CONNECTION);
    Ok(sockets
        .enumerate()
        .map(|(at, socket)| {
            let names: Vec<_> = socket.iter().map(|s| stream(s)).collect();
            let message = serde_json::json!({"method": "SUBSCRIPTION", "params": names});
            SubscribePlan {
                target: "/ws".into(),
                messages: vec![message.to_string()],
                subscriptions: socket.iter().map(|s| (*s).clone()).collect(),
                label: format!("market-{}", at + 1).into(),
                keep_alive: Some(KeepAlive {
                    every: Duration::from_secs(15),
                    message: r#"{"method":"PING"}"#.into(),
                }),
                address: None,
            }
        })
        .collect())
}
