//! The general reader of socket messages: any order of keys, every error named.

use quantflow_model::{BookDelta, Price, Quote, Timestamp, Trade, TradeFlags, VenueSymbol};
use quantflow_wire::{
    AggregateTrade, DecodeError, Event, EventKind, Notice, Ticker, TradeEvent, VenueCandle,
};

use super::request;
use super::scan::taker;
use super::value::{id_or_none, time};
use crate::json::{Fields, Json};

/// Reads a message; also tells whether it is of a kind that the scanner should have read.
pub(super) fn decode(bytes: &[u8]) -> Result<(Event, bool), DecodeError> {
    let tree = Json::parse(bytes)?;
    let Some(stream) = tree.entry("stream") else {
        return checked_payload(&tree);
    };
    let envelope = Fields::in_text("combined", &tree)?;
    let data = envelope.get("data")?;
    if matches!(&tree, Json::Object(entries) if entries.len() > 2) {
        return Err(DecodeError::UnknownMessage(tree.names()));
    }
    let name = stream
        .plain_text()
        .ok_or_else(|| envelope.bad("stream", stream))?;
    let (event, scannable) = checked_payload(data)?;
    match (&event.symbol, stream_symbol(name)) {
        (Some(symbol), Some(of_stream)) if symbol.as_str().eq_ignore_ascii_case(of_stream) => {
            Ok((event, scannable))
        }
        (None, None) => Ok((event, scannable)),
        _ => Err(envelope.bad("stream", stream)),
    }
}

/// The symbol in a stream's name; `None` for streams of all symbols (`!ticker@arr`) and of none.
pub(crate) fn stream_symbol(name: &str) -> Option<&str> {
    let (symbol, _) = name.split_once('@')?;
    (!symbol.is_empty() && !symbol.starts_with('!')).then_some(symbol)
}

/// What is not about a symbol names none: routing goes by the name.
fn checked_payload(tree: &Json<'_>) -> Result<(Event, bool), DecodeError> {
    let (event, scannable) = payload(tree)?;
    match tree.entry("s") {
        Some(found) if event.symbol.is_none() => Err(DecodeError::BadField {
            message: "notice",
            field: "s",
            found: found.shown(),
        }),
        _ => Ok((event, scannable)),
    }
}

/// What a message is, from its fields.
fn payload(tree: &Json<'_>) -> Result<(Event, bool), DecodeError> {
    if let Some(kind) = tree.entry("e") {
        let kind = kind.text().ok_or_else(|| DecodeError::BadField {
            message: "message",
            field: "e",
            found: kind.shown(),
        })?;
        return Ok(match kind {
            "trade" => (trade(tree)?, true),
            "aggTrade" => (aggregate(tree)?, true),
            "depthUpdate" => (depth(tree)?, true),
            "kline" => (candle(tree)?, false),
            "24hrTicker" => (ticker(tree)?, false),
            "serverShutdown" => (shutdown(tree)?, false),
            other => {
                let name = other.chars().take(64).collect();
                return Err(DecodeError::UnknownMessage(name));
            }
        });
    }
    if tree.entry("u").is_some() && tree.entry("s").is_some() {
        return Ok((quote(tree)?, true));
    }
    if let Some(event) = tree.entry("event") {
        // how the WebSocket API wraps the events that it pushes
        if event.entry("e").and_then(Json::text) == Some("serverShutdown") {
            return Ok((shutdown(event)?, false));
        }
    }
    match notice(tree)? {
        Some(notice) => Ok((
            Event {
                symbol: None,
                sent: None,
                kind: EventKind::Notice(notice),
            },
            false,
        )),
        None => Err(DecodeError::UnknownMessage(tree.names())),
    }
}

/// Answers to what was sent over the socket.
fn notice(tree: &Json<'_>) -> Result<Option<Notice>, DecodeError> {
    let id = tree.entry("id").and_then(Json::unsigned);
    if let Some(Json::Null) = tree.entry("result") {
        return Ok(Some(Notice::Subscribed { id }));
    }
    let error = tree.entry("error").unwrap_or(tree);
    if error.entry("code").is_none() {
        return Ok(None);
    }
    let (code, message) = venue_error(error)?;
    Ok(Some(Notice::Refused { id, code, message }))
}

/// `{"code":-1121,"msg":"Invalid symbol."}`
pub(crate) fn venue_error(tree: &Json<'_>) -> Result<(i64, String), DecodeError> {
    let fields = Fields::in_text("error", tree)?;
    let found = fields.get("code")?;
    let code = found.integer().ok_or_else(|| fields.bad("code", found))?;
    Ok((code, fields.text("msg")?.to_owned()))
}

fn event(symbol: VenueSymbol, sent: Option<Timestamp>, kind: EventKind) -> Event {
    Event {
        symbol: Some(symbol),
        sent,
        kind,
    }
}

fn trade(tree: &Json<'_>) -> Result<Event, DecodeError> {
    let f = Fields::in_text("trade", tree)?;
    let orders = if f.has("b") || f.has("a") {
        Some((f.unsigned("b")?, f.unsigned("a")?))
    } else {
        None
    };
    ignored_flag(&f)?;
    let trade = Trade {
        id: f.id("t")?,
        time: f.read("T", time)?,
        price: f.price("p")?,
        quantity: f.quantity("q")?,
        side: taker(f.flag("m")?),
        flags: TradeFlags::NONE,
        count: 1,
    };
    let kind = EventKind::Trade(TradeEvent { trade, orders });
    Ok(event(f.symbol("s")?, Some(f.read("E", time)?), kind))
}

