//! Cases about what lasts: durability, closed segments, closing and opening again.

use std::sync::Arc;

use quantflow_model::Timestamp;
use quantflow_seams::LogError;
use quantflow_wire::{LogPosition, PartitionId, RecordChunk};

use super::Harness;
use super::build::{chunk, fill, partition, place, read_to_end};
use crate::memory_log::sha256;

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
        let (mut parts, most) = (Vec::new(), bytes.len() / 3 + 1);
        loop {
            let at = parts.len() as u64;
            let part = log.segment_part(&id, segment, at, most).await.unwrap();
            assert!(part.len() <= most, "{} of {most} bytes", part.len());
            if part.is_empty() {
                break;
            }
            parts.extend(part);
        }
        assert_eq!(sha256(&parts), segment.sha256);
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
    let gone = log.segment_part(&id, &closed[0], 0, 1).await;
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
