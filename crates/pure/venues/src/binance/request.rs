//! Queries as requests, and streams as sockets.

use quantflow_model::{Timeframe, Timestamp, VenueSymbol};
use quantflow_wire::{HttpMethod, HttpRequest, Query, RequestError, SubscribePlan, Subscription};

use super::description::{STREAMS_PER_CONNECTION, TIMEFRAMES};
use super::encode::stream_name;
use super::{BinanceSpot, TimeUnit};
use crate::http;

/// What carries a key. Hosts differ in whether they give single trades by id without one.
const KEY_HEADER: &str = "X-MBX-APIKEY";
/// Rows of an answer about trades and candles.
const ROWS: u32 = 1_000;
/// Levels of a book.
const LEVELS: u32 = 5_000;
/// Longer URLs are refused by some proxies; the rest is asked for by messages.
const LONGEST_TARGET: usize = 1_900;
/// Streams in one SUBSCRIBE message.
const STREAMS_PER_MESSAGE: usize = 100;

/// What a query counts against the limit of weights, as documented since 2023-08-25 (aggregate
/// trades 4 since 2025-08).
pub fn weight(query: &Query) -> u32 {
    match query {
        Query::ServerTime => 1,
        Query::Instruments => 20,
        Query::RecentTrades { .. } | Query::TradesFromId { .. } => 25,
        Query::Book { limit, .. } => match limit {
            ..=100 => 5,
            101..=500 => 25,
            501..=1_000 => 50,
            _ => 250,
        },
        Query::Ticker { symbol: None } => 80,
        Query::AggregateTrades { .. }
        | Query::AggregateTradesFromId { .. }
        | Query::BestQuote { symbol: None } => 4,
        // the others are not asked of this venue
        _ => 2,
    }
}

/// `u32::MAX` where the venue sets no limit.
pub(super) fn page_limit(query: &Query) -> u32 {
    match query {
        Query::ServerTime => 1,
        Query::Book { .. } => LEVELS,
        Query::Candles { .. }
        | Query::RecentTrades { .. }
        | Query::TradesFromId { .. }
        | Query::AggregateTrades { .. }
        | Query::AggregateTradesFromId { .. } => ROWS,
        Query::Instruments => u32::MAX,
        Query::Ticker { symbol } | Query::BestQuote { symbol } => match symbol {
            Some(_) => 1,
            None => u32::MAX,
        },
        _ => 0,
    }
}

pub(super) fn request(codec: &BinanceSpot, query: &Query) -> Result<HttpRequest, RequestError> {
    let mut target = Target::new(codec);
    match query {
        Query::ServerTime => target.path("time"),
        Query::Instruments => {
            target.path("exchangeInfo");
            // a few hundred names a symbol that nobody here reads: 9 in 10 of the bytes
            target.pair("showPermissionSets", "false");
        }
        Query::Candles {
            symbol,
            timeframe,
            from,
            to,
            limit,
        } => {
            if !TIMEFRAMES.contains(timeframe) {
                return Err(target.not_offered(format!("candles of {timeframe}")));
            }
            target.path("klines");
            target.symbol(symbol);
            target.pair("interval", timeframe.name());
            target.range(*from, *to)?;
            target.limit(*limit, ROWS)?;
        }
        Query::RecentTrades { symbol, limit } => {
            target.path("trades");
            target.symbol(symbol);
            target.limit(*limit, ROWS)?;
        }
        Query::TradesFromId {
            symbol,
            from,
            limit,
        } => {
            target.path("historicalTrades");
            target.symbol(symbol);
            target.pair("fromId", &from.to_string());
            target.limit(*limit, ROWS)?;
        }
        Query::AggregateTrades {
            symbol,
            from,
            to,
            limit,
        } => {
            target.path("aggTrades");
            target.symbol(symbol);
            target.range(Some(*from), Some(*to))?;
            target.limit(*limit, ROWS)?;
        }
        Query::AggregateTradesFromId {
            symbol,
            from,
            limit,
        } => {
            target.path("aggTrades");
            target.symbol(symbol);
            target.pair("fromId", &from.to_string());
            target.limit(*limit, ROWS)?;
        }
        Query::Book { symbol, limit } => {
            target.path("depth");
            target.symbol(symbol);
            target.limit(*limit, LEVELS)?;
        }
        Query::Ticker { symbol } => {
            target.path("ticker/24hr");
            if let Some(symbol) = symbol {
                target.symbol(symbol);
            }
        }
        Query::BestQuote { symbol } => {
            target.path("ticker/bookTicker");
            if let Some(symbol) = symbol {
                target.symbol(symbol);
            }
        }
        other => return Err(target.not_offered(other.name().into())),
    }
    let headers = match codec.unit {
        TimeUnit::Milliseconds => Vec::new(),
        TimeUnit::Microseconds => vec![("X-MBX-TIME-UNIT".into(), "MICROSECOND".into())],
    };
    Ok(HttpRequest {
        method: HttpMethod::Get,
        target: target.text.into_text(),
        headers,
        body: Vec::new(),
        weight: weight(query),
        key_header: matches!(query, Query::TradesFromId { .. }).then_some(KEY_HEADER),
    })
}

