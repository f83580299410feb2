//! Messages of a socket: changes of tables.

use quantflow_model::{BookDelta, BookSnapshot, Level, Quantity, Timestamp, VenueSymbol};
use quantflow_wire::{Bindings, DecodeError, Event, EventKind, Notice, Route};

use super::description::TIMEFRAMES;
use super::{levels, rows};
use crate::events as said;
use crate::json::value::{level, rfc3339};
use crate::json::{Fields, Json};

/// The symbols of the rows, without reading them; `None` where that needs more than a look.
fn quick(bytes: &[u8]) -> Option<Route<'_>> {
    const DATA: &[u8] = b"\"data\":[";
    const SYMBOL: &[u8] = b"\"symbol\":\"";
    if !bytes.starts_with(b"{\"table\":\"") || bytes.contains(&b'\\') {
        return None;
    }
    let start = bytes.windows(DATA.len()).position(|w| w == DATA)?;
    let mut rest = &bytes[start + DATA.len()..];
    let mut found = None;
    while let Some(at) = rest.windows(SYMBOL.len()).position(|w| w == SYMBOL) {
        rest = &rest[at + SYMBOL.len()..];
        let symbol = &rest[..rest.iter().position(|b| *b == b'"')?];
        match found {
            None => found = Some(symbol),
            Some(first) if first == symbol => {}
            Some(_) => return Some(Route::All),
        }
    }
    match found {
        Some(symbol) => std::str::from_utf8(symbol).ok().map(Route::Symbol),
        None => None,
    }
}

pub(super) fn route(bytes: &[u8]) -> Route<'_> {
    if let Some(route) = quick(bytes) {
        return route;
    }
    if bytes == b"pong" {
        return Route::All;
    }
    let Ok(tree) = Json::parse(bytes) else {
        return Route::Unknown;
    };
    let rows = tree.entry("data").and_then(Json::items).unwrap_or(&[]);
    let mut symbols = rows.iter();
    let symbol = symbols
        .next()
        .map(|row| row.entry("symbol").and_then(Json::plain_text));
    match symbol {
        Some(first) if symbols.all(|row| row.entry("symbol").and_then(Json::text) == first) => {
            first.map_or(Route::Unknown, Route::Symbol)
        }
        None | Some(_) => Route::All,
    }
}

pub(super) fn decode(bytes: &[u8], bindings: &Bindings) -> Result<Vec<Event>, DecodeError> {
    if bytes == b"pong" {
        return Ok(vec![said::notice(Notice::Heartbeat)]);
    }
    let tree = Json::parse(bytes)?;
    let f = Fields::new("message", &tree)?;
    let Some(table) = f.optional("table", Json::text)? else {
        return notice(&f).map(|notice| vec![said::notice(notice)]);
    };
    let action = f.text("action")?;
    let data = f.list("data")?;
    // what is taken away from a table is no news, but from a book
    match table {
        "orderBookL2" | "orderBookL2_25" => book(action, data, bindings),
        _ if !matches!(action, "partial" | "insert" | "update" | "delete") => {
            Err(f.bad("action", f.get("action")?))
        }
        "orderBook10" => data.iter().map(whole_book).collect(),
        "trade" => collect(data, rows::trade),
        "quote" => collect(data, rows::quote),
        "funding" => data.iter().map(rows::funding).collect(),
        "instrument" => {
            let events = data.iter().map(rows::instrument);
            Ok(events.collect::<Result<Vec<_>, _>>()?.concat())
        }
        other => {
            let size = other.strip_prefix("tradeBin");
            let known = TIMEFRAMES.iter().find(|(_, name)| Some(*name) == size);
            match known {
                Some((timeframe, _)) => collect(data, |row| rows::candle(*timeframe, row)),
                None => Err(DecodeError::UnknownMessage(said::short(other))),
            }
        }
    }
}

