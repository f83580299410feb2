//! [`RecordChunk`]: records one after another in one buffer, the unit that moves between socket,
//! log and pipeline.

use quantflow_model::Timestamp;

use crate::record::{ChunkError, Record, RecordKind};

/// Bytes before each payload: length u32, kind u8, connection u32, sequence u32, receive time i64,
/// all little-endian.
const HEADER: usize = Record::HEADER;
/// A payload is at most 64 MiB.
const MAX_PAYLOAD: usize = 64 << 20;

/// Records one after another in one buffer.
///
/// The layout of a record: payload length (u32), [`RecordKind`] (u8), connection (u32), sequence
/// (u32), receive time in nanoseconds (i64), all little-endian, then the payload.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordChunk {
    bytes: Vec<u8>,
    count: usize,
    /// Where the last record begins.
    last: usize,
}

impl RecordChunk {
    /// An empty chunk with room for so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes),
            count: 0,
            last: 0,
        }
    }

    /// Adds a record at the end.
    ///
    /// # Errors
    /// When the payload is over 64 MiB; nothing is added then.
    #[inline]
    pub fn push(&mut self, record: &Record<'_>) -> Result<(), ChunkError> {
        let length = record.payload.len();
        if length > MAX_PAYLOAD {
            return Err(ChunkError::TooLarge(length));
        }
        let mut header = [0_u8; HEADER];
        header[0..4].copy_from_slice(&(length as u32).to_le_bytes());
        header[4] = record.kind as u8;
        header[5..9].copy_from_slice(&record.connection.to_le_bytes());
        header[9..13].copy_from_slice(&record.sequence.to_le_bytes());
        header[13..21].copy_from_slice(&record.received.nanos().to_le_bytes());
        self.last = self.bytes.len();
        self.bytes.reserve(HEADER + length);
        self.bytes.extend_from_slice(&header);
        self.bytes.extend_from_slice(record.payload);
        self.count += 1;
        Ok(())
    }

    /// Takes bytes that hold whole records, as a log returns them.
    ///
    /// # Errors
    /// When the bytes are not exactly a sequence of records.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, ChunkError> {
        let (mut count, mut last, mut next) = (0, 0, 0);
        for record in RecordIter::new(&bytes) {
            count += 1;
            last = next;
            next += record?.size();
        }
        Ok(Self { bytes, count, last })
    }

    /// Adds all records of another chunk at the end.
    pub fn extend(&mut self, other: &Self) {
        if !other.is_empty() {
            self.last = self.bytes.len() + other.last;
        }
        self.bytes.extend_from_slice(&other.bytes);
        self.count += other.count;
    }

    /// Gives back memory when most of what was reserved is not used: for a chunk that is kept.
    pub fn shrink(&mut self) {
        if self.bytes.capacity() / 2 > self.bytes.len() {
            self.bytes.shrink_to_fit();
        }
    }

    /// How many records.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no record.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The buffer.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Empties it, keeping its memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.count = 0;
        self.last = 0;
    }

    /// The first record.
    pub fn first(&self) -> Option<Record<'_>> {
        self.iter().next()
    }

    /// The last record, without going through all of them.
    pub fn last(&self) -> Option<Record<'_>> {
        RecordIter::new(&self.bytes[self.last..]).next()?.ok()
    }

    /// All records in order. (A chunk holds only whole records.)
    pub fn iter(&self) -> impl Iterator<Item = Record<'_>> {
        RecordIter::new(&self.bytes).map_while(Result::ok)
    }
}

/// Reads records out of bytes that may be anything.
#[derive(Debug, Clone)]
pub struct RecordIter<'a> {
    rest: &'a [u8],
    read: usize,
    failed: bool,
}

impl<'a> RecordIter<'a> {
    /// Reads from the beginning of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            read: 0,
            failed: false,
        }
    }
}

#[inline]
fn word<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

