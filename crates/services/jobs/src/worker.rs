//! [`Worker`]: takes jobs that are due, and runs them.

use std::sync::Arc;
use std::time::Duration;

use quantflow_model::Timestamp;
use quantflow_seams::jobs::{JobDatabase, JobStoreError, WorkerId};
use quantflow_seams::{Clock, EventLog};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::agreed::AgreedTime;
use crate::metrics;
use crate::retry::{Jitter, RetryPolicy};
use crate::run::{Ended, Shared, run};
use crate::work::Work;

/// So many leases that are over are taken back at a time.
const ORPHANS: u32 = 100;
/// So many old rows of the history are removed at a time.
const PRUNED: u32 = 5_000;
/// How often old history is removed and the database's clock looked at.
const HOUSEKEEPING: Duration = Duration::from_mins(1);

/// How a worker works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerOptions {
    /// Its name: another for each life of a process, so that the history tells who worked.
    pub name: WorkerId,
    /// How many jobs it runs at a time.
    pub slots: u32,
    /// How long a lease lasts that is not renewed: so long a dead worker's jobs lie idle.
    pub lease: Duration,
    /// How often it looks for due jobs while nothing happens.
    pub poll: Duration,
    /// After how long a run that has more to fetch gives way to other jobs.
    pub slice: Duration,
    /// How long runs and events are kept.
    pub history: Duration,
    /// What is tried again, and when.
    pub retry: RetryPolicy,
    /// Reproduces its random waits.
    pub seed: u64,
}

impl WorkerOptions {
    /// What suits most.
    pub fn new(name: WorkerId, seed: u64) -> Self {
        Self {
            name,
            slots: 8,
            lease: Duration::from_secs(30),
            poll: Duration::from_secs(1),
            slice: Duration::from_mins(1),
            history: Duration::from_hours(24 * 30),
            retry: RetryPolicy::default(),
            seed,
        }
    }
}

/// What it works with.
#[derive(Debug, Clone)]
pub struct Engines {
    /// Where the jobs are.
    pub database: Arc<dyn JobDatabase>,
    /// Where goes what comes.
    pub log: Arc<dyn EventLog>,
    /// What a job does.
    pub work: Arc<dyn Work>,
    /// The host's clock.
    pub clock: Arc<dyn Clock>,
}

/// Takes jobs that are due, and runs them; any number of workers share a database. Each also takes
/// back the jobs of workers that died, and removes old history.
#[derive(Debug)]
pub struct Worker {
    name: WorkerId,
    slots: usize,
    poll: Duration,
    history: Duration,
    shared: Arc<Shared>,
}

impl Worker {
    /// One that does not work yet.
    pub fn new(engines: Engines, options: WorkerOptions) -> Self {
        Self {
            name: options.name,
            slots: options.slots.max(1) as usize,
            poll: options.poll,
            history: options.history,
            shared: Arc::new(Shared {
                database: engines.database,
                log: engines.log,
                work: engines.work,
                time: AgreedTime::new(engines.clock),
                jitter: Jitter::new(options.seed),
                retry: options.retry,
                lease: options.lease,
                slice: options.slice,
            }),
        }
    }

    /// Works until `stop` says so (or its sender is gone); then gives back what it holds. A database
    /// that does not answer is asked again: it never gives up.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        // bounded by the slots
        let mut runs = JoinSet::new();
        let mut kept_house: Option<Timestamp> = None;
        while !*stop.borrow() {
            if kept_house.is_none_or(|at| self.is_over(at, HOUSEKEEPING)) {
                // what fails is tried again with the next round
                kept_house = self.keep_house().await.then(|| self.shared.time.now());
            }
            let wait = match self.fill(&mut runs, &stop).await {
                // there may be more
                Ok(taken) if taken > 0 && runs.len() < self.slots => continue,
                Ok(_) => self.poll,
                Err(error) => {
                    tracing::warn!(worker = %self.name, %error, "no jobs can be taken now");
                    self.poll
                }
            };
            // not all workers at the same moment
            let wait = wait / 2 + self.shared.jitter.within(wait / 2);
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                Some(ended) = runs.join_next() => note(&self.name, ended),
                () = self.shared.time.sleep(wait) => {}
            }
        }
        while let Some(ended) = runs.join_next().await {
            note(&self.name, ended);
        }
    }

    fn is_over(&self, since: Timestamp, duration: Duration) -> bool {
        let passed = self.shared.time.now().since(since);
        // a clock that was set back must not stop it
        passed < 0 || passed >= duration.as_nanos() as i64
    }

    /// Takes back what is over, takes as many jobs as there is room for, and begins them.
    async fn fill(
        &self,
        runs: &mut JoinSet<Ended>,
        stop: &watch::Receiver<bool>,
    ) -> Result<usize, JobStoreError> {
        let (database, time) = (&self.shared.database, &self.shared.time);
        let lease = self.shared.lease;
        let orphans = time.within(lease, database.reclaim(time.now(), ORPHANS));
        for orphan in orphans.await? {
            metrics::orphan();
            let (job, token) = (orphan.held.job.0, orphan.held.token.0);
            tracing::warn!(job, token, worker = %orphan.worker, "a job is taken from a worker that did not renew its lease");
        }
        let room = self.slots.saturating_sub(runs.len());
        if room == 0 {
            return Ok(0);
        }
        let room = u32::try_from(room).unwrap_or(u32::MAX);
        let claims = database.claim(&self.name, time.now(), room, lease);
        let claims = time.within(lease, claims).await?;
        let taken = claims.len();
        for claim in claims {
            let (shared, stop) = (Arc::clone(&self.shared), stop.clone());
            let venue = claim.job.venue.clone();
            runs.spawn(async move {
                let _under_way = metrics::UnderWay::begin(&venue);
                let ended = run(&shared, claim, stop).await;
                metrics::run(&venue, ended.as_str());
                ended
            });
        }
        Ok(taken)
    }

    /// Whether all of it was done.
    async fn keep_house(&self) -> bool {
        let (database, time) = (&self.shared.database, &self.shared.time);
        let lease = self.shared.lease;
        let looked = time.within(lease, time.look(database.as_ref())).await;
        let before = time.now() - self.history;
        let pruned = match looked {
            Ok(()) => time.within(lease, database.prune(before, PRUNED)).await,
            Err(error) => Err(error),
        };
        if let Err(error) = &pruned {
            tracing::warn!(worker = %self.name, %error, "the database's clock or history cannot be kept now");
        }
        pruned.is_ok()
    }
}

fn note(worker: &WorkerId, ended: Result<Ended, tokio::task::JoinError>) {
    match ended {
        Ok(ended) => tracing::debug!(%worker, ?ended, "a run ended"),
        // its lease ends by itself
        Err(error) => tracing::error!(%worker, %error, "a run broke off"),
    }
}
