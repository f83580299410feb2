//! Reading the log: from memory near its end, else from the blocks of a segment on disk.

use std::sync::Arc;

use quantflow_seams::{ClosedSegment, LogError, LogSlice};
use quantflow_wire::{LogPosition, PartitionId};

use super::{EmbeddedLog, blocking};
use crate::disk::{index_of, read_blocks};
use crate::partition::{Located, Partition, Stop, offset_in};
use crate::segment::{Index, name_of, path_of};

/// A slice from disk is made of blocks of about so many raw bytes.
const READ_BYTES: usize = 1 << 20;

impl EmbeddedLog {
    /// Waits until there is something at a place, and gives it with what stands behind it.
    pub(super) async fn read_from(
        &self,
        id: &PartitionId,
        from: LogPosition,
    ) -> Result<LogSlice, LogError> {
        let partition = self.partition(id);
        loop {
            let appended = partition.appended.notified();
            let (located, stop) = {
                let mut state = partition.state();
                (state.locate(from, READ_BYTES)?, state.stop.clone())
            };
            let folder = partition.folder.clone();
            match located {
                Located::Memory(slice) => return Ok(slice),
                Located::Open { first, blocks } => {
                    let path = path_of(&folder, &name_of(first));
                    return blocking(&folder, move || read_blocks(&path, first, &blocks)).await;
                }
                Located::Closed { segment, index } => {
                    let partition = Arc::clone(&partition);
                    let slice = blocking(&folder, move || {
                        read_closed(&partition, &segment, index, from)
                    })
                    .await?;
                    if let Some(slice) = slice {
                        return Ok(slice);
                    }
                    // it was removed meanwhile: look again
                }
                Located::Nowhere => {
                    if stop == Some(Stop::Closed) {
                        return Err(LogError::Closed);
                    }
                    appended.await;
                }
            }
        }
    }
}

/// Reads from a closed segment. `None` when it is not there any more.
fn read_closed(
    partition: &Partition,
    segment: &ClosedSegment,
    index: Option<Arc<Index>>,
    from: LogPosition,
) -> Result<Option<LogSlice>, LogError> {
    let path = path_of(&partition.folder, &segment.name);
    let first = segment.range.from;
    let gone = || {
        let state = partition.state();
        state.start > first
    };
    let index = match index {
        Some(index) => index,
        None => match index_of(&path, first) {
            Ok(index) => {
                let index = Arc::new(index);
                let mut state = partition.state();
                state.cache(segment.name.clone(), Arc::clone(&index));
                index
            }
            Err(_) if gone() => return Ok(None),
            Err(error) => {
                return Err(LogError::Corrupt {
                    segment: segment.name.clone(),
                    at: 0,
                    detail: format!("it cannot be read: {error}"),
                });
            }
        },
    };
    let blocks = index
        .find(offset_in(from, first), READ_BYTES)
        .map_err(|(at, detail)| LogError::Corrupt {
            segment: segment.name.clone(),
            at,
            detail,
        })?;
    match read_blocks(&path, first, blocks) {
        Err(_) if gone() => Ok(None),
        result => result.map(Some),
    }
}
