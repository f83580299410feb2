//! Computing a store anew from the raw log.

use std::sync::Arc;

use quantflow_seams::{
    ArchiveError, ArchivedSegment, Clock, EventLog, LogError, LogSlice, RawArchive, SeriesStore,
};
use quantflow_wire::{LogPosition, RecordChunk};

use crate::open::PartitionSetup;
use crate::parts::{PartitionError, PartitionParts};
use crate::stream::Hub;

/// How the bytes of a log segment are read: the engine that wrote them says so.
pub type ReadSegment = fn(&[u8]) -> Result<Vec<(LogPosition, RecordChunk)>, LogError>;

/// Where the raw log lies: its older part in the lake, its newer in the log.
#[derive(Debug, Clone)]
pub struct RawSource {
    /// The newer part.
    pub log: Arc<dyn EventLog>,
    /// The older part.
    pub archive: Arc<dyn RawArchive>,
    /// How segments are read.
    pub read_segment: ReadSegment,
}

/// Why a rebuild failed.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The beginning of the log is not kept any more.
    #[error(
        "raw expired: the log of {partition} is kept from {oldest} on, and its beginning is needed to rebuild"
    )]
    Expired {
        /// Which partition.
        partition: String,
        /// The oldest that is kept.
        oldest: LogPosition,
    },
    /// A part of the log is missing between two that are there.
    #[error("the log of {partition} has a gap: {from} to {to} is in neither the lake nor the log")]
    Gap {
        /// Which partition.
        partition: String,
        /// From here.
        from: LogPosition,
        /// To here.
        to: LogPosition,
    },
    /// The lake failed, or a segment of it is damaged.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The pipeline's writer failed.
    #[error(transparent)]
    Partition(#[from] PartitionError),
}

/// Applies the whole log of a partition up to `end` to a store that has nothing of it. `progress`
/// is told how far it is. Effects are dropped: what was answered then is in the log.
///
/// # Errors
/// When a part of the log is not kept any more, missing or damaged.
pub async fn rebuild(
    setup: PartitionSetup,
    source: &RawSource,
    store: Arc<dyn SeriesStore>,
    clock: Arc<dyn Clock>,
    end: LogPosition,
    mut progress: impl FnMut(LogPosition) + Send,
) -> Result<(), RebuildError> {
    let id = setup.partition.clone();
    let name = id.to_string();
    let parts = PartitionParts {
        log: Arc::clone(&source.log),
        store,
        clock,
        hub: Hub::default(),
        effects: None,
    };
    let segments = source.archive.list(Some(&id)).await?;
    let mut partition = setup.open(parts).await?;
    let mut position = LogPosition::START;
    for segment in segments {
        if segment.range.to <= position || segment.range.from >= end {
            continue;
        }
        check_joins(&name, position, segment.range.from)?;
        for (first, chunk) in segment_chunks(source, &segment).await? {
            let slice = LogSlice {
                first,
                chunk: Arc::new(chunk),
            };
            position = partition.feed(&slice, position, end).await?;
        }
        progress(position);
    }
    if position < end {
        check_joins(&name, position, source.log.start(&id))?;
        partition
            .catch_up(position.max(source.log.start(&id)), end, progress)
            .await?;
    } else {
        partition.finish().await?;
    }
    Ok(())
}

async fn segment_chunks(
    source: &RawSource,
    segment: &ArchivedSegment,
) -> Result<Vec<(LogPosition, RecordChunk)>, RebuildError> {
    let bytes = source.archive.get(segment).await?;
    Ok((source.read_segment)(&bytes)?)
}

/// Whether what begins at `next` continues at `position`. A new epoch goes on at the same offset.
fn check_joins(
    partition: &str,
    position: LogPosition,
    next: LogPosition,
) -> Result<(), RebuildError> {
    if next.offset <= position.offset {
        return Ok(());
    }
    if position == LogPosition::START {
        return Err(RebuildError::Expired {
            partition: partition.to_owned(),
            oldest: next,
        });
    }
    Err(RebuildError::Gap {
        partition: partition.to_owned(),
        from: position,
        to: next,
    })
}
