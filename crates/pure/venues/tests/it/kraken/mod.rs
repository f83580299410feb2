//! Kraken spot.

mod hostile;
mod recorded;
mod requests;
mod server;
mod speaking;

use quantflow_venues::Kraken;

pub(crate) fn codec() -> Kraken {
    Kraken::new("kraken".parse().unwrap())
}
