//! OKX.

mod ccxt;
mod errors;
mod recorded;
mod requests;
mod speaking;

use quantflow_venues::Okx;

fn codec() -> Okx {
    Okx::new("okx".parse().unwrap())
}
