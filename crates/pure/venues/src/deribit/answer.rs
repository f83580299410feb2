//! Answers of the REST API: JSON-RPC too.

use quantflow_model::{ContractState, FundingRate, Timeframe, Timestamp, VenueId, VenueSymbol};
use quantflow_wire::{DecodeError, Event, EventKind, Query, VenueCandle};

use super::market;
use super::names;
use super::socket::volume_field;
use crate::events as said;
use crate::json::value::{decimal, micros, millis, price, quantity};
use crate::json::{Fields, Json};

pub(super) fn decode(
    venue: &VenueId,
    query: &Query,
    body: &[u8],
) -> Result<Vec<Event>, DecodeError> {
    let tree = Json::parse(body)?;
    let f = Fields::new("answer", &tree)?;
    if let Some(error) = tree.entry("error") {
        let error = Fields::new("error", error)?;
        return Err(DecodeError::Venue {
            code: error.read("code", Json::integer)?,
            message: said::short(error.text("message")?),
        });
    }
    let sent = f.optional("usOut", micros)?;
    let mut events = result(venue, query, f.get("result")?)?;
    for event in &mut events {
        event.sent = sent;
    }
    Ok(events)
}

fn result(venue: &VenueId, query: &Query, result: &Json<'_>) -> Result<Vec<Event>, DecodeError> {
    match query {
        Query::ServerTime => {
            let time = millis(result).ok_or_else(|| DecodeError::BadField {
                message: "time",
                field: "result",
                found: result.shown(),
            })?;
            Ok(vec![said::about_all(None, EventKind::ServerTime(time))])
        }
        Query::InstrumentsOf { .. } => {
            let items = said::items("instruments", result)?.iter();
            let list = items.map(|item| names::instrument(venue, item));
            let list = list.collect::<Result<Vec<_>, _>>()?;
            let kind = EventKind::Instruments(list.into_iter().flatten().collect());
            Ok(vec![said::about_all(None, kind)])
        }
        Query::Candles {
            symbol, timeframe, ..
        } => candles(symbol, *timeframe, &Fields::new("chart", result)?),
        Query::RecentTrades { symbol, .. }
        | Query::TradesFromId { symbol, .. }
        | Query::Trades { symbol, .. }
        | Query::TradesBeforeId { symbol, .. } => {
            if result.items().is_some() {
                return Err(DecodeError::UnknownMessage("trades of version 1".into()));
            }
            let f = Fields::new("trades", result)?;
            let mut events = Vec::new();
            for item in f.list("trades")? {
                market::trade(symbol, item, &mut events)?;
            }
            Ok(events)
        }
        Query::Book { symbol, .. } => {
            let f = Fields::new("book", result)?;
            if f.has("instrument") {
                return Err(DecodeError::UnknownMessage("a book of version 1".into()));
            }
            market::same_symbol(&f, symbol)?;
            let kind = EventKind::BookSnapshot(market::book(&f)?);
            Ok(vec![said::about(symbol, None, kind)])
        }
        Query::Ticker {
            symbol: Some(symbol),
        } => of_ticker(symbol, result, |f| {
            let ticker = market::ticker(f)?;
            Ok(ticker.map(|ticker| EventKind::Ticker(Box::new(ticker))))
        }),
        Query::BestQuote {
            symbol: Some(symbol),
        } => of_ticker(symbol, result, |f| {
            Ok(market::quote(f)?.map(EventKind::Quote))
        }),
        Query::Contract {
            symbol: Some(symbol),
        } => of_ticker(symbol, result, |f| market::state(f).map(Some)),
        Query::OpenInterest { symbol } => {
            let items = said::items("summary", result)?.iter();
            items.map(|item| summary(symbol, item)).collect()
        }
        Query::FundingRates { symbol, .. } => {
            let items = said::items("funding", result)?.iter();
            items.map(|item| funding(symbol, item)).collect()
        }
        other => Err(DecodeError::unasked(other)),
    }
}

/// One part of what a ticker says.
fn of_ticker(
    symbol: &VenueSymbol,
    result: &Json<'_>,
    part: impl Fn(&Fields<'_, '_>) -> Result<Option<EventKind>, DecodeError>,
) -> Result<Vec<Event>, DecodeError> {
    let f = Fields::new("ticker", result)?;
    market::same_symbol(&f, symbol)?;
    let kind = part(&f)?;
    let event = kind.map(|kind| said::about(symbol, None, kind));
    Ok(event.into_iter().collect())
}

fn summary(symbol: &VenueSymbol, item: &Json<'_>) -> Result<Event, DecodeError> {
    let f = Fields::new("summary", item)?;
    market::same_symbol(&f, symbol)?;
    let kind = EventKind::Contract(Box::new(ContractState {
        time: Some(f.read("creation_timestamp", millis)?),
        mark: f.optional("mark_price", price)?,
        settlement: f.optional("estimated_delivery_price", price)?,
        funding_rate: f.optional("funding_8h", decimal)?,
        open_interest: Some(f.read("open_interest", quantity)?),
        ..ContractState::default()
    }));
    Ok(said::about(symbol, None, kind))
}

/// What was paid over the hour that ends at its time.
fn funding(symbol: &VenueSymbol, item: &Json<'_>) -> Result<Event, DecodeError> {
    let f = Fields::new("funding", item)?;
    let kind = EventKind::Funding(FundingRate {
        time: f.read("timestamp", millis)?,
        rate: f.decimal("interest_1h")?,
        mark: None,
    });
    Ok(said::about(symbol, None, kind))
}

/// Candles as a list for each of their parts.
fn candles(
    symbol: &VenueSymbol,
    timeframe: Timeframe,
    f: &Fields<'_, '_>,
) -> Result<Vec<Event>, DecodeError> {
    let status = f.get("status")?;
    match status.text() {
        Some("ok") => {}
        Some("no_data") => return Ok(Vec::new()),
        _ => return Err(f.bad("status", status)),
    }
    let ticks = f.list("ticks")?;
    let part = |field: &'static str| {
        let list = f.list(field)?;
        if list.len() == ticks.len() {
            Ok(list)
        } else {
            Err(f.bad(field, f.get(field)?))
        }
    };
    let prices = [part("open")?, part("high")?, part("low")?, part("close")?];
    let volume_field = volume_field(symbol);
    let volumes = part(volume_field)?;
    let at = |list: &[Json<'_>], place: usize, field: &'static str| {
        let found = list.get(place).unwrap_or(&Json::Null);
        decimal(found).ok_or_else(|| f.bad(field, found))
    };
    let mut events = Vec::with_capacity(ticks.len());
    for (place, tick) in ticks.iter().enumerate() {
        let open_time: Timestamp = millis(tick).ok_or_else(|| f.bad("ticks", tick))?;
        let [open, high, low, close] = prices;
        let candle = VenueCandle::bare(
            timeframe,
            open_time,
            [
                at(open, place, "open")?.into(),
                at(high, place, "high")?.into(),
                at(low, place, "low")?.into(),
                at(close, place, "close")?.into(),
            ],
            at(volumes, place, volume_field)?.into(),
        );
        let kind = EventKind::Candle(Box::new(candle));
        events.push(said::about(symbol, None, kind));
    }
    Ok(events)
}
