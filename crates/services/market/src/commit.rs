//! [`Committer`]: carries what is known into the store, one commit at a time, while the pipeline
//! goes on.

use std::sync::Arc;
use std::time::Duration;

use quantflow_model::Symbol;
use quantflow_pipeline::PIPELINE_VERSION;
use quantflow_seams::{Commit, StateEntry, StoreError};
use quantflow_wire::LogPosition;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::hot::Shared;
use crate::parts::{PartitionError, PartitionParts};
use crate::pending::Pending;

/// How long to wait before a commit that the disk refused is tried again.
const RETRY: Duration = Duration::from_secs(2);
/// How often a commit that waits for the log looks whether that has room, once the process ends.
const LOOK: Duration = Duration::from_millis(50);

/// Carries what is known into the store.
#[derive(Debug)]
pub(crate) struct Committer {
    shared: Arc<Shared>,
    parts: PartitionParts,
    /// The place at which the last commit ended.
    committed: LogPosition,
    /// The commit that runs, and where it ends.
    running: Option<(JoinHandle<Result<Carried, PartitionError>>, LogPosition)>,
    /// Whether the process ends: what waits for room is left to the next start.
    leaving: watch::Sender<bool>,
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carried {
    /// It is in the store.
    Done,
    /// The process ends and there is no room: the next start makes the same rows of the log.
    Left,
}

impl Committer {
    pub(crate) fn new(shared: Arc<Shared>, committed: LogPosition, parts: PartitionParts) -> Self {
        Self {
            shared,
            parts,
            committed,
            running: None,
            leaving: watch::Sender::new(false),
        }
    }

    /// Begins a commit of all that is known, unless one is running or nothing is new.
    pub(crate) fn begin(&mut self) {
        if self.running.is_some() {
            return;
        }
        let (pending, commit, names, end) = {
            let mut hot = self.shared.lock();
            let hot = &mut *hot;
            if hot.position == self.committed {
                return;
            }
            for tally in hot.pipeline.take_dirty_tallies() {
                hot.pending.set_tally(tally);
            }
            let pending = Arc::new(hot.pending.take());
            hot.committing = Some(Arc::clone(&pending));
            let mut commit =
                Commit::new(self.shared.partition.clone(), self.committed, hot.position);
            commit.pipeline_version = PIPELINE_VERSION;
            let state = hot.pipeline.take_dirty_state().into_iter();
            commit.state = state
                .map(|(key, value)| StateEntry { key, value })
                .collect();
            let names: Vec<Symbol> = hot
                .pipeline
                .symbols()
                .map(|(_, symbol)| symbol.clone())
                .collect();
            (pending, commit, names, hot.position)
        };
        let (shared, parts) = (Arc::clone(&self.shared), self.parts.clone());
        let leaving = self.leaving.subscribe();
        let task = tokio::spawn(async move {
            // the columns are put together here, so that the writer goes on meanwhile
            carry(&shared, &parts, &commit, &pending, &names, leaving).await
        });
        self.running = Some((task, end));
    }

    /// Waits for the commit that runs; for ever when none does. Cancel-safe.
    pub(crate) async fn finished(&mut self) -> Result<(), PartitionError> {
        self.carried().await.map(|_| ())
    }

    async fn carried(&mut self) -> Result<Carried, PartitionError> {
        let Some((task, end)) = &mut self.running else {
            return std::future::pending().await;
        };
        let (done, end) = (task.await, *end);
        self.running = None;
        let carried = match done {
            Ok(result) => result?,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        if carried == Carried::Done {
            self.committed = end;
        }
        Ok(carried)
    }

    /// As [`Committer::finish`], at the end of the process: where there is no room it does not wait
    /// for any. What is in the log is taken in at the next start.
    pub(crate) async fn leave(&mut self) -> Result<(), PartitionError> {
        self.leaving.send_replace(true);
        // the rows of one that was left are in none that would come after it
        if self.running.is_some() && self.carried().await? == Carried::Left {
            return Ok(());
        }
        self.finish().await
    }

    /// Commits everything that is known now, and waits for it.
    pub(crate) async fn finish(&mut self) -> Result<(), PartitionError> {
        if self.running.is_some() {
            self.finished().await?;
        }
        self.begin();
        if self.running.is_some() {
            self.finished().await?;
        }
        Ok(())
    }
}

/// Commits `commit` with the rows of `pending` once the log is durable so far. What may pass by itself is
/// waited for: no room, a disk that fails, a catalogue that something else has open.
async fn carry(
    shared: &Shared,
    parts: &PartitionParts,
    commit: &Commit,
    pending: &Pending,
    names: &[Symbol],
    mut leaving: watch::Receiver<bool>,
) -> Result<Carried, PartitionError> {
    let left = |why: &str| {
        tracing::warn!(
            partition = %shared.partition, rows = pending.rows(), from = %commit.from, to = %commit.to,
            "not committed: {why}; what the log has of it is taken in at the next start"
        );
        Ok(Carried::Left)
    };
    // a row must never be in the store without the record it came from being in the log
    tokio::select! {
        biased;
        durable = parts.log.wait_durable(&shared.partition, commit.to) => durable?,
        () = refused_while_leaving(shared, parts, leaving.clone()) => {
            return left("the log has no room for the records that it came from");
        }
    }
    loop {
        // anew for each try, which takes the rows with it: a second one is seldom
        let mut whole = commit.clone();
        pending.add_to(&mut whole, names);
        match parts.store.commit(whole).await {
            Ok(()) => break,
            Err(
                error @ (StoreError::Full { .. }
                | StoreError::Failed { .. }
                | StoreError::Locked { .. }),
            ) => {
                let full = matches!(error, StoreError::Full { .. });
                let error = error.to_string();
                let news = shared.lock().commit_error.replace(error.clone()) != Some(error.clone());
                if news {
                    tracing::error!(partition = %shared.partition, "cannot commit: {error}");
                }
                if full && *leaving.borrow() {
                    return left(&error);
                }
                tokio::select! {
                    () = parts.clock.sleep(RETRY) => {}
                    // once more at once: there may be room by now
                    Ok(()) = leaving.changed() => {}
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    let mut hot = shared.lock();
    hot.committing = None;
    if hot.commit_error.take().is_some() {
        tracing::info!(partition = %shared.partition, "commits succeed again");
    }
    Ok(Carried::Done)
}

/// Returns once the process ends while the log takes no records.
async fn refused_while_leaving(
    shared: &Shared,
    parts: &PartitionParts,
    mut leaving: watch::Receiver<bool>,
) {
    if leaving.wait_for(|leaving| *leaving).await.is_err() {
        // whoever would say so is gone, and with it whoever waits for this commit
        std::future::pending::<()>().await;
    }
    while !parts.log.refuses(&shared.partition) {
        parts.clock.sleep(LOOK).await;
    }
}