fn header(bytes: &[u8]) -> Option<(usize, u8, u32, u32, i64)> {
    Some((
        u32::from_le_bytes(word(bytes, 0)?) as usize,
        *bytes.get(4)?,
        u32::from_le_bytes(word(bytes, 5)?),
        u32::from_le_bytes(word(bytes, 9)?),
        i64::from_le_bytes(word(bytes, 13)?),
    ))
}

impl<'a> Iterator for RecordIter<'a> {
    type Item = Result<Record<'a>, ChunkError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() || self.failed {
            return None;
        }
        let record = self.read;
        self.read += 1;
        let left = self.rest.len();
        let Some((length, code, connection, sequence, received)) = header(self.rest) else {
            self.failed = true;
            return Some(Err(ChunkError::Truncated {
                record,
                needed: HEADER,
                left,
            }));
        };
        let Some(kind) = RecordKind::from_code(code) else {
            self.failed = true;
            return Some(Err(ChunkError::UnknownKind { record, code }));
        };
        let Some(payload) = self.rest.get(HEADER..HEADER + length) else {
            self.failed = true;
            return Some(Err(ChunkError::Truncated {
                record,
                needed: HEADER + length,
                left,
            }));
        };
        self.rest = &self.rest[HEADER + length..];
        let received = Timestamp::from_nanos(received);
        Some(Ok(Record {
            kind,
            received,
            connection,
            sequence,
            payload,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(payload: &[u8]) -> Record<'_> {
        Record {
            kind: RecordKind::Text,
            received: Timestamp::from_nanos(-5),
            connection: 3,
            sequence: 9,
            payload,
        }
    }

    #[test]
    fn records_come_back_as_they_went_in() {
        let mut chunk = RecordChunk::default();
        for payload in [b"one".as_slice(), b"", b"three"] {
            chunk.push(&record(payload)).unwrap();
        }
        let again = RecordChunk::from_bytes(chunk.bytes().to_vec()).unwrap();
        assert_eq!(again, chunk);
        let payloads: Vec<_> = again.iter().map(|r| r.payload).collect();
        assert_eq!(payloads, [b"one".as_slice(), b"", b"three"]);
        assert!(again.iter().all(|r| r == record(r.payload)));
    }

    #[test]
    fn an_extended_chunk_holds_both() {
        let mut chunk = RecordChunk::with_capacity(1 << 16);
        chunk.push(&record(b"one")).unwrap();
        let mut other = RecordChunk::default();
        other.push(&record(b"two")).unwrap();
        other.push(&record(b"three")).unwrap();
        chunk.extend(&other);
        chunk.shrink();
        chunk.extend(&RecordChunk::default());
        assert_eq!(chunk.len(), 3);
        assert_eq!(chunk.first().unwrap().payload, b"one");
        assert_eq!(chunk.last().unwrap().payload, b"three");
        chunk.clear();
        assert_eq!((chunk.first(), chunk.last()), (None, None));
        chunk.push(&record(b"one")).unwrap();
        assert_eq!(chunk.last(), chunk.first());
        chunk.extend(&other);
        let payloads: Vec<_> = chunk.iter().map(|r| r.payload).collect();
        assert_eq!(payloads, [b"one".as_slice(), b"two", b"three"]);
        assert_eq!(
            RecordChunk::from_bytes(chunk.bytes().to_vec()).unwrap(),
            chunk
        );
    }

    #[test]
    fn every_cut_and_every_unknown_kind_is_named() {
        let mut chunk = RecordChunk::default();
        chunk.push(&record(b"one")).unwrap();
        for cut in 1..chunk.bytes().len() {
            let error = RecordChunk::from_bytes(chunk.bytes()[..cut].to_vec()).unwrap_err();
            assert!(
                matches!(error, ChunkError::Truncated { record: 0, .. }),
                "{cut}: {error}"
            );
        }
        let mut bytes = chunk.bytes().to_vec();
        bytes[4] = 200;
        let error = RecordChunk::from_bytes(bytes).unwrap_err();
        assert_eq!(
            error,
            ChunkError::UnknownKind {
                record: 0,
                code: 200
            }
        );
    }
}
