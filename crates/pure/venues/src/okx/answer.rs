//! Answers of the REST API.

use quantflow_model::{Timestamp, VenueId};
use quantflow_wire::{DecodeError, Event, EventKind, Query};

use super::{instruments, rows};
use crate::bounds;
use crate::json::value::millis;
use crate::json::{Fields, Json};
use crate::said::{self, about, asked, of_all, unknown, within};

/// What an answer says.
pub(super) struct Answer {
    pub(super) events: Vec<Event>,
    pub(super) unnamed_instruments: u64,
}

pub(super) fn decode(venue: &VenueId, query: &Query, body: &[u8]) -> Result<Answer, DecodeError> {
    let tree = Json::parse(body)?;
    let items = data(&tree)?;
    if matches!(query, Query::InstrumentsOf { .. }) {
        let (list, unnamed_instruments) = instruments::decode(venue, items)?;
        return Ok(Answer {
            events: vec![of_all(EventKind::Instruments(list))],
            unnamed_instruments,
        });
    }
    Ok(Answer {
        events: events(query, items)?,
        unnamed_instruments: 0,
    })
}

/// `{"code":"0","msg":"","data":[…]}`; another code is an error.
fn data<'t, 'a>(tree: &'t Json<'a>) -> Result<&'t [Json<'a>], DecodeError> {
    if tree.entry("code").is_none() {
        // the API before v5 (until 2023) answered without an envelope
        return Err(unknown(&format!(
            "an answer without code: {}",
            tree.names()
        )));
    }
    let f = Fields::in_text("answer", tree)?;
    let code: i64 = f.read("code", |found| match found {
        Json::Text(text) => text.parse().ok(),
        other => other.integer(),
    })?;
    if code != 0 {
        let message = f.text("msg")?.to_owned();
        return Err(DecodeError::Venue { code, message });
    }
    f.list("data")
}

fn events(query: &Query, items: &[Json<'_>]) -> Result<Vec<Event>, DecodeError> {
    let one = |message: &'static str| match items {
        [item] => Fields::in_text(message, item),
        _ => Err(DecodeError::BadField {
            message,
            field: "data",
            found: format!("a list of {}", items.len()),
        }),
    };
    match query {
        Query::ServerTime => {
            let time = one("time")?.read("ts", millis)?;
            Ok(vec![of_all(EventKind::ServerTime(time))])
        }
        Query::Candles {
            symbol, timeframe, ..
        } => oldest_first(items, |row| {
            let candle = rows::candle(row, *timeframe, symbol)?;
            Ok(Some(EventKind::Candle(Box::new(candle))))
        })
        .map(|kinds| kinds.into_iter().map(|kind| about(symbol, kind)).collect()),
        Query::RecentTrades { symbol, .. }
        | Query::Trades { symbol, .. }
        | Query::TradesFromId { symbol, .. }
        | Query::TradesBeforeId { symbol, .. } => {
            let kinds = oldest_first(items, |row| {
                let f = Fields::in_text("trades", row)?;
                rows::symbol_of(&f, Some(symbol))?;
                let trade = rows::trade(&f)?;
                let wanted = match query {
                    Query::Trades { from, to, .. } => within(trade.time, *from, *to),
                    Query::TradesFromId { from, .. } => trade.id >= *from,
                    _ => true,
                };
                Ok(wanted.then(|| said::trade(trade)))
            })?;
            Ok(kinds.into_iter().map(|kind| about(symbol, kind)).collect())
        }
        Query::Book { symbol, .. } => {
            let book = rows::snapshot(&one("books")?)?;
            Ok(vec![about(symbol, EventKind::BookSnapshot(book))])
        }
        Query::Ticker {
            symbol: Some(symbol),
        } => {
            let f = one("ticker")?;
            rows::symbol_of(&f, Some(symbol))?;
            let kind = rows::ticker(&f, symbol)?;
            Ok(kind.map(|kind| about(symbol, kind)).into_iter().collect())
        }
        Query::BestQuote {
            symbol: Some(symbol),
        } => {
            let f = one("ticker")?;
            rows::symbol_of(&f, Some(symbol))?;
            let quote = rows::quote_of_ticker(&f)?.map(EventKind::Quote);
            Ok(quote.map(|kind| about(symbol, kind)).into_iter().collect())
        }
        Query::Contract { symbol: Some(_) } | Query::OpenInterest { .. } => {
            let symbol = asked(query)?;
            // of options the whole family is told
            let mut events = Vec::with_capacity(1);
            for item in items {
                let f = Fields::in_text("contract", item)?;
                if f.symbol("instId")? != *symbol {
                    continue;
                }
                events.push(about(
                    symbol,
                    if f.has("markVol") {
                        EventKind::Option(Box::new(rows::option(&f)?))
                    } else {
                        EventKind::Contract(Box::new(rows::contract(&f)?))
                    },
                ));
            }
            Ok(events)
        }
        Query::FundingRates {
            symbol, from, to, ..
        } => {
            let kinds = oldest_first(items, |row| {
                let f = Fields::in_text("funding-rate-history", row)?;
                rows::symbol_of(&f, Some(symbol))?;
                let rate = rows::funding(&f)?;
                Ok(within(rate.time, *from, *to).then_some(EventKind::Funding(rate)))
            })?;
            Ok(kinds.into_iter().map(|kind| about(symbol, kind)).collect())
        }
        other => Err(DecodeError::unasked(other)),
    }
}

/// The venue answers with the newest first; none is kept when one is bad.
fn oldest_first<'t, 'a>(
    items: &'t [Json<'a>],
    row: impl Fn(&'t Json<'a>) -> Result<Option<EventKind>, DecodeError>,
) -> Result<Vec<EventKind>, DecodeError> {
    let kinds = items.iter().rev().map(row);
    let kinds: Result<Vec<_>, _> = kinds.collect();
    Ok(kinds?.into_iter().flatten().collect())
}

pub(super) fn next_page(query: &Query, body: &[u8]) -> Option<Query> {
    let field = match query {
        Query::Trades { .. } => "ts",
        Query::FundingRates { .. } => "fundingTime",
        _ => return None,
    };
    let tree = Json::parse(body).ok()?;
    let items = data(&tree).ok()?;
    let time = |item: Option<&Json<'_>>| -> Option<Timestamp> { millis(item?.entry(field)?) };
    bounds::older(
        query,
        items.len(),
        time(items.last())?,
        time(items.first())?,
    )
}
