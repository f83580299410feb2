//! Which symbol bytes are about, without decoding them.

use quantflow_wire::{Input, Route};

use crate::binance::message::stream_symbol;
use crate::json::Json;

pub(super) fn route<'a>(input: &Input<'a>) -> Route<'a> {
    match *input {
        Input::Answer { query, .. } => query
            .symbol()
            .map_or(Route::All, |symbol| Route::Symbol(symbol.as_str())),
        Input::Message { bytes, .. } => match quick(bytes) {
            Some(symbol) => Route::Symbol(symbol),
            None => slow(bytes),
        },
    }
}

/// The symbol of a message of a combined stream that begins as all do.
fn quick(bytes: &[u8]) -> Option<&str> {
    let rest = bytes.strip_prefix(b"{\"stream\":\"")?;
    let length = rest
        .iter()
        .position(|b| !b.is_ascii_alphanumeric() && *b != b'_')?;
    if rest[length] != b'@' || length == 0 {
        return None;
    }
    std::str::from_utf8(&rest[..length]).ok()
}

/// As decoding sees it.
fn slow(bytes: &[u8]) -> Route<'_> {
    let Ok(tree) = Json::parse(bytes) else {
        return Route::Unknown;
    };
    if let Some(stream) = tree.entry("stream") {
        let name = stream.plain_text().and_then(stream_symbol);
        return name.map_or(Route::Unknown, Route::Symbol);
    }
    let order = tree.entry("o").and_then(|order| order.entry("s"));
    match tree.entry("s").or(order) {
        Some(symbol) => symbol.plain_text().map_or(Route::Unknown, Route::Symbol),
        // an answer to us
        None if ["result", "error", "code"]
            .iter()
            .any(|key| tree.entry(key).is_some()) =>
        {
            Route::All
        }
        None => Route::Unknown,
    }
}
