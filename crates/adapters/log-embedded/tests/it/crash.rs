//! The end of a process at any moment, and who may open the log after it.

use std::time::{Duration, Instant};

use quantflow_log_embedded::{EmbeddedLog, FsyncPolicy, LogOptions};
use quantflow_seams::{EventLog, LogError};
use quantflow_testkit::event_log_suite::{chunk, noise, partition, read_to_end};
use quantflow_wire::{LogPosition, RecordChunk};
use tempfile::TempDir;

use crate::disk::{copy, open_fast, place, segments, small};

/// Copies the files while records are appended: what was durable before the copy is in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_durable_is_on_disk() {
    let folder = TempDir::new().unwrap();
    let options = LogOptions {
        fsync: FsyncPolicy::Interval(Duration::from_millis(1)),
        segment_bytes: 20_000,
        block_bytes: 2_000,
        ..LogOptions::default()
    };
    let (log, _) = EmbeddedLog::open(folder.path(), options).unwrap();
    let id = partition();
    let mut records = RecordChunk::default();
    let mut copies = Vec::new();
    for number in 0..600 {
        let part = chunk(number, &[noise(u64::from(number) + 1, 150)]);
        records.extend(&part);
        log.append(&id, part).await.unwrap();
        if number % 60 == 7 {
            log.wait_durable(&id, place(0, u64::from(number / 2)))
                .await
                .unwrap();
            let durable = log.durable(&id);
            copies.push((durable, copy(folder.path())));
        }
    }
    assert!(copies.iter().any(|(durable, _)| durable.offset > 300));
    for (durable, crashed) in copies {
        let (log, repairs) = open_fast(crashed.path(), small()).unwrap();
        let end = log.end(&id);
        assert_eq!(end.epoch, 0);
        assert!(
            end.offset >= durable.offset,
            "{end} < {durable}: {repairs:?}"
        );
        let all = read_to_end(&log, &id, LogPosition::START).await.unwrap();
        assert_eq!(all.len() as u64, end.offset);
        assert!(all.iter().eq(records.iter().take(all.len())));
    }
}

#[tokio::test]
async fn a_crash_begins_an_epoch_and_a_good_end_does_not() {
    let folder = TempDir::new().unwrap();
    let id = partition();
    let (log, _) = open_fast(folder.path(), small()).unwrap();
    log.append(&id, chunk(0, &["a", "b"])).await.unwrap();
    log.close().await.unwrap();
    drop(log);
    let (log, _) = open_fast(folder.path(), small()).unwrap();
    assert_eq!(log.end(&id), place(0, 2));
    let crashed = copy(folder.path());
    let (log, repairs) = open_fast(crashed.path(), small()).unwrap();
    assert_eq!(repairs, []);
    // no record of the new epoch yet
    assert_eq!((log.end(&id), log.durable(&id)), (place(0, 2), place(0, 2)));
    let again = copy(crashed.path());
    let (log, repairs) = open_fast(again.path(), small()).unwrap();
    assert_eq!(repairs, []);
    assert_eq!(log.end(&id), place(0, 2));
    // a segment in which nothing was written leaves nothing behind
    assert_eq!(segments(again.path()).len(), 2);
    let closed = log.closed_segments(&id).await.unwrap();
    assert_eq!(closed.len(), 1);
    assert_eq!(closed[0].range.to, place(0, 2));
    // retention of all that is closed does not forget where a reader stood
    log.remove_before(&id, place(2, 2)).await.unwrap();
    assert_eq!(log.start(&id), place(2, 2));
    let first = log.append(&id, chunk(2, &["c"])).await.unwrap();
    assert_eq!(first, place(2, 2));
    let slice = log.read(&id, place(0, 2)).await.unwrap();
    assert_eq!(slice.first, place(2, 2));
    let expired = log.read(&id, place(0, 1)).await;
    assert!(
        matches!(expired, Err(LogError::Expired { .. })),
        "{expired:?}"
    );
}

