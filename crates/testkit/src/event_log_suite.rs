//! What every [`EventLog`] owes, one case a function; [`event_log_suite!`](crate::event_log_suite!)
//! makes a test of each for an engine.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use quantflow_model::Timestamp;
use quantflow_seams::{EventLog, LogError};
use quantflow_wire::{ChunkError, LogPosition, PartitionId, Record, RecordChunk, RecordKind};

use crate::memory_log::sha256;

/// Opens an engine for a case. Each harness is one log, empty at first.
///
/// Its segments close at 64 KiB of noise or less (a case appends ten times that), and it takes no
/// more than 1 MiB of records that are not written yet, where an engine has such limits.
#[async_trait]
pub trait Harness: Debug + Send + Sync {
    /// Opens the log; again, after it was closed.
    async fn open(&self) -> Arc<dyn EventLog>;
}

/// Makes a module of tests, one a case: `event_log_suite!(memory, Memory::new());`. The expression
/// gives a [`Harness`].
#[macro_export]
macro_rules! event_log_suite {
    ($engine:ident, $harness:expr) => {
        $crate::event_log_suite!(@cases $engine, $harness,
            a_new_log_is_empty,
            records_come_back_as_they_went_in,
            places_follow_one_another,
            an_empty_chunk_changes_nothing,
            a_reader_at_the_end_waits,
            a_reader_may_come_before_the_partition,
            a_read_can_be_given_up,
            reading_begins_anywhere,
            many_readers_see_the_same,
            partitions_are_apart,
            appenders_do_not_mix_their_chunks,
            what_is_durable_grows_up_to_the_end,
            more_than_the_buffer_holds_is_taken,
            a_large_record_is_taken,
            closed_segments_are_whole_and_follow_one_another,
            removed_segments_are_expired,
            a_reader_goes_through_all_segments,
            an_unknown_segment_is_refused,
            a_closed_log_takes_nothing,
            closing_wakes_who_waits,
            a_log_opened_again_goes_on,
            what_was_removed_stays_removed,
        );
    };
    (@cases $engine:ident, $harness:expr, $($case:ident,)*) => {
        mod $engine {
            use super::*;
            $(
                #[tokio::test]
                async fn $case() {
                    let harness = $harness;
                    $crate::event_log_suite::within_a_minute(
                        $crate::event_log_suite::$case(&harness)
                    ).await;
                }
            )*
        }
    };
}

/// Fails instead of waiting for ever.
///
/// # Panics
/// When the case takes longer than a minute.
pub async fn within_a_minute(case: impl Future<Output = ()>) {
    tokio::time::timeout(Duration::from_mins(1), case)
        .await
        .expect("a case ends within a minute");
}

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
async fn fill(log: &dyn EventLog, id: &PartitionId) -> RecordChunk {
    let mut all = RecordChunk::default();
    for number in 0..40 {
        let part = chunk(number, &[noise(u64::from(number) + 1, 16 << 10)]);
        all.extend(&part);
        log.append(id, part).await.unwrap();
        log.wait_durable(id, log.end(id)).await.unwrap();
    }
    all
}

const fn place(offset: u64) -> LogPosition {
    LogPosition { epoch: 0, offset }
}

/// An empty log has no partition, and stands at the start.
pub async fn a_new_log_is_empty(harness: &dyn Harness) {
    let log = harness.open().await;
    assert_eq!(log.partitions(), []);
    let id = partition();
    assert_eq!(log.start(&id), LogPosition::START);
    assert_eq!(log.end(&id), LogPosition::START);
    assert_eq!(log.durable(&id), LogPosition::START);
    assert_eq!(log.closed_segments(&id).await.unwrap(), []);
    log.wait_durable(&id, LogPosition::START).await.unwrap();
    log.remove_before(&id, place(10)).await.unwrap();
    log.close().await.unwrap();
}

