//! Reading records from segments on disk.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use quantflow_seams::{LogError, LogSlice};
use quantflow_wire::{LogPosition, RecordChunk};

use crate::format::{BLOCK_HEADER, BlockHeader, SEGMENT_HEADER};
use crate::recover::{failed, scan_blocks};
use crate::segment::{BlockEntry, Index, name_of};

/// Reads blocks that lie one after another in the segment that begins at `segment`.
pub(crate) fn read_blocks(
    path: &Path,
    segment: LogPosition,
    blocks: &[BlockEntry],
) -> Result<LogSlice, LogError> {
    let corrupt = |at: u64, detail: &str| LogError::Corrupt {
        segment: name_of(segment),
        at,
        detail: detail.to_owned(),
    };
    let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else {
        return Err(corrupt(0, "no block was asked for"));
    };
    let length = last.at + u64::from(last.length) - first.at;
    let mut packed = Vec::with_capacity(length as usize);
    let read = File::open(path).and_then(|mut file| {
        file.seek(SeekFrom::Start(first.at))?;
        file.take(length).read_to_end(&mut packed)
    });
    read.map_err(|error| failed(path, &error))?;
    let mut raw = Vec::with_capacity(blocks.iter().map(|block| block.raw as usize).sum());
    let mut count = 0;
    for entry in blocks {
        let start = (entry.at - first.at) as usize;
        let bytes = packed.get(start..).unwrap_or_default();
        let bytes = &bytes[..bytes.len().min(entry.length as usize)];
        let unpacked = BlockHeader::decode(bytes).and_then(|header| {
            if BlockEntry::new(entry.at, &header) != *entry {
                return Err("another block is in its place");
            }
            header.unpack(&bytes[BLOCK_HEADER..], &mut raw)
        });
        match unpacked {
            Ok(()) => count += entry.count as usize,
            // what stands before the damage is read; the next read begins at the damage
            Err(_) if count > 0 => break,
            Err(detail) => return Err(corrupt(entry.at, detail)),
        }
    }
    let chunk =
        RecordChunk::from_bytes(raw).map_err(|error| corrupt(first.at, &error.to_string()))?;
    if chunk.len() != count {
        return Err(corrupt(
            first.at,
            "a block has another number of records than it says",
        ));
    }
    Ok(LogSlice {
        first: LogPosition {
            epoch: segment.epoch,
            offset: first.first,
        },
        chunk: chunk.into(),
    })
}

/// The index of a closed segment. Only headers are read; where one is damaged, the whole file, to
/// find where blocks go on.
pub(crate) fn index_of(path: &Path, segment: LogPosition) -> io::Result<Index> {
    if let Some(blocks) = index_from_headers(path, segment.offset)? {
        return Ok(Index {
            blocks,
            damage: Vec::new(),
        });
    }
    let bytes = std::fs::read(path)?;
    Ok(scan_blocks(&bytes, segment.offset, Ok(())).index)
}

/// `None` when a header is not what it should be.
fn index_from_headers(path: &Path, first: u64) -> io::Result<Option<Vec<BlockEntry>>> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    // a buffer of its own, since most of a block is skipped
    let mut reader = BufReader::with_capacity(BLOCK_HEADER, file);
    let mut at = SEGMENT_HEADER as u64;
    reader.seek(SeekFrom::Start(at))?;
    let mut blocks = Vec::new();
    let mut expected = first;
    while at < length {
        let mut bytes = [0; BLOCK_HEADER];
        if length - at < BLOCK_HEADER as u64 {
            return Ok(None);
        }
        reader.read_exact(&mut bytes)?;
        let Ok(header) = BlockHeader::decode(&bytes) else {
            return Ok(None);
        };
        let entry = BlockEntry::new(at, &header);
        at += u64::from(entry.length);
        if header.first != expected || at > length {
            return Ok(None);
        }
        expected = entry.end();
        blocks.push(entry);
        reader.seek_relative(i64::from(header.compressed))?;
    }
    Ok(Some(blocks))
}
