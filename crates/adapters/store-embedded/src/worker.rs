//! [`Worker`]: a thread of the store's own, for the work that takes much memory.
//!
//! On the threads of a shared pool each step of a merge would be on another of them, and what a step
//! takes and frees stays with its thread in most allocators: many times what one merge needs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use quantflow_seams::StoreError;
use tokio::sync::{mpsc, oneshot};

use crate::error;

/// How many pieces of work wait at most; who comes then waits to hand his over. Each caller waits
/// for his answer, so there are about as many as partitions.
const QUEUE: usize = 64;

type Job = Box<dyn FnOnce() + Send>;

/// A thread that does one piece of work after another. It ends when the worker is dropped, after
/// what was handed over.
#[derive(Debug)]
pub(crate) struct Worker {
    jobs: mpsc::Sender<Job>,
}

impl Worker {
    /// Starts the thread; `place` is what a failure names.
    pub(crate) fn start(name: &str, place: &Path) -> Result<Self, StoreError> {
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE);
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                while let Some(job) = queue.blocking_recv() {
                    // a panic is told to who waits, by the answer that does not come
                    let _ = catch_unwind(AssertUnwindSafe(job));
                }
            })
            .map_err(|fault| error::of_file(place, &fault))?;
        Ok(Self { jobs })
    }

    /// Runs work to its end, also when the caller goes away meanwhile. `None`: it panicked.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(move || {
            // nobody waits any more: the work is done all the same
            let _ = answer.send(work());
        });
        self.jobs.send(job).await.ok()?;
        answered.await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_work_is_done_on_one_thread_and_a_panic_ends_only_its_own() {
        let worker = Worker::start("test", Path::new("here")).unwrap();
        let first = worker.run(|| std::thread::current().id()).await;
        assert!(first.is_some());
        assert_eq!(worker.run(|| -> u8 { panic!("meant") }).await, None);
        for _ in 0..20 {
            assert_eq!(worker.run(|| std::thread::current().id()).await, first);
        }
    }
}
