//! Answers of the REST API.

use quantflow_model::{BookSnapshot, Quote, Timestamp, Trade, TradeFlags, VenueId, VenueSymbol};
use quantflow_wire::{DecodeError, Event, EventKind, Query, Ticker, TradeEvent, VenueCandle};

use super::instruments;
use super::message::{aggregate_of, venue_error};
use super::scan::taker;
use super::value::{id_or_none, time, time_of};
use crate::json::value::decimal_in_text;
use crate::json::{Fields, Json};

/// What an answer says.
pub(super) struct Answer {
    pub(super) events: Vec<Event>,
    /// Instruments left out, see [`DecodeStats`](super::DecodeStats).
    pub(super) unnamed_instruments: u64,
}

pub(super) fn decode(venue: &VenueId, query: &Query, body: &[u8]) -> Result<Answer, DecodeError> {
    let tree = Json::parse(body)?;
    if tree.entry("code").is_some() && tree.entry("msg").is_some() {
        let (code, message) = venue_error(&tree)?;
        return Err(DecodeError::Venue { code, message });
    }
    if *query == Query::Instruments {
        return instruments::decode(venue, &tree);
    }
    Ok(Answer {
        events: events(query, &tree)?,
        unnamed_instruments: 0,
    })
}

fn events(query: &Query, tree: &Json<'_>) -> Result<Vec<Event>, DecodeError> {
    match query {
        Query::ServerTime => {
            let time = Fields::in_text("time", tree)?.read("serverTime", time)?;
            Ok(vec![of(None, Some(time), EventKind::ServerTime(time))])
        }
        Query::Instruments => Ok(Vec::new()), // read by `decode`
        Query::Candles {
            symbol, timeframe, ..
        } => rows("klines", tree, |row| {
            let candle = candle(row, *timeframe)?;
            Ok(of(Some(symbol), None, EventKind::Candle(Box::new(candle))))
        }),
        Query::RecentTrades { symbol, .. } => rows("trades", tree, |row| {
            trade(symbol, &Fields::in_text("trades", row)?)
        }),
        Query::TradesFromId { symbol, .. } => rows("historicalTrades", tree, |row| {
            trade(symbol, &Fields::in_text("historicalTrades", row)?)
        }),
        Query::AggregateTrades { symbol, .. } | Query::AggregateTradesFromId { symbol, .. } => {
            rows("aggTrades", tree, |row| {
                let trade = aggregate_of(&Fields::in_text("aggTrades", row)?)?;
                Ok(of(Some(symbol), None, EventKind::AggregateTrade(trade)))
            })
        }
        Query::Book { symbol, .. } => {
            let f = Fields::in_text("depth", tree)?;
            let book = BookSnapshot {
                last_update_id: f.unsigned("lastUpdateId")?,
                time: None,
                bids: f.levels("bids")?,
                asks: f.levels("asks")?,
                checksum: None,
            };
            Ok(vec![of(Some(symbol), None, EventKind::BookSnapshot(book))])
        }
        Query::Ticker { symbol } => one_or_all("ticker/24hr", symbol.as_ref(), tree, ticker),
        Query::BestQuote { symbol } => {
            one_or_all("ticker/bookTicker", symbol.as_ref(), tree, |f| {
                Ok(EventKind::Quote(quote(f)?))
            })
        }
        other => Err(DecodeError::unasked(other)),
    }
}

fn of(symbol: Option<&VenueSymbol>, sent: Option<Timestamp>, kind: EventKind) -> Event {
    Event {
        symbol: symbol.cloned(),
        sent,
        kind,
    }
}

/// Each element of a list; none is kept when one is bad.
fn rows<'t, 'a>(
    message: &'static str,
    tree: &'t Json<'a>,
    row: impl Fn(&'t Json<'a>) -> Result<Event, DecodeError>,
) -> Result<Vec<Event>, DecodeError> {
    match tree {
        Json::List(items) => items.iter().map(row).collect(),
        other => Err(DecodeError::BadField {
            message,
            field: "",
            found: other.shown(),
        }),
    }
}

/// An object about one symbol, or a list of them, each with its own symbol.
fn one_or_all<'t, 'a>(
    message: &'static str,
    asked: Option<&VenueSymbol>,
    tree: &'t Json<'a>,
    kind: impl Fn(&Fields<'t, 'a>) -> Result<EventKind, DecodeError>,
) -> Result<Vec<Event>, DecodeError> {
    let read = |item: &'t Json<'a>| {
        let f = Fields::in_text(message, item)?;
        let symbol = f.symbol("symbol")?;
        // an answer about another symbol must not be filed under the one that was asked for
        if asked.is_some_and(|asked| *asked != symbol) {
            return Err(f.bad("symbol", f.get("symbol")?));
        }
        Ok(of(Some(&symbol), None, kind(&f)?))
    };
    match (asked, tree) {
        (Some(_), one) => Ok(vec![read(one)?]),
        (None, list) => rows(message, list, read),
    }
}

