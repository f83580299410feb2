//! [`Part`]: rows of a series in one place, in memory or in a file, and reading some of them.

use std::ops::Range;
use std::sync::Arc;

use quantflow_seams::StoreError;

use crate::read_ahead::ReadAhead;
use crate::rows::Rows;
use crate::segment::Segment;
use crate::segment_cache::Files;

/// Where a part's rows are.
#[derive(Debug, Clone)]
pub(crate) enum Place<R> {
    Memory(Arc<R>),
    /// A run of a segment, by number.
    File(Arc<Segment>, usize),
}

/// Rows of a series in order, somewhere.
#[derive(Debug, Clone)]
pub(crate) struct Part<R> {
    pub(crate) place: Place<R>,
    /// Commits that the rows are from.
    pub(crate) order: (u64, u64),
    /// The first and last time, both inside.
    pub(crate) min: i64,
    pub(crate) max: i64,
}

/// How parts are read: one by one, or ahead of what is asked for.
#[derive(Debug)]
pub(crate) struct Reader<'a, R> {
    pub(crate) files: Files<'a>,
    pub(crate) ahead: Option<&'a mut ReadAhead<R>>,
}

impl<R: Rows> Part<R> {
    pub(crate) fn in_memory(rows: &Arc<R>, order: (u64, u64)) -> Option<Self> {
        Some(Self {
            min: *rows.times().first()?,
            max: *rows.times().last()?,
            place: Place::Memory(Arc::clone(rows)),
            order,
        })
    }

    pub(crate) fn in_file(segment: &Arc<Segment>, run: usize) -> Self {
        let found = &segment.runs[run];
        Self {
            min: found.min,
            max: found.max,
            order: found.order,
            place: Place::File(Arc::clone(segment), run),
        }
    }

    /// The segment that it lies in.
    pub(crate) fn segment(&self) -> Option<u64> {
        match &self.place {
            Place::Memory(_) => None,
            Place::File(segment, _) => Some(segment.id),
        }
    }

    fn rows(&self) -> u64 {
        match &self.place {
            Place::Memory(rows) => rows.len() as u64,
            Place::File(segment, run) => segment.runs[*run].rows,
        }
    }

    /// Whether no time stands twice in it; unknown counts as no.
    pub(crate) fn is_unique(&self) -> bool {
        match &self.place {
            Place::Memory(_) => false,
            Place::File(segment, run) => segment.runs[*run].unique,
        }
    }

    /// The first row whose time is not before `time`.
    pub(crate) fn lower_bound(&self, time: i64, files: Files<'_>) -> Result<u64, StoreError> {
        if time <= self.min {
            return Ok(0);
        }
        if time > self.max {
            return Ok(self.rows());
        }
        match &self.place {
            Place::Memory(rows) => Ok(rows.times().partition_point(|t| *t < time) as u64),
            Place::File(segment, run) => files
                .cache
                .get::<R>(segment, files.catalogue)?
                .lower_bound::<R>(&segment.runs[*run], time),
        }
    }

    pub(crate) fn load(
        &self,
        rows: Range<u64>,
        reader: &mut Reader<'_, R>,
    ) -> Result<R, StoreError> {
        let files = reader.files;
        match (&self.place, &mut reader.ahead) {
            (Place::Memory(all), _) => Ok(all.slice(rows.start as usize..rows.end as usize)),
            (Place::File(segment, run), Some(ahead)) => {
                ahead.read(segment, &segment.runs[*run], rows, files)
            }
            (Place::File(segment, run), None) => files
                .cache
                .get::<R>(segment, files.catalogue)?
                .read(&segment.runs[*run], rows),
        }
    }
}
