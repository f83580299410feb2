//! What is known about markets and instruments beside their prices. No I/O, no clock: dates,
//! instants and records come in, answers come out, the same ones for the same input.
//!
//! - [`calendar`]: when a market trades, session by session, and what that means for candles.
//! - [`actions`]: splits and dividends as they became known, and the series adjusted by them.
//! - [`listing`]: which ticker an instrument had on a date, and which instrument a ticker meant.

pub mod actions;
pub mod calendar;
pub mod listing;

/// A civil date, as exchanges write theirs.
pub use jiff::civil::Date;
