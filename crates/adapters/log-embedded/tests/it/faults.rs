//! A disk that is full, or fails.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use quantflow_log_embedded::{EmbeddedLog, LogOptions, SegmentFile, Storage};
use quantflow_seams::{EventLog, LogError};
use quantflow_testkit::event_log_suite::{chunk, noise, partition, read_to_end};
use quantflow_wire::{LogPosition, RecordChunk};
use tempfile::TempDir;
use tokio::sync::watch;

use crate::disk::{Unsynced, copy, open_fast, place, small};

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(20);

/// A disk of so much room, whose syncs can fail.
#[derive(Debug, Default)]
struct Faults {
    room: AtomicU64,
    sync_fails: AtomicBool,
    /// How many there were: who waits for them is told.
    failed_syncs: watch::Sender<u64>,
}

#[derive(Debug)]
struct FaultyDisk(Arc<Faults>);

#[derive(Debug)]
struct FaultyFile {
    faults: Arc<Faults>,
    file: Box<dyn SegmentFile>,
    /// What a failed sync lost: it is damaged on the disk, as after a failed write-back.
    unsynced: Mutex<Option<(u64, usize)>>,
}

impl Faults {
    /// Takes room; gives how much of it there was.
    fn take(&self, bytes: usize) -> Result<(), usize> {
        let room = self.room.load(Ordering::SeqCst);
        let left = room.checked_sub(bytes as u64);
        self.room.store(left.unwrap_or(0), Ordering::SeqCst);
        left.map(|_| ()).ok_or(room as usize)
    }

    fn full() -> io::Error {
        io::Error::from(io::ErrorKind::StorageFull)
    }
}

impl FaultyDisk {
    fn wrap(&self, file: Box<dyn SegmentFile>) -> Box<dyn SegmentFile> {
        Box::new(FaultyFile {
            faults: Arc::clone(&self.0),
            file,
            unsynced: Mutex::new(None),
        })
    }
}

impl Storage for FaultyDisk {
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        Unsynced.create_folder(folder)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>> {
        Ok(self.wrap(Unsynced.create(path)?))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>> {
        Ok(self.wrap(Unsynced.open(path)?))
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.0.take(bytes.len()).map_err(|_| Faults::full())?;
        Unsynced.replace(path, bytes)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        Unsynced.remove(path)
    }
}

impl SegmentFile for FaultyFile {
    fn write_at(&mut self, bytes: &[u8], at: u64) -> io::Result<()> {
        if let Err(room) = self.faults.take(bytes.len()) {
            self.file.write_at(&bytes[..room], at)?;
            return Err(Faults::full());
        }
        *self.unsynced.lock().unwrap() = Some((at, bytes.len()));
        self.file.write_at(bytes, at)
    }

