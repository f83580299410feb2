//! Closed segments: which there are, their bytes, and their end when nobody needs them any more.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use quantflow_seams::{ClosedSegment, LogError};
use quantflow_wire::{LogPosition, PartitionId};

use super::{EmbeddedLog, blocking};
use crate::recover::failed;
use crate::segment::{path_of, seal_path_of};

/// Bytes of a file from `at` on, as many as `most`; fewer at its end.
pub(super) fn part_of(path: &Path, at: u64, most: usize) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(at))?;
    let mut part = Vec::with_capacity(most);
    file.take(most as u64).read_to_end(&mut part)?;
    Ok(part)
}

impl EmbeddedLog {
    pub(super) fn list_closed(&self, id: &PartitionId) -> Vec<ClosedSegment> {
        let Some(partition) = self.known(id) else {
            return Vec::new();
        };
        let state = partition.state();
        state.closed.iter().map(|s| (**s).clone()).collect()
    }

    /// Reads a closed segment's file, by its path, where that may block.
    pub(super) async fn read_closed_file<T: Send + 'static>(
        &self,
        id: &PartitionId,
        segment: &ClosedSegment,
        read: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, LogError> {
        let partition = self.partition(id);
        let path = path_of(&partition.folder, &segment.name);
        let kept = {
            let state = partition.state();
            let start = state.start;
            let kept = state.closed.iter().any(|closed| **closed == *segment);
            if !kept && segment.range.from < start {
                return Err(LogError::Expired {
                    wanted: segment.range.from,
                    oldest: start,
                });
            }
            kept
        };
        if !kept {
            return Err(LogError::Failed {
                place: path.display().to_string(),
                detail: "there is no such closed segment".to_owned(),
            });
        }
        blocking(&partition.folder, move || {
            read(&path).map_err(|error| failed(&path, &error))
        })
        .await
    }

    pub(super) async fn remove_closed_before(
        &self,
        id: &PartitionId,
        position: LogPosition,
    ) -> Result<(), LogError> {
        let Some(partition) = self.known(id) else {
            return Ok(());
        };
        let removed: Vec<_> = {
            let mut state = partition.state();
            let gone = state
                .closed
                .partition_point(|segment| segment.range.to <= position);
            let removed: Vec<_> = state.closed.drain(..gone).collect();
            state.forget_indexes(&removed);
            if gone > 0 {
                let first = state.closed.first().map(|segment| segment.range.from);
                let open = state.open.as_ref().map(|open| open.first);
                let start = first.or(open).unwrap_or(state.end);
                state.forget_before(start);
            }
            removed
        };
        let storage = Arc::clone(&self.shared.storage);
        let folder = partition.folder.clone();
        blocking(&partition.folder, move || {
            // oldest first: a crash in between leaves no hole. The seal goes last, and is removed
            // by the next opening when it stays.
            for segment in removed {
                for path in [
                    path_of(&folder, &segment.name),
                    seal_path_of(&folder, &segment.name),
                ] {
                    storage
                        .remove(&path)
                        .map_err(|error| failed(&path, &error))?;
                }
            }
            Ok(())
        })
        .await
    }
}