/// Every kind, empty and binary payloads, numbers and times at their limits.
pub async fn records_come_back_as_they_went_in(harness: &dyn Harness) -> () {
    let log = harness.open().await;
    let id = partition();
    let payloads: [&[u8]; 4] = [b"", b"{\"e\":\"trade\"}", &[0, 255, 10], &[7; 3000]];
    let mut chunk = RecordChunk::default();
    for code in 1..=u8::MAX {
        let Some(kind) = RecordKind::from_code(code) else {
            break;
        };
        for (at, payload) in payloads.iter().enumerate() {
            let (number, received) = match at {
                0 => (0, Timestamp::MIN),
                1 => (u32::MAX, Timestamp::MAX),
                _ => (u32::from(code), Timestamp::from_nanos(-1)),
            };
            let record = Record {
                kind,
                received,
                connection: number,
                sequence: number,
                payload,
            };
            let pushed: Result<(), ChunkError> = chunk.push(&record);
            pushed.unwrap();
        }
    }
    log.append(&id, chunk.clone()).await.unwrap();
    let now = read_to_end(&*log, &id, LogPosition::START).await.unwrap();
    assert_eq!(now, chunk);
    log.close().await.unwrap();
    let log = harness.open().await;
    let later = read_to_end(&*log, &id, LogPosition::START).await.unwrap();
    assert_eq!(later, chunk);
}

/// Append returns the place of the chunk's first record, and the end moves by its length.
pub async fn places_follow_one_another(harness: &dyn Harness) {
    let log = harness.open().await;
    let id = partition();
    let mut expected = LogPosition::START;
    for length in [1_usize, 5, 2, 100] {
        let payloads = vec![b"x"; length];
        let first = log.append(&id, chunk(0, &payloads)).await.unwrap();
        assert_eq!(first, expected);
        expected = expected.plus(length as u64);
        assert_eq!(log.end(&id), expected);
    }
    assert_eq!(log.start(&id), LogPosition::START);
    assert_eq!(log.partitions(), [id]);
}

/// An empty chunk gets the place of the end and is nothing.
pub async fn an_empty_chunk_changes_nothing(harness: &dyn Harness) {
    let log = harness.open().await;
    let id = partition();
    let first = log.append(&id, RecordChunk::default()).await.unwrap();
    assert_eq!(first, LogPosition::START);
    assert_eq!(log.partitions(), []);
    log.append(&id, chunk(0, &["a", "b"])).await.unwrap();
    let first = log.append(&id, RecordChunk::default()).await.unwrap();
    assert_eq!(first, place(2));
    assert_eq!(log.end(&id), place(2));
}

/// Reading at the end gives nothing until there is a record, and then gives it.
pub async fn a_reader_at_the_end_waits(harness: &dyn Harness) {
    let log = harness.open().await;
    let id = partition();
    log.append(&id, chunk(0, &["a"])).await.unwrap();
    let reader = Arc::clone(&log);
    let mut read = Box::pin(async move { reader.read(&partition(), place(1)).await });
    assert!(
        read.as_mut().now_or_never().is_none(),
        "there is nothing yet"
    );
    log.append(&id, chunk(1, &["b"])).await.unwrap();
    let slice = read.await.unwrap();
    assert_eq!((slice.first, slice.next()), (place(1), place(2)));
    assert_eq!(*slice.chunk, chunk(1, &["b"]));
}

/// Reading a partition that has no record yet waits for its first.
pub async fn a_reader_may_come_before_the_partition(harness: &dyn Harness) {
    let log = harness.open().await;
    let id = partition();
    let reader = Arc::clone(&log);
    let mut read = Box::pin(async move { reader.read(&partition(), LogPosition::START).await });
    assert!(read.as_mut().now_or_never().is_none());
    assert_eq!(log.partitions(), [], "who reads makes no partition");
    log.append(&id, chunk(0, &["a"])).await.unwrap();
    assert_eq!(*read.await.unwrap().chunk, chunk(0, &["a"]));
}

/// A read that is dropped while it waits takes nothing away.
pub async fn a_read_can_be_given_up(harness: &dyn Harness) {
    let log = harness.open().await;
    let id = partition();
    for number in 0..3 {
        let mut given_up = Box::pin(log.read(&id, place(number)));
        assert!(given_up.as_mut().now_or_never().is_none());
        drop(given_up);
        log.append(&id, chunk(number as u32, &["x"])).await.unwrap();
    }
    let all = read_to_end(&*log, &id, LogPosition::START).await.unwrap();
    assert_eq!(all.len(), 3);
}

