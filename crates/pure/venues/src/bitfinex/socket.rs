//! Messages of a socket: words as objects, data as lists behind the number of a channel.

use quantflow_model::{BookChecksum, BookDelta, BookSnapshot, Timeframe, Timestamp, VenueSymbol};
use quantflow_wire::{Binding, Bindings, DecodeError, Event, EventKind, Notice, Route};

use super::description::TIMEFRAMES;
use super::rows;
use crate::events as said;
use crate::json::{Fields, Json, Row};

/// What a channel's number is bound to where its messages are about several symbols.
pub(super) const ALL: &str = "liq:global";
/// Sequence numbers count messages of a connection, times count milliseconds since 1970: no connection
/// lives for as many messages.
const FIRST_TIME: u64 = 1_000_000_000_000;

/// What a message that confirms a subscription binds, or one that ends it releases;
/// whether that is new.
pub(super) fn bind(message: &[u8], bindings: &mut Bindings) -> bool {
    if message.first() != Some(&b'{') {
        return false;
    }
    let Ok(tree) = Json::parse(message) else {
        return false;
    };
    let number = tree.entry("chanId").and_then(Json::unsigned);
    match (tree.entry("event").and_then(Json::text), number) {
        (Some("subscribed"), Some(number)) => {
            binding(&tree).is_some_and(|binding| bindings.bind(number, binding))
        }
        (Some("unsubscribed"), Some(number)) => bindings.release(number),
        _ => false,
    }
}

fn binding(tree: &Json<'_>) -> Option<Binding> {
    let text = |name| tree.entry(name).and_then(Json::plain_text);
    let (symbol, channel) = match text("channel")? {
        "book" => (text("symbol")?, format!("book:{}", text("prec")?)),
        "candles" => {
            let mut parts = text("key")?.splitn(3, ':').skip(1);
            let timeframe = parts.next()?;
            (parts.next()?, format!("candles:{timeframe}"))
        }
        "status" => match text("key")? {
            ALL => (ALL, "liquidations".into()),
            key => (key.strip_prefix("deriv:")?, "state".into()),
        },
        other => (text("symbol")?, other.into()),
    };
    Some(Binding {
        symbol: VenueSymbol::new(symbol)?,
        channel: channel.into(),
    })
}

/// The number that a list begins with, and what follows it.
fn channel(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let rest = bytes.trim_ascii_start().strip_prefix(b"[")?;
    let rest = rest.trim_ascii_start();
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let number = std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
    Some((number, rest[digits..].trim_ascii_start()))
}

pub(super) fn route<'a>(bytes: &'a [u8], bindings: &'a Bindings) -> Route<'a> {
    if bytes.trim_ascii_start().first() == Some(&b'{') {
        return Route::All;
    }
    let Some((number, rest)) = channel(bytes) else {
        return Route::Unknown;
    };
    let beats = |rest: &[u8]| {
        let word = rest.strip_prefix(b",").map(<[u8]>::trim_ascii_start);
        word.is_some_and(|word| word.starts_with(b"\"hb\""))
    };
    match bindings.get(number) {
        _ if beats(rest) => Route::All,
        Some(binding) if binding.symbol.as_str() == ALL => Route::All,
        Some(binding) => Route::Symbol(binding.symbol.as_str()),
        None => Route::Unknown,
    }
}

pub(super) fn decode(bytes: &[u8], bindings: &Bindings) -> Result<Vec<Event>, DecodeError> {
    let tree = Json::parse(bytes)?;
    if let Json::Object(_) = tree {
        return word(&tree).map(|event| vec![event]);
    }
    let row = Row::new("message", &tree)?;
    let number = row.read(0, "channel id", Json::unsigned)?;
    let payload = row.get(1, "payload")?;
    if payload.text() == Some("hb") {
        return Ok(vec![said::notice(Notice::Heartbeat)]);
    }
    let Some(Binding { symbol, channel }) = bindings.get(number) else {
        return Err(DecodeError::UnknownMessage(format!(
            "data of channel {number}, which nothing was bound to"
        )));
    };
    let items = said::items("message", &tree)?;
    match payload.text() {
        Some(kind) => {
            let data = row.get(2, "data")?;
            named(kind, channel, symbol, data, tail(&items[3..])?)
        }
        None => unnamed(channel, symbol, payload, tail(&items[2..])?),
    }
}

/// What stands behind the data: a number of sequence and a time, as far as they were asked for.
#[derive(Clone, Copy)]
struct Tail {
    sequence: u64,
    sent: Option<Timestamp>,
}

