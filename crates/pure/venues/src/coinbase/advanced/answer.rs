//! Answers of the REST API.

use quantflow_model::{
    BookSnapshot, Instrument, InstrumentStatus, Level, Notional, Price, Quantity, Quote, Symbol,
    VenueId,
};
use quantflow_wire::{DecodeError, Event, EventKind, Query, Ticker};

use super::super::ASSETS;
use super::message::{candle, traded};
use crate::json::{Fields, Json, value};
use crate::reading::{bare_ticker, general, quote_of, rows, said, trade, venue_error};

/// What an answer says, and how many instruments were left out.
pub(super) fn decode(
    venue: &VenueId,
    query: &Query,
    body: &[u8],
) -> Result<(Vec<Event>, u64), DecodeError> {
    let tree = Json::parse(body)?;
    let f = Fields::in_text("answer", &tree)?;
    if let Some(error) = f.optional("error", value::text)? {
        let words = f.optional("message", value::text)?.unwrap_or_default();
        return Err(venue_error(&format!("{error}: {words}")));
    }
    if *query == Query::Instruments {
        let found = rows("products", f.get("products")?, |item| {
            product(venue, &Fields::in_text("products", item)?)
        })?;
        let all = found.len();
        let list: Vec<_> = found.into_iter().flatten().collect();
        let unnamed = (all - list.len()) as u64;
        return Ok((vec![general(EventKind::Instruments(list))], unnamed));
    }
    events(query, &f).map(|events| (events, 0))
}

fn events(query: &Query, f: &Fields<'_, '_>) -> Result<Vec<Event>, DecodeError> {
    match query {
        Query::ServerTime => {
            let time = f.read("epochMillis", value::millis)?;
            Ok(vec![general(EventKind::ServerTime(time))])
        }
        Query::Candles {
            symbol, timeframe, ..
        } => {
            let mut candles = rows("candles", f.get("candles")?, |row| {
                candle(&Fields::in_text("candles", row)?, *timeframe)
            })?;
            // newest first, in places
            candles.sort_by_key(|candle| candle.open_time);
            Ok(candles
                .into_iter()
                .map(|candle| said(symbol, None, EventKind::Candle(Box::new(candle))))
                .collect())
        }
        Query::RecentTrades { symbol, .. } => {
            let mut trades = rows("trades", f.get("trades")?, |row| {
                let f = Fields::in_text("trades", row)?;
                of_product(&f, symbol.as_str())?;
                traded(&f)
            })?;
            trades.sort_by_key(quantflow_model::Trade::key);
            let trades = trades.into_iter();
            Ok(trades.map(|one| said(symbol, None, trade(one))).collect())
        }
        Query::Ticker {
            symbol: Some(symbol),
        } => {
            let ticker = if f.has("trades") {
                last_trade(f, symbol.as_str())?
            } else {
                of_product(f, symbol.as_str())?;
                Some(statistics(f)?)
            };
            let event = |ticker: Ticker| {
                let time = ticker.close_time;
                said(symbol, time, EventKind::Ticker(Box::new(ticker)))
            };
            Ok(ticker.map(event).into_iter().collect())
        }
        Query::Book { symbol, .. } => {
            let (book, time) = book(f, symbol.as_str())?;
            Ok(vec![said(symbol, time, EventKind::BookSnapshot(book))])
        }
        Query::BestQuote {
            symbol: Some(symbol),
        } => {
            let (book, time) = book(f, symbol.as_str())?;
            let (Some(bid), Some(ask)) = (book.bids.first(), book.asks.first()) else {
                return Ok(Vec::new()); // nobody on one side: there is no quote
            };
            let quote = Quote {
                bid: bid.price,
                bid_quantity: bid.quantity,
                ask: ask.price,
                ask_quantity: ask.quantity,
                update_id: None,
                time,
            };
            Ok(vec![said(symbol, time, EventKind::Quote(quote))])
        }
        other => Err(DecodeError::unasked(other)),
    }
}

