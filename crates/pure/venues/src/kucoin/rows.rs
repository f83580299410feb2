//! Rows of data, which messages and answers share.

use quantflow_model::{
    BookDelta, BookSnapshot, Decimal, Level, Price, Quantity, Quote, Timeframe, Timestamp, Trade,
};
use quantflow_wire::{DecodeError, Ticker, VenueCandle};

use crate::json::value::{decimal, id, millis, nanos, price, quantity, seconds, unsigned};
use crate::json::{Fields, Json, Row};
use crate::said::{self, levels, side};

/// A trade, of a socket or an answer. Its number is the symbol's `sequence`, which both have; `tradeId`
/// stands on the socket only.
pub(super) fn trade(f: &Fields<'_, '_>) -> Result<Trade, DecodeError> {
    Ok(said::single(
        f.read("sequence", id)?,
        f.read("time", nanos)?,
        f.price("price")?,
        f.quantity("size")?,
        f.read("side", side)?,
    ))
}

/// `[time in seconds, open, close, high, low, volume, turnover]`
pub(super) fn candle(row: &Json<'_>, timeframe: Timeframe) -> Result<VenueCandle, DecodeError> {
    let row = Row::new("candles", row)?;
    let prices = [
        row.read(1, "open", price)?,
        row.read(3, "high", price)?,
        row.read(4, "low", price)?,
        row.read(2, "close", price)?,
    ];
    let volume = row.read(5, "volume", quantity)?;
    let start = row.read(0, "time", seconds)?;
    let mut candle = VenueCandle::bare(timeframe, start, prices, volume);
    candle.quote_volume = Some(row.read(6, "turnover", decimal)?.into());
    Ok(candle)
}

/// Best bid and offer, as the socket's ticker and the answer of level 1 have them; `None` where nobody
/// bids or nobody offers.
pub(super) fn quote(f: &Fields<'_, '_>) -> Result<Option<Quote>, DecodeError> {
    let number = |field| f.optional(field, decimal);
    let update_id = Some(f.read("sequence", unsigned)?);
    let time = Some(f.read("time", millis)?);
    Ok(match (number("bestBid")?, number("bestAsk")?) {
        (Some(bid), Some(ask)) => Some(Quote {
            bid: bid.into(),
            bid_quantity: f.quantity("bestBidSize")?,
            ask: ask.into(),
            ask_quantity: f.quantity("bestAskSize")?,
            update_id,
            time,
        }),
        _ => None,
    })
}

/// The names under which three messages say the same statistics.
#[derive(Debug, Clone, Copy)]
pub(super) struct TickerNames {
    pub(super) last: &'static str,
    pub(super) open: &'static str,
    pub(super) bid_size: &'static str,
    pub(super) ask_size: &'static str,
}

/// Statistics of 24 hours; `None` of what never traded.
pub(super) fn ticker(
    f: &Fields<'_, '_>,
    names: TickerNames,
    time: Option<Timestamp>,
) -> Result<Option<Ticker>, DecodeError> {
    let number = |field| f.optional(field, decimal);
    f.get(names.last)?;
    let Some(last) = number(names.last)? else {
        return Ok(None);
    };
    let sizes = (number(names.bid_size)?, number(names.ask_size)?);
    let quote = match (number("buy")?, number("sell")?, sizes) {
        (Some(bid), Some(ask), (Some(bid_quantity), Some(ask_quantity))) => Some(Quote {
            bid: bid.into(),
            bid_quantity: bid_quantity.into(),
            ask: ask.into(),
            ask_quantity: ask_quantity.into(),
            update_id: None,
            time,
        }),
        _ => None,
    };
    let percent = match number("changeRate")? {
        Some(rate) => rate.checked_mul(Decimal::whole(100)),
        None => None,
    };
    Ok(Some(Ticker {
        last: last.into(),
        last_quantity: None,
        open: number(names.open)?.map(Into::into),
        high: number("high")?.map(Into::into),
        low: number("low")?.map(Into::into),
        volume: number("vol")?.map(Into::into),
        quote_volume: number("volValue")?.map(Into::into),
        change: number("changePrice")?.map(Into::into),
        change_percent: percent,
        // `averagePrice` is of yesterday
        weighted_average: None,
        previous_close: None,
        quote,
        open_time: None,
        close_time: time,
        first_id: None,
        last_id: None,
        trades: None,
    }))
}

/// A whole book of an answer.
pub(super) fn snapshot(f: &Fields<'_, '_>) -> Result<BookSnapshot, DecodeError> {
    Ok(BookSnapshot {
        last_update_id: f.read("sequence", unsigned)?,
        time: f.optional("time", millis)?,
        bids: levels("orderbook", "bids", f.get("bids")?)?,
        asks: levels("orderbook", "asks", f.get("asks")?)?,
        checksum: None,
    })
}

/// Changes of a book: levels `[price, size, sequence]`. A price of 0 only counts the sequence on.
pub(super) fn delta(f: &Fields<'_, '_>) -> Result<BookDelta, DecodeError> {
    let (first, last) = (f.unsigned("sequenceStart")?, f.unsigned("sequenceEnd")?);
    if last < first {
        return Err(f.bad("sequenceEnd", f.get("sequenceEnd")?));
    }
    let changes = Fields::new("level2", f.get("changes")?)?;
    let side = |field| {
        let mut side: Vec<Level> = levels("level2", field, changes.get(field)?)?;
        side.retain(|level| !level.price.0.is_zero());
        Ok::<_, DecodeError>(side)
    };
    Ok(BookDelta {
        first_update_id: first,
        last_update_id: last,
        previous_update_id: None,
        time: f.optional("time", millis)?,
        bids: side("bids")?,
        asks: side("asks")?,
        checksum: None,
    })
}

/// The best levels of a book, whole in each message and without a number.
pub(super) fn best_levels(f: &Fields<'_, '_>) -> Result<BookSnapshot, DecodeError> {
    Ok(BookSnapshot {
        last_update_id: 0,
        time: Some(f.read("timestamp", millis)?),
        bids: levels("level2Depth", "bids", f.get("bids")?)?,
        asks: levels("level2Depth", "asks", f.get("asks")?)?,
        checksum: None,
    })
}

/// `{"bids":[price,size],"asks":[price,size],"timestamp":…}`; zeros where nobody bids or offers.
pub(super) fn level1(f: &Fields<'_, '_>) -> Result<Quote, DecodeError> {
    let side = |field| {
        f.read(field, |found| match found.items()? {
            [] => Some((Price::ZERO, Quantity::ZERO)),
            [at, amount, ..] => Some((price(at)?, quantity(amount)?)),
            _ => None,
        })
    };
    let ((bid, bid_quantity), (ask, ask_quantity)) = (side("bids")?, side("asks")?);
    Ok(Quote {
        bid,
        bid_quantity,
        ask,
        ask_quantity,
        update_id: None,
        time: Some(f.read("timestamp", millis)?),
    })
}
