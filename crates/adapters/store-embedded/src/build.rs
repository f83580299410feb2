//! Makes segments out of parts: of the tail when it is flushed, of smaller segments when they are
//! merged, of one segment when its oldest rows go. Large ones are made a step at a time.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use quantflow_model::{Symbol, TimeRange, Timestamp};
use quantflow_seams::StoreError;

use crate::options::StoreOptions;
use crate::plan::{Input, Plan, files_of, plan};
use crate::read_ahead::ReadAhead;
use crate::rows::Rows;
use crate::scan::Scan;
use crate::segment::{Group, Run, Segment, Source, join_sources};
use crate::segment_cache::Files;
use crate::segment_write::SegmentWriter;
use crate::shape::Shape;

/// A segment whose file is written and that the catalogue does not name yet. Dropped, it takes its
/// file with it.
#[derive(Debug)]
pub(crate) struct NewSegment {
    pub(crate) segment: Arc<Segment>,
    pub(crate) sums: Vec<u32>,
}

/// What building takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Builder<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) options: &'a StoreOptions,
    pub(crate) files: Files<'a>,
    pub(crate) next_segment: &'a AtomicU64,
}

/// Segments that are being made. Dropped before it is done, it takes its files with it.
#[derive(Debug)]
pub(crate) struct Building<R> {
    group: Group,
    /// Rows before it are left out.
    from: Timestamp,
    /// Files to be begun.
    plans: VecDeque<Plan<R>>,
    current: Option<Filling<R>>,
    built: Vec<NewSegment>,
}

/// A file that is being filled.
#[derive(Debug)]
struct Filling<R> {
    id: u64,
    name: String,
    path: PathBuf,
    shape: Shape,
    inputs: VecDeque<Input<R>>,
    /// The input that is being read.
    reading: Option<Reading<R>>,
    ahead: ReadAhead<R>,
    writer: Option<SegmentWriter>,
    /// Rows that are not written yet: less than a row group.
    pieces: Vec<(Symbol, R)>,
    buffered: usize,
    runs: Vec<Run>,
    /// Rows of the file so far.
    rows: u64,
}

/// One symbol's rows on their way into a file.
#[derive(Debug)]
struct Reading<R> {
    symbol: Symbol,
    sources: Vec<Source>,
    order: (u64, u64),
    scan: Scan<R>,
    run: Option<Run>,
}

impl Builder<'_> {
    /// Writes the inputs' rows from a time on to as few files as their numbers allow.
    pub(crate) fn build<R: Rows>(
        &self,
        group: &Group,
        inputs: Vec<Input<R>>,
        from: Timestamp,
    ) -> Result<Vec<NewSegment>, StoreError> {
        let mut building = Building::begin(group, inputs, from);
        while !building.work(self, Duration::MAX)? {}
        Ok(building.built)
    }

    fn fill<R: Rows>(&self, group: &Group, (shape, inputs): Plan<R>) -> Filling<R> {
        let id = self.next_segment.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}/{id:010}.parquet", group.folder());
        Filling {
            id,
            path: self.folder.join(&name),
            name,
            shape,
            ahead: ReadAhead::of(files_of(&inputs)),
            inputs: inputs.into(),
            reading: None,
            writer: None,
            pieces: Vec::new(),
            buffered: 0,
            runs: Vec::new(),
            rows: 0,
        }
    }
}

impl<R: Rows> Building<R> {
    /// Begins to write the inputs' rows from a time on.
    pub(crate) fn begin(group: &Group, mut inputs: Vec<Input<R>>, from: Timestamp) -> Self {
        inputs.sort_by(|a, b| a.symbol.cmp(&b.symbol));
        Self {
            group: group.clone(),
            from,
            plans: plan(inputs).into(),
            current: None,
            built: Vec::new(),
        }
    }

    /// Goes on for about so long; a row group is written in one go. Says whether all is done. After
    /// an error nothing of it is of use.
    pub(crate) fn work(
        &mut self,
        builder: &Builder<'_>,
        time: Duration,
    ) -> Result<bool, StoreError> {
        let began = Instant::now();
        loop {
            let current = match &mut self.current {
                Some(current) => current,
                None => match self.plans.pop_front() {
                    Some(next) => self.current.insert(builder.fill(&self.group, next)),
                    None => return Ok(true),
                },
            };
            while current.advance(builder, self.from)? {
                if began.elapsed() >= time {
                    return Ok(false);
                }
            }
            if let Some(filled) = self.current.take() {
                self.built.extend(filled.finish(builder, &self.group)?);
            }
        }
    }

