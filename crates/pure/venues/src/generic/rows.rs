//! The rows of an answer, whatever it is written in.

use std::borrow::Cow;

use quantflow_model::{Decimal, Timestamp};
use quantflow_wire::DecodeError;

use super::described::{Cell, Format, SourceDescription, TimeUnit};
use crate::csv::Csv;
use crate::json::{Json, value};
use crate::series::date;

const MESSAGE: &str = "a row";

/// One row: its cells by name or place.
#[derive(Debug)]
pub(super) enum RowCells<'t> {
    /// An object or a list.
    Tree(&'t Json<'t>),
    /// A line, with the names of its columns where there are any.
    Line {
        names: &'t [Cow<'t, str>],
        cells: Vec<Json<'t>>,
    },
}

impl RowCells<'_> {
    fn find(&self, cell: &Cell) -> Option<&Json<'_>> {
        match (self, cell) {
            (Self::Tree(row), Cell::Name(name)) => row.entry(name),
            (Self::Tree(row), Cell::Place(at)) => row.items()?.get(*at),
            (Self::Line { cells, .. }, Cell::Place(at)) => cells.get(*at),
            (Self::Line { names, cells }, Cell::Name(name)) => {
                cells.get(names.iter().position(|known| known == name)?)
            }
        }
    }

    pub(super) fn is_empty(&self, cell: &Cell) -> bool {
        match self.find(cell) {
            None | Some(Json::Null) => true,
            Some(found) => found.text().is_some_and(|text| text.trim().is_empty()),
        }
    }

    fn read<T>(
        &self,
        field: &'static str,
        cell: &Cell,
        read: impl FnOnce(&Json<'_>) -> Option<T>,
    ) -> Result<T, DecodeError> {
        let found = self.find(cell).ok_or(DecodeError::Missing {
            message: MESSAGE,
            field,
        })?;
        read(found).ok_or_else(|| bad(field, &found.shown()))
    }

    pub(super) fn number(&self, field: &'static str, cell: &Cell) -> Result<Decimal, DecodeError> {
        self.read(field, cell, value::decimal)
    }

    pub(super) fn time(&self, cell: &Cell, unit: TimeUnit) -> Result<Timestamp, DecodeError> {
        self.read("time", cell, |found| match unit {
            TimeUnit::Seconds => value::seconds(found),
            TimeUnit::Milliseconds => value::millis(found),
            TimeUnit::Microseconds => value::micros(found),
            TimeUnit::Nanoseconds => value::nanos(found),
            // text without an offset would be read as something else
            TimeUnit::Rfc3339 => value::rfc3339(found)
                .filter(|_| found.text().is_some_and(|text| text.contains(['T', 't']))),
            TimeUnit::Date => date(found.text()?),
            TimeUnit::CompactDate => {
                let digits = match found {
                    Json::Number(digits) => digits,
                    other => other.text()?,
                };
                let plain = digits.len() == 8 && digits.is_ascii();
                plain.then(|| {
                    date(&format!(
                        "{}-{}-{}",
                        &digits[..4],
                        &digits[4..6],
                        &digits[6..]
                    ))
                })?
            }
        })
    }
}

pub(super) fn bad(field: &'static str, found: &str) -> DecodeError {
    DecodeError::BadField {
        message: MESSAGE,
        field,
        found: found.chars().take(60).collect(),
    }
}

/// Hands every row of an answer on.
pub(super) fn each(
    source: &SourceDescription,
    body: &[u8],
    mut take: impl FnMut(&RowCells<'_>) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    match &source.format {
        Format::Json { path } => {
            let tree = Json::parse(body)?;
            let found = walk(&tree, path).ok_or(DecodeError::Missing {
                message: "an answer",
                field: "the path to its rows",
            })?;
            let rows = found.items().ok_or_else(|| DecodeError::BadField {
                message: "an answer",
                field: "the path to its rows",
                found: found.shown(),
            })?;
            rows.iter().try_for_each(|row| take(&RowCells::Tree(row)))
        }
        Format::Csv { separator, header } => {
            let mut lines = Csv::of(body, *separator)?;
            let names = match (header, if *header { lines.next() } else { None }) {
                (true, None) => return Err(DecodeError::Malformed("an empty table".into())),
                (true, Some(line)) => line?,
                (false, _) => Vec::new(),
            };
            let names: Vec<_> = names.into_iter().map(|name| trimmed(&name)).collect();
            for line in lines {
                let cells = line?.into_iter().map(|cell| Json::Text(trimmed(&cell)));
                let cells: Vec<_> = cells.collect();
                if *header && cells.len() != names.len() {
                    return Err(DecodeError::BadField {
                        message: MESSAGE,
                        field: "",
                        found: format!("{} fields below {} columns", cells.len(), names.len()),
                    });
                }
                take(&RowCells::Line {
                    names: &names,
                    cells,
                })?;
            }
            Ok(())
        }
    }
}

fn trimmed<'a>(text: &str) -> Cow<'a, str> {
    Cow::Owned(text.trim().to_owned())
}

fn walk<'t, 'a>(tree: &'t Json<'a>, path: &str) -> Option<&'t Json<'a>> {
    let mut at = tree;
    for step in path.split('.').filter(|step| !step.is_empty()) {
        at = match at {
            Json::List(items) => items.get(step.parse::<usize>().ok()?)?,
            other => other.entry(step)?,
        };
    }
    Some(at)
}
