//! Socket messages: `{"channel", "data": […], "action"}`, or `{"event"}`.

use quantflow_model::{BookDelta, BookSnapshot, Side, Timeframe, Trade, TradeFlags};
use quantflow_wire::{DecodeError, Event, EventKind, Notice, Route, TradeEvent, VenueCandle};

use super::answer;
use super::description::timeframe;
use crate::ask::event;
use crate::json::{Fields, Json, value};

pub(super) fn route(bytes: &[u8]) -> Route<'_> {
    let Ok(tree) = Json::parse(bytes) else {
        return Route::Unknown;
    };
    let Some(items) = tree.entry("data").and_then(Json::items) else {
        return match tree.entry("event") {
            Some(_) => Route::All,
            None => Route::Unknown,
        };
    };
    let mut symbols = items
        .iter()
        .map(|item| item.entry("symbol").and_then(Json::plain_text));
    match symbols.next() {
        Some(Some(first)) if symbols.all(|other| other == Some(first)) => Route::Symbol(first),
        Some(None) => Route::Unknown,
        _ => Route::All,
    }
}

pub(super) fn decode(bytes: &[u8]) -> Result<Vec<Event>, DecodeError> {
    let tree = Json::parse(bytes)?;
    let envelope = Fields::new("message", &tree)?;
    if !envelope.has("data") {
        return Ok(vec![notice(&envelope)?]);
    }
    let channel = envelope.text("channel")?;
    let mut events = Vec::new();
    for item in envelope.list("data")? {
        let f = Fields::in_text("data", item)?;
        let symbol = f.symbol("symbol")?;
        let kind = match channel {
            "trades" => trade(&f)?,
            "ticker" => answer::ticker(&f)?,
            "book_lv2" => book(envelope.text("action")?, &f)?,
            other => {
                let candle = other.strip_prefix("candles_").and_then(timeframe);
                let unknown = || DecodeError::UnknownMessage(other.chars().take(64).collect());
                candle_of(candle.ok_or_else(unknown)?, &f)?
            }
        };
        events.push(event(Some(&symbol), f.optional("ts", value::millis)?, kind));
    }
    Ok(events)
}

fn notice(envelope: &Fields<'_, '_>) -> Result<Event, DecodeError> {
    let kind = match envelope.text("event")? {
        "pong" => Notice::Heartbeat,
        "subscribe" => match envelope.optional("message", value::text)? {
            // a refusal is an acknowledgement with words
            Some(message) => refused(message),
            None => Notice::Subscribed { id: None },
        },
        "error" => refused(envelope.text("message")?),
        other => {
            let name = other.chars().take(64).collect();
            return Err(DecodeError::UnknownMessage(name));
        }
    };
    Ok(event(None, None, EventKind::Notice(kind)))
}

fn refused(message: &str) -> Notice {
    Notice::Refused {
        id: None,
        code: 0,
        message: message.to_owned(),
    }
}

/// The fields that a message and a row of an answer share; the side is written in capitals in answers.
pub(super) fn trade(f: &Fields<'_, '_>) -> Result<EventKind, DecodeError> {
    let side = f.read("takerSide", |side| match side.text()? {
        "BUY" | "buy" => Some(Side::Buy),
        "SELL" | "sell" => Some(Side::Sell),
        _ => None,
    })?;
    let trade = Trade {
        id: f.read("id", value::id)?,
        time: f.read("createTime", value::millis)?,
        price: f.price("price")?,
        quantity: f.quantity("quantity")?,
        side,
        flags: TradeFlags::NONE,
        count: 1,
    };
    Ok(EventKind::Trade(TradeEvent {
        trade,
        orders: None,
    }))
}

fn book(action: &str, f: &Fields<'_, '_>) -> Result<EventKind, DecodeError> {
    let (bids, asks) = (f.levels("bids")?, f.levels("asks")?);
    let last_update_id = f.unsigned("id")?;
    let time = Some(f.read("createTime", value::millis)?);
    match action {
        "snapshot" => Ok(EventKind::BookSnapshot(BookSnapshot {
            last_update_id,
            time,
            bids,
            asks,
            checksum: None,
        })),
        "update" => {
            let previous = f.unsigned("lastId")?;
            if last_update_id <= previous {
                return Err(f.bad("lastId", f.get("lastId")?));
            }
            Ok(EventKind::BookDelta(BookDelta {
                first_update_id: previous + 1,
                last_update_id,
                previous_update_id: Some(previous),
                time,
                bids,
                asks,
                checksum: None,
            }))
        }
        other => {
            let name = format!("book_lv2 {}", other.chars().take(32).collect::<String>());
            Err(DecodeError::UnknownMessage(name))
        }
    }
}

fn candle_of(timeframe: Timeframe, f: &Fields<'_, '_>) -> Result<EventKind, DecodeError> {
    let prices = [
        f.price("open")?,
        f.price("high")?,
        f.price("low")?,
        f.price("close")?,
    ];
    let open_time = f.read("startTime", value::millis)?;
    Ok(EventKind::Candle(Box::new(VenueCandle {
        close_time: f.read("closeTime", value::millis)?,
        quote_volume: Some(f.notional("amount")?),
        trades: Some(f.unsigned("tradeCount")?),
        ..VenueCandle::bare(timeframe, open_time, prices, f.quantity("quantity")?)
    })))
}
