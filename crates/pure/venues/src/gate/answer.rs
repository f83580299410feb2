//! Answers of REST API v4.

use quantflow_model::{
    BookSnapshot, ContractSize, ContractUnit, Decimal, FundingRate, Instrument, InstrumentStatus,
    Notional, Price, Quantity, Symbol, VenueId, VenueSymbol,
};
use quantflow_wire::{DecodeError, Event, EventKind, Query, VenueCandle};

use super::contracts;
use super::market::Market;
use crate::ask::{event, list};
use crate::json::{Fields, Json, Row, value};

pub(super) fn decode(
    venue: &VenueId,
    market: Market,
    query: &Query,
    body: &[u8],
) -> Result<Vec<Event>, DecodeError> {
    let tree = Json::parse(body)?;
    if let (Some(label), Some(message)) = (tree.entry("label"), tree.entry("message")) {
        return Err(DecodeError::Venue {
            code: 0,
            message: format!("{}: {}", label.shown(), message.shown()),
        });
    }
    if is_old(&tree) {
        return Err(DecodeError::UnknownMessage(
            "an answer of API 2, which is not asked".into(),
        ));
    }
    let tree = &tree;
    match query {
        Query::ServerTime => {
            let time = Fields::new("time", tree)?.read("server_time", value::millis)?;
            Ok(vec![event(None, Some(time), EventKind::ServerTime(time))])
        }
        Query::Instruments => {
            let items = list("instruments", tree)?.iter();
            let found: Result<Vec<_>, _> = items
                .map(|item| match market {
                    Market::Spot => pair(venue, item),
                    Market::Futures => contract(venue, item),
                })
                .collect();
            let found = found?.into_iter().flatten().collect();
            Ok(vec![event(None, None, EventKind::Instruments(found))])
        }
        Query::Candles {
            symbol, timeframe, ..
        } => {
            let items = list("candlesticks", tree)?.iter();
            items
                .map(|item| {
                    let candle = match market {
                        Market::Spot => spot_candle(item, *timeframe)?,
                        Market::Futures => futures_candle(item, *timeframe)?,
                    };
                    Ok(event(
                        Some(symbol),
                        None,
                        EventKind::Candle(Box::new(candle)),
                    ))
                })
                .collect()
        }
        Query::RecentTrades { symbol, .. } | Query::Trades { symbol, .. } => {
            about(market, "trades", Some(symbol), tree, |item| {
                contracts::trade(market, item)
            })
        }
        Query::Book { symbol, .. } => Ok(vec![book(market, symbol, tree)?]),
        Query::Ticker { symbol } => about(market, "tickers", symbol.as_ref(), tree, |item| {
            contracts::ticker(market, item)
        }),
        Query::BestQuote { symbol } => about(market, "tickers", symbol.as_ref(), tree, |item| {
            let f = Fields::new("tickers", item)?;
            let quote = contracts::best_quote(&f)?;
            quote.map(EventKind::Quote).ok_or(DecodeError::Missing {
                message: "tickers",
                field: "highest_bid, highest_size, lowest_ask or lowest_size",
            })
        }),
        Query::Contract { symbol } if market == Market::Futures => states(symbol.as_ref(), tree),
        Query::FundingRates { symbol, .. } if market == Market::Futures => {
            let items = list("funding_rate", tree)?.iter();
            items
                .map(|item| {
                    let f = Fields::new("funding_rate", item)?;
                    let rate = FundingRate {
                        time: f.read("t", value::seconds)?,
                        rate: f.decimal("r")?,
                        mark: None,
                    };
                    Ok(event(Some(symbol), None, EventKind::Funding(rate)))
                })
                .collect()
        }
        other => Err(DecodeError::unasked(other)),
    }
}

/// Whether this is an answer of the API before v4: `{"result": "true", …}`, objects of such, or a list
/// of names.
fn is_old(tree: &Json<'_>) -> bool {
    match tree {
        Json::Object(entries) => {
            tree.entry("result").is_some()
                || entries
                    .first()
                    .is_some_and(|(_, v)| v.entry("result").is_some())
        }
        Json::List(items) => items.first().is_some_and(|item| item.text().is_some()),
        _ => false,
    }
}

/// Rows that each name their symbol; rows about another one than was asked for are refused. Old futures
/// answers and trades of spot may lack the name where one symbol was asked for.
fn about<'t, 'a>(
    market: Market,
    message: &'static str,
    asked: Option<&VenueSymbol>,
    tree: &'t Json<'a>,
    kind: impl Fn(&'t Json<'a>) -> Result<EventKind, DecodeError>,
) -> Result<Vec<Event>, DecodeError> {
    let rows = list(message, tree)?.iter();
    rows.map(|item| {
        let f = Fields::new(message, item)?;
        let key = market.symbol_key();
        let found = match f.optional(key, value::symbol)? {
            Some(found) => found,
            None => asked.cloned().ok_or(DecodeError::Missing {
                message,
                field: key,
            })?,
        };
        if asked.is_some_and(|asked| *asked != found) {
            return Err(f.bad(key, f.get(key)?));
        }
        Ok(event(Some(&found), None, kind(item)?))
    })
    .collect()
}

