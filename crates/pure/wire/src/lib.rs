//! What comes off a wire, and what a venue's codec makes of it; no I/O.
//!
//! - [`Record`]: what came, exactly as it came, with receive time, connection and sequence. The raw
//!   log is a sequence of records, and everything after the log is a function of them.
//! - [`Codec`]: a venue without I/O. It builds requests and subscriptions as values, tells which
//!   symbol bytes are about, turns bytes into [`Event`]s or a typed error, and events into bytes.
//! - [`Event`]: what a venue said, exactly, in our model.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod bindings;
mod book;
mod chunk;
mod codec;
mod event;
mod exchange;
mod import;
mod position;
mod record;
mod request;

pub use bindings::{Binding, Bindings};
pub use book::{BookRule, BookSequence, SnapshotBy};
pub use chunk::{RecordChunk, RecordIter};
pub use codec::{
    Codec, DecodeError, EncodeError, Encoded, Input, Limit, LimitScope, OrderRule, RequestError,
    Route, VenueDescription,
};
pub use event::{AggregateTrade, Event, EventKind, Notice, Ticker, TradeEvent, VenueCandle};
pub use exchange::{Exchange, ExchangeError, Failure, FailureKind, Outcome, Response};
pub use import::{ImportBegin, ImportKind};
pub use position::{LogPosition, LogRange, PartitionId};
pub use record::{ChunkError, Connected, Disconnected, Record, RecordKind, Subscribed};
pub use request::{
    Channel, HttpMethod, HttpRequest, KeepAlive, Purpose, Query, RepairHow, SubscribePlan,
    Subscription,
};
