//! Coinbase Exchange.

mod advanced;
mod hostile;
mod recorded;
mod requests;
mod server;
mod speaking;

use quantflow_venues::CoinbaseExchange;

pub(crate) fn codec() -> CoinbaseExchange {
    CoinbaseExchange::new("coinbase".parse().unwrap())
}
