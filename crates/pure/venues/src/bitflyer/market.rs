//! Objects that messages and answers write alike: executions, boards, tickers.

use quantflow_model::{
    BookDelta, BookSnapshot, Level, Price, Quantity, Quote, Side, Timestamp, TradeId, VenueSymbol,
};
use quantflow_wire::{DecodeError, Event, EventKind, Ticker};

use crate::events as said;
use crate::json::value::{price, quantity};
use crate::json::{Fields, Json};

/// A time in UTC, with its offset or without: `2018-01-26T15:28:36.593`.
pub(super) fn time(found: &Json<'_>) -> Option<Timestamp> {
    let text = found.text()?;
    if text.len() > 40 {
        return None;
    }
    if text.ends_with('Z') {
        return text.parse().ok();
    }
    format!("{text}Z").parse().ok()
}

/// An execution; a few come without a time.
struct Execution {
    id: TradeId,
    time: Option<Timestamp>,
    price: Price,
    size: Quantity,
    side: Side,
}

fn execution(item: &Json<'_>) -> Result<Execution, DecodeError> {
    let f = Fields::new("execution", item)?;
    Ok(Execution {
        id: f.id("id")?,
        time: f.optional("exec_date", time)?,
        price: f.price("price")?,
        size: f.quantity("size")?,
        side: match f.optional("side", Json::text)? {
            Some("BUY") => Side::Buy,
            Some("SELL") => Side::Sell,
            // of an auction
            None => Side::Unknown,
            Some(_) => return Err(f.bad("side", f.get("side")?)),
        },
    })
}

/// Executions in the venue's order. One without a time takes that of the one before it by number, or of
/// the one behind where it is the first: they stand in the same message, so it is near.
pub(super) fn executions(symbol: &VenueSymbol, list: &Json<'_>) -> Result<Vec<Event>, DecodeError> {
    let items = said::items("executions", list)?.iter();
    let found = items.map(execution).collect::<Result<Vec<_>, _>>()?;
    let mut by_number: Vec<_> = found.iter().map(|e| (e.id, e.time)).collect();
    by_number.sort_unstable();
    let mut last = by_number.iter().find_map(|(_, time)| *time);
    for (_, time) in &mut by_number {
        last = time.or(last);
        *time = last;
    }
    let near = |id: TradeId| {
        let at = by_number.partition_point(|(other, _)| *other < id);
        by_number.get(at).and_then(|(_, time)| *time)
    };
    let event = |e: &Execution| {
        let time = e.time.or_else(|| near(e.id)).ok_or(DecodeError::Missing {
            message: "executions",
            field: "exec_date",
        })?;
        let kind = said::trade(e.id, time, e.price, e.size, e.side);
        Ok(said::about(symbol, None, kind))
    };
    found.iter().map(event).collect()
}

/// Levels `{price, size}`; orders without a price, which wait for an auction, stand at price 0.
fn levels(f: &Fields<'_, '_>, side: &'static str) -> Result<Vec<Level>, DecodeError> {
    let mut levels = Vec::new();
    for item in f.list(side)? {
        let f = Fields::new("board", item)?;
        let level = Level {
            price: f.price("price")?,
            quantity: f.quantity("size")?,
        };
        if level.price.0.is_positive() {
            levels.push(level);
        }
    }
    Ok(levels)
}

/// A whole board.
pub(super) fn snapshot(board: &Json<'_>) -> Result<EventKind, DecodeError> {
    let f = Fields::new("board", board)?;
    Ok(EventKind::BookSnapshot(BookSnapshot {
        last_update_id: 0,
        time: None,
        bids: levels(&f, "bids")?,
        asks: levels(&f, "asks")?,
        checksum: None,
    }))
}

/// Changes of a board; a size of 0 takes a level away.
pub(super) fn change(board: &Json<'_>) -> Result<EventKind, DecodeError> {
    let f = Fields::new("board", board)?;
    Ok(EventKind::BookDelta(BookDelta {
        first_update_id: 0,
        last_update_id: 0,
        previous_update_id: None,
        time: None,
        bids: levels(&f, "bids")?,
        asks: levels(&f, "asks")?,
        checksum: None,
    }))
}

/// The best of both sides; `None` where one is empty.
pub(super) fn quote(f: &Fields<'_, '_>) -> Result<Option<Quote>, DecodeError> {
    let side = |at, size| -> Result<Option<(Price, Quantity)>, DecodeError> {
        let at = f.optional(at, price)?.filter(|at| at.0.is_positive());
        Ok(at.zip(f.optional(size, quantity)?))
    };
    let bid = side("best_bid", "best_bid_size")?;
    let ask = side("best_ask", "best_ask_size")?;
    let time = f.read("timestamp", time)?;
    Ok(bid.zip(ask).map(|(bid, ask)| Quote {
        time: Some(time),
        ..said::quote(bid, ask)
    }))
}

/// A ticker: its symbol, when it was made, and what it says. Its volume is the product's own.
pub(super) fn ticker(f: &Fields<'_, '_>) -> Result<(VenueSymbol, Timestamp, Ticker), DecodeError> {
    let at = f.read("timestamp", time)?;
    let ticker = Ticker {
        volume: f.optional("volume_by_product", quantity)?,
        quote: quote(f)?,
        close_time: Some(at),
        ..said::ticker(f.price("ltp")?)
    };
    Ok((f.symbol("product_code")?, at, ticker))
}