/// An answer about another product must not be filed under the one that was asked for.
fn of_product(f: &Fields<'_, '_>, asked: &str) -> Result<(), DecodeError> {
    match f.text("product_id")? {
        product if product == asked => Ok(()),
        _ => Err(f.bad("product_id", f.get("product_id")?)),
    }
}

/// `…/ticker`: the last trades and the best prices. No ticker where there was no trade.
fn last_trade(f: &Fields<'_, '_>, asked: &str) -> Result<Option<Ticker>, DecodeError> {
    let Some(first) = f.list("trades")?.first() else {
        return Ok(None);
    };
    let row = Fields::in_text("trades", first)?;
    of_product(&row, asked)?;
    let last = traded(&row)?;
    let price = |field| {
        let number = f.optional(field, value::decimal_in_text)?;
        Ok::<_, DecodeError>(number.map(Price))
    };
    Ok(Some(Ticker {
        last_quantity: Some(last.quantity),
        quote: quote_of(price("best_bid")?, None, price("best_ask")?, None),
        close_time: Some(last.time),
        last_id: Some(last.id),
        ..bare_ticker(last.price)
    }))
}

/// A product, which has statistics of 24 hours beside its steps.
fn statistics(f: &Fields<'_, '_>) -> Result<Ticker, DecodeError> {
    let number = |field| f.optional(field, value::decimal_in_text);
    Ok(Ticker {
        volume: number("volume_24h")?.map(Quantity),
        change_percent: number("price_percentage_change_24h")?,
        ..bare_ticker(f.price("price")?)
    })
}

fn book(
    f: &Fields<'_, '_>,
    asked: &str,
) -> Result<(BookSnapshot, Option<quantflow_model::Timestamp>), DecodeError> {
    let f = Fields::in_text("product_book", f.get("pricebook")?)?;
    of_product(&f, asked)?;
    let time = f.optional("time", value::rfc3339)?;
    let levels = |field| {
        rows("product_book", f.get(field)?, |row| {
            let f = Fields::in_text("product_book", row)?;
            Ok(Level {
                price: f.price("price")?,
                quantity: f.quantity("size")?,
            })
        })
    };
    let book = BookSnapshot {
        last_update_id: 0,
        time,
        bids: levels("bids")?,
        asks: levels("asks")?,
        checksum: None,
    };
    Ok((book, time))
}

/// `None` for futures, which this protocol lists and does not name by assets, and where our grammar of
/// symbols cannot name it.
fn product(venue: &VenueId, f: &Fields<'_, '_>) -> Result<Option<Instrument>, DecodeError> {
    let venue_symbol = f.symbol("product_id")?;
    let number = |field| f.optional(field, value::decimal_in_text);
    let tick = match number("price_increment")? {
        Some(tick) => Some(tick),
        None => number("quote_increment")?,
    };
    let lot = number("base_increment")?;
    let minimum = number("quote_min_size")?;
    let set = |field: &Json<'_>| value::flag(field);
    let flag = |field| f.optional(field, set).map(|flag| flag == Some(true));
    let halted = flag("trading_disabled")? || flag("cancel_only")? || flag("auction_mode")?;
    let disabled = flag("is_disabled")?;
    let status = match f.text("status")? {
        _ if disabled => InstrumentStatus::Closed,
        "online" if halted => InstrumentStatus::Halted,
        "online" => InstrumentStatus::Trading,
        "offline" => InstrumentStatus::Halted,
        "delisted" => InstrumentStatus::Closed,
        _ => InstrumentStatus::Unknown,
    };
    if f.text("product_type")? != "SPOT" {
        return Ok(None);
    }
    let base = ASSETS.ours(f.text("base_currency_id")?);
    let quote = ASSETS.ours(f.text("quote_currency_id")?);
    let Ok(symbol) = Symbol::spot(venue, base, quote) else {
        return Ok(None);
    };
    Ok(Some(Instrument {
        symbol,
        venue_symbol,
        status,
        tick: tick.map(Price),
        lot: lot.map(Quantity),
        minimum_notional: minimum.filter(|n| n.is_positive()).map(Notional),
        contract: None,
    }))
}
