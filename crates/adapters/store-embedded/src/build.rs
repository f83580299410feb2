//! Makes segments out of parts: of the tail when it is flushed, of smaller segments when they are
//! merged, of one segment when its oldest rows go.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use quantflow_model::{Symbol, TimeRange, Timestamp};
use quantflow_seams::StoreError;

use crate::options::StoreOptions;
use crate::rows::{Kind, Rows};
use crate::scan::{Files, Part, Scan};
use crate::segment::{Group, Run, Segment, Source, join_sources};
use crate::segment_write::SegmentWriter;
use crate::shape::{Shape, width};
use crate::tail::GroupTail;

/// Symbols whose numbers need other columns than most get a file of their own from so many rows.
const OWN_FILE_ROWS: u64 = 32_768;

/// A segment whose file is written and that the catalogue does not name yet. Dropped, it takes its
/// file with it.
#[derive(Debug)]
pub(crate) struct NewSegment {
    pub(crate) segment: Arc<Segment>,
    pub(crate) sums: Vec<u32>,
}

/// What of one symbol goes into a segment.
#[derive(Debug, Clone)]
pub(crate) struct Input<R> {
    pub(crate) symbol: Symbol,
    pub(crate) parts: Vec<Part<R>>,
    pub(crate) shape: Shape,
    pub(crate) rows: u64,
    pub(crate) sources: Vec<Source>,
}

/// What building takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Builder<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) options: &'a StoreOptions,
    pub(crate) files: Files<'a>,
    pub(crate) next_segment: &'a AtomicU64,
}

impl<R: Rows> Input<R> {
    /// Everything of a group in the tail.
    pub(crate) fn of_tail(tail: &GroupTail<R>) -> Vec<Self> {
        let mut inputs = Vec::with_capacity(tail.series.len());
        for (symbol, series) in &tail.series {
            let parts = series.chunks.iter().filter_map(|chunk| {
                let part = Part::in_memory(&chunk.rows, chunk.order)?;
                Some((part, Shape::of(&*chunk.rows), chunk.rows.len() as u64))
            });
            inputs.extend(Self::join(symbol, parts.collect(), &series.sources));
        }
        inputs
    }

    /// Runs of segments.
    pub(crate) fn of_segments(segments: &[Arc<Segment>]) -> Vec<Self> {
        type Parts<R> = (Vec<(Part<R>, Shape, u64)>, Vec<Source>);
        let mut by_symbol: BTreeMap<&Symbol, Parts<R>> = BTreeMap::new();
        for segment in segments {
            for (at, run) in segment.runs.iter().enumerate() {
                let (parts, sources) = by_symbol.entry(&run.symbol).or_default();
                let part = Part::in_file(segment, at);
                parts.push((part, (*run.shape).clone(), run.rows));
                sources.extend_from_slice(&run.sources);
            }
        }
        by_symbol
            .into_iter()
            .flat_map(|(symbol, (parts, sources))| Self::join(symbol, parts, &sources))
            .collect()
    }

    /// One input, unless the numbers of the parts together need more than 38 digits: then several.
    fn join(symbol: &Symbol, parts: Vec<(Part<R>, Shape, u64)>, sources: &[Source]) -> Vec<Self> {
        let mut inputs: Vec<Self> = Vec::new();
        for (part, shape, rows) in parts {
            match inputs.iter_mut().find(|i| i.shape.with(&shape).fits()) {
                Some(input) => {
                    input.shape = input.shape.with(&shape);
                    input.parts.push(part);
                    input.rows += rows;
                }
                None => inputs.push(Self {
                    symbol: symbol.clone(),
                    parts: vec![part],
                    shape,
                    rows,
                    sources: sources.to_vec(),
                }),
            }
        }
        inputs
    }
}

/// What the columns of a file of its own are; `None`: of the file that remainders share.
type Class = Option<Vec<(u8, u8)>>;

/// The inputs of one file, and what they need together.
type Plan<R> = (Shape, Vec<Input<R>>);

/// Puts together what costs nothing to have in one file; small remainders share files too.
fn plan<R: Rows>(inputs: Vec<Input<R>>) -> Vec<Plan<R>> {
    let mut classes: BTreeMap<Vec<(u8, u8)>, u64> = BTreeMap::new();
    for input in &inputs {
        *classes.entry(input.shape.class::<R>()).or_default() += input.rows;
    }
    let mut plans: Vec<(Class, Plan<R>)> = Vec::new();
    for input in inputs {
        let class = input.shape.class::<R>();
        let own = classes
            .get(&class)
            .is_some_and(|rows| *rows >= OWN_FILE_ROWS);
        let key = own.then_some(class);
        let fitting = plans.iter_mut().find(|(of, (shape, members))| {
            *of == key
                && members
                    .last()
                    .is_none_or(|last| last.symbol != input.symbol)
                && shares::<R>(shape, &input.shape)
        });
        match fitting {
            Some((_, (shape, members))) => {
                *shape = shape.with(&input.shape);
                members.push(input);
            }
            None => plans.push((key, (input.shape.clone(), vec![input]))),
        }
    }
    plans.into_iter().map(|(_, plan)| plan).collect()
}

