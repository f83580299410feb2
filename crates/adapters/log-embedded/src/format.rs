//! The bytes of a segment: a header, then blocks one after another. All numbers little-endian.
//!
//! ```text
//! segment header, 96 bytes                     block header, 60 bytes
//!  0  magic "QFRAWLOG"                           0  marker "QBLK"
//!  8  format version, u16 (1)                    4  codec, u8 (below); 3 bytes 0
//! 10  2 bytes 0                                  8  compressed length, u32
//! 12  epoch, u32                                12  raw length, u32
//! 16  first offset, u64                         16  record count, u32
//! 24  length of the partition's name, u8        20  crc32 of the compressed payload
//! 25  the name, padded with 0 to 64 bytes       24  offset of the first record, u64
//! 89  3 bytes 0                                 32  receive time of the first record, i64 ns
//! 92  crc32 of bytes 0..92                      40  receive time of the last record, i64 ns
//!                                               48  bytes of this file known to be on disk, u64
//!                                               56  crc32 of bytes 0..56
//!                                               60  the payload
//! ```
//!
//! A payload is the bytes of a [`RecordChunk`](quantflow_wire::RecordChunk): stored (codec 0), packed
//! by zstd (1; read, not written any more), or as differences ([`delta`](crate::delta)) packed by
//! zstd (2). The header of a block
//! has a checksum of its own, so that blocks can be found without reading payloads, and a length
//! can be trusted when a payload cannot. "Bytes known to be on disk" is what tells a torn tail
//! (nothing behind it was ever promised to be durable) from a durable part that went bad.

use std::cell::RefCell;
use std::io::Cursor;

use quantflow_model::Timestamp;
use quantflow_wire::PartitionId;

use crate::delta::{self, Differ};

/// The version that this code writes and reads.
pub(crate) const VERSION: u16 = 1;
/// Length of a segment's header.
pub(crate) const SEGMENT_HEADER: usize = 96;
/// Length of a block's header.
pub(crate) const BLOCK_HEADER: usize = 60;
/// What a block begins with.
pub(crate) const MARKER: [u8; 4] = *b"QBLK";
/// A block is sealed when it is full, so it holds at most the largest record and what stood before.
pub(crate) const MAX_RAW: usize = 96 << 20;

const MAGIC: [u8; 8] = *b"QFRAWLOG";
const NAME: usize = 64;
const STORED: u8 = 0;
const ZSTD: u8 = 1;
const DIFFERENCES: u8 = 2;

/// What a segment says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentHeader {
    /// Which partition.
    pub partition: PartitionId,
    /// The epoch of all its records.
    pub epoch: u32,
    /// The offset of its first record.
    pub first_offset: u64,
}

/// Why bytes are no segment header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HeaderProblem {
    /// Damaged, cut off, or something else altogether.
    Damaged(&'static str),
    /// Whole, but of another version of the format.
    Version(u16),
}

