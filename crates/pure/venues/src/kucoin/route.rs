//! Which symbol bytes are about, without decoding them.

use quantflow_wire::{Input, Route};

use super::message::{split, symbol_text};
use crate::json::Json;

pub(super) fn route<'a>(input: &Input<'a>) -> Route<'a> {
    match *input {
        Input::Answer { query, .. } => query
            .symbol()
            .map_or(Route::All, |symbol| Route::Symbol(symbol.as_str())),
        Input::Message { bytes, .. } => {
            if let Some(topic) = quick(bytes) {
                return of_topic(topic);
            }
            let Ok(tree) = Json::parse(bytes) else {
                return Route::Unknown;
            };
            match tree.entry("topic") {
                Some(topic) => topic.plain_text().map_or(Route::Unknown, of_topic),
                None => Route::All,
            }
        }
    }
}

fn of_topic(topic: &str) -> Route<'_> {
    let symbol = split(topic).and_then(|(path, about)| symbol_text(path, about));
    // of all symbols, or all of a market
    symbol.map_or(Route::All, Route::Symbol)
}

/// The topic of a message that begins as those of today do.
fn quick(bytes: &[u8]) -> Option<&str> {
    let rest = bytes
        .strip_prefix(b"{\"topic\":\"")
        .or_else(|| bytes.strip_prefix(b"{\"type\":\"message\",\"topic\":\""))?;
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'/' | b':' | b'.');
    let length = rest.iter().position(|b| !plain(b))?;
    (rest[length] == b'"')
        .then(|| std::str::from_utf8(&rest[..length]).ok())
        .flatten()
}
