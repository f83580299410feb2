//! Which contract bytes are about, without decoding them.

use quantflow_wire::{Input, Route};

use crate::json::{Json, peek};

pub(super) fn route<'a>(input: &Input<'a>) -> Route<'a> {
    match *input {
        Input::Answer { query, .. } => query
            .symbol()
            .map_or(Route::All, |symbol| Route::Symbol(symbol.as_str())),
        Input::Message { bytes, .. } => slow(bytes),
    }
}

/// Messages are short, and their keys come in any order: which kind one is must be known first.
fn slow(bytes: &[u8]) -> Route<'_> {
    if let Some(feed) = peek::entry(bytes, "feed").and_then(peek::text)
        && let Some(product) = peek::entry(bytes, "product_id").and_then(peek::text)
        && peek::entry(bytes, "event").is_none()
        && feed != "heartbeat"
    {
        return Route::Symbol(product);
    }
    let Ok(tree) = Json::parse(bytes) else {
        return Route::Unknown;
    };
    let text = |name| tree.entry(name).and_then(Json::text);
    if text("event").is_some() || text("feed") == Some("heartbeat") {
        return Route::All;
    }
    let product = tree.entry("product_id").and_then(Json::plain_text);
    product.map_or(Route::Unknown, Route::Symbol)
}
