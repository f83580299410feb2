//! [`MemoryJobs`]: the job database in memory.

mod history;
mod leases;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use compact_str::format_compact;
use quantflow_model::{Timestamp, VenueId};
use quantflow_seams::Clock;
use quantflow_seams::jobs::{
    AuditAction, AuditEntry, By, Connector, ConnectorChange, Cursor, Held, Job, JobChange,
    JobFilter, JobId, JobResult, JobStore, JobStoreError, NewConnector, NewEvent, NewJob,
    OperationalEvent, Page, Run, RunEnd, RunId, RunOutcome, Subject,
};

use tokio::sync::watch;

/// The job database in memory: for tests of what uses one.
#[derive(Debug)]
pub struct MemoryJobs {
    clock: Arc<dyn Clock>,
    // never held over an await
    state: Mutex<State>,
    answers: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct State {
    connectors: BTreeMap<VenueId, Connector>,
    served: BTreeMap<VenueId, Timestamp>,
    jobs: BTreeMap<JobId, Job>,
    last_job: u64,
    last_run: u64,
    runs: BTreeMap<RunId, Run>,
    last_event: u64,
    events: Vec<OperationalEvent>,
    audit: Vec<AuditEntry>,
}

impl MemoryJobs {
    /// An empty one; `clock` is what it takes for the engine's own.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            state: Mutex::default(),
            answers: watch::Sender::new(true),
        }
    }

    /// Whether it answers workers; while it does not, what they ask waits for ever.
    pub fn answers(&self, answers: bool) {
        self.answers.send_replace(answers);
    }

    async fn answer(&self) {
        let mut answers = self.answers.subscribe();
        answers.wait_for(|answers| *answers).await.unwrap();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// A change of a job by an operator: `change` says whether it is one, and which run it ended.
    fn change(
        &self,
        by: &By,
        id: JobId,
        action: AuditAction,
        change: impl FnOnce(&mut Job) -> JobResult<Option<Option<RunEnd>>>,
    ) -> JobResult<Job> {
        let mut state = self.state();
        let before = state.job(id)?.clone();
        let mut after = before.clone();
        if let Some(end) = change(&mut after)? {
            state.jobs.insert(id, after.clone());
            if let Some(end) = end {
                state.end(&end);
            }
            state.enter_job(by, action, Some(&before), Some(&after));
        }
        Ok(after)
    }
}

impl State {
    fn job(&mut self, id: JobId) -> JobResult<&mut Job> {
        self.jobs
            .get_mut(&id)
            .ok_or_else(|| JobStoreError::no_job(id))
    }

    fn enter(
        &mut self,
        by: &By,
        action: AuditAction,
        (subject, key): (Subject, String),
        before: Option<serde_json::Value>,
        after: Option<serde_json::Value>,
    ) {
        self.audit.push(AuditEntry {
            id: self.audit.len() as u64 + 1,
            at: by.at,
            who: by.who.clone(),
            action,
            subject,
            key: key.into(),
            before,
            after,
        });
    }

    fn enter_job(
        &mut self,
        by: &By,
        action: AuditAction,
        before: Option<&Job>,
        after: Option<&Job>,
    ) {
        let json = |job| serde_json::to_value(job).unwrap();
        let id = before.or(after).unwrap().id;
        let which = (Subject::Job, id.to_string());
        self.enter(by, action, which, before.map(json), after.map(json));
    }

    fn enter_connector(
        &mut self,
        by: &By,
        action: AuditAction,
        before: Option<&Connector>,
        after: Option<&Connector>,
    ) {
        let json = |connector| serde_json::to_value(connector).unwrap();
        let venue = before.or(after).unwrap().venue.to_string();
        let which = (Subject::Connector, venue);
        self.enter(by, action, which, before.map(json), after.map(json));
    }

    fn end(&mut self, end: &RunEnd) {
        let run = self.runs.get_mut(&end.run).unwrap();
        assert!(run.ended.is_none(), "a run ends once");
        run.ended = Some(end.at);
        run.outcome = Some(end.outcome);
        run.rows = end.rows.unwrap_or(run.rows);
        run.error.clone_from(&end.error);
        run.cursor_after = end.cursor;
    }

    fn note(&mut self, event: NewEvent) -> OperationalEvent {
        self.last_event += 1;
        let event = OperationalEvent {
            id: self.last_event,
            at: event.at,
            severity: event.severity,
            what: event.what,
            venue: event.venue,
            job: event.job,
            text: event.text,
        };
        self.events.push(event.clone());
        event
    }

    fn same(&self, new: &NewJob) -> Option<JobId> {
        let same = |job: &&Job| job.venue == new.venue && job.kind == new.kind;
        self.jobs.values().find(same).map(|job| job.id)
    }

    fn insert(&mut self, by: &By, action: AuditAction, new: NewJob) -> JobResult<Job> {
        let job = Job::made(JobId(self.last_job + 1), new, by.at)?;
        if !self.connectors.contains_key(&job.venue) {
            return Err(JobStoreError::no_connector(job.venue.as_str()));
        }
        self.last_job += 1;
        self.jobs.insert(job.id, job.clone());
        self.enter_job(by, action, None, Some(&job));
        Ok(job)
    }

    fn next_due(&self, venue: &VenueId, now: Timestamp) -> Option<JobId> {
        let due = |job: &&Job| job.venue == *venue && job.is_due(now);
        let order = |job: &&Job| (job.purpose, job.next_due, job.id);
        let next = self.jobs.values().filter(due).min_by_key(order);
        next.map(|job| job.id)
    }

    fn ended_so(&self, held: &Held, outcome: RunOutcome) -> bool {
        self.runs.get(&held.run).is_some_and(|run| {
            run.job == held.job && run.token == held.token && run.outcome == Some(outcome)
        })
    }
}

