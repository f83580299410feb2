//! Records of the log in; trades, candles, ledger, state and effects out. A pure function: no I/O,
//! no clock, no randomness, and the same records make the same output, however they are batched and
//! wherever the pipeline was stopped and [restored](Pipeline::restore).
//!
//! # The way of a trade
//!
//! [`Pipeline::apply`] hands a record to `intake` (live), `pipeline::connections` or `imports`. The venue's codec makes
//! events of the bytes; what it cannot read goes to quarantine. A trade then goes through
//! `symbol::SymbolState::take_trade`:
//!
//! 1. **Cleaning**: the rules of `cleaning`, each with a name, see [`RULES`]. *To change a rule, or
//!    add one, look there; other output of the same records needs a new [`PIPELINE_VERSION`].*
//! 2. **Order** (`symbol::order`): `coverage` where ids are contiguous (next, missing, known; holes open, split and
//!    close), `sequence` where order is by time and id.
//! 3. **Candles** (`symbol::candles`): `fold` puts it into its one-second candle; what closes is folded upward through
//!    all timeframes. A candle closes when a later trade proves that nothing is missing before it,
//!    or when the venue's clock (`watermark`) is past its end and a grace.
//!
//! # Why a candle is revised
//!
//! A trade whose candle is closed makes a [`CandlePatch`]: the candle of the late trades alone, to be
//! merged into the stored one as its next revision. Its [cause](quantflow_model::RevisionCause) says why: the trade was late
//! (the network reordered or delayed it), or a hole was repaired, or history was imported. A record
//! makes at most one patch a candle (`late`), and patches reach every timeframe that is closed;
//! timeframes still open take the trades in without one.
//!
//! # Holes
//!
//! A jump of contiguous ids is a [hole](quantflow_model::Hole): entered in the ledger as found, asked
//! for by an [`Effect`] (`repair`), filled by whatever brings the trades (late frames, answers,
//! imports, aggregates split by `aggregates`), or given up with the reason once an answer proves that
//! the trades do not exist. Later data keeps flowing meanwhile.
//!
//! # The rest
//!
//! Where ids may jump, `spans` are the times without a feed, and the same answers prove them.
//!
//! `rollup`: candles that venues and files give, and longer ones made of them. `reconcile`: ours
//! against the venue's. [`Book`]: local order books. `tally`: a day's totals. `feed`: connections.
//! `state`: what a commit stores. [`candles_from_columns`]: one-minute candles from columns, fast.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod aggregates;
mod batch;
mod book;
mod cleaning;
mod compact;
mod context;
mod coverage;
mod events;
mod feed;
mod fold;
mod import;
mod imports;
mod intake;
mod late;
mod options;
mod output;
mod partial;
mod pipeline;
mod ranges;
mod reconcile;
mod repair;
mod rollup;
mod runs;
mod sequence;
mod spans;
mod state;
mod symbol;
mod tally;
mod watermark;

pub use batch::{Bars, ColumnsError, candles_from_columns, candles_of_symbols};
pub use book::{Book, Change};
pub use cleaning::{RULES, Rule};
pub use feed::{Connection, FeedState};
pub use options::PipelineOptions;
pub use output::{CandlePatch, ClosedCandle, Counts, Effect, Output, SymbolSlot};
pub use pipeline::{Batch, Pipeline};
pub use quantflow_wire::RepairHow;
pub use state::{PIPELINE_VERSION, StateError};
