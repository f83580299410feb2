//! [`damaged_parts`]: which records of a damaged segment are lost, as near as its bytes still say.

use std::ops::Range;

use quantflow_model::Timestamp;
use quantflow_wire::{LogPosition, LogRange};

use crate::format::{HeaderProblem, SEGMENT_HEADER, SegmentHeader};
use crate::reader::{BlockWalk, SegmentError};

/// A part of a segment that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedPart {
    /// Where it lies in the file; empty where bytes are missing.
    pub bytes: Range<u64>,
    /// The records that are lost with it; empty when none is.
    pub records: LogRange,
    /// When they were received: not before, not after. `None` where nothing says it.
    pub received: (Option<Timestamp>, Option<Timestamp>),
    /// How it is damaged.
    pub detail: String,
}

/// What of a segment's bytes, which may be anything, cannot be read. `range` is what the segment
/// should hold.
///
/// A block whose header is whole says itself what it held; otherwise the blocks around it do. The
/// parts are ascending; none of them: every block is as it was written.
pub fn damaged_parts(bytes: &[u8], range: LogRange) -> Vec<DamagedPart> {
    let mut parts = Vec::new();
    let epoch = range.from.epoch;
    let records = |from, to| LogRange {
        from: LogPosition {
            epoch,
            offset: from,
        },
        to: LogPosition { epoch, offset: to },
    };
    if let Err(problem) = SegmentHeader::decode(bytes) {
        // the blocks behind it can be read by their own headers: no record is lost
        parts.push(DamagedPart {
            bytes: 0..bytes.len().min(SEGMENT_HEADER) as u64,
            records: records(range.from.offset, range.from.offset),
            received: (None, None),
            detail: match problem {
                HeaderProblem::Damaged(detail) => detail.to_owned(),
                HeaderProblem::Version(version) => format!("format version {version}"),
            },
        });
    }
    // what stands before the place that is looked at
    let mut next = range.from.offset;
    let mut received = None;
    let mut open: Option<(u64, String)> = None;
    for block in BlockWalk::new(bytes, range.from.offset) {
        let block = match block {
            Ok(block) => block,
            Err(SegmentError::Block { at, detail }) => {
                open.get_or_insert((at, detail));
                continue;
            }
            // a walk speaks of blocks only
            Err(SegmentError::Header(_) | SegmentError::Version(_)) => continue,
        };
        let header = &block.header;
        if let Some((at, detail)) = open.take() {
            parts.push(DamagedPart {
                bytes: at..block.at,
                records: records(next, header.first.max(next)),
                received: (received, Some(header.first_received)),
                detail,
            });
        }
        if let Err(SegmentError::Block { at, detail }) = block.check() {
            parts.push(DamagedPart {
                bytes: at..at + header.length() as u64,
                records: records(header.first, header.end()),
                received: (Some(header.first_received), Some(header.last_received)),
                detail,
            });
        }
        next = header.end();
        received = Some(header.last_received);
    }
    let end = bytes.len() as u64;
    let missing = next < range.to.offset;
    let open = open.or_else(|| missing.then(|| (end, "the segment ends too early".to_owned())));
    if let Some((at, detail)) = open {
        parts.push(DamagedPart {
            bytes: at..end,
            records: records(next, range.to.offset.max(next)),
            received: (received, None),
            detail,
        });
    }
    parts
}
