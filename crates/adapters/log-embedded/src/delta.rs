//! Records as differences: what a block holds before zstd packs it.
//!
//! A venue's messages of one kind differ in a few digits. A record is compared with the last one
//! before it in the block whose payload is as long, eight bytes at a time; what is kept is which of
//! those words differ, and of each the span of bytes from the first that differs to the last. That
//! is a quarter of the bytes or less, so that zstd has as much less to do, and packs them better
//! than it would find out by itself.
//!
//! ```text
//! length of the control bytes, u32, little-endian
//! control, a record:
//!   0                     it stands as it is (21 bytes and its payload) in the data
//!   0x80 | slot           as the last record of that slot, but for:
//!     varint              its sequence number less the one before it plus 1, zigzag
//!     varint              its receive time less the one before it, zigzag
//!     a byte for each 64  which of eight words of the payload differ (the first lowest), and of
//!       bytes of payload  each that does, in order: first byte that differs | (bytes - 1) << 3
//! data: whole records, and the bytes of the spans; behind them what is no whole record
//! ```
//!
//! A slot is chosen by the length of the payload ([`slot_of`]); a record takes the place of the one
//! that was there.

/// Bytes before each payload, see [`RecordChunk`](quantflow_wire::RecordChunk): length u32, kind u8,
/// connection u32, sequence u32, receive time i64.
const HEADER: usize = quantflow_wire::Record::HEADER;
/// Of those, what must be equal for a record to be told by another: length, kind, connection.
const SAME: usize = 9;
const SLOTS: usize = 128;
const EMPTY: u32 = u32::MAX;

/// Memory beyond this is given back after a block that needed it: one large record is seldom.
const KEPT: usize = 8 << 20;
/// The most control bytes of a record, but for a seventh of its payload.
const MOST_CONTROL: usize = 32;

/// Makes differences; keeps its memory.
#[derive(Debug, Default)]
pub(crate) struct Differ {
    control: Room,
    data: Room,
}

/// Bytes that are filled from the beginning. What is asked for is there before it is written, so
/// that writing a byte need not look whether there is room.
#[derive(Debug, Default)]
struct Room {
    bytes: Vec<u8>,
    filled: usize,
}

impl Room {
    /// So many bytes behind what is filled.
    #[inline]
    fn next(&mut self, count: usize) -> &mut [u8] {
        let end = self.filled + count;
        if self.bytes.len() < end {
            self.bytes.resize(2 * end, 0);
        }
        &mut self.bytes[self.filled..end]
    }

    fn filled(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }
}

fn slot_of(length: usize) -> usize {
    (length ^ (length >> 7)) % SLOTS
}

/// Fewer than eight bytes as a word.
#[inline]
fn word(bytes: &[u8]) -> u64 {
    let bytes = bytes.iter().rev();
    bytes.fold(0, |word, &byte| (word << 8) | u64::from(byte))
}

#[inline]
fn length_at(bytes: &[u8]) -> Option<usize> {
    bytes
        .first_chunk::<4>()
        .map(|b| u32::from_le_bytes(*b) as usize)
}

/// Sequence number and receive time of a record.
#[inline]
fn numbers_of(record: &[u8]) -> Option<(u32, i64)> {
    let sequence = u32::from_le_bytes(*record.get(9..)?.first_chunk()?);
    let received = i64::from_le_bytes(*record.get(13..)?.first_chunk()?);
    Some((sequence, received))
}

impl Differ {
    /// Writes a block's raw bytes as differences into `out`, which is emptied first. `raw` may be
    /// anything up to 4 GiB.
    pub(crate) fn write(&mut self, raw: &[u8], out: &mut Vec<u8>) {
        self.control.filled = 0;
        self.data.filled = 0;
        let mut slots = [EMPTY; SLOTS];
        let (mut at, mut before) = (0, (0_u32, 0_i64));
        while let Some(length) = length_at(&raw[at..])
            && let Some(record) = raw[at..].get(..HEADER + length)
            && let Some(numbers) = numbers_of(record)
        {
            let slot = slot_of(length);
            let like = std::mem::replace(&mut slots[slot], at as u32);
            let like = (like != EMPTY)
                .then(|| raw.get(like as usize..)?.get(..HEADER + length))
                .flatten()
                .filter(|like| like[..SAME] == record[..SAME]);
            let control = self.control.next(MOST_CONTROL + length / 7);
            // the last span is written with what follows it in its word
            let data = self.data.next(record.len() + 8);
            if let Some(like) = like {
                let sequence = numbers.0.wrapping_sub(before.0).wrapping_sub(1);
                control[0] = 0x80 | slot as u8;
                let mut at = 1;
                at += number(i64::from(sequence.cast_signed()), &mut control[at..]);
                at += number(numbers.1.wrapping_sub(before.1), &mut control[at..]);
                let (new, old) = (&record[HEADER..], &like[HEADER..]);
                let (marks, spans) = differences(new, old, &mut control[at..], data);
                self.control.filled += at + marks;
                self.data.filled += spans;
            } else {
                control[0] = 0;
                data[..record.len()].copy_from_slice(record);
                self.control.filled += 1;
                self.data.filled += record.len();
            }
            before = numbers;
            at += record.len();
        }
        out.clear();
        out.extend_from_slice(&(self.control.filled as u32).to_le_bytes());
        out.extend_from_slice(self.control.filled());
        out.extend_from_slice(self.data.filled());
        out.extend_from_slice(&raw[at..]);
        for room in [&mut self.control, &mut self.data] {
            if room.bytes.len() > KEPT {
                room.bytes = Vec::new();
            }
        }
    }
}