#[inline]
fn word<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut word = [0; N];
    if let Some(found) = bytes.get(at..at + N) {
        word.copy_from_slice(found);
    }
    word
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(word(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(word(bytes, at))
}

impl SegmentHeader {
    pub(crate) fn encode(&self) -> [u8; SEGMENT_HEADER] {
        let mut bytes = [0; SEGMENT_HEADER];
        bytes[0..8].copy_from_slice(&MAGIC);
        bytes[8..10].copy_from_slice(&VERSION.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.epoch.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.first_offset.to_le_bytes());
        let name = self.partition.as_str().as_bytes();
        bytes[24] = name.len() as u8; // a partition's name has at most 64 bytes
        bytes[25..25 + name.len()].copy_from_slice(name);
        let crc = crc32fast::hash(&bytes[..92]);
        bytes[92..96].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, HeaderProblem> {
        use HeaderProblem::Damaged;
        let Some(bytes) = bytes.get(..SEGMENT_HEADER) else {
            return Err(Damaged("the header is cut off"));
        };
        if bytes[0..8] != MAGIC {
            return Err(Damaged("it does not begin as a log segment"));
        }
        if crc32fast::hash(&bytes[..92]) != u32_at(bytes, 92) {
            return Err(Damaged("the header's checksum does not match"));
        }
        let version = u16::from_le_bytes(word(bytes, 8));
        if version != VERSION {
            return Err(HeaderProblem::Version(version));
        }
        let name = bytes[25..25 + NAME].get(..usize::from(bytes[24]));
        let partition = name
            .and_then(|name| std::str::from_utf8(name).ok())
            .and_then(PartitionId::new)
            .ok_or(Damaged("the header names no partition"))?;
        Ok(Self {
            partition,
            epoch: u32_at(bytes, 12),
            first_offset: u64_at(bytes, 16),
        })
    }
}

/// The header of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlockHeader {
    codec: u8,
    pub(crate) compressed: u32,
    pub(crate) raw: u32,
    pub(crate) count: u32,
    payload_crc: u32,
    /// Offset of the first record.
    pub(crate) first: u64,
    pub(crate) first_received: Timestamp,
    pub(crate) last_received: Timestamp,
    /// How many bytes of the file were known to be on disk when the block was written.
    pub(crate) synced: u64,
}

impl BlockHeader {
    /// Reads a header, which is all that is needed to find the next one.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, &'static str> {
        let Some(bytes) = bytes.get(..BLOCK_HEADER) else {
            return Err("the block's header is cut off");
        };
        if bytes[0..4] != MARKER {
            return Err("no block begins here");
        }
        if crc32fast::hash(&bytes[..56]) != u32_at(bytes, 56) {
            return Err("the checksum of the block's header does not match");
        }
        let header = Self {
            codec: bytes[4],
            compressed: u32_at(bytes, 8),
            raw: u32_at(bytes, 12),
            count: u32_at(bytes, 16),
            payload_crc: u32_at(bytes, 20),
            first: u64_at(bytes, 24),
            first_received: Timestamp::from_nanos(i64::from_le_bytes(word(bytes, 32))),
            last_received: Timestamp::from_nanos(i64::from_le_bytes(word(bytes, 40))),
            synced: u64_at(bytes, 48),
        };
        let lengths = header.raw as usize <= MAX_RAW && header.compressed <= header.raw;
        let records = header.count > 0 && header.first.checked_add(header.count.into()).is_some();
        if !lengths || !records {
            return Err("the block's lengths are impossible");
        }
        Ok(header)
    }

    /// Length of the whole block in the file.
    pub(crate) const fn length(&self) -> usize {
        BLOCK_HEADER + self.compressed as usize
    }

    /// Offset after the last record.
    pub(crate) const fn end(&self) -> u64 {
        self.first + self.count as u64 // checked when it was decoded
    }

    pub(crate) fn check(&self, payload: &[u8]) -> Result<(), &'static str> {
        if payload.len() != self.compressed as usize {
            return Err("the block is cut off");
        }
        if crc32fast::hash(payload) != self.payload_crc {
            return Err("the block's checksum does not match");
        }
        Ok(())
    }

    /// Checks the payload and adds its raw bytes to `out`; leaves `out` as it was on an error.
    pub(crate) fn unpack(&self, payload: &[u8], out: &mut Vec<u8>) -> Result<(), &'static str> {
        self.check(payload)?;
        let (start, raw) = (out.len(), self.raw as usize);
        match self.codec {
            STORED => out.extend_from_slice(payload),
            ZSTD => unpack_zstd(payload, raw, out),
            DIFFERENCES => unpack_differences(payload, raw, out),
            _ => return Err("the block is of a codec that this version does not know"),
        }
        if out.len() != start + raw {
            out.truncate(start);
            return Err("the block does not unpack to its length");
        }
        Ok(())
    }
}

