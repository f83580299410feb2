//! Rows of data, which messages and answers share.

use quantflow_model::{
    BookChecksum, BookDelta, BookSnapshot, ContractState, FundingRate, Liquidation, OptionState,
    Price, Quantity, Quote, Timeframe, Timestamp, Trade, TradeId, VenueSymbol,
};
use quantflow_wire::{AggregateTrade, DecodeError, EventKind, Ticker, VenueCandle};

use super::names::Market;
use crate::json::value::{decimal_in_text, id, millis, unsigned};
use crate::json::{Fields, Json, Row};
use crate::said::{self, levels, side};

/// The symbol that a row names; it must be the one that its envelope, or the question, names.
pub(super) fn symbol_of(
    f: &Fields<'_, '_>,
    expected: Option<&VenueSymbol>,
) -> Result<VenueSymbol, DecodeError> {
    let symbol = f.symbol("instId")?;
    match expected {
        Some(expected) if *expected != symbol => Err(f.bad("instId", f.get("instId")?)),
        _ => Ok(symbol),
    }
}

pub(super) fn trade(f: &Fields<'_, '_>) -> Result<Trade, DecodeError> {
    Ok(said::single(
        f.read("tradeId", id)?,
        f.read("ts", millis)?,
        f.price("px")?,
        f.quantity("sz")?,
        f.read("side", side)?,
    ))
}

/// A row of the channel `trades`: since 2022 the trades of one order at one price together, whose last
/// one gives the number; before, and without `count`, single trades.
pub(super) fn trade_or_aggregate(f: &Fields<'_, '_>) -> Result<EventKind, DecodeError> {
    let trade = trade(f)?;
    if !f.has("count") {
        return Ok(said::trade(trade));
    }
    let count = f.read("count", unsigned)?;
    let first = count
        .checked_sub(1)
        .and_then(|more| trade.id.0.checked_sub(u128::from(more)))
        .ok_or_else(|| f.bad("count", f.object().entry("count").unwrap_or(&Json::Null)))?;
    Ok(EventKind::AggregateTrade(AggregateTrade {
        id: trade.id,
        first_id: TradeId(first),
        last_id: trade.id,
        time: trade.time,
        price: trade.price,
        quantity: trade.quantity,
        side: trade.side,
    }))
}

/// Best bid and offer of a ticker; `None` where nobody bids or nobody offers.
pub(super) fn quote_of_ticker(f: &Fields<'_, '_>) -> Result<Option<Quote>, DecodeError> {
    let price = |field| Ok::<_, DecodeError>(f.optional(field, decimal_in_text)?.map(Price));
    let size = |field| Ok::<_, DecodeError>(f.optional(field, decimal_in_text)?.map(Quantity));
    Ok(match (price("bidPx")?, price("askPx")?) {
        (Some(bid), Some(ask)) => Some(Quote {
            bid,
            bid_quantity: size("bidSz")?.unwrap_or_default(),
            ask,
            ask_quantity: size("askSz")?.unwrap_or_default(),
            update_id: None,
            time: Some(f.read("ts", millis)?),
        }),
        _ => None,
    })
}

/// A ticker. What never traded has no last price: of it there is at the most a quote.
pub(super) fn ticker(
    f: &Fields<'_, '_>,
    symbol: &VenueSymbol,
) -> Result<Option<EventKind>, DecodeError> {
    let quote = quote_of_ticker(f)?;
    let number = |field| f.optional(field, decimal_in_text);
    f.get("last")?;
    let Some(last) = number("last")? else {
        return Ok(quote.map(EventKind::Quote));
    };
    // of contracts `volCcy24h` counts the base, not what was paid
    let quote_volume = match Market::of(symbol) {
        Market::Spot => number("volCcy24h")?.map(Into::into),
        _ => None,
    };
    let time: Timestamp = f.read("ts", millis)?;
    Ok(Some(EventKind::Ticker(Box::new(Ticker {
        last: last.into(),
        last_quantity: number("lastSz")?.map(Into::into),
        open: number("open24h")?.map(Into::into),
        high: number("high24h")?.map(Into::into),
        low: number("low24h")?.map(Into::into),
        volume: number("vol24h")?.map(Into::into),
        quote_volume,
        change: None,
        change_percent: None,
        weighted_average: None,
        previous_close: None,
        quote,
        open_time: None,
        close_time: Some(time),
        first_id: None,
        last_id: None,
        trades: None,
    }))))
}

/// `[time, open, high, low, close, volume, volume in currency, volume in quote, confirmed]`; before
/// December 2022 without the last two.
pub(super) fn candle(
    row: &Json<'_>,
    timeframe: Timeframe,
    symbol: &VenueSymbol,
) -> Result<VenueCandle, DecodeError> {
    let row = Row::new("candle", row)?;
    let price = |place, field| row.read(place, field, decimal_in_text).map(Price);
    let prices = [
        price(1, "open")?,
        price(2, "high")?,
        price(3, "low")?,
        price(4, "close")?,
    ];
    let volume = row.read(5, "vol", decimal_in_text)?;
    let in_currency = row.optional(6, "volCcy", decimal_in_text)?;
    let in_quote = row.optional(7, "volCcyQuote", decimal_in_text)?;
    let closed = row.optional(8, "confirm", |found| match found.text()? {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    })?;
    let open_time = row.read(0, "ts", millis)?;
    let mut candle = VenueCandle::bare(timeframe, open_time, prices, volume.into());
    candle.quote_volume = match Market::of(symbol) {
        Market::Spot => in_quote.or(in_currency),
        _ => in_quote,
    }
    .map(Into::into);
    candle.closed = closed;
    Ok(candle)
}