/// Path and query string of a request.
struct Target<'a> {
    codec: &'a BinanceSpot,
    text: http::Target,
}

impl<'a> Target<'a> {
    fn new(codec: &'a BinanceSpot) -> Self {
        Self {
            codec,
            text: http::Target::new("/api/v3/"),
        }
    }

    fn path(&mut self, path: &str) {
        self.text.path(path);
    }

    fn pair(&mut self, key: &str, value: &str) {
        self.text.pair(key, value);
    }

    fn symbol(&mut self, symbol: &VenueSymbol) {
        self.pair("symbol", symbol.as_str());
    }

    /// `[from, to)` as the venue's inclusive bounds: the first tick of its clock at or after `from`,
    /// and the last one before `to`.
    fn range(
        &mut self,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Result<(), RequestError> {
        let unit = self.codec.unit;
        let up = |time: Timestamp| unit.of(time.plus_nanos(unit.nanos() - 1));
        if let (Some(from), Some(to)) = (from, to)
            && up(from) >= up(to)
        {
            return Err(self.out_of_range("the span", format!("{from} to {to}"), "from before to"));
        }
        if let Some(before) = from.into_iter().chain(to).find(|t| t.nanos() < 0) {
            return Err(self.out_of_range("a time", before.to_string(), "1970 and later"));
        }
        if let Some(from) = from {
            self.pair("startTime", &up(from).to_string());
        }
        if let Some(to) = to {
            self.pair("endTime", &(up(to) - 1).to_string());
        }
        Ok(())
    }

    fn limit(&mut self, limit: u32, most: u32) -> Result<(), RequestError> {
        if !(1..=most).contains(&limit) {
            return Err(self.out_of_range("limit", limit.to_string(), &format!("1 to {most}")));
        }
        self.pair("limit", &limit.to_string());
        Ok(())
    }

    fn not_offered(&self, what: String) -> RequestError {
        RequestError::NotOffered {
            venue: self.codec.description.id.clone(),
            what,
        }
    }

    fn out_of_range(&self, what: &'static str, given: String, allowed: &str) -> RequestError {
        RequestError::OutOfRange {
            venue: self.codec.description.id.clone(),
            what,
            given,
            allowed: allowed.to_owned(),
        }
    }
}

impl TimeUnit {
    const fn nanos(self) -> i64 {
        match self {
            Self::Milliseconds => 1_000_000,
            Self::Microseconds => 1_000,
        }
    }
}

/// The streams, in the order asked for and each once, in as few sockets as the venue allows.
pub(super) fn subscribe(
    codec: &BinanceSpot,
    wanted: &[Subscription],
) -> Result<Vec<SubscribePlan>, RequestError> {
    let mut seen = std::collections::HashSet::new();
    let mut streams = Vec::with_capacity(wanted.len());
    for subscription in wanted {
        if !codec.description.channels.contains(&subscription.channel) {
            return Err(RequestError::NotOffered {
                venue: codec.description.id.clone(),
                what: format!("a stream of {}", subscription.channel),
            });
        }
        let name = stream_name(&subscription.venue_symbol, subscription.channel);
        if seen.insert(name.clone()) {
            streams.push((name, subscription));
        }
    }
    let sockets = streams.chunks(STREAMS_PER_CONNECTION);
    Ok(sockets
        .enumerate()
        .map(|(at, socket)| plan(codec, at + 1, socket))
        .collect())
}

fn plan(codec: &BinanceSpot, number: usize, socket: &[(String, &Subscription)]) -> SubscribePlan {
    let mut target = String::from("/stream?streams=");
    let mut in_target = 0;
    for (name, _) in socket {
        let before = target.len();
        if in_target > 0 {
            target.push('/');
        }
        for (at, part) in name.split('@').enumerate() {
            if at > 0 {
                target.push('@');
            }
            http::escape(&mut target, part);
        }
        if target.len() > LONGEST_TARGET {
            target.truncate(before);
            break;
        }
        in_target += 1;
    }
    if codec.unit == TimeUnit::Microseconds {
        target.push_str("&timeUnit=MICROSECOND");
    }
    let messages = socket[in_target..]
        .chunks(STREAMS_PER_MESSAGE)
        .enumerate()
        .map(|(at, part)| {
            let names: Vec<_> = part.iter().map(|(name, _)| name).collect();
            serde_json::json!({"method": "SUBSCRIBE", "params": names, "id": at + 1}).to_string()
        })
        .collect();
    SubscribePlan {
        target,
        messages,
        subscriptions: socket.iter().map(|(_, s)| (*s).clone()).collect(),
        label: format!("market-{number}").into(),
        keep_alive: None,
        address: None,
    }
}

/// The timeframe by its name, if the venue has candles of it.
pub(super) fn timeframe(name: &str) -> Option<Timeframe> {
    name.parse().ok().filter(|t| TIMEFRAMES.contains(t))
}
