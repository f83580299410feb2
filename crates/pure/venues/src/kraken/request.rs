//! Queries as requests, and streams as sockets.

use std::time::Duration;

use quantflow_wire::{
    Channel, HttpRequest, KeepAlive, Query, RequestError, Response, SubscribePlan, Subscription,
    VenueDescription,
};
use serde_json::{Value, json};

use super::description::{DEPTH, STREAMS_PER_CONNECTION, minutes};
use super::names;
use crate::asking::Asking;
use crate::http::{self, Target};

/// Candles in one answer, the newest of them.
pub(super) const CANDLES: u32 = 720;
/// Trades in one answer.
pub(super) const TRADES: u32 = 1_000;
/// Levels a side of a book.
pub(super) const LEVELS: u32 = 500;
/// Pairs in one message.
const PAIRS_PER_MESSAGE: usize = 100;

pub(super) fn page_limit(query: &Query) -> u32 {
    match query {
        Query::ServerTime
        | Query::Ticker { symbol: Some(_) }
        | Query::BestQuote { symbol: Some(_) } => 1,
        Query::Instruments => u32::MAX,
        Query::Candles { .. } => CANDLES,
        Query::RecentTrades { .. } | Query::Trades { .. } => TRADES,
        Query::Book { .. } => LEVELS,
        _ => 0,
    }
}

pub(super) fn request(
    venue: &VenueDescription,
    query: &Query,
) -> Result<HttpRequest, RequestError> {
    let asking = Asking(venue);
    let mut target = Target::new("/0/public/");
    let pair = |target: &mut Target, path, symbol| {
        target.path(path);
        target.pair("pair", &names::for_rest(symbol));
    };
    match query {
        Query::ServerTime => target.path("Time"),
        Query::Instruments => target.path("AssetPairs"),
        Query::Candles {
            symbol,
            timeframe,
            from,
            to,
            limit,
        } => {
            asking.timeframe(*timeframe)?;
            asking.limit(*limit, CANDLES)?;
            let window = asking.window(*timeframe, *from, *to, *limit)?;
            pair(&mut target, "OHLC", symbol);
            target.pair("interval", &minutes(*timeframe).to_string());
            // candles that opened after this second
            target.maybe(
                "since",
                window.map(|(first, _)| (first.seconds() - 1).max(0)),
            );
        }
        Query::RecentTrades { symbol, limit } => {
            pair(&mut target, "Trades", symbol);
            target.pair("count", &asking.limit(*limit, TRADES)?.to_string());
        }
        Query::Trades {
            symbol,
            from,
            to,
            limit,
        } => {
            let span = asking.span(*from, *to, 1)?;
            if span.from.is_none() && span.to.is_some() {
                return Err(asking.out_of_range(
                    "from",
                    &"nothing",
                    "a time: trades are given from a time on",
                ));
            }
            pair(&mut target, "Trades", symbol);
            // trades that happened after this nanosecond
            target.maybe("since", span.from.map(|from| (from - 1).max(0)));
            target.pair("count", &asking.limit(*limit, TRADES)?.to_string());
        }
        Query::Book { symbol, limit } => {
            pair(&mut target, "Depth", symbol);
            target.pair("count", &asking.limit(*limit, LEVELS)?.to_string());
        }
        Query::Ticker {
            symbol: Some(symbol),
        }
        | Query::BestQuote {
            symbol: Some(symbol),
        } => pair(&mut target, "Ticker", symbol),
        other => return Err(RequestError::not_offered(&venue.id, other)),
    }
    Ok(target.get(1))
}

/// A refusal for asking too often comes with status 200 and words.
pub(super) fn stay_away(response: &Response) -> Option<Duration> {
    const WORDS: [&[u8]; 3] = [
        b"EAPI:Rate limit exceeded",
        b"EGeneral:Too many requests",
        b"EService:Throttled",
    ];
    let start = &response.body[..response.body.len().min(256)];
    let says = |words: &&[u8]| start.windows(words.len()).any(|found| found == *words);
    if WORDS.iter().any(says) {
        return Some(http::retry_after(response).unwrap_or(Duration::from_secs(5)));
    }
    http::stay_away(response, Duration::from_secs(5))
}

/// What a stream is subscribed with, without its pair. Quotes are the ticker's, which speaks whenever
/// they change.
fn parameters(channel: Channel) -> Option<Value> {
    Some(match channel {
        Channel::Trades => json!({"channel": "trade", "snapshot": true}),
        Channel::Book => json!({"channel": "book", "depth": DEPTH, "snapshot": true}),
        Channel::Ticker | Channel::Quotes => json!({"channel": "ticker", "event_trigger": "bbo"}),
        Channel::Candles(timeframe) => {
            json!({"channel": "ohlc", "interval": minutes(timeframe), "snapshot": true})
        }
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
            target: "/v2".into(),
            messages: messages(socket),
            subscriptions: socket.iter().map(|&s| s.clone()).collect(),
            label: format!("market-{}", at + 1).into(),
            keep_alive: Some(KeepAlive {
                every: Duration::from_secs(30),
                message: json!({"method": "ping"}).to_string(),
            }),
            address: None,
        })
        .collect())
}

/// For each channel its pairs, in as few messages as may be.
fn messages(socket: &[&Subscription]) -> Vec<String> {
    let mut channels: Vec<(Value, Vec<&str>)> = Vec::new();
    for subscription in socket {
        let Some(parameters) = parameters(subscription.channel) else {
            continue;
        };
        let pair = subscription.venue_symbol.as_str();
        match channels.iter_mut().find(|(known, _)| *known == parameters) {
            Some((_, pairs)) if pairs.contains(&pair) => {}
            Some((_, pairs)) => pairs.push(pair),
            None => channels.push((parameters, vec![pair])),
        }
    }
    let parts = channels.iter().flat_map(|(parameters, pairs)| {
        let parts = pairs.chunks(PAIRS_PER_MESSAGE);
        parts.map(move |pairs| (parameters, pairs))
    });
    parts
        .enumerate()
        .map(|(at, (parameters, pairs))| message("subscribe", parameters, pairs, Some(at + 1)))
        .collect()
}

fn message(method: &str, parameters: &Value, pairs: &[&str], id: Option<usize>) -> String {
    let mut parameters = parameters.clone();
    parameters["symbol"] = json!(pairs);
    let mut message = json!({"method": method, "params": parameters});
    if let Some(id) = id {
        message["req_id"] = json!(id);
    }
    message.to_string()
}

/// Takes one stream off the socket and puts it on again: a book begins with a snapshot then.
pub(super) fn resubscribe(subscription: &Subscription) -> Vec<String> {
    let Some(parameters) = parameters(subscription.channel) else {
        return Vec::new();
    };
    let pair = [subscription.venue_symbol.as_str()];
    let mut off = parameters.clone();
    if let Value::Object(off) = &mut off {
        off.remove("snapshot");
    }
    vec![
        message("unsubscribe", &off, &pair, None),
        message("subscribe", &parameters, &pair, None),
    ]
}
