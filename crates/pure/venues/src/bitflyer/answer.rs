//! Answers of the REST API.

use quantflow_model::{ContractState, VenueId, VenueSymbol};
use quantflow_wire::{DecodeError, Event, EventKind, Query, Ticker};

use super::{market, names};
use crate::events as said;
use crate::json::value::decimal;
use crate::json::{Fields, Json};

pub(super) fn decode(
    venue: &VenueId,
    query: &Query,
    body: &[u8],
) -> Result<Vec<Event>, DecodeError> {
    let tree = Json::parse(body)?;
    if tree.entry("error_message").is_some() {
        let f = Fields::new("error", &tree)?;
        return Err(DecodeError::Venue {
            code: f.read("status", Json::integer)?,
            message: said::short(f.text("error_message")?),
        });
    }
    match query {
        Query::InstrumentsOf { .. } => {
            let items = said::items("markets", &tree)?.iter();
            let list = items.map(|item| names::instrument(venue, item));
            let list = list.collect::<Result<Vec<_>, _>>()?;
            let kind = EventKind::Instruments(list.into_iter().flatten().collect());
            Ok(vec![said::about_all(None, kind)])
        }
        Query::RecentTrades { symbol, .. } | Query::TradesBeforeId { symbol, .. } => {
            market::executions(symbol, &tree)
        }
        Query::Book { symbol, .. } => Ok(vec![said::about(symbol, None, market::snapshot(&tree)?)]),
        Query::Ticker {
            symbol: Some(symbol),
        } => of_ticker(symbol, &tree, |ticker| {
            Some(EventKind::Ticker(Box::new(ticker)))
        }),
        Query::BestQuote {
            symbol: Some(symbol),
        } => of_ticker(symbol, &tree, |ticker| ticker.quote.map(EventKind::Quote)),
        Query::Contract {
            symbol: Some(symbol),
        } => {
            let f = Fields::new("fundingrate", &tree)?;
            let kind = EventKind::Contract(Box::new(ContractState {
                funding_rate: Some(f.read("current_funding_rate", decimal)?),
                funding_time: f.optional("next_funding_rate_settledate", market::time)?,
                ..ContractState::default()
            }));
            Ok(vec![said::about(symbol, None, kind)])
        }
        other => Err(DecodeError::unasked(other)),
    }
}

/// One part of what a ticker says.
fn of_ticker(
    asked: &VenueSymbol,
    tree: &Json<'_>,
    part: impl Fn(Ticker) -> Option<EventKind>,
) -> Result<Vec<Event>, DecodeError> {
    let f = Fields::new("ticker", tree)?;
    let (symbol, sent, ticker) = market::ticker(&f)?;
    if symbol != *asked {
        return Err(f.bad("product_code", f.get("product_code")?));
    }
    let event = part(ticker).map(|kind| said::about(&symbol, Some(sent), kind));
    Ok(event.into_iter().collect())
}
