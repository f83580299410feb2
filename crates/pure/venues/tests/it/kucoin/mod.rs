//! KuCoin.

mod ccxt;
mod errors;
mod recorded;
mod requests;
mod says;

use quantflow_venues::Kucoin;

fn codec() -> Kucoin {
    Kucoin::new("kucoin".parse().unwrap())
}
