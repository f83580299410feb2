//! Cases about records: appended, read, by many at once.

use std::sync::Arc;

use futures_util::FutureExt;
use quantflow_model::Timestamp;
use quantflow_wire::{ChunkError, LogPosition, PartitionId, Record, RecordChunk, RecordKind};

use super::Harness;
use super::build::{chunk, noise, partition, place, read_to_end};

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
