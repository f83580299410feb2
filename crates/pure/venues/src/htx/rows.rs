//! Rows of data, which messages and answers share.

use quantflow_model::{
    BookDelta, BookSnapshot, ContractState, Decimal, FundingRate, Liquidation, Price, Quantity,
    Quote, Timeframe, Timestamp, Trade,
};
use quantflow_wire::{DecodeError, Ticker, VenueCandle};

use super::Market;
use crate::json::value::{decimal, id, level, millis, seconds, unsigned};
use crate::json::{Fields, Json};
use crate::said::{self, levels, side};

/// A trade. Of spot `tradeId` is its number (`trade-id` in answers, absent until 2019); `id` is a text of
/// several numbers put together, and the number of a contract's trade.
pub(super) fn trade(market: Market, f: &Fields<'_, '_>) -> Result<Trade, DecodeError> {
    let number = match market {
        Market::Spot => match f.optional("tradeId", id)? {
            Some(number) => Some(number),
            None => f.optional("trade-id", id)?,
        },
        Market::Linear => None,
    };
    let number = match number {
        Some(number) => number,
        None => f.read("id", id)?,
    };
    Ok(said::single(
        number,
        f.read("ts", millis)?,
        f.price("price")?,
        f.quantity("amount")?,
        f.read("direction", side)?,
    ))
}

/// A candle. `amount` is the base, `vol` the quote; of contracts `vol` counts contracts.
pub(super) fn candle(
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
    let (volume, quote_volume) = volumes(market, f)?;
    let volume = volume.ok_or(DecodeError::Missing {
        message: "kline",
        field: "amount",
    })?;
    let mut candle = VenueCandle::bare(timeframe, f.read("id", seconds)?, prices, volume);
    candle.quote_volume = quote_volume.map(Into::into);
    candle.trades = f.optional("count", unsigned)?;
    Ok(candle)
}

/// Volume in the unit of the market's trades, and in the quote currency.
fn volumes(
    market: Market,
    f: &Fields<'_, '_>,
) -> Result<(Option<Quantity>, Option<Decimal>), DecodeError> {
    let (volume, in_quote) = match market {
        Market::Spot => ("amount", "vol"),
        Market::Linear => ("vol", "trade_turnover"),
    };
    Ok((
        f.optional(volume, sum)?.map(Quantity),
        f.optional(in_quote, sum)?,
    ))
}

/// A sum that the venue computed. Some have more digits than a number here can hold, which are what
/// floats left behind: those beyond 18 behind the point are cut off.
fn sum(found: &Json<'_>) -> Option<Decimal> {
    if let Some(exact) = decimal(found) {
        return Some(exact);
    }
    let text = match found {
        Json::Number(digits) => digits,
        Json::Text(text) => text.as_ref(),
        _ => return None,
    };
    let (whole, part) = text.split_once('.')?;
    if part.len() <= 18 || !part.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    format!("{whole}.{}", &part[..18]).parse().ok()
}

/// Statistics of 24 hours: `detail`, `detail.merged` and `ticker` of a socket and of answers.
pub(super) fn ticker(
    market: Market,
    f: &Fields<'_, '_>,
    time: Option<Timestamp>,
) -> Result<Ticker, DecodeError> {
    let last = match f.optional("lastPrice", decimal)? {
        Some(last) => last,
        None => f.decimal("close")?,
    };
    let number = |field| f.optional(field, decimal);
    let (volume, quote_volume) = volumes(market, f)?;
    Ok(Ticker {
        last: last.into(),
        last_quantity: number("lastSize")?.map(Into::into),
        open: number("open")?.map(Into::into),
        high: number("high")?.map(Into::into),
        low: number("low")?.map(Into::into),
        volume,
        quote_volume: quote_volume.map(Into::into),
        change: None,
        change_percent: None,
        weighted_average: None,
        previous_close: None,
        quote: quote(f, None, time)?,
        open_time: None,
        close_time: time,
        first_id: None,
        last_id: None,
        trades: f.optional("count", unsigned)?,
    })
}