/// The venue marks `M` as one to ignore: any flag will do, but it must be there, for without it the
/// message is another market's (futures have none).
fn ignored_flag(f: &Fields<'_, '_>) -> Result<(), DecodeError> {
    f.flag("M").map(drop)
}

fn aggregate(tree: &Json<'_>) -> Result<Event, DecodeError> {
    let f = Fields::in_text("aggTrade", tree)?;
    let kind = EventKind::AggregateTrade(aggregate_of(&f)?);
    Ok(event(f.symbol("s")?, Some(f.read("E", time)?), kind))
}

/// The fields that a message and a row of an answer share.
pub(super) fn aggregate_of(f: &Fields<'_, '_>) -> Result<AggregateTrade, DecodeError> {
    ignored_flag(f)?;
    let (first_id, last_id) = (f.id("f")?, f.id("l")?);
    if last_id < first_id {
        return Err(f.bad("l", f.get("l")?));
    }
    Ok(AggregateTrade {
        id: f.id("a")?,
        first_id,
        last_id,
        time: f.read("T", time)?,
        price: f.price("p")?,
        quantity: f.quantity("q")?,
        side: taker(f.flag("m")?),
    })
}

fn quote(tree: &Json<'_>) -> Result<Event, DecodeError> {
    let f = Fields::in_text("bookTicker", tree)?;
    let quote = Quote {
        bid: f.price("b")?,
        bid_quantity: f.quantity("B")?,
        ask: f.price("a")?,
        ask_quantity: f.quantity("A")?,
        update_id: Some(f.unsigned("u")?),
        time: None,
    };
    Ok(event(f.symbol("s")?, None, EventKind::Quote(quote)))
}

fn depth(tree: &Json<'_>) -> Result<Event, DecodeError> {
    let f = Fields::in_text("depthUpdate", tree)?;
    if f.has("pu") {
        // a futures book follows by `pu`, not by `U`: read as spot it would seem torn everywhere
        return Err(DecodeError::UnknownMessage(
            "depthUpdate with \"pu\": of futures, not spot".into(),
        ));
    }
    let (first_update_id, last_update_id) = (f.unsigned("U")?, f.unsigned("u")?);
    if last_update_id < first_update_id {
        return Err(f.bad("u", f.get("u")?));
    }
    let delta = BookDelta {
        first_update_id,
        last_update_id,
        previous_update_id: None,
        time: None,
        bids: f.levels("b")?,
        asks: f.levels("a")?,
        checksum: None,
    };
    let kind = EventKind::BookDelta(delta);
    Ok(event(f.symbol("s")?, Some(f.read("E", time)?), kind))
}

fn candle(tree: &Json<'_>) -> Result<Event, DecodeError> {
    let f = Fields::in_text("kline", tree)?;
    let symbol = f.symbol("s")?;
    let k = Fields::in_text("kline", f.get("k")?)?;
    if k.symbol("s")? != symbol {
        return Err(k.bad("s", k.get("s")?));
    }
    let name = k.text("i")?;
    let timeframe = request::timeframe(name).ok_or_else(|| DecodeError::BadField {
        message: "kline",
        field: "i",
        found: format!("{:?}", name.chars().take(16).collect::<String>()),
    })?;
    let candle = VenueCandle {
        timeframe,
        open_time: k.read("t", time)?,
        close_time: k.read("T", time)?,
        open: k.price("o")?,
        high: k.price("h")?,
        low: k.price("l")?,
        close: k.price("c")?,
        volume: k.quantity("v")?,
        quote_volume: Some(k.notional("q")?),
        trades: Some(k.unsigned("n")?),
        taker_buy_volume: Some(k.quantity("V")?),
        taker_buy_quote_volume: Some(k.notional("Q")?),
        first_id: k.read("f", id_or_none)?,
        last_id: k.read("L", id_or_none)?,
        closed: Some(k.flag("x")?),
    };
    Ok(event(
        symbol,
        Some(f.read("E", time)?),
        EventKind::Candle(Box::new(candle)),
    ))
}

fn ticker(tree: &Json<'_>) -> Result<Event, DecodeError> {
    let f = Fields::in_text("24hrTicker", tree)?;
    let ticker = Ticker {
        last: f.price("c")?,
        last_quantity: Some(f.quantity("Q")?),
        open: Some(f.price("o")?),
        high: Some(f.price("h")?),
        low: Some(f.price("l")?),
        volume: Some(f.quantity("v")?),
        quote_volume: Some(f.notional("q")?),
        change: Some(f.price("p")?),
        change_percent: Some(f.decimal("P")?),
        weighted_average: Some(Price(f.decimal("w")?)),
        previous_close: Some(f.price("x")?),
        quote: Some(Quote {
            bid: f.price("b")?,
            bid_quantity: f.quantity("B")?,
            ask: f.price("a")?,
            ask_quantity: f.quantity("A")?,
            update_id: None,
            time: None,
        }),
        open_time: Some(f.read("O", time)?),
        close_time: Some(f.read("C", time)?),
        first_id: f.read("F", id_or_none)?,
        last_id: f.read("L", id_or_none)?,
        trades: Some(f.unsigned("n")?),
    };
    let kind = EventKind::Ticker(Box::new(ticker));
    Ok(event(f.symbol("s")?, Some(f.read("E", time)?), kind))
}

fn shutdown(tree: &Json<'_>) -> Result<Event, DecodeError> {
    let f = Fields::in_text("serverShutdown", tree)?;
    Ok(Event {
        symbol: None,
        sent: Some(f.read("E", time)?),
        kind: EventKind::Notice(Notice::ShuttingDown),
    })
}
