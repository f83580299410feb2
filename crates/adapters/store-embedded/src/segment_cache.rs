//! [`SegmentCache`]: open files, with what is known of each in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use quantflow_seams::StoreError;

use crate::catalogue::Catalogue;
use crate::rows::Rows;
use crate::segment::Segment;
use crate::segment_read::OpenSegment;

/// Open files, the least recently used closed when their footers take too much memory.
#[derive(Debug)]
pub(crate) struct SegmentCache {
    capacity: usize,
    state: Mutex<CacheState>,
}

#[derive(Debug, Default)]
struct CacheState {
    open: HashMap<u64, (Arc<OpenSegment>, u64, usize)>,
    bytes: usize,
    clock: u64,
}

/// What reading files takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Files<'a> {
    pub(crate) cache: &'a SegmentCache,
    pub(crate) catalogue: &'a Catalogue,
}

impl SegmentCache {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            state: Mutex::default(),
        }
    }

    /// The open file of a segment; opens it when it is not.
    pub(crate) fn get<R: Rows>(
        &self,
        segment: &Segment,
        catalogue: &Catalogue,
    ) -> Result<Arc<OpenSegment>, StoreError> {
        {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.clock += 1;
            let now = state.clock;
            if let Some((open, used, _)) = state.open.get_mut(&segment.id) {
                *used = now;
                return Ok(Arc::clone(open));
            }
        }
        let sums = match segment.keepsake.get() {
            Some(sums) => Arc::clone(sums),
            None => match catalogue.sums(segment.id, &segment.name) {
                Ok(sums) => sums.into(),
                // taken out of the catalogue between the two looks
                Err(fault) => segment.keepsake.get().map(Arc::clone).ok_or(fault)?,
            },
        };
        let open = Arc::new(OpenSegment::open::<R>(segment, sums)?);
        let bytes = open.memory_size() + segment.bytes as usize / 1024;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = state.clock;
        if let Some((_, _, old)) = state
            .open
            .insert(segment.id, (Arc::clone(&open), now, bytes))
        {
            state.bytes -= old;
        }
        state.bytes += bytes;
        while state.bytes > self.capacity && state.open.len() > 1 {
            let oldest = state
                .open
                .iter()
                .filter(|(id, _)| **id != segment.id)
                .min_by_key(|(_, (_, used, _))| *used)
                .map(|(id, _)| *id);
            let Some((_, _, freed)) = oldest.and_then(|id| state.open.remove(&id)) else {
                break;
            };
            state.bytes -= freed;
        }
        Ok(open)
    }

    pub(crate) fn forget(&self, segment: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, _, freed)) = state.open.remove(&segment) {
            state.bytes -= freed;
        }
    }
}
