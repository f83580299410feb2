//! The venues: one file or folder each, a codec without I/O.
//!
//! - [`registry::Registry`] finds the codec of a venue by its id, or builds one that speaks a
//!   protocol under another id (`demo` speaks Binance's).
//! - [`binance::BinanceSpot`] is the first venue, and the one to copy from.
//! - [`json`] and [`http`] are what all of them share: exact numbers, typed errors, targets, limits.
//! - [`describe`] shows what a codec is and what it makes of bytes, as JSON.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod binance;
pub mod bitfinex;
pub mod bitflyer;
pub mod bitmex;
mod bounds;
pub mod bybit;
pub mod deribit;
pub mod describe;
mod events;
pub mod http;
pub mod htx;
pub mod hyperliquid;
pub mod json;
pub mod kucoin;
pub mod okx;
mod question;
pub mod registry;
mod said;
pub mod upbit;

pub use binance::BinanceSpot;
pub use bitfinex::Bitfinex;
pub use bitflyer::Bitflyer;
pub use bitmex::Bitmex;
pub use bybit::Bybit;
pub use deribit::Deribit;
pub use htx::Htx;
pub use hyperliquid::Hyperliquid;
pub use kucoin::Kucoin;
pub use okx::Okx;
pub use registry::{Registry, UnknownProtocol};
pub use upbit::Upbit;
