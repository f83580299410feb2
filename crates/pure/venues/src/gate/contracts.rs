//! What messages and answers share: trades, tickers, levels, the state of a contract.

use quantflow_model::{
    ContractState, Decimal, Level, Price, Quantity, Quote, Side, Timestamp, Trade, TradeFlags,
};
use quantflow_wire::{DecodeError, EventKind, Ticker, TradeEvent};

use super::market::Market;
use crate::json::{Fields, Json, value};

/// A time in milliseconds, or in seconds where the number is too small for those: futures have
/// `create_time_ms` in milliseconds in messages and in seconds with decimals in answers.
fn millis_or_seconds(found: &Json<'_>) -> Option<Timestamp> {
    let small = value::decimal(found)? < Decimal::whole(100_000_000_000);
    if small {
        value::seconds(found)
    } else {
        value::millis(found)
    }
}

/// A size whose sign is its side: positive where the taker bought.
pub(super) fn signed(
    f: &Fields<'_, '_>,
    field: &'static str,
) -> Result<(Side, Quantity), DecodeError> {
    let size = f.decimal(field)?;
    if size.is_positive() {
        return Ok((Side::Buy, Quantity(size)));
    }
    let amount = Decimal::ZERO.checked_sub(size);
    match amount.filter(|amount| amount.is_positive()) {
        Some(amount) => Ok((Side::Sell, Quantity(amount))),
        None => Err(f.bad(field, f.get(field)?)),
    }
}

pub(super) fn trade(market: Market, item: &Json<'_>) -> Result<EventKind, DecodeError> {
    let f = Fields::new("trades", item)?;
    let (side, quantity) = match market {
        Market::Spot => {
            let side = f.read("side", |side| match side.text()? {
                "buy" => Some(Side::Buy),
                "sell" => Some(Side::Sell),
                _ => None,
            })?;
            (side, f.quantity("amount")?)
        }
        Market::Futures => signed(&f, "size")?,
    };
    let time = match f.optional("create_time_ms", millis_or_seconds)? {
        Some(time) => time,
        // answers before 2020
        None => f.read("create_time", value::seconds)?,
    };
    let trade = Trade {
        id: f.read("id", value::id)?,
        time,
        price: f.price("price")?,
        quantity,
        side,
        flags: TradeFlags::NONE,
        count: 1,
    };
    Ok(EventKind::Trade(TradeEvent {
        trade,
        orders: None,
    }))
}

/// The best quote with its sizes, where the ticker has all four (since 2024).
pub(super) fn best_quote(f: &Fields<'_, '_>) -> Result<Option<Quote>, DecodeError> {
    let bid = f.optional("highest_bid", value::price)?;
    let ask = f.optional("lowest_ask", value::price)?;
    let bid_quantity = f.optional("highest_size", value::quantity)?;
    let ask_quantity = f.optional("lowest_size", value::quantity)?;
    let all = bid.zip(bid_quantity).zip(ask.zip(ask_quantity));
    Ok(all.map(|((bid, bid_quantity), (ask, ask_quantity))| Quote {
        bid,
        bid_quantity,
        ask,
        ask_quantity,
        update_id: None,
        time: None,
    }))
}

pub(super) fn ticker(market: Market, item: &Json<'_>) -> Result<EventKind, DecodeError> {
    let f = Fields::new("tickers", item)?;
    let (volume, quote_volume) = match market {
        Market::Spot => (
            Some(f.quantity("base_volume")?),
            Some(f.notional("quote_volume")?),
        ),
        Market::Futures => (
            Some(f.quantity("volume_24h")?),
            f.optional("volume_24h_quote", value::notional)?,
        ),
    };
    Ok(EventKind::Ticker(Box::new(Ticker {
        last: f.price("last")?,
        last_quantity: None,
        open: None,
        high: f.optional("high_24h", value::price)?,
        low: f.optional("low_24h", value::price)?,
        volume,
        quote_volume,
        change: None,
        change_percent: f.optional("change_percentage", value::decimal)?,
        weighted_average: None,
        previous_close: None,
        quote: best_quote(&f)?,
        open_time: None,
        close_time: None,
        first_id: None,
        last_id: None,
        trades: None,
    })))
}

/// What a ticker or a contract says of itself; open interest stands under another name in each.
pub(super) fn state(
    f: &Fields<'_, '_>,
    open_interest: &'static str,
    time: Option<Timestamp>,
) -> Result<EventKind, DecodeError> {
    Ok(EventKind::Contract(Box::new(ContractState {
        time,
        mark: Some(f.price("mark_price")?),
        index: f.optional("index_price", value::price)?,
        funding_rate: f.optional("funding_rate", value::decimal)?,
        funding_time: f.optional("funding_next_apply", value::seconds)?,
        open_interest: f.optional(open_interest, value::quantity)?,
        ..ContractState::default()
    })))
}

/// Spot: `[price, quantity]`; futures: `{"p": price, "s": contracts}`.
pub(super) fn levels(
    market: Market,
    f: &Fields<'_, '_>,
    field: &'static str,
) -> Result<Vec<Level>, DecodeError> {
    let level = |item: &Json<'_>| match market {
        Market::Spot => value::level(item),
        Market::Futures => Some(Level {
            price: Price(value::decimal(item.entry("p")?)?),
            quantity: Quantity(value::decimal(item.entry("s")?)?),
        }),
    };
    f.list(field)?
        .iter()
        .map(|item| level(item).ok_or_else(|| f.bad(field, item)))
        .collect()
}