    /// What was made.
    pub(crate) fn into_built(self) -> Vec<NewSegment> {
        self.built
    }
}

impl<R: Rows> Reading<R> {
    fn of(input: Input<R>, from: Timestamp) -> Self {
        let order = (
            input.parts.iter().map(|p| p.order.0).min().unwrap_or(0),
            input.parts.iter().map(|p| p.order.1).max().unwrap_or(0),
        );
        let range = TimeRange::new(from, Timestamp::MAX);
        Self {
            symbol: input.symbol,
            sources: input.sources,
            order,
            scan: Scan::new(input.parts, range, false, None),
            run: None,
        }
    }

    /// Counts rows to the run; `start` is the first's place in the file.
    fn count(&mut self, rows: &R, start: u64) {
        let found = Shape::of(rows);
        let times = rows.times();
        let (min, max) = (times[0], times[times.len() - 1]);
        let unique = times.windows(2).all(|pair| pair[0] < pair[1]);
        match &mut self.run {
            None => {
                self.run = Some(Run {
                    symbol: self.symbol.clone(),
                    start,
                    rows: rows.len() as u64,
                    min,
                    max,
                    order: self.order,
                    unique,
                    shape: Arc::new(found),
                    sources: Vec::new(),
                });
            }
            Some(run) => {
                run.unique &= unique && run.max < min;
                run.rows += rows.len() as u64;
                run.max = max;
                run.shape = Arc::new(run.shape.with(&found));
            }
        }
    }

    fn into_run(self) -> Option<Run> {
        let mut run = self.run?;
        run.sources = self.sources;
        run.sources.retain(|source| source.max >= run.min);
        join_sources(&mut run.sources);
        Some(run)
    }
}

impl<R: Rows> Filling<R> {
    /// Takes up the next rows; `false` when there are none.
    fn advance(&mut self, builder: &Builder<'_>, from: Timestamp) -> Result<bool, StoreError> {
        let reading = match &mut self.reading {
            Some(reading) => reading,
            None => match self.inputs.pop_front() {
                Some(input) => self.reading.insert(Reading::of(input, from)),
                None => return Ok(false),
            },
        };
        let Some(rows) = reading.scan.next_ahead(builder.files, &mut self.ahead)? else {
            self.runs
                .extend(self.reading.take().and_then(Reading::into_run));
            return Ok(true);
        };
        reading.count(&rows, self.rows);
        self.buffered += rows.len();
        self.rows += rows.len() as u64;
        self.pieces.push((reading.symbol.clone(), rows));
        if self.buffered >= builder.options.group_rows {
            self.flush(builder)?;
        }
        Ok(true)
    }

    /// Writes a row group.
    fn flush(&mut self, builder: &Builder<'_>) -> Result<(), StoreError> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => self.writer.insert(SegmentWriter::create::<R>(
                &self.path,
                &self.shape,
                &builder.options.faults,
            )?),
        };
        writer.write_group(&self.pieces)?;
        self.pieces.clear();
        self.buffered = 0;
        Ok(())
    }

    fn finish(
        mut self,
        builder: &Builder<'_>,
        group: &Group,
    ) -> Result<Option<NewSegment>, StoreError> {
        if !self.pieces.is_empty() {
            self.flush(builder)?;
        }
        let Some(writer) = self.writer else {
            return Ok(None);
        };
        // from here on the file has its name: who drops the segment removes it
        let mut segment = Segment {
            id: self.id,
            group: group.clone(),
            name: self.name,
            path: self.path,
            rows: 0,
            bytes: 0,
            runs: self.runs,
            gone: AtomicBool::new(true),
            keepsake: OnceLock::new(),
        };
        let written = writer.finish()?;
        segment.rows = written.rows;
        segment.bytes = written.bytes;
        Ok(Some(NewSegment {
            segment: Arc::new(segment),
            sums: written.sums,
        }))
    }
}
