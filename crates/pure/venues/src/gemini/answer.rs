//! Answers of the REST API.

use quantflow_model::{
    BookSnapshot, ContractSize, ContractState, ContractUnit, Decimal, Instrument, InstrumentStatus,
    Level, Price, Quantity, Quote, Side, Symbol, VenueId, VenueSymbol,
};
use quantflow_wire::{DecodeError, Event, EventKind, Query, Ticker};

use super::message::candle;
use crate::json::{Fields, Json, value};
use crate::reading::{
    bare_ticker, general, quote_of, rows, said, side, single, trade, venue_error,
};

/// What an answer says, and how many instruments were left out.
pub(super) fn decode(
    venue: &VenueId,
    query: &Query,
    body: &[u8],
) -> Result<(Vec<Event>, u64), DecodeError> {
    let tree = Json::parse(body)?;
    if tree.entry("result").and_then(Json::text) == Some("error") {
        let text = |name| tree.entry(name).and_then(Json::text).unwrap_or_default();
        return Err(venue_error(&format!(
            "{}: {}",
            text("reason"),
            text("message")
        )));
    }
    if *query == Query::Instruments {
        let one = |item: &Json<'_>| details(venue, &Fields::new("details", item)?);
        let found = match &tree {
            Json::Object(_) => vec![one(&tree)?],
            list => rows("details", list, one)?,
        };
        let all = found.len();
        let list: Vec<_> = found.into_iter().flatten().collect();
        let unnamed = (all - list.len()) as u64;
        return Ok((vec![general(EventKind::Instruments(list))], unnamed));
    }
    events(query, &tree).map(|events| (events, 0))
}