fn tail(items: &[Json<'_>]) -> Result<Tail, DecodeError> {
    let mut tail = Tail {
        sequence: 0,
        sent: None,
    };
    for item in items {
        match item.unsigned() {
            Some(number) if number < FIRST_TIME => tail.sequence = number,
            Some(_) => tail.sent = crate::json::value::millis(item),
            None => {
                return Err(DecodeError::BadField {
                    message: "message",
                    field: "sequence",
                    found: item.shown(),
                });
            }
        }
    }
    Ok(tail)
}

/// `[channel, kind, data, …]`
fn named(
    kind: &str,
    channel: &str,
    symbol: &VenueSymbol,
    data: &Json<'_>,
    tail: Tail,
) -> Result<Vec<Event>, DecodeError> {
    match (kind, channel) {
        ("te", "trades") => {
            let mut event = rows::trade(symbol, data)?;
            event.sent = tail.sent;
            Ok(vec![event])
        }
        // says again what "te" said; read all the same, so that one that changes its form is seen
        ("tu", "trades") => rows::trade(symbol, data).map(|_| Vec::new()),
        ("cs", _) if channel.starts_with("book:") => {
            let bad = || DecodeError::BadField {
                message: "checksum",
                field: "checksum",
                found: data.shown(),
            };
            let signed = data.integer().ok_or_else(bad)?;
            let bits = i32::try_from(signed).map(i32::cast_unsigned);
            let expected = bits.or_else(|_| u32::try_from(signed));
            let mut delta = delta(tail);
            delta.checksum = Some(BookChecksum {
                expected: expected.map_err(|_| bad())?,
                price_decimals: None,
                quantity_decimals: None,
            });
            let kind = EventKind::BookDelta(delta);
            Ok(vec![said::about(symbol, tail.sent, kind)])
        }
        _ => Err(DecodeError::UnknownMessage(format!(
            "{} of {}",
            said::short(kind),
            said::short(channel)
        ))),
    }
}

fn delta(tail: Tail) -> BookDelta {
    BookDelta {
        first_update_id: tail.sequence,
        last_update_id: tail.sequence,
        previous_update_id: None,
        time: tail.sent,
        bids: Vec::new(),
        asks: Vec::new(),
        checksum: None,
    }
}

/// `[channel, data, …]`
fn unnamed(
    channel: &str,
    symbol: &VenueSymbol,
    data: &Json<'_>,
    tail: Tail,
) -> Result<Vec<Event>, DecodeError> {
    let items = said::items("message", data)?;
    // a first message holds many rows, a later one is a row
    let many = items.first().is_none_or(|first| first.items().is_some());
    let one = std::slice::from_ref(data);
    let rows = if many { items } else { one };
    let mut events = match channel.split_once(':').unwrap_or((channel, "")) {
        ("ticker", _) => {
            let kind = EventKind::Ticker(Box::new(rows::ticker(data, 0)?));
            vec![said::about(symbol, None, kind)]
        }
        ("trades", _) if many => {
            let trades = rows.iter().map(|row| rows::trade(symbol, row));
            trades.collect::<Result<_, _>>()?
        }
        ("book", "P0" | "P1" | "P2" | "P3" | "P4") => {
            let (bids, asks) = rows::levels(rows)?;
            let kind = if many {
                EventKind::BookSnapshot(BookSnapshot {
                    last_update_id: tail.sequence,
                    time: tail.sent,
                    bids,
                    asks,
                    checksum: None,
                })
            } else {
                let mut delta = delta(tail);
                (delta.bids, delta.asks) = (bids, asks);
                EventKind::BookDelta(delta)
            };
            vec![said::about(symbol, None, kind)]
        }
        ("candles", name) => {
            let timeframe = timeframe(name)?;
            let candles = rows.iter();
            let candles = candles.map(|row| rows::candle(symbol, timeframe, row));
            candles.collect::<Result<_, _>>()?
        }
        ("state", _) => {
            let (_, state) = rows::state(data, 0)?;
            let kind = EventKind::Contract(Box::new(state));
            vec![said::about(symbol, None, kind)]
        }
        ("liquidations", _) => {
            let events = rows.iter().map(rows::liquidation);
            let events = events.collect::<Result<Vec<_>, _>>()?;
            events.into_iter().flatten().collect()
        }
        _ => {
            return Err(DecodeError::UnknownMessage(format!(
                "data of {}",
                said::short(channel)
            )));
        }
    };
    for event in &mut events {
        event.sent = tail.sent;
    }
    Ok(events)
}

fn timeframe(name: &str) -> Result<Timeframe, DecodeError> {
    let mut known = TIMEFRAMES.iter();
    match known.find(|(_, venue)| *venue == name) {
        Some((timeframe, _)) => Ok(*timeframe),
        None => Err(DecodeError::UnknownMessage(format!(
            "candles of {}",
            said::short(name)
        ))),
    }
}

/// A word about the connection or a subscription.
fn word(tree: &Json<'_>) -> Result<Event, DecodeError> {
    let f = Fields::new("event", tree)?;
    // the number that we gave it, which the venue repeats as text
    let id = f.object().entry("subId");
    let id = id.and_then(crate::json::value::unsigned);
    let kind = match f.text("event")? {
        "subscribed" => {
            f.unsigned("chanId")?;
            Notice::Subscribed { id }
        }
        "conf" if f.object().entry("status").and_then(Json::text) == Some("OK") => {
            Notice::Subscribed { id: None }
        }
        "error" | "conf" => Notice::Refused {
            id,
            code: f.optional("code", Json::integer)?.unwrap_or_default(),
            message: said::short(f.optional("msg", Json::text)?.unwrap_or_default()),
        },
        // 20051: the server restarts; 20060: maintenance begins; 20061: it ended, subscribe anew
        "info" => match f.optional("code", Json::unsigned)? {
            Some(20_051 | 20_060 | 20_061) => Notice::ShuttingDown,
            _ => Notice::Heartbeat,
        },
        "pong" | "unsubscribed" => Notice::Heartbeat,
        other => return Err(DecodeError::UnknownMessage(said::short(other))),
    };
    Ok(said::notice(kind))
}
