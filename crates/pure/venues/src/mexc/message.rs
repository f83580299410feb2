//! Socket messages: protocol buffers with an envelope since 2025, JSON about the connection.

use quantflow_model::{
    BookDelta, Decimal, Level, Price, Quantity, Quote, Side, Timestamp, Trade, TradeFlags,
    VenueSymbol,
};
use quantflow_wire::{DecodeError, Event, EventKind, Notice, Route, TradeEvent, VenueCandle};

use super::description::timeframe;
use super::identity::Identity;
use super::protobuf::{Fields, Value};
use crate::ask::event;
use crate::json::{self, Json, value};

/// Numbers of the envelope's fields.
const CHANNEL: u64 = 1;
const SYMBOL: u64 = 3;
const CREATED: u64 = 5;
const SENT: u64 = 6;
/// Numbers of the bodies that are read.
const CANDLE: u64 = 308;
const DEPTHS: u64 = 313;
const DEALS: u64 = 314;
const BEST: u64 = 315;
/// Numbers of all bodies that there are.
const BODIES: std::ops::RangeInclusive<u64> = 301..=320;

/// What JSON begins with and no envelope does (it would be field 15).
const BRACE: u8 = b'{';

/// The fields of one message that may stand there once, by their numbers. A field that stands twice is
/// refused: bytes have one meaning only.
struct Once<'a> {
    message: &'static str,
    fields: Vec<(u64, Value<'a>)>,
}

impl<'a> Once<'a> {
    /// `many`: the numbers of fields that may stand there often.
    fn read(message: &'static str, bytes: &'a [u8], many: &[u64]) -> Result<Self, DecodeError> {
        let mut fields: Vec<(u64, Value<'a>)> = Vec::new();
        for field in Fields::of(bytes) {
            let malformed = || DecodeError::Malformed(format!("{message}: cut off or no field"));
            let (number, value) = field.ok_or_else(malformed)?;
            let again = !many.contains(&number) && fields.iter().any(|(seen, _)| *seen == number);
            if again {
                let said = format!("{message}: field {number} stands twice");
                return Err(DecodeError::Malformed(said));
            }
            fields.push((number, value));
        }
        Ok(Self { message, fields })
    }

    fn find(&self, number: u64) -> Option<Value<'a>> {
        let found = self.fields.iter().find(|(known, _)| *known == number);
        found.map(|(_, value)| *value)
    }