/// From each place, also inside a chunk, the rest is read.
pub async fn reading_begins_anywhere(harness: &dyn Harness) {
    let log = harness.open().await;
    let id = partition();
    let payloads: Vec<String> = (0..60).map(|n| format!("record {n}")).collect();
    for (at, part) in payloads.chunks(7).enumerate() {
        log.append(&id, chunk(at as u32 * 7, part)).await.unwrap();
    }
    log.close().await.unwrap();
    let log = harness.open().await;
    for from in 0..60 {
        let rest = read_to_end(&*log, &id, place(from)).await.unwrap();
        assert_eq!(rest, chunk(from as u32, &payloads[from as usize..]));
    }
}

/// Readers do not take records from each other.
pub async fn many_readers_see_the_same(harness: &dyn Harness) {
    let log = harness.open().await;
    let id = partition();
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                let mut all = RecordChunk::default();
                let mut place = LogPosition::START;
                while all.len() < 200 {
                    let slice = log.read(&partition(), place).await.unwrap();
                    // it may begin before, never after: what was read already is passed over
                    let skip = place.offset - slice.first.offset;
                    for record in slice.chunk.iter().skip(skip as usize) {
                        all.push(&record).unwrap();
                    }
                    place = slice.next();
                }
                all
            })
        })
        .collect();
    let mut expected = RecordChunk::default();
    for number in 0..200 {
        let part = chunk(number, &[format!("record {number}")]);
        expected.extend(&part);
        log.append(&id, part).await.unwrap();
        tokio::task::yield_now().await;
    }
    for reader in readers {
        assert_eq!(reader.await.unwrap(), expected);
    }
}

/// Each partition counts for itself.
pub async fn partitions_are_apart(harness: &dyn Harness) {
    let log = harness.open().await;
    let ids = ["binance-0", "binance-1", "kraken"].map(|name| PartitionId::new(name).unwrap());
    for (number, id) in ids.iter().enumerate() {
        for _ in 0..=number {
            log.append(id, chunk(number as u32, &[id.as_str()]))
                .await
                .unwrap();
        }
    }
    assert_eq!(log.partitions(), ids);
    for (number, id) in ids.iter().enumerate() {
        assert_eq!(log.end(id), place(number as u64 + 1));
        let all = read_to_end(&*log, id, LogPosition::START).await.unwrap();
        assert!(
            all.iter()
                .all(|record| record.payload == id.as_str().as_bytes())
        );
    }
}

