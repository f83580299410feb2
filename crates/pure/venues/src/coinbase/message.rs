//! Messages of the feed.

use quantflow_model::{BookDelta, BookSnapshot, Level, Price, Quantity, Side};
use quantflow_wire::{DecodeError, Event, EventKind, Notice, Ticker};

use crate::json::{Fields, Json, value};
use crate::reading::{
    bare_ticker, levels, notice, opposite, quote_of, refused, said, side, single, trade, unknown,
};

pub(super) fn decode(bytes: &[u8]) -> Result<Event, DecodeError> {
    let tree = Json::parse(bytes)?;
    let message = Fields::in_text("message", &tree)?;
    match message.text("type")? {
        // the last one before the subscription is a trade like any other
        "match" | "last_match" => matched(&Fields::in_text("match", &tree)?),
        "ticker" => ticker(&Fields::in_text("ticker", &tree)?),
        "snapshot" => snapshot(&Fields::in_text("snapshot", &tree)?),
        "l2update" => update(&Fields::in_text("l2update", &tree)?),
        "heartbeat" => heartbeat(&Fields::in_text("heartbeat", &tree)?),
        "subscriptions" => {
            message.list("channels")?;
            Ok(notice(Notice::Subscribed { id: None }))
        }
        "error" => {
            let reason = message.optional("reason", value::text)?;
            let words = message.text("message")?;
            Ok(refused(
                None,
                &reason.map_or(words.to_owned(), |reason| format!("{words}: {reason}")),
            ))
        }
        other => Err(unknown(other)),
    }
}

fn matched(f: &Fields<'_, '_>) -> Result<Event, DecodeError> {
    let symbol = f.symbol("product_id")?;
    let trade = trade(single(
        f.id("trade_id")?,
        f.read("time", value::rfc3339)?,
        f.price("price")?,
        f.quantity("size")?,
        // the maker's
        opposite(f.read("side", side)?),
    ));
    Ok(said(&symbol, None, trade))
}

/// The statistics go with each trade. A product that was never traded has only the first few fields.
fn ticker(f: &Fields<'_, '_>) -> Result<Event, DecodeError> {
    let symbol = f.symbol("product_id")?;
    let price = |field| {
        f.optional(field, value::decimal_in_text)
            .map(|p| p.map(Price))
    };
    let quantity = |field| {
        f.optional(field, value::decimal_in_text)
            .map(|q| q.map(Quantity))
    };
    let time = f.optional("time", value::rfc3339)?;
    let mut quote = quote_of(
        price("best_bid")?,
        quantity("best_bid_size")?,
        price("best_ask")?,
        quantity("best_ask_size")?,
    );
    if let Some(quote) = &mut quote {
        quote.update_id = f.optional("sequence", Json::unsigned)?;
        quote.time = time;
    }
    let ticker = Ticker {
        last_quantity: quantity("last_size")?,
        open: price("open_24h")?,
        high: price("high_24h")?,
        low: price("low_24h")?,
        volume: quantity("volume_24h")?,
        quote,
        close_time: time,
        last_id: f.optional("trade_id", value::id)?,
        ..bare_ticker(f.price("price")?)
    };
    Ok(said(&symbol, time, EventKind::Ticker(Box::new(ticker))))
}

/// The feed numbers neither books nor their changes.
fn snapshot(f: &Fields<'_, '_>) -> Result<Event, DecodeError> {
    let symbol = f.symbol("product_id")?;
    let time = f.optional("time", value::rfc3339)?;
    let book = BookSnapshot {
        last_update_id: 0,
        time,
        bids: levels(f, "bids")?,
        asks: levels(f, "asks")?,
        checksum: None,
    };
    Ok(said(&symbol, time, EventKind::BookSnapshot(book)))
}

fn update(f: &Fields<'_, '_>) -> Result<Event, DecodeError> {
    let symbol = f.symbol("product_id")?;
    let time = f.read("time", value::rfc3339)?;
    let (mut bids, mut asks) = (Vec::new(), Vec::new());
    for item in f.list("changes")? {
        let (of, level) = change(item).ok_or_else(|| f.bad("changes", item))?;
        match of {
            Side::Buy => bids.push(level),
            _ => asks.push(level),
        }
    }
    let delta = BookDelta {
        first_update_id: 0,
        last_update_id: 0,
        previous_update_id: None,
        time: Some(time),
        bids,
        asks,
        checksum: None,
    };
    Ok(said(&symbol, Some(time), EventKind::BookDelta(delta)))
}

/// `["buy", price, size]`
fn change(item: &Json<'_>) -> Option<(Side, Level)> {
    let [of, price, quantity] = item.items()? else {
        return None;
    };
    let level = Level {
        price: Price(value::decimal_in_text(price)?),
        quantity: Quantity(value::decimal_in_text(quantity)?),
    };
    Some((side(of)?, level))
}

/// Of one product, but a sign of the socket's life and none of the product's market: it names none here.
fn heartbeat(f: &Fields<'_, '_>) -> Result<Event, DecodeError> {
    Ok(Event {
        symbol: None,
        sent: Some(f.read("time", value::rfc3339)?),
        kind: EventKind::Notice(Notice::Heartbeat),
    })
}
