//! Deribit: its recordings, its words, and what it is asked.

mod asked;
mod recorded;
mod said;

use quantflow_venues::Deribit;
use quantflow_wire::{Event, Input, Query};

use crate::support::venue_symbol;
use crate::trial::checked;

fn codec() -> Deribit {
    Deribit::new("deribit".parse().unwrap())
}

fn instruments() -> Query {
    Query::InstrumentsOf {
        part: "future".into(),
        after: None,
    }
}

fn state(symbol: &str) -> Query {
    Query::Contract {
        symbol: Some(venue_symbol(symbol)),
    }
}

fn ticker(symbol: &str) -> Query {
    Query::Ticker {
        symbol: Some(venue_symbol(symbol)),
    }
}

fn one(text: &str) -> Event {
    let mut events = checked(&codec(), &Input::message(text.as_bytes())).unwrap();
    assert_eq!(events.len(), 1, "{text}");
    events.remove(0)
}
