//! Bytes that may be anything, read as a segment of the raw log: every outcome is a record or a
//! typed error, places ascend, and it ends.
//!
//! Checksums would stop a fuzzer at the door. So the bytes are read as they are, and once more
//! with each checksum made right.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quantflow_log_embedded::read_segment;

const SEGMENT_HEADER: usize = 96;
const BLOCK_HEADER: usize = 60;

fuzz_target!(|data: &[u8]| {
    read(data);
    let mut bytes = data.to_vec();
    put_checksums_right(&mut bytes);
    read(&bytes);
});

fn read(bytes: &[u8]) {
    let Ok(reader) = read_segment(bytes) else {
        return;
    };
    let mut next = reader.header().first_offset;
    let mut steps = 0;
    for item in reader {
        steps += 1;
        // each step passes a byte, or names a hole before a block that comes next
        assert!(steps <= 2 * bytes.len() + 2, "it does not end");
        if let Ok((first, chunk)) = item {
            assert!(first.offset >= next, "a place comes twice");
            assert!(!chunk.is_empty());
            next = first.plus(chunk.len() as u64).offset;
            for record in chunk.iter() {
                let _ = (record.kind, record.payload.len());
            }
        }
    }
}

/// As the format says: at 92 of the segment's header over what stands before, at 20 of a block's
/// header over its payload, at 56 over what stands before.
fn put_checksums_right(bytes: &mut [u8]) {
    if bytes.len() < SEGMENT_HEADER {
        return;
    }
    bytes[..10].copy_from_slice(b"QFRAWLOG\x01\0");
    put(bytes, 92, 0..92);
    let mut at = SEGMENT_HEADER;
    while bytes.len() - at >= BLOCK_HEADER {
        bytes[at..at + 4].copy_from_slice(b"QBLK");
        // lengths near what is there, so that a fuzzer finds blocks behind the first
        bytes[at + 10..at + 12].fill(0);
        bytes[at + 14..at + 16].fill(0);
        let length = u32::from_le_bytes(bytes[at + 8..at + 12].try_into().unwrap()) as usize;
        let end = (at + BLOCK_HEADER + length).min(bytes.len());
        put(bytes, at + 20, at + BLOCK_HEADER..end);
        put(bytes, at + 56, at..at + 56);
        at = end;
    }
}

fn put(bytes: &mut [u8], at: usize, over: std::ops::Range<usize>) {
    let crc = crc32fast::hash(&bytes[over]);
    bytes[at..at + 4].copy_from_slice(&crc.to_le_bytes());
}