/// A chunk's records stand together, and one appender's chunks in its order.
pub async fn appenders_do_not_mix_their_chunks(harness: &dyn Harness) {
    const APPENDERS: u32 = 8;
    const CHUNKS: u32 = 50;
    let log = harness.open().await;
    let id = partition();
    let appenders: Vec<_> = (0..APPENDERS)
        .map(|appender| {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                for number in 0..CHUNKS {
                    let payload = format!("{appender} {number}");
                    let part = chunk(0, &[&payload, &payload, &payload]);
                    log.append(&partition(), part).await.unwrap();
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for appender in appenders {
        appender.await.unwrap();
    }
    let all = read_to_end(&*log, &id, LogPosition::START).await.unwrap();
    let payloads: Vec<_> = all.iter().map(|record| record.payload.to_vec()).collect();
    assert_eq!(payloads.len() as u32, APPENDERS * CHUNKS * 3);
    let mut next = [0; APPENDERS as usize];
    for three in payloads.chunks(3) {
        assert!(
            three.iter().all(|payload| payload == &three[0]),
            "a chunk is torn"
        );
        let text = std::str::from_utf8(&three[0]).unwrap();
        let (appender, number) = text.split_once(' ').unwrap();
        let appender: usize = appender.parse().unwrap();
        assert_eq!(number.parse(), Ok(next[appender]));
        next[appender] += 1;
    }
}

/// What is durable never passes the end, and reaches it by itself.
pub async fn what_is_durable_grows_up_to_the_end(harness: &dyn Harness) {
    let log = harness.open().await;
    let id = partition();
    let mut before = LogPosition::START;
    for number in 0..20 {
        log.append(&id, chunk(number, &["x", "y"])).await.unwrap();
        let durable = log.durable(&id);
        assert!(before <= durable && durable <= log.end(&id));
        before = durable;
    }
    log.wait_durable(&id, log.end(&id)).await.unwrap();
    assert_eq!(log.durable(&id), log.end(&id));
    log.wait_durable(&id, LogPosition::START).await.unwrap();
}

/// Appending waits for room instead of failing, with no reader at all.
pub async fn more_than_the_buffer_holds_is_taken(harness: &dyn Harness) {
    let log = harness.open().await;
    let id = partition();
    let mut expected = RecordChunk::default();
    for number in 0..64 {
        let part = chunk(number, &[noise(u64::from(number) + 9, 128 << 10)]);
        expected.extend(&part);
        log.append(&id, part).await.unwrap();
    }
    let all = read_to_end(&*log, &id, LogPosition::START).await.unwrap();
    assert_eq!(all, expected);
}

/// A record larger than any buffer, between small ones.
pub async fn a_large_record_is_taken(harness: &dyn Harness) {
    let log = harness.open().await;
    let id = partition();
    let payloads = [b"small".to_vec(), noise(3, 5 << 20), b"after".to_vec()];
    log.append(&id, chunk(0, &payloads)).await.unwrap();
    let expected = chunk(0, &payloads);
    let now = read_to_end(&*log, &id, LogPosition::START).await.unwrap();
    assert!(now == expected);
    log.close().await.unwrap();
    let log = harness.open().await;
    let later = read_to_end(&*log, &id, LogPosition::START).await.unwrap();
    assert!(later == expected);
}

/// Closed segments: names ascend, ranges follow, sizes, times and hashes are those of the bytes.
pub async fn closed_segments_are_whole_and_follow_one_another(harness: &dyn Harness) {
    let log = harness.open().await;
    let id = partition();
    let all = fill(&*log, &id).await;
    let times: Vec<Timestamp> = all.iter().map(|record| record.received).collect();
    let closed = log.closed_segments(&id).await.unwrap();
    assert!(closed.len() >= 5, "{} segments closed", closed.len());
    assert!(closed.is_sorted_by(|a, b| a.name < b.name));
    let mut expected = LogPosition::START;
    for segment in &closed {
        assert_eq!(segment.range.from, expected);
        assert!(segment.range.to > expected && segment.range.to <= log.durable(&id));
        expected = segment.range.to;
        let (from, to) = (segment.range.from.offset, segment.range.to.offset);
        assert_eq!(segment.first_received, times[from as usize]);
        assert_eq!(segment.last_received, times[to as usize - 1]);
        let bytes = log.segment_bytes(&id, segment).await.unwrap();
        assert_eq!(bytes.len() as u64, segment.bytes);
        assert_eq!(sha256(&bytes), segment.sha256);
    }
    log.close().await.unwrap();
    let log = harness.open().await;
    let again = log.closed_segments(&id).await.unwrap();
    assert_eq!(
        again[..closed.len()],
        closed,
        "closed segments do not change"
    );
}

/// Retention removes whole closed segments only; what is gone is `Expired`, the rest is read.
pub async fn removed_segments_are_expired(harness: &dyn Harness) {
    let log = harness.open().await;
    let id = partition();
    let all = fill(&*log, &id).await;
    let closed = log.closed_segments(&id).await.unwrap();
    log.remove_before(&id, LogPosition::START).await.unwrap();
    log.remove_before(&id, closed[0].range.from).await.unwrap();
    assert_eq!(log.closed_segments(&id).await.unwrap(), closed);
    // inside the third: the first two go
    let inside = LogPosition {
        epoch: closed[2].range.to.epoch,
        offset: closed[2].range.to.offset - 1,
    };
    log.remove_before(&id, inside).await.unwrap();
    assert_eq!(log.closed_segments(&id).await.unwrap(), closed[2..]);
    let start = closed[2].range.from;
    assert_eq!(log.start(&id), start);
    for offset in 0..start.offset {
        match log.read(&id, place(offset)).await {
            Err(LogError::Expired { wanted, oldest }) => {
                assert_eq!((wanted, oldest), (place(offset), start));
            }
            other => panic!("{offset}: {other:?}"),
        }
    }
    let gone = log.segment_bytes(&id, &closed[0]).await;
    assert!(matches!(gone, Err(LogError::Expired { .. })), "{gone:?}");
    let rest = read_to_end(&*log, &id, start).await.unwrap();
    assert!(rest.iter().eq(all.iter().skip(start.offset as usize)));
    // everything: what is still written stays
    log.remove_before(&id, log.end(&id)).await.unwrap();
    assert_eq!(log.closed_segments(&id).await.unwrap(), []);
    assert!(log.start(&id) <= log.end(&id));
    let first = log.append(&id, chunk(0, &["on"])).await.unwrap();
    assert_eq!(first, place(all.len() as u64));
}

/// From the first record to the last, over all borders.
pub async fn a_reader_goes_through_all_segments(harness: &dyn Harness) {
    let log = harness.open().await;
    let id = partition();
    let all = fill(&*log, &id).await;
    assert!(read_to_end(&*log, &id, LogPosition::START).await.unwrap() == all);
    log.close().await.unwrap();
    let log = harness.open().await;
    assert!(read_to_end(&*log, &id, LogPosition::START).await.unwrap() == all);
    assert_eq!(log.durable(&id), log.end(&id));
}

/// A segment that never was gives an error.
pub async fn an_unknown_segment_is_refused(harness: &dyn Harness) {
    let log = harness.open().await;
    let id = partition();
    fill(&*log, &id).await;
    let mut segment = log.closed_segments(&id).await.unwrap().remove(0);
    "9999999999-00000000000000000000".clone_into(&mut segment.name);
    segment.range.from.epoch = 9_999;
    segment.range.to.epoch = 9_999;
    let bytes = log.segment_bytes(&id, &segment).await;
    assert!(matches!(bytes, Err(LogError::Failed { .. })), "{bytes:?}");
}

/// After closing, appending is refused and what is there can still be read.
pub async fn a_closed_log_takes_nothing(harness: &dyn Harness) {
    let log = harness.open().await;
    let id = partition();
    log.append(&id, chunk(0, &["a"])).await.unwrap();
    log.close().await.unwrap();
    assert_eq!(log.durable(&id), log.end(&id));
    for id in [id.clone(), PartitionId::new("other").unwrap()] {
        let refused = log.append(&id, chunk(1, &["b"])).await;
        assert!(matches!(refused, Err(LogError::Closed)), "{refused:?}");
    }
    let all = read_to_end(&*log, &id, LogPosition::START).await.unwrap();
    assert_eq!(all, chunk(0, &["a"]));
    log.close().await.unwrap();
}

/// A reader at the end and who waits for more to be durable are told.
pub async fn closing_wakes_who_waits(harness: &dyn Harness) {
    let log = harness.open().await;
    let id = partition();
    log.append(&id, chunk(0, &["a"])).await.unwrap();
    let reading = {
        let log = Arc::clone(&log);
        tokio::spawn(async move { log.read(&partition(), place(1)).await })
    };
    let waiting = {
        let log = Arc::clone(&log);
        tokio::spawn(async move { log.wait_durable(&partition(), place(2)).await })
    };
    tokio::task::yield_now().await;
    log.close().await.unwrap();
    let read = reading.await.unwrap();
    assert!(matches!(read, Err(LogError::Closed)), "{read:?}");
    let waited = waiting.await.unwrap();
    assert!(matches!(waited, Err(LogError::Closed)), "{waited:?}");
}

/// Closed in good order and opened again, it goes on at the next place.
pub async fn a_log_opened_again_goes_on(harness: &dyn Harness) {
    let id = partition();
    let mut expected = RecordChunk::default();
    for life in 0..4 {
        let log = harness.open().await;
        assert_eq!(log.end(&id), place(u64::from(life) * 2));
        let part = chunk(life * 2, &[format!("life {life}"), "x".to_owned()]);
        let first = log.append(&id, part.clone()).await.unwrap();
        assert_eq!(first, place(u64::from(life) * 2));
        expected.extend(&part);
        let all = read_to_end(&*log, &id, LogPosition::START).await.unwrap();
        assert_eq!(all, expected);
        log.close().await.unwrap();
    }
}

/// Retention holds over a restart.
pub async fn what_was_removed_stays_removed(harness: &dyn Harness) {
    let log = harness.open().await;
    let id = partition();
    fill(&*log, &id).await;
    let closed = log.closed_segments(&id).await.unwrap();
    log.remove_before(&id, closed[1].range.to).await.unwrap();
    let (start, end) = (log.start(&id), log.end(&id));
    log.close().await.unwrap();
    let log = harness.open().await;
    assert_eq!((log.start(&id), log.end(&id)), (start, end));
    let expired = log.read(&id, LogPosition::START).await;
    assert!(
        matches!(expired, Err(LogError::Expired { .. })),
        "{expired:?}"
    );
}
