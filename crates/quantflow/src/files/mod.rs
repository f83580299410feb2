//! Files of trades or candles: CSV, JSON lines, Parquet and venues' archives, packed or not, read as
//! lines of CSV.
//!
//! Whatever a file is, [`FileRows`] gives its rows as CSV lines in columns that imports know
//! ([`FileRows::columns`]), in the order of the file and with flat memory. A row that makes no sense is
//! given as it stands: whoever reads it refuses it and can name its line.

pub(crate) mod archive;
mod csv_lines;
pub(crate) mod hex;
mod json_lines;
mod parquet_rows;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::arguments::Kind;

/// A line longer than this is no row.
pub(crate) const LONGEST_LINE: usize = 64 << 10;

/// Columns that imports know, by kind, with the first that stands for each in messages.
pub(crate) const TRADE_COLUMNS: &str = "ts_ms,price,qty,side,trade_id";
/// As [`TRADE_COLUMNS`]; more may follow.
pub(crate) const CANDLE_COLUMNS: &str = "open_time,open,high,low,close,volume";

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    /// The operating system says no, or the packed bytes are broken.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Not a format that is read here.
    #[error("{0} is neither csv, jsonl (also .gz) nor parquet")]
    UnknownFormat(PathBuf),
    /// Nothing in it.
    #[error("{0} is empty")]
    Empty(PathBuf),
    /// A folder.
    #[error("{0} is a folder, no file")]
    Folder(PathBuf),
    /// Bytes where there should be text.
    #[error("{0} is no text, or not packed as its name says")]
    NoText(PathBuf),
    /// A column that is not known.
    #[error("the file has a column {name:?}, which means nothing here{hint}")]
    UnknownColumn {
        /// Its name.
        name: String,
        /// The nearest that is known.
        hint: String,
    },
    /// The first line names no columns.
    #[error("the first line names no columns: {first:?}")]
    NoHeader {
        /// The line.
        first: String,
    },
    /// A column is missing.
    #[error("the file has no column {missing}; it has {found}")]
    MissingColumn {
        /// What is missing.
        missing: String,
        /// What is there.
        found: String,
    },
    /// A line without end.
    #[error("line {line} is longer than 64 KiB: is this a text file?")]
    LongLine {
        /// Which, from 1.
        line: u64,
    },
    /// Parquet that cannot be read.
    #[error("{path} is no Parquet that can be read: {detail}")]
    Parquet {
        /// Which file.
        path: PathBuf,
        /// Why.
        detail: String,
    },
}

/// What kind of file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileFormat {
    /// Comma-separated values with a header.
    Csv,
    /// One JSON object a line.
    JsonLines,
    /// Apache Parquet.
    Parquet,
}

impl FileError {
    /// What to do about it, for a file of such rows.
    pub(crate) fn to_do(&self, kind: Kind) -> Option<String> {
        let to_do = match self {
            Self::UnknownColumn { .. } | Self::NoHeader { .. } | Self::MissingColumn { .. } => {
                let columns = match kind {
                    Kind::Trades => TRADE_COLUMNS,
                    Kind::Candles => CANDLE_COLUMNS,
                };
                return Some(format!("the first line names the columns: {columns}"));
            }
            Self::UnknownFormat(_) | Self::NoText(_) => {
                "name it .csv, .csv.gz, .jsonl, .jsonl.gz or .parquet, as what it is"
            }
            Self::Folder(_) => "name a file in it",
            Self::Empty(_) => "fetch or write it again: it has no rows",
            Self::Read { source, .. } => match source.kind() {
                io::ErrorKind::NotFound => "check the path; it is looked for from where you are",
                io::ErrorKind::PermissionDenied => "make it readable for this user",
                io::ErrorKind::UnexpectedEof
                | io::ErrorKind::InvalidData
                | io::ErrorKind::InvalidInput => "it is cut off or damaged: fetch it again",
                _ => return None,
            },
            Self::Parquet { .. } => "it is cut off, damaged or another format: fetch it again",
            Self::LongLine { .. } => return None,
        };
        Some(to_do.to_owned())
    }
}

impl FileFormat {
    /// What a file's name says; a `.gz` behind it is looked past.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        match name.rsplit_once('.')?.1 {
            "csv" | "txt" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            "parquet" | "pq" => Some(Self::Parquet),
            _ => None,
        }
    }
}

/// The rows of a file as lines of CSV.
#[derive(Debug)]
pub(crate) struct FileRows {
    rows: Rows,
    columns: Vec<String>,
    read: Arc<AtomicU64>,
    total_bytes: u64,
}

#[derive(Debug)]
enum Rows {
    Csv(csv_lines::CsvLines),
    JsonLines(json_lines::JsonLines),
    Parquet(Box<parquet_rows::ParquetRows>),
    Archive(archive::ArchiveLines),
}

