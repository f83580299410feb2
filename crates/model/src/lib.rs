//! Symbols, exact numbers, time, timeframes, trades, books and candles: the ground that every
//! crate stands on.
//!
//! Nothing here does I/O, reads a clock or knows a venue. Start with [`Symbol`], [`Decimal`] (and
//! its typed forms [`Price`], [`Quantity`], [`Notional`]), [`Timestamp`], [`Timeframe`],
//! [`Trade`] and [`Candle`]; [`TradeBatch`] and [`CandleBatch`] are the same in columns, which is
//! how the seams exchange many of them.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod book;
mod candle;
mod candle_batch;
mod column;
mod contract;
mod decimal;
mod derivative;
mod instrument;
mod ledger;
mod number;
mod quote;
mod symbol;
mod time;
mod timeframe;
mod trade;
mod trade_batch;
mod venue_symbol;

pub use book::{BookChecksum, BookDelta, BookSnapshot, Level};
pub use candle::{Candle, CandleOrigin, CandleState, RevisionCause};
pub use candle_batch::CandleBatch;
pub use column::{DecimalColumn, Integers};
pub use contract::{Contract, OptionKind};
pub use decimal::{Decimal, DecimalError};
pub use derivative::{ContractState, FundingRate, Liquidation, OptionState};
pub use instrument::{ContractSize, ContractUnit, Instrument, InstrumentStatus};
pub use ledger::{DayTally, Filling, Hole, LedgerEvent, LedgerKind, Quarantined};
pub use number::{Notional, Price, Quantity};
pub use quote::Quote;
pub use symbol::{Symbol, SymbolError, VenueId};
pub use time::{TimeError, TimeRange, Timestamp};
pub use timeframe::{Timeframe, TimeframeError};
pub use trade::{Side, Trade, TradeFlags, TradeId, TradeKey};
pub use trade_batch::TradeBatch;
pub use venue_symbol::VenueSymbol;
