//! Kraken Futures.

mod hostile;
mod recorded;
mod requests;

use quantflow_venues::KrakenFutures;

pub(crate) fn codec() -> KrakenFutures {
    KrakenFutures::new("kraken-futures".parse().unwrap())
}
