//! HTX, each of its markets.

mod ccxt;
mod errors;
mod recorded;
mod requests;
mod says;

use quantflow_venues::Htx;
use quantflow_venues::htx::Market;

fn codec(market: Market) -> Htx {
    let id = match market {
        Market::Spot => "htx",
        Market::Linear => "htx-linear",
    };
    Htx::new(id.parse().unwrap(), market)
}
