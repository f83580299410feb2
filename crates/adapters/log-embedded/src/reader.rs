//! [`SegmentReader`]: the records of a segment out of its bytes, without any I/O.

use quantflow_wire::{LogPosition, RecordChunk};

use crate::format::{
    BLOCK_HEADER, BlockHeader, HeaderProblem, MARKER, SEGMENT_HEADER, SegmentHeader,
};

/// Bytes that are no segment, or a damaged part of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SegmentError {
    /// The header is damaged, cut off, or of something else.
    #[error("not a log segment: {0}")]
    Header(&'static str),
    /// A format that this version does not read.
    #[error("format version {0} of the log is not known here (1 is): use a newer quantflow")]
    Version(u16),
    /// A block is damaged.
    #[error("damaged at byte {at}: {detail}")]
    Block {
        /// The byte at which the damaged block begins.
        at: u64,
        /// How.
        detail: String,
    },
}

/// Reads a segment's bytes, which may be anything.
///
/// # Errors
/// When the bytes do not begin with the header of a segment.
pub fn read_segment(bytes: &[u8]) -> Result<SegmentReader<'_>, SegmentError> {
    let header = SegmentHeader::decode(bytes).map_err(|problem| match problem {
        HeaderProblem::Damaged(detail) => SegmentError::Header(detail),
        HeaderProblem::Version(version) => SegmentError::Version(version),
    })?;
    let walk = BlockWalk::new(bytes, header.first_offset);
    Ok(SegmentReader { header, walk })
}

/// The blocks of a segment: each with the place of its first record.
///
/// A damaged block is an error that names its byte; reading on gives the blocks behind it.
#[derive(Debug, Clone)]
pub struct SegmentReader<'a> {
    header: SegmentHeader,
    walk: BlockWalk<'a>,
}

impl SegmentReader<'_> {
    /// What the segment says of itself.
    pub const fn header(&self) -> &SegmentHeader {
        &self.header
    }
}

impl Iterator for SegmentReader<'_> {
    type Item = Result<(LogPosition, RecordChunk), SegmentError>;

    fn next(&mut self) -> Option<Self::Item> {
        let epoch = self.header.epoch;
        Some(self.walk.next()?.and_then(|block| {
            let first = LogPosition {
                epoch,
                offset: block.header.first,
            };
            Ok((first, block.unpack()?))
        }))
    }
}

/// A block in a segment's bytes, its payload not yet looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block<'a> {
    pub(crate) at: u64,
    pub(crate) header: BlockHeader,
    pub(crate) payload: &'a [u8],
}

impl Block<'_> {
    pub(crate) fn check(&self) -> Result<(), SegmentError> {
        self.header
            .check(self.payload)
            .map_err(|detail| self.damaged(detail))
    }

    fn unpack(&self) -> Result<RecordChunk, SegmentError> {
        let mut raw = Vec::new();
        self.header
            .unpack(self.payload, &mut raw)
            .map_err(|detail| self.damaged(detail))?;
        let chunk =
            RecordChunk::from_bytes(raw).map_err(|error| self.damaged(error.to_string()))?;
        if chunk.len() != self.header.count as usize {
            return Err(self.damaged("the block has another number of records than it says"));
        }
        Ok(chunk)
    }

    fn damaged(&self, detail: impl Into<String>) -> SegmentError {
        SegmentError::Block {
            at: self.at,
            detail: detail.into(),
        }
    }
}

/// Goes from block to block by their headers; after a damaged one it looks for the next marker.
#[derive(Debug, Clone)]
pub(crate) struct BlockWalk<'a> {
    bytes: &'a [u8],
    at: usize,
    expected: u64,
}

impl<'a> BlockWalk<'a> {
    /// From the first block on; it should begin with `first_offset`.
    pub(crate) const fn new(bytes: &'a [u8], first_offset: u64) -> Self {
        Self {
            bytes,
            at: SEGMENT_HEADER,
            expected: first_offset,
        }
    }

    fn block_at(&self, at: usize) -> Result<Block<'a>, &'static str> {
        let rest = self.bytes.get(at..).unwrap_or_default();
        let header = BlockHeader::decode(rest)?;
        if header.first < self.expected {
            return Err("the block repeats records that stand before it");
        }
        let payload = rest
            .get(BLOCK_HEADER..header.length())
            .ok_or("the block is cut off")?;
        Ok(Block {
            at: at as u64,
            header,
            payload,
        })
    }

    /// The next byte behind `from` at which a whole block begins, else the end.
    fn find_block(&self, from: usize) -> usize {
        let rest = self.bytes.get(from..).unwrap_or_default();
        memchr::memmem::find_iter(rest, &MARKER)
            .map(|found| from + found)
            .find(|at| self.block_at(*at).is_ok())
            .unwrap_or(self.bytes.len())
    }
}

impl<'a> Iterator for BlockWalk<'a> {
    type Item = Result<Block<'a>, SegmentError>;

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.at;
        if at >= self.bytes.len() {
            return None;
        }
        let damaged = |detail: String| {
            Some(Err(SegmentError::Block {
                at: at as u64,
                detail,
            }))
        };
        match self.block_at(at) {
            Ok(block) if block.header.first > self.expected => {
                let (from, to) = (self.expected, block.header.first);
                // the block itself comes next
                self.expected = to;
                damaged(format!("the records {from} to {} are missing", to - 1))
            }
            Ok(block) => {
                self.at = at + block.header.length();
                self.expected = block.header.end();
                Some(Ok(block))
            }
            Err(detail) => {
                self.at = self.find_block(at + 1);
                if let Ok(next) = self.block_at(self.at) {
                    // one damaged place is one error: what it held is not reported again
                    self.expected = next.header.first;
                }
                damaged(detail.to_owned())
            }
        }
    }
}
