//! Messages of version 2 of the market data socket.

use quantflow_model::{BookDelta, BookSnapshot, Level, Side, Timeframe, Trade, VenueSymbol};
use quantflow_wire::{DecodeError, Event, EventKind, Notice, VenueCandle};

use super::description::TIMEFRAMES;
use crate::json::{Fields, Json, Row, value};
use crate::reading::{refused, rows, said, side, single, trade, unknown};

pub(super) fn decode(bytes: &[u8]) -> Result<Vec<Event>, DecodeError> {
    let tree = Json::parse(bytes)?;
    let message = Fields::in_text("message", &tree)?;
    let Some(kind) = message.optional("type", value::text)? else {
        // `{"result":"error","reason":…,"message":…}`
        let reason = message.text("reason")?;
        let words = message.optional("message", value::text)?;
        let words = words.map_or(reason.to_owned(), |words| format!("{reason}: {words}"));
        return Ok(vec![refused(None, &words)]);
    };
    match kind {
        "l2_updates" => book(&Fields::in_text("l2_updates", &tree)?),
        "trade" => {
            let f = Fields::in_text("trade", &tree)?;
            Ok(vec![said(&f.symbol("symbol")?, None, trade(traded(&f)?))])
        }
        "heartbeat" => {
            let time = message.read("timestamp", value::millis)?;
            Ok(vec![Event {
                symbol: None,
                sent: Some(time),
                kind: EventKind::Notice(Notice::Heartbeat),
            }])
        }
        other => match timeframe(other) {
            Some(timeframe) => candles(&Fields::new("candles", &tree)?, timeframe),
            None => Err(unknown(other)),
        },
    }
}

/// `candles_1m_updates`
fn timeframe(kind: &str) -> Option<Timeframe> {
    let name = kind.strip_suffix("_updates")?;
    let mut known = TIMEFRAMES.into_iter();
    known
        .find(|(_, _, socket)| *socket == name)
        .map(|(timeframe, _, _)| timeframe)
}

/// The first message of a book has all its levels and the last trades, which no other has.
fn book(f: &Fields<'_, '_>) -> Result<Vec<Event>, DecodeError> {
    let symbol = f.symbol("symbol")?;
    let (mut bids, mut asks) = (Vec::new(), Vec::new());
    for item in f.list("changes")? {
        let (of, level) = change(item).ok_or_else(|| f.bad("changes", item))?;
        match of {
            Side::Buy => bids.push(level),
            _ => asks.push(level),
        }
    }
    if !f.has("trades") {
        let delta = BookDelta {
            first_update_id: 0,
            last_update_id: 0,
            previous_update_id: None,
            time: None,
            bids,
            asks,
            checksum: None,
        };
        return Ok(vec![said(&symbol, None, EventKind::BookDelta(delta))]);
    }
    let whole = BookSnapshot {
        last_update_id: 0,
        time: None,
        bids,
        asks,
        checksum: None,
    };
    let mut events = vec![said(&symbol, None, EventKind::BookSnapshot(whole))];
    let mut trades = rows("trade", f.get("trades")?, |item| {
        let f = Fields::in_text("trade", item)?;
        if f.symbol("symbol")? != symbol {
            return Err(f.bad("symbol", f.get("symbol")?));
        }
        traded(&f)
    })?;
    // recent ones the newest first, and behind those older ones the oldest first
    trades.sort_by_key(Trade::key);
    events.extend(
        trades
            .into_iter()
            .map(|one| said(&symbol, None, trade(one))),
    );
    Ok(events)
}

/// `["buy", price, quantity]`
fn change(item: &Json<'_>) -> Option<(Side, Level)> {
    let [of, price, quantity] = item.items()? else {
        return None;
    };
    let level = Level {
        price: value::decimal_in_text(price)?.into(),
        quantity: value::decimal_in_text(quantity)?.into(),
    };
    Some((side(of)?, level))
}

/// Newer messages have `tid` besides, which is REST's; older ones have `event_id` only.
fn traded(f: &Fields<'_, '_>) -> Result<Trade, DecodeError> {
    let id = match f.optional("tid", value::id)? {
        Some(id) => id,
        None => f.id("event_id")?,
    };
    Ok(single(
        id,
        f.read("timestamp", value::millis)?,
        f.price("price")?,
        f.quantity("quantity")?,
        f.read("side", side)?,
    ))
}

/// The newest first, and so reversed here: at the beginning as many as the venue has, then the open one.
fn candles(f: &Fields<'_, '_>, timeframe: Timeframe) -> Result<Vec<Event>, DecodeError> {
    let symbol = f.symbol("symbol")?;
    let mut events = rows("candles", f.get("changes")?, |row| {
        candle(&symbol, timeframe, row)
    })?;
    events.reverse();
    Ok(events)
}

/// `[milliseconds, open, high, low, close, volume]`, numbers outside of text.
pub(super) fn candle(
    symbol: &VenueSymbol,
    timeframe: Timeframe,
    row: &Json<'_>,
) -> Result<Event, DecodeError> {
    let row = Row::new("candles", row)?;
    let prices = [
        row.read(1, "open", value::price)?,
        row.read(2, "high", value::price)?,
        row.read(3, "low", value::price)?,
        row.read(4, "close", value::price)?,
    ];
    let candle = VenueCandle::bare(
        timeframe,
        row.read(0, "time", value::millis)?,
        prices,
        row.read(5, "volume", value::quantity)?,
    );
    Ok(said(symbol, None, EventKind::Candle(Box::new(candle))))
}