fn trade(symbol: &VenueSymbol, f: &Fields<'_, '_>) -> Result<Event, DecodeError> {
    // quoteQty is price times quantity, cut after the eighth decimal, and isBestMatch is ignored:
    // neither adds anything, and old answers lack them
    let trade = Trade {
        id: f.id("id")?,
        time: f.read("time", time)?,
        price: f.price("price")?,
        quantity: f.quantity("qty")?,
        side: taker(f.flag("isBuyerMaker")?),
        flags: TradeFlags::NONE,
        count: 1,
    };
    Ok(of(
        Some(symbol),
        None,
        EventKind::Trade(TradeEvent {
            trade,
            orders: None,
        }),
    ))
}

/// `[open time, open, high, low, close, volume, close time, quote volume, trades, taker buy base,
/// taker buy quote, ignored]`
fn candle(
    row: &Json<'_>,
    timeframe: quantflow_model::Timeframe,
) -> Result<VenueCandle, DecodeError> {
    const NAMES: [&str; 12] = [
        "open time",
        "open",
        "high",
        "low",
        "close",
        "volume",
        "close time",
        "quote volume",
        "trades",
        "taker buy volume",
        "taker buy quote volume",
        "ignored",
    ];
    let bad = |field, found: &Json<'_>| DecodeError::BadField {
        message: "klines",
        field,
        found: found.shown(),
    };
    let Json::List(items) = row else {
        return Err(bad("", row));
    };
    let items: &[Json<'_>; 12] = match items.as_slice().try_into() {
        Ok(items) => items,
        Err(_) if items.len() < 12 => {
            return Err(DecodeError::Missing {
                message: "klines",
                field: NAMES[items.len()],
            });
        }
        Err(_) => return Err(bad("", row)),
    };
    let number = |at: usize| decimal_in_text(&items[at]).ok_or_else(|| bad(NAMES[at], &items[at]));
    let whole = |at: usize| {
        items[at]
            .unsigned()
            .ok_or_else(|| bad(NAMES[at], &items[at]))
    };
    let time_at = |at: usize| time_of(whole(at)?).ok_or_else(|| bad(NAMES[at], &items[at]));
    Ok(VenueCandle {
        timeframe,
        open_time: time_at(0)?,
        close_time: time_at(6)?,
        open: number(1)?.into(),
        high: number(2)?.into(),
        low: number(3)?.into(),
        close: number(4)?.into(),
        volume: number(5)?.into(),
        quote_volume: Some(number(7)?.into()),
        trades: Some(whole(8)?),
        taker_buy_volume: Some(number(9)?.into()),
        taker_buy_quote_volume: Some(number(10)?.into()),
        first_id: None,
        last_id: None,
        closed: None,
    })
}

fn quote(f: &Fields<'_, '_>) -> Result<Quote, DecodeError> {
    Ok(Quote {
        bid: f.price("bidPrice")?,
        bid_quantity: f.quantity("bidQty")?,
        ask: f.price("askPrice")?,
        ask_quantity: f.quantity("askQty")?,
        update_id: None,
        time: None,
    })
}

fn ticker(f: &Fields<'_, '_>) -> Result<EventKind, DecodeError> {
    Ok(EventKind::Ticker(Box::new(Ticker {
        last: f.price("lastPrice")?,
        last_quantity: Some(f.quantity("lastQty")?),
        open: Some(f.price("openPrice")?),
        high: Some(f.price("highPrice")?),
        low: Some(f.price("lowPrice")?),
        volume: Some(f.quantity("volume")?),
        quote_volume: Some(f.notional("quoteVolume")?),
        change: Some(f.price("priceChange")?),
        change_percent: Some(f.decimal("priceChangePercent")?),
        weighted_average: Some(f.price("weightedAvgPrice")?),
        previous_close: Some(f.price("prevClosePrice")?),
        quote: Some(quote(f)?),
        open_time: Some(f.read("openTime", time)?),
        close_time: Some(f.read("closeTime", time)?),
        first_id: f.read("firstId", id_or_none)?,
        last_id: f.read("lastId", id_or_none)?,
        trades: Some(f.unsigned("count")?),
    })))
}
