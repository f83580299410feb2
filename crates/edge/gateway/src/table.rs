//! [`Table`]: an answer of rows, in any of the formats that a client may accept.

mod arrow;
mod object;
mod text;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, stream};
use quantflow_model::{Decimal, Timestamp};
use serde::Serialize;

use crate::accept::Format;

pub(crate) use object::{Bare, Object, Shown};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    Text,
    /// An exact number.
    Decimal,
    /// A statistic.
    Real,
    Whole,
    Time,
    Bool,
}

/// One value. Text is owned: rows are made from views and live shortly.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Text(String),
    Decimal(Decimal),
    Real(f64),
    Whole(i64),
    Time(Timestamp),
    Bool(bool),
}

impl Cell {
    pub(crate) fn text(value: impl fmt::Display) -> Self {
        Self::Text(value.to_string())
    }
}

impl From<Option<Decimal>> for Cell {
    fn from(number: Option<Decimal>) -> Self {
        number.map_or(Self::Null, Self::Decimal)
    }
}

/// A column of a table.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: Cow<'static, str>,
    pub(crate) kind: ColumnKind,
}

/// An answer of rows.
pub(crate) trait Table: Send + Sync + 'static {
    fn columns(&self) -> Vec<Column>;
    fn rows(&self) -> usize;
    fn cell(&self, row: usize, column: usize) -> Cell;
    /// One row as a JSON object.
    fn json_row(&self, row: usize, out: &mut Vec<u8>) -> Result<(), serde_json::Error>;
    /// All of it as JSON: an array of rows unless the table says otherwise.
    fn json(&self, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        out.push(b'[');
        let start = out.len();
        for row in 0..self.rows() {
            if row == 1 {
                // the others are about as long: so it is not moved again and again as it grows
                let length = out.len() - start;
                out.reserve((length + length / 16) * self.rows());
            }
            if row > 0 {
                out.push(b',');
            }
            self.json_row(row, out)?;
        }
        out.push(b']');
        Ok(())
    }
}

/// A row of a table whose rows are objects.
pub(crate) trait Row: Serialize + Send + Sync + 'static {
    const COLUMNS: &'static [(&'static str, ColumnKind)];
    fn cell(&self, column: usize) -> Cell;
    /// Appends it as a JSON object: what it serializes to.
    fn json(&self, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        serde_json::to_writer(out, self)
    }
}

/// Objects as a table.
#[derive(Debug)]
pub(crate) struct Rows<T>(pub(crate) Vec<T>);

impl<T: Row> Table for Rows<T> {
    fn columns(&self) -> Vec<Column> {
        T::COLUMNS
            .iter()
            .map(|(name, kind)| Column {
                name: Cow::Borrowed(name),
                kind: *kind,
            })
            .collect()
    }

    fn rows(&self) -> usize {
        self.0.len()
    }

    fn cell(&self, row: usize, column: usize) -> Cell {
        self.0.get(row).map_or(Cell::Null, |r| r.cell(column))
    }

    fn json_row(&self, row: usize, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        match self.0.get(row) {
            Some(object) => object.json(out),
            None => Ok(()),
        }
    }
}

/// Why a table could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Csv(#[from] csv::Error),
    #[error(transparent)]
    Arrow(#[from] arrow_schema::ArrowError),
}

/// Rows that are written at once: a piece of some 100 KB, made in a fraction of a millisecond.
const PIECE: usize = 1024;

/// Writes a table piece by piece.
pub(crate) enum Writer {
    Json,
    Lines,
    Csv { head: bool },
    Arrow(Box<arrow::Writer>),
}

impl Writer {
    /// A writer; the JSON that it writes is the array alone, without an envelope.
    pub(crate) fn new(table: &dyn Table, format: Format) -> Result<Self, WriteError> {
        Ok(match format {
            Format::Json => Self::Json,
            Format::Lines => Self::Lines,
            Format::Csv => Self::Csv { head: true },
            Format::Arrow => Self::Arrow(Box::new(arrow::Writer::new(table)?)),
        })
    }

    /// Appends some rows.
    fn piece(
        &mut self,
        table: &dyn Table,
        rows: std::ops::Range<usize>,
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        match self {
            Self::Json => {
                for row in rows {
                    out.push(if row == 0 { b'[' } else { b',' });
                    table.json_row(row, out)?;
                }
            }
            Self::Lines => {
                for row in rows {
                    table.json_row(row, out)?;
                    out.push(b'\n');
                }
            }
            Self::Csv { head } => {
                text::csv(table, rows, std::mem::take(head), out)?;
            }
            Self::Arrow(writer) => writer.rows(table, rows, out)?,
        }
        Ok(())
    }

    fn end(&mut self, table: &dyn Table, out: &mut Vec<u8>) -> Result<(), WriteError> {
        match self {
            Self::Json if table.rows() == 0 => out.extend_from_slice(b"[]"),
            Self::Json => out.push(b']'),
            Self::Lines => {}
            Self::Csv { head } => text::csv(table, 0..0, std::mem::take(head), out)?,
            Self::Arrow(writer) => writer.end(out)?,
        }
        Ok(())
    }
}

/// All of a table at once.
pub(crate) fn whole(
    table: &dyn Table,
    format: Format,
    out: &mut Vec<u8>,
) -> Result<(), WriteError> {
    if format == Format::Json {
        return Ok(table.json(out)?);
    }
    let mut writer = Writer::new(table, format)?;
    writer.piece(table, 0..table.rows(), out)?;
    writer.end(table, out)
}

/// A table in pieces, so that what is written is never whole in memory: `head`, the table, `tail`.
///
/// A fault while writing ends the stream early and is logged; the client sees a cut answer, never a wrong one.
pub(crate) fn pieces(
    table: Arc<dyn Table>,
    format: Format,
    head: Bytes,
    tail: Bytes,
) -> Result<impl Stream<Item = Bytes> + Send + 'static, WriteError> {
    let writer = Writer::new(&*table, format)?;
    let state = Some((writer, table, 0_usize, head, tail));
    Ok(stream::unfold(state, |state| async move {
        let (mut writer, table, from, head, tail) = state?;
        let mut out = Vec::with_capacity(128 << 10);
        out.extend_from_slice(&head);
        let to = (from + PIECE).min(table.rows());
        let mut written = writer.piece(&*table, from..to, &mut out);
        let last = to == table.rows();
        if last {
            written = written.and_then(|()| writer.end(&*table, &mut out));
            out.extend_from_slice(&tail);
        }
        if let Err(error) = written {
            tracing::error!(cause = %error, "an answer was cut: a row could not be written");
            return None;
        }
        let next = (!last).then(|| (writer, table, to, Bytes::new(), tail));
        Some((Bytes::from(out), next))
    }))
}
