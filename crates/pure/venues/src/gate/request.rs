//! Queries as requests, and streams as sockets.

use std::time::Duration;

use quantflow_model::{Timeframe, Timestamp, VenueSymbol};
use quantflow_wire::{
    Channel, HttpRequest, KeepAlive, Query, RequestError, SubscribePlan, Subscription,
};

use super::description::TIMEFRAMES;
use super::{Gate, Market};
use crate::ask::{Asking, Tick, check_limit, offered, ticks};

/// Rows of an answer about trades, candles and funding rates.
const ROWS: u32 = 1_000;
/// Levels of a book: as many as its stream keeps.
const LEVELS: u32 = 100;
/// Symbols in one message that subscribes.
const SYMBOLS_PER_MESSAGE: usize = 50;

/// `u32::MAX` where the venue sets no limit.
pub(super) fn page_limit(market: Market, query: &Query) -> u32 {
    match query {
        Query::ServerTime => 1,
        Query::Book { .. } => LEVELS,
        Query::Candles { .. } | Query::RecentTrades { .. } | Query::Trades { .. } => ROWS,
        Query::FundingRates { .. } if market == Market::Futures => ROWS,
        Query::Instruments => u32::MAX,
        Query::Contract { symbol } if market == Market::Futures => one_or_all(symbol.as_ref()),
        Query::Ticker { symbol } | Query::BestQuote { symbol } => one_or_all(symbol.as_ref()),
        _ => 0,
    }
}

const fn one_or_all(symbol: Option<&VenueSymbol>) -> u32 {
    match symbol {
        Some(_) => 1,
        None => u32::MAX,
    }
}

pub(super) fn request(codec: &Gate, query: &Query) -> Result<HttpRequest, RequestError> {
    let market = codec.market;
    let key = market.symbol_key();
    let venue = &codec.description.id;
    let mut ask = Asking::new(venue, market.root());
    match query {
        Query::ServerTime => ask = Asking::new(venue, "/api/v4/spot/time"),
        Query::Instruments => ask.path(match market {
            Market::Spot => "currency_pairs",
            Market::Futures => "contracts",
        }),
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
            check_limit(venue, *limit, ROWS)?;
            ask.path("candlesticks");
            ask.pair(key, symbol.as_str());
            ask.pair("interval", timeframe.name());
            let span = ticks(venue, Tick::SECOND, *from, *to)?;
            candles(&mut ask, *timeframe, span, *limit);
        }
        Query::RecentTrades { symbol, limit } => {
            ask.path("trades");
            ask.pair(key, symbol.as_str());
            ask.limit("limit", *limit, ROWS)?;
        }
        Query::Trades {
            symbol,
            from,
            to,
            limit,
        } => {
            ask.path("trades");
            ask.pair(key, symbol.as_str());
            // whole seconds only: those in which a part of the span lies
            let begins = from.map(|from| Timestamp::from_seconds(from.seconds()));
            ask.inclusive(["from", "to"], Tick::SECOND, begins, *to)?;
            ask.limit("limit", *limit, ROWS)?;
        }
        Query::Book { symbol, limit } => {
            ask.path("order_book");
            ask.pair(key, symbol.as_str());
            ask.limit("limit", *limit, LEVELS)?;
            ask.pair("with_id", "true");
        }
        Query::Ticker { symbol } | Query::BestQuote { symbol } => {
            ask.path("tickers");
            if let Some(symbol) = symbol {
                ask.pair(key, symbol.as_str());
            }
        }
        Query::Contract { symbol } if market == Market::Futures => {
            ask.path("contracts");
            if let Some(symbol) = symbol {
                ask.path("/");
                ask.segment(symbol.as_str())?;
            }
        }
        Query::FundingRates {
            symbol,
            from,
            to,
            limit,
        } if market == Market::Futures => {
            ask.path("funding_rate");
            ask.pair(key, symbol.as_str());
            ask.inclusive(["from", "to"], Tick::SECOND, *from, *to)?;
            ask.limit("limit", *limit, ROWS)?;
        }
        other => return Err(ask.not_offered(other.name())),
    }
    Ok(ask.get(1))
}

