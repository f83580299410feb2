//! [`Listing`]: rows with named columns, written as a table, JSON, JSON lines or CSV.
//!
//! A program gets the same names and texts from every command: in JSON the API's names with exact
//! numbers as strings and times as RFC 3339, in CSV the command line's names.

use std::io::{self, Write};

use comfy_table::{Attribute, CellAlignment, Color, ContentArrangement, Table, presets};
use quantflow_model::{Decimal, Timestamp};
use serde_json::{Map, Value};

use crate::arguments::Format;

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    /// Its name in CSV and tables.
    pub(crate) name: String,
    /// Its name in JSON.
    pub(crate) json: String,
}

impl Column {
    /// A column with one name for CSV and tables and one for JSON.
    pub(crate) fn new(name: impl Into<String>, json: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            json: json.into(),
        }
    }

    /// Columns that are called the same everywhere.
    pub(crate) fn all<const N: usize>(names: [&str; N]) -> Vec<Self> {
        names
            .into_iter()
            .map(|name| Self::new(name, name))
            .collect()
    }
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    /// Nothing: absent, not known.
    Empty,
    /// Text.
    Text(String),
    /// An exact number: a string in JSON.
    Exact(Decimal),
    /// A whole number.
    Whole(u64),
    /// A statistic; NaN is nothing.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// A time: milliseconds in CSV, RFC 3339 elsewhere.
    Time(Timestamp),
    /// Something with parts: JSON in every format.
    Json(Value),
}

impl Cell {
    /// Text.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Something or nothing.
    pub(crate) fn of<T>(value: Option<T>, cell: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Empty, cell)
    }

    /// A number of a venue; beyond 64 bits it is text.
    pub(crate) fn id(id: quantflow_model::TradeId) -> Self {
        u64::try_from(id.0).map_or_else(|_| Self::Text(id.to_string()), Self::Whole)
    }

    fn json(&self) -> Value {
        match self {
            Self::Empty => Value::Null,
            Self::Text(text) => text.as_str().into(),
            Self::Exact(number) => number.to_string().into(),
            // past 2^53 readers of JSON lose digits
            Self::Whole(number) if *number >= 1 << 53 => number.to_string().into(),
            Self::Whole(number) => (*number).into(),
            Self::Number(number) => {
                serde_json::Number::from_f64(*number).map_or(Value::Null, Value::Number)
            }
            Self::Flag(flag) => (*flag).into(),
            Self::Time(time) => time.to_string().into(),
            Self::Json(value) => value.clone(),
        }
    }

    fn csv(&self) -> String {
        match self {
            Self::Time(time) => time.millis().to_string(),
            Self::Number(number) if !number.is_finite() => String::new(),
            Self::Number(number) => number.to_string(),
            other => other.shown(0),
        }
    }

    /// For people; exact numbers with at least so many decimals.
    fn shown(&self, decimals: u8) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.clone(),
            Self::Exact(number) if number.scale() < decimals => number.padded(decimals).to_string(),
            Self::Exact(number) => number.to_string(),
            Self::Whole(number) => number.to_string(),
            Self::Number(number) if number.is_nan() => String::new(),
            Self::Number(number) => format!("{number:.6}"),
            Self::Flag(true) => "yes".to_owned(),
            Self::Flag(false) => "no".to_owned(),
            Self::Time(time) => time.to_string(),
            Self::Json(value) => value.to_string(),
        }
    }

    fn is_numeric(&self) -> bool {
        matches!(self, Self::Exact(_) | Self::Whole(_) | Self::Number(_))
    }
}

/// Rows with named columns.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Listing {
    /// The columns.
    pub(crate) columns: Vec<Column>,
    /// The rows; each as long as the columns.
    pub(crate) rows: Vec<Vec<Cell>>,
    /// Whether it is one thing with its properties: one row that is shown standing.
    pub(crate) one: bool,
}

impl Listing {
    /// An empty listing.
    pub(crate) fn new(columns: Vec<Column>) -> Self {
        Self {
            columns,
            rows: Vec::new(),
            one: false,
        }
    }

    /// One thing with its properties.
    pub(crate) fn one(properties: Vec<(&str, &str, Cell)>) -> Self {
        let columns = properties
            .iter()
            .map(|(name, json, _)| Column::new(*name, *json))
            .collect();
        let row = properties.into_iter().map(|(_, _, cell)| cell).collect();
        Self {
            columns,
            rows: vec![row],
            one: true,
        }
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, row: Vec<Cell>) {
        debug_assert_eq!(row.len(), self.columns.len());
        self.rows.push(row);
    }

    /// Writes it.
    pub(crate) fn write(
        &self,
        format: Format,
        colour: bool,
        out: &mut impl Write,
    ) -> io::Result<()> {
        match format {
            Format::Table => self.write_table(colour, out),
            Format::Json => self.write_json(out),
            Format::Jsonl => {
                for row in &self.rows {
                    serde_json::to_writer(&mut *out, &self.object(row))?;
                    out.write_all(b"\n")?;
                }
                Ok(())
            }
            Format::Csv | Format::Parquet => self.write_csv(out),
        }
    }

    fn object(&self, row: &[Cell]) -> Value {
        let fields = self
            .columns
            .iter()
            .zip(row)
            .map(|(c, cell)| (c.json.clone(), cell.json()));
        Value::Object(fields.collect::<Map<_, _>>())
    }