/// One contract, or a list of them: each has its name in `name`.
fn states(asked: Option<&VenueSymbol>, tree: &Json<'_>) -> Result<Vec<Event>, DecodeError> {
    let items = match tree {
        Json::List(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    let state = |item| {
        let f = Fields::new("contracts", item)?;
        let name = f.symbol("name")?;
        if asked.is_some_and(|asked| *asked != name) {
            return Err(f.bad("name", f.get("name")?));
        }
        let kind = contracts::state(&f, "position_size", None)?;
        Ok(event(Some(&name), None, kind))
    };
    items.iter().map(state).collect()
}

/// `10^-digits`.
fn step(f: &Fields<'_, '_>, field: &'static str) -> Result<Decimal, DecodeError> {
    f.read(field, |digits| {
        Decimal::new(1, u8::try_from(value::unsigned(digits)?).ok()?)
    })
}

/// `None` when our grammar of symbols cannot name its assets.
fn pair(venue: &VenueId, item: &Json<'_>) -> Result<Option<Instrument>, DecodeError> {
    let f = Fields::new("currency_pairs", item)?;
    let (base, quote) = (f.text("base")?, f.text("quote")?);
    let venue_symbol = f.symbol("id")?;
    let status = match f.text("trade_status")? {
        "tradable" => InstrumentStatus::Trading,
        "untradable" | "buyable" | "sellable" => InstrumentStatus::Halted,
        _ => InstrumentStatus::Unknown,
    };
    let (tick, lot) = (step(&f, "precision")?, step(&f, "amount_precision")?);
    let least = f.optional("min_quote_amount", value::notional)?;
    let symbol = Symbol::spot(venue, base, quote);
    Ok(symbol.ok().map(|symbol| Instrument {
        symbol,
        venue_symbol,
        status,
        tick: Some(Price(tick)),
        lot: Some(Quantity(lot)),
        minimum_notional: least.filter(|least: &Notional| least.0.is_positive()),
        contract: None,
    }))
}

/// A contract of the list of those settled in USDT.
fn contract(venue: &VenueId, item: &Json<'_>) -> Result<Option<Instrument>, DecodeError> {
    let f = Fields::new("contracts", item)?;
    let venue_symbol = f.symbol("name")?;
    let tick = f.price("order_price_round")?;
    let size = f.decimal("quanto_multiplier")?;
    let least = f.quantity("order_size_min")?;
    let leaving = f.optional("in_delisting", value::flag)? == Some(true);
    let status = match f.optional("status", value::text)? {
        Some("delisted") => InstrumentStatus::Closed,
        Some("prelaunch" | "delisting" | "circuit_breaker") => InstrumentStatus::Halted,
        Some("trading") | None if leaving => InstrumentStatus::Halted,
        Some("trading") | None => InstrumentStatus::Trading,
        Some(_) => InstrumentStatus::Unknown,
    };
    let Some((base, quote)) = venue_symbol.as_str().rsplit_once('_') else {
        return Ok(None);
    };
    let symbol = Symbol::new(venue, &format!("{base}/{quote}:USDT"));
    Ok(symbol.ok().map(|symbol| Instrument {
        symbol,
        status,
        tick: Some(tick).filter(|tick| tick.0.is_positive()),
        lot: Some(least).filter(|least| least.0.is_positive()),
        minimum_notional: None,
        contract: size.is_positive().then_some(ContractSize {
            amount: size,
            of: ContractUnit::Base,
        }),
        venue_symbol,
    }))
}

/// `[time, quote volume, close, high, low, open, base volume, closed]`
fn spot_candle(
    item: &Json<'_>,
    timeframe: quantflow_model::Timeframe,
) -> Result<VenueCandle, DecodeError> {
    let row = Row::new("candlesticks", item)?;
    let price = |at, name| row.read(at, name, value::price);
    let prices = [
        price(5, "open")?,
        price(3, "high")?,
        price(4, "low")?,
        price(2, "close")?,
    ];
    let open_time = row.read(0, "time", value::seconds)?;
    let volume = row.read(6, "base volume", value::quantity)?;
    let closed = row.optional(7, "closed", |found| match found {
        Json::Text(text) => text.parse().ok(),
        other => value::flag(other),
    })?;
    Ok(VenueCandle {
        quote_volume: Some(row.read(1, "quote volume", value::notional)?),
        closed,
        ..VenueCandle::bare(timeframe, open_time, prices, volume)
    })
}

fn futures_candle(
    item: &Json<'_>,
    timeframe: quantflow_model::Timeframe,
) -> Result<VenueCandle, DecodeError> {
    let f = Fields::new("candlesticks", item)?;
    let prices = [f.price("o")?, f.price("h")?, f.price("l")?, f.price("c")?];
    let open_time = f.read("t", value::seconds)?;
    Ok(VenueCandle {
        quote_volume: f.optional("sum", value::notional)?,
        ..VenueCandle::bare(timeframe, open_time, prices, f.quantity("v")?)
    })
}

/// Spot tells times in milliseconds, futures in seconds with decimals. The number of the last update is
/// there where it was asked for.
fn book(market: Market, symbol: &VenueSymbol, tree: &Json<'_>) -> Result<Event, DecodeError> {
    let f = Fields::new("order_book", tree)?;
    let time = |found: &Json<'_>| match market {
        Market::Spot => value::millis(found),
        Market::Futures => value::seconds(found),
    };
    let book = BookSnapshot {
        last_update_id: f.optional("id", value::unsigned)?.unwrap_or_default(),
        time: f.optional("update", time)?,
        bids: contracts::levels(market, &f, "bids")?,
        asks: contracts::levels(market, &f, "asks")?,
        checksum: None,
    };
    let sent = f.optional("current", time)?;
    Ok(event(Some(symbol), sent, EventKind::BookSnapshot(book)))
}
