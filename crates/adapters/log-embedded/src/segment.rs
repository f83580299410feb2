//! Segments as files: their names, what closes them, and where their blocks lie.

use std::path::{Path, PathBuf};

use quantflow_model::Timestamp;
use quantflow_seams::ClosedSegment;
use quantflow_wire::{LogPosition, LogRange};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::format::BlockHeader;
use crate::reader::Block;

/// A segment's name: epoch and first offset, zero-padded so that names ascend as places do.
pub(crate) fn name_of(first: LogPosition) -> String {
    format!("{:010}-{:020}", first.epoch, first.offset)
}

/// The place that a name says. `None` for what is not exactly such a name.
pub(crate) fn parse_name(name: &str) -> Option<LogPosition> {
    let (epoch, offset) = name.split_once('-')?;
    let first = LogPosition {
        epoch: epoch.parse().ok()?,
        offset: offset.parse().ok()?,
    };
    (name_of(first) == name).then_some(first)
}

/// Where a segment lies.
pub(crate) fn path_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.qlog"))
}

/// Where a segment's seal lies: written when it closes.
pub(crate) fn seal_path_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.seal"))
}

/// What a closed segment holds, kept beside it as JSON. Times are nanoseconds, so that none is
/// rounded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seal {
    range: LogRange,
    first_received: i64,
    last_received: i64,
    bytes: u64,
    sha256: String,
}

impl Seal {
    pub(crate) fn of(segment: &ClosedSegment) -> Vec<u8> {
        let seal = Self {
            range: segment.range,
            first_received: segment.first_received.nanos(),
            last_received: segment.last_received.nanos(),
            bytes: segment.bytes,
            sha256: segment.sha256.clone(),
        };
        // numbers and strings always have a form in JSON
        serde_json::to_vec_pretty(&seal).unwrap_or_default()
    }

    /// The segment that a seal speaks of; `None` when it is not a seal of the segment `name`.
    pub(crate) fn read(bytes: &[u8], name: &str) -> Option<ClosedSegment> {
        let seal: Self = serde_json::from_slice(bytes).ok()?;
        let fits = parse_name(name) == Some(seal.range.from)
            && seal.range.from.epoch == seal.range.to.epoch
            && seal.range.from < seal.range.to;
        fits.then(|| ClosedSegment {
            name: name.to_owned(),
            range: seal.range,
            first_received: Timestamp::from_nanos(seal.first_received),
            last_received: Timestamp::from_nanos(seal.last_received),
            bytes: seal.bytes,
            sha256: seal.sha256,
        })
    }
}

/// SHA-256 in hex.
pub(crate) fn hex(hasher: Sha256) -> String {
    hasher
        .finalize()
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// Where a block lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlockEntry {
    pub(crate) at: u64,
    pub(crate) length: u32,
    pub(crate) raw: u32,
    pub(crate) count: u32,
    pub(crate) first: u64,
}

impl BlockEntry {
    pub(crate) fn new(at: u64, header: &BlockHeader) -> Self {
        Self {
            at,
            length: header.length() as u32,
            raw: header.raw,
            count: header.count,
            first: header.first,
        }
    }

    /// Offset after its last record.
    pub(crate) const fn end(&self) -> u64 {
        self.first + self.count as u64
    }
}

impl From<&Block<'_>> for BlockEntry {
    fn from(block: &Block<'_>) -> Self {
        Self::new(block.at, &block.header)
    }
}

/// The blocks of a segment, and the places where one is damaged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Index {
    pub(crate) blocks: Vec<BlockEntry>,
    /// Byte and description, ascending.
    pub(crate) damage: Vec<(u64, String)>,
}

