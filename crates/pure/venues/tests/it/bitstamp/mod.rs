//! Bitstamp.

mod hostile;
mod recorded;
mod requests;

use quantflow_venues::Bitstamp;

pub(crate) fn codec() -> Bitstamp {
    Bitstamp::new("bitstamp".parse().unwrap())
}
