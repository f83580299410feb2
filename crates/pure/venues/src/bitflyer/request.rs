//! Queries as requests, and streams as sockets.

use quantflow_model::VenueId;
use quantflow_wire::{Channel, HttpRequest, Query, RequestError, SubscribePlan, Subscription};
use serde_json::json;

use super::socket::{BOARD, EXECUTIONS, SNAPSHOT, TICKER};
use crate::http::Target;
use crate::question::{Asked, sockets};

/// Executions of an answer.
const ROWS: u32 = 500;
/// The venue's own name of its list of each region; Japan's has none.
pub(super) const PARTS: [&str; 3] = ["japan", "usa", "eu"];

pub(super) fn page_limit(query: &Query) -> u32 {
    match query {
        Query::RecentTrades { .. } | Query::TradesBeforeId { .. } => ROWS,
        Query::InstrumentsOf { .. } | Query::Book { .. } => u32::MAX,
        Query::Ticker { symbol: Some(_) }
        | Query::BestQuote { symbol: Some(_) }
        | Query::Contract { symbol: Some(_) } => 1,
        _ => 0,
    }
}

pub(super) fn request(venue: &VenueId, query: &Query) -> Result<HttpRequest, RequestError> {
    let asked = Asked { venue };
    let mut target = Target::new("/v1/");
    match query {
        Query::InstrumentsOf { part, after: None } if PARTS.contains(&part.as_str()) => {
            target.path("markets");
            if part != PARTS[0] {
                target.path("/");
                target.path(part);
            }
            return Ok(target.get(1));
        }
        Query::RecentTrades { .. } | Query::TradesBeforeId { .. } => target.path("executions"),
        Query::Book { .. } => target.path("board"),
        Query::Ticker { symbol: Some(_) } | Query::BestQuote { symbol: Some(_) } => {
            target.path("ticker");
        }
        Query::Contract {
            symbol: Some(symbol),
        } if symbol.as_str().starts_with("FX_") => target.path("getfundingrate"),
        other => return Err(RequestError::not_offered(venue, other)),
    }
    if let Some(symbol) = query.symbol() {
        target.pair("product_code", symbol.as_str());
    }
    match query {
        Query::RecentTrades { limit, .. } => {
            target.pair("count", &asked.limit(*limit, ROWS)?.to_string());
        }
        Query::TradesBeforeId { before, limit, .. } => {
            target.pair("count", &asked.limit(*limit, ROWS)?.to_string());
            target.pair("before", &before.to_string());
        }
        _ => {}
    }
    Ok(target.get(1))
}

/// The channels that a stream needs: a book has one for the whole and one for the changes.
fn channels(asked: Asked<'_>, wanted: &Subscription) -> Result<Vec<String>, RequestError> {
    let kinds: &[&str] = match wanted.channel {
        Channel::Trades => &[EXECUTIONS],
        Channel::Book => &[SNAPSHOT, BOARD],
        Channel::Ticker => &[TICKER],
        other => return Err(asked.not_offered(other.to_string())),
    };
    let product = wanted.venue_symbol.as_str();
    Ok(kinds
        .iter()
        .map(|kind| format!("{kind}{product}"))
        .collect())
}

fn message(id: usize, method: &str, channel: &str) -> String {
    let params = json!({"channel": channel});
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string()
}

pub(super) fn subscribe(
    venue: &VenueId,
    streams_per_connection: usize,
    wanted: &[Subscription],
) -> Result<Vec<SubscribePlan>, RequestError> {
    let asked = Asked { venue };
    sockets(wanted, streams_per_connection, "/json-rpc", |share| {
        let mut messages = Vec::new();
        for wanted in share {
            for channel in channels(asked, wanted)? {
                let id = messages.len() + 1;
                messages.push(message(id, "subscribe", &channel));
            }
        }
        Ok(messages)
    })
}

pub(super) fn resubscribe(venue: &VenueId, wanted: &Subscription) -> Vec<String> {
    let channels = channels(Asked { venue }, wanted).unwrap_or_default();
    let messages = channels
        .iter()
        .flat_map(|channel| ["unsubscribe", "subscribe"].map(|method| message(0, method, channel)));
    messages.collect()
}
