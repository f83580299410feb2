//! Which symbol bytes are about, without decoding them.

use quantflow_wire::{Input, Route};

use super::message::stream_symbol;
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

/// The symbol of a message that begins as all do.
#[inline]
fn quick(bytes: &[u8]) -> Option<&str> {
    if let Some(rest) = bytes.strip_prefix(b"{\"stream\":\"") {
        return plain(rest, b'@');
    }
    let rest = if let Some(rest) = bytes.strip_prefix(b"{\"u\":") {
        rest
    } else {
        let rest = bytes.strip_prefix(b"{\"e\":\"")?;
        let kind = rest.iter().position(|b| !b.is_ascii_alphanumeric())?;
        rest[kind..].strip_prefix(b"\",\"E\":")?
    };
    let number = rest.iter().position(|b| !b.is_ascii_digit())?;
    plain(rest[number..].strip_prefix(b",\"s\":\"")?, b'"')
}

/// Letters and digits up to a byte.
#[inline]
fn plain(bytes: &[u8], end: u8) -> Option<&str> {
    let length = bytes.iter().position(|b| !b.is_ascii_alphanumeric())?;
    if bytes[length] != end || length == 0 {
        return None;
    }
    std::str::from_utf8(&bytes[..length]).ok()
}

/// As decoding sees it. Text with escapes cannot be borrowed, and decoding refuses it too.
fn slow(bytes: &[u8]) -> Route<'_> {
    let Ok(tree) = Json::parse(bytes) else {
        return Route::Unknown;
    };
    if let Some(stream) = tree.entry("stream") {
        return match stream.plain_text() {
            Some(name) => stream_symbol(name).map_or(Route::All, Route::Symbol),
            None => Route::Unknown,
        };
    }
    match tree.entry("s") {
        Some(symbol) => symbol.plain_text().map_or(Route::Unknown, Route::Symbol),
        // an answer to us, or a word about the connection
        None if ["result", "error", "code", "event", "e"]
            .iter()
            .any(|key| tree.entry(key).is_some()) =>
        {
            Route::All
        }
        None => Route::Unknown,
    }
}