/// What a row says of a contract; each channel and endpoint says its part.
pub(super) fn contract(f: &Fields<'_, '_>) -> Result<ContractState, DecodeError> {
    let number = |field| f.optional(field, decimal_in_text);
    let state = ContractState {
        time: f.optional("ts", millis)?,
        mark: number("markPx")?.map(Into::into),
        index: number("idxPx")?.map(Into::into),
        settlement: number("settlePx")?.map(Into::into),
        funding_rate: number("fundingRate")?,
        funding_time: f.optional("fundingTime", millis)?,
        next_funding_rate: number("nextFundingRate")?,
        open_interest: number("oi")?.map(Into::into),
        open_interest_value: None,
    };
    let nothing = ContractState {
        time: state.time,
        ..ContractState::default()
    };
    if state == nothing {
        return Err(DecodeError::Missing {
            message: "contract",
            field: "markPx",
        });
    }
    Ok(state)
}

/// A funding rate that was paid: `realizedRate` is what was, `fundingRate` what was foretold.
pub(super) fn funding(f: &Fields<'_, '_>) -> Result<FundingRate, DecodeError> {
    let rate = match f.optional("realizedRate", decimal_in_text)? {
        Some(rate) => rate,
        None => f.decimal("fundingRate")?,
    };
    Ok(FundingRate {
        time: f.read("fundingTime", millis)?,
        rate,
        mark: None,
    })
}

/// What is computed for an option. The greeks are those by Black and Scholes, in dollars.
pub(super) fn option(f: &Fields<'_, '_>) -> Result<OptionState, DecodeError> {
    let number = |field| f.optional(field, decimal_in_text);
    Ok(OptionState {
        time: Some(f.read("ts", millis)?),
        mark: None,
        underlying: number("fwdPx")?.map(Into::into),
        mark_volatility: number("markVol")?,
        bid_volatility: number("bidVol")?,
        ask_volatility: number("askVol")?,
        delta: Some(f.decimal("deltaBS")?),
        gamma: Some(f.decimal("gammaBS")?),
        vega: Some(f.decimal("vegaBS")?),
        theta: Some(f.decimal("thetaBS")?),
        rho: None,
        interest_rate: None,
        open_interest: None,
    })
}

pub(super) fn liquidation(f: &Fields<'_, '_>) -> Result<Liquidation, DecodeError> {
    Ok(Liquidation {
        time: f.read("ts", millis)?,
        side: f.read("side", side)?,
        price: f.price("bkPx")?,
        quantity: f.quantity("sz")?,
    })
}

/// The best level of each side as a quote; zeros where nobody bids or offers.
pub(super) fn best(f: &Fields<'_, '_>) -> Result<Quote, DecodeError> {
    let side = |field| {
        let level = levels("bbo-tbt", field, f.get(field)?)?.into_iter().next();
        Ok::<_, DecodeError>(level.map_or((Price::ZERO, Quantity::ZERO), |l| (l.price, l.quantity)))
    };
    let ((bid, bid_quantity), (ask, ask_quantity)) = (side("bids")?, side("asks")?);
    Ok(Quote {
        bid,
        bid_quantity,
        ask,
        ask_quantity,
        update_id: f.optional("seqId", Json::unsigned)?,
        time: Some(f.read("ts", millis)?),
    })
}

/// A whole book. Of one without `seqId` (until 2023) the number is 0.
pub(super) fn snapshot(f: &Fields<'_, '_>) -> Result<BookSnapshot, DecodeError> {
    Ok(BookSnapshot {
        last_update_id: f.optional("seqId", Json::unsigned)?.unwrap_or(0),
        time: Some(f.read("ts", millis)?),
        bids: levels("books", "bids", f.get("bids")?)?,
        asks: levels("books", "asks", f.get("asks")?)?,
        checksum: checksum(f)?,
    })
}

/// Changes of a book.
pub(super) fn delta(f: &Fields<'_, '_>) -> Result<BookDelta, DecodeError> {
    let last = f.optional("seqId", Json::unsigned)?.unwrap_or(0);
    // -1 stands in snapshots: nothing is before them
    let previous = f.optional("prevSeqId", |found| match found.integer() {
        Some(-1) => Some(None),
        _ => found.unsigned().map(Some),
    })?;
    let previous = previous.flatten();
    Ok(BookDelta {
        // a sign of life has the number of the change before it
        first_update_id: previous.map_or(last, |previous| previous.saturating_add(1).min(last)),
        last_update_id: last,
        previous_update_id: previous,
        time: Some(f.read("ts", millis)?),
        bids: levels("books", "bids", f.get("bids")?)?,
        asks: levels("books", "asks", f.get("asks")?)?,
        checksum: checksum(f)?,
    })
}

/// The checksum comes as a signed number; 0 where the venue computes none.
fn checksum(f: &Fields<'_, '_>) -> Result<Option<BookChecksum>, DecodeError> {
    let bits = f.optional("checksum", |found| {
        let number = found.integer()?;
        i32::try_from(number)
            .map(|signed| signed as u32)
            .or_else(|_| u32::try_from(number))
            .ok()
    })?;
    Ok(bits.filter(|bits| *bits != 0).map(|expected| BookChecksum {
        expected,
        price_decimals: None,
        quantity_decimals: None,
    }))
}
