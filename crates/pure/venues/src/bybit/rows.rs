//! Rows of data, which messages and answers share.

use quantflow_model::{
    BookDelta, BookSnapshot, Decimal, FundingRate, Level, Liquidation, Notional, Price, Quote,
    Side, Timeframe, Timestamp, Trade, VenueSymbol,
};
use quantflow_wire::{DecodeError, VenueCandle};

use super::Market;
use crate::json::value::{decimal_in_text, id, millis};
use crate::json::{Fields, Json, Row};
use crate::said::{self, levels, side};

/// The symbol that a row names in this field; it must be the one that its envelope, or the question,
/// names.
pub(super) fn symbol_of(
    f: &Fields<'_, '_>,
    field: &'static str,
    expected: &VenueSymbol,
) -> Result<(), DecodeError> {
    if f.symbol(field)? == *expected {
        Ok(())
    } else {
        Err(f.bad(field, f.get(field)?))
    }
}

/// A trade of a socket.
pub(super) fn trade(f: &Fields<'_, '_>) -> Result<Trade, DecodeError> {
    Ok(said::single(
        f.read("i", id)?,
        f.read("T", millis)?,
        f.price("p")?,
        f.quantity("v")?,
        f.read("S", side)?,
    ))
}

/// A trade of an answer.
pub(super) fn recent_trade(f: &Fields<'_, '_>) -> Result<Trade, DecodeError> {
    Ok(said::single(
        f.read("execId", id)?,
        f.read("time", millis)?,
        f.price("price")?,
        f.quantity("size")?,
        f.read("side", side)?,
    ))
}

/// A whole book: `s`, `b`, `a`, `u`.
pub(super) fn snapshot(
    f: &Fields<'_, '_>,
    time: Option<Timestamp>,
) -> Result<BookSnapshot, DecodeError> {
    Ok(BookSnapshot {
        last_update_id: f.unsigned("u")?,
        time,
        bids: levels("orderbook", "b", f.get("b")?)?,
        asks: levels("orderbook", "a", f.get("a")?)?,
        checksum: None,
    })
}

/// Changes of a book.
pub(super) fn delta(f: &Fields<'_, '_>, time: Option<Timestamp>) -> Result<BookDelta, DecodeError> {
    let update = f.unsigned("u")?;
    Ok(BookDelta {
        first_update_id: update,
        last_update_id: update,
        previous_update_id: None,
        time,
        bids: levels("orderbook", "b", f.get("b")?)?,
        asks: levels("orderbook", "a", f.get("a")?)?,
        checksum: None,
    })
}

/// The best level of each side of a book as a quote; zeros where nobody bids or offers.
pub(super) fn best(book: &BookSnapshot) -> Quote {
    let first = |levels: &[Level]| {
        let best = levels.first();
        best.map_or_else(Default::default, |level| (level.price, level.quantity))
    };
    let ((bid, bid_quantity), (ask, ask_quantity)) = (first(&book.bids), first(&book.asks));
    Quote {
        bid,
        bid_quantity,
        ask,
        ask_quantity,
        update_id: Some(book.last_update_id),
        time: book.time,
    }
}

/// `[start, open, high, low, close, volume, turnover]`
pub(super) fn candle(
    market: Market,
    row: &Json<'_>,
    timeframe: Timeframe,
) -> Result<VenueCandle, DecodeError> {
    let row = Row::new("kline", row)?;
    let price = |place, field| row.read(place, field, decimal_in_text).map(Price);
    let prices = [
        price(1, "open")?,
        price(2, "high")?,
        price(3, "low")?,
        price(4, "close")?,
    ];
    let volume = row.read(5, "volume", decimal_in_text)?;
    let start = row.read(0, "start", millis)?;
    let mut candle = VenueCandle::bare(timeframe, start, prices, volume.into());
    let turnover = row.read(6, "turnover", decimal_in_text)?;
    candle.quote_volume = quote_volume(market, turnover);
    Ok(candle)
}

/// Turnover is in the quote currency, but of inverse contracts in the base.
pub(super) fn quote_volume(market: Market, turnover: Decimal) -> Option<Notional> {
    (market != Market::Inverse).then_some(turnover.into())
}

/// A candle of a socket.
pub(super) fn live_candle(
    market: Market,
    f: &Fields<'_, '_>,
    timeframe: Timeframe,
) -> Result<VenueCandle, DecodeError> {
    let prices = [
        f.price("open")?,
        f.price("high")?,
        f.price("low")?,
        f.price("close")?,
    ];
    let volume = f.quantity("volume")?;
    let mut candle = VenueCandle::bare(timeframe, f.read("start", millis)?, prices, volume);
    candle.close_time = f.read("end", millis)?;
    candle.quote_volume = quote_volume(market, f.decimal("turnover")?);
    candle.closed = Some(f.flag("confirm")?);
    Ok(candle)
}

pub(super) fn funding(f: &Fields<'_, '_>) -> Result<FundingRate, DecodeError> {
    Ok(FundingRate {
        time: f.read("fundingRateTimestamp", millis)?,
        rate: f.decimal("fundingRate")?,
        mark: None,
    })
}

/// The venue names the side of the position; the order that closes it has the other.
pub(super) fn closing(found: &Json<'_>) -> Option<Side> {
    Some(match side(found)? {
        Side::Buy => Side::Sell,
        Side::Sell => Side::Buy,
        Side::Unknown => Side::Unknown,
    })
}

pub(super) fn liquidation(f: &Fields<'_, '_>) -> Result<Liquidation, DecodeError> {
    Ok(Liquidation {
        time: f.read("T", millis)?,
        side: f.read("S", closing)?,
        price: f.price("p")?,
        quantity: f.quantity("v")?,
    })
}
