//! Rows of the venue's tables, which messages and answers write alike.

use quantflow_model::{
    ContractState, Decimal, FundingRate, Price, Quantity, Quote, Side, Timeframe, Timestamp,
    TradeId, VenueSymbol,
};
use quantflow_wire::{DecodeError, Event, EventKind, Ticker, VenueCandle};

use crate::events as said;
use crate::json::value::{decimal, id, price, quantity, rfc3339};
use crate::json::{Fields, Json};

/// The taker's side; index values, settlements and the like have none.
fn side(f: &Fields<'_, '_>) -> Result<Side, DecodeError> {
    match f.optional("side", Json::text)? {
        Some("Buy") => Ok(Side::Buy),
        Some("Sell") => Ok(Side::Sell),
        None => Ok(Side::Unknown),
        Some(_) => Err(f.bad("side", f.get("side")?)),
    }
}

/// A trade; `None` for the value of an index, which comes in the same table with a size of 0.
pub(super) fn trade(row: &Json<'_>) -> Result<Option<Event>, DecodeError> {
    let f = Fields::new("trade", row)?;
    let symbol = f.symbol("symbol")?;
    let time = f.read("timestamp", rfc3339)?;
    let number: TradeId = f.read("trdMatchID", id)?;
    let (at, size) = (f.price("price")?, f.quantity("size")?);
    let kind = said::trade(number, time, at, size, side(&f)?);
    Ok(size
        .0
        .is_positive()
        .then(|| said::about(&symbol, None, kind)))
}

/// A best bid and offer; `None` where a side is empty.
pub(super) fn quote(row: &Json<'_>) -> Result<Option<Event>, DecodeError> {
    let f = Fields::new("quote", row)?;
    let symbol = f.symbol("symbol")?;
    let time = f.read("timestamp", rfc3339)?;
    let level = |at, size| -> Result<Option<(Price, Quantity)>, DecodeError> {
        Ok(f.optional(at, price)?.zip(f.optional(size, quantity)?))
    };
    let bid = level("bidPrice", "bidSize")?;
    let ask = level("askPrice", "askSize")?;
    let quote = bid.zip(ask).map(|(bid, ask)| Quote {
        time: Some(time),
        ..said::quote(bid, ask)
    });
    Ok(quote.map(|quote| said::about(&symbol, Some(time), EventKind::Quote(quote))))
}

/// A candle, whose time is its end; `None` before the first trade of an instrument. Its open is the
/// close of the one before.
pub(super) fn candle(timeframe: Timeframe, row: &Json<'_>) -> Result<Option<Event>, DecodeError> {
    let f = Fields::new("tradeBin", row)?;
    let symbol = f.symbol("symbol")?;
    let end = f.read("timestamp", rfc3339)?;
    let Some(open) = f.optional("open", price)? else {
        return Ok(None);
    };
    let length = timeframe.approximate_nanos(); // none of them is a month
    let prices = [open, f.price("high")?, f.price("low")?, f.price("close")?];
    let candle = VenueCandle {
        quote_volume: f.optional("foreignNotional", decimal)?.map(Into::into),
        trades: f.optional("trades", Json::unsigned)?,
        closed: Some(true),
        ..VenueCandle::bare(
            timeframe,
            end.plus_nanos(-length),
            prices,
            f.quantity("volume")?,
        )
    };
    let kind = EventKind::Candle(Box::new(candle));
    Ok(Some(said::about(&symbol, None, kind)))
}

/// A funding that was paid.
pub(super) fn funding(row: &Json<'_>) -> Result<Event, DecodeError> {
    let f = Fields::new("funding", row)?;
    let kind = EventKind::Funding(FundingRate {
        time: f.read("timestamp", rfc3339)?,
        rate: f.decimal("fundingRate")?,
        mark: None,
    });
    Ok(said::about(&f.symbol("symbol")?, None, kind))
}

/// Statistics, as far as a row of the table of instruments says the last price.
pub(super) fn ticker(f: &Fields<'_, '_>) -> Result<Option<EventKind>, DecodeError> {
    let Some(last) = f.optional("lastPrice", price)? else {
        return Ok(None);
    };
    let hundred = Decimal::whole(100);
    let change = f.optional("lastChangePcnt", decimal)?;
    Ok(Some(EventKind::Ticker(Box::new(Ticker {
        open: f.optional("prevPrice24h", price)?,
        high: f.optional("highPrice", price)?,
        low: f.optional("lowPrice", price)?,
        volume: f.optional("volume24h", quantity)?,
        quote_volume: f.optional("foreignNotional24h", decimal)?.map(Into::into),
        change_percent: change.and_then(|part| part.checked_mul(hundred)),
        weighted_average: f.optional("vwap", price)?,
        previous_close: f.optional("prevClosePrice", price)?,
        close_time: f.optional("timestamp", rfc3339)?,
        ..said::ticker(last)
    }))))
}

/// The state of a contract, as far as a row of the table of instruments says it.
pub(super) fn state(f: &Fields<'_, '_>) -> Result<Option<EventKind>, DecodeError> {
    let state = ContractState {
        time: None,
        mark: f.optional("markPrice", price)?,
        index: f.optional("indicativeSettlePrice", price)?,
        settlement: f.optional("settledPrice", price)?,
        funding_rate: f.optional("fundingRate", decimal)?,
        funding_time: f.optional("fundingTimestamp", rfc3339)?,
        next_funding_rate: f.optional("indicativeFundingRate", decimal)?,
        open_interest: f.optional("openInterest", quantity)?,
        open_interest_value: None,
    };
    if state == ContractState::default() {
        return Ok(None);
    }
    let time = f.optional("timestamp", rfc3339)?;
    Ok(Some(EventKind::Contract(Box::new(ContractState {
        time,
        ..state
    }))))
}

/// What a row of the table of instruments says: statistics, the state of a contract, both or neither.
pub(super) fn instrument(row: &Json<'_>) -> Result<Vec<Event>, DecodeError> {
    let f = Fields::new("instrument", row)?;
    let symbol: VenueSymbol = f.symbol("symbol")?;
    let sent: Option<Timestamp> = f.optional("timestamp", rfc3339)?;
    let kinds = [ticker(&f)?, state(&f)?].into_iter().flatten();
    Ok(kinds.map(|kind| said::about(&symbol, sent, kind)).collect())
}
