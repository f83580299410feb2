//! bitFlyer: its recordings, its words, and what it is asked.

mod asked;
mod recorded;
mod said;

use quantflow_model::Trade;
use quantflow_venues::Bitflyer;
use quantflow_wire::{Event, EventKind, Query};

use crate::support::venue_symbol;

fn codec() -> Bitflyer {
    Bitflyer::new("bitflyer".parse().unwrap())
}

fn of(part: &str) -> Query {
    Query::InstrumentsOf {
        part: part.into(),
        after: None,
    }
}

fn ticker(symbol: &str) -> Query {
    Query::Ticker {
        symbol: Some(venue_symbol(symbol)),
    }
}

fn trades(events: Vec<Event>) -> Vec<Trade> {
    let trade = |event: Event| match event.kind {
        EventKind::Trade(trade) => trade.trade,
        other => panic!("{other:?}"),
    };
    events.into_iter().map(trade).collect()
}