/// Writes a number, zigzag and seven bits a byte; says how many bytes.
#[inline]
fn number(number: i64, out: &mut [u8]) -> usize {
    let mut left = ((number << 1) ^ (number >> 63)).cast_unsigned();
    let mut at = 0;
    while left >= 0x80 {
        out[at] = left as u8 | 0x80;
        at += 1;
        left >>= 7;
    }
    out[at] = left as u8;
    at + 1
}

/// Writes how a payload differs from another of its length; says how many bytes of control and of
/// data.
#[inline]
fn differences(new: &[u8], old: &[u8], control: &mut [u8], data: &mut [u8]) -> (usize, usize) {
    let (mut marks_at, mut filled) = (0, 0);
    for (new, old) in new.chunks(64).zip(old.chunks(64)) {
        let (mut marks, mut at) = (0, marks_at + 1);
        let mut compare = |number: usize, new: u64, old: u64| {
            let differs = new ^ old;
            if differs == 0 {
                return;
            }
            marks |= 1_u8 << number;
            let first = differs.trailing_zeros() / 8;
            let count = 8 - first - differs.leading_zeros() / 8;
            control[at] = (first | (count - 1) << 3) as u8;
            at += 1;
            // all that is left of the word, though only so many count: no copy of unknown length
            let span = (new >> (8 * first)).to_le_bytes();
            data[filled..filled + 8].copy_from_slice(&span);
            filled += count as usize;
        };
        let ((new, new_rest), (old, old_rest)) = (new.as_chunks::<8>(), old.as_chunks::<8>());
        for (number, (new, old)) in new.iter().zip(old).enumerate() {
            compare(number, u64::from_le_bytes(*new), u64::from_le_bytes(*old));
        }
        if !new_rest.is_empty() {
            compare(new.len(), word(new_rest), word(old_rest));
        }
        control[marks_at] = marks;
        marks_at = at;
    }
    (marks_at, filled)
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    #[inline]
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    #[inline]
    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    #[inline]
    fn number(&mut self) -> Option<i64> {
        let (mut number, mut shift) = (0_u64, 0);
        loop {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                let sign = (number & 1).cast_signed();
                return Some((number >> 1).cast_signed() ^ -sign);
            }
            shift += 7;
        }
    }
}

/// The most bytes that so many raw ones become: a record of 21 bytes and its payload takes at most
/// 17 of control, an eighth and a 64th of its payload more, and its payload.
pub(crate) const fn most(raw: usize) -> usize {
    raw + raw / 4 + 64
}

