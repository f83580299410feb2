//! Messages of the socket: an envelope with a channel, and events in it.

use quantflow_model::{BookDelta, BookSnapshot, Level, Timeframe, Trade};
use quantflow_wire::{DecodeError, Event, EventKind, Input, Notice, Route, Ticker, VenueCandle};

use crate::json::{Fields, Json, peek, value};
use crate::reading::{
    bare_ticker, notice, one_symbol, opposite, quote_of, refused, said, side, single, trade,
    unknown,
};

/// The only candles that the socket has.
pub(super) const CANDLES: Timeframe = Timeframe::M5;

/// The list that an event of a channel has, where its items name their products; `None` where the event
/// itself does.
fn items_of(channel: &str) -> Option<&'static str> {
    match channel {
        "market_trades" => Some("trades"),
        "ticker" | "ticker_batch" => Some("tickers"),
        "candles" => Some("candles"),
        _ => None,
    }
}

pub(super) fn decode(bytes: &[u8]) -> Result<Vec<Event>, DecodeError> {
    let tree = Json::parse(bytes)?;
    let message = Fields::in_text("message", &tree)?;
    let Some(channel) = message.optional("channel", value::text)? else {
        return match message.text("type")? {
            "error" => Ok(vec![refused(None, message.text("message")?)]),
            other => Err(unknown(other)),
        };
    };
    match channel {
        "heartbeats" => return Ok(vec![notice(Notice::Heartbeat)]),
        "subscriptions" => return Ok(vec![notice(Notice::Subscribed { id: None })]),
        "l2_data" | "market_trades" | "ticker" | "ticker_batch" | "candles" => {}
        other => return Err(unknown(other)),
    }
    let sent = Some(message.read("timestamp", value::rfc3339)?);
    let mut events = Vec::new();
    let mut trades: Vec<(quantflow_model::VenueSymbol, Trade)> = Vec::new();
    for item in message.list("events")? {
        let f = Fields::in_text("event", item)?;
        let Some(list) = items_of(channel) else {
            events.push(book(&f, sent)?);
            continue;
        };
        for item in f.list(list)? {
            let f = Fields::in_text(list, item)?;
            let symbol = f.symbol("product_id")?;
            match list {
                "trades" => trades.push((symbol, traded(&f)?)),
                "tickers" => {
                    let kind = EventKind::Ticker(Box::new(ticker(&f, sent)?));
                    events.push(said(&symbol, sent, kind));
                }
                _ => {
                    let kind = EventKind::Candle(Box::new(candle(&f, CANDLES)?));
                    events.push(said(&symbol, sent, kind));
                }
            }
        }
    }
    // the newest first at the beginning, and batches of a quarter of a second after that
    trades.sort_by_key(|(_, trade)| trade.key());
    let trades = trades.into_iter();
    events.extend(trades.map(|(symbol, one)| said(&symbol, None, trade(one))));
    Ok(events)
}

/// A trade as socket and REST say it; the side is the maker's.
pub(super) fn traded(f: &Fields<'_, '_>) -> Result<Trade, DecodeError> {
    Ok(single(
        f.read("trade_id", value::id)?,
        f.read("time", value::rfc3339)?,
        f.price("price")?,
        f.quantity("size")?,
        opposite(f.read("side", side)?),
    ))
}

/// A candle as socket and REST say it.
pub(super) fn candle(f: &Fields<'_, '_>, timeframe: Timeframe) -> Result<VenueCandle, DecodeError> {
    let prices = [
        f.price("open")?,
        f.price("high")?,
        f.price("low")?,
        f.price("close")?,
    ];
    let open_time = f.read("start", value::seconds)?;
    Ok(VenueCandle::bare(
        timeframe,
        open_time,
        prices,
        f.quantity("volume")?,
    ))
}

