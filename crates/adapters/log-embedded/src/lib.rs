//! The raw log on a local disk: checksummed, compressed segments with a group fsync.
//!
//! [`EmbeddedLog`] is the [`EventLog`](quantflow_seams::EventLog) that needs nothing installed
//! beside it. A partition is a folder of segments, a segment is a header and blocks of records:
//!
//! ```text
//! log/LOCK                                        held by the process that writes
//! log/<partition>/<epoch>-<first offset>.qlog     a segment
//! log/<partition>/<epoch>-<first offset>.seal     what it holds and its SHA-256, once it is closed
//! log/<partition>/clean.json                      where it ended, when it was closed in good order
//! ```
//!
//! **Appending** hands records to memory and to the one writer thread, and returns. They can be read
//! at once. The writer packs them into blocks of 256 KiB (differences, then zstd), writes them, and makes them durable
//! as [`FsyncPolicy`] says: by default at most 20 ms after they came.
//!
//! **Opening** repairs what a crash left and tells it as [`Repair`]s. The torn end of the last
//! segment is cut; a damaged part that was once durable is never cut, reading it is an error that
//! names segment and byte, and reading behind it works. A log that was not closed in good order goes
//! on in a new epoch: somebody may have seen records that are lost, and a place is never used twice.
//! The offset goes on where the last record stands.
//!
//! **A full or failing disk** refuses new records ([`LogError::Full`](quantflow_seams::LogError)).
//! Those that were accepted before stay in memory and readable, and are written as soon as there is
//! room; nobody has to do anything.
//!
//! [`read_segment`] reads a segment's bytes wherever they are: in the lake, a test, a fuzzer;
//! [`damaged_parts`] says which records of a damaged one are lost.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod damage;
mod delta;
mod disk;
mod format;
mod lock;
mod log;
mod open_segment;
mod options;
mod partition;
mod reader;
mod recent;
mod recover;
mod repair;
mod segment;
mod segment_writer;
mod storage;
mod writer;

pub use damage::{DamagedPart, damaged_parts};
pub use format::SegmentHeader;
pub use log::EmbeddedLog;
pub use options::{FsyncPolicy, LogOptions};
pub use reader::{SegmentError, SegmentReader, read_segment};
pub use repair::Repair;
pub use storage::{LocalDisk, SegmentFile, Storage};
