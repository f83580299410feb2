//! Bitfinex: its recordings, its words, and what it is asked.

mod asked;
mod recorded;
mod said;

use quantflow_venues::Bitfinex;
use quantflow_wire::{Binding, Bindings, DecodeError, Event, Input, Query};

use crate::support::venue_symbol;
use crate::trial::checked;

fn codec() -> Bitfinex {
    Bitfinex::new("bitfinex".parse().unwrap())
}

fn bound(channels: &[(u64, &str, &str)]) -> Bindings {
    let mut bindings = Bindings::default();
    for (number, symbol, channel) in channels {
        let binding = Binding {
            symbol: venue_symbol(symbol),
            channel: (*channel).into(),
        };
        bindings.bind(*number, binding);
    }
    bindings
}

fn read(bytes: &str, bindings: &Bindings) -> Result<Vec<Event>, DecodeError> {
    let bytes = bytes.as_bytes();
    checked(&codec(), &Input::Message { bytes, bindings })
}

fn of(part: &str) -> Query {
    Query::InstrumentsOf {
        part: part.into(),
        after: None,
    }
}
