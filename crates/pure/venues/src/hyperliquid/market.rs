//! Objects that messages and answers write alike.

use quantflow_model::{BookSnapshot, ContractState, Level, Side, Timeframe, VenueSymbol};
use quantflow_wire::{DecodeError, Event, EventKind, VenueCandle};

use crate::events as said;
use crate::json::value::{decimal, millis, price, quantity};
use crate::json::{Fields, Json};

/// A trade; `B`: the taker bought.
pub(super) fn trade(item: &Json<'_>) -> Result<Event, DecodeError> {
    let f = Fields::in_text("trade", item)?;
    let side = match f.text("side")? {
        "B" => Side::Buy,
        "A" => Side::Sell,
        _ => return Err(f.bad("side", f.get("side")?)),
    };
    let kind = said::trade(
        f.id("tid")?,
        f.read("time", millis)?,
        f.price("px")?,
        f.quantity("sz")?,
        side,
    );
    Ok(said::about(&f.symbol("coin")?, None, kind))
}

/// A level `{px, sz, n}`.
pub(super) fn level(item: &Json<'_>) -> Result<Level, DecodeError> {
    let f = Fields::in_text("level", item)?;
    Ok(Level {
        price: f.price("px")?,
        quantity: f.quantity("sz")?,
    })
}

/// A whole book: the best levels of each side.
pub(super) fn book(data: &Json<'_>) -> Result<Event, DecodeError> {
    let f = Fields::new("l2Book", data)?;
    let time = f.read("time", millis)?;
    let [bids, asks] = f.list("levels")? else {
        return Err(f.bad("levels", f.get("levels")?));
    };
    let side = |side| -> Result<Vec<Level>, DecodeError> {
        said::items("levels", side)?.iter().map(level).collect()
    };
    let kind = EventKind::BookSnapshot(BookSnapshot {
        last_update_id: 0,
        time: Some(time),
        bids: side(bids)?,
        asks: side(asks)?,
        checksum: None,
    });
    Ok(said::about(&f.symbol("coin")?, Some(time), kind))
}

/// The state of a perpetual; the funding is that of the hour.
pub(super) fn state(symbol: &VenueSymbol, ctx: &Json<'_>) -> Result<Event, DecodeError> {
    let f = Fields::in_text("ctx", ctx)?;
    let kind = EventKind::Contract(Box::new(ContractState {
        mark: f.optional("markPx", price)?,
        index: f.optional("oraclePx", price)?,
        funding_rate: f.optional("funding", decimal)?,
        open_interest: f.optional("openInterest", quantity)?,
        ..ContractState::default()
    }));
    Ok(said::about(symbol, None, kind))
}

/// A candle; its close time is the last millisecond in it.
pub(super) fn candle(item: &Json<'_>, timeframe: Timeframe) -> Result<Event, DecodeError> {
    let f = Fields::in_text("candle", item)?;
    let prices = [f.price("o")?, f.price("h")?, f.price("l")?, f.price("c")?];
    let open_time = f.read("t", millis)?;
    let candle = VenueCandle {
        close_time: f.read("T", millis)?,
        trades: Some(f.unsigned("n")?),
        ..VenueCandle::bare(timeframe, open_time, prices, f.quantity("v")?)
    };
    let kind = EventKind::Candle(Box::new(candle));
    Ok(said::about(&f.symbol("s")?, None, kind))
}
