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
const CANDLES: u32 = 1_000;

/// `u32::MAX` where the venue sets no limit.
pub(super) fn page_limit(query: &Query) -> u32 {
    match query {
        Query::Ticker { symbol: Some(_) }
        | Query::BestQuote { symbol: Some(_) }
        // those of a day, however many: few of them are not all there ever were
        | Query::RecentTrades { .. } => 1,
        Query::Instruments | Query::Book { .. } | Query::Ticker { symbol: None } => u32::MAX,
        Query::Candles { .. } => CANDLES,
        _ => 0,
    }
}

pub(super) fn request(
    venue: &VenueDescription,
    query: &Query,
) -> Result<HttpRequest, RequestError> {
    let asking = Asking(venue);
    let target = match query {
        Query::Instruments => Target::new("/api/v2/trading-pairs-info/"),
        Query::Candles {
            symbol,
            timeframe,
            from,
            to,
            limit,
        } => {
            asking.timeframe(*timeframe)?;
            asking.limit(*limit, CANDLES)?;
            let mut target = of(asking, "ohlc", symbol)?;
            let step = timeframe.approximate_nanos() / 1_000_000_000;
            target.pair("step", &step.to_string());
            // of both bounds the venue takes the end alone: the beginning, and how many from there
            let window = asking.window(*timeframe, *from, *to, *limit)?;
            let count = match window {
                Some((first, last)) => (last.seconds() - first.seconds()) / step + 1,
                None => i64::from(*limit),
            };
            target.pair("limit", &count.to_string());
            target.maybe("start", window.map(|(first, _)| first.seconds()));
            target
        }
        // all of the last day: how many cannot be said
        Query::RecentTrades { symbol, limit } => {
            asking.limit(*limit, u32::MAX)?;
            let mut target = of(asking, "transactions", symbol)?;
            target.pair("time", "day");
            target
        }
        Query::Book { symbol, limit } => {
            asking.limit(*limit, u32::MAX)?;
            of(asking, "order_book", symbol)?
        }
        Query::BestQuote {
            symbol: Some(symbol),
        } => of(asking, "order_book", symbol)?,
        Query::Ticker {
            symbol: Some(symbol),
        } => of(asking, "ticker", symbol)?,
        Query::Ticker { symbol: None } => Target::new("/api/v2/ticker/"),
        other => return Err(RequestError::not_offered(&venue.id, other)),
    };
    Ok(target.get(1))
}

fn of(asking: Asking<'_>, what: &str, symbol: &VenueSymbol) -> Result<Target, RequestError> {
    let market = asking.segment(symbol)?;
    Ok(Target::new(format!("/api/v2/{what}/{market}/")))
}

/// A refusal for asking too often has a code in its body.
pub(super) fn stay_away(response: &Response) -> Option<Duration> {
    const CODE: &[u8] = b"400.002";
    let start = &response.body[..response.body.len().min(256)];
    if response.status >= 400 && start.windows(CODE.len()).any(|found| found == CODE) {
        return Some(http::retry_after(response).unwrap_or(Duration::from_mins(1)));
    }
    http::stay_away(response, Duration::from_mins(1))
}

fn channel_of(subscription: &Subscription) -> Option<String> {
    let prefix = match subscription.channel {
        Channel::Trades => "live_trades_",
        Channel::Book => "diff_order_book_",
        _ => return None,
    };
    Some(format!("{prefix}{}", subscription.venue_symbol))
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
            messages: socket
                .iter()
                .filter_map(|subscription| channel_of(subscription))
                .map(|channel| message("subscribe", &channel))
                .collect(),
            subscriptions: socket.iter().map(|&s| s.clone()).collect(),
            label: format!("market-{}", at + 1).into(),
            keep_alive: Some(KeepAlive {
                every: Duration::from_secs(30),
                message: json!({"event": "bts:heartbeat"}).to_string(),
            }),
            address: None,
        })
        .collect())
}

fn message(event: &str, channel: &str) -> String {
    json!({"event": format!("bts:{event}"), "data": {"channel": channel}}).to_string()
}

/// Takes one stream off the socket and puts it on again.
pub(super) fn resubscribe(subscription: &Subscription) -> Vec<String> {
    let Some(channel) = channel_of(subscription) else {
        return Vec::new();
    };
    ["unsubscribe", "subscribe"]
        .map(|event| message(event, &channel))
        .to_vec()
}
