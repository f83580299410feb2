//! [`EmbeddedLog`]: the seam. Opening, appending and closing are here, reading is in `read`, what
//! is done with closed segments in `closed`.

mod closed;
mod read;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Instant;

use async_trait::async_trait;
use quantflow_seams::{ClosedSegment, EventLog, LogError, LogSlice};
use quantflow_wire::{LogPosition, PartitionId, RecordChunk};
use tokio::sync::watch;

use crate::format::BlockEncoder;
use crate::lock::FolderLock;
use crate::open_segment::OpenSegment;
use crate::options::LogOptions;
use crate::partition::{OpenIndex, Partition, Stop};
use crate::recent::Recent;
use crate::recover::{failed, recover};
use crate::repair::Repair;
use crate::segment::Index;
use crate::segment_writer::SegmentWriter;
use crate::storage::{LocalDisk, Storage};
use crate::writer::{Shared, run};

/// The raw log in a folder of the local disk.
///
/// Each partition is a folder in it. Dropping the log without [`EventLog::close`] makes everything
/// durable too, but blocks the thread meanwhile and hides what goes wrong.
#[derive(Debug)]
pub struct EmbeddedLog {
    folder: PathBuf,
    shared: Arc<Shared>,
    partitions: RwLock<BTreeMap<PartitionId, Arc<Partition>>>,
    /// One partition is made at a time.
    making: Mutex<()>,
    /// What the writer came to, when it is done.
    done: watch::Receiver<Option<Result<(), Stop>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl EmbeddedLog {
    /// Opens the log in a folder, which is made when it is absent. What a crash left is repaired,
    /// and told.
    ///
    /// # Errors
    /// [`LogError::Locked`] when another process has it open; [`LogError::Full`] and
    /// [`LogError::Failed`] when a file cannot be read or repaired, or is of a newer format.
    pub fn open(dir: &Path, options: LogOptions) -> Result<(Self, Vec<Repair>), LogError> {
        Self::open_on(Arc::new(LocalDisk), dir, options)
    }

    /// As [`open`](Self::open), on a storage of its own: for tests that make it fail.
    pub fn open_on(
        storage: Arc<dyn Storage>,
        dir: &Path,
        options: LogOptions,
    ) -> Result<(Self, Vec<Repair>), LogError> {
        storage
            .create_folder(dir)
            .map_err(|error| failed(dir, &error))?;
        let lock = FolderLock::take(dir)?;
        let encoder =
            BlockEncoder::new(options.compression_level).map_err(|error| failed(dir, &error))?;
        let options = LogOptions {
            // a block must hold the largest record beside what stands before it
            block_bytes: options.block_bytes.clamp(1, 16 << 20),
            ..options
        };
        let shared = Arc::new(Shared::new(options, storage));
        let mut partitions = BTreeMap::new();
        let mut repairs = Vec::new();
        for id in partition_folders(dir)? {
            let folder = dir.join(id.as_str());
            let Some(recovered) = recover(&*shared.storage, &id, &folder)? else {
                continue;
            };
            repairs.extend(recovered.repairs);
            let partition = Arc::new(recovered.partition);
            partitions.insert(id, Arc::clone(&partition));
            let next = partition.state().next;
            let writer = SegmentWriter::new(
                partition,
                Arc::clone(&shared.storage),
                options,
                recovered.segment,
                next,
            );
            shared.hand_over(writer).map_err(|stop| stop.error(dir))?;
        }
        let (send, done) = watch::channel(None);
        let thread = std::thread::Builder::new()
            .name("log-writer".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || {
                    let ended = run(&shared, encoder);
                    drop(lock);
                    send.send_replace(Some(ended));
                }
            })
            .map_err(|error| failed(dir, &error))?;
        let log = Self {
            folder: dir.to_owned(),
            shared,
            partitions: RwLock::new(partitions),
            making: Mutex::new(()),
            done,
            thread: Mutex::new(Some(thread)),
        };
        Ok((log, repairs))
    }

    /// A partition, which may not exist on disk yet: somebody may wait for its first record.
    fn partition(&self, id: &PartitionId) -> Arc<Partition> {
        let known = self
            .partitions
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(id)
            .cloned();
        known.unwrap_or_else(|| {
            let mut partitions = self
                .partitions
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            let make = || {
                let folder = self.folder.join(id.as_str());
                Arc::new(Partition::new(id.clone(), folder, LogPosition::START))
            };
            Arc::clone(partitions.entry(id.clone()).or_insert_with(make))
        })
    }

    fn known(&self, id: &PartitionId) -> Option<Arc<Partition>> {
        self.partitions
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(id)
            .cloned()
    }

    /// Makes the folder and the first segment of a partition. Done at once and not by the writer:
    /// a place that was given away must not be forgotten, so the file stands first.
    fn make(&self, partition: &Arc<Partition>) -> Result<(), LogError> {
        let _one = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if partition.state().open.is_some() {
            return Ok(());
        }
        if self.shared.closing.load(Ordering::Acquire) {
            return Err(LogError::Closed);
        }
        let storage = &self.shared.storage;
        let first = LogPosition::START;
        let segment = storage
            .create_folder(&partition.folder)
            .and_then(|()| OpenSegment::create(&**storage, &partition.id, &partition.folder, first))
            .map_err(|error| failed(&partition.folder, &error))?;
        let writer = SegmentWriter::new(
            Arc::clone(partition),
            Arc::clone(storage),
            self.shared.options,
            segment,
            first,
        );
        self.shared
            .hand_over(writer)
            .map_err(|stop| stop.error(&self.folder))?;
        partition.state().open = Some(OpenIndex {
            first,
            index: Index::default(),
        });
        Ok(())
    }

