//! Messages of version 1 of the socket: lists, and objects about the connection. They are read, not
//! subscribed; recordings hold them.

use quantflow_model::{
    BookChecksum, BookDelta, BookSnapshot, Level, Quote, Side, Timestamp, TradeId, VenueSymbol,
};
use quantflow_wire::{DecodeError, Event, EventKind, Notice, Ticker, VenueCandle};

use super::description::of_minutes;
use super::message::{Decimals, written_decimals};
use crate::json::{Fields, Json, Row, value};
use crate::reading::{bare_ticker, notice, refused, rows, said, single, trade, unknown};

/// `[channel number, what is said, …, channel's name, pair]`
pub(super) fn decode(tree: &Json<'_>) -> Result<Vec<Event>, DecodeError> {
    let items = tree.items().unwrap_or_default();
    let [_, said @ .., channel, pair] = items else {
        return Err(DecodeError::Missing {
            message: "list",
            field: "pair",
        });
    };
    let (Some(channel), Some(payload)) = (channel.text(), said.first()) else {
        // of an account: `[[…],"ownTrades",{"sequence":1}]`
        let name = items.iter().find_map(Json::text).unwrap_or("a list");
        return Err(unknown(name));
    };
    let symbol = value::symbol(pair).ok_or_else(|| DecodeError::BadField {
        message: "list",
        field: "pair",
        found: pair.shown(),
    })?;
    let (kind, detail) = channel.split_once('-').unwrap_or((channel, ""));
    match kind {
        "book" => Ok(vec![book(&symbol, said)?]),
        "trade" => trades(&symbol, payload),
        "spread" => spread(&symbol, payload).map(|event| vec![event]),
        "ticker" => {
            let ticker = ticker(&Fields::new("ticker", payload)?, true)?;
            let kind = EventKind::Ticker(Box::new(ticker));
            Ok(vec![crate::reading::said(&symbol, None, kind)])
        }
        "ohlc" => candle(&symbol, detail, payload).map(|event| vec![event]),
        _ => Err(unknown(channel)),
    }
}

/// Objects with `event`.
pub(super) fn reply(f: &Fields<'_, '_>) -> Result<Event, DecodeError> {
    let id = f.optional("reqid", Json::unsigned)?;
    Ok(match f.text("event")? {
        "heartbeat" | "pong" => notice(Notice::Heartbeat),
        "systemStatus" => f.text("status").map(|_| notice(Notice::Heartbeat))?,
        "subscriptionStatus" => match f.text("status")? {
            "subscribed" => notice(Notice::Subscribed { id }),
            "error" => refused(id, f.text("errorMessage")?),
            _ => notice(Notice::Heartbeat),
        },
        "error" => refused(id, f.text("errorMessage")?),
        other => return Err(unknown(other)),
    })
}

