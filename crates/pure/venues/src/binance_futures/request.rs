//! Queries as requests, and streams as sockets.

use std::time::Duration;

use quantflow_model::{Timeframe, VenueSymbol};
use quantflow_wire::{Channel, HttpRequest, Query, RequestError, SubscribePlan, Subscription};

use super::description::TIMEFRAMES;
use super::{BinanceFutures, Market};
use crate::ask::{Asking, Tick, check_limit, offered};
use crate::binance::names::suffix;
use crate::http;

/// What carries a key: single trades by id are given to holders of one only.
const KEY_HEADER: &str = "X-MBX-APIKEY";
/// Rows of an answer about trades and funding rates.
const ROWS: u32 = 1_000;
/// Rows of an answer about candles.
const CANDLES: u32 = 1_500;
/// Depths of a book that may be asked for, with what each weighs.
const DEPTHS: [(u32, u32); 7] = [
    (5, 2),
    (10, 2),
    (20, 2),
    (50, 2),
    (100, 5),
    (500, 10),
    (1_000, 20),
];
/// The longest span of an answer about candles of coin-margined contracts.
const LONGEST_CANDLES: Duration = Duration::from_hours(200 * 24);
/// The longest span of an answer about aggregate trades.
const LONGEST_TRADES: Duration = Duration::from_hours(1);
/// The names of a span's bounds.
const TIMES: [&str; 2] = ["startTime", "endTime"];
/// Longer URLs are refused by some proxies; the rest is asked for by messages.
const LONGEST_TARGET: usize = 1_900;
/// Streams in one SUBSCRIBE message.
const STREAMS_PER_MESSAGE: usize = 100;

/// `u32::MAX` where the venue sets no limit.
pub(super) fn page_limit(market: Market, query: &Query) -> u32 {
    match query {
        Query::ServerTime | Query::OpenInterest { .. } => 1,
        Query::Book { .. }
        | Query::RecentTrades { .. }
        | Query::TradesFromId { .. }
        | Query::AggregateTrades { .. }
        | Query::AggregateTradesFromId { .. }
        | Query::FundingRates { .. } => ROWS,
        Query::Candles { timeframe, .. } => candles(market, *timeframe),
        Query::Instruments => u32::MAX,
        Query::Ticker { symbol } | Query::BestQuote { symbol } | Query::Contract { symbol } => {
            match symbol {
                Some(_) => 1,
                None => u32::MAX,
            }
        }
        _ => 0,
    }
}

/// Coin-margined: so many that their span is never too long.
fn candles(market: Market, timeframe: Timeframe) -> u32 {
    let fitting = LONGEST_CANDLES.as_nanos() / timeframe.approximate_nanos().max(1) as u128;
    match (market, u32::try_from(fitting)) {
        (Market::Coin, Ok(fitting)) => fitting.min(CANDLES),
        _ => CANDLES,
    }
}

/// What candles weigh goes by how many are asked for.
const fn weight_of_candles(limit: u32) -> u32 {
    match limit {
        ..100 => 1,
        100..500 => 2,
        500..=1_000 => 5,
        _ => 10,
    }
}

pub(super) fn request(codec: &BinanceFutures, query: &Query) -> Result<HttpRequest, RequestError> {
    let market = codec.market;
    let mut ask = Asking::new(&codec.description.id, market.root());
    let symbol_of = |ask: &mut Asking<'_>, symbol: &VenueSymbol| {
        ask.pair("symbol", symbol.as_str());
    };
    let weight = match query {
        Query::ServerTime => {
            ask.path("time");
            1
        }
        Query::Instruments => {
            ask.path("exchangeInfo");
            1
        }
        Query::Candles {
            symbol,
            timeframe,
            from,
            to,
            limit,
        } => {
            if !TIMEFRAMES.contains(timeframe) {
                return Err(ask.not_offered(format!("candles of {timeframe}")));
            }
            ask.path("klines");
            symbol_of(&mut ask, symbol);
            ask.pair("interval", timeframe.name());
            let span = ask.inclusive(TIMES, Tick::MILLISECOND, *from, *to)?;
            if market == Market::Coin {
                check_span(&ask, span, LONGEST_CANDLES)?;
            }
            ask.limit("limit", *limit, candles(market, *timeframe))?;
            weight_of_candles(*limit)
        }
        Query::RecentTrades { symbol, limit } => {
            ask.path("trades");
            symbol_of(&mut ask, symbol);
            ask.limit("limit", *limit, ROWS)?;
            5
        }
        Query::TradesFromId {
            symbol,
            from,
            limit,
        } => {
            ask.path("historicalTrades");
            symbol_of(&mut ask, symbol);
            ask.number("fromId", from);
            ask.limit("limit", *limit, ROWS)?;
            20
        }
        Query::AggregateTrades {
            symbol,
            from,
            to,
            limit,
        } => {
            ask.path("aggTrades");
            symbol_of(&mut ask, symbol);
            let span = ask.inclusive(TIMES, Tick::MILLISECOND, Some(*from), Some(*to))?;
            check_span(&ask, span, LONGEST_TRADES)?;
            ask.limit("limit", *limit, ROWS)?;
            20
        }
        Query::AggregateTradesFromId {
            symbol,
            from,
            limit,
        } => {
            ask.path("aggTrades");
            symbol_of(&mut ask, symbol);
            ask.number("fromId", from);
            ask.limit("limit", *limit, ROWS)?;
            20
        }
        Query::Book { symbol, limit } => {
            check_limit(&codec.description.id, *limit, ROWS)?;
            let fitting = DEPTHS.iter().find(|(depth, _)| depth >= limit);
            let (depth, weight) = fitting.copied().unwrap_or((ROWS, 20));
            ask.path("depth");
            symbol_of(&mut ask, symbol);
            ask.number("limit", depth);
            weight
        }
        Query::Ticker { symbol } => {
            ask.path("ticker/24hr");
            one_or_all(&mut ask, symbol.as_ref(), 1, 40)
        }
        Query::BestQuote { symbol } => {
            ask.path("ticker/bookTicker");
            one_or_all(&mut ask, symbol.as_ref(), 2, 5)
        }
        Query::Contract { symbol } => {
            ask.path("premiumIndex");
            let one = if market == Market::Usd { 1 } else { 10 };
            one_or_all(&mut ask, symbol.as_ref(), one, 10)
        }
        Query::FundingRates {
            symbol,
            from,
            to,
            limit,
        } => {
            ask.path("fundingRate");
            symbol_of(&mut ask, symbol);
            ask.inclusive(TIMES, Tick::MILLISECOND, *from, *to)?;
            ask.limit("limit", *limit, ROWS)?;
            1
        }
        Query::OpenInterest { symbol } => {
            ask.path("openInterest");
            symbol_of(&mut ask, symbol);
            1
        }
        other => return Err(ask.not_offered(other.name())),
    };
    let key = matches!(query, Query::TradesFromId { .. });
    Ok(HttpRequest {
        key_header: key.then_some(KEY_HEADER),
        ..ask.get(weight)
    })
}

