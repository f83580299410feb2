//! Which pair bytes are about, without decoding them.

use quantflow_wire::{Input, Route};

use crate::json::{Json, peek};
use crate::reading::one_symbol;

pub(super) fn route<'a>(input: &Input<'a>) -> Route<'a> {
    match *input {
        Input::Answer { query, .. } => query
            .symbol()
            .map_or(Route::All, |symbol| Route::Symbol(symbol.as_str())),
        Input::Message { bytes, .. } => {
            if bytes.trim_ascii_start().starts_with(b"[") {
                return list(bytes);
            }
            match peek::entry(bytes, "channel").and_then(peek::text) {
                Some("trade" | "ticker" | "ohlc" | "book") => {
                    let data = peek::entry(bytes, "data").map(peek::items);
                    let pair = |item| peek::entry(item, "symbol").and_then(peek::text);
                    one_symbol(data.into_iter().flatten().map(pair)).unwrap_or_else(|| slow(bytes))
                }
                _ => slow_unless(bytes),
            }
        }
    }
}

/// Lists of version 1 end with their pair.
fn list(bytes: &[u8]) -> Route<'_> {
    match peek::items(bytes).last().and_then(peek::text) {
        Some(pair) => Route::Symbol(pair),
        None => Route::Unknown,
    }
}

/// What is short is about the connection.
fn slow_unless(bytes: &[u8]) -> Route<'_> {
    let has = |name| peek::entry(bytes, name).and_then(peek::text);
    match has("channel")
        .or_else(|| has("method"))
        .or_else(|| has("event"))
    {
        Some(_) => Route::All,
        None => slow(bytes),
    }
}

/// As decoding sees it: keys may be written with escapes.
fn slow<'a>(bytes: &'a [u8]) -> Route<'a> {
    let Ok(tree) = Json::parse(bytes) else {
        return Route::Unknown;
    };
    match tree.entry("channel").and_then(Json::text) {
        Some("trade" | "ticker" | "ohlc" | "book") => {
            let items = tree.entry("data").and_then(Json::items).unwrap_or_default();
            let pair = |item: &Json<'a>| item.entry("symbol").and_then(Json::plain_text);
            one_symbol(items.iter().map(pair)).unwrap_or(Route::Unknown)
        }
        _ => Route::All,
    }
}
