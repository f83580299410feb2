//! Answers of the REST API.

use quantflow_model::{BookSnapshot, Level, Price, Quantity, Quote, Timeframe, VenueSymbol};
use quantflow_wire::{DecodeError, Event, EventKind, Query, Ticker, VenueCandle};

use super::instruments;
use crate::json::{Fields, Json, Row, value};
use crate::reading::{
    bare_ticker, general, levels, opposite, quote_of, rows, said, side, single, trade, venue_error,
};

/// What an answer says, and how many instruments were left out.
pub(super) fn decode(
    venue: &quantflow_model::VenueId,
    query: &Query,
    body: &[u8],
) -> Result<(Vec<Event>, u64), DecodeError> {
    let tree = Json::parse(body)?;
    if let (Some(words), 1) = (tree.entry("message"), fields(&tree)) {
        return Err(venue_error(words.text().unwrap_or_default()));
    }
    if *query == Query::Instruments {
        return instruments::decode(venue, &tree);
    }
    events(query, &tree).map(|events| (events, 0))
}

fn fields(tree: &Json<'_>) -> usize {
    match tree {
        Json::Object(entries) => entries.len(),
        _ => 0,
    }
}

fn events(query: &Query, tree: &Json<'_>) -> Result<Vec<Event>, DecodeError> {
    match query {
        Query::ServerTime => {
            let time = Fields::new("time", tree)?.read("iso", value::rfc3339)?;
            Ok(vec![general(EventKind::ServerTime(time))])
        }
        Query::Candles {
            symbol, timeframe, ..
        } => newest_first("candles", tree, |row| candle(symbol, *timeframe, row)),
        Query::RecentTrades { symbol, .. }
        | Query::TradesFromId { symbol, .. }
        | Query::TradesBeforeId { symbol, .. } => newest_first("trades", tree, |row| {
            trade_row(symbol, &Fields::in_text("trades", row)?)
        }),
        Query::Book { symbol, .. } => {
            let f = Fields::in_text("book", tree)?;
            let time = f.optional("time", value::rfc3339)?;
            let book = BookSnapshot {
                last_update_id: f.unsigned("sequence")?,
                time,
                bids: levels(&f, "bids")?,
                asks: levels(&f, "asks")?,
                checksum: None,
            };
            Ok(vec![said(symbol, time, EventKind::BookSnapshot(book))])
        }
        Query::BestQuote {
            symbol: Some(symbol),
        } => {
            let f = Fields::in_text("book", tree)?;
            let time = f.optional("time", value::rfc3339)?;
            let (bids, asks) = (levels(&f, "bids")?, levels(&f, "asks")?);
            let update = f.unsigned("sequence")?;
            let (Some(bid), Some(ask)) = (bids.first(), asks.first()) else {
                return Ok(Vec::new()); // nobody on one side: there is no quote
            };
            let quote = quote(*bid, *ask, update, time);
            Ok(vec![said(symbol, time, EventKind::Quote(quote))])
        }
        Query::Ticker {
            symbol: Some(symbol),
        } => {
            let f = Fields::in_text("ticker", tree)?;
            let ticker = if f.has("price") {
                ticker(&f)?
            } else {
                statistics(&f)?
            };
            let time = ticker.close_time;
            Ok(vec![said(
                symbol,
                time,
                EventKind::Ticker(Box::new(ticker)),
            )])
        }
        other => Err(DecodeError::unasked(other)),
    }
}

/// Rows that the venue sends newest first, oldest first.
fn newest_first<'t, 'a>(
    message: &'static str,
    tree: &'t Json<'a>,
    row: impl FnMut(&'t Json<'a>) -> Result<Event, DecodeError>,
) -> Result<Vec<Event>, DecodeError> {
    let mut events = rows(message, tree, row)?;
    events.reverse();
    Ok(events)
}

/// `[time, low, high, open, close, volume]`, numbers outside of text.
fn candle(
    symbol: &VenueSymbol,
    timeframe: Timeframe,
    row: &Json<'_>,
) -> Result<Event, DecodeError> {
    let row = Row::new("candles", row)?;
    let price = |place, field| row.read(place, field, value::price);
    let prices = [
        price(3, "open")?,
        price(2, "high")?,
        price(1, "low")?,
        price(4, "close")?,
    ];
    let candle = VenueCandle::bare(
        timeframe,
        row.read(0, "time", value::seconds)?,
        prices,
        row.read(5, "volume", value::quantity)?,
    );
    Ok(said(symbol, None, EventKind::Candle(Box::new(candle))))
}

fn trade_row(symbol: &VenueSymbol, f: &Fields<'_, '_>) -> Result<Event, DecodeError> {
    let trade = trade(single(
        f.read("trade_id", value::id)?,
        f.read("time", value::rfc3339)?,
        f.price("price")?,
        f.quantity("size")?,
        // the maker's
        opposite(f.read("side", side)?),
    ));
    Ok(said(symbol, None, trade))
}

fn quote(bid: Level, ask: Level, update: u64, time: Option<quantflow_model::Timestamp>) -> Quote {
    Quote {
        bid: bid.price,
        bid_quantity: bid.quantity,
        ask: ask.price,
        ask_quantity: ask.quantity,
        update_id: Some(update),
        time,
    }
}

/// `…/ticker`: the last trade, the best prices, the volume.
fn ticker(f: &Fields<'_, '_>) -> Result<Ticker, DecodeError> {
    let price = |field| {
        f.optional(field, value::decimal_in_text)
            .map(|p| p.map(Price))
    };
    let time = f.read("time", value::rfc3339)?;
    let mut quote = quote_of(price("bid")?, None, price("ask")?, None);
    if let Some(quote) = &mut quote {
        quote.time = Some(time);
    }
    Ok(Ticker {
        last_quantity: Some(f.quantity("size")?),
        volume: Some(f.quantity("volume")?),
        quote,
        close_time: Some(time),
        last_id: Some(f.read("trade_id", value::id)?),
        ..bare_ticker(f.price("price")?)
    })
}

/// `…/stats`: what happened in a day.
fn statistics(f: &Fields<'_, '_>) -> Result<Ticker, DecodeError> {
    Ok(Ticker {
        open: Some(f.price("open")?),
        high: Some(f.price("high")?),
        low: Some(f.price("low")?),
        volume: Some(Quantity(f.decimal("volume")?)),
        ..bare_ticker(f.price("last")?)
    })
}
