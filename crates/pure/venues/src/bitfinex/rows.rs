//! Rows that sockets and answers write alike.

use quantflow_model::{
    ContractState, Decimal, Level, Price, Quantity, Side, Timeframe, Timestamp, VenueSymbol,
};
use quantflow_wire::{DecodeError, Event, EventKind, Ticker, VenueCandle};

use crate::events as said;
use crate::json::value::{decimal, id, millis, price, quantity};
use crate::json::{Json, Row};

/// An amount whose sign says a side: how much, and whether it is positive.
fn signed(found: &Json<'_>) -> Option<(Quantity, bool)> {
    let amount = decimal(found)?;
    let size = Decimal::new(amount.mantissa().checked_abs()?, amount.scale())?;
    Some((Quantity(size), !amount.is_negative()))
}

/// `[id, time, ±amount, price]`; the taker bought where the amount is positive.
pub(super) fn trade(symbol: &VenueSymbol, row: &Json<'_>) -> Result<Event, DecodeError> {
    let row = Row::new("trade", row)?;
    if row.len() == 5 {
        // the fifth is the period of a loan
        return Err(DecodeError::UnknownMessage("a trade of funding".into()));
    }
    let (size, bought) = row.read(2, "amount", signed)?;
    let kind = said::trade(
        row.read(0, "id", id)?,
        row.read(1, "time", millis)?,
        row.read(3, "price", price)?,
        size,
        if bought { Side::Buy } else { Side::Sell },
    );
    Ok(said::about(symbol, None, kind))
}

/// `[bid, bid size, ask, ask size, change, relative change, last, volume, high, low]` behind `skip`
/// places.
pub(super) fn ticker(row: &Json<'_>, skip: usize) -> Result<Ticker, DecodeError> {
    let row = Row::new("ticker", row)?;
    let relative = row.read(skip + 5, "relative change", decimal)?;
    let percent = relative.checked_mul(Decimal::whole(100));
    Ok(Ticker {
        high: Some(row.read(skip + 8, "high", price)?),
        low: Some(row.read(skip + 9, "low", price)?),
        volume: Some(row.read(skip + 7, "volume", quantity)?),
        change: Some(row.read(skip + 4, "change", price)?),
        change_percent: percent,
        quote: Some(said::quote(
            (
                row.read(skip, "bid", price)?,
                row.read(skip + 1, "bid size", quantity)?,
            ),
            (
                row.read(skip + 2, "ask", price)?,
                row.read(skip + 3, "ask size", quantity)?,
            ),
        )),
        ..said::ticker(row.read(skip + 6, "last", price)?)
    })
}

/// `[open time, open, close, high, low, volume]`: the close stands second.
pub(super) fn candle(
    symbol: &VenueSymbol,
    timeframe: Timeframe,
    row: &Json<'_>,
) -> Result<Event, DecodeError> {
    let row = Row::new("candle", row)?;
    let open_time = row.read(0, "open time", millis)?;
    let prices = [
        row.read(1, "open", price)?,
        row.read(3, "high", price)?,
        row.read(4, "low", price)?,
        row.read(2, "close", price)?,
    ];
    let volume = row.read(5, "volume", quantity)?;
    let candle = VenueCandle::bare(timeframe, open_time, prices, volume);
    Ok(said::about(
        symbol,
        None,
        EventKind::Candle(Box::new(candle)),
    ))
}

/// A level `[price, orders, ±amount]`: a bid where the amount is positive. No orders: it is gone, and
/// the amount only tells the side. The flag: whether it is a bid.
pub(super) fn level(row: &Json<'_>) -> Result<(Level, bool), DecodeError> {
    let row = Row::new("book", row)?;
    let at: Price = row.read(0, "price", price)?;
    let orders = row.read(1, "count", Json::unsigned)?;
    let (size, bid) = row.read(2, "amount", signed)?;
    let quantity = if orders == 0 { Quantity::ZERO } else { size };
    Ok((
        Level {
            price: at,
            quantity,
        },
        bid,
    ))
}

/// Levels as bids and asks, in the order in which they stand.
pub(super) fn levels<'t, 'a: 't>(
    rows: impl IntoIterator<Item = &'t Json<'a>>,
) -> Result<(Vec<Level>, Vec<Level>), DecodeError> {
    let (mut bids, mut asks) = (Vec::new(), Vec::new());
    for row in rows {
        let (level, bid) = level(row)?;
        if bid { &mut bids } else { &mut asks }.push(level);
    }
    Ok((bids, asks))
}

/// The state of a derivative, behind `skip` places: `[time, _, derivative price, spot price, _,
/// insurance fund, _, next funding time, next funding accrued, step, _, current funding, _, _, mark,
/// _, _, open interest, …]`.
pub(super) fn state(
    row: &Json<'_>,
    skip: usize,
) -> Result<(Timestamp, ContractState), DecodeError> {
    let row = Row::new("status", row)?;
    let time = row.read(skip, "time", millis)?;
    let state = ContractState {
        time: Some(time),
        mark: row.optional(skip + 14, "mark price", price)?,
        index: row.optional(skip + 3, "spot price", price)?,
        funding_rate: row.optional(skip + 8, "next funding accrued", decimal)?,
        funding_time: row.optional(skip + 7, "next funding time", millis)?,
        open_interest: row.optional(skip + 17, "open interest", quantity)?,
        ..ContractState::default()
    };
    Ok((time, state))
}

/// `["pos", id, time, _, symbol, ±amount, base price, _, is match, is market sold, _, price]`: the
/// amount is the position's. `None` for the word that one begins; its match follows.
pub(super) fn liquidation(row: &Json<'_>) -> Result<Option<Event>, DecodeError> {
    let row = Row::new("liquidation", row)?;
    let symbol = row.read(4, "symbol", crate::json::value::symbol)?;
    let time = row.read(2, "time", millis)?;
    let (size, long) = row.read(5, "amount", signed)?;
    let base = row.read(6, "base price", price)?;
    let at = row.optional(11, "price", price)?;
    if row.read(8, "is match", Json::unsigned)? == 0 {
        return Ok(None);
    }
    let kind = EventKind::Liquidation(quantflow_model::Liquidation {
        time,
        side: if long { Side::Sell } else { Side::Buy },
        price: at.unwrap_or(base),
        quantity: size,
    });
    Ok(Some(said::about(&symbol, None, kind)))
}
