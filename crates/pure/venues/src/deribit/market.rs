//! Objects that messages and answers write alike: trades, tickers, books.

use quantflow_model::{
    BookDelta, BookSnapshot, ContractState, Decimal, Level, Liquidation, OptionState, Price,
    Quantity, Quote, Side, VenueSymbol,
};
use quantflow_wire::{DecodeError, Event, EventKind, Ticker};

use crate::events as said;
use crate::json::value::{decimal, level, millis, price, quantity};
use crate::json::{Fields, Json};

/// That an object is about the symbol that the message or the question names.
pub(super) fn same_symbol(f: &Fields<'_, '_>, symbol: &VenueSymbol) -> Result<(), DecodeError> {
    let found = f.get("instrument_name")?;
    if found.plain_text() == Some(symbol.as_str()) {
        Ok(())
    } else {
        Err(f.bad("instrument_name", found))
    }
}

/// A trade, numbered by its sequence in the instrument; and the liquidation that it was.
pub(super) fn trade(
    symbol: &VenueSymbol,
    item: &Json<'_>,
    events: &mut Vec<Event>,
) -> Result<(), DecodeError> {
    let f = Fields::new("trade", item)?;
    same_symbol(&f, symbol)?;
    let time = f.read("timestamp", millis)?;
    let (at, amount) = (f.price("price")?, f.quantity("amount")?);
    let side = match f.text("direction")? {
        "buy" => Side::Buy,
        "sell" => Side::Sell,
        _ => return Err(f.bad("direction", f.get("direction")?)),
    };
    let kind = said::trade(f.id("trade_seq")?, time, at, amount, side);
    events.push(said::about(symbol, None, kind));
    // whose order was forced: the maker's, the taker's, or both
    let forced = match f.optional("liquidation", Json::text)? {
        None | Some("none") => return Ok(()),
        Some("T" | "MT") => side,
        Some("M") if side == Side::Buy => Side::Sell,
        Some("M") => Side::Buy,
        Some(_) => return Err(f.bad("liquidation", f.get("liquidation")?)),
    };
    let order = Liquidation {
        time,
        side: forced,
        price: at,
        quantity: amount,
    };
    events.push(said::about(symbol, None, EventKind::Liquidation(order)));
    Ok(())
}

/// The best bid and offer; `None` where a side is empty, which the venue writes as null or zero.
pub(super) fn quote(f: &Fields<'_, '_>) -> Result<Option<Quote>, DecodeError> {
    let side = |at, amount| -> Result<Option<(Price, Quantity)>, DecodeError> {
        let at = f.optional(at, price)?;
        let amount = f.optional(amount, quantity)?;
        let there = amount.filter(|amount| amount.0.is_positive());
        Ok(at.zip(there))
    };
    let bid = side("best_bid_price", "best_bid_amount")?;
    let ask = side("best_ask_price", "best_ask_amount")?;
    let time = f.read("timestamp", millis)?;
    Ok(bid.zip(ask).map(|(bid, ask)| Quote {
        time: Some(time),
        ..said::quote(bid, ask)
    }))
}

/// Statistics of 24 hours; `None` where nothing was ever traded.
pub(super) fn ticker(f: &Fields<'_, '_>) -> Result<Option<Ticker>, DecodeError> {
    let Some(last) = f.optional("last_price", price)? else {
        return Ok(None);
    };
    let stats = Fields::new("stats", f.get("stats")?)?;
    let notional = match stats.optional("volume_notional", decimal)? {
        None => stats.optional("volume_usd", decimal)?,
        some => some,
    };
    Ok(Some(Ticker {
        high: stats.optional("high", price)?,
        low: stats.optional("low", price)?,
        volume: stats.optional("volume", quantity)?,
        quote_volume: notional.map(Into::into),
        change_percent: stats.optional("price_change", decimal)?,
        quote: quote(f)?,
        close_time: Some(f.read("timestamp", millis)?),
        ..said::ticker(last)
    }))
}

