//! Answers of `/info`.

use quantflow_model::{FundingRate, VenueId, VenueSymbol};
use quantflow_wire::{DecodeError, Event, EventKind, Query};

use super::{market, names};
use crate::events as said;
use crate::json::value::{millis, rfc3339};
use crate::json::{Fields, Json};

pub(super) fn decode(
    venue: &VenueId,
    query: &Query,
    body: &[u8],
) -> Result<Vec<Event>, DecodeError> {
    let tree = Json::parse(body)?;
    if tree == Json::Null {
        // what it answers about a name that it does not know
        return Err(DecodeError::Venue {
            code: 0,
            message: "null: there is no such coin".into(),
        });
    }
    let events = events(venue, query, &tree)?;
    let asked = query.symbol();
    let foreign = |event: &&Event| asked.is_some() && event.symbol.as_ref() != asked;
    match events.iter().find(foreign) {
        Some(event) => Err(DecodeError::BadField {
            message: "answer",
            field: "coin",
            found: event
                .symbol
                .as_ref()
                .map_or_else(String::new, |symbol| said::short(symbol.as_str())),
        }),
        None => Ok(events),
    }
}

fn events(venue: &VenueId, query: &Query, tree: &Json<'_>) -> Result<Vec<Event>, DecodeError> {
    match query {
        Query::ServerTime => {
            let f = Fields::new("exchangeStatus", tree)?;
            let time = f.read("time", |found| millis(found).or_else(|| rfc3339(found)))?;
            Ok(vec![said::about_all(None, EventKind::ServerTime(time))])
        }
        Query::InstrumentsOf { part, .. } => {
            let list = match part.as_str() {
                "spot" => names::pairs(venue, tree)?,
                _ => names::perpetuals(venue, tree)?,
            };
            let kind = EventKind::Instruments(list);
            Ok(vec![said::about_all(None, kind)])
        }
        Query::Candles { timeframe, .. } => {
            let items = said::items("candles", tree)?.iter();
            let candles = items.map(|item| market::candle(item, *timeframe));
            let mut candles = candles.collect::<Result<Vec<_>, _>>()?;
            said::oldest_first(&mut candles);
            Ok(candles)
        }
        Query::RecentTrades { .. } => {
            let items = said::items("trades", tree)?.iter();
            items.map(market::trade).collect()
        }
        Query::Book { .. } => Ok(vec![market::book(tree)?]),
        Query::Contract { symbol } => states(symbol.as_ref(), tree),
        Query::FundingRates { .. } => {
            let items = said::items("fundingHistory", tree)?.iter();
            items.map(funding).collect()
        }
        other => Err(DecodeError::unasked(other)),
    }
}

/// `[meta, [state, …]]`: the states of all perpetuals in the order of their names.
fn states(asked: Option<&VenueSymbol>, tree: &Json<'_>) -> Result<Vec<Event>, DecodeError> {
    let [meta, states] = said::items("metaAndAssetCtxs", tree)? else {
        return Err(DecodeError::BadField {
            message: "metaAndAssetCtxs",
            field: "",
            found: tree.shown(),
        });
    };
    let names = names::universe(meta)?;
    let states = said::items("metaAndAssetCtxs", states)?;
    if states.len() != names.len() {
        return Err(DecodeError::BadField {
            message: "metaAndAssetCtxs",
            field: "universe",
            found: format!("{} names of {} states", names.len(), states.len()),
        });
    }
    let both = names.iter().zip(states);
    let wanted = both.filter(|(name, _)| asked.is_none_or(|asked| asked == *name));
    wanted
        .map(|(name, state)| market::state(name, state))
        .collect()
}

fn funding(item: &Json<'_>) -> Result<Event, DecodeError> {
    let f = Fields::in_text("fundingHistory", item)?;
    let kind = EventKind::Funding(FundingRate {
        time: f.read("time", millis)?,
        rate: f.decimal("fundingRate")?,
        mark: None,
    });
    Ok(said::about(&f.symbol("coin")?, None, kind))
}
