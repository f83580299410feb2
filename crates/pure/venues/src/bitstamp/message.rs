//! Messages of the socket.

use quantflow_model::{BookDelta, BookSnapshot, Side, Timestamp, VenueSymbol};
use quantflow_wire::{DecodeError, Event, EventKind, Notice, TradeEvent};

use crate::json::{Fields, Json, value};
use crate::reading::{levels, notice, refused, said, single, unknown};

/// The channels that are about a market, without the market's name.
const TRADES: &str = "live_trades_";
const CHANGES: &str = "diff_order_book_";
const BOOK: &str = "order_book_";

pub(super) fn decode(bytes: &[u8]) -> Result<Event, DecodeError> {
    let tree = Json::parse(bytes)?;
    let message = Fields::new("message", &tree)?;
    let Some(event) = message.optional("event", value::text)? else {
        // what the venue sent over another service until 2019 has no envelope
        return Err(DecodeError::UnknownMessage(tree.names()));
    };
    match event {
        "trade" | "data" => {}
        "bts:subscription_succeeded" => return Ok(notice(Notice::Subscribed { id: None })),
        "bts:unsubscription_succeeded" | "bts:heartbeat" => return Ok(notice(Notice::Heartbeat)),
        "bts:request_reconnect" => return Ok(notice(Notice::ShuttingDown)),
        "bts:error" => {
            let data = Fields::new("error", message.get("data")?)?;
            return Ok(refused(None, data.text("message")?));
        }
        other => return Err(unknown(other)),
    }
    let found = message.get("channel")?;
    let channel = found
        .plain_text()
        .ok_or_else(|| message.bad("channel", found))?;
    let data = message.get("data")?;
    let symbol = |prefix: &str| {
        let market = channel.strip_prefix(prefix).and_then(VenueSymbol::new);
        market.ok_or_else(|| message.bad("channel", found))
    };
    match event {
        "trade" if channel.starts_with(TRADES) => {
            traded(&symbol(TRADES)?, &Fields::new("trade", data)?)
        }
        "data" if channel.starts_with(CHANGES) => changes(
            &symbol(CHANGES)?,
            &Fields::in_text("diff_order_book", data)?,
        ),
        "data" if channel.starts_with(BOOK) => {
            let (book, time) = book(&Fields::in_text("order_book", data)?)?;
            let symbol = symbol(BOOK)?;
            Ok(said(&symbol, Some(time), EventKind::BookSnapshot(book)))
        }
        _ => Err(unknown(&format!("{event} of {channel}"))),
    }
}

/// The market in a channel's name, where it is one of ours.
pub(super) fn market(channel: &str) -> Option<&str> {
    [TRADES, CHANGES, BOOK]
        .into_iter()
        .find_map(|prefix| channel.strip_prefix(prefix))
}

/// Price and amount stand there as numbers that went through a float, and as text: the text counts.
fn traded(symbol: &VenueSymbol, f: &Fields<'_, '_>) -> Result<Event, DecodeError> {
    let order = |field| f.optional(field, value::unsigned);
    let trade = single(
        f.id("id")?,
        f.read("microtimestamp", value::micros)?,
        f.read("price_str", value::decimal_in_text)?.into(),
        f.read("amount_str", value::decimal_in_text)?.into(),
        f.read("type", side)?,
    );
    let orders = order("buy_order_id")?.zip(order("sell_order_id")?);
    let kind = EventKind::Trade(TradeEvent { trade, orders });
    Ok(said(symbol, None, kind))
}

/// 0: the taker bought, 1: it sold.
pub(super) fn side(found: &Json<'_>) -> Option<Side> {
    match value::unsigned(found)? {
        0 => Some(Side::Buy),
        1 => Some(Side::Sell),
        _ => None,
    }
}

/// When a book was as it is said to be, and that as its number: microseconds since 1970. Answers before
/// 2018 have only seconds.
fn stamp(f: &Fields<'_, '_>) -> Result<(u64, Timestamp), DecodeError> {
    let time = match f.optional("microtimestamp", value::micros)? {
        Some(time) => time,
        None => f.read("timestamp", value::seconds)?,
    };
    Ok((time.micros().unsigned_abs(), time))
}

pub(super) fn book(f: &Fields<'_, '_>) -> Result<(BookSnapshot, Timestamp), DecodeError> {
    let (number, time) = stamp(f)?;
    let book = BookSnapshot {
        last_update_id: number,
        time: Some(time),
        bids: levels(f, "bids")?,
        asks: levels(f, "asks")?,
        checksum: None,
    };
    Ok((book, time))
}

fn changes(symbol: &VenueSymbol, f: &Fields<'_, '_>) -> Result<Event, DecodeError> {
    let (number, time) = stamp(f)?;
    let delta = BookDelta {
        first_update_id: number,
        last_update_id: number,
        previous_update_id: None,
        time: Some(time),
        bids: levels(f, "bids")?,
        asks: levels(f, "asks")?,
        checksum: None,
    };
    Ok(said(symbol, Some(time), EventKind::BookDelta(delta)))
}