/// How many files merging would make: numbers that do not fit together stay apart.
pub(crate) fn planned<R: Rows>(segments: &[Arc<Segment>]) -> usize {
    plan(Input::<R>::of_segments(segments)).len()
}

/// Whether two shapes can share a file without making a narrow column wide.
fn shares<R: Rows>(a: &Shape, b: &Shape) -> bool {
    let both = a.with(b);
    both.fits()
        && both.0.iter().enumerate().all(|(at, column)| {
            let wide = |shape: &Shape| width(shape.0[at].digits()) == 2 && shape.0[at].any;
            R::COLUMNS[at].kind == Kind::Time
                || width(column.digits()) < 2
                || (wide(a) || !a.0[at].any) && (wide(b) || !b.0[at].any)
        })
}

impl Builder<'_> {
    /// Writes the inputs' rows from a time on to as few files as their numbers allow.
    pub(crate) fn build<R: Rows>(
        &self,
        group: &Group,
        mut inputs: Vec<Input<R>>,
        from: Timestamp,
    ) -> Result<Vec<NewSegment>, StoreError> {
        inputs.sort_by(|a, b| a.symbol.cmp(&b.symbol));
        let mut built = Vec::new();
        for (shape, members) in plan(inputs) {
            built.extend(self.write(group, &shape, members, from)?);
        }
        Ok(built)
    }

    fn write<R: Rows>(
        &self,
        group: &Group,
        shape: &Shape,
        inputs: Vec<Input<R>>,
        from: Timestamp,
    ) -> Result<Option<NewSegment>, StoreError> {
        let id = self.next_segment.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}/{id:010}.parquet", group.folder());
        let path = self.folder.join(&name);
        let mut writer: Option<SegmentWriter> = None;
        let mut pieces: Vec<(Symbol, R)> = Vec::new();
        let mut buffered = 0;
        let mut runs: Vec<Run> = Vec::new();
        let mut start = 0_u64;
        let range = TimeRange::new(from, Timestamp::MAX);
        for input in inputs {
            let order = (
                input.parts.iter().map(|p| p.order.0).min().unwrap_or(0),
                input.parts.iter().map(|p| p.order.1).max().unwrap_or(0),
            );
            let mut run: Option<Run> = None;
            let mut scan = Scan::new(input.parts, range, false, None);
            while let Some(rows) = scan.next(self.files)? {
                let found = Shape::of(&rows);
                let times = rows.times();
                let (min, max) = (times[0], times[times.len() - 1]);
                let unique = times.windows(2).all(|pair| pair[0] < pair[1]);
                match &mut run {
                    None => {
                        run = Some(Run {
                            symbol: input.symbol.clone(),
                            start,
                            rows: rows.len() as u64,
                            min,
                            max,
                            order,
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
                buffered += rows.len();
                start += rows.len() as u64;
                pieces.push((input.symbol.clone(), rows));
                if buffered >= self.options.group_rows {
                    self.flush(&mut writer, &path, shape, &mut pieces)?;
                    buffered = 0;
                }
            }
            if let Some(mut run) = run {
                run.sources = input.sources;
                run.sources.retain(|source| source.max >= run.min);
                join_sources(&mut run.sources);
                runs.push(run);
            }
        }
        if !pieces.is_empty() {
            self.flush(&mut writer, &path, shape, &mut pieces)?;
        }
        let Some(writer) = writer else {
            return Ok(None);
        };
        // from here on the file has its name: who drops the segment removes it
        let mut segment = Segment {
            id,
            group: group.clone(),
            name,
            path,
            rows: 0,
            bytes: 0,
            runs,
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

    fn flush<R: Rows>(
        &self,
        writer: &mut Option<SegmentWriter>,
        path: &Path,
        shape: &Shape,
        pieces: &mut Vec<(Symbol, R)>,
    ) -> Result<(), StoreError> {
        let writer = match writer {
            Some(writer) => writer,
            None => writer.insert(SegmentWriter::create::<R>(
                path,
                shape,
                &self.options.faults,
            )?),
        };
        writer.write_group(pieces)?;
        pieces.clear();
        Ok(())
    }
}