fn one_or_all(ask: &mut Asking<'_>, symbol: Option<&VenueSymbol>, one: u32, all: u32) -> u32 {
    match symbol {
        Some(symbol) => {
            ask.pair("symbol", symbol.as_str());
            one
        }
        None => all,
    }
}

fn check_span(
    ask: &Asking<'_>,
    span: crate::ask::Ticks,
    longest: Duration,
) -> Result<(), RequestError> {
    if let (Some(first), Some(last)) = span
        && u128::try_from(last - first).is_ok_and(|span| span >= longest.as_millis())
    {
        let hours = longest.as_secs() / 3_600;
        return Err(ask.out_of_range(
            "the span in milliseconds",
            last - first + 1,
            format!("{hours} hours at the most"),
        ));
    }
    Ok(())
}

/// Where a stream is to be had: since 2026-04-23 the USD-margined market keeps busy streams apart.
const fn place(market: Market, channel: Channel) -> (&'static str, &'static str) {
    match (market, channel) {
        (Market::Coin, _) => ("/stream?streams=", "market"),
        (Market::Usd, Channel::Trades | Channel::Quotes | Channel::Book) => {
            ("/public/stream?streams=", "public")
        }
        (Market::Usd, _) => ("/market/stream?streams=", "market"),
    }
}

/// The streams, in the order asked for and each once, in as few sockets as the venue allows.
pub(super) fn subscribe(
    codec: &BinanceFutures,
    wanted: &[Subscription],
) -> Result<Vec<SubscribePlan>, RequestError> {
    let wanted = offered(&codec.description, wanted)?;
    let mut places: Vec<((&str, &str), Vec<&Subscription>)> = Vec::new();
    for subscription in wanted {
        let place = place(codec.market, subscription.channel);
        match places.iter_mut().find(|(known, _)| *known == place) {
            Some((_, streams)) => streams.push(subscription),
            None => places.push((place, vec![subscription])),
        }
    }
    let most = codec.description.streams_per_connection;
    let mut plans = Vec::new();
    for ((target, name), streams) in places {
        for (at, socket) in streams.chunks(most).enumerate() {
            plans.push(plan(target, format!("{name}-{}", at + 1), socket));
        }
    }
    Ok(plans)
}

fn stream_name(subscription: &Subscription) -> String {
    let symbol = subscription.venue_symbol.as_str().to_lowercase();
    format!("{symbol}@{}", suffix(subscription.channel))
}

fn plan(target: &str, label: String, socket: &[&Subscription]) -> SubscribePlan {
    let mut target = target.to_owned();
    let mut in_target = 0;
    for subscription in socket {
        let before = target.len();
        if in_target > 0 {
            target.push('/');
        }
        http::escape(
            &mut target,
            &subscription.venue_symbol.as_str().to_lowercase(),
        );
        target.push('@');
        for (at, part) in suffix(subscription.channel).split('@').enumerate() {
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
    let messages = socket[in_target..]
        .chunks(STREAMS_PER_MESSAGE)
        .enumerate()
        .map(|(at, part)| {
            let names: Vec<_> = part.iter().map(|s| stream_name(s)).collect();
            serde_json::json!({"method": "SUBSCRIBE", "params": names, "id": at + 1}).to_string()
        })
        .collect();
    SubscribePlan {
        target,
        messages,
        subscriptions: socket.iter().map(|s| (*s).clone()).collect(),
        label: label.into(),
        keep_alive: None,
        address: None,
    }
}
