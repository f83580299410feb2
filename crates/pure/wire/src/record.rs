//! [`Record`]: one thing that happened, as the log keeps it.

use compact_str::CompactString;
use quantflow_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Subscription;

/// What kind of thing a record is. The numbers are the log's format: never reuse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum RecordKind {
    /// A text message from a WebSocket; the payload is its bytes.
    Text = 1,
    /// A binary message from a WebSocket; the payload is its bytes, as they came.
    Binary = 2,
    /// A request and what became of it: an [`Exchange`](crate::Exchange).
    Exchange = 3,
    /// A connection was made: [`Connected`] as JSON.
    Connected = 4,
    /// Streams were asked for: [`Subscribed`] as JSON.
    Subscribed = 5,
    /// A connection ended: [`Disconnected`] as JSON.
    Disconnected = 6,
    /// An import begins: [`ImportBegin`](crate::ImportBegin) as JSON.
    ImportBegin = 7,
    /// Rows of an import, in the columns that its beginning named: CSV lines without a header.
    ImportRows = 8,
    /// An import is complete; no payload.
    ImportEnd = 9,
    /// The clock, about once a second; no payload.
    Tick = 10,
    /// An operator's command: JSON.
    Command = 11,
}

impl RecordKind {
    /// From its number in the log.
    pub const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            1 => Self::Text,
            2 => Self::Binary,
            3 => Self::Exchange,
            4 => Self::Connected,
            5 => Self::Subscribed,
            6 => Self::Disconnected,
            7 => Self::ImportBegin,
            8 => Self::ImportRows,
            9 => Self::ImportEnd,
            10 => Self::Tick,
            11 => Self::Command,
            _ => return None,
        })
    }
}

/// One thing that happened: what came, exactly as it came, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// What kind of thing.
    pub kind: RecordKind,
    /// When we received it, by our clock.
    pub received: Timestamp,
    /// The connection it came over, or the import it belongs to; numbered by its ingester from 1,
    /// 0 where there is none.
    pub connection: u32,
    /// Its number on that connection, from 0.
    pub sequence: u32,
    /// The bytes.
    pub payload: &'a [u8],
}

impl Record<'_> {
    /// Bytes that a chunk holds before each payload.
    pub const HEADER: usize = 21;

    /// How many bytes it takes in a chunk.
    pub const fn size(&self) -> usize {
        Self::HEADER + self.payload.len()
    }
}

/// Bytes of a chunk that are no records.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// A record ends past the chunk.
    #[error("record {record} is cut off: {needed} bytes needed, {left} left")]
    Truncated {
        /// Its number in the chunk.
        record: usize,
        /// How many bytes it needs.
        needed: usize,
        /// How many are left.
        left: usize,
    },
    /// A kind that this version does not know.
    #[error("record {record} is of kind {code}, which this version does not know")]
    UnknownKind {
        /// Its number in the chunk.
        record: usize,
        /// The kind's number.
        code: u8,
    },
    /// The payload is over the limit of 64 MiB.
    #[error("a record of {0} bytes is over the limit of 64 MiB")]
    TooLarge(usize),
}

/// Payload of [`RecordKind::Connected`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connected {
    /// Where to; without credentials.
    pub url: String,
    /// Which try since the last success, from 1.
    pub attempt: u32,
}

/// Payload of [`RecordKind::Subscribed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscribed {
    /// What was asked for.
    pub subscriptions: Vec<Subscription>,
}

/// Payload of [`RecordKind::Disconnected`]. On connection 0 it says that the ingester began anew:
/// whatever connections it had before (and could not record the end of) are gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disconnected {
    /// Why: `closed`, `silent`, `error`, `shutdown`, `rotation`; on connection 0 `restart`.
    pub reason: CompactString,
    /// The details.
    pub detail: String,
}
