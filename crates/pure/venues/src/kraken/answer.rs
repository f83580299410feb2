//! Answers of the REST API.

use quantflow_model::{BookSnapshot, Quote, Timeframe, Timestamp, VenueId, VenueSymbol};
use quantflow_wire::{DecodeError, Event, EventKind, Query, VenueCandle};

use super::instruments;
use super::message::Said;
use super::message_v1::{MadeIds, letter, ticker};
use crate::json::{Fields, Json, Row, value};
use crate::reading::{general, levels, rows, said, single, trade, venue_error};

pub(super) fn decode(venue: &VenueId, query: &Query, body: &[u8]) -> Result<Said, DecodeError> {
    let tree = Json::parse(body)?;
    let answer = Fields::new("answer", &tree)?;
    let errors = answer.list("error")?;
    if let Some(first) = errors.first() {
        return Err(venue_error(first.text().unwrap_or_default()));
    }
    let result = answer.get("result")?;
    if *query == Query::Instruments {
        let (list, unnamed) = instruments::of_answer(venue, result)?;
        let events = vec![general(EventKind::Instruments(list))];
        return Ok(Said { events, unnamed });
    }
    let events = events(query, result)?;
    Ok(Said { events, unnamed: 0 })
}

fn events(query: &Query, result: &Json<'_>) -> Result<Vec<Event>, DecodeError> {
    match query {
        Query::ServerTime => {
            let time = Fields::new("Time", result)?.read("unixtime", value::seconds)?;
            Ok(vec![general(EventKind::ServerTime(time))])
        }
        Query::Candles {
            symbol, timeframe, ..
        } => rows("OHLC", of_pair("OHLC", result)?, |row| {
            candle(symbol, *timeframe, row)
        }),
        Query::RecentTrades { symbol, .. } => trades(symbol, of_pair("Trades", result)?),
        Query::Trades {
            symbol, from, to, ..
        } => {
            let mut events = trades(symbol, of_pair("Trades", result)?)?;
            // nothing ends a span there: what goes past it was not asked for
            events.retain(|event| {
                let time = event.venue_time();
                (*from).is_none_or(|from| time >= Some(from)) && to.is_none_or(|to| time < Some(to))
            });
            Ok(events)
        }
        Query::Book { symbol, .. } => {
            let f = Fields::new("Depth", of_pair("Depth", result)?)?;
            let book = BookSnapshot {
                last_update_id: 0,
                time: None,
                bids: levels(&f, "bids")?,
                asks: levels(&f, "asks")?,
                checksum: None,
            };
            Ok(vec![said(symbol, None, EventKind::BookSnapshot(book))])
        }
        Query::Ticker {
            symbol: Some(symbol),
        } => {
            let f = Fields::new("Ticker", of_pair("Ticker", result)?)?;
            let ticker = ticker(&f, false)?;
            Ok(vec![said(
                symbol,
                None,
                EventKind::Ticker(Box::new(ticker)),
            )])
        }
        Query::BestQuote {
            symbol: Some(symbol),
        } => {
            let f = Fields::new("Ticker", of_pair("Ticker", result)?)?;
            let quote = quote(&f)?;
            Ok(vec![said(symbol, None, EventKind::Quote(quote))])
        }
        other => Err(DecodeError::unasked(other)),
    }
}

/// What stands under the one pair that was asked for, in whatever spelling the venue answers with.
fn of_pair<'t, 'a>(
    message: &'static str,
    result: &'t Json<'a>,
) -> Result<&'t Json<'a>, DecodeError> {
    let bad = || DecodeError::BadField {
        message,
        field: "result",
        found: result.shown(),
    };
    let Json::Object(entries) = result else {
        return Err(bad());
    };
    let mut pairs = entries.iter().filter(|(key, _)| key != "last");
    match (pairs.next(), pairs.next()) {
        (Some((_, pair)), None) => Ok(pair),
        _ => Err(bad()),
    }
}

/// `[time, open, high, low, close, average, volume, trades]`
fn candle(
    symbol: &VenueSymbol,
    timeframe: Timeframe,
    row: &Json<'_>,
) -> Result<Event, DecodeError> {
    let row = Row::new("OHLC", row)?;
    let prices = [
        row.read(1, "open", value::price)?,
        row.read(2, "high", value::price)?,
        row.read(3, "low", value::price)?,
        row.read(4, "close", value::price)?,
    ];
    let candle = VenueCandle {
        trades: Some(row.read(7, "trades", Json::unsigned)?),
        ..VenueCandle::bare(
            timeframe,
            row.read(0, "time", value::seconds)?,
            prices,
            row.read(6, "volume", value::quantity)?,
        )
    };
    Ok(said(symbol, None, EventKind::Candle(Box::new(candle))))
}

/// `[price, quantity, time, side, type, misc, id]`; answers before 2022 have no id.
fn trades(symbol: &VenueSymbol, list: &Json<'_>) -> Result<Vec<Event>, DecodeError> {
    let mut made = MadeIds::default();
    rows("Trades", list, |row| {
        let row = Row::new("Trades", row)?;
        let time = row.read(2, "time", value::seconds)?;
        let id = match row.optional(6, "id", value::id)? {
            Some(id) => id,
            None => made.next(time),
        };
        let kind = trade(single(
            id,
            time,
            row.read(0, "price", value::price)?,
            row.read(1, "quantity", value::quantity)?,
            row.read(3, "side", letter)?,
        ));
        Ok(said(symbol, None, kind))
    })
}

fn quote(f: &Fields<'_, '_>) -> Result<Quote, DecodeError> {
    let (ask, bid) = (
        Row::new("Ticker", f.get("a")?)?,
        Row::new("Ticker", f.get("b")?)?,
    );
    Ok(Quote {
        bid: bid.read(0, "b", value::price)?,
        bid_quantity: bid.read(2, "b", value::quantity)?,
        ask: ask.read(0, "a", value::price)?,
        ask_quantity: ask.read(2, "a", value::quantity)?,
        update_id: None,
        time: None,
    })
}

/// The next page of trades in a span of time: from the last one of this page on, which comes again, for
/// others may have happened at its very time.
pub(super) fn next_page(query: &Query, body: &[u8]) -> Option<Query> {
    let Query::Trades {
        symbol,
        from,
        to,
        limit,
    } = query
    else {
        return None;
    };
    let tree = Json::parse(body).ok()?;
    let list = of_pair("Trades", tree.entry("result")?).ok()?.items()?;
    if (list.len() as u64) < u64::from(*limit) {
        return None;
    }
    let time = |row: &Json<'_>| -> Option<Timestamp> { value::seconds(row.items()?.get(2)?) };
    let last = time(list.last()?)?;
    let further = from.is_none_or(|from| last > from) && to.is_none_or(|to| last < to);
    further.then(|| Query::Trades {
        symbol: symbol.clone(),
        from: Some(last),
        to: *to,
        limit: *limit,
    })
}