/// Adds the raw bytes that differences stand for to `out`. `None` when they stand for none, or for
/// more than `raw` bytes; `out` then holds rubbish behind what was there.
pub(crate) fn read(differences: &[u8], raw: usize, out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    let mut data = Reader(differences);
    let control = length_at(data.bytes(4)?)?;
    let mut control = Reader(data.bytes(control)?);
    let mut slots = [EMPTY; SLOTS];
    let mut before = (0_u32, 0_i64);
    while let Some(kind) = control.byte() {
        let at = out.len() - start;
        if kind & 0x80 == 0 {
            let length = length_at(data.0)?;
            let record = data.bytes(HEADER.checked_add(length)?)?;
            if at + record.len() > raw {
                return None;
            }
            slots[slot_of(length)] = at as u32;
            before = numbers_of(record)?;
            out.extend_from_slice(record);
            continue;
        }
        let slot = usize::from(kind & 0x7f);
        let like = std::mem::replace(&mut slots[slot], at as u32);
        if like == EMPTY {
            return None;
        }
        let like = start + like as usize;
        let length = length_at(&out[like..])?;
        if at + HEADER + length > raw {
            return None;
        }
        out.extend_from_within(like..like + HEADER + length);
        let sequence = before.0.wrapping_add(1);
        let sequence = sequence.wrapping_add(control.number()? as u32);
        let received = before.1.wrapping_add(control.number()?);
        before = (sequence, received);
        let record = &mut out[start + at..];
        record[9..13].copy_from_slice(&sequence.to_le_bytes());
        record[13..HEADER].copy_from_slice(&received.to_le_bytes());
        for part in record[HEADER..].chunks_mut(64) {
            let mut marks = control.byte()?;
            while marks != 0 {
                let word = marks.trailing_zeros() as usize;
                marks &= marks - 1;
                let span = usize::from(control.byte()?);
                let first = 8 * word + (span & 7);
                let bytes = data.bytes((span >> 3) + 1)?;
                part.get_mut(first..first + bytes.len())?
                    .copy_from_slice(bytes);
            }
        }
    }
    if out.len() - start + data.0.len() > raw {
        return None;
    }
    out.extend_from_slice(data.0);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use quantflow_model::Timestamp;
    use quantflow_wire::{Record, RecordChunk, RecordKind};

    fn there_and_back(raw: &[u8]) -> usize {
        let mut differences = vec![9; 5];
        Differ::default().write(raw, &mut differences);
        let mut again = b"before".to_vec();
        read(&differences, raw.len(), &mut again).unwrap();
        assert_eq!(&again[6..], raw);
        assert!(differences.len() <= most(raw.len()));
        if !raw.is_empty() {
            assert!(read(&differences, raw.len() - 1, &mut Vec::new()).is_none());
        }
        differences.len()
    }

    fn chunk(payloads: &[Vec<u8>]) -> RecordChunk {
        let mut chunk = RecordChunk::default();
        for (number, payload) in payloads.iter().enumerate() {
            let record = Record {
                kind: RecordKind::Text,
                received: Timestamp::from_nanos(1_700_000_000_000_000_000 + number as i64 * 999),
                connection: 1 + (number / 500) as u32,
                sequence: number as u32,
                payload,
            };
            chunk.push(&record).unwrap();
        }
        chunk
    }

    #[test]
    fn messages_of_one_kind_become_a_fraction() {
        let frame = |n: u32| {
            format!(
                "{{\"e\":\"trade\",\"E\":1723161255{n:03},\"s\":\"BTCUSDT\",\"t\":{n:07},\"p\":\"61837.63000000\",\"M\":true}}"
            )
        };
        let payloads: Vec<_> = (0..900).map(|n| frame(n).into_bytes()).collect();
        let raw = chunk(&payloads);
        let bytes = there_and_back(raw.bytes());
        assert!(
            bytes * 5 < raw.bytes().len(),
            "{bytes} of {}",
            raw.bytes().len()
        );
    }

    #[test]
    fn bytes_that_are_no_records_stand_as_they_are() {
        for raw in [
            &b""[..],
            b"x",
            &[0xff; 40],
            &[0; 21],
            &[0; 100],
            b"\x05\0\0\0 a record that is cut off",
        ] {
            there_and_back(raw);
        }
    }

    proptest! {
        #[test]
        fn any_records_come_back(payloads in proptest::collection::vec(
            proptest::collection::vec(0_u8..3, 0..40), 0..60,
        ), cut in 0_usize..30) {
            let raw = chunk(&payloads);
            let end = raw.bytes().len().saturating_sub(cut);
            there_and_back(&raw.bytes()[..end]);
        }

        #[test]
        fn rubbish_never_panics(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), control in 0_u32..220) {
            let _ = read(&bytes, 1_000, &mut Vec::new());
            if let Some(length) = bytes.first_chunk_mut::<4>() {
                *length = control.to_le_bytes();
            }
            let mut out = Vec::new();
            if read(&bytes, 1_000, &mut out).is_some() {
                prop_assert!(out.len() <= 1_000);
            }
        }

        #[test]
        fn damaged_differences_never_panic(payloads in proptest::collection::vec(
            proptest::collection::vec(0_u8..3, 0..20), 1..20,
        ), flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5)) {
            let raw = chunk(&payloads);
            let mut differences = Vec::new();
            Differ::default().write(raw.bytes(), &mut differences);
            for (at, with) in flips {
                let at = at.index(differences.len());
                differences[at] ^= with;
            }
            let mut out = Vec::new();
            if read(&differences, raw.bytes().len(), &mut out).is_some() {
                prop_assert!(out.len() <= raw.bytes().len());
            }
        }
    }
}
