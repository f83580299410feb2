//! OKX.

mod ccxt;
mod errors;
mod recorded;
mod requests;
mod says;
mod speaking;

use quantflow_venues::Okx;

fn codec() -> Okx {
    Okx::new("okx".parse().unwrap())
}
