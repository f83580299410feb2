//! Messages of version 2 of the socket: objects.

use std::hash::{Hash, Hasher};

use quantflow_model::{BookChecksum, BookDelta, BookSnapshot, Level, Quote, VenueId, VenueSymbol};
use quantflow_wire::{
    Binding, Bindings, DecodeError, Event, EventKind, Notice, Ticker, VenueCandle,
};

use super::description::of_minutes;
use super::{instruments, message_v1};
use crate::json::{Fields, Json, peek, value};
use crate::reading::{
    bare_ticker, general, notice, refused, rows, said, side, single, trade, unknown,
};

pub(super) struct Said {
    pub(super) events: Vec<Event>,
    /// Instruments left out.
    pub(super) unnamed: u64,
}

pub(super) fn decode(
    venue: &VenueId,
    bytes: &[u8],
    bindings: &Bindings,
) -> Result<Said, DecodeError> {
    let tree = Json::parse(bytes)?;
    let said = |events| Said { events, unnamed: 0 };
    if tree.items().is_some() {
        return message_v1::decode(&tree).map(said);
    }
    let message = Fields::new("message", &tree)?;
    let Some(channel) = message.optional("channel", value::text)? else {
        return reply(&message).map(|event| said(vec![event]));
    };
    match channel {
        "heartbeat" => Ok(said(vec![notice(Notice::Heartbeat)])),
        "status" => status(&message).map(|event| said(vec![event])),
        "instrument" => {
            let (list, unnamed) = instruments::of_channel(venue, message.get("data")?)?;
            let events = vec![general(EventKind::Instruments(list))];
            Ok(Said { events, unnamed })
        }
        "trade" => each(&message, |f| Ok(vec![traded(&f)?])).map(said),
        "ticker" => each(&message, |f| ticker(&f)).map(said),
        "ohlc" => each(&message, |f| Ok(vec![candle(&f)?])).map(said),
        "book" => {
            let whole = match message.text("type")? {
                "snapshot" => true,
                "update" => false,
                _ => return Err(message.bad("type", message.get("type")?)),
            };
            each(&message, |f| Ok(vec![book(&f, whole, bindings)?])).map(said)
        }
        other => Err(unknown(other)),
    }
}

/// What is said of each item; there is at least one.
fn each(
    message: &Fields<'_, '_>,
    mut item: impl FnMut(Fields<'_, '_>) -> Result<Vec<Event>, DecodeError>,
) -> Result<Vec<Event>, DecodeError> {
    let data = message.get("data")?;
    let events = rows("data", data, |row| item(Fields::new("data", row)?))?;
    if events.is_empty() {
        return Err(message.bad("data", data));
    }
    Ok(events.into_iter().flatten().collect())
}

/// Answers to what was sent over the socket, of both versions.
fn reply(f: &Fields<'_, '_>) -> Result<Event, DecodeError> {
    if f.has("event") {
        return message_v1::reply(f);
    }
    let id = f.optional("req_id", Json::unsigned)?;
    if f.optional("success", value::flag)? == Some(false) {
        return Ok(refused(id, f.text("error")?));
    }
    Ok(notice(match f.text("method")? {
        "subscribe" => Notice::Subscribed { id },
        "pong" | "unsubscribe" => Notice::Heartbeat,
        other => return Err(unknown(other)),
    }))
}

/// The state of the whole venue. Also `maintenance` is a sign of life and no announcement of an end: each
/// socket that is opened meanwhile is told the same, so renewing it for that would never end.
fn status(message: &Fields<'_, '_>) -> Result<Event, DecodeError> {
    rows("status", message.get("data")?, |row| {
        Fields::new("status", row)?.text("system")
    })?;
    Ok(notice(Notice::Heartbeat))
}

fn traded(f: &Fields<'_, '_>) -> Result<Event, DecodeError> {
    let symbol = f.symbol("symbol")?;
    let kind = trade(single(
        f.id("trade_id")?,
        f.read("timestamp", value::rfc3339)?,
        f.price("price")?,
        f.quantity("qty")?,
        f.read("side", side)?,
    ));
    Ok(said(&symbol, None, kind))
}

/// The statistics, and the best quote in them: the channel speaks whenever that changes.
fn ticker(f: &Fields<'_, '_>) -> Result<Vec<Event>, DecodeError> {
    let symbol = f.symbol("symbol")?;
    let time = f.optional("timestamp", value::rfc3339)?;
    let quote = Quote {
        bid: f.price("bid")?,
        bid_quantity: f.quantity("bid_qty")?,
        ask: f.price("ask")?,
        ask_quantity: f.quantity("ask_qty")?,
        update_id: None,
        time,
    };
    let ticker = Ticker {
        high: Some(f.price("high")?),
        low: Some(f.price("low")?),
        volume: Some(f.quantity("volume")?),
        weighted_average: Some(f.price("vwap")?),
        change: Some(f.price("change")?),
        change_percent: Some(f.decimal("change_pct")?),
        quote: Some(quote),
        close_time: time,
        ..bare_ticker(f.price("last")?)
    };
    Ok(vec![
        said(&symbol, time, EventKind::Ticker(Box::new(ticker))),
        said(&symbol, time, EventKind::Quote(quote)),
    ])
}