/// Best bid and offer: `bid` and `bidSize`, or `bid` as a list of both; `None` where a side is missing.
pub(super) fn quote(
    f: &Fields<'_, '_>,
    update_id: Option<u64>,
    time: Option<Timestamp>,
) -> Result<Option<Quote>, DecodeError> {
    let side = |price: &'static str, size: &'static str| {
        let found = match f.object().entry(price) {
            None | Some(Json::Null) => return Ok(None),
            Some(found) => found,
        };
        if found.items().is_some() {
            let level = f.read(price, level)?;
            return Ok(Some((level.price, level.quantity)));
        }
        Ok::<_, DecodeError>(Some((f.price(price)?, f.quantity(size)?)))
    };
    Ok(match (side("bid", "bidSize")?, side("ask", "askSize")?) {
        (Some((bid, bid_quantity)), Some((ask, ask_quantity))) => Some(Quote {
            bid,
            bid_quantity,
            ask,
            ask_quantity,
            update_id,
            time,
        }),
        _ => None,
    })
}

/// A whole book, `depth` of a socket or an answer. It may lack its number.
pub(super) fn snapshot(f: &Fields<'_, '_>) -> Result<BookSnapshot, DecodeError> {
    Ok(BookSnapshot {
        last_update_id: f.optional("version", unsigned)?.unwrap_or(0),
        time: f.optional("ts", millis)?,
        bids: levels("depth", "bids", f.get("bids")?)?,
        asks: levels("depth", "asks", f.get("asks")?)?,
        checksum: None,
    })
}

/// Changes of a contract's book: `version` counts on by one.
pub(super) fn delta(f: &Fields<'_, '_>) -> Result<BookDelta, DecodeError> {
    let version = f.read("version", unsigned)?;
    Ok(BookDelta {
        first_update_id: version,
        last_update_id: version,
        previous_update_id: None,
        time: f.optional("ts", millis)?,
        bids: levels("depth", "bids", f.get("bids")?)?,
        asks: levels("depth", "asks", f.get("asks")?)?,
        checksum: None,
    })
}

/// Changes of a spot book (`mbp`), each with the number of the one before it. A side may be missing.
pub(super) fn by_price(f: &Fields<'_, '_>) -> Result<BookDelta, DecodeError> {
    let (last, previous) = (f.unsigned("seqNum")?, f.unsigned("prevSeqNum")?);
    let side = |field| match f.object().entry(field) {
        None | Some(Json::Null) => Ok(Vec::new()),
        Some(found) => levels("mbp", field, found),
    };
    Ok(BookDelta {
        first_update_id: previous.saturating_add(1).min(last),
        last_update_id: last,
        previous_update_id: Some(previous),
        time: None,
        bids: side("bids")?,
        asks: side("asks")?,
        checksum: None,
    })
}

/// The funding of a contract.
pub(super) fn contract(
    f: &Fields<'_, '_>,
    time: Option<Timestamp>,
) -> Result<ContractState, DecodeError> {
    Ok(ContractState {
        time,
        funding_rate: Some(f.decimal("funding_rate")?),
        // on the socket the next payment is `settlement_time`, in answers `funding_time`
        funding_time: match f.optional("settlement_time", millis)? {
            Some(time) => Some(time),
            None => f.optional("funding_time", millis)?,
        },
        next_funding_rate: f.optional("estimated_rate", decimal)?,
        ..ContractState::default()
    })
}

/// What was paid: `realized_rate`, where it is told, else `funding_rate`.
pub(super) fn funding(f: &Fields<'_, '_>) -> Result<FundingRate, DecodeError> {
    let rate = match f.optional("realized_rate", decimal)? {
        Some(rate) => rate,
        None => f.decimal("funding_rate")?,
    };
    Ok(FundingRate {
        time: f.read("funding_time", millis)?,
        rate,
        mark: None,
    })
}

pub(super) fn liquidation(f: &Fields<'_, '_>) -> Result<Liquidation, DecodeError> {
    Ok(Liquidation {
        time: f.read("created_at", millis)?,
        side: f.read("direction", side)?,
        price: f.read("price", decimal).map(Price)?,
        quantity: f.quantity("volume")?,
    })
}