    fn bytes(&self, number: u64) -> Option<&'a [u8]> {
        match self.find(number)? {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    fn text(&self, number: u64, field: &'static str) -> Result<&'a str, DecodeError> {
        let bytes = self.bytes(number).ok_or(DecodeError::Missing {
            message: self.message,
            field,
        })?;
        std::str::from_utf8(bytes).map_err(|_| self.bad(field, "no text"))
    }

    fn number(&self, number: u64) -> Option<u64> {
        match self.find(number)? {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    fn decimal(&self, number: u64, field: &'static str) -> Result<Decimal, DecodeError> {
        let text = self.text(number, field)?;
        Decimal::parse(text.as_bytes()).map_err(|_| self.bad(field, text))
    }

    /// A time in units of so many nanoseconds.
    fn time(&self, number: u64, field: &'static str, unit: i64) -> Result<Timestamp, DecodeError> {
        let units = self.number(number).ok_or(DecodeError::Missing {
            message: self.message,
            field,
        })?;
        let nanos = i64::try_from(units).ok().and_then(|n| n.checked_mul(unit));
        let nanos = nanos.ok_or_else(|| self.bad(field, &units.to_string()))?;
        Ok(Timestamp::from_nanos(nanos))
    }

    fn version(&self, number: u64, field: &'static str) -> Result<u64, DecodeError> {
        let text = self.text(number, field)?;
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        let parsed = text.parse().ok().filter(|_| digits);
        parsed.ok_or_else(|| self.bad(field, text))
    }

    fn bad(&self, field: &'static str, found: &str) -> DecodeError {
        DecodeError::BadField {
            message: self.message,
            field,
            found: format!("{:?}", found.chars().take(40).collect::<String>()),
        }
    }
}

pub(super) fn route(bytes: &[u8]) -> Route<'_> {
    if bytes.first() == Some(&BRACE) {
        return Route::All;
    }
    for field in Fields::of(bytes) {
        match field {
            Some((SYMBOL, Value::Bytes(symbol))) => {
                return std::str::from_utf8(symbol).map_or(Route::Unknown, Route::Symbol);
            }
            Some(_) => {}
            None => return Route::Unknown,
        }
    }
    Route::Unknown
}

pub(super) fn decode(bytes: &[u8]) -> Result<Vec<Event>, DecodeError> {
    if bytes.first() == Some(&BRACE) {
        return Ok(vec![notice(bytes)?]);
    }
    let envelope = Once::read("envelope", bytes, &[])?;
    let channel = envelope.text(CHANNEL, "channel")?;
    let symbol = VenueSymbol::new(envelope.text(SYMBOL, "symbol")?);
    let symbol = symbol.ok_or_else(|| envelope.bad("symbol", ""))?;
    let millis = 1_000_000;
    let sent = match envelope.number(SENT) {
        Some(_) => envelope.time(SENT, "sendTime", millis)?,
        None => envelope.time(CREATED, "createTime", millis)?,
    };
    let body = envelope.fields.iter().find(|(n, _)| BODIES.contains(n));
    let kinds = match body {
        Some((CANDLE, Value::Bytes(body))) => vec![candle(body)?],
        Some((DEPTHS, Value::Bytes(body))) => vec![change(body, sent)?],
        Some((DEALS, Value::Bytes(body))) => trades(body)?,
        Some((BEST, Value::Bytes(body))) => vec![quote(body, sent)?],
        _ => {
            let number = body.map_or(0, |(number, _)| *number);
            let channel: String = channel.chars().take(48).collect();
            let said = format!("body {number} of {channel}");
            return Err(DecodeError::UnknownMessage(said));
        }
    };
    let events = kinds.into_iter();
    Ok(events
        .map(|kind| event(Some(&symbol), Some(sent), kind))
        .collect())
}

/// `{"id", "code", "msg"}`: an acknowledgement names the stream, a refusal says why in words and is
/// told by them, for its code is 0 too. Streams of JSON ended in 2025.
fn notice(bytes: &[u8]) -> Result<Event, DecodeError> {
    let tree = Json::parse(bytes)?;
    let f = json::Fields::new("notice", &tree)?;
    if f.has("c") || f.has("d") {
        return Err(DecodeError::UnknownMessage(
            "a stream of JSON, as before 2025".into(),
        ));
    }
    let id = f.optional("id", Json::unsigned)?;
    let code = f.read("code", Json::integer)?;
    let message = f.read("msg", value::text)?;
    let kind = match (code, message) {
        (0, "PONG") => Notice::Heartbeat,
        (0, message) if message.starts_with("spot@") => Notice::Subscribed { id },
        _ => Notice::Refused {
            id,
            code,
            message: message.to_owned(),
        },
    };
    Ok(event(None, None, EventKind::Notice(kind)))
}

fn trades(body: &[u8]) -> Result<Vec<EventKind>, DecodeError> {
    let mut identity = Identity::default();
    let deals = Once::read("deals", body, &[1])?;
    let mut trades = Vec::new();
    for (number, value) in deals.fields {
        let (1, Value::Bytes(deal)) = (number, value) else {
            continue;
        };
        let deal = Once::read("deal", deal, &[])?;
        let side = match deal.number(3) {
            Some(1) => Side::Buy,
            Some(2) => Side::Sell,
            _ => Side::Unknown,
        };
        let price = Price(deal.decimal(1, "price")?);
        let quantity = Quantity(deal.decimal(2, "quantity")?);
        let time = deal.time(4, "time", 1_000_000)?;
        trades.push(EventKind::Trade(TradeEvent {
            trade: Trade {
                id: identity.of(time, price, quantity, side),
                time,
                price,
                quantity,
                side,
                flags: TradeFlags::NONE,
                count: 1,
            },
            orders: None,
        }));
    }
    Ok(trades)
}

fn change(body: &[u8], sent: Timestamp) -> Result<EventKind, DecodeError> {
    let depths = Once::read("depths", body, &[1, 2])?;
    let side = |number: u64| {
        let items = depths.fields.iter().filter(move |(n, _)| *n == number);
        items
            .map(|(_, value)| match value {
                Value::Bytes(item) => level(item),
                _ => Err(depths.bad("levels", "no level")),
            })
            .collect::<Result<Vec<_>, _>>()
    };
    let first_update_id = depths.version(4, "fromVersion")?;
    let last_update_id = depths.version(5, "toVersion")?;
    if last_update_id < first_update_id {
        return Err(depths.bad("toVersion", &last_update_id.to_string()));
    }
    Ok(EventKind::BookDelta(BookDelta {
        first_update_id,
        last_update_id,
        previous_update_id: None,
        time: Some(sent),
        bids: side(2)?,
        asks: side(1)?,
        checksum: None,
    }))
}

fn level(item: &[u8]) -> Result<Level, DecodeError> {
    let level = Once::read("level", item, &[])?;
    Ok(Level {
        price: Price(level.decimal(1, "price")?),
        quantity: Quantity(level.decimal(2, "quantity")?),
    })
}

fn quote(body: &[u8], sent: Timestamp) -> Result<EventKind, DecodeError> {
    let best = Once::read("bookTicker", body, &[])?;
    Ok(EventKind::Quote(Quote {
        bid: Price(best.decimal(1, "bidPrice")?),
        bid_quantity: Quantity(best.decimal(2, "bidQuantity")?),
        ask: Price(best.decimal(3, "askPrice")?),
        ask_quantity: Quantity(best.decimal(4, "askQuantity")?),
        update_id: None,
        time: Some(sent),
    }))
}

fn candle(body: &[u8]) -> Result<EventKind, DecodeError> {
    let kline = Once::read("kline", body, &[])?;
    let name = kline.text(1, "interval")?;
    let timeframe = timeframe(name).ok_or_else(|| kline.bad("interval", name))?;
    let open_time = kline.time(2, "windowStart", 1_000_000_000)?;
    let price = |number, field| kline.decimal(number, field).map(Price);
    let prices = [
        price(3, "openingPrice")?,
        price(5, "highestPrice")?,
        price(6, "lowestPrice")?,
        price(4, "closingPrice")?,
    ];
    let volume = Quantity(kline.decimal(7, "volume")?);
    Ok(EventKind::Candle(Box::new(VenueCandle {
        quote_volume: Some(kline.decimal(8, "amount")?.into()),
        ..VenueCandle::bare(timeframe, open_time, prices, volume)
    })))
}