    fn sync(&mut self) -> io::Result<()> {
        let unsynced = self.unsynced.lock().unwrap().take();
        if self.faults.sync_fails.load(Ordering::SeqCst) {
            self.faults.failed_syncs.send_modify(|failed| *failed += 1);
            if let Some((at, length)) = unsynced {
                self.file.write_at(&vec![0xee; length], at)?;
            }
            return Err(io::Error::other("the disk is on fire"));
        }
        self.file.sync()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.file.truncate(length)
    }
}

fn open(folder: &Path, room: u64, options: LogOptions) -> (EmbeddedLog, Arc<Faults>) {
    let faults = Arc::new(Faults {
        room: AtomicU64::new(room),
        ..Faults::default()
    });
    let disk = FaultyDisk(Arc::clone(&faults));
    let (log, repairs) = EmbeddedLog::open_on(Arc::new(disk), folder, options).unwrap();
    assert_eq!(repairs, []);
    (log, faults)
}

/// Appends until the disk is full; what was accepted is in `records`.
async fn append_until_it_fails(log: &EmbeddedLog, records: &mut RecordChunk) -> LogError {
    let mut number = records.len() as u32;
    loop {
        let part = chunk(number, &[noise(u64::from(number) + 1, 700)]);
        match log.append(&partition(), part.clone()).await {
            Ok(first) => {
                assert_eq!(first, place(0, records.len() as u64));
                records.extend(&part);
            }
            Err(error) => return error,
        }
        number += 1;
        tokio::task::yield_now().await;
    }
}

/// Appends as soon as the log takes records again. It is asked again and again, as its users do: the
/// log tells nobody that it works again.
async fn append_when_it_works(log: &EmbeddedLog, part: RecordChunk) -> LogPosition {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        match log.append(&partition(), part.clone()).await {
            Ok(first) => return first,
            Err(error) => assert!(tokio::time::Instant::now() < deadline, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn a_full_disk_loses_nothing(room: u64, options: LogOptions) {
    let folder = TempDir::new().unwrap();
    let id = partition();
    let (log, faults) = open(folder.path(), room, options);
    let mut records = RecordChunk::default();
    for _ in 0..3 {
        let error = append_until_it_fails(&log, &mut records).await;
        assert!(matches!(error, LogError::Full { .. }), "{error}");
        let count = records.len() as u64;
        assert!(log.refuses(&id), "nobody would know without trying");
        assert_eq!(log.end(&id), place(0, count), "nothing was half appended");
        // what was accepted is still there
        let all = read_to_end(&log, &id, LogPosition::START).await.unwrap();
        assert!(all == records);
        // and what is on disk is a log that opens by itself
        let durable = log.durable(&id);
        let (crashed, _) = open_fast(copy(folder.path()).path(), small()).unwrap();
        assert!(crashed.end(&id).offset >= durable.offset);
        drop(crashed);
        // room again: it goes on by itself
        faults.room.store(1 << 30, Ordering::SeqCst);
        let part = chunk(count as u32, &["there is room"]);
        let first = append_when_it_works(&log, part.clone()).await;
        assert!(!log.refuses(&id));
        assert_eq!(first, place(0, count));
        records.extend(&part);
        log.wait_durable(&id, log.end(&id)).await.unwrap();
        faults.room.store(room, Ordering::SeqCst);
    }
    faults.room.store(1 << 30, Ordering::SeqCst);
    log.close().await.unwrap();
    drop(log);
    let (log, repairs) = open_fast(folder.path(), small()).unwrap();
    assert_eq!(repairs, []);
    let all = read_to_end(&log, &id, LogPosition::START).await.unwrap();
    assert!(all == records, "nothing is lost, nothing is twice");
}

#[tokio::test]
async fn a_full_disk_is_told_and_passes_by_itself() {
    a_full_disk_loses_nothing(30_000, small()).await;
}

#[tokio::test]
async fn a_disk_that_fills_while_a_segment_closes_loses_nothing() {
    // each segment is sealed and the next begun many times at the edge of the room
    for room in (2_000..3_200).step_by(100) {
        let options = LogOptions {
            segment_bytes: 1_500,
            ..small()
        };
        a_full_disk_loses_nothing(room, options).await;
    }
}

#[tokio::test]
async fn who_waits_for_room_in_the_queue_is_told_that_the_disk_is_full() {
    let folder = TempDir::new().unwrap();
    let options = LogOptions {
        queue_bytes: 1_000,
        ..small()
    };
    let (log, faults) = open(folder.path(), 500, options);
    let log = Arc::new(log);
    let appenders: Vec<_> = (0..5)
        .map(|number| {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                let part = chunk(number, &[noise(u64::from(number) + 1, 700)]);
                log.append(&partition(), part).await
            })
        })
        .collect();
    let mut refused = 0;
    for appender in appenders {
        match appender.await.unwrap() {
            Ok(_) => {}
            Err(LogError::Full { .. }) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(refused >= 3, "{refused}");
    faults.room.store(1 << 20, Ordering::SeqCst);
    append_when_it_works(&log, chunk(9, &["on"])).await;
}

#[tokio::test]
async fn the_first_record_of_a_partition_is_refused_on_a_full_disk() {
    let folder = TempDir::new().unwrap();
    let id = partition();
    let (log, faults) = open(folder.path(), 10, small());
    let refused = log.append(&id, chunk(0, &["a"])).await;
    assert!(matches!(refused, Err(LogError::Full { .. })), "{refused:?}");
    assert_eq!(log.partitions(), []);
    faults.room.store(1 << 20, Ordering::SeqCst);
    let first = log.append(&id, chunk(0, &["a"])).await.unwrap();
    assert_eq!(first, LogPosition::START);
    log.close().await.unwrap();
}

#[tokio::test]
async fn a_failed_sync_is_written_again_and_not_called_durable() {
    let folder = TempDir::new().unwrap();
    let id = partition();
    let (log, faults) = open(folder.path(), 1 << 30, small());
    let mut records = RecordChunk::default();
    let part = chunk(0, &["before"]);
    log.append(&id, part.clone()).await.unwrap();
    records.extend(&part);
    log.wait_durable(&id, place(0, 1)).await.unwrap();

    faults.sync_fails.store(true, Ordering::SeqCst);
    let error = append_until_it_fails(&log, &mut records).await;
    assert!(
        matches!(&error, LogError::Failed { detail, .. } if detail.contains("on fire")),
        "{error}"
    );
    assert_eq!(log.durable(&id), place(0, 1));
    let waiting = log.wait_durable(&id, log.end(&id));
    let mut waiting = Box::pin(waiting);
    assert!(waiting.as_mut().now_or_never().is_none());
    // it tries again, and fails again
    let mut failed = faults.failed_syncs.subscribe();
    let thrice = tokio::time::timeout(PATIENCE, failed.wait_for(|failed| *failed >= 3)).await;
    assert!(thrice.is_ok_and(|seen| seen.is_ok()), "it gave up");
    assert_eq!(log.durable(&id), place(0, 1));
    faults.sync_fails.store(false, Ordering::SeqCst);
    waiting.await.unwrap();
    log.close().await.unwrap();
    drop(log);
    let (log, repairs) = open_fast(folder.path(), small()).unwrap();
    assert_eq!(repairs, []);
    let all = read_to_end(&log, &id, LogPosition::START).await.unwrap();
    assert!(all == records);
}

#[tokio::test]
async fn closing_on_a_full_disk_is_an_error_and_what_was_durable_stays() {
    let folder = TempDir::new().unwrap();
    let id = partition();
    let (log, _faults) = open(folder.path(), 20_000, small());
    let mut records = chunk(0, &["before"]);
    log.append(&id, records.clone()).await.unwrap();
    log.wait_durable(&id, place(0, 1)).await.unwrap();
    append_until_it_fails(&log, &mut records).await;
    let durable = log.durable(&id);
    let closed = log.close().await;
    assert!(matches!(closed, Err(LogError::Full { .. })), "{closed:?}");
    drop(log);
    let (log, _) = open_fast(folder.path(), small()).unwrap();
    let end = log.end(&id);
    assert!(durable.offset > 0 && end.offset >= durable.offset);
    let all = read_to_end(&log, &id, LogPosition::START).await.unwrap();
    assert!(all.iter().eq(records.iter().take(all.len())));
}
