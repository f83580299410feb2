//! [`Rows`]: what trades and candles have in common, so that packing, segments, merging and
//! scanning are written once.

use std::cmp::Ordering;
use std::fmt::Debug;
use std::ops::Range;

use quantflow_model::{DecimalColumn, Integers};

/// What a column holds; decides its type in Parquet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An instant; nanoseconds in memory, the coarsest exact unit on disk.
    Time,
    /// A decimal.
    Number,
    /// A venue's id: 64 bits where it fits.
    Id,
    /// A small whole number or code.
    Int,
    /// A side code: 1 true, 2 false, anything else null.
    TakerBuy,
}

/// Which values of a column stand for "no value".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Absent {
    /// None does.
    Never,
    /// All below zero.
    Negative,
    /// Exactly -1 (of a time).
    MinusOne,
    /// All but 1 and 2 (of a side).
    NoSide,
}

impl Absent {
    #[inline]
    pub(crate) fn is(self, value: i128) -> bool {
        match self {
            Self::Never => false,
            Self::Negative => value < 0,
            Self::MinusOne => value == -1,
            Self::NoSide => !matches!(value, 1 | 2),
        }
    }

    /// What stands in memory where there is no value.
    pub(crate) const fn marker(self) -> i64 {
        match self {
            Self::Never | Self::NoSide => 0,
            Self::Negative | Self::MinusOne => -1,
        }
    }
}

/// A column of a kind of rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ColumnDef {
    /// Its name in Parquet.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) absent: Absent,
    /// A file is written without the column when all its rows have this value.
    pub(crate) default: Option<i64>,
}

impl ColumnDef {
    pub(crate) const fn new(name: &'static str, kind: Kind, absent: Absent) -> Self {
        Self {
            name,
            kind,
            absent,
            default: None,
        }
    }

    pub(crate) const fn default_of(self, value: i64) -> Self {
        Self {
            default: Some(value),
            ..self
        }
    }
}

/// A column's values as they lie in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) enum View<'a> {
    Longs(&'a [i64]),
    Wides(&'a [i128]),
    Bytes(&'a [u8]),
    Words(&'a [u32]),
    /// A column that no row has a value for.
    Empty,
}

impl<'a> View<'a> {
    pub(crate) fn of(integers: &'a Integers) -> Self {
        match integers {
            _ if integers.is_empty() => Self::Empty,
            Integers::Narrow(values) => Self::Longs(values),
            Integers::Wide(values) => Self::Wides(values),
        }
    }

    /// The value at a row; `marker` in an empty column.
    #[inline]
    pub(crate) fn get(self, row: usize, marker: i64) -> i128 {
        match self {
            Self::Longs(values) => i128::from(values[row]),
            Self::Wides(values) => values[row],
            Self::Bytes(values) => i128::from(values[row]),
            Self::Words(values) => i128::from(values[row]),
            Self::Empty => i128::from(marker),
        }
    }
}

/// A column as it is read: integers of `10^-scale`.
#[derive(Debug, Clone, Default)]
pub(crate) enum Loaded {
    /// No row has a value.
    #[default]
    Empty,
    /// All rows have one value.
    Same { value: i64, scale: u8, rows: usize },
    /// Each row has its own.
    Each { integers: Integers, scale: u8 },
}

impl Loaded {
    pub(crate) fn into_integers(self) -> Integers {
        match self {
            Self::Empty => Integers::default(),
            Self::Same { value, rows, .. } => Integers::Narrow(vec![value; rows]),
            Self::Each { integers, .. } => integers,
        }
    }

    pub(crate) fn into_longs(self) -> Vec<i64> {
        match self.into_integers() {
            Integers::Narrow(values) => values,
            // a column of times or counts is never wide; damaged bytes saturate, they do not panic
            Integers::Wide(values) => values
                .into_iter()
                .map(|v| i64::try_from(v).unwrap_or(i64::MAX))
                .collect(),
        }
    }

    /// `None` where a value has more than 38 digits.
    pub(crate) fn into_number(self) -> Option<DecimalColumn> {
        let scale = match &self {
            Self::Empty => 0,
            Self::Same { scale, .. } | Self::Each { scale, .. } => *scale,
        };
        DecimalColumn::from_integers(self.into_integers(), scale)
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Same { value, rows, .. } => vec![value as u8; rows],
            other => other.into_longs().into_iter().map(|v| v as u8).collect(),
        }
    }

    pub(crate) fn into_words(self) -> Vec<u32> {
        match self {
            Self::Same { value, rows, .. } => vec![value as u32; rows],
            other => other.into_longs().into_iter().map(|v| v as u32).collect(),
        }
    }
}

/// Many rows of one series, in columns: [`quantflow_model::TradeBatch`] and
/// [`quantflow_model::CandleBatch`].
pub(crate) trait Rows: Clone + Debug + Default + Send + Sync + 'static {
    /// The columns; the first [`Rows::TIME`] one orders the rows.
    const COLUMNS: &'static [ColumnDef];
    /// Which column is the time that queries ask by.
    const TIME: usize;
    /// Whether rows of one time belong together (revisions of a candle): a batch never ends
    /// between them.
    const GROUPED: bool;
    /// Rows a page: larger is smaller on disk, and more to read for a small answer.
    const PAGE_ROWS: usize;

    fn len(&self) -> usize;
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    fn times(&self) -> &[i64];
    /// Order inside a series.
    fn compare(&self, row: usize, other: &Self, other_row: usize) -> Ordering;
    /// A column's integers and their scale (9 for times).
    fn view(&self, column: usize) -> (View<'_>, u8);
    /// Rows from their columns, in the order of [`Rows::COLUMNS`]; each has `rows` values.
    fn assemble(columns: Vec<Loaded>, rows: usize) -> Option<Self>;
    /// `None`, and nothing added, when a column would need more than 38 digits.
    fn extend(&mut self, other: &Self, rows: Range<usize>) -> Option<()>;
    fn truncate(&mut self, rows: usize);
    fn reverse(&mut self);
    /// Whether all columns have the same length (or are empty where they may be).
    fn is_sound(&self) -> bool {
        (0..Self::COLUMNS.len()).all(|column| {
            let length = match self.view(column).0 {
                View::Longs(values) => values.len(),
                View::Wides(values) => values.len(),
                View::Bytes(values) => values.len(),
                View::Words(values) => values.len(),
                View::Empty => {
                    let def = Self::COLUMNS[column];
                    let may = def.absent != Absent::Never || def.default.is_some();
                    if may { self.len() } else { 0 }
                }
            };
            length == self.len()
        })
    }

    fn slice(&self, rows: Range<usize>) -> Self {
        let mut part = Self::default();
        // a part of columns that fit fits too
        let _ = part.extend(self, rows);
        part
    }

    fn is_sorted(&self) -> bool {
        (1..self.len()).all(|row| self.compare(row - 1, self, row) != Ordering::Greater)
    }

    /// The rows in order; rows that compare equal stay as they stand.
    fn sorted(&self) -> Self {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by(|&a, &b| self.compare(a, self, b));
        let mut sorted = Self::default();
        let mut at = 0;
        while at < order.len() {
            let mut end = at + 1;
            while end < order.len() && order[end] == order[end - 1] + 1 {
                end += 1;
            }
            let _ = sorted.extend(self, order[at]..order[end - 1] + 1); // fits: its own rows
            at = end;
        }
        sorted
    }
}
