//! Closed segments: which there are, their bytes, and their end when nobody needs them any more.

use std::sync::Arc;

use quantflow_seams::{ClosedSegment, LogError};
use quantflow_wire::{LogPosition, PartitionId};

use super::{EmbeddedLog, blocking};
use crate::recover::failed;
use crate::segment::{path_of, seal_path_of};

impl EmbeddedLog {
    pub(super) fn list_closed(&self, id: &PartitionId) -> Vec<ClosedSegment> {
        let Some(partition) = self.known(id) else {
            return Vec::new();
        };
        let state = partition.state();
        state.closed.iter().map(|s| (**s).clone()).collect()
    }

    pub(super) async fn read_closed_bytes(
        &self,
        id: &PartitionId,
        segment: &ClosedSegment,
    ) -> Result<Vec<u8>, LogError> {
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
            std::fs::read(&path).map_err(|error| failed(&path, &error))
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
            let removed = state.closed.drain(..gone).collect();
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
