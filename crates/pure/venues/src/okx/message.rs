//! Messages of the sockets.

use quantflow_wire::{DecodeError, Event, EventKind, Notice};

use super::{names, rows};
use crate::json::{Fields, Json, value};
use crate::said::{about, notice, unknown};

/// What the venue says to a `ping`; the only message that is no JSON.
pub(super) const PONG: &[u8] = b"pong";

pub(super) fn decode(bytes: &[u8]) -> Result<Vec<Event>, DecodeError> {
    if bytes == PONG {
        return Ok(vec![notice(Notice::Heartbeat)]);
    }
    let tree = Json::parse(bytes)?;
    if let Some(event) = tree.entry("event") {
        return word(&tree, event).map(|word| vec![word]);
    }
    if tree.entry("arg").is_none() {
        return Err(unknown(&tree.names()));
    }
    data(&tree)
}

/// A word about the connection. `id` is ours, where we gave one.
fn word(tree: &Json<'_>, event: &Json<'_>) -> Result<Event, DecodeError> {
    let f = Fields::in_text("event", tree)?;
    let name = event.text().ok_or_else(|| f.bad("event", event))?;
    let id = f.optional("id", value::unsigned)?;
    Ok(notice(match name {
        "subscribe" => Notice::Subscribed { id },
        "error" => Notice::Refused {
            id,
            code: code(&f)?,
            message: f.text("msg")?.to_owned(),
        },
        // 64008: the connection is closed soon, for the servers are renewed
        "notice" if code(&f)? == 64_008 => Notice::ShuttingDown,
        "channel-conn-count" | "unsubscribe" => Notice::Heartbeat,
        other => return Err(unknown(&format!("event {other:?}"))),
    }))
}

fn code(f: &Fields<'_, '_>) -> Result<i64, DecodeError> {
    f.read("code", |found| match found {
        Json::Text(text) => text.parse().ok(),
        other => other.integer(),
    })
}

/// Rows of a channel.
fn data(tree: &Json<'_>) -> Result<Vec<Event>, DecodeError> {
    let envelope = Fields::in_text("message", tree)?;
    let arg = Fields::in_text("arg", envelope.get("arg")?)?;
    let channel = arg.text("channel")?;
    let items = envelope.list("data")?;
    if let Some(kind) = reader_of_several(channel) {
        if arg.has("instId") {
            return Err(arg.bad("instId", arg.get("instId")?));
        }
        let mut events = Vec::with_capacity(items.len());
        for item in items {
            kind(&Fields::in_text("row", item)?, &mut events)?;
        }
        return Ok(events);
    }
    let symbol = match arg.object().entry("instId") {
        Some(_) => arg.symbol("instId")?,
        None => return Err(unknown(&format!("channel {channel}"))),
    };
    if let Some(bar) = channel.strip_prefix("candle") {
        let timeframe =
            names::timeframe(bar).ok_or_else(|| unknown(&format!("channel {channel}")))?;
        return items
            .iter()
            .map(|row| {
                let candle = rows::candle(row, timeframe, &symbol)?;
                Ok(about(&symbol, EventKind::Candle(Box::new(candle))))
            })
            .collect();
    }
    let action = match envelope.object().entry("action") {
        Some(_) => Some(envelope.text("action")?),
        None => None,
    };
    let mut events = Vec::with_capacity(items.len());
    for item in items {
        let f = Fields::in_text(kind_name(channel), item)?;
        let kind = match (channel, action) {
            // books do not repeat the symbol in their rows
            ("books" | "books-l2-tbt" | "books50-l2-tbt", Some("snapshot")) | ("books5", None) => {
                check_symbol(&f, &symbol)?;
                EventKind::BookSnapshot(rows::snapshot(&f)?)
            }
            ("books" | "books-l2-tbt" | "books50-l2-tbt", Some("update")) => {
                check_symbol(&f, &symbol)?;
                EventKind::BookDelta(rows::delta(&f)?)
            }
            ("bbo-tbt", None) => {
                check_symbol(&f, &symbol)?;
                EventKind::Quote(rows::best(&f)?)
            }
            ("trades", None) => {
                rows::symbol_of(&f, Some(&symbol))?;
                rows::trade_or_aggregate(&f)?
            }
            ("trades-all", None) => {
                rows::symbol_of(&f, Some(&symbol))?;
                crate::said::trade(rows::trade(&f)?)
            }
            ("tickers", None) => {
                rows::symbol_of(&f, Some(&symbol))?;
                match rows::ticker(&f, &symbol)? {
                    Some(kind) => kind,
                    None => continue,
                }
            }
            (
                "mark-price" | "funding-rate" | "open-interest" | "estimated-price"
                | "index-tickers",
                None,
            ) => {
                rows::symbol_of(&f, Some(&symbol))?;
                EventKind::Contract(Box::new(rows::contract(&f)?))
            }
            (channel, None) => return Err(unknown(&format!("channel {channel}"))),
            (channel, Some(action)) => {
                return Err(unknown(&format!("channel {channel}, action {action:?}")));
            }
        };
        events.push(about(&symbol, kind));
    }
    Ok(events)
}

/// A channel's name for errors, as they keep it.
fn kind_name(channel: &str) -> &'static str {
    match channel {
        "trades" | "trades-all" => "trades",
        "tickers" => "tickers",
        "bbo-tbt" => "bbo-tbt",
        "mark-price" => "mark-price",
        "funding-rate" => "funding-rate",
        "open-interest" => "open-interest",
        _ => "books",
    }
}

fn check_symbol(
    f: &Fields<'_, '_>,
    symbol: &quantflow_model::VenueSymbol,
) -> Result<(), DecodeError> {
    if f.has("instId") {
        rows::symbol_of(f, Some(symbol))?;
    }
    Ok(())
}

type ReadSeveral = fn(&Fields<'_, '_>, &mut Vec<Event>) -> Result<(), DecodeError>;

/// Channels whose messages are about several symbols, each row with its own.
fn reader_of_several(channel: &str) -> Option<ReadSeveral> {
    match channel {
        "liquidation-orders" => Some(|f, events| {
            let symbol = f.symbol("instId")?;
            for item in f.list("details")? {
                let detail = Fields::in_text("liquidation-orders", item)?;
                let liquidation = rows::liquidation(&detail)?;
                events.push(about(&symbol, EventKind::Liquidation(liquidation)));
            }
            Ok(())
        }),
        "opt-summary" => Some(|f, events| {
            let symbol = f.symbol("instId")?;
            let state = Box::new(rows::option(f)?);
            events.push(about(&symbol, EventKind::Option(state)));
            Ok(())
        }),
        _ => None,
    }
}
