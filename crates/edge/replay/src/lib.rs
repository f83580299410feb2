//! Recorded or generated markets served in the venues' own wire protocols, with faults on request.
//!
//! A [`Market`] is what is traded, as an unchanging value: a [`GeneratedMarket`] made from a seed or
//! a [`RecordedMarket`] read from a file. [`ReplayServer::start`] serves it in Binance's REST and
//! WebSocket dialect, so that an unmodified client of the venue can talk to it: at any [`Speed`], and with a
//! [`FaultPlan`] of what goes wrong on the way. [`Truth`] is kept beside it: what truly happened,
//! whatever the faults made of it.
//!
//! ```
//! # use std::{sync::Arc, time::Duration};
//! # use quantflow_replay::{GeneratedMarket, GeneratedOptions, ReplayOptions, ReplayServer};
//! # use quantflow_seams::{Clock, SystemClock};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clock: Arc<dyn Clock> = Arc::new(SystemClock);
//! let month = Duration::from_secs(30 * 86_400);
//! let demo = GeneratedOptions::demo("demo".parse()?, 1, clock.now(), month);
//! let market = Arc::new(GeneratedMarket::new(&demo)?);
//! let server = ReplayServer::start(market, ReplayOptions::default(), clock).await?;
//! println!("{}/api/v3/klines?symbol=BTCUSDT&interval=1m", server.rest_url());
//! println!("{}/ws/btcusdt@trade", server.ws_url());
//! server.shutdown().await;
//! # Ok(())
//! # }
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod fault;
mod generated;
mod http;
mod limit;
mod market;
mod pace;
mod random;
mod recorded;
mod row;
mod server;
mod speech;
mod truth;
mod venue;

pub use fault::{Fault, FaultError, FaultKind, FaultPlan};
pub use generated::{GeneratedMarket, GeneratedOptions, Profile, ProfileError};
pub use limit::Limits;
pub use market::{Feed, Listing, Mark, Market, MarketEvent};
pub use pace::{Speed, SpeedError};
pub use recorded::{RecordedMarket, RecordingError};
pub use row::{AggregateRow, Bar, Row, Units};
pub use server::{AtEnd, KeyRule, ReplayError, ReplayHandle, ReplayOptions, ReplayServer};
pub use truth::{Truth, WireCounts, candles};
