//! Opening a partition's folder: what is there, and where the log goes on.
//!
//! `scan` reads what a segment holds, `repair` does what must be done about what a crash left.

mod repair;
mod scan;

use std::io;
use std::path::Path;
use std::sync::Arc;

use quantflow_seams::{ClosedSegment, LogError};
use quantflow_wire::{LogPosition, PartitionId};
use sha2::{Digest, Sha256};

use crate::format::{HeaderProblem, SegmentHeader};
use crate::open_segment::{CleanEnd, OpenSegment};
use crate::partition::{OpenIndex, Partition};
use crate::reader::SegmentError;
use crate::repair::Repair;
use crate::segment::{Index, Seal, name_of, parse_name, path_of, seal_path_of};
use crate::storage::Storage;

pub(crate) use scan::scan_blocks;

use scan::Scan;

/// A partition as it was found, and the segment to write on.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) partition: Partition,
    pub(crate) segment: OpenSegment,
    pub(crate) repairs: Vec<Repair>,
}

/// Opens a partition's folder. `None` when no segment was ever begun in it.
pub(crate) fn recover(
    storage: &dyn Storage,
    id: &PartitionId,
    folder: &Path,
) -> Result<Option<Recovered>, LogError> {
    let mut recovery = Recovery {
        storage,
        id,
        folder,
        repairs: Vec::new(),
        closed: Vec::new(),
    };
    let names = recovery.list()?;
    let Some((last, earlier)) = names.split_last() else {
        return Ok(None);
    };
    let clean = recovery.take_clean_end()?;
    for name in earlier {
        recovery.closed_segment(name, false)?;
    }
    let end = recovery.last_segment(last, clean.as_ref())?;
    recovery.note_holes(&end);
    recovery.assemble(end).map(Some)
}

/// How the log goes on.
#[derive(Debug)]
enum End {
    /// In the segment that was written last.
    Continue {
        first: LogPosition,
        scan: Scan,
        bytes: u64,
        hasher: Sha256,
    },
    /// In a new segment, of a new epoch.
    Begin {
        at: LogPosition,
        drop: Option<String>,
    },
}

impl End {
    fn first(&self) -> LogPosition {
        match self {
            Self::Continue { first, .. } => *first,
            Self::Begin { at, .. } => *at,
        }
    }
}

#[derive(Debug)]
struct Recovery<'a> {
    storage: &'a dyn Storage,
    id: &'a PartitionId,
    folder: &'a Path,
    repairs: Vec<Repair>,
    closed: Vec<ClosedSegment>,
}

