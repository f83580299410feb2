//! Messages of the sockets, unpacked.

use quantflow_model::VenueSymbol;
use quantflow_wire::{DecodeError, Event, EventKind, Notice};

use super::{Market, names, rows};
use crate::json::value::{millis, unsigned};
use crate::json::{Fields, Json};
use crate::said::{self, notice, sent_about, unknown};

pub(super) fn decode(market: Market, bytes: &[u8]) -> Result<Vec<Event>, DecodeError> {
    let tree = Json::parse(bytes)?;
    if tree.entry("ch").is_some() {
        return data(market, &Fields::new("message", &tree)?);
    }
    if tree.entry("op").and_then(Json::text) == Some("notify") {
        return public(&Fields::new("message", &tree)?);
    }
    word(&tree).map(|word| vec![notice(word)])
}

/// What answers a ping: `{"ping":1}` with `{"pong":1}`, `{"op":"ping","ts":"1"}` with
/// `{"op":"pong","ts":"1"}`.
pub(super) fn reply(bytes: &[u8]) -> Option<String> {
    let tree = Json::parse(bytes).ok()?;
    if let Some(ping) = tree.entry("ping") {
        return Some(format!("{{\"pong\":{}}}", ping.unsigned()?));
    }
    let is_ping = tree.entry("op").and_then(Json::text) == Some("ping");
    let number = unsigned(tree.entry("ts")?)?;
    is_ping.then(|| format!("{{\"op\":\"pong\",\"ts\":\"{number}\"}}"))
}

/// A word about the connection.
fn word(tree: &Json<'_>) -> Result<Notice, DecodeError> {
    let f = Fields::new("answer", tree)?;
    let is = |name: &str, expected: &str| tree.entry(name).and_then(Json::text) == Some(expected);
    if f.has("ping") {
        f.unsigned("ping")?;
        return Ok(Notice::Heartbeat);
    }
    // other clients' numbers are no numbers
    let number = |name: &str| tree.entry(name).and_then(unsigned);
    let id = number("id").or_else(|| number("cid"));
    if is("op", "ping") {
        return Ok(Notice::Heartbeat);
    }
    if is("op", "close") {
        return Ok(Notice::ShuttingDown);
    }
    if is("status", "error") || (is("op", "sub") && number("err-code") != Some(0)) {
        let text = |name| f.object().entry(name).map(Json::shown);
        let words = [text("err-code"), text("err-msg")];
        let words: Vec<_> = words.into_iter().flatten().collect();
        return Ok(Notice::Refused {
            id,
            code: 0,
            message: words.join(": ").replace('"', ""),
        });
    }
    if is("op", "sub") || (is("status", "ok") && f.has("subbed")) {
        return Ok(Notice::Subscribed { id });
    }
    if is("op", "unsub") || (is("status", "ok") && f.has("unsubbed")) {
        return Ok(Notice::Heartbeat);
    }
    Err(unknown(&tree.names()))
}

/// `market.SYMBOL.CHANNEL`, `public.SYMBOL.CHANNEL`: symbol and channel.
pub(super) fn split<'t>(topic: &'t str, of: &str) -> Option<(&'t str, &'t str)> {
    let rest = topic.strip_prefix(of)?.strip_prefix('.')?;
    rest.split_once('.')
        .filter(|(symbol, channel)| !symbol.is_empty() && !channel.is_empty())
}

fn topic_of<'a>(
    f: &Fields<'_, 'a>,
    field: &'static str,
    of: &str,
) -> Result<(VenueSymbol, &'a str), DecodeError> {
    let found = f.get(field)?;
    let parts = found.plain_text().and_then(|topic| split(topic, of));
    let named = parts.and_then(|(symbol, channel)| Some((VenueSymbol::new(symbol)?, channel)));
    named.ok_or_else(|| f.bad(field, found))
}

fn data(market: Market, f: &Fields<'_, '_>) -> Result<Vec<Event>, DecodeError> {
    let (symbol, channel) = topic_of(f, "ch", "market")?;
    let sent = Some(f.read("ts", millis)?);
    let tick = Fields::new("tick", f.get("tick")?)?;
    let event = |kind| sent_about(&symbol, sent, kind);
    let (first, rest) = channel.split_once('.').unwrap_or((channel, ""));
    let kind = match (first, rest) {
        ("trade", "detail") => {
            let row = |item| {
                let trade = rows::trade(market, &Fields::new("trade", item)?)?;
                Ok(event(said::trade(trade)))
            };
            return tick.list("data")?.iter().map(row).collect();
        }
        ("depth", high_freq) if high_freq.ends_with(".high_freq") => match tick.text("event")? {
            "snapshot" => EventKind::BookSnapshot(rows::snapshot(&tick)?),
            "update" => EventKind::BookDelta(rows::delta(&tick)?),
            other => return Err(unknown(&format!("depth, event {other:?}"))),
        },
        // the other steps put levels together
        ("depth", "step0") => EventKind::BookSnapshot(rows::snapshot(&tick)?),
        ("mbp", refresh) if refresh.starts_with("refresh.") => {
            let mut book = rows::snapshot(&tick)?;
            book.last_update_id = tick.unsigned("seqNum")?;
            EventKind::BookSnapshot(book)
        }
        ("mbp", _) => EventKind::BookDelta(rows::by_price(&tick)?),
        ("bbo", "") => {
            let (number, time) = match market {
                Market::Spot => ("seqId", "quoteTime"),
                Market::Linear => ("version", "ts"),
            };
            let number = tick.optional(number, unsigned)?;
            let time = Some(tick.read(time, millis)?);
            match rows::quote(&tick, number, time)? {
                Some(quote) => EventKind::Quote(quote),
                None => return Ok(Vec::new()),
            }
        }
        ("ticker", "") | ("detail", "" | "merged") => {
            EventKind::Ticker(Box::new(rows::ticker(market, &tick, sent)?))
        }
        ("kline", period) => {
            let timeframe =
                names::timeframe(period).ok_or_else(|| unknown(&format!("channel {channel}")))?;
            EventKind::Candle(Box::new(rows::candle(market, &tick, timeframe)?))
        }
        _ => return Err(unknown(&format!("channel {channel}"))),
    };
    Ok(vec![event(kind)])
}

/// What is told of a contract beside its market: `public.BTC-USDT.funding_rate`.
fn public(f: &Fields<'_, '_>) -> Result<Vec<Event>, DecodeError> {
    let (symbol, channel) = topic_of(f, "topic", "public")?;
    let sent: Option<quantflow_model::Timestamp> = Some(f.read("ts", millis)?);
    let row = |item| {
        let row = Fields::new("public", item)?;
        if row.symbol("contract_code")? != symbol {
            return Err(row.bad("contract_code", row.get("contract_code")?));
        }
        let kind = match channel {
            "funding_rate" => EventKind::Contract(Box::new(rows::contract(&row, sent)?)),
            "liquidation_orders" => EventKind::Liquidation(rows::liquidation(&row)?),
            other => return Err(unknown(&format!("topic {other}"))),
        };
        Ok(sent_about(&symbol, sent, kind))
    };
    f.list("data")?.iter().map(row).collect()
}