fn ticker(
    f: &Fields<'_, '_>,
    sent: Option<quantflow_model::Timestamp>,
) -> Result<Ticker, DecodeError> {
    let number = |field| f.optional(field, value::decimal_in_text);
    let mut quote = quote_of(
        number("best_bid")?.map(Into::into),
        number("best_bid_quantity")?.map(Into::into),
        number("best_ask")?.map(Into::into),
        number("best_ask_quantity")?.map(Into::into),
    );
    if let Some(quote) = &mut quote {
        quote.time = sent;
    }
    Ok(Ticker {
        high: number("high_24_h")?.map(Into::into),
        low: number("low_24_h")?.map(Into::into),
        volume: number("volume_24_h")?.map(Into::into),
        change_percent: number("price_percent_chg_24_h")?,
        quote,
        close_time: sent,
        ..bare_ticker(f.price("price")?)
    })
}

/// A whole book or changes. `sequence_num` counts the messages of the socket, not those of a book.
fn book(
    f: &Fields<'_, '_>,
    sent: Option<quantflow_model::Timestamp>,
) -> Result<Event, DecodeError> {
    let symbol = f.symbol("product_id")?;
    let (mut bids, mut asks) = (Vec::new(), Vec::new());
    for item in f.list("updates")? {
        let f = Fields::in_text("l2_data", item)?;
        let level = Level {
            price: f.price("price_level")?,
            quantity: f.quantity("new_quantity")?,
        };
        match f.text("side")? {
            "bid" => bids.push(level),
            "offer" | "ask" => asks.push(level),
            _ => return Err(f.bad("side", f.get("side")?)),
        }
    }
    let kind = match f.text("type")? {
        "snapshot" => EventKind::BookSnapshot(BookSnapshot {
            last_update_id: 0,
            time: sent,
            bids,
            asks,
            checksum: None,
        }),
        "update" => EventKind::BookDelta(BookDelta {
            first_update_id: 0,
            last_update_id: 0,
            previous_update_id: None,
            time: sent,
            bids,
            asks,
            checksum: None,
        }),
        _ => return Err(f.bad("type", f.get("type")?)),
    };
    Ok(said(&symbol, sent, kind))
}

/// Which product bytes are about, without decoding them.
pub(super) fn route<'a>(input: &Input<'a>) -> Route<'a> {
    match *input {
        Input::Answer { query, .. } => query
            .symbol()
            .map_or(Route::All, |symbol| Route::Symbol(symbol.as_str())),
        Input::Message { bytes, .. } => {
            let Some(channel) = peek::entry(bytes, "channel").and_then(peek::text) else {
                return slow(bytes);
            };
            let events = peek::entry(bytes, "events").map(peek::items);
            let events = events.into_iter().flatten();
            let product = |item| peek::entry(item, "product_id").and_then(peek::text);
            let found = match (channel, items_of(channel)) {
                ("l2_data", _) => one_symbol(events.map(product)),
                (_, Some(list)) => one_symbol(
                    events
                        .filter_map(|event| peek::entry(event, list))
                        .flat_map(peek::items)
                        .map(product),
                ),
                _ => Some(Route::All),
            };
            found.unwrap_or_else(|| slow(bytes))
        }
    }
}

/// As decoding sees it: keys may be written with escapes, and lists may be empty.
fn slow<'a>(bytes: &'a [u8]) -> Route<'a> {
    let Ok(tree) = Json::parse(bytes) else {
        return Route::Unknown;
    };
    let channel = tree.entry("channel").and_then(Json::text).unwrap_or("");
    let events = tree.entry("events").and_then(Json::items);
    let events = events.unwrap_or_default();
    let product = |item: &Json<'a>| item.entry("product_id").and_then(Json::plain_text);
    let products: Vec<_> = match (channel, items_of(channel)) {
        ("l2_data", _) => events.iter().map(product).collect(),
        (_, Some(list)) => events
            .iter()
            .filter_map(|event| event.entry(list).and_then(Json::items))
            .flatten()
            .map(product)
            .collect(),
        _ => return Route::All,
    };
    if products.is_empty() {
        return Route::All;
    }
    one_symbol(products.into_iter()).unwrap_or(Route::Unknown)
}
