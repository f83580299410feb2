//! Answers of the REST API.

use quantflow_model::{
    BookSnapshot, ContractState, FundingRate, Timeframe, Timestamp, VenueId, VenueSymbol,
};
use quantflow_wire::{DecodeError, Event, EventKind, Query, Ticker, VenueCandle};

use super::instruments;
use super::message::events_of;
use crate::json::{Fields, Json, value};
use crate::reading::{
    bare_ticker, general, levels, quote_of, rows, said, shortened, side, single, venue_error,
};

/// What an answer says, and how many instruments were left out.
pub(super) fn decode(
    venue: &VenueId,
    query: &Query,
    body: &[u8],
) -> Result<(Vec<Event>, u64), DecodeError> {
    let tree = Json::parse(body)?;
    let f = Fields::new("answer", &tree)?;
    refusal(&f)?;
    let sent = f.optional("serverTime", value::rfc3339)?;
    if *query == Query::Instruments {
        let (list, unnamed) = instruments::decode(venue, &f)?;
        return Ok((vec![general(EventKind::Instruments(list))], unnamed));
    }
    events(query, &f, sent).map(|events| (events, 0))
}

/// `{"result":"error","error":"…"}`, or a list of codes and words.
fn refusal(f: &Fields<'_, '_>) -> Result<(), DecodeError> {
    if f.optional("result", value::text)? != Some("error") {
        return Ok(());
    }
    if let Some(words) = f.optional("error", value::text)? {
        return Err(venue_error(words));
    }
    let first = f.list("errors")?.first();
    let code = first.and_then(|e| e.entry("code")).and_then(Json::integer);
    let words = first
        .and_then(|e| e.entry("message"))
        .and_then(Json::text)
        .unwrap_or_default();
    Err(DecodeError::Venue {
        code: code.unwrap_or_default(),
        message: shortened(words),
    })
}

fn events(
    query: &Query,
    f: &Fields<'_, '_>,
    sent: Option<Timestamp>,
) -> Result<Vec<Event>, DecodeError> {
    match query {
        Query::ServerTime => {
            let time = f.read("serverTime", value::rfc3339)?;
            Ok(vec![general(EventKind::ServerTime(time))])
        }
        Query::Candles {
            symbol, timeframe, ..
        } => rows("candles", f.get("candles")?, |row| {
            candle(symbol, *timeframe, &Fields::new("candles", row)?)
        }),
        Query::RecentTrades { symbol, .. } => {
            let mut trades = rows("history", f.get("history")?, |row| {
                traded(symbol, &Fields::new("history", row)?)
            })?;
            // newest first
            trades.reverse();
            Ok(trades.into_iter().flatten().collect())
        }
        Query::Book { symbol, .. } => {
            let book = Fields::new("orderBook", f.get("orderBook")?)?;
            let book = BookSnapshot {
                last_update_id: 0,
                time: sent,
                bids: levels(&book, "bids")?,
                asks: levels(&book, "asks")?,
                checksum: None,
            };
            Ok(vec![said(symbol, sent, EventKind::BookSnapshot(book))])
        }
        Query::FundingRates {
            symbol, from, to, ..
        } => {
            let all = rows("rates", f.get("rates")?, |row| {
                rate(&Fields::new("rates", row)?)
            })?;
            // all since the first one come, whatever is asked for
            let within = |rate: &FundingRate| {
                from.is_none_or(|from| rate.time >= from) && to.is_none_or(|to| rate.time < to)
            };
            let rates = all.into_iter().filter(within);
            Ok(rates
                .map(|rate| said(symbol, None, EventKind::Funding(rate)))
                .collect())
        }
        Query::Ticker { symbol } => tickers(f, symbol.as_ref(), sent, |f| {
            let ticker = ticker(f)?;
            Ok(ticker.map(|ticker| EventKind::Ticker(Box::new(ticker))))
        }),
        Query::BestQuote { symbol } => tickers(f, symbol.as_ref(), sent, |f| {
            Ok(quote(f)?.map(EventKind::Quote))
        }),
        Query::Contract { symbol } => tickers(f, symbol.as_ref(), sent, |f| state(f, sent)),
        Query::OpenInterest { symbol } => tickers(f, Some(symbol), sent, |f| state(f, sent)),
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
        f.read("time", value::millis)?,
        prices,
        f.quantity("volume")?,
    );
    Ok(said(symbol, None, EventKind::Candle(Box::new(candle))))
}

