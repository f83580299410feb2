//! [`Repair`]: what was found and done when the log was opened.

use std::fmt;

use quantflow_wire::{LogRange, PartitionId};

/// What was found wrong, and what was done about it, when the log was opened. To be shown to the
/// operator: each has a sentence (`Display`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// The end of a segment was torn by a crash: nothing of it was ever promised to be durable. It
    /// was cut off.
    TailCut {
        /// Which partition.
        partition: PartitionId,
        /// Which segment.
        segment: String,
        /// The byte from which on it was cut.
        at: u64,
        /// How many bytes were cut.
        bytes: u64,
        /// What was wrong there.
        detail: String,
    },
    /// A segment without a whole record was removed.
    SegmentDropped {
        /// Which partition.
        partition: PartitionId,
        /// Which segment.
        segment: String,
        /// How many bytes it had.
        bytes: u64,
        /// What was wrong with it.
        detail: String,
    },
    /// The header of a segment was damaged and was written again from the file's name.
    HeaderRewritten {
        /// Which partition.
        partition: PartitionId,
        /// Which segment.
        segment: String,
        /// What was wrong with it.
        detail: String,
    },
    /// A part that was durable is damaged. Nothing was changed: reading there fails, reading before
    /// and behind works.
    Damaged {
        /// Which partition.
        partition: PartitionId,
        /// Which segment.
        segment: String,
        /// The first damaged byte.
        at: u64,
        /// What is wrong there.
        detail: String,
    },
    /// Records are gone, with the file that held them. Reading there fails.
    RecordsMissing {
        /// Which partition.
        partition: PartitionId,
        /// Which records.
        range: LogRange,
    },
}

impl Repair {
    /// The partition that it is about.
    pub const fn partition(&self) -> &PartitionId {
        match self {
            Self::TailCut { partition, .. }
            | Self::SegmentDropped { partition, .. }
            | Self::HeaderRewritten { partition, .. }
            | Self::Damaged { partition, .. }
            | Self::RecordsMissing { partition, .. } => partition,
        }
    }
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TailCut {
                partition,
                segment,
                at,
                bytes,
                detail,
            } => write!(
                f,
                "{partition}/{segment}: {bytes} bytes of a torn end were cut off at byte {at} ({detail})"
            ),
            Self::SegmentDropped {
                partition,
                segment,
                bytes,
                detail,
            } => write!(
                f,
                "{partition}/{segment}: removed, its {bytes} bytes hold no record ({detail})"
            ),
            Self::HeaderRewritten {
                partition,
                segment,
                detail,
            } => write!(f, "{partition}/{segment}: header written again ({detail})"),
            Self::Damaged {
                partition,
                segment,
                at,
                detail,
            } => write!(
                f,
                "{partition}/{segment}: damaged at byte {at}, left as it is ({detail})"
            ),
            Self::RecordsMissing { partition, range } => write!(
                f,
                "{partition}: the records {} to {} are missing",
                range.from, range.to
            ),
        }
    }
}