/// What the venue says of a contract, or of an option with its greeks.
pub(super) fn state(f: &Fields<'_, '_>) -> Result<EventKind, DecodeError> {
    let time = Some(f.read("timestamp", millis)?);
    let open_interest = f.optional("open_interest", quantity)?;
    let mark = f.optional("mark_price", price)?;
    let Some(greeks) = f.object().entry("greeks") else {
        return Ok(EventKind::Contract(Box::new(ContractState {
            time,
            mark,
            index: f.optional("index_price", price)?,
            settlement: f.optional("estimated_delivery_price", price)?,
            funding_rate: f.optional("funding_8h", decimal)?,
            open_interest,
            ..ContractState::default()
        })));
    };
    let greeks = Fields::new("greeks", greeks)?;
    let hundredth = Decimal::new(1, 2).unwrap_or_default();
    let volatility = |field| -> Result<Option<Decimal>, DecodeError> {
        let percent = f.optional(field, decimal)?;
        Ok(percent.and_then(|percent| percent.checked_mul(hundredth)))
    };
    Ok(EventKind::Option(Box::new(OptionState {
        time,
        mark,
        underlying: f.optional("underlying_price", price)?,
        mark_volatility: volatility("mark_iv")?,
        bid_volatility: volatility("bid_iv")?,
        ask_volatility: volatility("ask_iv")?,
        delta: greeks.optional("delta", decimal)?,
        gamma: greeks.optional("gamma", decimal)?,
        vega: greeks.optional("vega", decimal)?,
        theta: greeks.optional("theta", decimal)?,
        rho: greeks.optional("rho", decimal)?,
        interest_rate: f.optional("interest_rate", decimal)?,
        open_interest,
    })))
}

/// A whole book of `[price, amount]`.
pub(super) fn book(f: &Fields<'_, '_>) -> Result<BookSnapshot, DecodeError> {
    let levels = |side| -> Result<Vec<Level>, DecodeError> {
        let items = f.list(side)?.iter();
        let read = |item| level(item).ok_or_else(|| f.bad(side, item));
        items.map(read).collect()
    };
    Ok(BookSnapshot {
        last_update_id: f.unsigned("change_id")?,
        time: Some(f.read("timestamp", millis)?),
        bids: levels("bids")?,
        asks: levels("asks")?,
        checksum: None,
    })
}

/// A book as a stream writes it: `[action, price, amount]`, whole at first, then its changes, each
/// with the number of the change before; or whole each time, without a type.
pub(super) fn streamed_book(f: &Fields<'_, '_>) -> Result<EventKind, DecodeError> {
    let levels = |side| -> Result<Vec<Level>, DecodeError> {
        let items = f.list(side)?.iter();
        let read = |item| action(item).ok_or_else(|| f.bad(side, item));
        items.map(read).collect()
    };
    let number = f.unsigned("change_id")?;
    let time = Some(f.read("timestamp", millis)?);
    match f.optional("type", Json::text)? {
        None => Ok(EventKind::BookSnapshot(book(f)?)),
        Some("snapshot") => Ok(EventKind::BookSnapshot(BookSnapshot {
            last_update_id: number,
            time,
            bids: levels("bids")?,
            asks: levels("asks")?,
            checksum: None,
        })),
        Some("change") => {
            let previous = f.unsigned("prev_change_id")?;
            Ok(EventKind::BookDelta(BookDelta {
                first_update_id: previous.saturating_add(1),
                last_update_id: number,
                previous_update_id: Some(previous),
                time,
                bids: levels("bids")?,
                asks: levels("asks")?,
                checksum: None,
            }))
        }
        Some(_) => Err(f.bad("type", f.get("type")?)),
    }
}

fn action(item: &Json<'_>) -> Option<Level> {
    let [action, at, amount] = item.items()? else {
        return None;
    };
    let quantity = match action.text()? {
        "new" | "change" => quantity(amount)?,
        "delete" => Quantity::ZERO,
        _ => return None,
    };
    Some(Level {
        price: price(at)?,
        quantity,
    })
}