    /// Takes the chunk out of `chunk` when it is appended. `Ok(None)`: there is no room now.
    fn try_append(
        &self,
        partition: &Partition,
        chunk: &mut RecordChunk,
    ) -> Result<Option<LogPosition>, LogError> {
        let options = &self.shared.options;
        let mut state = partition.state();
        if let Some(stop) = &state.stop {
            return Err(stop.error(&partition.folder));
        }
        // one chunk is always let in, so that a large one does not wait for ever
        let cost = Recent::cost_of(chunk);
        if state.queued > 0 && state.queued + cost > options.queue_bytes {
            return Ok(None);
        }
        let (first, wake) = state.push(std::mem::take(chunk), options, Instant::now());
        drop(state);
        partition.appended.notify_waiters();
        if wake {
            self.shared.wake();
        }
        Ok(Some(first))
    }

    fn closing(&self) {
        self.shared.closing.store(true, Ordering::Release);
        self.shared.wake();
    }
}

/// Folders of the log's folder that are partitions.
fn partition_folders(dir: &Path) -> Result<Vec<PartitionId>, LogError> {
    let mut ids = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(|error| failed(dir, &error))? {
        let entry = entry.map_err(|error| failed(dir, &error))?;
        let id = entry.file_name().to_str().and_then(PartitionId::new);
        if let Some(id) = id.filter(|_| entry.path().is_dir()) {
            ids.push(id);
        }
    }
    ids.sort();
    Ok(ids)
}

/// Runs what touches the disk where it may block.
async fn blocking<T: Send + 'static>(
    folder: &Path,
    work: impl FnOnce() -> Result<T, LogError> + Send + 'static,
) -> Result<T, LogError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(LogError::Failed {
            place: folder.display().to_string(),
            detail: error.to_string(),
        }),
    }
}

#[async_trait]
impl EventLog for EmbeddedLog {
    async fn append(
        &self,
        id: &PartitionId,
        mut chunk: RecordChunk,
    ) -> Result<LogPosition, LogError> {
        let partition = self.partition(id);
        if chunk.is_empty() {
            return Ok(partition.state().end);
        }
        if partition.state().open.is_none() {
            self.make(&partition)?;
        }
        chunk.shrink();
        loop {
            // made before looking, so that no wake-up is missed
            let space = partition.space.notified();
            if let Some(first) = self.try_append(&partition, &mut chunk)? {
                return Ok(first);
            }
            self.shared.wake();
            space.await;
        }
    }

    async fn read(&self, id: &PartitionId, from: LogPosition) -> Result<LogSlice, LogError> {
        self.read_from(id, from).await
    }

    fn start(&self, id: &PartitionId) -> LogPosition {
        self.known(id)
            .map_or(LogPosition::START, |p| p.state().start)
    }

    fn end(&self, id: &PartitionId) -> LogPosition {
        self.known(id).map_or(LogPosition::START, |p| p.state().end)
    }

    fn durable(&self, id: &PartitionId) -> LogPosition {
        self.known(id)
            .map_or(LogPosition::START, |p| p.state().durable)
    }

    fn refuses(&self, id: &PartitionId) -> bool {
        self.known(id).is_some_and(|p| p.state().stop.is_some())
    }

    async fn wait_durable(&self, id: &PartitionId, position: LogPosition) -> Result<(), LogError> {
        let partition = self.partition(id);
        loop {
            let durable = partition.durable.notified();
            {
                let state = partition.state();
                if state.durable >= position {
                    return Ok(());
                }
                if state.finished {
                    return Err(LogError::Closed);
                }
            }
            durable.await;
        }
    }

    fn partitions(&self) -> Vec<PartitionId> {
        let partitions = self
            .partitions
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        partitions
            .iter()
            .filter(|(_, partition)| partition.state().open.is_some())
            .map(|(id, _)| id.clone())
            .collect()
    }

    async fn closed_segments(&self, id: &PartitionId) -> Result<Vec<ClosedSegment>, LogError> {
        Ok(self.list_closed(id))
    }

    async fn segment_bytes(
        &self,
        id: &PartitionId,
        segment: &ClosedSegment,
    ) -> Result<Vec<u8>, LogError> {
        self.read_closed_file(id, segment, |path| std::fs::read(path))
            .await
    }

    async fn segment_part(
        &self,
        id: &PartitionId,
        segment: &ClosedSegment,
        at: u64,
        most: usize,
    ) -> Result<Vec<u8>, LogError> {
        self.read_closed_file(id, segment, move |path| closed::part_of(path, at, most))
            .await
    }

    async fn remove_before(&self, id: &PartitionId, position: LogPosition) -> Result<(), LogError> {
        self.remove_closed_before(id, position).await
    }

    async fn close(&self) -> Result<(), LogError> {
        self.closing();
        let mut done = self.done.clone();
        let ended = done.wait_for(Option::is_some).await;
        match ended.as_deref() {
            Ok(Some(Err(stop))) => Err(stop.error(&self.folder)),
            Ok(_) => Ok(()),
            Err(_) => Err(LogError::Failed {
                place: self.folder.display().to_string(),
                detail: "the log's writer is gone".to_owned(),
            }),
        }
    }
}

impl Drop for EmbeddedLog {
    fn drop(&mut self) {
        self.closing();
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            // a panic in it was caught
            let _ = thread.join();
        }
    }
}
