//! Which market bytes are about, without decoding them.

use quantflow_wire::{Input, Route};

use super::message::market;
use crate::json::{Json, peek};

pub(super) fn route<'a>(input: &Input<'a>) -> Route<'a> {
    match *input {
        Input::Answer { query, .. } => query
            .symbol()
            .map_or(Route::All, |symbol| Route::Symbol(symbol.as_str())),
        Input::Message { bytes, .. } => {
            let of = |name| peek::entry(bytes, name).and_then(peek::text);
            match (of("event"), of("channel")) {
                (Some("trade" | "data"), Some(channel)) => {
                    market(channel).map_or(Route::Unknown, Route::Symbol)
                }
                _ => slow(bytes),
            }
        }
    }
}

/// As decoding sees it: keys may be written with escapes.
fn slow(bytes: &[u8]) -> Route<'_> {
    let Ok(tree) = Json::parse(bytes) else {
        return Route::Unknown;
    };
    match tree.entry("event").and_then(Json::text) {
        Some("trade" | "data") => tree
            .entry("channel")
            .and_then(Json::plain_text)
            .and_then(market)
            .map_or(Route::Unknown, Route::Symbol),
        Some(_) => Route::All,
        None => Route::Unknown,
    }
}
