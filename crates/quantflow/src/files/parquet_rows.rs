//! Parquet: columns by name, of any sensible type, made into CSV lines.
//!
//! Times may be `TIMESTAMP` of any unit or plain integers whose unit the name says; numbers may be
//! `DECIMAL`, integers, text, or floats (taken as the shortest decimal that means the same float).

use std::fs::File;
use std::path::{Path, PathBuf};

use parquet::basic::{LogicalType, TimeUnit};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType, FixedLenByteArray};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use quantflow_model::Decimal;

use super::FileError;
use crate::arguments::Kind;

/// Rows that are decoded at once.
const BATCH: usize = 8_192;

/// The columns that are made, each with the names under which a file may have it.
type Names = (&'static str, &'static [&'static str]);

const TRADES: [Names; 5] = [
    (
        "ts_ns",
        &["ts_ms", "ts_ns", "ts_us", "ts_s", "time", "timestamp", "ts"],
    ),
    ("price", &["price"]),
    ("qty", &["qty", "quantity", "size", "amount"]),
    ("side", &["side", "taker_buy"]),
    ("trade_id", &["trade_id", "id"]),
];

const CANDLES: [Names; 12] = [
    (
        "ts_ns",
        &[
            "open_time",
            "open_time_ms",
            "open_time_ns",
            "ts_ms",
            "ts_ns",
            "time",
            "timestamp",
        ],
    ),
    ("open", &["open"]),
    ("high", &["high"]),
    ("low", &["low"]),
    ("close", &["close"]),
    ("volume", &["volume"]),
    ("quote_volume", &["quote_volume"]),
    ("trades", &["trades", "trade_count", "count"]),
    (
        "taker_buy_volume",
        &["taker_buy_volume", "taker_buy_base_volume"],
    ),
    ("taker_buy_quote_volume", &["taker_buy_quote_volume"]),
    ("first_trade_id", &["first_trade_id"]),
    ("last_trade_id", &["last_trade_id"]),
];

/// How a column's values become text.
#[derive(Debug, Clone, Copy)]
enum Meaning {
    /// Times, so many nanoseconds a unit.
    Time(i64),
    /// Whole numbers.
    Whole,
    /// Integers with so many decimals.
    Exact(u8),
    /// Floats or text, as they are.
    Plain,
    /// Whether the taker bought.
    TakerBuy,
}

#[derive(Debug, Clone)]
struct Leaf {
    index: usize,
    meaning: Meaning,
}

/// The rows of a Parquet file.
pub(super) struct ParquetRows {
    path: PathBuf,
    reader: SerializedFileReader<File>,
    /// By place in the columns that are made.
    leaves: Vec<Leaf>,
    columns: Vec<String>,
    group: usize,
    readers: Vec<ColumnReader>,
    left_in_group: usize,
    rows_read: u64,
    total_rows: u64,
    /// Decoded rows that were not handed on yet: texts by column.
    texts: Vec<Vec<String>>,
    at: usize,
}

impl std::fmt::Debug for ParquetRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetRows")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl ParquetRows {
    pub(super) fn open(path: &Path, file: File, kind: Kind) -> Result<Self, FileError> {
        let refuse = |detail: String| FileError::Parquet {
            path: path.to_owned(),
            detail,
        };
        let reader = SerializedFileReader::new(file).map_err(|error| refuse(error.to_string()))?;
        let names: &[Names] = match kind {
            Kind::Trades => &TRADES,
            Kind::Candles => &CANDLES,
        };
        let schema = reader.metadata().file_metadata().schema_descr_ptr();
        let mut leaves = Vec::new();
        let mut columns = Vec::new();
        for (column, spellings) in names {
            let found = schema.columns().iter().enumerate().find(|(_, leaf)| {
                spellings.contains(&leaf.name()) && leaf.path().parts().len() == 1
            });
            let Some((index, leaf)) = found else { continue };
            if leaf.max_rep_level() > 0 {
                return Err(refuse(format!("the column {} is a list", leaf.name())));
            }
            let meaning = match leaf.logical_type_ref() {
                Some(LogicalType::Timestamp(stamp)) => Meaning::Time(match stamp.unit {
                    TimeUnit::MILLIS => 1_000_000,
                    TimeUnit::MICROS => 1_000,
                    TimeUnit::NANOS => 1,
                }),
                _ if *column == "ts_ns" => Meaning::Time(unit_of(leaf.name())),
                Some(LogicalType::Decimal(decimal)) => {
                    Meaning::Exact(u8::try_from(decimal.scale).unwrap_or(u8::MAX))
                }
                _ if leaf.name() == "taker_buy" => Meaning::TakerBuy,
                _ if *column == "trades" || column.ends_with("_id") => Meaning::Whole,
                _ => Meaning::Plain,
            };
            leaves.push(Leaf { index, meaning });
            columns.push((*column).to_owned());
        }
        let found: Vec<&str> = schema.columns().iter().map(|leaf| leaf.name()).collect();
        super::csv_lines::check("", &columns, kind).map_err(|error| match error {
            FileError::MissingColumn { missing, .. } => FileError::MissingColumn {
                missing,
                found: found.join(","),
            },
            other => other,
        })?;
        let total_rows = reader.metadata().file_metadata().num_rows().max(0) as u64;
        Ok(Self {
            path: path.to_owned(),
            reader,
            texts: vec![Vec::new(); leaves.len()],
            leaves,
            columns,
            group: 0,
            readers: Vec::new(),
            left_in_group: 0,
            rows_read: 0,
            total_rows,
            at: 0,
        })
    }

    pub(super) fn columns(&self) -> Vec<String> {
        self.columns.clone()
    }

    /// So much of the file as is read of its rows.
    pub(super) fn share_read(&self, total_bytes: u64) -> u64 {
        let share = u128::from(total_bytes) * u128::from(self.rows_read)
            / u128::from(self.total_rows.max(1));
        share as u64
    }

    pub(super) fn next_lines(
        &mut self,
        most: usize,
        into: &mut Vec<u8>,
    ) -> Result<usize, FileError> {
        let mut count = 0;
        while count < most {
            if self.at >= self.texts.first().map_or(0, Vec::len) && !self.load()? {
                break;
            }
            for (at, texts) in self.texts.iter().enumerate() {
                if at > 0 {
                    into.push(b',');
                }
                into.extend_from_slice(texts[self.at].as_bytes());
            }
            into.push(b'\n');
            self.at += 1;
            self.rows_read += 1;
            count += 1;
        }
        Ok(count)
    }

    /// Decodes the next rows; false at the end.
    fn load(&mut self) -> Result<bool, FileError> {
        self.decode().map_err(|error| FileError::Parquet {
            path: self.path.clone(),
            detail: error.to_string(),
        })
    }

    fn decode(&mut self) -> Result<bool, ParquetError> {
        while self.left_in_group == 0 {
            if self.group >= self.reader.num_row_groups() {
                return Ok(false);
            }
            let group = self.reader.get_row_group(self.group)?;
            self.left_in_group = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
            self.readers = self
                .leaves
                .iter()
                .map(|leaf| group.get_column_reader(leaf.index))
                .collect::<Result<_, _>>()?;
            self.group += 1;
        }
        let wanted = self.left_in_group.min(BATCH);
        for ((reader, leaf), texts) in self
            .readers
            .iter_mut()
            .zip(&self.leaves)
            .zip(&mut self.texts)
        {
            texts.clear();
            read_texts(reader, leaf.meaning, wanted, texts)?;
            if texts.len() != wanted {
                let read = texts.len();
                return Err(ParquetError::General(format!(
                    "{read} of {wanted} rows of a column"
                )));
            }
        }
        self.left_in_group -= wanted;
        self.at = 0;
        Ok(true)
    }
}

fn unit_of(name: &str) -> i64 {
    match name {
        "ts_s" => 1_000_000_000,
        "ts_us" => 1_000,
        "ts_ns" | "open_time_ns" => 1,
        _ => 1_000_000,
    }
}

fn read_texts(
    reader: &mut ColumnReader,
    meaning: Meaning,
    rows: usize,
    texts: &mut Vec<String>,
) -> Result<(), ParquetError> {
    let integer = |value: i128| integer_text(value, meaning);
    match reader {
        ColumnReader::BoolColumnReader(r) => read(r, rows, texts, |v: &bool| match (meaning, v) {
            (Meaning::TakerBuy, true) => "buy".to_owned(),
            (Meaning::TakerBuy, false) => "sell".to_owned(),
            _ => v.to_string(),
        }),
        ColumnReader::Int32ColumnReader(r) => {
            read(r, rows, texts, |v: &i32| integer(i128::from(*v)))
        }
        ColumnReader::Int64ColumnReader(r) => {
            read(r, rows, texts, |v: &i64| integer(i128::from(*v)))
        }
        ColumnReader::FloatColumnReader(r) => read(r, rows, texts, |v: &f32| v.to_string()),
        ColumnReader::DoubleColumnReader(r) => read(r, rows, texts, |v: &f64| v.to_string()),
        ColumnReader::ByteArrayColumnReader(r) => read(r, rows, texts, |v: &ByteArray| {
            bytes_text(v.data(), meaning)
        }),
        ColumnReader::FixedLenByteArrayColumnReader(r) => {
            read(r, rows, texts, |v: &FixedLenByteArray| {
                bytes_text(v.data(), meaning)
            })
        }
        ColumnReader::Int96ColumnReader(_) => Err(ParquetError::General(
            "INT96 times are not read: write them as TIMESTAMP".to_owned(),
        )),
    }
}

fn read<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    rows: usize,
    texts: &mut Vec<String>,
    text: impl Fn(&T::T) -> String,
) -> Result<(), ParquetError> {
    let mut values = Vec::with_capacity(rows);
    let mut levels = Vec::with_capacity(rows);
    // a column that cannot be null has no levels
    let mut read = 0;
    while read < rows {
        let (records, _, _) =
            reader.read_records(rows - read, Some(&mut levels), None, &mut values)?;
        if records == 0 {
            break;
        }
        read += records;
    }
    if levels.is_empty() || values.len() == read {
        texts.extend(values.iter().map(text));
        return Ok(());
    }
    let mut values = values.iter();
    for level in levels {
        // one level is given: an absent value has a lower one than a present one, which is 1
        let value = if level > 0 { values.next() } else { None };
        texts.push(value.map_or_else(String::new, &text));
    }
    Ok(())
}

