//! What is lost with a damaged part of a segment: neither less nor more than there was.

use quantflow_log_embedded::{DamagedPart, damaged_parts};
use quantflow_model::Timestamp;
use quantflow_wire::LogRange;

use crate::damage::{Crashed, crashed};
use crate::disk::place;

impl Crashed {
    /// What the whole segment holds.
    fn range(&self) -> LogRange {
        LogRange {
            from: place(0, 0),
            to: place(0, self.records.len() as u64),
        }
    }

    /// When a record was received.
    fn received(&self, offset: u64) -> Option<Timestamp> {
        let at = usize::try_from(offset).unwrap();
        self.records.iter().nth(at).map(|record| record.received)
    }
}

/// The records of a part, and that they were received within its times.
fn lost(crashed: &Crashed, part: &DamagedPart) -> (u64, u64) {
    let (from, to) = (part.records.from.offset, part.records.to.offset);
    for offset in from..to {
        let received = crashed.received(offset).unwrap();
        let (first, last) = part.received;
        assert!(first.is_none_or(|first| first <= received), "{part:?}");
        assert!(last.is_none_or(|last| received <= last), "{part:?}");
    }
    (from, to)
}

#[tokio::test]
async fn a_flipped_byte_loses_the_records_of_its_block_and_no_other() {
    let crashed = crashed(8).await;
    assert_eq!(damaged_parts(&crashed.bytes, crashed.range()), []);
    for byte in 0..crashed.bytes.len() {
        for mask in [1, 0x80] {
            let mut bytes = crashed.bytes.clone();
            bytes[byte] ^= mask;
            let parts = damaged_parts(&bytes, crashed.range());
            assert_eq!(parts.len(), 1, "byte {byte}: {parts:?}");
            let part = &parts[0];
            let Some(block) = crashed.block_of(byte) else {
                // the segment's own header: the blocks behind it are all there
                assert_eq!((&part.bytes, lost(&crashed, part)), (&(0..96), (0, 0)));
                continue;
            };
            let [(begin, first), (end, after)] = crashed.blocks[block..block + 2] else {
                unreachable!()
            };
            assert_eq!(part.bytes, begin as u64..end as u64, "byte {byte}");
            assert_eq!(lost(&crashed, part), (first, after), "byte {byte}");
        }
    }
}

#[tokio::test]
async fn a_missing_end_loses_the_records_behind_it() {
    let crashed = crashed(8).await;
    let count = crashed.records.len() as u64;
    for cut in 96..crashed.bytes.len() {
        let parts = damaged_parts(&crashed.bytes[..cut], crashed.range());
        let (_, kept) = crashed.blocks[crashed.block_of(cut).unwrap()];
        assert_eq!(parts.len(), 1, "cut {cut}: {parts:?}");
        assert_eq!(lost(&crashed, &parts[0]), (kept, count), "cut {cut}");
        assert_eq!(parts[0].received.1, None);
    }
    // nothing at all: everything is lost, and so it is said
    let parts = damaged_parts(&[], crashed.range());
    assert_eq!(lost(&crashed, parts.last().unwrap()), (0, count));
}

#[tokio::test]
async fn a_missing_block_in_the_middle_is_a_place_without_bytes() {
    let crashed = crashed(8).await;
    let [(begin, first), (end, after)] = crashed.blocks[3..5] else {
        unreachable!()
    };
    let bytes = [&crashed.bytes[..begin], &crashed.bytes[end..]].concat();
    let parts = damaged_parts(&bytes, crashed.range());
    assert_eq!(parts.len(), 1, "{parts:?}");
    assert!(parts[0].bytes.is_empty());
    assert_eq!(lost(&crashed, &parts[0]), (first, after));
}