fn candle(f: &Fields<'_, '_>) -> Result<Event, DecodeError> {
    let symbol = f.symbol("symbol")?;
    let minutes = f.unsigned("interval")?;
    let Some(timeframe) = of_minutes(minutes) else {
        return Err(unknown(&format!("ohlc of {minutes} minutes")));
    };
    let prices = [
        f.price("open")?,
        f.price("high")?,
        f.price("low")?,
        f.price("close")?,
    ];
    let open_time = f.read("interval_begin", value::rfc3339)?;
    let candle = VenueCandle {
        trades: Some(f.unsigned("trades")?),
        ..VenueCandle::bare(timeframe, open_time, prices, f.quantity("volume")?)
    };
    Ok(said(&symbol, None, EventKind::Candle(Box::new(candle))))
}

/// A whole book or changes. Numbers are written with all decimals of the pair, zeros at the end
/// included: that is what the checksum is over, and where it is learned how many they are.
fn book(f: &Fields<'_, '_>, whole: bool, bindings: &Bindings) -> Result<Event, DecodeError> {
    let symbol = f.symbol("symbol")?;
    let mut decimals = Decimals::default();
    let bids = levels(f, "bids", &mut decimals)?;
    let asks = levels(f, "asks", &mut decimals)?;
    let found = f.get("checksum")?;
    let expected = found.unsigned().and_then(|sum| u32::try_from(sum).ok());
    decimals.take(Decimals::bound(&symbol, bindings));
    let checksum = Some(BookChecksum {
        expected: expected.ok_or_else(|| f.bad("checksum", found))?,
        price_decimals: decimals.price,
        quantity_decimals: decimals.quantity,
    });
    let time = f.optional("timestamp", value::rfc3339)?;
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
    Ok(said(&symbol, time, kind))
}

fn levels(
    f: &Fields<'_, '_>,
    field: &'static str,
    decimals: &mut Decimals,
) -> Result<Vec<Level>, DecodeError> {
    rows("book", f.get(field)?, |item| {
        let f = Fields::new("book", item)?;
        let level = Level {
            price: f.price("price")?,
            quantity: f.quantity("qty")?,
        };
        decimals.take(Decimals {
            price: written_decimals(f.get("price")?),
            quantity: written_decimals(f.get("qty")?),
        });
        Ok(level)
    })
}

/// With how many decimals the venue writes the prices and quantities of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Decimals {
    pub(super) price: Option<u8>,
    pub(super) quantity: Option<u8>,
}

impl Decimals {
    /// The more of both: a number may have been written without the zeros at its end.
    pub(super) fn take(&mut self, other: Self) {
        self.price = self.price.max(other.price);
        self.quantity = self.quantity.max(other.quantity);
    }

    /// As the whole book at the beginning of the connection told them.
    fn bound(symbol: &VenueSymbol, bindings: &Bindings) -> Self {
        let binding = bindings.get(number_of(symbol));
        let told = binding.filter(|binding| binding.symbol == *symbol);
        let mut parts = told.map_or("", |b| b.channel.as_str()).split(' ').skip(1);
        let mut next = || parts.next().and_then(|part| part.parse().ok());
        Self {
            price: next(),
            quantity: next(),
        }
    }
}

/// Digits behind the point; `None` for 0, which a level that is gone may be written as.
pub(super) fn written_decimals(found: &Json<'_>) -> Option<u8> {
    let text = match found {
        Json::Number(digits) => digits,
        Json::Text(text) => text.as_ref(),
        _ => return None,
    };
    if text == "0" {
        return None;
    }
    match text.split_once('.') {
        Some((_, behind)) if behind.bytes().all(|b| b.is_ascii_digit()) => {
            u8::try_from(behind.len()).ok()
        }
        _ => value::decimal(found).map(quantflow_model::Decimal::scale),
    }
}

/// The number under which a pair's decimals are bound.
fn number_of(symbol: &VenueSymbol) -> u64 {
    #[derive(Default)]
    struct Fnv(u64);
    impl Hasher for Fnv {
        fn finish(&self) -> u64 {
            self.0
        }
        fn write(&mut self, bytes: &[u8]) {
            for byte in bytes {
                self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
    }
    let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
    symbol.as_str().hash(&mut hash);
    hash.finish()
}

/// Takes the decimals of a pair from its whole book; whether that was new.
pub(super) fn bind(bytes: &[u8], bindings: &mut Bindings) -> bool {
    let is = |name, word| peek::entry(bytes, name).and_then(peek::text) == Some(word);
    if !is("channel", "book") || !is("type", "snapshot") {
        return false;
    }
    let Ok(tree) = Json::parse(bytes) else {
        return false;
    };
    let mut new = false;
    for book in tree.entry("data").and_then(Json::items).unwrap_or_default() {
        let Some(symbol) = book.entry("symbol").and_then(value::symbol) else {
            continue;
        };
        let mut decimals = Decimals::default();
        for side in ["bids", "asks"] {
            for level in book.entry(side).and_then(Json::items).unwrap_or_default() {
                decimals.take(Decimals {
                    price: level.entry("price").and_then(written_decimals),
                    quantity: level.entry("qty").and_then(written_decimals),
                });
            }
        }
        let (Some(price), Some(quantity)) = (decimals.price, decimals.quantity) else {
            continue;
        };
        let channel = format!("decimals {price} {quantity}").into();
        new |= bindings.bind(number_of(&symbol), Binding { symbol, channel });
    }
    new
}