#[async_trait]
impl JobStore for MemoryJobs {
    async fn time(&self) -> JobResult<Timestamp> {
        Ok(self.clock.now())
    }

    async fn create_connector(&self, by: &By, new: NewConnector) -> JobResult<Connector> {
        let mut state = self.state();
        if state.connectors.contains_key(&new.venue) {
            return Err(JobStoreError::Exists {
                what: "connector",
                id: new.venue.as_str().into(),
            });
        }
        let made = Connector::made(new, by.at);
        state.connectors.insert(made.venue.clone(), made.clone());
        state.enter_connector(by, AuditAction::Create, None, Some(&made));
        Ok(made)
    }

    async fn update_connector(
        &self,
        by: &By,
        venue: &VenueId,
        change: ConnectorChange,
    ) -> JobResult<Connector> {
        let before = self.connector(venue).await?;
        let mut after = before.clone();
        if after.change(change, by.at) {
            let mut state = self.state();
            state.connectors.insert(venue.clone(), after.clone());
            state.enter_connector(by, AuditAction::Update, Some(&before), Some(&after));
        }
        Ok(after)
    }

    async fn delete_connector(&self, by: &By, venue: &VenueId) -> JobResult<()> {
        let before = self.connector(venue).await?;
        let mut state = self.state();
        let jobs = state
            .jobs
            .values()
            .filter(|job| job.venue == *venue)
            .count();
        if jobs > 0 {
            return Err(JobStoreError::Refused {
                what: format!("delete connector {venue}"),
                why: format!("it has {jobs} jobs: delete those first, or disable it"),
            });
        }
        state.connectors.remove(venue);
        state.enter_connector(by, AuditAction::Delete, Some(&before), None);
        Ok(())
    }

    async fn connector(&self, venue: &VenueId) -> JobResult<Connector> {
        let found = self.state().connectors.get(venue).cloned();
        found.ok_or_else(|| JobStoreError::no_connector(venue.as_str()))
    }

    async fn connectors(&self, past: Option<&VenueId>, limit: u32) -> JobResult<Vec<Connector>> {
        let state = self.state();
        let later = |connector: &&Connector| past.is_none_or(|past| connector.venue > *past);
        let connectors = state.connectors.values().filter(later);
        Ok(connectors.take(limit as usize).cloned().collect())
    }

    async fn create_job(&self, by: &By, new: NewJob) -> JobResult<Job> {
        let mut state = self.state();
        if let Some(there) = state.same(&new) {
            return Err(JobStoreError::Exists {
                what: "job",
                id: format_compact!("{there} ({})", new.kind),
            });
        }
        state.insert(by, AuditAction::Create, new)
    }

    async fn backfill(&self, by: &By, new: NewJob) -> JobResult<Job> {
        let mut state = self.state();
        let Some(there) = state.same(&new) else {
            return state.insert(by, AuditAction::Backfill, new);
        };
        let before = state.job(there)?.clone();
        let mut after = before.clone();
        if after.backfill(by.at, &new) {
            state.jobs.insert(there, after.clone());
            state.enter_job(by, AuditAction::Backfill, Some(&before), Some(&after));
        }
        Ok(after)
    }

    async fn update_job(&self, by: &By, id: JobId, change: JobChange) -> JobResult<Job> {
        self.change(by, id, AuditAction::Update, |job| {
            Ok(job.change(by.at, change)?.then_some(None))
        })
    }

    async fn delete_job(&self, by: &By, id: JobId) -> JobResult<()> {
        let mut state = self.state();
        let job = state.job(id)?.clone();
        job.may_go()?;
        state.jobs.remove(&id);
        state.enter_job(by, AuditAction::Delete, Some(&job), None);
        Ok(())
    }

    async fn job(&self, id: JobId) -> JobResult<Job> {
        self.state().job(id).cloned()
    }

    async fn jobs(&self, filter: &JobFilter, page: Page) -> JobResult<Vec<Job>> {
        let state = self.state();
        let wanted = |job: &&Job| page.past.is_none_or(|past| job.id.0 > past) && filter.holds(job);
        let jobs = state.jobs.values().filter(wanted);
        Ok(jobs.take(page.limit as usize).cloned().collect())
    }

    async fn pause(&self, by: &By, id: JobId) -> JobResult<Job> {
        self.change(by, id, AuditAction::Pause, |job| job.pause(by.at))
    }

    async fn resume(&self, by: &By, id: JobId) -> JobResult<Job> {
        self.change(by, id, AuditAction::Resume, |job| {
            Ok(job.resume(by.at)?.then_some(None))
        })
    }

    async fn run_now(&self, by: &By, id: JobId) -> JobResult<Job> {
        self.change(by, id, AuditAction::RunNow, |job| {
            job.run_now(by.at).map(|()| Some(None))
        })
    }

    async fn rewind(&self, by: &By, id: JobId, to: Option<Cursor>) -> JobResult<Job> {
        self.change(by, id, AuditAction::Rewind, |job| {
            job.rewind(by.at, to).map(|()| Some(None))
        })
    }
}

#[cfg(test)]
mod tests {
    use quantflow_seams::SystemClock;
    use quantflow_seams::jobs::JobDatabase;

    use super::*;
    use crate::job_store_suite::Harness;

    #[derive(Debug)]
    struct InMemory;

    #[async_trait]
    impl Harness for InMemory {
        async fn open(&self) -> Arc<dyn JobDatabase> {
            Arc::new(MemoryJobs::new(Arc::new(SystemClock)))
        }
    }

    crate::job_store_suite!(memory, InMemory);
}
