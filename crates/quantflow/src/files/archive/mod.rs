//! A venue's bulk archives: a zip with one CSV of trades, aggregate trades or klines, named after
//! what it holds, with its checksum in a file beside it.
//!
//! An archive is read twice: [`Archive::check`] reads all of it and refuses it whole when anything
//! about its form is wrong, [`Checked::rows`] hands its lines on as they stand. So nothing is taken
//! of an archive that turns out to be cut off half-way.

mod check;
pub(crate) mod checksum;
mod error;
mod lines;
pub(crate) mod name;
mod zip;

use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

pub(crate) use self::error::ArchiveError;
pub(super) use self::lines::ArchiveLines;
use self::name::{ArchiveName, Contents};
use self::zip::Entry;
use super::{Counted, FileRows, Rows};

/// A zip with one CSV, opened; nothing of the CSV is read yet.
#[derive(Debug)]
pub(crate) struct Archive {
    path: PathBuf,
    file: File,
    size: u64,
    entry: Entry,
}

/// The unit of an archive's times, told by their size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// As to the end of 2024 (and later for derivatives).
    Millis,
    /// Spot from 2025 on.
    Micros,
}

/// An archive all of which was read and is what it should be.
#[derive(Debug)]
pub(crate) struct Checked {
    archive: Archive,
    contents: Contents,
    /// Whether its first line names the columns.
    header: bool,
    fields: usize,
    unit: Unit,
    /// How many rows it has; none: nothing was traded.
    pub(crate) rows: u64,
}

impl Archive {
    /// Opens a zip and finds its one file.
    ///
    /// # Errors
    /// When it cannot be read, is no whole zip, or holds something else than one CSV.
    pub(crate) fn open(path: &Path) -> Result<Self, ArchiveError> {
        let failed = |source| ArchiveError::Read {
            path: path.to_owned(),
            source,
        };
        let mut file = File::open(path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        let entry = Entry::find(&mut file, size).map_err(|fault| fault.of(path))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            size,
            entry,
        })
    }

    /// What its name says it holds: its own, or that of the file in it.
    ///
    /// # Errors
    /// When both say something, and not the same.
    pub(crate) fn name(&self) -> Result<Option<ArchiveName>, ArchiveError> {
        let own = self.path.file_name().and_then(|name| name.to_str());
        let own = own.and_then(ArchiveName::parse);
        let inner = ArchiveName::parse(&self.entry.name);
        match (own, inner) {
            (Some(own), Some(inner)) if own != inner => Err(ArchiveError::NamesDiffer {
                path: self.path.clone(),
                inner: self.entry.name.clone(),
            }),
            (own, inner) => Ok(own.or(inner)),
        }
    }

    /// How large it is, packed.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Reads all of it as such contents of such a time. `read` counts the bytes, packed.
    ///
    /// # Errors
    /// When it is damaged, larger than it may be, or a line is not what the contents have.
    pub(crate) fn check(
        self,
        contents: Contents,
        name: Option<&ArchiveName>,
        read: &Arc<AtomicU64>,
    ) -> Result<Checked, ArchiveError> {
        check::check(self, contents, name, read)
    }

    /// Its text from the beginning.
    fn text(&self, read: &Arc<AtomicU64>) -> std::io::Result<BufReader<zip::Inflated>> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(self.entry.start))?;
        let counted = Counted {
            file,
            read: Arc::clone(read),
        };
        let inflated = self.entry.inflate(counted);
        Ok(BufReader::with_capacity(256 << 10, inflated))
    }
}

impl Checked {
    /// Its rows, as the pipeline takes them.
    ///
    /// # Errors
    /// When the file cannot be read any more.
    pub(crate) fn into_rows(self) -> Result<FileRows, ArchiveError> {
        let read = Arc::new(AtomicU64::new(0));
        let text = self
            .archive
            .text(&read)
            .map_err(|source| ArchiveError::Read {
                path: self.archive.path.clone(),
                source,
            })?;
        let columns = check::columns(self.contents, self.unit, self.fields);
        let lines = ArchiveLines::new(&self.archive.path, text, self.header)?;
        Ok(FileRows {
            rows: Rows::Archive(lines),
            columns: columns.into_iter().map(str::to_owned).collect(),
            read,
            total_bytes: self.archive.size,
        })
    }
}
