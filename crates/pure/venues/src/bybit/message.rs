//! Messages of the sockets.

use quantflow_model::{Liquidation, Trade, VenueSymbol};
use quantflow_wire::{DecodeError, Event, EventKind, Notice};

use super::ticker::Said;
use super::{Market, names, old, rows};
use crate::json::value::{millis, unsigned};
use crate::json::{Fields, Json};
use crate::said::{self, notice, sent_about, unknown};

pub(super) fn decode(market: Market, bytes: &[u8]) -> Result<Vec<Event>, DecodeError> {
    let tree = Json::parse(bytes)?;
    match tree.entry("topic") {
        Some(_) => data(market, &Fields::in_text("message", &tree)?),
        None => word(&tree).map(|word| vec![notice(word)]),
    }
}

/// An answer to what was sent over the socket.
fn word(tree: &Json<'_>) -> Result<Notice, DecodeError> {
    let is = |name: &str, expected: &str| tree.entry(name).and_then(Json::text) == Some(expected);
    if is("op", "pong") || is("ret_msg", "pong") {
        return Ok(Notice::Heartbeat);
    }
    if tree.entry("success").is_none() {
        return Err(unknown(&tree.names()));
    }
    let f = Fields::in_text("answer", tree)?;
    // other clients' numbers are no numbers
    let id = tree.entry("req_id").and_then(unsigned);
    if f.flag("success")? {
        if is("op", "unsubscribe") {
            return Ok(Notice::Heartbeat);
        }
        return Ok(Notice::Subscribed { id });
    }
    Ok(Notice::Refused {
        id,
        code: 0,
        message: match f.optional("ret_msg", Json::text)? {
            Some(message) => message.to_owned(),
            None => tree.names(),
        },
    })
}

/// The last part of a topic is what it is about: `orderbook.50.BTCUSDT`.
pub(super) fn split(topic: &str) -> Option<(&str, &str)> {
    topic
        .rsplit_once('.')
        .filter(|(kind, about)| !kind.is_empty() && !about.is_empty())
}

fn data(market: Market, envelope: &Fields<'_, '_>) -> Result<Vec<Event>, DecodeError> {
    let topic = envelope.get("topic")?;
    let Some((kind, of)) = topic.plain_text().and_then(split) else {
        return Err(envelope.bad("topic", topic));
    };
    let symbol = VenueSymbol::new(of).ok_or_else(|| envelope.bad("topic", topic))?;
    let sent = envelope.optional("ts", millis)?;
    let event = |kind| sent_about(&symbol, sent, kind);
    let (first, rest) = kind.split_once('.').unwrap_or((kind, ""));
    match first {
        "publicTrade" | "trade" => {
            let row = |item| {
                let (symbol, trade) = trade(market, item, &symbol, first)?;
                Ok(sent_about(&symbol, sent, said::trade(trade)))
            };
            envelope.list("data")?.iter().map(row).collect()
        }
        "orderbook" => {
            let f = Fields::in_text("orderbook", envelope.get("data")?)?;
            rows::symbol_of(&f, "s", &symbol)?;
            // `cts` is when the matching engine made it, `ts` when it was sent
            let time = envelope.optional("cts", millis)?.or(sent);
            Ok(vec![event(match (rest, envelope.text("type")?) {
                ("1", "snapshot") => EventKind::Quote(rows::best(&rows::snapshot(&f, time)?)),
                ("1", other) => return Err(unknown(&format!("orderbook.1, type {other:?}"))),
                (_, "snapshot") => EventKind::BookSnapshot(rows::snapshot(&f, time)?),
                (_, "delta") => EventKind::BookDelta(rows::delta(&f, time)?),
                (_, other) => return Err(unknown(&format!("orderbook, type {other:?}"))),
            })])
        }
        "tickers" => {
            let f = Fields::in_text("tickers", envelope.get("data")?)?;
            rows::symbol_of(&f, "symbol", &symbol)?;
            Ok(Said::of(market, &f, sent)?.kinds().map(event).collect())
        }
        "kline" => {
            let timeframe =
                names::timeframe(rest).ok_or_else(|| unknown(&format!("topic {kind}")))?;
            let candle = |item| {
                let f = Fields::in_text("kline", item)?;
                let candle = rows::live_candle(market, &f, timeframe)?;
                Ok(event(EventKind::Candle(Box::new(candle))))
            };
            envelope.list("data")?.iter().map(candle).collect()
        }
        "allLiquidation" => {
            let order = |item| {
                let f = Fields::in_text("allLiquidation", item)?;
                rows::symbol_of(&f, "s", &symbol)?;
                Ok(event(EventKind::Liquidation(rows::liquidation(&f)?)))
            };
            envelope.list("data")?.iter().map(order).collect()
        }
        "liquidation" => {
            // until 2025: one a second at the most
            let f = Fields::in_text("liquidation", envelope.get("data")?)?;
            rows::symbol_of(&f, "symbol", &symbol)?;
            Ok(vec![event(EventKind::Liquidation(Liquidation {
                time: f.read("updatedTime", millis)?,
                side: f.read("side", rows::closing)?,
                price: f.price("price")?,
                quantity: f.quantity("size")?,
            }))])
        }
        "orderBookL2_25" => old::book(envelope, &symbol).map(|event| vec![event]),
        _ => Err(unknown(&format!("topic {kind}"))),
    }
}

/// A row of trades. Those of options come for all of a base at once, each with its own symbol.
fn trade(
    market: Market,
    item: &Json<'_>,
    symbol: &VenueSymbol,
    topic: &str,
) -> Result<(VenueSymbol, Trade), DecodeError> {
    if topic == "trade" && item.entry("trade_id").is_some() {
        return Ok((symbol.clone(), old::trade(item, symbol)?));
    }
    let f = Fields::in_text("publicTrade", item)?;
    let trade = rows::trade(&f)?;
    if market == Market::Option {
        return Ok((f.symbol("s")?, trade));
    }
    rows::symbol_of(&f, "s", symbol)?;
    Ok((symbol.clone(), trade))
}
