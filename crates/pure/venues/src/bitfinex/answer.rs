//! Answers of the REST API.

use quantflow_model::{BookSnapshot, Instrument, InstrumentStatus, Quantity, VenueId, VenueSymbol};
use quantflow_wire::{DecodeError, Event, EventKind, Query};

use super::{names, rows};
use crate::events as said;
use crate::json::value::symbol;
use crate::json::{Json, Row};

pub(super) fn decode(
    venue: &VenueId,
    query: &Query,
    body: &[u8],
) -> Result<Vec<Event>, DecodeError> {
    let tree = Json::parse(body)?;
    if let Some(error) = tree.entry("error") {
        // how it says that it was asked too often
        return Err(DecodeError::Venue {
            code: 0,
            message: said::short(error.text().unwrap_or_default()),
        });
    }
    // its objects; version 2 has lists only
    let of_old = tree.items().and_then(<[Json<'_>]>::first).unwrap_or(&tree);
    if let Json::Object(_) = of_old {
        let names = of_old.names();
        return Err(DecodeError::UnknownMessage(format!("version 1: {names}")));
    }
    let items = said::items("answer", &tree)?;
    if items.first().and_then(Json::text) == Some("error") {
        let row = Row::new("error", &tree)?;
        return Err(DecodeError::Venue {
            code: row.read(1, "code", Json::integer)?,
            message: said::short(row.read(2, "message", Json::text)?),
        });
    }
    match query {
        Query::InstrumentsOf { part, .. } if part.starts_with("pub:") => {
            instruments(venue, part, items)
        }
        Query::Candles {
            symbol, timeframe, ..
        } => {
            let candles = items.iter();
            let candles = candles.map(|row| rows::candle(symbol, *timeframe, row));
            let mut candles = candles.collect::<Result<Vec<_>, _>>()?;
            said::oldest_first(&mut candles);
            Ok(candles)
        }
        Query::RecentTrades { symbol, .. } | Query::Trades { symbol, .. } => {
            items.iter().map(|row| rows::trade(symbol, row)).collect()
        }
        Query::Book { symbol, .. } => {
            let (bids, asks) = rows::levels(items)?;
            let kind = EventKind::BookSnapshot(BookSnapshot {
                last_update_id: 0,
                time: None,
                bids,
                asks,
                checksum: None,
            });
            Ok(vec![said::about(symbol, None, kind)])
        }
        Query::Ticker { symbol } => tickers(symbol.as_ref(), &tree, |ticker| {
            Some(EventKind::Ticker(Box::new(ticker)))
        }),
        Query::BestQuote { symbol } => tickers(symbol.as_ref(), &tree, |ticker| {
            ticker.quote.map(EventKind::Quote)
        }),
        Query::Contract { symbol } => states(symbol.as_ref(), items),
        other => Err(DecodeError::unasked(other)),
    }
}

/// A ticker of one symbol is a row, those of all are a list of rows that begin with the symbol.
fn tickers(
    asked: Option<&VenueSymbol>,
    tree: &Json<'_>,
    kind: impl Fn(quantflow_wire::Ticker) -> Option<EventKind>,
) -> Result<Vec<Event>, DecodeError> {
    let event = |symbol: &VenueSymbol, ticker| {
        let event = kind(ticker).map(|kind| said::about(symbol, None, kind));
        event.into_iter()
    };
    if let Some(asked) = asked {
        return Ok(event(asked, rows::ticker(tree, 0)?).collect());
    }
    let mut events = Vec::new();
    for item in said::items("tickers", tree)? {
        let symbol = Row::new("tickers", item)?.read(0, "symbol", symbol)?;
        // "fUSD" is a rate of loans, and its places mean other things
        if symbol.as_str().starts_with('t') {
            events.extend(event(&symbol, rows::ticker(item, 1)?));
        }
    }
    Ok(events)
}

/// States of derivatives: rows that begin with the symbol.
fn states(asked: Option<&VenueSymbol>, items: &[Json<'_>]) -> Result<Vec<Event>, DecodeError> {
    let mut events = Vec::with_capacity(items.len());
    for item in items {
        let found = Row::new("status", item)?;
        let symbol = found.read(0, "key", symbol)?;
        if asked.is_some_and(|asked| *asked != symbol) {
            return Err(DecodeError::BadField {
                message: "status",
                field: "key",
                found: said::short(symbol.as_str()),
            });
        }
        let (_, state) = rows::state(item, 1)?;
        events.push(said::about(
            &symbol,
            None,
            EventKind::Contract(Box::new(state)),
        ));
    }
    Ok(events)
}

/// `[[pair, …]]`; a pair is its name, or its name and a list of what is said of it. The venue has
/// neither steps of prices (a price has five significant digits) nor a smallest value; amounts have
/// eight decimals.
fn instruments(venue: &VenueId, part: &str, items: &[Json<'_>]) -> Result<Vec<Event>, DecodeError> {
    let [list] = items else {
        return Err(DecodeError::BadField {
            message: "conf",
            field: "",
            found: format!("a list of {}", items.len()),
        });
    };
    if !part.contains("pair") {
        return Err(DecodeError::UnknownMessage(format!(
            "conf {}",
            said::short(part)
        )));
    }
    let mut instruments = Vec::new();
    for item in said::items("conf", list)? {
        let name = match item {
            Json::Text(name) => name.as_ref(),
            other => Row::new("conf", other)?.read(0, "pair", Json::text)?,
        };
        // what our symbols cannot name is left out
        let Some((symbol, venue_symbol)) = names::pair(venue, name) else {
            continue;
        };
        instruments.push(Instrument {
            symbol,
            venue_symbol,
            status: InstrumentStatus::Trading,
            tick: None,
            lot: "0.00000001".parse().ok().map(Quantity),
            minimum_notional: None,
            contract: None,
        });
    }
    Ok(vec![said::about_all(
        None,
        EventKind::Instruments(instruments),
    )])
}