thread_local! {
    /// Its memory is larger than most payloads, so each thread that reads keeps one.
    static UNPACKER: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
    /// What was unpacked of differences.
    static UNPACKED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Adds at most `raw` bytes to `out`; what does not unpack adds nothing.
fn unpack_differences(payload: &[u8], raw: usize, out: &mut Vec<u8>) {
    let start = out.len();
    UNPACKED.with_borrow_mut(|differences| {
        differences.clear();
        unpack_zstd(payload, delta::most(raw), differences);
        out.reserve_exact(raw);
        if delta::read(differences, raw, out).is_none() {
            out.truncate(start);
        }
        // a block of one large record is seldom: its memory is not kept
        differences.shrink_to(1 << 20);
    });
}

/// Adds at most `raw` bytes to `out`; what does not unpack adds nothing.
fn unpack_zstd(payload: &[u8], raw: usize, out: &mut Vec<u8>) {
    let start = out.len();
    out.reserve_exact(raw);
    UNPACKER.with_borrow_mut(|unpacker| {
        if unpacker.is_none() {
            *unpacker = zstd::bulk::Decompressor::new().ok();
        }
        let Some(unpacker) = unpacker else { return };
        // into the room behind what is there, which need not be zeroed first
        let mut room = Cursor::new(std::mem::take(out));
        room.set_position(start as u64);
        let unpacked = unpacker.decompress_to_buffer(payload, &mut room);
        *out = room.into_inner();
        if unpacked.is_err() {
            out.truncate(start);
        }
    });
}

/// What a block is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockMeta {
    pub(crate) count: u32,
    pub(crate) first: u64,
    pub(crate) first_received: Timestamp,
    pub(crate) last_received: Timestamp,
    pub(crate) synced: u64,
}

/// Makes blocks; keeps the compressor's memory.
pub(crate) struct BlockEncoder {
    differ: Differ,
    differences: Vec<u8>,
    zstd: zstd::bulk::Compressor<'static>,
    packed: Vec<u8>,
}

impl std::fmt::Debug for BlockEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BlockEncoder")
    }
}

impl BlockEncoder {
    pub(crate) fn new(level: i32) -> std::io::Result<Self> {
        Ok(Self {
            differ: Differ::default(),
            differences: Vec::new(),
            zstd: zstd::bulk::Compressor::new(level)?,
            packed: Vec::new(),
        })
    }

