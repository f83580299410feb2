//! Events as version 2 of the socket says them: the inverse of decoding, for the replay venue.

use std::fmt::Write;

use quantflow_model::{
    BookChecksum, Decimal, Level, Quote, Side, Timestamp, Trade, VenueId, VenueSymbol,
};
use quantflow_wire::{EncodeError, Encoded, Event, EventKind, Notice, Ticker, VenueCandle};
use serde_json::Value;

use super::description::minutes;
use super::{checksum, encode_answer};

/// Writes formatted text. A `String` never refuses any, so there is no error to return.
macro_rules! put {
    ($out:expr, $($arguments:tt)*) => {{
        let _ = write!($out, $($arguments)*);
    }};
}
pub(super) use put;

pub(super) fn encode(
    venue: &VenueId,
    events: &[Event],
    as_what: &Encoded<'_>,
) -> Result<Vec<u8>, EncodeError> {
    let text = match as_what {
        Encoded::Answer(query) => encode_answer::answer(venue, events, query)?,
        // one socket carries all pairs: a message is the same alone and beside others
        Encoded::Message | Encoded::Combined => message(venue, events)?,
    };
    Ok(text.into_bytes())
}

pub(super) fn no_such(venue: &VenueId, what: &'static str) -> EncodeError {
    EncodeError::NoSuchMessage {
        venue: venue.clone(),
        what,
    }
}

pub(super) fn needed<T>(
    value: Option<T>,
    what: &'static str,
    field: &'static str,
) -> Result<T, EncodeError> {
    value.ok_or(EncodeError::Missing { what, field })
}

/// A trade or several, a candle or several, a ticker with or without its quote, a book, a notice.
fn message(venue: &VenueId, events: &[Event]) -> Result<String, EncodeError> {
    let first = needed(events.first(), "a message", "its event")?;
    if let (EventKind::Notice(notice), 1) = (&first.kind, events.len()) {
        return self::notice(venue, notice);
    }
    let mut out = String::with_capacity(256);
    let symbol = needed(first.symbol.as_ref(), "a message", "symbol")?;
    match (&first.kind, &events[1..]) {
        (EventKind::Trade(_), _) => list(&mut out, "trade", events, |out, event| {
            let EventKind::Trade(said) = &event.kind else {
                return Err(no_such(venue, "such an event among trades"));
            };
            trade(
                out,
                needed(event.symbol.as_ref(), "trade", "symbol")?,
                &said.trade,
            )
        })?,
        (EventKind::Candle(_), _) => list(&mut out, "ohlc", events, |out, event| {
            let EventKind::Candle(candle) = &event.kind else {
                return Err(no_such(venue, "such an event among candles"));
            };
            self::candle(
                out,
                needed(event.symbol.as_ref(), "ohlc", "symbol")?,
                candle,
            )
        })?,
        (EventKind::Ticker(said), rest) if rest.iter().all(is_quote) => {
            put!(
                out,
                "{{\"channel\":\"ticker\",\"type\":\"update\",\"data\":["
            );
            ticker(&mut out, symbol, said)?;
            out.push_str("]}");
        }
        (EventKind::BookSnapshot(book), []) => {
            let check = book.checksum.unwrap_or_else(|| {
                let check = unchecked(&book.bids, &book.asks);
                let expected = checksum::of_book(check, &book.bids, &book.asks);
                BookChecksum {
                    expected: expected.unwrap_or_default(),
                    ..check
                }
            });
            let sides = [book.bids.as_slice(), &book.asks];
            self::book(&mut out, "snapshot", symbol, sides, check, book.time);
        }
        (EventKind::BookDelta(delta), []) => {
            let check = needed(delta.checksum, "book", "checksum")?;
            let sides = [delta.bids.as_slice(), &delta.asks];
            self::book(&mut out, "update", symbol, sides, check, delta.time);
        }
        (EventKind::Quote(_), _) => return Err(no_such(venue, "a quote without its ticker")),
        _ => return Err(no_such(venue, "such events together")),
    }
    Ok(out)
}

fn is_quote(event: &Event) -> bool {
    matches!(event.kind, EventKind::Quote(_))
}

fn list(
    out: &mut String,
    channel: &str,
    events: &[Event],
    mut item: impl FnMut(&mut String, &Event) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    put!(
        out,
        "{{\"channel\":\"{channel}\",\"type\":\"update\",\"data\":["
    );
    for (at, event) in events.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        item(out, event)?;
    }
    out.push_str("]}");
    Ok(())
}

/// As a JSON string.
pub(super) fn text(plain: &str) -> Value {
    Value::from(plain)
}

/// The kind of order is not kept: market.
fn trade(out: &mut String, symbol: &VenueSymbol, trade: &Trade) -> Result<(), EncodeError> {
    let side = match trade.side {
        Side::Buy => "buy",
        Side::Sell => "sell",
        Side::Unknown => {
            return Err(EncodeError::Missing {
                what: "trade",
                field: "the taker's side",
            });
        }
    };
    put!(
        out,
        "{{\"symbol\":{},\"side\":\"{side}\",\"price\":{},\"qty\":{},\"ord_type\":\"market\",\"trade_id\":{},\"timestamp\":\"{}\"}}",
        text(symbol.as_str()),
        trade.price,
        trade.quantity,
        trade.id,
        instant(trade.time),
    );
    Ok(())
}

