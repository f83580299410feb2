//! What fills the raw log: [`VenueIngest`] keeps a venue's sockets open, asks what must be asked
//! within the venue's budget, and puts everything that comes into the log, exactly as it came.
//!
//! It is written against seams only, and knows of a venue what its codec says. It interprets
//! nothing but what it needs for the sockets themselves (a notice that one will be cut, the sign of
//! a silent market); what the market said is the pipeline's to tell. The way of a message:
//!
//! socket → [session](crate) (receive time, number, batch of what is at hand) → recorder → log.
//!
//! - `connection` keeps one planned socket: reconnects with full jitter, renews without a hole;
//! - `session` is one open socket, from its `Connected` record to its `Disconnected`;
//! - `pulse` tells whether a socket lives and the market speaks;
//! - `recorder` is the way into the log: it holds what a full log refused until there is room;
//! - `ask` sends a request within the budget, retries by the class of the failure, records it all;
//! - `repair` and `history` are what is asked on request.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod ask;
mod backoff;
mod config;
mod connection;
mod fetch;
mod history;
mod ingest;
pub mod metrics;
mod opening;
mod outgoing;
mod pulse;
mod queue;
mod recorder;
mod repair;
mod session;
mod shared;
mod status;

pub use ask::AskError;
pub use config::{IngestConfig, Policy};
pub use history::{History, HistoryRequest};
pub use ingest::{Engines, StartError, VenueIngest};
pub use quantflow_wire::RepairHow;
pub use queue::Submitted;
pub use recorder::LogState;
pub use repair::{BookSnapshotRequest, RepairRequest, SpanRequest};
pub use status::{ConnectionState, ConnectionStatus, JobCounts, VenueStatus};