impl FileRows {
    /// Opens a file of trades or candles.
    ///
    /// # Errors
    /// When it cannot be read, or its columns are not those of such rows.
    pub(crate) fn open(path: &Path, kind: Kind) -> Result<Self, FileError> {
        if path.is_dir() {
            return Err(FileError::Folder(path.to_owned()));
        }
        let format =
            FileFormat::of(path).ok_or_else(|| FileError::UnknownFormat(path.to_owned()))?;
        let failed = |source| FileError::Read {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(failed)?;
        let total_bytes = file.metadata().map_err(failed)?.len();
        if total_bytes == 0 {
            return Err(FileError::Empty(path.to_owned()));
        }
        let read = Arc::new(AtomicU64::new(0));
        let (rows, columns) = match format {
            FileFormat::Csv => {
                let text = text(file, &read).map_err(failed)?;
                let (lines, columns) = csv_lines::CsvLines::open(path, text, kind)?;
                (Rows::Csv(lines), columns)
            }
            FileFormat::JsonLines => {
                let text = text(file, &read).map_err(failed)?;
                let lines = json_lines::JsonLines::open(path, text, kind);
                let columns = lines.columns();
                (Rows::JsonLines(lines), columns)
            }
            FileFormat::Parquet => {
                let rows = parquet_rows::ParquetRows::open(path, file, kind)?;
                let columns = rows.columns();
                (Rows::Parquet(Box::new(rows)), columns)
            }
        };
        Ok(Self {
            rows,
            columns,
            read,
            total_bytes,
        })
    }

    /// The columns of each line.
    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Appends up to `most` lines, each with its line feed, and returns how many; 0 at the end.
    ///
    /// # Errors
    /// When the file cannot be read on.
    pub(crate) fn next_lines(
        &mut self,
        most: usize,
        lines: &mut Vec<u8>,
    ) -> Result<usize, FileError> {
        match &mut self.rows {
            Rows::Csv(rows) => rows.next_lines(most, lines),
            Rows::JsonLines(rows) => rows.next_lines(most, lines),
            Rows::Archive(rows) => rows.next_lines(most, lines),
            Rows::Parquet(rows) => {
                let count = rows.next_lines(most, lines)?;
                let read = rows.share_read(self.total_bytes);
                self.read.store(read, Ordering::Relaxed);
                Ok(count)
            }
        }
    }

    /// The file's line of a row, both counted from 1: blank lines and the header are lines too.
    pub(crate) fn line_of(&self, row: u64) -> u64 {
        match &self.rows {
            Rows::Csv(rows) => rows.skipped().line_of(row),
            Rows::JsonLines(rows) => rows.skipped().line_of(row),
            Rows::Archive(rows) => rows.skipped().line_of(row),
            Rows::Parquet(_) => row,
        }
    }

    /// How many bytes of the file were read so far (packed, as they lie).
    pub(crate) fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// How large the file is.
    pub(crate) fn total_bytes(&self) -> u64 {
        self.total_bytes
    }
}

/// Lines that are no rows: the header and blank ones. Kept as (rows before it, lines skipped there).
#[derive(Debug, Default)]
pub(crate) struct Skipped(Vec<(u64, u64)>);

impl Skipped {
    /// A line is skipped after so many rows.
    fn skip(&mut self, rows: u64) {
        match self.0.last_mut() {
            Some((at, count)) if *at == rows => *count += 1,
            _ => self.0.push((rows, 1)),
        }
    }

    fn line_of(&self, row: u64) -> u64 {
        let before = self.0.iter().take_while(|(rows, _)| *rows < row);
        row + before.map(|(_, count)| count).sum::<u64>()
    }
}

/// Counts what is read of the file itself, packed as it lies.
struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// A file's text, unpacked where it is gzip, whatever it is called.
fn text(file: File, read: &Arc<AtomicU64>) -> io::Result<Box<dyn BufRead + Send>> {
    let counted = Counted {
        file,
        read: Arc::clone(read),
    };
    let mut buffered = BufReader::with_capacity(256 << 10, counted);
    let packed = buffered.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    Ok(if packed {
        let plain = flate2::bufread::MultiGzDecoder::new(buffered);
        Box::new(BufReader::with_capacity(256 << 10, plain))
    } else {
        Box::new(buffered)
    })
}

/// Text, line by line.
struct Lines {
    path: PathBuf,
    text: Box<dyn BufRead + Send>,
    rows: u64,
    read: u64,
    skipped: Skipped,
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lines")
            .field("path", &self.path)
            .field("read", &self.read)
            .finish_non_exhaustive()
    }
}

impl Lines {
    fn new(path: &Path, text: Box<dyn BufRead + Send>) -> Self {
        Self {
            path: path.to_owned(),
            text,
            rows: 0,
            read: 0,
            skipped: Skipped::default(),
        }
    }

    /// Reads the next line that is not blank into `line`, without its end; false at the end.
    fn next(&mut self, line: &mut Vec<u8>) -> Result<bool, FileError> {
        loop {
            line.clear();
            let read = self
                .text
                .by_ref()
                .take(LONGEST_LINE as u64 + 1)
                .read_until(b'\n', line)
                .map_err(|source| FileError::Read {
                    path: self.path.clone(),
                    source,
                })?;
            if read == 0 {
                return Ok(false);
            }
            self.read += 1;
            if line.len() > LONGEST_LINE {
                return Err(FileError::LongLine { line: self.read });
            }
            while matches!(line.last(), Some(b'\n' | b'\r' | b' ' | b'\t')) {
                line.pop();
            }
            if !line.is_empty() {
                self.rows += 1;
                return Ok(true);
            }
            self.skipped.skip(self.rows);
        }
    }

    /// The line that was just read is no row.
    fn was_no_row(&mut self) {
        self.rows -= 1;
        self.skipped.skip(self.rows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_name() {
        for (name, format) in [
            ("a.csv", Some(FileFormat::Csv)),
            ("a.CSV.gz", Some(FileFormat::Csv)),
            ("a.b.jsonl.gz", Some(FileFormat::JsonLines)),
            ("a.parquet", Some(FileFormat::Parquet)),
            ("a.zip", None),
            ("csv", None),
        ] {
            assert_eq!(FileFormat::of(Path::new(name)), format, "{name}");
        }
    }

    #[test]
    fn rows_are_found_in_their_lines() {
        let mut skipped = Skipped::default();
        skipped.skip(0); // the header is line 1
        skipped.skip(2); // line 4 is blank
        skipped.skip(2); // line 5 too
        assert_eq!([1, 2, 3, 4].map(|row| skipped.line_of(row)), [2, 3, 6, 7]);
    }
}
