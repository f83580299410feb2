//! Which symbol bytes are about, without decoding them.

use quantflow_wire::{Input, Route};

use super::Market;
use super::message::split;
use crate::json::Json;

pub(super) fn route<'a>(market: Market, input: &Input<'a>) -> Route<'a> {
    match *input {
        Input::Answer { query, .. } => query
            .symbol()
            .map_or(Route::All, |symbol| Route::Symbol(symbol.as_str())),
        Input::Message { bytes, .. } => {
            if let Some(topic) = quick(bytes) {
                return of_topic(market, topic);
            }
            let Ok(tree) = Json::parse(bytes) else {
                return Route::Unknown;
            };
            match tree.entry("topic") {
                Some(topic) => topic
                    .plain_text()
                    .map_or(Route::Unknown, |topic| of_topic(market, topic)),
                None => Route::All,
            }
        }
    }
}

fn of_topic(market: Market, topic: &str) -> Route<'_> {
    match split(topic) {
        // trades of options are those of a base: of several symbols
        Some(("publicTrade" | "trade", _)) if market == Market::Option => Route::All,
        Some((_, symbol)) => Route::Symbol(symbol),
        None => Route::Unknown,
    }
}

/// The topic of a message that begins with it, as most do.
fn quick(bytes: &[u8]) -> Option<&str> {
    let rest = bytes.strip_prefix(b"{\"topic\":\"")?;
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let length = rest.iter().position(|b| !plain(b))?;
    (rest[length] == b'"')
        .then(|| std::str::from_utf8(&rest[..length]).ok())
        .flatten()
}