/// `{"as":…,"bs":…}` is whole; `{"a":…}`, `{"b":…}` or one after the other are changes, the checksum in
/// the last of them.
fn book(symbol: &VenueSymbol, parts: &[Json<'_>]) -> Result<Event, DecodeError> {
    let (mut bids, mut asks) = (Vec::new(), Vec::new());
    let (mut whole, mut checksum, mut time) = (false, None, None);
    let mut decimals = Decimals::default();
    for part in parts {
        let f = Fields::in_text("book", part)?;
        let (mut known, before) = (0, bids.len() + asks.len());
        for (field, side) in [("as", &mut asks), ("bs", &mut bids)] {
            if f.has(field) {
                (whole, known) = (true, known + 1);
                levels(&f, field, side, &mut decimals, &mut time)?;
            }
        }
        for (field, side) in [("a", &mut asks), ("b", &mut bids)] {
            if f.has(field) {
                known += 1;
                levels(&f, field, side, &mut decimals, &mut time)?;
            }
        }
        if known == 0 && before == bids.len() + asks.len() {
            return Err(unknown(&part.names()));
        }
        checksum = f.optional("c", sum)?.or(checksum);
    }
    let checksum = checksum.map(|expected| BookChecksum {
        expected,
        price_decimals: decimals.price,
        quantity_decimals: decimals.quantity,
    });
    let kind = if whole {
        EventKind::BookSnapshot(BookSnapshot {
            last_update_id: 0,
            time,
            bids,
            asks,
            checksum,
        })
    } else {
        EventKind::BookDelta(BookDelta {
            first_update_id: 0,
            last_update_id: 0,
            previous_update_id: None,
            time,
            bids,
            asks,
            checksum,
        })
    };
    Ok(said(symbol, time, kind))
}

fn sum(found: &Json<'_>) -> Option<u32> {
    found.text()?.parse().ok()
}

/// `[price, quantity, time]`, and `"r"` where it is said again.
fn levels(
    f: &Fields<'_, '_>,
    field: &'static str,
    side: &mut Vec<Level>,
    decimals: &mut Decimals,
    newest: &mut Option<Timestamp>,
) -> Result<(), DecodeError> {
    for item in f.list(field)? {
        let row = Row::new("book", item)?;
        let level = value::level(item).ok_or_else(|| f.bad(field, item))?;
        decimals.take(Decimals {
            price: row.get(0, "price").ok().and_then(written_decimals),
            quantity: row.get(1, "quantity").ok().and_then(written_decimals),
        });
        *newest = (*newest).max(Some(row.read(2, "time", value::seconds)?));
        side.push(level);
    }
    Ok(())
}

/// `[[price, quantity, time, side, type, misc], …]`
fn trades(symbol: &VenueSymbol, payload: &Json<'_>) -> Result<Vec<Event>, DecodeError> {
    let mut ids = MadeIds::default();
    let events = rows("trade", payload, |row| {
        let row = Row::new("trade", row)?;
        let time = row.read(2, "time", value::seconds)?;
        let kind = trade(single(
            ids.next(time),
            time,
            row.read(0, "price", value::price)?,
            row.read(1, "quantity", value::quantity)?,
            row.read(3, "side", letter)?,
        ));
        Ok(said(symbol, None, kind))
    })?;
    if events.is_empty() {
        return Err(DecodeError::BadField {
            message: "trade",
            field: "",
            found: payload.shown(),
        });
    }
    Ok(events)
}

/// `b` and `s`: the taker's side.
pub(super) fn letter(found: &Json<'_>) -> Option<Side> {
    match found.text()? {
        "b" => Some(Side::Buy),
        "s" => Some(Side::Sell),
        _ => None,
    }
}

/// Ids for trades that have none: their time in nanoseconds times a thousand, and which of those at
/// this time it is in the message.
#[derive(Debug, Default)]
pub(super) struct MadeIds {
    last: Option<(Timestamp, u128)>,
}

impl MadeIds {
    pub(super) fn next(&mut self, time: Timestamp) -> TradeId {
        let place = match self.last {
            Some((last, place)) if last == time => place + 1,
            _ => 0,
        };
        self.last = Some((time, place));
        let nanos = u128::from(time.nanos().unsigned_abs());
        TradeId(nanos * 1_000 + place.min(999))
    }
}

/// `[bid, ask, time, bid's quantity, ask's quantity]`
fn spread(symbol: &VenueSymbol, payload: &Json<'_>) -> Result<Event, DecodeError> {
    let row = Row::new("spread", payload)?;
    let time = row.read(2, "time", value::seconds)?;
    let quote = Quote {
        bid: row.read(0, "bid", value::price)?,
        bid_quantity: row.read(3, "bid's quantity", value::quantity)?,
        ask: row.read(1, "ask", value::price)?,
        ask_quantity: row.read(4, "ask's quantity", value::quantity)?,
        update_id: None,
        time: Some(time),
    };
    Ok(said(symbol, Some(time), EventKind::Quote(quote)))
}

/// Statistics as version 1 and the REST API say them: `a` and `b` are price, whole lots and quantity,
/// `c` the last trade, the others are of today and of 24 hours. REST has of `o` only today's.
pub(super) fn ticker(f: &Fields<'_, '_>, socket: bool) -> Result<Ticker, DecodeError> {
    const NAME: &str = "ticker";
    let row = |field| Row::new(NAME, f.get(field)?);
    let of_day = |field| row(field)?.read(1, field, value::decimal);
    let (asked, bid, last) = (row("a")?, row("b")?, row("c")?);
    let quote = crate::reading::quote_of(
        Some(bid.read(0, "b", value::price)?),
        bid.optional(2, "b", value::quantity)?,
        Some(asked.read(0, "a", value::price)?),
        asked.optional(2, "a", value::quantity)?,
    );
    Ok(Ticker {
        last_quantity: Some(last.read(1, "c", value::quantity)?),
        open: if socket {
            Some(of_day("o")?.into())
        } else {
            None
        },
        high: Some(of_day("h")?.into()),
        low: Some(of_day("l")?.into()),
        volume: Some(of_day("v")?.into()),
        weighted_average: Some(of_day("p")?.into()),
        trades: Some(row("t")?.read(1, "t", Json::unsigned)?),
        quote,
        ..bare_ticker(last.read(0, "c", value::price)?)
    })
}

/// `[last update, end, open, high, low, close, average, volume, trades]` of `ohlc-5`
fn candle(symbol: &VenueSymbol, minutes: &str, payload: &Json<'_>) -> Result<Event, DecodeError> {
    let timeframe = minutes.parse().ok().and_then(of_minutes);
    let timeframe = timeframe.ok_or_else(|| unknown(&format!("ohlc of {minutes} minutes")))?;
    let row = Row::new("ohlc", payload)?;
    let end = row.read(1, "end", value::seconds)?;
    let prices = [
        row.read(2, "open", value::price)?,
        row.read(3, "high", value::price)?,
        row.read(4, "low", value::price)?,
        row.read(5, "close", value::price)?,
    ];
    let open_time = timeframe.open_of(end.plus_nanos(-1));
    let candle = VenueCandle {
        trades: Some(row.read(8, "trades", Json::unsigned)?),
        ..VenueCandle::bare(
            timeframe,
            open_time,
            prices,
            row.read(7, "volume", value::quantity)?,
        )
    };
    Ok(said(symbol, None, EventKind::Candle(Box::new(candle))))
}