fn integer_text(value: i128, meaning: Meaning) -> String {
    match meaning {
        Meaning::Time(unit) => value.saturating_mul(i128::from(unit)).to_string(),
        Meaning::Exact(scale) => Decimal::new(value, scale)
            .map_or_else(|| format!("{value}e-{scale}"), |number| number.to_string()),
        Meaning::TakerBuy if value == 1 => "buy".to_owned(),
        Meaning::TakerBuy if value == 0 => "sell".to_owned(),
        _ => value.to_string(),
    }
}

/// Bytes are a decimal's big-endian integer, or text. Text is only passed on where it fits a field.
fn bytes_text(bytes: &[u8], meaning: Meaning) -> String {
    if let Meaning::Exact(_) = meaning {
        let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
        let start: i128 = if negative { -1 } else { 0 };
        if bytes.len() <= 16 {
            let value = bytes
                .iter()
                .fold(start, |value, byte| (value << 8) | i128::from(*byte));
            return integer_text(value, meaning);
        }
    }
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    text.retain(|c| !matches!(c, ',' | '\n' | '\r' | '"'));
    text
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn integers_become_exact_texts() {
        assert_eq!(integer_text(6_183_763, Meaning::Exact(2)), "61837.63");
        assert_eq!(
            integer_text(1_723_161_255_342, Meaning::Time(1_000_000)),
            "1723161255342000000"
        );
        assert_eq!(
            bytes_text(&(-5_i128).to_be_bytes(), Meaning::Exact(1)),
            "-0.5"
        );
        assert_eq!(bytes_text(&[0x01, 0x00], Meaning::Exact(0)), "256");
        assert_eq!(bytes_text(b"buy", Meaning::Plain), "buy");
    }

    #[test]
    fn what_is_no_parquet_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.parquet");
        std::fs::File::create(&path)
            .unwrap()
            .write_all(b"PAR1 no")
            .unwrap();
        let file = File::open(&path).unwrap();
        let error = ParquetRows::open(&path, file, Kind::Trades).unwrap_err();
        assert!(
            error.to_string().contains("is no Parquet that can be read"),
            "{error}"
        );
    }
}
