//! What is known about markets and instruments beside their prices. No I/O, no clock: dates,
//! instants and records come in, answers come out, the same ones for the same input.
//!
//! - [`calendar`]: when a market trades, session by session, and what that means for candles.

pub mod calendar;

/// A civil date, as exchanges write theirs.
pub use jiff::civil::Date;
