//! Answers of the REST API.

use std::time::Duration;

use quantflow_model::{Timestamp, VenueId, VenueSymbol};
use quantflow_wire::{DecodeError, Event, EventKind, Notice, Query};

use super::{instruments, rows};
use crate::http;
use crate::json::value::{decimal, millis};
use crate::json::{Fields, Json};
use crate::said::{self, about, asked, notice, of_all, sent_about, unknown, within};

/// What an answer says.
pub(super) struct Answer {
    pub(super) events: Vec<Event>,
    pub(super) unnamed_instruments: u64,
}

/// The names in `stats`, which has no sizes.
const STATS: rows::TickerNames = rows::TickerNames {
    last: "last",
    open: "open",
    bid_size: "bestBidSize",
    ask_size: "bestAskSize",
};

pub(super) fn decode(venue: &VenueId, query: &Query, body: &[u8]) -> Result<Answer, DecodeError> {
    let tree = Json::parse(body)?;
    let data = data(&tree)?;
    let mut unnamed_instruments = 0;
    let events = match query {
        Query::Instruments => {
            let items = data.items().ok_or_else(|| bad("symbols", data))?;
            let (list, unnamed) = instruments::decode(venue, items)?;
            unnamed_instruments = unnamed;
            vec![of_all(EventKind::Instruments(list))]
        }
        Query::ServerTime => {
            let time = millis(data).ok_or_else(|| bad("timestamp", data))?;
            vec![of_all(EventKind::ServerTime(time))]
        }
        Query::SocketAddress => vec![notice(address(data)?)],
        Query::Ticker { symbol: None } | Query::BestQuote { symbol: None } => {
            all_tickers(query, data)?
        }
        _ => about_one(query, asked(query)?, data)?,
    };
    Ok(Answer {
        events,
        unnamed_instruments,
    })
}

fn bad(message: &'static str, found: &Json<'_>) -> DecodeError {
    DecodeError::BadField {
        message,
        field: "data",
        found: found.shown(),
    }
}

/// `{"code":"200000","data":…}`; another code is an error.
fn data<'t, 'a>(tree: &'t Json<'a>) -> Result<&'t Json<'a>, DecodeError> {
    if tree.entry("code").is_none() || tree.entry("success").is_some() {
        return Err(unknown("an answer of the API of 2018"));
    }
    let f = Fields::new("answer", tree)?;
    let code: i64 = f.read("code", |found| found.text()?.parse().ok())?;
    if code != 200_000 {
        let message = f.text("msg")?.to_owned();
        return Err(DecodeError::Venue { code, message });
    }
    f.get("data")
}

fn about_one(
    query: &Query,
    symbol: &VenueSymbol,
    data: &Json<'_>,
) -> Result<Vec<Event>, DecodeError> {
    let rows = |read: &dyn Fn(&Json<'_>) -> Result<Option<EventKind>, DecodeError>| {
        let items = data.items().ok_or_else(|| bad("rows", data))?;
        let kinds: Result<Vec<_>, DecodeError> = items.iter().map(read).collect();
        Ok::<Vec<EventKind>, DecodeError>(kinds?.into_iter().flatten().collect())
    };
    let kinds = match query {
        Query::Candles {
            timeframe,
            from,
            to,
            limit,
            ..
        } => {
            // the newest first, and always as many as fit
            let mut kinds = rows(&|row| {
                let candle = rows::candle(row, *timeframe)?;
                let wanted = within(candle.open_time, *from, *to);
                Ok(wanted.then_some(EventKind::Candle(Box::new(candle))))
            })?;
            if from.is_none() {
                kinds.truncate(*limit as usize);
            }
            kinds.reverse();
            kinds
        }
        Query::RecentTrades { limit, .. } => {
            let items = data.items().ok_or_else(|| bad("histories", data))?;
            let trades = items
                .iter()
                .map(|row| rows::trade(&Fields::new("histories", row)?));
            let mut trades: Vec<_> = trades.collect::<Result<_, DecodeError>>()?;
            trades.sort_by_key(|trade| trade.id);
            let surplus = trades.len().saturating_sub(*limit as usize);
            trades.into_iter().skip(surplus).map(said::trade).collect()
        }
        Query::Book { .. } => {
            let book = rows::snapshot(&Fields::new("orderbook", data)?)?;
            vec![EventKind::BookSnapshot(book)]
        }
        Query::Ticker { .. } => {
            let f = Fields::new("stats", data)?;
            if f.symbol("symbol")? != *symbol {
                return Err(f.bad("symbol", f.get("symbol")?));
            }
            let time: Timestamp = f.read("time", millis)?;
            let ticker = rows::ticker(&f, STATS, Some(time))?;
            let kind = ticker.map(|ticker| EventKind::Ticker(Box::new(ticker)));
            let events = kind.map(|kind| sent_about(symbol, Some(time), kind));
            return Ok(events.into_iter().collect());
        }
        Query::BestQuote { .. } => {
            let quote = rows::quote(&Fields::new("level1", data)?)?;
            quote.map(EventKind::Quote).into_iter().collect()
        }
        other => return Err(DecodeError::unasked(other)),
    };
    Ok(kinds.into_iter().map(|kind| about(symbol, kind)).collect())
}

/// `{"time":…,"ticker":[…]}`
fn all_tickers(query: &Query, data: &Json<'_>) -> Result<Vec<Event>, DecodeError> {
    let f = Fields::new("allTickers", data)?;
    let time: Timestamp = f.read("time", millis)?;
    let mut events = Vec::new();
    for item in f.list("ticker")? {
        let f = Fields::new("allTickers", item)?;
        let symbol = f.symbol("symbol")?;
        let Some(ticker) = rows::ticker(&f, STATS, Some(time))? else {
            continue;
        };
        let kind = match query {
            Query::BestQuote { .. } => ticker.quote.map(EventKind::Quote),
            _ => Some(EventKind::Ticker(Box::new(ticker))),
        };
        events.extend(kind.map(|kind| sent_about(&symbol, Some(time), kind)));
    }
    Ok(events)
}

/// The first server that speaks WebSocket, with the token.
fn address(data: &Json<'_>) -> Result<Notice, DecodeError> {
    let f = Fields::new("bullet-public", data)?;
    let token = f.text("token")?;
    for server in f.list("instanceServers")? {
        let server = Fields::new("instanceServers", server)?;
        if server.text("protocol")? != "websocket" {
            continue;
        }
        let endpoint = server.text("endpoint")?;
        if !endpoint.starts_with("wss://") && !endpoint.starts_with("ws://") {
            return Err(server.bad("endpoint", server.get("endpoint")?));
        }
        let mut url = format!("{endpoint}?token=");
        http::escape(&mut url, token);
        let ping = server.optional("pingInterval", |found| {
            let whole = decimal(found)?.at_scale(0)?;
            u64::try_from(whole).ok()
        })?;
        return Ok(Notice::SocketAddress {
            url,
            ping: ping.filter(|ms| *ms > 0).map(Duration::from_millis),
        });
    }
    Err(f.bad("instanceServers", f.get("instanceServers")?))
}
