//! The venues: one file or folder each, a codec without I/O.
//!
//! - [`registry::Registry`] finds the codec of a venue by its id, or builds one that speaks a
//!   protocol under another id (`demo` speaks Binance's).
//! - [`binance::BinanceSpot`] is the first venue, and the one to copy from.
//! - [`json`] and [`http`] are what all of them share: exact numbers, typed errors, targets, limits.
//! - [`describe`] shows what a codec is and what it makes of bytes, as JSON.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod actions;
pub mod alphavantage;
mod ask;
mod asking;
mod assets;
pub mod binance;
pub mod binance_futures;
pub mod bitfinex;
pub mod bitflyer;
pub mod bitmex;
pub mod bitstamp;
mod bounds;
pub mod bybit;
pub mod coinbase;
pub mod coingecko;
mod csv;
pub mod deribit;
pub mod describe;
pub mod ecb;
mod events;
pub mod gate;
pub mod gemini;
pub mod generic;
pub mod http;
pub mod htx;
pub mod hyperliquid;
pub mod json;
pub mod kraken;
pub mod kraken_futures;
pub mod kucoin;
pub mod mexc;
pub mod okx;
mod parameters;
pub mod poloniex;
mod question;
mod reading;
pub mod registry;
mod said;
mod series;
mod source;
pub mod stooq;
pub mod upbit;
pub mod yahoo;

pub use alphavantage::AlphaVantage;
pub use binance::BinanceSpot;
pub use binance_futures::BinanceFutures;
pub use bitfinex::Bitfinex;
pub use bitflyer::Bitflyer;
pub use bitmex::Bitmex;
pub use bitstamp::Bitstamp;
pub use bybit::Bybit;
pub use coinbase::{CoinbaseAdvanced, CoinbaseExchange};
pub use coingecko::CoinGecko;
pub use deribit::Deribit;
pub use ecb::Ecb;
pub use gate::Gate;
pub use gemini::Gemini;
pub use generic::{Generic, SourceDescription};
pub use htx::Htx;
pub use hyperliquid::Hyperliquid;
pub use kraken::Kraken;
pub use kraken_futures::KrakenFutures;
pub use kucoin::Kucoin;
pub use mexc::Mexc;
pub use okx::Okx;
pub use poloniex::Poloniex;
pub use registry::{Registry, UnknownProtocol};
pub use stooq::Stooq;
pub use upbit::Upbit;
pub use yahoo::Yahoo;