impl Index {
    /// The blocks from the one on that holds `offset`; as many as give about `raw` bytes, at least
    /// one. They lie one after another in the file.
    ///
    /// # Errors
    /// The byte and the description of the damage in which `offset` was lost.
    pub(crate) fn find(&self, offset: u64, raw: usize) -> Result<&[BlockEntry], (u64, String)> {
        let start = self.blocks.partition_point(|block| block.end() <= offset);
        let Some(first) = self
            .blocks
            .get(start)
            .filter(|first| first.first <= offset || (start == 0 && self.damage.is_empty()))
        else {
            return Err(self.lost_at(start));
        };
        let mut sum = first.raw as usize;
        let mut end = start + 1;
        while let Some(block) = self.blocks.get(end) {
            let before = &self.blocks[end - 1];
            let follows =
                block.at == before.at + u64::from(before.length) && block.first == before.end();
            sum += block.raw as usize;
            if !follows || sum > raw {
                break;
            }
            end += 1;
        }
        Ok(&self.blocks[start..end])
    }

    /// The damage before block number `next`.
    fn lost_at(&self, next: usize) -> (u64, String) {
        let after = next
            .checked_sub(1)
            .and_then(|before| self.blocks.get(before))
            .map_or(0, |block| block.at + u64::from(block.length));
        self.damage
            .iter()
            .find(|(at, _)| *at >= after)
            .cloned()
            .unwrap_or((after, "the segment ends too early".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_ascend_as_places_do_and_nothing_else_is_a_name() {
        let places = [
            (0, 0),
            (0, 9),
            (0, 10),
            (1, 0),
            (10, 3),
            (u32::MAX, u64::MAX),
        ];
        let names: Vec<_> = places
            .map(|(epoch, offset)| LogPosition { epoch, offset })
            .iter()
            .map(|place| {
                let name = name_of(*place);
                assert_eq!(parse_name(&name), Some(*place));
                name
            })
            .collect();
        assert!(names.is_sorted());
        for other in ["", "-", "0-0", "0000000000-+0000000000000000001", "a-b"] {
            assert_eq!(parse_name(other), None, "{other}");
        }
    }

    #[test]
    fn a_seal_comes_back_and_is_not_taken_for_another_segments() {
        let segment = ClosedSegment {
            name: "0000000001-00000000000000000005".to_owned(),
            range: LogRange {
                from: LogPosition {
                    epoch: 1,
                    offset: 5,
                },
                to: LogPosition {
                    epoch: 1,
                    offset: 7,
                },
            },
            first_received: Timestamp::from_nanos(i64::MIN),
            last_received: Timestamp::from_nanos(1),
            bytes: 300,
            sha256: hex(Sha256::new_with_prefix(b"")),
        };
        let seal = Seal::of(&segment);
        assert_eq!(Seal::read(&seal, &segment.name), Some(segment.clone()));
        assert_eq!(Seal::read(&seal, "0000000001-00000000000000000006"), None);
        assert_eq!(Seal::read(&seal[1..], &segment.name), None);
        assert_eq!(
            segment.sha256,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    fn entry(at: u64, first: u64) -> BlockEntry {
        BlockEntry {
            at,
            length: 100,
            raw: 1_000,
            count: 10,
            first,
        }
    }

    #[test]
    fn blocks_are_found_by_offset_and_holes_by_their_damage() {
        let index = Index {
            blocks: vec![entry(96, 0), entry(196, 10), entry(396, 30), entry(496, 40)],
            damage: vec![(296, "hit".to_owned())],
        };
        assert_eq!(index.find(0, 0).unwrap(), &index.blocks[..1]);
        assert_eq!(index.find(5, 2_000).unwrap(), &index.blocks[..2]);
        // never past a hole
        assert_eq!(index.find(12, 9_000).unwrap(), &index.blocks[1..2]);
        assert_eq!(index.find(39, 9_000).unwrap(), &index.blocks[2..]);
        assert_eq!(index.find(25, 9_000).unwrap_err(), (296, "hit".to_owned()));
        assert_eq!(index.find(50, 1).unwrap_err().0, 596);
    }
}