    fn write_json(&self, out: &mut impl Write) -> io::Result<()> {
        match self.rows.first() {
            Some(row) if self.one => serde_json::to_writer_pretty(&mut *out, &self.object(row))?,
            _ => {
                // one row a line, so that a long array can be looked at, and never held twice
                out.write_all(b"[")?;
                for (at, row) in self.rows.iter().enumerate() {
                    out.write_all(if at == 0 { b"\n" } else { b",\n" })?;
                    serde_json::to_writer(&mut *out, &self.object(row))?;
                }
                out.write_all(if self.rows.is_empty() { b"]" } else { b"\n]" })?;
            }
        }
        out.write_all(b"\n")
    }

    fn write_csv(&self, out: &mut impl Write) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(&mut *out);
        writer.write_record(self.columns.iter().map(|column| &column.name))?;
        for row in &self.rows {
            writer.write_record(row.iter().map(Cell::csv))?;
        }
        writer.flush()
    }

    fn write_table(&self, colour: bool, out: &mut impl Write) -> io::Result<()> {
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled);
        if colour {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        if let (true, Some(row)) = (self.one, self.rows.first()) {
            for (column, cell) in self.columns.iter().zip(row) {
                let name = comfy_table::Cell::new(&column.name).fg(Color::DarkGrey);
                table.add_row(vec![name, comfy_table::Cell::new(standing(cell))]);
            }
        } else {
            let decimals: Vec<u8> = (0..self.columns.len())
                .map(|at| self.decimals(at))
                .collect();
            let right: Vec<bool> = (0..self.columns.len())
                .map(|at| self.is_numeric(at))
                .collect();
            table.set_header(self.columns.iter().zip(&right).map(|(column, right)| {
                comfy_table::Cell::new(&column.name)
                    .add_attribute(Attribute::Bold)
                    .set_alignment(alignment(*right))
            }));
            for row in &self.rows {
                table.add_row(row.iter().enumerate().map(|(at, cell)| {
                    comfy_table::Cell::new(cell.shown(decimals[at]))
                        .set_alignment(alignment(right[at]))
                }));
            }
        }
        for line in table.lines() {
            out.write_all(line.trim_end().as_bytes())?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    /// The most decimals of a column's exact numbers: they are aligned by the point.
    fn decimals(&self, at: usize) -> u8 {
        let scales = self.rows.iter().filter_map(|row| match row.get(at) {
            Some(Cell::Exact(number)) => Some(number.scale()),
            _ => None,
        });
        scales.max().unwrap_or(0)
    }

    fn is_numeric(&self, at: usize) -> bool {
        let mut any = false;
        for cell in self.rows.iter().filter_map(|row| row.get(at)) {
            if !cell.is_numeric() && *cell != Cell::Empty {
                return false;
            }
            any |= cell.is_numeric();
        }
        any
    }
}

fn alignment(right: bool) -> CellAlignment {
    if right {
        CellAlignment::Right
    } else {
        CellAlignment::Left
    }
}

/// A property of one thing: lists stand below one another.
fn standing(cell: &Cell) -> String {
    match cell {
        Cell::Json(Value::Array(items)) => {
            let lines = items.iter().map(|item| match item {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            lines.collect::<Vec<_>>().join("\n")
        }
        Cell::Json(Value::String(text)) => text.clone(),
        other => other.shown(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing() -> Listing {
        let mut listing = Listing::new(vec![
            Column::new("open_time", "openTime"),
            Column::new("price", "price"),
        ]);
        listing.push(vec![
            Cell::Time(Timestamp::from_millis(1_723_161_255_342)),
            Cell::Exact("61837.63".parse().unwrap()),
        ]);
        listing.push(vec![
            Cell::Empty,
            Cell::Exact("5.12345678".parse().unwrap()),
        ]);
        listing
    }

    fn written(listing: &Listing, format: Format) -> String {
        let mut out = Vec::new();
        listing.write(format, false, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_format_says_the_same() {
        let listing = listing();
        assert_eq!(
            written(&listing, Format::Csv),
            "open_time,price\n1723161255342,61837.63\n,5.12345678\n"
        );
        let first = "{\"openTime\":\"2024-08-08T23:54:15.342Z\",\"price\":\"61837.63\"}";
        assert_eq!(
            written(&listing, Format::Jsonl),
            format!("{first}\n{{\"openTime\":null,\"price\":\"5.12345678\"}}\n")
        );
        let parsed: Value = serde_json::from_str(&written(&listing, Format::Json)).unwrap();
        assert_eq!(parsed[0]["price"], "61837.63");
    }

    #[test]
    fn a_table_aligns_numbers_by_the_point() {
        let table = written(&listing(), Format::Table);
        let points: Vec<_> = table
            .lines()
            .skip(1)
            .filter_map(|line| line.rfind('.'))
            .collect();
        assert_eq!(points.len(), 2);
        assert_eq!(points[0], points[1], "{table}");
        assert!(!table.contains('\x1b'), "{table}");
    }

    #[test]
    fn large_ids_stay_exact_in_json() {
        let id = quantflow_model::TradeId(1 << 60);
        assert_eq!(Cell::id(id).json(), Value::from((1_u64 << 60).to_string()));
        assert_eq!(Cell::Number(f64::NAN).json(), Value::Null);
    }

    #[test]
    fn empty_lists_are_still_json() {
        let listing = Listing::new(Column::all(["a"]));
        assert_eq!(written(&listing, Format::Json), "[]\n");
        assert_eq!(written(&listing, Format::Csv), "a\n");
    }
}
