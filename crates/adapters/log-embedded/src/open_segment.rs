//! [`OpenSegment`]: the segment that a partition is written on, and [`CleanEnd`], the note with which
//! writing on it ends in good order.

use std::io;
use std::path::Path;

use quantflow_model::Timestamp;
use quantflow_wire::{LogPosition, PartitionId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::format::{SEGMENT_HEADER, SegmentHeader};
use crate::segment::{name_of, path_of};
use crate::storage::{SegmentFile, Storage};

/// Where a partition that was closed in good order ends: its records can be continued, because
/// nobody saw one that is lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CleanEnd {
    pub(crate) end: LogPosition,
    pub(crate) segment: String,
    pub(crate) bytes: u64,
}

impl CleanEnd {
    pub(crate) const FILE: &'static str = "clean.json";
}

/// Times of the first and the last of some records.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
}

/// A segment that is written on.
#[derive(Debug)]
pub(crate) struct OpenSegment {
    pub(crate) file: Box<dyn SegmentFile>,
    pub(crate) first: LogPosition,
    pub(crate) span: Option<Span>,
    /// Everything before this is on disk for good and is hashed.
    pub(crate) settled: u64,
    pub(crate) hasher: Sha256,
}

impl OpenSegment {
    /// Makes a new segment; its header is durable on return.
    pub(crate) fn create(
        storage: &dyn Storage,
        partition: &PartitionId,
        folder: &Path,
        first: LogPosition,
    ) -> io::Result<Self> {
        let header = SegmentHeader {
            partition: partition.clone(),
            epoch: first.epoch,
            first_offset: first.offset,
        }
        .encode();
        let mut file = storage.create(&path_of(folder, &name_of(first)))?;
        file.write_at(&header, 0)?;
        file.sync()?;
        Ok(Self {
            file,
            first,
            span: None,
            settled: SEGMENT_HEADER as u64,
            hasher: Sha256::new_with_prefix(header),
        })
    }
}
