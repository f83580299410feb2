//! Which symbol bytes are about, without decoding them.

use quantflow_wire::{Input, Route};

use super::message::PONG;
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

/// The symbol of a message that begins as the venue's do: `{"arg":{"channel":"…","instId":"…"`.
fn quick(bytes: &[u8]) -> Option<&str> {
    let rest = bytes.strip_prefix(b"{\"arg\":{\"channel\":\"")?;
    let channel = rest.iter().position(|b| !is_plain(*b))?;
    let rest = rest[channel..].strip_prefix(b"\",\"instId\":\"")?;
    let length = rest.iter().position(|b| !is_plain(*b))?;
    if length == 0 || rest[length] != b'"' {
        return None;
    }
    std::str::from_utf8(&rest[..length]).ok()
}

const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

/// As decoding sees it. Text with escapes cannot be borrowed, and decoding refuses it too.
fn slow(bytes: &[u8]) -> Route<'_> {
    if bytes == PONG {
        return Route::All;
    }
    let Ok(tree) = Json::parse(bytes) else {
        return Route::Unknown;
    };
    if tree.entry("event").is_some() {
        return Route::All;
    }
    let Some(arg) = tree.entry("arg") else {
        return Route::Unknown;
    };
    match arg.entry("instId") {
        Some(symbol) => symbol.plain_text().map_or(Route::Unknown, Route::Symbol),
        None => Route::All,
    }
}