impl Recovery<'_> {
    /// Names of the segments, ascending. What a crash left half made is removed.
    fn list(&mut self) -> Result<Vec<String>, LogError> {
        let mut names = Vec::new();
        let mut seals = Vec::new();
        let entries =
            std::fs::read_dir(self.folder).map_err(|error| failed(self.folder, &error))?;
        for entry in entries {
            let path = entry.map_err(|error| failed(self.folder, &error))?.path();
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            let name = stem.filter(|stem| parse_name(stem).is_some());
            match (path.extension().and_then(|e| e.to_str()), name) {
                (Some("qlog"), Some(name)) => names.push(name.to_owned()),
                (Some("seal"), Some(name)) => seals.push(name.to_owned()),
                (Some("tmp"), _) => self.remove(&path)?,
                _ => {}
            }
        }
        names.sort_unstable();
        for seal in seals {
            if names.binary_search(&seal).is_err() {
                // retention removes the segment first; a segment that is missed is a hole
                self.remove(&seal_path_of(self.folder, &seal))?;
            }
        }
        Ok(names)
    }

    fn remove(&self, path: &Path) -> Result<(), LogError> {
        self.storage
            .remove(path)
            .map_err(|error| failed(path, &error))
    }

    /// The note that the log was closed in good order. It holds once: from here on it is not.
    fn take_clean_end(&self) -> Result<Option<CleanEnd>, LogError> {
        let path = self.folder.join(CleanEnd::FILE);
        let clean = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).ok(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(&path, &error)),
        };
        self.remove(&path)?;
        Ok(clean)
    }

    fn scan(&self, name: &str, bytes: &[u8]) -> Result<Scan, LogError> {
        let first = parse_name(name).unwrap_or_default(); // only names that parse are listed
        let header = match SegmentHeader::decode(bytes) {
            Ok(header) if header.partition != *self.id => {
                Err("the header names another partition than the folder")
            }
            Ok(header) if (header.epoch, header.first_offset) != (first.epoch, first.offset) => {
                Err("the header names another place than the file")
            }
            Ok(_) => Ok(()),
            Err(HeaderProblem::Damaged(detail)) => Err(detail),
            Err(HeaderProblem::Version(version)) => {
                return Err(LogError::Failed {
                    place: path_of(self.folder, name).display().to_string(),
                    detail: SegmentError::Version(version).to_string(),
                });
            }
        };
        Ok(scan_blocks(bytes, first.offset, header))
    }

    /// A segment with another one behind it.
    fn closed_segment(&mut self, name: &str, is_last: bool) -> Result<(), LogError> {
        let path = path_of(self.folder, name);
        let length = std::fs::metadata(&path)
            .map_err(|error| failed(&path, &error))?
            .len();
        let seal = std::fs::read(seal_path_of(self.folder, name))
            .ok()
            .and_then(|seal| Seal::read(&seal, name));
        if let Some(closed) = seal {
            if closed.bytes != length {
                self.repairs.push(Repair::Damaged {
                    partition: self.id.clone(),
                    segment: name.to_owned(),
                    at: length.min(closed.bytes),
                    detail: format!("it has {length} bytes, {} when it closed", closed.bytes),
                });
            }
            self.closed.push(closed);
            return Ok(());
        }
        let bytes = read(&path)?;
        let scan = self.scan(name, &bytes)?;
        self.close(name, &bytes, &scan, !is_last)
    }

    /// The segment that was written last.
    fn last_segment(&mut self, name: &str, clean: Option<&CleanEnd>) -> Result<End, LogError> {
        let first = parse_name(name).unwrap_or_default();
        let seal = seal_path_of(self.folder, name);
        if seal.exists() {
            // it was closed, and then there was no time for the next one
            self.closed_segment(name, true)?;
            let to = self.closed.last().map_or(first, |closed| closed.range.to);
            self.note_lost_end(to, clean);
            return self.begin(to, None);
        }
        let path = path_of(self.folder, name);
        let mut bytes = read(&path)?;
        let mut scan = self.scan(name, &bytes)?;
        let blocks_or_header = scan.header.is_ok() || !scan.index.blocks.is_empty();
        if let (Err(detail), true) = (scan.header, blocks_or_header) {
            bytes = self.rewrite_header(name, bytes, first, detail)?;
            scan = self.scan(name, &bytes)?;
        }
        if blocks_or_header {
            scan = self.cut_tail(name, &mut bytes, scan)?;
        }
        let end = LogPosition {
            epoch: first.epoch,
            offset: scan.end,
        };
        let is_clean = clean.is_some_and(|clean| {
            clean.end == end && clean.segment == name && clean.bytes == bytes.len() as u64
        });
        if is_clean && scan.index.damage.is_empty() && scan.header.is_ok() {
            let hasher = Sha256::new_with_prefix(&bytes);
            let bytes = bytes.len() as u64;
            return Ok(End::Continue {
                first,
                scan,
                bytes,
                hasher,
            });
        }
        self.note_lost_end(end, clean);
        let empty = scan.span.is_none();
        if empty {
            self.dropped(name, bytes.len() as u64, scan.header);
        }
        self.close(name, &bytes, &scan, false)?;
        // an empty one goes when the next stands, so that the epoch is never forgotten
        self.begin(end, empty.then(|| name.to_owned()))
    }

    /// A new epoch: records may have been seen that are lost, and their places are not used again.
    fn begin(&self, end: LogPosition, drop: Option<String>) -> Result<End, LogError> {
        let epoch = end.epoch.checked_add(1).ok_or_else(|| LogError::Failed {
            place: self.folder.display().to_string(),
            detail: "no epoch is left".to_owned(),
        })?;
        let at = LogPosition {
            epoch,
            offset: end.offset,
        };
        Ok(End::Begin { at, drop })
    }

    fn assemble(self, end: End) -> Result<Recovered, LogError> {
        let start = self
            .closed
            .first()
            .map_or(end.first(), |closed| closed.range.from);
        let (place, index, segment) = match end {
            End::Continue {
                first,
                scan,
                bytes,
                hasher,
            } => {
                let path = path_of(self.folder, &name_of(first));
                let file = self
                    .storage
                    .open(&path)
                    .map_err(|error| failed(&path, &error))?;
                let place = LogPosition {
                    epoch: first.epoch,
                    offset: scan.end,
                };
                let segment = OpenSegment {
                    file,
                    first,
                    span: scan.span,
                    settled: bytes,
                    hasher,
                };
                (place, scan.index, segment)
            }
            End::Begin { at, drop } => {
                let segment = OpenSegment::create(self.storage, self.id, self.folder, at)
                    .map_err(|error| failed(&path_of(self.folder, &name_of(at)), &error))?;
                if let Some(empty) = drop {
                    self.remove(&path_of(self.folder, &empty))?;
                }
                (at, Index::default(), segment)
            }
        };
        let last_record = match self.closed.last() {
            _ if place > segment.first => place,
            Some(closed) => closed.range.to,
            None if place.offset == 0 => LogPosition::START,
            None => place,
        };
        let partition = Partition::new(self.id.clone(), self.folder.to_owned(), place);
        {
            let mut state = partition.state();
            state.start = start.min(last_record);
            state.end = last_record;
            state.durable = last_record;
            state.closed = self.closed.into_iter().map(Arc::new).collect();
            state.open = Some(OpenIndex {
                first: segment.first,
                index,
            });
        }
        Ok(Recovered {
            partition,
            segment,
            repairs: self.repairs,
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, LogError> {
    std::fs::read(path).map_err(|error| failed(path, &error))
}

pub(crate) fn failed(path: &Path, error: &io::Error) -> LogError {
    let place = path.display().to_string();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => LogError::Full { place },
        _ => LogError::Failed {
            place,
            detail: error.to_string(),
        },
    }
}