/// The average price is not kept: the close.
fn candle(out: &mut String, symbol: &VenueSymbol, c: &VenueCandle) -> Result<(), EncodeError> {
    let end = c.timeframe.end_of(c.open_time);
    put!(
        out,
        "{{\"symbol\":{},\"open\":{},\"high\":{},\"low\":{},\"close\":{},\"trades\":{},\"volume\":{},\"vwap\":{},\"interval_begin\":\"{:.9}\",\"interval\":{},\"timestamp\":\"{end:.6}\"}}",
        text(symbol.as_str()),
        c.open,
        c.high,
        c.low,
        c.close,
        needed(c.trades, "ohlc", "trades")?,
        c.volume,
        c.close,
        c.open_time,
        minutes(c.timeframe),
    );
    Ok(())
}

fn ticker(out: &mut String, symbol: &VenueSymbol, t: &Ticker) -> Result<(), EncodeError> {
    const WHAT: &str = "ticker";
    let Quote {
        bid,
        bid_quantity,
        ask,
        ask_quantity,
        ..
    } = needed(t.quote, WHAT, "quote")?;
    put!(
        out,
        "{{\"symbol\":{},\"bid\":{bid},\"bid_qty\":{bid_quantity},\"ask\":{ask},\"ask_qty\":{ask_quantity},\"last\":{},\"volume\":{},\"vwap\":{},\"low\":{},\"high\":{},\"change\":{},\"change_pct\":{}",
        text(symbol.as_str()),
        t.last,
        needed(t.volume, WHAT, "volume")?,
        needed(t.weighted_average, WHAT, "weighted_average")?,
        needed(t.low, WHAT, "low")?,
        needed(t.high, WHAT, "high")?,
        needed(t.change, WHAT, "change")?,
        needed(t.change_percent, WHAT, "change_percent")?,
    );
    if let Some(time) = t.close_time {
        put!(out, ",\"timestamp\":\"{}\"", instant(time));
    }
    out.push('}');
    Ok(())
}

/// With as many decimals as the longest number has.
fn unchecked(bids: &[Level], asks: &[Level]) -> BookChecksum {
    let most = |of: fn(&Level) -> Decimal| {
        let scales = bids.iter().chain(asks).map(|level| of(level).scale());
        Some(scales.max().unwrap_or_default())
    };
    BookChecksum {
        expected: 0,
        price_decimals: most(|level| level.price.0),
        quantity_decimals: most(|level| level.quantity.0),
    }
}

fn book(
    out: &mut String,
    kind: &str,
    symbol: &VenueSymbol,
    [bids, asks]: [&[Level]; 2],
    check: BookChecksum,
    time: Option<Timestamp>,
) {
    put!(
        out,
        "{{\"channel\":\"book\",\"type\":\"{kind}\",\"data\":[{{\"symbol\":{},\"bids\":",
        text(symbol.as_str())
    );
    levels(out, bids, check);
    out.push_str(",\"asks\":");
    levels(out, asks, check);
    put!(out, ",\"checksum\":{}", check.expected);
    if let Some(time) = time {
        put!(out, ",\"timestamp\":\"{}\"", instant(time));
    }
    out.push_str("}]}");
}

/// With all decimals of the pair: the checksum is over them.
fn levels(out: &mut String, levels: &[Level], check: BookChecksum) {
    out.push('[');
    for (at, level) in levels.iter().enumerate() {
        let comma = if at > 0 { "," } else { "" };
        let price = level
            .price
            .0
            .padded(check.price_decimals.unwrap_or_default());
        let quantity = level.quantity.0;
        let quantity = quantity.padded(check.quantity_decimals.unwrap_or_default());
        put!(out, "{comma}{{\"price\":{price},\"qty\":{quantity}}}");
    }
    out.push(']');
}

fn notice(venue: &VenueId, notice: &Notice) -> Result<String, EncodeError> {
    let id = |id: &Option<u64>| id.map_or(String::new(), |id| format!(",\"req_id\":{id}"));
    Ok(match notice {
        // what was subscribed is not kept
        Notice::Subscribed { id: number } => format!(
            "{{\"method\":\"subscribe\",\"result\":{{}},\"success\":true{}}}",
            id(number)
        ),
        Notice::Refused {
            id: number,
            message,
            ..
        } => format!(
            "{{\"error\":{},\"method\":\"subscribe\",\"success\":false{}}}",
            text(message),
            id(number)
        ),
        Notice::Heartbeat => "{\"channel\":\"heartbeat\"}".into(),
        Notice::ShuttingDown | Notice::SocketAddress { .. } => {
            return Err(no_such(venue, "such a notice"));
        }
    })
}

/// As the venue writes a time: to the microsecond.
fn instant(time: Timestamp) -> String {
    let micros = Timestamp::from_micros(time.micros());
    format!("{micros:.6}")
}