#[tokio::test]
async fn records_across_epochs_are_read_in_order() {
    let id = partition();
    let mut folder = TempDir::new().unwrap();
    let mut expected = RecordChunk::default();
    for life in 0..5 {
        let (log, _) = open_fast(folder.path(), small()).unwrap();
        let part = chunk(life * 2, &["x", "y"]);
        expected.extend(&part);
        let first = log.append(&id, part).await.unwrap();
        assert_eq!(first, place(life, u64::from(life) * 2));
        log.wait_durable(&id, log.end(&id)).await.unwrap();
        folder = copy(folder.path());
    }
    let (log, _) = open_fast(folder.path(), small()).unwrap();
    let all = read_to_end(&log, &id, LogPosition::START).await.unwrap();
    assert_eq!(all, expected);
    let closed = log.closed_segments(&id).await.unwrap();
    let ranges: Vec<_> = closed.iter().map(|c| (c.range.from, c.range.to)).collect();
    let expected: Vec<_> = (0..5_u32)
        .map(|epoch| {
            let from = u64::from(epoch) * 2;
            (place(epoch, from), place(epoch, from + 2))
        })
        .collect();
    assert_eq!(ranges, expected);
}

#[tokio::test]
async fn dropping_without_closing_keeps_everything() {
    let folder = TempDir::new().unwrap();
    let id = partition();
    let (log, _) = EmbeddedLog::open(folder.path(), LogOptions::default()).unwrap();
    log.append(&id, chunk(0, &["a", "b"])).await.unwrap();
    drop(log);
    let (log, repairs) = EmbeddedLog::open(folder.path(), LogOptions::default()).unwrap();
    assert_eq!((repairs.len(), log.end(&id)), (0, place(0, 2)));
}

#[tokio::test]
async fn one_process_at_a_time() {
    let folder = TempDir::new().unwrap();
    let (log, _) = open_fast(folder.path(), small()).unwrap();
    match open_fast(folder.path(), small()) {
        Err(LogError::Locked { holder, .. }) => {
            assert_eq!(holder, std::process::id().to_string());
        }
        other => panic!("{other:?}"),
    }
    log.close().await.unwrap();
    let again = open_fast(folder.path(), small());
    assert!(again.is_ok(), "closing lets go of the folder: {again:?}");
    drop(again);
    // the pid of a process that is gone is no lock
    std::fs::write(folder.path().join("LOCK"), "1\n").unwrap();
    open_fast(folder.path(), small()).unwrap();
}

/// The writer has a guard of one second against a lost wake-up; it must never be what helps.
#[tokio::test]
async fn records_become_durable_in_time() {
    let folder = TempDir::new().unwrap();
    let options = LogOptions {
        fsync: FsyncPolicy::Interval(Duration::from_millis(2)),
        ..LogOptions::default()
    };
    let (log, _) = EmbeddedLog::open(folder.path(), options).unwrap();
    let id = partition();
    let start = Instant::now();
    for number in 0..60 {
        log.append(&id, chunk(number, &["x"])).await.unwrap();
        log.wait_durable(&id, log.end(&id)).await.unwrap();
    }
    let took = start.elapsed();
    assert!(took < Duration::from_secs(30), "{took:?}");
}

#[tokio::test]
async fn a_quiet_partition_closes_its_segment_by_age() {
    let folder = TempDir::new().unwrap();
    let options = LogOptions {
        segment_age: Duration::from_millis(5),
        ..small()
    };
    let (log, _) = open_fast(folder.path(), options).unwrap();
    let id = partition();
    // receive times count up by a millisecond
    for number in 0..12 {
        log.append(&id, chunk(number, &["x"])).await.unwrap();
        log.wait_durable(&id, log.end(&id)).await.unwrap();
    }
    log.close().await.unwrap();
    let closed = log.closed_segments(&id).await.unwrap();
    let lengths: Vec<_> = closed
        .iter()
        .map(|segment| segment.range.to.offset - segment.range.from.offset)
        .collect();
    assert_eq!(lengths, [6, 6]);
}
