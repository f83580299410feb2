//! Which symbol bytes are about, without decoding them.

use quantflow_wire::{Input, Route};

use super::message::split;
use super::packed::is_packed;
use crate::json::Json;

pub(super) fn route<'a>(input: &Input<'a>) -> Route<'a> {
    match *input {
        Input::Answer { query, .. } => query
            .symbol()
            .map_or(Route::All, |symbol| Route::Symbol(symbol.as_str())),
        // the symbol is in the packed part and cannot be pointed at
        Input::Message { bytes, .. } if is_packed(bytes) => Route::All,
        Input::Message { bytes, .. } => {
            let Ok(tree) = Json::parse(bytes) else {
                return Route::Unknown;
            };
            let is_told = tree.entry("op").and_then(Json::text) == Some("notify");
            let topic = match tree.entry("ch") {
                Some(channel) => channel.plain_text().and_then(|text| split(text, "market")),
                None if is_told => tree
                    .entry("topic")
                    .and_then(Json::plain_text)
                    .and_then(|text| split(text, "public")),
                None => return Route::All,
            };
            topic.map_or(Route::Unknown, |(symbol, _)| Route::Symbol(symbol))
        }
    }
}
