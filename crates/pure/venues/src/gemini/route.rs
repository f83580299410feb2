//! Which symbol bytes are about, without decoding them.

use quantflow_wire::{Input, Route};

use crate::json::{Json, peek};

pub(super) fn route<'a>(input: &Input<'a>) -> Route<'a> {
    match *input {
        Input::Answer { query, .. } => query
            .symbol()
            .map_or(Route::All, |symbol| Route::Symbol(symbol.as_str())),
        Input::Message { bytes, .. } => {
            let of = |name| peek::entry(bytes, name).and_then(peek::text);
            match of("type") {
                Some("heartbeat") => Route::All,
                Some(_) => of("symbol").map_or_else(|| slow(bytes), Route::Symbol),
                None => slow(bytes),
            }
        }
    }
}

/// As decoding sees it: keys may be written with escapes.
fn slow(bytes: &[u8]) -> Route<'_> {
    let Ok(tree) = Json::parse(bytes) else {
        return Route::Unknown;
    };
    match tree.entry("type").and_then(Json::text) {
        None | Some("heartbeat" | "") => Route::All,
        Some(_) => tree
            .entry("symbol")
            .and_then(Json::plain_text)
            .map_or(Route::Unknown, Route::Symbol),
    }
}
