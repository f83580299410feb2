//! Answers of the REST API: lists of objects.

use std::collections::HashMap;

use quantflow_model::{Timestamp, TradeId, VenueId, VenueSymbol};
use quantflow_wire::{DecodeError, Event, EventKind, Query};

use super::{market, names};
use crate::events as said;
use crate::json::value::millis;
use crate::json::{Fields, Json};

pub(super) fn decode(
    venue: &VenueId,
    query: &Query,
    body: &[u8],
) -> Result<Vec<Event>, DecodeError> {
    let tree = Json::parse(body)?;
    if let Some(error) = tree.entry("error") {
        // the code is text in new answers, a number in old ones
        let error = Fields::new("error", error)?;
        let words = error.optional("message", Json::text)?.unwrap_or_default();
        let name = error.get("name")?;
        let message = match name.text() {
            Some(name) => format!("{}: {}", said::short(name), said::short(words)),
            None => said::short(words),
        };
        return Err(DecodeError::Venue {
            code: name.integer().unwrap_or_default(),
            message,
        });
    }
    let items = said::items("answer", &tree)?;
    match query {
        Query::Instruments => {
            let list = items.iter().map(|item| names::instrument(venue, item));
            let list = list.collect::<Result<Vec<_>, _>>()?;
            let kind = EventKind::Instruments(list.into_iter().flatten().collect());
            Ok(vec![said::about_all(None, kind)])
        }
        Query::Candles {
            symbol,
            timeframe,
            from,
            ..
        } => {
            let candles = items.iter().map(|item| {
                let f = Fields::new("candle", item)?;
                same_market(&f, symbol)?;
                market::candle(&f, symbol, *timeframe)
            });
            let mut candles = candles.collect::<Result<Vec<_>, _>>()?;
            // the venue counts back from the end, over minutes without a trade: beyond the beginning
            candles.retain(|event| match &event.kind {
                EventKind::Candle(candle) => from.is_none_or(|from| candle.open_time >= from),
                _ => true,
            });
            said::oldest_first(&mut candles);
            Ok(candles)
        }
        Query::RecentTrades { symbol, .. } | Query::TradesBeforeId { symbol, .. } => {
            trades(symbol, items)
        }
        Query::Book { symbol, .. } => of_markets(Some(symbol), items, |f| {
            Ok(Some(EventKind::BookSnapshot(market::book(f)?)))
        }),
        Query::BestQuote {
            symbol: Some(symbol),
        } => of_markets(Some(symbol), items, |f| {
            Ok(market::best(&market::book(f)?).map(EventKind::Quote))
        }),
        Query::Ticker { symbol } => of_markets(symbol.as_ref(), items, |f| {
            Ok(Some(EventKind::Ticker(Box::new(market::ticker(f)?))))
        }),
        other => Err(DecodeError::unasked(other)),
    }
}

fn same_market(f: &Fields<'_, '_>, symbol: &VenueSymbol) -> Result<(), DecodeError> {
    if f.text("market")? == symbol.as_str() {
        Ok(())
    } else {
        Err(f.bad("market", f.get("market")?))
    }
}

/// An event of each market.
fn of_markets(
    asked: Option<&VenueSymbol>,
    items: &[Json<'_>],
    kind: impl Fn(&Fields<'_, '_>) -> Result<Option<EventKind>, DecodeError>,
) -> Result<Vec<Event>, DecodeError> {
    let mut events = Vec::with_capacity(items.len());
    for item in items {
        let f = Fields::new("market", item)?;
        if let Some(asked) = asked {
            same_market(&f, asked)?;
        }
        let sent = Some(f.read("timestamp", millis)?);
        let kind = kind(&f)?;
        let symbol = f.symbol("market")?;
        events.extend(kind.map(|kind| said::about(&symbol, sent, kind)));
    }
    Ok(events)
}

/// Trades, the newest first. Answers of 2018 have no numbers: then a trade's is made of its time, as the
/// venue makes its own now: milliseconds times 1000, and its place among those of its millisecond.
fn trades(symbol: &VenueSymbol, items: &[Json<'_>]) -> Result<Vec<Event>, DecodeError> {
    let prints = items.iter().map(|item| {
        let f = Fields::new("trade", item)?;
        same_market(&f, symbol)?;
        market::print(&f)
    });
    let prints = prints.collect::<Result<Vec<_>, DecodeError>>()?;
    let mut places: HashMap<Timestamp, u128> = HashMap::new();
    let mut events = Vec::with_capacity(prints.len());
    for print in prints.iter().rev() {
        let id = print.id.unwrap_or_else(|| {
            let place = places.entry(print.time).or_default();
            let millis = u128::try_from(print.time.millis()).unwrap_or_default();
            let id = TradeId(millis * 1_000 + *place);
            *place += 1;
            id
        });
        events.push(said::about(symbol, None, print.kind(id)));
    }
    events.reverse();
    Ok(events)
}
