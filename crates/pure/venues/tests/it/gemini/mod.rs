//! Gemini.

mod hostile;
mod recorded;
mod requests;

use quantflow_venues::Gemini;

pub(crate) fn codec() -> Gemini {
    Gemini::new("gemini".parse().unwrap())
}
