//! Messages of a socket: JSON-RPC.

use quantflow_model::{Timeframe, VenueSymbol};
use quantflow_wire::{DecodeError, Event, EventKind, Notice, Route, VenueCandle};
use serde_json::json;

use super::description::TIMEFRAMES;
use super::{market, names};
use crate::events as said;
use crate::json::value::{decimal, millis, price, symbol};
use crate::json::{Fields, Json};

/// The symbol in a channel's name: `book.BTC-PERPETUAL.100ms`, `chart.trades.BTC-PERPETUAL.1`.
fn channel_symbol(channel: &str) -> Option<&str> {
    let mut parts = channel.split('.');
    match parts.next()? {
        "book" | "quote" | "ticker" | "trades" => parts.next(),
        "chart" => parts.nth(1),
        _ => None,
    }
}

/// What stands behind `"channel":"`, without reading the rest.
fn quick(bytes: &[u8]) -> Option<&str> {
    const KEY: &[u8] = b"\"params\":{\"channel\":\"";
    let start = bytes.windows(KEY.len()).take(80).position(|w| w == KEY)? + KEY.len();
    let rest = bytes.get(start..)?;
    let end = rest
        .iter()
        .take(100)
        .position(|b| matches!(b, b'"' | b'\\'))?;
    if rest[end] != b'"' {
        return None;
    }
    channel_symbol(std::str::from_utf8(&rest[..end]).ok()?)
}

pub(super) fn route(bytes: &[u8]) -> Route<'_> {
    if let Some(symbol) = quick(bytes) {
        return Route::Symbol(symbol);
    }
    let Ok(tree) = Json::parse(bytes) else {
        return Route::Unknown;
    };
    let params = tree.entry("params");
    match params.and_then(|params| params.entry("channel")) {
        Some(channel) => match channel.plain_text().and_then(channel_symbol) {
            Some(symbol) => Route::Symbol(symbol),
            None => Route::Unknown,
        },
        None => Route::All,
    }
}

/// The venue wants an answer to a test, or it cuts the connection.
pub(super) fn reply(message: &[u8]) -> Option<String> {
    const TEST: &[u8] = b"test_request";
    // it is a short message
    if message.len() > 200 || !message.windows(TEST.len()).any(|window| window == TEST) {
        return None;
    }
    let tree = Json::parse(message).ok()?;
    let kind = tree.entry("params")?.entry("type")?.text()?;
    (tree.entry("method")?.text()? == "heartbeat" && kind == "test_request").then(|| {
        json!({"jsonrpc": "2.0", "id": super::request::TEST_ID, "method": "public/test", "params": {}})
            .to_string()
    })
}

pub(super) fn decode(bytes: &[u8]) -> Result<Vec<Event>, DecodeError> {
    let tree = Json::parse(bytes)?;
    let f = Fields::new("message", &tree)?;
    match f.optional("method", Json::text)? {
        Some("subscription") => data(&Fields::new("params", f.get("params")?)?),
        Some("heartbeat") => Ok(vec![said::notice(Notice::Heartbeat)]),
        Some(other) => Err(DecodeError::UnknownMessage(said::short(other))),
        None => notice(&f).map(|notice| vec![said::notice(notice)]),
    }
}

/// Answers to what was sent over the socket.
fn notice(f: &Fields<'_, '_>) -> Result<Notice, DecodeError> {
    let id = f.optional("id", Json::unsigned)?;
    if let Some(error) = f.object().entry("error") {
        let error = Fields::new("error", error)?;
        return Ok(Notice::Refused {
            id,
            code: error.read("code", Json::integer)?,
            message: said::short(error.text("message")?),
        });
    }
    match f.get("result")? {
        // the channels that were taken
        Json::List(_) => Ok(Notice::Subscribed { id }),
        // "ok" to the wish for tests, the version to a test
        Json::Text(_) | Json::Object(_) => Ok(Notice::Heartbeat),
        other => Err(f.bad("result", other)),
    }
}

fn data(params: &Fields<'_, '_>) -> Result<Vec<Event>, DecodeError> {
    let channel = params.text("channel")?;
    let unknown = || DecodeError::UnknownMessage(said::short(channel));
    let about = channel_symbol(channel).ok_or_else(unknown)?;
    // text with escapes names no symbol; `read` sees that
    params.read("channel", symbol)?;
    let about = VenueSymbol::new(about).ok_or_else(unknown)?;
    let data = params.get("data")?;
    let mut events = Vec::new();
    let kind = channel.split('.').next().unwrap_or_default();
    if kind == "trades" {
        for item in said::items("trades", data)? {
            market::trade(&about, item, &mut events)?;
        }
        return Ok(events);
    }
    let f = Fields::new("data", data)?;
    let mut sent = None;
    if kind != "chart" {
        market::same_symbol(&f, &about)?;
        sent = Some(f.read("timestamp", millis)?);
    }
    let mut say = |kind| events.push(said::about(&about, sent, kind));
    match kind {
        "book" => say(market::streamed_book(&f)?),
        "quote" => {
            if let Some(quote) = market::quote(&f)? {
                say(EventKind::Quote(quote));
            }
        }
        "ticker" => {
            if let Some(ticker) = market::ticker(&f)? {
                say(EventKind::Ticker(Box::new(ticker)));
            }
            say(market::state(&f)?);
        }
        _ => {
            let resolution = channel.rsplit('.').next().unwrap_or_default();
            let known = TIMEFRAMES.iter().find(|(_, name)| *name == resolution);
            let (timeframe, _) = known.ok_or_else(unknown)?;
            let candle = candle(&f, &about, *timeframe)?;
            say(EventKind::Candle(Box::new(candle)));
        }
    }
    Ok(events)
}

/// The candle that is being built; nothing says when it is done.
fn candle(
    f: &Fields<'_, '_>,
    about: &VenueSymbol,
    timeframe: Timeframe,
) -> Result<VenueCandle, DecodeError> {
    let prices = [
        f.read("open", price)?,
        f.read("high", price)?,
        f.read("low", price)?,
        f.read("close", price)?,
    ];
    let volume = f.read(volume_field(about), decimal)?;
    let open_time = f.read("tick", millis)?;
    let candle = VenueCandle::bare(timeframe, open_time, prices, volume.into());
    Ok(candle)
}

/// Where a candle says its volume in the unit of the instrument's quantities: dollars are its cost.
pub(super) fn volume_field(symbol: &VenueSymbol) -> &'static str {
    if names::is_inverse(symbol) {
        "cost"
    } else {
        "volume"
    }
}
