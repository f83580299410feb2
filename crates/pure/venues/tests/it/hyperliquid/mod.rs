//! Hyperliquid: its recordings, its words, and what it is asked.

mod asked;
mod recorded;
mod said;

use quantflow_model::Timestamp;
use quantflow_venues::Hyperliquid;
use quantflow_wire::Query;

use crate::support::venue_symbol;

fn codec() -> Hyperliquid {
    Hyperliquid::new("hyperliquid".parse().unwrap())
}

fn of(part: &str) -> Query {
    Query::InstrumentsOf {
        part: part.into(),
        after: None,
    }
}

fn rates(from: Option<Timestamp>) -> Query {
    Query::FundingRates {
        symbol: venue_symbol("BTC"),
        from,
        to: None,
        limit: 500,
    }
}
