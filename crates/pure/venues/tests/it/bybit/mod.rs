//! Bybit, each of its markets.

mod ccxt;
mod errors;
mod recorded;
mod requests;
mod says;

use quantflow_venues::Bybit;
use quantflow_venues::bybit::Market;

fn codec(market: Market) -> Bybit {
    let id = match market {
        Market::Spot => "bybit",
        Market::Linear => "bybit-linear",
        Market::Inverse => "bybit-inverse",
        Market::Option => "bybit-option",
    };
    Bybit::new(id.parse().unwrap(), market)
}