fn traded(symbol: &VenueSymbol, f: &Fields<'_, '_>) -> Result<Vec<Event>, DecodeError> {
    let kind = f.optional("type", value::text)?;
    Ok(events_of(
        symbol,
        kind,
        single(
            f.read("uid", value::id)?,
            f.read("time", value::rfc3339)?,
            f.price("price")?,
            f.quantity("size")?,
            f.read("side", side)?,
        ),
    ))
}

fn rate(f: &Fields<'_, '_>) -> Result<FundingRate, DecodeError> {
    Ok(FundingRate {
        time: f.read("timestamp", value::rfc3339)?,
        rate: f.decimal("relativeFundingRate")?,
        mark: None,
    })
}

/// One ticker or all of them. Indices, which have no mark price and no quote, say nothing here.
fn tickers(
    f: &Fields<'_, '_>,
    asked: Option<&VenueSymbol>,
    sent: Option<Timestamp>,
    kind: impl Fn(&Fields<'_, '_>) -> Result<Option<EventKind>, DecodeError>,
) -> Result<Vec<Event>, DecodeError> {
    let one = |item: &Json<'_>| {
        let f = Fields::new("tickers", item)?;
        let symbol = f.symbol("symbol")?;
        if asked.is_some_and(|asked| !asked.as_str().eq_ignore_ascii_case(symbol.as_str())) {
            return Err(f.bad("symbol", f.get("symbol")?));
        }
        let symbol = asked.cloned().unwrap_or(symbol);
        Ok(kind(&f)?.map(|kind| said(&symbol, sent, kind)))
    };
    if asked.is_some() {
        return Ok(one(f.get("ticker")?)?.into_iter().collect());
    }
    let found = rows("tickers", f.get("tickers")?, one)?;
    Ok(found.into_iter().flatten().collect())
}

fn quote(f: &Fields<'_, '_>) -> Result<Option<quantflow_model::Quote>, DecodeError> {
    Ok(quote_of(
        f.optional("bid", value::price)?,
        f.optional("bidSize", value::quantity)?,
        f.optional("ask", value::price)?,
        f.optional("askSize", value::quantity)?,
    ))
}

fn ticker(f: &Fields<'_, '_>) -> Result<Option<Ticker>, DecodeError> {
    let price = |field| f.optional(field, value::price);
    // a contract that was never traded has no last price; an index has one, and no market
    let (Some(last), true) = (price("last")?, f.has("markPrice")) else {
        return Ok(None);
    };
    Ok(Some(Ticker {
        last_quantity: f.optional("lastSize", value::quantity)?,
        open: price("open24h")?,
        high: price("high24h")?,
        low: price("low24h")?,
        volume: f.optional("vol24h", value::quantity)?,
        quote_volume: f.optional("volumeQuote", value::notional)?,
        change_percent: f.optional("change24h", value::decimal)?,
        quote: quote(f)?,
        close_time: f.optional("lastTime", value::rfc3339)?,
        ..bare_ticker(last)
    }))
}

/// The funding rates here are absolute, in the settlement currency for each contract: left out.
fn state(f: &Fields<'_, '_>, sent: Option<Timestamp>) -> Result<Option<EventKind>, DecodeError> {
    let Some(mark) = f.optional("markPrice", value::price)? else {
        return Ok(None);
    };
    Ok(Some(EventKind::Contract(Box::new(ContractState {
        time: sent,
        mark: Some(mark),
        index: f.optional("indexPrice", value::price)?,
        open_interest: f.optional("openInterest", value::quantity)?,
        ..ContractState::default()
    }))))
}

/// Candles go on where the venue says that there are more.
pub(super) fn next_page(query: &Query, body: &[u8]) -> Option<Query> {
    let Query::Candles {
        symbol,
        timeframe,
        from: Some(from),
        to,
        limit,
    } = query
    else {
        return None;
    };
    let tree = Json::parse(body).ok()?;
    let more = tree.entry("more_candles").and_then(value::flag)?;
    let rows = tree.entry("candles")?.items()?;
    let time = |row: &Json<'_>| row.entry("time").and_then(value::millis);
    let next = timeframe.end_of(rows.iter().filter_map(time).max()?);
    let further = more && next > *from && to.is_none_or(|to| next < to);
    further.then(|| Query::Candles {
        symbol: symbol.clone(),
        timeframe: *timeframe,
        from: Some(next),
        to: *to,
        limit: *limit,
    })
}
