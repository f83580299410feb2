//! Answers of the REST API: lists of rows.

use quantflow_model::{BookSnapshot, Level, Timestamp, VenueId, VenueSymbol};
use quantflow_wire::{Bindings, DecodeError, Event, EventKind, Query};

use super::{levels, names, rows};
use crate::events as said;
use crate::json::value::{millis, rfc3339};
use crate::json::{Fields, Json};

pub(super) fn decode(
    venue: &VenueId,
    query: &Query,
    body: &[u8],
) -> Result<Vec<Event>, DecodeError> {
    let tree = Json::parse(body)?;
    if let Some(error) = tree.entry("error") {
        // the code is text: 0, and the words behind it
        let error = Fields::new("error", error)?;
        let name = error.optional("name", Json::text)?.unwrap_or_default();
        let message = said::short(error.text("message")?);
        return Err(DecodeError::Venue {
            code: 0,
            message: format!("{}: {message}", said::short(name)),
        });
    }
    if *query == Query::ServerTime {
        let time = Fields::new("root", &tree)?.read("timestamp", millis)?;
        return Ok(vec![said::about_all(None, EventKind::ServerTime(time))]);
    }
    let items = said::items("answer", &tree)?;
    let events = events(venue, query, items)?;
    let asked = query.symbol();
    let foreign = |event: &&Event| asked.is_some() && event.symbol.as_ref() != asked;
    match events.iter().find(foreign) {
        Some(event) => Err(DecodeError::BadField {
            message: "answer",
            field: "symbol",
            found: event
                .symbol
                .as_ref()
                .map_or_else(String::new, |symbol| said::short(symbol.as_str())),
        }),
        None => Ok(events),
    }
}

fn events(venue: &VenueId, query: &Query, items: &[Json<'_>]) -> Result<Vec<Event>, DecodeError> {
    let some = |read: &dyn Fn(&Json<'_>) -> Result<Option<Event>, DecodeError>| {
        let events = items.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok::<Vec<Event>, DecodeError>(events.into_iter().flatten().collect())
    };
    match query {
        Query::Instruments => {
            let list = items.iter().map(|item| names::instrument(venue, item));
            let list = list.collect::<Result<Vec<_>, _>>()?;
            let kind = EventKind::Instruments(list.into_iter().flatten().collect());
            Ok(vec![said::about_all(None, kind)])
        }
        Query::Candles { timeframe, .. } => {
            let mut candles = some(&|row| rows::candle(*timeframe, row))?;
            said::oldest_first(&mut candles);
            Ok(candles)
        }
        Query::RecentTrades { .. } | Query::Trades { .. } => some(&rows::trade),
        Query::BestQuote { .. } => some(&rows::quote),
        Query::FundingRates { .. } => items.iter().map(rows::funding).collect(),
        Query::Ticker { .. } => some(&|row| instrument(row, rows::ticker)),
        Query::Contract { .. } => some(&|row| instrument(row, rows::state)),
        Query::Book { symbol, .. } => book(symbol, items).map(|event| vec![event]),
        other => Err(DecodeError::unasked(other)),
    }
}

/// One part of what a row of the table of instruments says.
fn instrument(
    row: &Json<'_>,
    part: impl Fn(&Fields<'_, '_>) -> Result<Option<EventKind>, DecodeError>,
) -> Result<Option<Event>, DecodeError> {
    let f = Fields::new("instrument", row)?;
    let symbol = f.symbol("symbol")?;
    let sent: Option<Timestamp> = f.optional("timestamp", rfc3339)?;
    Ok(part(&f)?.map(|kind| said::about(&symbol, sent, kind)))
}

fn book(symbol: &VenueSymbol, items: &[Json<'_>]) -> Result<Event, DecodeError> {
    let (mut bids, mut asks) = (Vec::new(), Vec::new());
    let mut time = None;
    for item in items {
        let f = Fields::new("orderBook", item)?;
        if f.symbol("symbol")? != *symbol {
            return Err(f.bad("symbol", f.get("symbol")?));
        }
        let level = Level {
            price: levels::price_of(&f, symbol, Bindings::NONE)?,
            quantity: f.quantity("size")?,
        };
        time = f.optional("timestamp", rfc3339)?.or(time);
        match f.text("side")? {
            "Buy" => bids.push(level),
            "Sell" => asks.push(level),
            _ => return Err(f.bad("side", f.get("side")?)),
        }
    }
    let kind = EventKind::BookSnapshot(BookSnapshot {
        last_update_id: 0,
        time,
        bids,
        asks,
        checksum: None,
    });
    Ok(said::about(symbol, None, kind))
}
