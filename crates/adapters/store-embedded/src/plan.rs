//! Which rows go into which file: what costs nothing to have in one file shares it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use quantflow_model::Symbol;

use crate::part::Part;
use crate::rows::{Kind, Rows};
use crate::segment::{Segment, Source};
use crate::shape::{Shape, width};
use crate::tail::GroupTail;

/// A group with fewer rows than this stays in the tail while others of its partition go to files,
/// unless it has been there for long.
pub(crate) const WORTH_A_FILE: usize = 1024;

/// Symbols whose numbers need other columns than most get a file of their own from so many rows.
const OWN_FILE_ROWS: u64 = 32_768;

/// What of one symbol goes into a segment.
#[derive(Debug, Clone)]
pub(crate) struct Input<R> {
    pub(crate) symbol: Symbol,
    pub(crate) parts: Vec<Part<R>>,
    pub(crate) shape: Shape,
    pub(crate) rows: u64,
    pub(crate) sources: Vec<Source>,
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
pub(crate) type Plan<R> = (Shape, Vec<Input<R>>);

/// Puts together what costs nothing to have in one file; small remainders share files too.
pub(crate) fn plan<R: Rows>(inputs: Vec<Input<R>>) -> Vec<Plan<R>> {
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

/// How many segments inputs lie in.
pub(crate) fn files_of<R: Rows>(inputs: &[Input<R>]) -> usize {
    let files: HashSet<u64> = inputs
        .iter()
        .flat_map(|input| &input.parts)
        .filter_map(Part::segment)
        .collect();
    files.len()
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
