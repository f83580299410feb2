//! Messages of a socket: JSON-RPC.

use quantflow_model::VenueSymbol;
use quantflow_wire::{DecodeError, Event, EventKind, Notice, Route};

use super::market;
use crate::events as said;
use crate::json::value::symbol;
use crate::json::{Fields, Json};

/// The kinds of channels; the first that fits is it.
pub(super) const SNAPSHOT: &str = "lightning_board_snapshot_";
pub(super) const BOARD: &str = "lightning_board_";
pub(super) const TICKER: &str = "lightning_ticker_";
pub(super) const EXECUTIONS: &str = "lightning_executions_";
const KINDS: [&str; 4] = [SNAPSHOT, BOARD, TICKER, EXECUTIONS];

/// What a channel's name says: its kind, and the product.
fn parts(channel: &str) -> Option<(&'static str, &str)> {
    let parts = |kind: &&'static str| Some((*kind, channel.strip_prefix(*kind)?));
    KINDS.iter().find_map(parts).filter(|(_, p)| !p.is_empty())
}

/// The product of a message that begins as all do.
fn quick(bytes: &[u8]) -> Option<&str> {
    const KEY: &[u8] = b"\"params\":{\"channel\":\"";
    let head = &bytes[..bytes.len().min(100)];
    let start = head.windows(KEY.len()).position(|w| w == KEY)? + KEY.len();
    let rest = &bytes[start..];
    let end = rest
        .iter()
        .take(90)
        .position(|b| matches!(b, b'"' | b'\\'))?;
    if rest[end] != b'"' {
        return None;
    }
    let channel = std::str::from_utf8(&rest[..end]).ok()?;
    parts(channel).map(|(_, product)| product)
}

pub(super) fn route(bytes: &[u8]) -> Route<'_> {
    if let Some(product) = quick(bytes) {
        return Route::Symbol(product);
    }
    let Ok(tree) = Json::parse(bytes) else {
        return Route::Unknown;
    };
    let params = tree.entry("params");
    match params.and_then(|params| params.entry("channel")) {
        Some(channel) => match channel.plain_text().and_then(parts) {
            Some((_, product)) => Route::Symbol(product),
            None => Route::Unknown,
        },
        None => Route::All,
    }
}

pub(super) fn decode(bytes: &[u8]) -> Result<Vec<Event>, DecodeError> {
    let tree = Json::parse(bytes)?;
    let f = Fields::new("message", &tree)?;
    match f.optional("method", Json::text)? {
        Some("channelMessage") => {}
        Some(other) => return Err(DecodeError::UnknownMessage(said::short(other))),
        None => return notice(&f).map(|notice| vec![said::notice(notice)]),
    }
    let params = Fields::new("params", f.get("params")?)?;
    // text with escapes names no channel
    params.read("channel", symbol)?;
    let channel = params.text("channel")?;
    let unknown = || DecodeError::UnknownMessage(said::short(channel));
    let (kind, product) = parts(channel).ok_or_else(unknown)?;
    let about = VenueSymbol::new(product).ok_or_else(unknown)?;
    let message = params.get("message")?;
    match kind {
        EXECUTIONS => market::executions(&about, message),
        TICKER => {
            let f = Fields::new("ticker", message)?;
            let (symbol, sent, ticker) = market::ticker(&f)?;
            if symbol != about {
                return Err(f.bad("product_code", f.get("product_code")?));
            }
            let kind = EventKind::Ticker(Box::new(ticker));
            Ok(vec![said::about(&about, Some(sent), kind)])
        }
        SNAPSHOT => Ok(vec![said::about(&about, None, market::snapshot(message)?)]),
        _ => Ok(vec![said::about(&about, None, market::change(message)?)]),
    }
}

/// Answers to what was sent over the socket.
fn notice(f: &Fields<'_, '_>) -> Result<Notice, DecodeError> {
    let id = f.optional("id", Json::unsigned)?;
    if let Some(error) = f.object().entry("error") {
        let error = Fields::new("error", error)?;
        return Ok(Notice::Refused {
            id,
            code: error.read("code", Json::integer)?,
            message: said::short(error.text("message")?),
        });
    }
    if f.flag("result")? {
        Ok(Notice::Subscribed { id })
    } else {
        Ok(Notice::Refused {
            id,
            code: 0,
            message: "false".into(),
        })
    }
}
