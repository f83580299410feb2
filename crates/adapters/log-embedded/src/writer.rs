//! The writer: one thread a log, which packs, writes and syncs the records of all partitions.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::Thread;
use std::time::{Duration, Instant};

use crate::format::BlockEncoder;
use crate::options::LogOptions;
use crate::partition::Stop;
use crate::segment_writer::SegmentWriter;
use crate::storage::Storage;

/// How long the writer sleeps when nothing waits for it: only a guard, since it is woken.
const IDLE: Duration = Duration::from_secs(1);

/// What the appenders and the writer thread share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: LogOptions,
    pub(crate) storage: Arc<dyn Storage>,
    /// Partitions that the writer has not taken over yet. `None` when it takes no more. As many as
    /// there are partitions at most.
    new: Mutex<Option<Vec<SegmentWriter>>>,
    /// Set when there is work; the writer clears it before it looks.
    woken: AtomicBool,
    pub(crate) closing: AtomicBool,
    thread: OnceLock<Thread>,
}

impl Shared {
    pub(crate) fn new(options: LogOptions, storage: Arc<dyn Storage>) -> Self {
        Self {
            options,
            storage,
            new: Mutex::new(Some(Vec::new())),
            woken: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            thread: OnceLock::new(),
        }
    }

    /// Wakes the writer.
    pub(crate) fn wake(&self) {
        if !self.woken.swap(true, Ordering::AcqRel)
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }

    /// Hands a partition over to the writer.
    pub(crate) fn hand_over(&self, writer: SegmentWriter) -> Result<(), Stop> {
        self.arriving().as_mut().ok_or(Stop::Closed)?.push(writer);
        self.wake();
        Ok(())
    }

    fn arriving(&self) -> MutexGuard<'_, Option<Vec<SegmentWriter>>> {
        self.new.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs until the log is closed; the result is what closing came to.
pub(crate) fn run(shared: &Shared, encoder: BlockEncoder) -> Result<(), Stop> {
    // set once, by this thread
    let _ = shared.thread.set(std::thread::current());
    let mut writers = Vec::new();
    let work = std::panic::AssertUnwindSafe(|| work(shared, encoder, &mut writers));
    std::panic::catch_unwind(work).unwrap_or_else(|_| {
        // a bug: nobody may wait for ever because of it
        shared.closing.store(true, Ordering::Release);
        writers.extend(shared.arriving().take().into_iter().flatten());
        let stop = Stop::Failed("the log's writer panicked".to_owned());
        for writer in &writers {
            writer.give_up(&stop);
        }
        Err(stop)
    })
}

fn work(
    shared: &Shared,
    mut encoder: BlockEncoder,
    writers: &mut Vec<SegmentWriter>,
) -> Result<(), Stop> {
    loop {
        shared.woken.store(false, Ordering::Release);
        let closing = shared.closing.load(Ordering::Acquire);
        if closing {
            writers.extend(shared.arriving().take().into_iter().flatten());
            return close(writers, &mut encoder);
        }
        if let Some(arriving) = shared.arriving().as_mut() {
            writers.append(arriving);
        }
        let mut next: Option<Instant> = None;
        for writer in writers.iter_mut() {
            let due = writer.work(Instant::now(), &mut encoder);
            next = [next, due].into_iter().flatten().min();
        }
        if shared.woken.load(Ordering::Acquire) {
            continue;
        }
        let sleep = next.map_or(IDLE, |next| {
            next.saturating_duration_since(Instant::now()).min(IDLE)
        });
        if !sleep.is_zero() {
            std::thread::park_timeout(sleep);
        }
    }
}

/// Closes every partition, also when one of them fails.
fn close(writers: &mut [SegmentWriter], encoder: &mut BlockEncoder) -> Result<(), Stop> {
    let mut result = Ok(());
    for writer in writers {
        let closed = writer.finish(encoder);
        result = result.and(closed);
    }
    result
}
