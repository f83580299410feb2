//! What messages and answers say, under long names or short ones.

use quantflow_model::{
    BookSnapshot, Decimal, Level, Price, Quantity, Quote, Side, Timeframe, Timestamp, TradeId,
    VenueSymbol,
};
use quantflow_wire::{DecodeError, Event, EventKind, Ticker, VenueCandle};

use crate::events as said;
use crate::json::value::{decimal, id, millis, price, quantity};
use crate::json::{Fields, Json};

/// The one of a field's names that stands there: long, or short as of the format `SIMPLE`.
pub(super) fn name(f: &Fields<'_, '_>, long: &'static str, short: &'static str) -> &'static str {
    if f.has(short) { short } else { long }
}

/// A trade without its number, which old answers lack.
pub(super) struct Print {
    pub(super) id: Option<TradeId>,
    pub(super) time: Timestamp,
    price: Price,
    quantity: Quantity,
    side: Side,
}

/// `ASK`: the taker sold.
pub(super) fn print(f: &Fields<'_, '_>) -> Result<Print, DecodeError> {
    let side = name(f, "ask_bid", "ab");
    // the time of the trade in messages, whose timestamp is when they were sent; answers have one only
    let time = match name(f, "trade_timestamp", "ttms") {
        time if f.has(time) => time,
        _ => "timestamp",
    };
    Ok(Print {
        id: f.optional(name(f, "sequential_id", "sid"), id)?,
        time: f.read(time, millis)?,
        price: f.price(name(f, "trade_price", "tp"))?,
        quantity: f.quantity(name(f, "trade_volume", "tv"))?,
        side: match f.text(side)? {
            "BID" => Side::Buy,
            "ASK" => Side::Sell,
            _ => return Err(f.bad(side, f.get(side)?)),
        },
    })
}

impl Print {
    pub(super) const fn kind(&self, id: TradeId) -> EventKind {
        said::trade(id, self.time, self.price, self.quantity, self.side)
    }
}

/// Levels of both sides in pairs; a side that is shorter is filled with zeros.
pub(super) fn book(f: &Fields<'_, '_>) -> Result<BookSnapshot, DecodeError> {
    let (mut bids, mut asks) = (Vec::new(), Vec::new());
    for unit in f.list(name(f, "orderbook_units", "obu"))? {
        let unit = Fields::new("orderbook unit", unit)?;
        let level = |at, size| {
            let level = Level {
                price: unit.price(at)?,
                quantity: unit.quantity(size)?,
            };
            Ok::<_, DecodeError>(level.price.0.is_positive().then_some(level))
        };
        bids.extend(level(
            name(&unit, "bid_price", "bp"),
            name(&unit, "bid_size", "bs"),
        )?);
        asks.extend(level(
            name(&unit, "ask_price", "ap"),
            name(&unit, "ask_size", "as"),
        )?);
    }
    Ok(BookSnapshot {
        last_update_id: 0,
        time: Some(f.read(name(f, "timestamp", "tms"), millis)?),
        bids,
        asks,
        checksum: None,
    })
}

/// The best of a book.
pub(super) fn best(book: &BookSnapshot) -> Option<Quote> {
    let (bid, ask) = (book.bids.first()?, book.asks.first()?);
    Some(Quote {
        time: book.time,
        ..said::quote((bid.price, bid.quantity), (ask.price, ask.quantity))
    })
}

/// Statistics: prices of the day that began at 0:00 UTC, volumes of 24 hours.
pub(super) fn ticker(f: &Fields<'_, '_>) -> Result<Ticker, DecodeError> {
    let relative = f.optional(name(f, "signed_change_rate", "scr"), decimal)?;
    let hundred = Decimal::whole(100);
    let notional = f.optional(name(f, "acc_trade_price_24h", "atp24h"), decimal)?;
    Ok(Ticker {
        last_quantity: f.optional(name(f, "trade_volume", "tv"), quantity)?,
        open: f.optional(name(f, "opening_price", "op"), price)?,
        high: f.optional(name(f, "high_price", "hp"), price)?,
        low: f.optional(name(f, "low_price", "lp"), price)?,
        volume: f.optional(name(f, "acc_trade_volume_24h", "atv24h"), quantity)?,
        quote_volume: notional.map(Into::into),
        change: f.optional(name(f, "signed_change_price", "scp"), price)?,
        change_percent: relative.and_then(|part| part.checked_mul(hundred)),
        previous_close: f.optional(name(f, "prev_closing_price", "pcp"), price)?,
        close_time: f.optional(name(f, "timestamp", "tms"), millis)?,
        ..said::ticker(f.price(name(f, "trade_price", "tp"))?)
    })
}

/// A time without an offset, in UTC: `2018-04-18T10:16:00`.
fn utc(found: &Json<'_>) -> Option<Timestamp> {
    let text = found.text()?;
    (text.len() == 19).then(|| format!("{text}Z").parse().ok())?
}

/// A candle.
pub(super) fn candle(
    f: &Fields<'_, '_>,
    symbol: &VenueSymbol,
    timeframe: Timeframe,
) -> Result<Event, DecodeError> {
    let prices = [
        f.price(name(f, "opening_price", "op"))?,
        f.price(name(f, "high_price", "hp"))?,
        f.price(name(f, "low_price", "lp"))?,
        f.price(name(f, "trade_price", "tp"))?,
    ];
    let open_time = f.read(name(f, "candle_date_time_utc", "cdttmu"), utc)?;
    let volume = f.quantity(name(f, "candle_acc_trade_volume", "catv"))?;
    let notional = f.optional(name(f, "candle_acc_trade_price", "catp"), decimal)?;
    let candle = VenueCandle {
        quote_volume: notional.map(Into::into),
        ..VenueCandle::bare(timeframe, open_time, prices, volume)
    };
    let kind = EventKind::Candle(Box::new(candle));
    Ok(said::about(symbol, None, kind))
}
