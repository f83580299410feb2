//! Upbit: its recordings, its words, and what it is asked.

mod asked;
mod recorded;
mod said;

use quantflow_venues::Upbit;
use quantflow_wire::Query;

use crate::support::venue_symbol;

fn codec() -> Upbit {
    Upbit::new("upbit".parse().unwrap())
}

fn ticker(symbol: &str) -> Query {
    Query::Ticker {
        symbol: Some(venue_symbol(symbol)),
    }
}
