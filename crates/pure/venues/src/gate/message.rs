//! Socket messages: `{"time", "time_ms", "channel", "event", "result"}`.

use quantflow_model::{
    BookDelta, BookSnapshot, Liquidation, Quote, Side, Timeframe, Timestamp, VenueSymbol,
};
use quantflow_wire::{DecodeError, Event, EventKind, Notice, Route, VenueCandle};

use super::contracts;
use super::description::TIMEFRAMES;
use super::market::Market;
use crate::ask::event;
use crate::json::{Fields, Json, value};

/// The symbol of what a channel tells of one thing.
fn symbol<'a>(market: Market, channel: &str, item: &Json<'a>) -> Option<&'a str> {
    let text = |name| item.entry(name).and_then(Json::plain_text);
    match channel {
        "book_ticker" | "order_book_update" => text("s"),
        "order_book" => text("s").or_else(|| text("contract")),
        "candlesticks" => text("n")?.split_once('_').map(|(_, symbol)| symbol),
        _ => text(market.symbol_key()),
    }
}

/// What a message tells of: the channel without its prefix and the things in its result.
fn told<'t, 'a>(market: Market, tree: &'t Json<'a>) -> Option<(&'t str, &'t [Json<'a>])> {
    let channel = tree
        .entry("channel")?
        .text()?
        .strip_prefix(market.prefix())?;
    if !matches!(tree.entry("event")?.text()?, "update" | "all") {
        return None;
    }
    let items = match tree.entry("result")? {
        Json::List(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    Some((channel, items))
}

pub(super) fn route(market: Market, bytes: &[u8]) -> Route<'_> {
    let Ok(tree) = Json::parse(bytes) else {
        return Route::Unknown;
    };
    let Some((channel, items)) = told(market, &tree) else {
        return match tree.entry("channel") {
            Some(_) => Route::All,
            None => Route::Unknown,
        };
    };
    let mut symbols = items.iter().map(|item| symbol(market, channel, item));
    match symbols.next() {
        Some(Some(first)) if symbols.all(|other| other == Some(first)) => Route::Symbol(first),
        Some(None) => Route::Unknown,
        _ => Route::All,
    }
}

pub(super) fn decode(market: Market, bytes: &[u8]) -> Result<Vec<Event>, DecodeError> {
    let tree = Json::parse(bytes)?;
    let envelope = Fields::new("message", &tree)?;
    let sent = match envelope.optional("time_ms", value::millis)? {
        Some(sent) => Some(sent),
        None => envelope.optional("time", value::seconds)?,
    };
    let Some((channel, items)) = told(market, &tree) else {
        return Ok(vec![notice(&envelope, sent)?]);
    };
    if !known(market, channel) {
        return Err(unknown(&envelope));
    }
    let mut events = Vec::with_capacity(items.len());
    for item in items {
        let unnamed = || DecodeError::Missing {
            message: "update",
            field: "the symbol",
        };
        let about = symbol(market, channel, item).and_then(VenueSymbol::new);
        let about = Some(about.ok_or_else(unnamed)?);
        let mut push = |kind| events.push(event(about.as_ref(), sent, kind));
        match (market, channel) {
            (_, "trades") => push(contracts::trade(market, item)?),
            (_, "book_ticker") => push(quote(item)?),
            (_, "order_book_update") => push(change(market, item)?),
            (_, "order_book") => push(book(market, item)?),
            (_, "candlesticks") => push(candle(market, item)?),
            (_, "tickers") => {
                push(contracts::ticker(market, item)?);
                if market == Market::Futures {
                    push(contracts::state(
                        &Fields::new("tickers", item)?,
                        "total_size",
                        sent,
                    )?);
                }
            }
            (Market::Futures, "public_liquidates") => push(liquidation(item)?),
            _ => return Err(unknown(&envelope)),
        }
    }
    Ok(events)
}

/// Whether a channel tells of a market; the others are an account's.
fn known(market: Market, channel: &str) -> bool {
    match channel {
        "trades" | "book_ticker" | "order_book_update" | "order_book" | "candlesticks"
        | "tickers" => true,
        "public_liquidates" => market == Market::Futures,
        _ => false,
    }
}

fn unknown(envelope: &Fields<'_, '_>) -> DecodeError {
    let text = |name| {
        envelope
            .object()
            .entry(name)
            .and_then(Json::text)
            .unwrap_or_default()
    };
    let name = format!("{} {}", text("channel"), text("event"));
    DecodeError::UnknownMessage(name.trim().chars().take(64).collect())
}

/// Answers to what was sent over the socket.
fn notice(envelope: &Fields<'_, '_>, sent: Option<Timestamp>) -> Result<Event, DecodeError> {
    let channel = envelope.text("channel")?;
    let id = envelope.optional("id", Json::unsigned)?;
    let kind = if let Some(error) = envelope.optional("error", Some)? {
        let error = Fields::new("error", error)?;
        Notice::Refused {
            id,
            code: error.read("code", Json::integer)?,
            message: error.text("message")?.to_owned(),
        }
    } else if matches!(channel, "spot.pong" | "futures.pong") {
        Notice::Heartbeat
    } else if envelope.text("event")? == "subscribe" {
        let result = Fields::new("subscribe", envelope.get("result")?)?;
        match result.text("status")? {
            "success" => Notice::Subscribed { id },
            _ => return Err(result.bad("status", result.get("status")?)),
        }
    } else {
        return Err(unknown(envelope));
    };
    Ok(event(None, sent, EventKind::Notice(kind)))
}

fn quote(item: &Json<'_>) -> Result<EventKind, DecodeError> {
    let f = Fields::new("book_ticker", item)?;
    Ok(EventKind::Quote(Quote {
        bid: f.price("b")?,
        bid_quantity: f.quantity("B")?,
        ask: f.price("a")?,
        ask_quantity: f.quantity("A")?,
        update_id: Some(f.read("u", value::unsigned)?),
        time: Some(f.read("t", value::millis)?),
    }))
}

/// With `full` the whole book.
fn change(market: Market, item: &Json<'_>) -> Result<EventKind, DecodeError> {
    let f = Fields::new("order_book_update", item)?;
    let last_update_id = f.read("u", value::unsigned)?;
    let time = Some(f.read("t", value::millis)?);
    let (bids, asks) = (
        contracts::levels(market, &f, "b")?,
        contracts::levels(market, &f, "a")?,
    );
    if f.optional("full", value::flag)? == Some(true) {
        return Ok(EventKind::BookSnapshot(BookSnapshot {
            last_update_id,
            time,
            bids,
            asks,
            checksum: None,
        }));
    }
    let first_update_id = f.read("U", value::unsigned)?;
    if last_update_id < first_update_id {
        return Err(f.bad("u", f.get("u")?));
    }
    Ok(EventKind::BookDelta(BookDelta {
        first_update_id,
        last_update_id,
        previous_update_id: None,
        time,
        bids,
        asks,
        checksum: None,
    }))
}

/// The best levels, whole in each message; nothing here asks for it.
fn book(market: Market, item: &Json<'_>) -> Result<EventKind, DecodeError> {
    let f = Fields::new("order_book", item)?;
    let id = match market {
        Market::Spot => "lastUpdateId",
        Market::Futures => "id",
    };
    Ok(EventKind::BookSnapshot(BookSnapshot {
        last_update_id: f.read(id, value::unsigned)?,
        time: Some(f.read("t", value::millis)?),
        bids: contracts::levels(market, &f, "bids")?,
        asks: contracts::levels(market, &f, "asks")?,
        checksum: None,
    }))
}

/// Spot: `v` is the quote volume and `a` the base volume, which messages before 2022 lack. Futures: `v`
/// counts contracts.
fn candle(market: Market, item: &Json<'_>) -> Result<EventKind, DecodeError> {
    let f = Fields::new("candlesticks", item)?;
    let timeframe: Timeframe = f.read("n", |name| {
        let (timeframe, _) = name.text()?.split_once('_')?;
        let timeframe = timeframe.parse().ok()?;
        TIMEFRAMES.contains(&timeframe).then_some(timeframe)
    })?;
    if market == Market::Spot && !f.has("a") {
        return Err(DecodeError::UnknownMessage(
            "spot.candlesticks without base volume, as before 2022".into(),
        ));
    }
    let prices = [f.price("o")?, f.price("h")?, f.price("l")?, f.price("c")?];
    let open_time = f.read("t", value::seconds)?;
    let (volume, quote_volume) = match market {
        Market::Spot => (f.quantity("a")?, Some(f.notional("v")?)),
        Market::Futures => (f.quantity("v")?, None),
    };
    Ok(EventKind::Candle(Box::new(VenueCandle {
        quote_volume,
        closed: f.optional("w", value::flag)?,
        ..VenueCandle::bare(timeframe, open_time, prices, volume)
    })))
}

/// The documents do not say whether the size's sign is the order's or the position's: the side is left
/// open.
fn liquidation(item: &Json<'_>) -> Result<EventKind, DecodeError> {
    let f = Fields::new("public_liquidates", item)?;
    let (_, quantity) = contracts::signed(&f, "size")?;
    Ok(EventKind::Liquidation(Liquidation {
        time: f.read("time_ms", value::millis)?,
        side: Side::Unknown,
        price: f.price("price")?,
        quantity,
    }))
}
