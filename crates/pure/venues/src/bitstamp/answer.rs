//! Answers of the REST API.

use quantflow_model::{
    Decimal, Instrument, InstrumentStatus, Notional, Price, Quantity, Quote, Side, Symbol,
    Timeframe, VenueId, VenueSymbol,
};
use quantflow_wire::{DecodeError, Event, EventKind, Query, Ticker, VenueCandle};

use super::ASSETS;
use super::message::{book, side};
use crate::json::{Fields, Json, value};
use crate::reading::{
    bare_ticker, general, quote_of, rows, said, shortened, single, trade, venue_error,
};

/// What an answer says, and how many instruments were left out.
pub(super) fn decode(
    venue: &VenueId,
    query: &Query,
    body: &[u8],
) -> Result<(Vec<Event>, u64), DecodeError> {
    let tree = Json::parse(body)?;
    if tree.entry("status").and_then(Json::text) == Some("error") {
        let reason = tree.entry("reason").map(|reason| match reason {
            Json::Text(words) => shortened(words),
            other => other.names(),
        });
        return Err(venue_error(&reason.unwrap_or_default()));
    }
    if let Some(words) = tree.entry("error").and_then(Json::text) {
        return Err(venue_error(words));
    }
    if *query == Query::Instruments {
        let found = rows("markets", &tree, |item| {
            market(venue, &Fields::new("markets", item)?)
        })?;
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
        } => {
            let data = Fields::new("ohlc", tree)?.get("data")?;
            let list = Fields::new("ohlc", data)?.get("ohlc")?;
            rows("ohlc", list, |row| {
                candle(symbol, *timeframe, &Fields::in_text("ohlc", row)?)
            })
        }
        Query::RecentTrades { symbol, .. } => {
            let mut trades = rows("transactions", tree, |row| {
                traded(symbol, &Fields::in_text("transactions", row)?)
            })?;
            // newest first
            trades.reverse();
            Ok(trades)
        }
        Query::Book { symbol, .. } => {
            let (book, time) = book(&Fields::in_text("order_book", tree)?)?;
            Ok(vec![said(
                symbol,
                Some(time),
                EventKind::BookSnapshot(book),
            )])
        }
        Query::BestQuote {
            symbol: Some(symbol),
        } => {
            let (book, time) = book(&Fields::in_text("order_book", tree)?)?;
            let (Some(bid), Some(ask)) = (book.bids.first(), book.asks.first()) else {
                return Ok(Vec::new()); // nobody on one side: there is no quote
            };
            let quote = Quote {
                bid: bid.price,
                bid_quantity: bid.quantity,
                ask: ask.price,
                ask_quantity: ask.quantity,
                update_id: Some(book.last_update_id),
                time: Some(time),
            };
            Ok(vec![said(symbol, Some(time), EventKind::Quote(quote))])
        }
        Query::Ticker {
            symbol: Some(symbol),
        } => Ok(vec![ticker(symbol, &Fields::in_text("ticker", tree)?)?]),
        Query::Ticker { symbol: None } => rows("ticker", tree, |row| {
            let f = Fields::in_text("ticker", row)?;
            let pair = f.text("pair")?.replace('/', "").to_ascii_lowercase();
            let symbol = VenueSymbol::new(&pair);
            ticker(
                &symbol.ok_or_else(|| f.bad("pair", &Json::Text(pair.into())))?,
                &f,
            )
        }),
        other => Err(DecodeError::unasked(other)),
    }
}

fn candle(
    symbol: &VenueSymbol,
    timeframe: Timeframe,
    f: &Fields<'_, '_>,
) -> Result<Event, DecodeError> {
    let prices = [
        f.price("open")?,
        f.price("high")?,
        f.price("low")?,
        f.price("close")?,
    ];
    let candle = VenueCandle::bare(
        timeframe,
        f.read("timestamp", value::seconds)?,
        prices,
        f.quantity("volume")?,
    );
    Ok(said(symbol, None, EventKind::Candle(Box::new(candle))))
}

/// Answers before 2014 do not say who took.
fn traded(symbol: &VenueSymbol, f: &Fields<'_, '_>) -> Result<Event, DecodeError> {
    let kind = trade(single(
        f.read("tid", value::id)?,
        f.read("date", value::seconds)?,
        f.price("price")?,
        f.quantity("amount")?,
        f.optional("type", side)?.unwrap_or(Side::Unknown),
    ));
    Ok(said(symbol, None, kind))
}

/// `open` is the first price of the day, `open_24` that of 24 hours. How much stands at the best prices
/// is not said: 0.
fn ticker(symbol: &VenueSymbol, f: &Fields<'_, '_>) -> Result<Event, DecodeError> {
    let price = |field| {
        let number = f.optional(field, value::decimal_in_text)?;
        Ok::<_, DecodeError>(number.map(Price))
    };
    let time = f.read("timestamp", value::seconds)?;
    let mut quote = quote_of(price("bid")?, None, price("ask")?, None);
    if let Some(quote) = &mut quote {
        quote.time = Some(time);
    }
    let ticker = Ticker {
        open: price("open_24")?,
        high: Some(f.price("high")?),
        low: Some(f.price("low")?),
        volume: Some(f.quantity("volume")?),
        weighted_average: Some(f.price("vwap")?),
        change_percent: f.optional("percent_change_24", value::decimal_in_text)?,
        quote,
        close_time: Some(time),
        ..bare_ticker(f.price("last")?)
    };
    Ok(said(
        symbol,
        Some(time),
        EventKind::Ticker(Box::new(ticker)),
    ))
}

/// A market of `trading-pairs-info`, or of `markets`, which replaces it. `None` where our grammar of
/// symbols cannot name it; perpetuals are left out, too.
fn market(venue: &VenueId, f: &Fields<'_, '_>) -> Result<Option<Instrument>, DecodeError> {
    let step = |field| {
        f.read(field, |decimals| {
            Decimal::new(1, u8::try_from(decimals.unsigned()?).ok()?)
        })
    };
    let name = f.text("name")?;
    let venue_symbol = if f.has("url_symbol") {
        f.symbol("url_symbol")?
    } else {
        f.symbol("market_symbol")?
    };
    let tick = step("counter_decimals")?;
    let lot = step("base_decimals")?;
    let minimum = match f.optional("minimum_order", value::text)? {
        // `20.0 USD`
        Some(order) => {
            let amount = order.split(' ').next().unwrap_or_default();
            let amount = Decimal::parse(amount.as_bytes()).ok();
            Some(amount.ok_or_else(|| f.bad("minimum_order", &Json::Text(order.into())))?)
        }
        None => f.optional("minimum_order_value", value::decimal)?,
    };
    let status = match f.text("trading")? {
        "Enabled" => InstrumentStatus::Trading,
        "Disabled" => InstrumentStatus::Halted,
        _ => InstrumentStatus::Unknown,
    };
    let spot = f.optional("market_type", value::text)?;
    let spot = spot.is_none_or(|kind| kind.eq_ignore_ascii_case("spot"));
    let assets = name.split_once('/').filter(|_| spot);
    let symbol = assets
        .and_then(|(base, quote)| Symbol::spot(venue, ASSETS.ours(base), ASSETS.ours(quote)).ok());
    Ok(symbol.map(|symbol| Instrument {
        symbol,
        venue_symbol,
        status,
        tick: Some(Price(tick)),
        lot: Some(Quantity(lot)),
        minimum_notional: minimum.filter(|n| n.is_positive()).map(Notional),
        contract: None,
    }))
}