    /// Adds a block to `out`. A payload that does not shrink is stored as it is.
    pub(crate) fn encode(&mut self, meta: BlockMeta, raw: &[u8], out: &mut Vec<u8>) {
        debug_assert!(raw.len() <= MAX_RAW && meta.count > 0);
        // no more room than the raw bytes take: what does not shrink fails or is not shorter
        self.packed.clear();
        self.packed.reserve(raw.len());
        self.differ.write(raw, &mut self.differences);
        let packed = self
            .zstd
            .compress_to_buffer(&self.differences, &mut self.packed);
        let (codec, bytes) = match packed {
            Ok(length) if length < raw.len() => (DIFFERENCES, self.packed.as_slice()),
            _ => (STORED, raw),
        };
        let payload_crc = crc32fast::hash(bytes);
        let compressed = bytes.len() as u32;
        let start = out.len();
        let payload = start + BLOCK_HEADER;
        out.resize(payload, 0);
        out.extend_from_slice(bytes);
        let header = &mut out[start..payload];
        header[0..4].copy_from_slice(&MARKER);
        header[4] = codec;
        header[8..12].copy_from_slice(&compressed.to_le_bytes());
        header[12..16].copy_from_slice(&(raw.len() as u32).to_le_bytes());
        header[16..20].copy_from_slice(&meta.count.to_le_bytes());
        header[20..24].copy_from_slice(&payload_crc.to_le_bytes());
        header[24..32].copy_from_slice(&meta.first.to_le_bytes());
        header[32..40].copy_from_slice(&meta.first_received.nanos().to_le_bytes());
        header[40..48].copy_from_slice(&meta.last_received.nanos().to_le_bytes());
        header[48..56].copy_from_slice(&meta.synced.to_le_bytes());
        let crc = crc32fast::hash(&header[..56]);
        header[56..60].copy_from_slice(&crc.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> SegmentHeader {
        SegmentHeader {
            partition: PartitionId::new("binance-0").unwrap(),
            epoch: 7,
            first_offset: 1 << 40,
        }
    }

    fn meta() -> BlockMeta {
        BlockMeta {
            count: 3,
            first: 99,
            first_received: Timestamp::from_nanos(-1),
            last_received: Timestamp::from_nanos(5),
            synced: 96,
        }
    }

    #[test]
    fn a_segment_header_comes_back_and_every_flipped_bit_is_seen() {
        let bytes = header().encode();
        assert_eq!(SegmentHeader::decode(&bytes), Ok(header()));
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes;
            damaged[bit / 8] ^= 1 << (bit % 8);
            let problem = SegmentHeader::decode(&damaged).unwrap_err();
            assert!(matches!(problem, HeaderProblem::Damaged(_)), "bit {bit}");
        }
        for cut in 0..bytes.len() {
            let problem = SegmentHeader::decode(&bytes[..cut]).unwrap_err();
            assert_eq!(problem, HeaderProblem::Damaged("the header is cut off"));
        }
    }

    #[test]
    fn another_version_is_told_from_damage() {
        let mut bytes = header().encode();
        bytes[8] = 2;
        let crc = crc32fast::hash(&bytes[..92]);
        bytes[92..96].copy_from_slice(&crc.to_le_bytes());
        assert_eq!(
            SegmentHeader::decode(&bytes),
            Err(HeaderProblem::Version(2))
        );
    }

    #[test]
    fn blocks_come_back_packed_or_stored() {
        let mut encoder = BlockEncoder::new(1).unwrap();
        let mut state = 1_u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as u8
        })
        .take(999)
        .collect();
        for (raw, codec) in [
            (vec![7; 10_000], DIFFERENCES),
            (noise, STORED),
            (vec![1], STORED),
        ] {
            let mut out = b"before".to_vec();
            encoder.encode(meta(), &raw, &mut out);
            let header = BlockHeader::decode(&out[6..]).unwrap();
            assert_eq!(header.codec, codec);
            assert_eq!(6 + header.length(), out.len());
            assert_eq!((header.first, header.end(), header.synced), (99, 102, 96));
            let mut unpacked = b"x".to_vec();
            header
                .unpack(&out[6 + BLOCK_HEADER..], &mut unpacked)
                .unwrap();
            assert_eq!(unpacked[1..], raw);
        }
    }

    #[test]
    fn blocks_of_the_first_codec_are_read() {
        let raw = vec![7; 600];
        let mut block = Vec::new();
        let mut encoder = BlockEncoder::new(1).unwrap();
        encoder.encode(meta(), &raw, &mut block);
        let payload = encoder.zstd.compress(&raw).unwrap();
        let header = BlockHeader {
            codec: ZSTD,
            compressed: payload.len() as u32,
            payload_crc: crc32fast::hash(&payload),
            ..BlockHeader::decode(&block).unwrap()
        };
        let mut unpacked = Vec::new();
        header.unpack(&payload, &mut unpacked).unwrap();
        assert_eq!(unpacked, raw);
    }

    #[test]
    fn every_flipped_bit_of_a_block_is_seen() {
        let mut block = Vec::new();
        BlockEncoder::new(1)
            .unwrap()
            .encode(meta(), &[7; 600], &mut block);
        for bit in 0..block.len() * 8 {
            let mut damaged = block.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let whole = BlockHeader::decode(&damaged)
                .and_then(|header| header.unpack(&damaged[BLOCK_HEADER..], &mut Vec::new()));
            assert!(whole.is_err(), "bit {bit}");
        }
    }
}
