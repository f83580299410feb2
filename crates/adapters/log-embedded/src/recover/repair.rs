//! Repairs of a partition's files. Each is told as a [`Repair`]; what cannot be put right is told
//! too, and stays as it is.

use quantflow_seams::{ClosedSegment, LogError};
use quantflow_wire::{LogPosition, LogRange};
use sha2::{Digest, Sha256};

use super::scan::Scan;
use super::{End, Recovery, failed};
use crate::format::{SEGMENT_HEADER, SegmentHeader};
use crate::open_segment::CleanEnd;
use crate::repair::Repair;
use crate::segment::{Seal, hex, parse_name, path_of, seal_path_of};

impl Recovery<'_> {
    /// Closes a segment as it is, damage and all; one without a record is dropped.
    pub(super) fn close(
        &mut self,
        name: &str,
        bytes: &[u8],
        scan: &Scan,
        drop: bool,
    ) -> Result<(), LogError> {
        let from = parse_name(name).unwrap_or_default();
        let Some(span) = scan.span else {
            if drop {
                self.dropped(name, bytes.len() as u64, scan.header);
                self.remove(&path_of(self.folder, name))?;
            }
            return Ok(());
        };
        for (at, detail) in &scan.index.damage {
            self.repairs.push(Repair::Damaged {
                partition: self.id.clone(),
                segment: name.to_owned(),
                at: *at,
                detail: detail.clone(),
            });
        }
        let closed = ClosedSegment {
            name: name.to_owned(),
            range: LogRange {
                from,
                to: LogPosition {
                    epoch: from.epoch,
                    offset: scan.end,
                },
            },
            first_received: span.first,
            last_received: span.last,
            bytes: bytes.len() as u64,
            sha256: hex(Sha256::new_with_prefix(bytes)),
        };
        let seal = seal_path_of(self.folder, name);
        self.storage
            .replace(&seal, &Seal::of(&closed))
            .map_err(|error| failed(&seal, &error))?;
        self.closed.push(closed);
        Ok(())
    }

    pub(super) fn dropped(&mut self, name: &str, bytes: u64, header: Result<(), &'static str>) {
        // a whole header and nothing else is what a segment without records looks like
        if let Err(detail) = header {
            self.repairs.push(Repair::SegmentDropped {
                partition: self.id.clone(),
                segment: name.to_owned(),
                bytes,
                detail: detail.to_owned(),
            });
        } else if bytes > SEGMENT_HEADER as u64 {
            self.repairs.push(Repair::SegmentDropped {
                partition: self.id.clone(),
                segment: name.to_owned(),
                bytes,
                detail: "it holds no whole block".to_owned(),
            });
        }
    }

    /// The log was closed in good order at a place that is not there any more.
    pub(super) fn note_lost_end(&mut self, end: LogPosition, clean: Option<&CleanEnd>) {
        if let Some(clean) = clean.filter(|clean| clean.end > end) {
            self.repairs.push(Repair::RecordsMissing {
                partition: self.id.clone(),
                range: LogRange {
                    from: end,
                    to: clean.end,
                },
            });
        }
    }

    /// Puts a damaged header right: name and folder say all that it says.
    pub(super) fn rewrite_header(
        &mut self,
        name: &str,
        mut bytes: Vec<u8>,
        first: LogPosition,
        detail: &'static str,
    ) -> Result<Vec<u8>, LogError> {
        let header = SegmentHeader {
            partition: self.id.clone(),
            epoch: first.epoch,
            first_offset: first.offset,
        }
        .encode();
        let path = path_of(self.folder, name);
        let write = || {
            let mut file = self.storage.open(&path)?;
            file.write_at(&header, 0)?;
            file.sync()
        };
        write().map_err(|error| failed(&path, &error))?;
        bytes[..SEGMENT_HEADER].copy_from_slice(&header);
        self.repairs.push(Repair::HeaderRewritten {
            partition: self.id.clone(),
            segment: name.to_owned(),
            detail: detail.to_owned(),
        });
        Ok(bytes)
    }

    /// Cuts the tail at the first bad block, unless a later block tells that the bad one was once
    /// durable: then it went bad afterwards, and what stands behind it must not be lost.
    pub(super) fn cut_tail(
        &mut self,
        name: &str,
        bytes: &mut Vec<u8>,
        scan: Scan,
    ) -> Result<Scan, LogError> {
        let torn = scan.index.damage.iter().find(|(at, _)| *at >= scan.synced);
        let Some((at, detail)) = torn.cloned() else {
            return Ok(scan);
        };
        let path = path_of(self.folder, name);
        let cut = || {
            let mut file = self.storage.open(&path)?;
            file.truncate(at)?;
            file.sync()
        };
        cut().map_err(|error| failed(&path, &error))?;
        self.repairs.push(Repair::TailCut {
            partition: self.id.clone(),
            segment: name.to_owned(),
            at,
            bytes: bytes.len() as u64 - at,
            detail,
        });
        bytes.truncate(at as usize);
        self.scan(name, bytes)
    }

    /// Names the records between segments that are gone. Reading there fails.
    pub(super) fn note_holes(&mut self, end: &End) {
        let ranges: Vec<LogRange> = self.closed.iter().map(|closed| closed.range).collect();
        let nexts = ranges.iter().skip(1).map(|range| range.from);
        for (range, next) in ranges.iter().zip(nexts.chain([end.first()])) {
            if range.to.offset < next.offset {
                self.repairs.push(Repair::RecordsMissing {
                    partition: self.id.clone(),
                    range: LogRange {
                        from: range.to,
                        to: next,
                    },
                });
            }
        }
    }
}