fn events(query: &Query, tree: &Json<'_>) -> Result<Vec<Event>, DecodeError> {
    match query {
        Query::Candles {
            symbol, timeframe, ..
        } => newest_first("candles", tree, |row| candle(symbol, *timeframe, row)),
        Query::RecentTrades { symbol, .. } | Query::TradesFromId { symbol, .. } => {
            newest_first("trades", tree, |row| {
                traded(symbol, &Fields::in_text("trades", row)?)
            })
        }
        Query::Book { symbol, .. } => {
            let (bids, asks) = sides(tree)?;
            let book = BookSnapshot {
                last_update_id: 0,
                time: None,
                bids,
                asks,
                checksum: None,
            };
            Ok(vec![said(symbol, None, EventKind::BookSnapshot(book))])
        }
        Query::BestQuote {
            symbol: Some(symbol),
        } => {
            let (bids, asks) = sides(tree)?;
            let (Some(bid), Some(ask)) = (bids.first(), asks.first()) else {
                return Ok(Vec::new()); // nobody on one side: there is no quote
            };
            let quote = Quote {
                bid: bid.price,
                bid_quantity: bid.quantity,
                ask: ask.price,
                ask_quantity: ask.quantity,
                update_id: None,
                time: None,
            };
            Ok(vec![said(symbol, None, EventKind::Quote(quote))])
        }
        Query::Ticker {
            symbol: Some(symbol),
        } => {
            let f = Fields::in_text("ticker", tree)?;
            let ticker = if f.has("volume") {
                first_version(symbol, &f)?
            } else {
                second_version(symbol, &f)?
            };
            let time = ticker.close_time;
            Ok(vec![said(
                symbol,
                time,
                EventKind::Ticker(Box::new(ticker)),
            )])
        }
        Query::Contract {
            symbol: Some(symbol),
        }
        | Query::OpenInterest { symbol } => {
            let f = Fields::in_text("riskstats", tree)?;
            let state = ContractState {
                mark: Some(f.price("mark_price")?),
                index: Some(f.price("index_price")?),
                open_interest: Some(f.quantity("open_interest")?),
                open_interest_value: Some(f.notional("open_interest_notional")?),
                ..ContractState::default()
            };
            let kind = EventKind::Contract(Box::new(state));
            Ok(vec![said(symbol, None, kind)])
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

/// The taker's side; recordings before 2015 have neither it nor milliseconds.
fn traded(symbol: &VenueSymbol, f: &Fields<'_, '_>) -> Result<Event, DecodeError> {
    let time = match f.optional("timestampms", value::millis)? {
        Some(time) => time,
        None => f.read("timestamp", value::seconds)?,
    };
    let kind = trade(single(
        f.read("tid", value::id)?,
        time,
        f.price("price")?,
        f.quantity("amount")?,
        match f.optional("type", value::text)? {
            Some(_) => f.read("type", taker)?,
            None => Side::Unknown,
        },
    ));
    Ok(said(symbol, None, kind))
}

/// Trades of auctions and blocks have no taker.
fn taker(found: &Json<'_>) -> Option<Side> {
    match found.text()? {
        "auction" | "block" => Some(Side::Unknown),
        _ => side(found),
    }
}

fn sides(tree: &Json<'_>) -> Result<(Vec<Level>, Vec<Level>), DecodeError> {
    let f = Fields::new("book", tree)?;
    let levels = |field| {
        rows("book", f.get(field)?, |row| {
            let f = Fields::in_text("book", row)?;
            Ok(Level {
                price: f.price("price")?,
                quantity: f.quantity("amount")?,
            })
        })
    };
    Ok((levels("bids")?, levels("asks")?))
}

fn quote(f: &Fields<'_, '_>) -> Result<Option<Quote>, DecodeError> {
    let price = |field| {
        let number = f.optional(field, value::decimal_in_text)?;
        Ok::<_, DecodeError>(number.map(Price))
    };
    Ok(quote_of(price("bid")?, None, price("ask")?, None))
}

/// `v2/ticker`: prices of 24 hours, without volume and time.
fn second_version(symbol: &VenueSymbol, f: &Fields<'_, '_>) -> Result<Ticker, DecodeError> {
    if !f.text("symbol")?.eq_ignore_ascii_case(symbol.as_str()) {
        return Err(f.bad("symbol", f.get("symbol")?));
    }
    Ok(Ticker {
        open: Some(f.price("open")?),
        high: Some(f.price("high")?),
        low: Some(f.price("low")?),
        quote: quote(f)?,
        ..bare_ticker(f.price("close")?)
    })
}

/// `v1/pubticker`: the volume in both assets, whose names begin and end the symbol.
fn first_version(symbol: &VenueSymbol, f: &Fields<'_, '_>) -> Result<Ticker, DecodeError> {
    let found = f.get("volume")?;
    let volume = Fields::in_text("ticker", found)?;
    let name = symbol.as_str().to_ascii_uppercase();
    let of = |fits: &dyn Fn(&str) -> bool| {
        let Json::Object(entries) = found else {
            return None;
        };
        let entry = entries.iter().find(|(asset, _)| fits(asset));
        value::decimal_in_text(&entry?.1)
    };
    let time = volume.read("timestamp", value::millis)?;
    Ok(Ticker {
        volume: of(&|asset| name.starts_with(asset)).map(Quantity),
        quote_volume: of(&|asset| name.ends_with(asset)).map(Into::into),
        quote: quote(f)?,
        close_time: Some(time),
        ..bare_ticker(f.price("last")?)
    })
}

/// `tick_size` is the step of quantities, `quote_increment` that of prices.
fn details(venue: &VenueId, f: &Fields<'_, '_>) -> Result<Option<Instrument>, DecodeError> {
    let venue_symbol = f.symbol("symbol")?;
    let (base, quote) = (f.text("base_currency")?, f.text("quote_currency")?);
    let tick = f.read("quote_increment", value::price)?;
    let lot = f.read("tick_size", value::quantity)?;
    let status = match f.text("status")? {
        "open" | "limit_only" => InstrumentStatus::Trading,
        "cancel_only" | "post_only" => InstrumentStatus::Halted,
        "closed" => InstrumentStatus::Closed,
        _ => InstrumentStatus::Unknown,
    };
    let swap = f.optional("product_type", value::text)? == Some("swap");
    let symbol = if swap {
        let settle = f.text("contract_price_currency")?;
        Symbol::new(venue, &format!("{base}/{quote}:{settle}"))
    } else {
        Symbol::spot(venue, base, quote)
    };
    Ok(symbol.ok().map(|symbol| Instrument {
        symbol,
        venue_symbol,
        status,
        tick: Some(tick),
        lot: Some(lot),
        minimum_notional: None,
        contract: swap.then_some(ContractSize {
            amount: Decimal::ONE,
            of: ContractUnit::Base,
        }),
    }))
}
