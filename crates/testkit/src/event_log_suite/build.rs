//! What the cases are made of: chunks, noise, and a reader.

use quantflow_model::Timestamp;
use quantflow_seams::{EventLog, LogError};
use quantflow_wire::{LogPosition, PartitionId, Record, RecordChunk, RecordKind};

/// The partition of most cases.
pub fn partition() -> PartitionId {
    PartitionId::new("binance-0").unwrap()
}

/// A chunk of text records with the given payloads; receive times and sequences count up from
/// `number`.
pub fn chunk<P: AsRef<[u8]>>(number: u32, payloads: &[P]) -> RecordChunk {
    let mut chunk = RecordChunk::default();
    for (at, payload) in payloads.iter().enumerate() {
        let sequence = number + at as u32;
        chunk
            .push(&Record {
                kind: RecordKind::Text,
                received: Timestamp::from_millis(1_700_000_000_000 + i64::from(sequence)),
                connection: 1,
                sequence,
                payload: payload.as_ref(),
            })
            .unwrap();
    }
    chunk
}

/// Bytes that do not compress, the same for the same seed.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Reads from `from` up to the end that the log has now; checks that slices follow one another.
///
/// # Errors
/// What reading gives.
pub async fn read_to_end(
    log: &dyn EventLog,
    id: &PartitionId,
    from: LogPosition,
) -> Result<RecordChunk, LogError> {
    let end = log.end(id);
    let mut all = RecordChunk::default();
    let mut place = from;
    while place < end {
        let slice = log.read(id, place).await?;
        assert!(!slice.chunk.is_empty(), "a slice has at least one record");
        assert!(
            slice.next() > place,
            "a slice reaches past where it was asked for"
        );
        if slice.first.epoch == place.epoch {
            assert!(
                slice.first <= place,
                "a slice does not begin after it was asked for"
            );
        }
        let skip = if slice.first.epoch == place.epoch {
            (place.offset - slice.first.offset) as usize
        } else {
            0
        };
        for record in slice.chunk.iter().skip(skip) {
            all.push(&record).unwrap();
        }
        place = slice.next();
    }
    Ok(all)
}

/// Appends about 640 KiB of noise, so that segments close, and waits until it is durable.
pub(super) async fn fill(log: &dyn EventLog, id: &PartitionId) -> RecordChunk {
    let mut all = RecordChunk::default();
    for number in 0..40 {
        let part = chunk(number, &[noise(u64::from(number) + 1, 16 << 10)]);
        all.extend(&part);
        log.append(id, part).await.unwrap();
        log.wait_durable(id, log.end(id)).await.unwrap();
    }
    all
}

pub(super) const fn place(offset: u64) -> LogPosition {
    LogPosition { epoch: 0, offset }
}