/// The venue takes either bounds or a number of rows: where there are bounds, the span is cut to so many
/// rows.
fn candles(ask: &mut Asking<'_>, timeframe: Timeframe, span: crate::ask::Ticks, limit: u32) {
    let second = Tick::SECOND.0;
    let step = timeframe.approximate_nanos() / second;
    let reach = step.saturating_mul(i64::from(limit) - 1);
    match span {
        (None, None) => ask.number("limit", limit),
        (Some(first), last) => {
            let begin = timeframe.open_of(Timestamp::from_seconds(first)).seconds();
            let begin = if begin < first { begin + step } else { begin };
            let end = begin.saturating_add(reach);
            ask.number("from", first);
            ask.number("to", last.map_or(end, |last| last.min(end)));
        }
        (None, Some(last)) => {
            let newest = timeframe.open_of(Timestamp::from_seconds(last)).seconds();
            ask.number("from", newest.saturating_sub(reach).max(0));
            ask.number("to", last);
        }
    }
}

/// A channel in the venue's words, and what stands in its payload beside the symbol: before it, behind
/// it.
fn words(channel: Channel) -> (&'static str, Option<&'static str>, &'static [&'static str]) {
    match channel {
        Channel::Trades | Channel::AggregateTrades => ("trades", None, &[]),
        Channel::Quotes => ("book_ticker", None, &[]),
        Channel::Book => ("order_book_update", None, &["100ms"]),
        Channel::Candles(timeframe) => ("candlesticks", Some(timeframe.name()), &[]),
        Channel::Ticker | Channel::Contract => ("tickers", None, &[]),
        Channel::Liquidations => ("public_liquidates", None, &[]),
    }
}

pub(super) fn subscribe(
    codec: &Gate,
    wanted: &[Subscription],
) -> Result<Vec<SubscribePlan>, RequestError> {
    let streams = offered(&codec.description, wanted)?;
    let sockets = streams.chunks(codec.description.streams_per_connection);
    Ok(sockets
        .enumerate()
        .map(|(at, socket)| plan(codec.market, at + 1, socket))
        .collect())
}

fn plan(market: Market, number: usize, socket: &[&Subscription]) -> SubscribePlan {
    let target = match market {
        Market::Spot => "/ws/v4/",
        Market::Futures => "/v4/ws/usdt",
    };
    SubscribePlan {
        target: target.into(),
        messages: messages(market, socket),
        subscriptions: socket.iter().map(|s| (*s).clone()).collect(),
        label: format!("market-{number}").into(),
        keep_alive: Some(KeepAlive {
            every: Duration::from_secs(15),
            message: format!(r#"{{"channel":"{}ping"}}"#, market.prefix()),
        }),
        address: None,
    }
}

/// Channels whose payload is nothing but symbols take several in one message. The ticker tells a
/// contract's state too, and is asked for once.
fn messages(market: Market, socket: &[&Subscription]) -> Vec<String> {
    let mut plain: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut single = Vec::new();
    for subscription in socket {
        let (channel, before, behind) = words(subscription.channel);
        let symbol = subscription.venue_symbol.as_str();
        if before.is_some() || !behind.is_empty() {
            let mut payload: Vec<&str> = before.into_iter().collect();
            payload.push(symbol);
            payload.extend(behind);
            if market == Market::Futures && !behind.is_empty() {
                payload.push("100");
            }
            single.push(message(market, channel, &payload));
            continue;
        }
        match plain.iter_mut().find(|(known, _)| *known == channel) {
            Some((_, symbols)) if symbols.contains(&symbol) => {}
            Some((_, symbols)) => symbols.push(symbol),
            None => plain.push((channel, vec![symbol])),
        }
    }
    let plain = plain.iter().flat_map(|(channel, symbols)| {
        let parts = symbols.chunks(SYMBOLS_PER_MESSAGE);
        parts.map(|part| message(market, channel, part))
    });
    plain.chain(single).collect()
}

fn message(market: Market, channel: &str, payload: &[&str]) -> String {
    let channel = format!("{}{channel}", market.prefix());
    serde_json::json!({"channel": channel, "event": "subscribe", "payload": payload}).to_string()
}
