//! Messages of a socket, which come as binary frames of JSON.

use quantflow_wire::{DecodeError, Event, EventKind, Notice, Route};

use super::description::TIMEFRAMES;
use super::market::{self, name};
use crate::events as said;
use crate::json::value::millis;
use crate::json::{Fields, Json};

/// The market of a message, which stands near its beginning.
fn quick(bytes: &[u8]) -> Option<&str> {
    if !bytes.starts_with(b"{\"ty") {
        return None;
    }
    let head = &bytes[..bytes.len().min(80)];
    let start = [&b"\"cd\":\""[..], b"\"code\":\""]
        .iter()
        .find_map(|key| Some(head.windows(key.len()).position(|w| w == *key)? + key.len()))?;
    let rest = &bytes[start..];
    let end = rest
        .iter()
        .take(70)
        .position(|b| matches!(b, b'"' | b'\\'))?;
    if rest[end] != b'"' || end == 0 {
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
    match tree.entry("cd").or_else(|| tree.entry("code")) {
        Some(symbol) => symbol.plain_text().map_or(Route::Unknown, Route::Symbol),
        None => Route::All,
    }
}

pub(super) fn decode(bytes: &[u8]) -> Result<Vec<Event>, DecodeError> {
    let tree = Json::parse(bytes)?;
    let f = Fields::new("message", &tree)?;
    if let Some(error) = tree.entry("error") {
        let error = Fields::new("error", error)?;
        let code = error.optional("name", Json::text)?.unwrap_or_default();
        let words = error.optional("message", Json::text)?.unwrap_or_default();
        return Ok(vec![said::notice(Notice::Refused {
            id: None,
            code: 0,
            message: format!("{}: {}", said::short(code), said::short(words)),
        })]);
    }
    if f.has("status") {
        return Ok(vec![said::notice(Notice::Heartbeat)]);
    }
    let kind = f.text(name(&f, "type", "ty"))?;
    let symbol = f.symbol(name(&f, "code", "cd"))?;
    let sent = f.optional(name(&f, "timestamp", "tms"), millis)?;
    let kind = match kind {
        "trade" => {
            let trade = market::print(&f)?;
            let field = name(&f, "sequential_id", "sid");
            let missing = DecodeError::Missing {
                message: "trade",
                field,
            };
            trade.kind(trade.id.ok_or(missing)?)
        }
        "orderbook" => EventKind::BookSnapshot(market::book(&f)?),
        "ticker" => EventKind::Ticker(Box::new(market::ticker(&f)?)),
        other => {
            let unit = other.strip_prefix("candle.");
            let known = TIMEFRAMES.iter().find(|known| Some(known.2) == unit);
            let Some((timeframe, ..)) = known else {
                return Err(DecodeError::UnknownMessage(said::short(other)));
            };
            let mut event = market::candle(&f, &symbol, *timeframe)?;
            event.sent = sent;
            return Ok(vec![event]);
        }
    };
    Ok(vec![said::about(&symbol, sent, kind)])
}
