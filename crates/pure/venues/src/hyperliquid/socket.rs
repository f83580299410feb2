//! Messages of a socket: a channel and its data.

use quantflow_model::Quote;
use quantflow_wire::{DecodeError, Event, EventKind, Notice, Route};

use super::description::TIMEFRAMES;
use super::market;
use crate::events as said;
use crate::json::value::millis;
use crate::json::{Fields, Json};

/// The symbol of a message that begins as all do; the data of a channel is about one.
fn quick(bytes: &[u8]) -> Option<&str> {
    const COIN: &[u8] = b"\"coin\":\"";
    if !bytes.starts_with(b"{\"channel\":\"") {
        return None;
    }
    let data = bytes.get(..160.min(bytes.len()))?;
    let start = data.windows(COIN.len()).position(|w| w == COIN)? + COIN.len();
    let rest = &bytes[start..];
    let end = rest
        .iter()
        .take(70)
        .position(|b| matches!(b, b'"' | b'\\'))?;
    if rest[end] != b'"' || end == 0 || data.starts_with(b"{\"channel\":\"subscription") {
        return None;
    }
    std::str::from_utf8(&rest[..end]).ok()
}

pub(super) fn route(bytes: &[u8]) -> Route<'_> {
    if let Some(symbol) = quick(bytes) {
        return Route::Symbol(symbol);
    }
    let Ok(tree) = Json::parse(bytes) else {
        return Route::Unknown;
    };
    let Some(channel) = tree.entry("channel").and_then(Json::text) else {
        return Route::Unknown;
    };
    let Some(data) = tree.entry("data") else {
        return Route::All;
    };
    let first = data.items().map_or(Some(data), <[Json<'_>]>::first);
    let key = if channel == "candle" { "s" } else { "coin" };
    let symbol = first.and_then(|first| first.entry(key));
    match symbol.map(Json::plain_text) {
        Some(Some(symbol)) => Route::Symbol(symbol),
        Some(None) => Route::Unknown,
        None => Route::All,
    }
}

pub(super) fn decode(bytes: &[u8]) -> Result<Vec<Event>, DecodeError> {
    let tree = Json::parse(bytes)?;
    let f = Fields::new("message", &tree)?;
    let channel = f.text("channel")?;
    match channel {
        "pong" => return Ok(vec![said::notice(Notice::Heartbeat)]),
        "subscriptionResponse" => {
            return Ok(vec![said::notice(Notice::Subscribed { id: None })]);
        }
        "error" => {
            // the words alone; it has no codes
            let message = said::short(f.text("data")?);
            return Ok(vec![said::notice(Notice::Refused {
                id: None,
                code: 0,
                message,
            })]);
        }
        _ => {}
    }
    let data = f.get("data")?;
    let events = match channel {
        "trades" => {
            let items = said::items("trades", data)?.iter();
            items.map(market::trade).collect::<Result<Vec<_>, _>>()?
        }
        "l2Book" => vec![market::book(data)?],
        "bbo" => best(data)?.into_iter().collect(),
        "activeAssetCtx" => {
            let f = Fields::new("activeAssetCtx", data)?;
            vec![market::state(&f.symbol("coin")?, f.get("ctx")?)?]
        }
        "candle" => {
            let one = std::slice::from_ref(data);
            let items = data.items().unwrap_or(one).iter();
            items.map(candle).collect::<Result<Vec<_>, _>>()?
        }
        other => return Err(DecodeError::UnknownMessage(said::short(other))),
    };
    // a channel is one symbol's
    let mut symbols = events.iter().map(|event| &event.symbol);
    let first = symbols.next();
    if let Some(other) = symbols.find(|symbol| Some(*symbol) != first) {
        let other = other.as_ref().map_or("", |symbol| symbol.as_str());
        return Err(DecodeError::BadField {
            message: "trades",
            field: "coin",
            found: said::short(other),
        });
    }
    Ok(events)
}

/// The best of both sides; nothing where one is empty.
fn best(data: &Json<'_>) -> Result<Option<Event>, DecodeError> {
    let f = Fields::new("bbo", data)?;
    let time = f.read("time", millis)?;
    let [bid, ask] = f.list("bbo")? else {
        return Err(f.bad("bbo", f.get("bbo")?));
    };
    if *bid == Json::Null || *ask == Json::Null {
        return Ok(None);
    }
    let (bid, ask) = (market::level(bid)?, market::level(ask)?);
    let quote = Quote {
        time: Some(time),
        ..said::quote((bid.price, bid.quantity), (ask.price, ask.quantity))
    };
    let kind = EventKind::Quote(quote);
    Ok(Some(said::about(&f.symbol("coin")?, Some(time), kind)))
}

fn candle(item: &Json<'_>) -> Result<Event, DecodeError> {
    let f = Fields::new("candle", item)?;
    let name = f.text("i")?;
    let known = TIMEFRAMES.iter().find(|(_, known)| *known == name);
    match known {
        Some((timeframe, _)) => market::candle(item, *timeframe),
        None => Err(f.bad("i", f.get("i")?)),
    }
}