fn collect(
    rows: &[Json<'_>],
    read: impl Fn(&Json<'_>) -> Result<Option<Event>, DecodeError>,
) -> Result<Vec<Event>, DecodeError> {
    let events = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(events.into_iter().flatten().collect())
}

/// The levels of one book.
struct Sides<'a> {
    symbol: &'a VenueSymbol,
    bids: Vec<Level>,
    asks: Vec<Level>,
    time: Option<Timestamp>,
}

fn book(action: &str, data: &[Json<'_>], bindings: &Bindings) -> Result<Vec<Event>, DecodeError> {
    let Some(first) = data.first() else {
        return Ok(Vec::new());
    };
    let symbol = Fields::new("orderBookL2", first)?.symbol("symbol")?;
    let mut sides = Sides {
        symbol: &symbol,
        bids: Vec::new(),
        asks: Vec::new(),
        time: None,
    };
    for row in data {
        sides.add(&Fields::new("orderBookL2", row)?, action, bindings)?;
    }
    let Sides {
        bids, asks, time, ..
    } = sides;
    let kind = match action {
        "partial" => EventKind::BookSnapshot(BookSnapshot {
            last_update_id: 0,
            time,
            bids,
            asks,
            checksum: None,
        }),
        "insert" | "update" | "delete" => EventKind::BookDelta(BookDelta {
            first_update_id: 0,
            last_update_id: 0,
            previous_update_id: None,
            time,
            bids,
            asks,
            checksum: None,
        }),
        other => {
            return Err(DecodeError::BadField {
                message: "orderBookL2",
                field: "action",
                found: said::short(other),
            });
        }
    };
    Ok(vec![said::about(&symbol, time, kind)])
}

impl Sides<'_> {
    fn add(
        &mut self,
        f: &Fields<'_, '_>,
        action: &str,
        bindings: &Bindings,
    ) -> Result<(), DecodeError> {
        if f.symbol("symbol")? != *self.symbol {
            return Err(f.bad("symbol", f.get("symbol")?));
        }
        let quantity = if action == "delete" {
            Quantity::ZERO
        } else {
            f.quantity("size")?
        };
        let level = Level {
            price: levels::price_of(f, self.symbol, bindings)?,
            quantity,
        };
        self.time = f.optional("timestamp", rfc3339)?.or(self.time);
        match f.text("side")? {
            "Buy" => self.bids.push(level),
            "Sell" => self.asks.push(level),
            _ => return Err(f.bad("side", f.get("side")?)),
        }
        Ok(())
    }
}

/// The best ten levels, all of them each time.
fn whole_book(row: &Json<'_>) -> Result<Event, DecodeError> {
    let f = Fields::new("orderBook10", row)?;
    let side = |side| -> Result<Vec<Level>, DecodeError> {
        let items = f.list(side)?.iter();
        let read = |item| level(item).ok_or_else(|| f.bad(side, item));
        items.map(read).collect()
    };
    let time = f.read("timestamp", rfc3339)?;
    let kind = EventKind::BookSnapshot(BookSnapshot {
        last_update_id: 0,
        time: Some(time),
        bids: side("bids")?,
        asks: side("asks")?,
        checksum: None,
    });
    Ok(said::about(&f.symbol("symbol")?, Some(time), kind))
}

/// Answers to what was sent over the socket, and the greeting.
fn notice(f: &Fields<'_, '_>) -> Result<Notice, DecodeError> {
    if let Some(message) = f.optional("error", Json::text)? {
        return Ok(Notice::Refused {
            id: None,
            code: f.optional("status", Json::integer)?.unwrap_or_default(),
            message: said::short(message),
        });
    }
    if f.has("subscribe") && f.flag("success")? {
        return Ok(Notice::Subscribed { id: None });
    }
    if f.has("info") || f.has("unsubscribe") {
        return Ok(Notice::Heartbeat);
    }
    Err(DecodeError::UnknownMessage(f.object().names()))
}
