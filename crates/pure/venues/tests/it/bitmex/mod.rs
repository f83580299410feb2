//! BitMEX: its recordings, its words, and what it is asked.

mod asked;
mod recorded;
mod said;

use quantflow_venues::Bitmex;
use quantflow_wire::{Bindings, DecodeError, Event, Input, Query};

use crate::support::venue_symbol;
use crate::trial::checked;

fn codec() -> Bitmex {
    Bitmex::new("bitmex".parse().unwrap())
}

fn read(text: &str, bindings: &Bindings) -> Result<Vec<Event>, DecodeError> {
    let bytes = text.as_bytes();
    checked(&codec(), &Input::Message { bytes, bindings })
}

fn state(symbol: &str) -> Query {
    Query::Contract {
        symbol: Some(venue_symbol(symbol)),
    }
}
