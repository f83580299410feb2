//! Storages and folders of the tests.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use quantflow_log_embedded::{EmbeddedLog, FsyncPolicy, LogOptions, Repair, SegmentFile, Storage};
use quantflow_seams::LogError;
use quantflow_wire::LogPosition;
use tempfile::TempDir;

/// The local disk without any sync, for tests that open a log thousands of times.
#[derive(Debug)]
pub(crate) struct Unsynced;

#[derive(Debug)]
struct UnsyncedFile(File);

impl Storage for Unsynced {
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        std::fs::create_dir_all(folder)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>> {
        Ok(Box::new(UnsyncedFile(File::create(path)?)))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>> {
        let file = OpenOptions::new().write(true).open(path)?;
        Ok(Box::new(UnsyncedFile(file)))
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        std::fs::write(path, bytes)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

impl SegmentFile for UnsyncedFile {
    fn write_at(&mut self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.0.seek(SeekFrom::Start(at))?;
        self.0.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }
}

/// Small blocks and segments, written at once.
pub(crate) fn small() -> LogOptions {
    LogOptions {
        fsync: FsyncPolicy::Interval(Duration::ZERO),
        segment_bytes: 1 << 20,
        memory_bytes: 0,
        ..LogOptions::default()
    }
}

pub(crate) fn open_fast(
    folder: &Path,
    options: LogOptions,
) -> Result<(EmbeddedLog, Vec<Repair>), LogError> {
    EmbeddedLog::open_on(Arc::new(Unsynced), folder, options)
}

/// What a crash of the process leaves at this moment: a copy of the files.
pub(crate) fn copy(from: &Path) -> TempDir {
    let to = TempDir::new().unwrap();
    copy_into(from, to.path());
    to
}

fn copy_into(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy_into(&path, &target);
        } else {
            // the writer may have removed a temporary file meanwhile
            let _ = std::fs::copy(&path, &target);
        }
    }
}

/// Segments of the partition, oldest first.
pub(crate) fn segments(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = std::fs::read_dir(folder.join("binance-0"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "qlog"))
        .collect();
    paths.sort();
    paths
}

pub(crate) const fn place(epoch: u32, offset: u64) -> LogPosition {
    LogPosition { epoch, offset }
}
