//! Messages of the socket.

use quantflow_model::{
    BookDelta, BookSnapshot, ContractState, Level, Liquidation, Side, VenueSymbol,
};
use quantflow_wire::{DecodeError, Event, EventKind, Notice, Ticker};

use crate::json::{Fields, Json, value};
use crate::reading::{
    bare_ticker, notice, quote_of, refused, rows, said, side, single, trade, unknown,
};

pub(super) fn decode(bytes: &[u8]) -> Result<Vec<Event>, DecodeError> {
    let tree = Json::parse(bytes)?;
    let message = Fields::new("message", &tree)?;
    if let Some(event) = message.optional("event", value::text)? {
        return reply(&message, event).map(|event| vec![event]);
    }
    match message.text("feed")? {
        "trade" => traded(&Fields::new("trade", &tree)?),
        "trade_snapshot" => {
            let symbol = message.symbol("product_id")?;
            let mut events = Vec::new();
            // newest first
            for item in message.list("trades")?.iter().rev() {
                let f = Fields::new("trade", item)?;
                if f.symbol("product_id")? != symbol {
                    return Err(f.bad("product_id", f.get("product_id")?));
                }
                events.extend(traded(&f)?);
            }
            Ok(events)
        }
        "book_snapshot" => snapshot(&Fields::new("book_snapshot", &tree)?).map(|e| vec![e]),
        "book" => change(&Fields::new("book", &tree)?).map(|event| vec![event]),
        "ticker" => ticker(&Fields::new("ticker", &tree)?),
        "heartbeat" => Ok(vec![notice(Notice::Heartbeat)]),
        other => Err(unknown(other)),
    }
}

/// Words about the connection.
fn reply(message: &Fields<'_, '_>, event: &str) -> Result<Event, DecodeError> {
    Ok(match event {
        "subscribed" => notice(Notice::Subscribed { id: None }),
        "info" | "unsubscribed" | "pong" => notice(Notice::Heartbeat),
        "error" | "alert" | "subscribed_failed" | "unsubscribed_failed" => {
            refused(None, message.text("message")?)
        }
        other => return Err(unknown(other)),
    })
}

fn traded(f: &Fields<'_, '_>) -> Result<Vec<Event>, DecodeError> {
    let symbol = f.symbol("product_id")?;
    let kind = f.optional("type", value::text)?;
    Ok(events_of(
        &symbol,
        kind,
        single(
            f.read("uid", value::id)?,
            f.read("time", value::millis)?,
            f.price("price")?,
            f.quantity("qty")?,
            f.read("side", side)?,
        ),
    ))
}

/// A trade, and the liquidation that it was.
pub(super) fn events_of(
    symbol: &VenueSymbol,
    kind: Option<&str>,
    one: quantflow_model::Trade,
) -> Vec<Event> {
    let mut events = vec![said(symbol, None, trade(one))];
    if kind == Some("liquidation") {
        let liquidation = Liquidation {
            time: one.time,
            side: one.side,
            price: one.price,
            quantity: one.quantity,
        };
        events.push(said(symbol, None, EventKind::Liquidation(liquidation)));
    }
    events
}

fn level(item: &Json<'_>) -> Result<Level, DecodeError> {
    let f = Fields::new("book", item)?;
    Ok(Level {
        price: f.price("price")?,
        quantity: f.quantity("qty")?,
    })
}

fn snapshot(f: &Fields<'_, '_>) -> Result<Event, DecodeError> {
    let symbol = f.symbol("product_id")?;
    let time = f.read("timestamp", value::millis)?;
    let book = BookSnapshot {
        last_update_id: f.unsigned("seq")?,
        time: Some(time),
        bids: rows("book", f.get("bids")?, level)?,
        asks: rows("book", f.get("asks")?, level)?,
        checksum: None,
    };
    Ok(said(&symbol, Some(time), EventKind::BookSnapshot(book)))
}

/// One level at a time: a sell order stands among the offers.
fn change(f: &Fields<'_, '_>) -> Result<Event, DecodeError> {
    let symbol = f.symbol("product_id")?;
    let time = f.read("timestamp", value::millis)?;
    let seq = f.unsigned("seq")?;
    let level = level(f.object())?;
    let (mut bids, mut asks) = (Vec::new(), Vec::new());
    match f.read("side", side)? {
        Side::Buy => bids.push(level),
        _ => asks.push(level),
    }
    let delta = BookDelta {
        first_update_id: seq,
        last_update_id: seq,
        previous_update_id: None,
        time: Some(time),
        bids,
        asks,
        checksum: None,
    };
    Ok(said(&symbol, Some(time), EventKind::BookDelta(delta)))
}

/// The statistics, the best quote and the state of the contract. The funding rate is the relative one;
/// the absolute one is in the settlement currency for each contract.
fn ticker(f: &Fields<'_, '_>) -> Result<Vec<Event>, DecodeError> {
    let symbol = f.symbol("product_id")?;
    let time = f.read("time", value::millis)?;
    let price = |field| f.optional(field, value::price);
    let quantity = |field| f.optional(field, value::quantity);
    let mut quote = quote_of(
        price("bid")?,
        quantity("bid_size")?,
        price("ask")?,
        quantity("ask_size")?,
    );
    if let Some(quote) = &mut quote {
        quote.time = Some(time);
    }
    let mut events = Vec::with_capacity(3);
    // a contract that was never traded has no last price
    if let Some(last) = price("last")? {
        let ticker = Ticker {
            open: price("open")?,
            high: price("high")?,
            low: price("low")?,
            volume: quantity("volume")?,
            quote_volume: f.optional("volumeQuote", value::notional)?,
            change_percent: f.optional("change", value::decimal)?,
            quote,
            close_time: Some(time),
            ..bare_ticker(last)
        };
        let kind = EventKind::Ticker(Box::new(ticker));
        events.push(said(&symbol, Some(time), kind));
    }
    events.extend(quote.map(|quote| said(&symbol, Some(time), EventKind::Quote(quote))));
    let state = ContractState {
        time: Some(time),
        mark: price("markPrice")?,
        index: price("index")?,
        settlement: None,
        funding_rate: f.optional("relative_funding_rate", value::decimal)?,
        funding_time: f.optional("next_funding_rate_time", value::millis)?,
        next_funding_rate: f.optional("relative_funding_rate_prediction", value::decimal)?,
        open_interest: quantity("openInterest")?,
        open_interest_value: None,
    };
    let kind = EventKind::Contract(Box::new(state));
    events.push(said(&symbol, Some(time), kind));
    Ok(events)
}
