//! The relational database of ingestion: connectors, jobs, their leases, runs, and who changed what.
//!
//! Three traits, by who calls: [`JobStore`] for operators, [`JobLeases`] for workers,
//! [`JobHistory`] for readers of what was; [`JobDatabase`] is all three, and an engine implements
//! them together. What a change does to a job is one pure function a change (methods of [`Job`]),
//! so that every engine agrees; an engine only makes it atomic.
//!
//! # Time, and who is right about it
//!
//! No operation reads a clock: the time is an argument. [`JobStore::time`] tells the engine's own
//! (of a server, the server's; of a file, the host's), and a worker corrects its clock by it, so
//! that hosts whose clocks disagree still agree on when a lease is over. That is for liveness
//! only: a wrong clock makes a lease end early or late. What keeps data right is the
//! [token](Token), and a token has nothing to do with time.
//!
//! # Fencing
//!
//! Each lease of a job has a token, greater than all before. Whatever a worker changes, it changes
//! with its token, and a token that is not the newest, or whose lease was ended by somebody else,
//! is refused ([`JobStoreError::LeaseLost`]) and changes nothing. A worker that slept through its
//! lease therefore cannot harm. A lease that is past its time and that nobody took yet still
//! counts: nobody else has had the job.

mod connector;
mod cursor;
mod error;
mod history;
mod job;
mod lease;
mod schedule;
mod transition;

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use quantflow_model::{Timestamp, VenueId};

pub use connector::{Connector, ConnectorChange, ConnectorState, NewConnector};
pub use cursor::{Cursor, CursorError};
pub use error::JobStoreError;
pub use history::{
    AuditAction, AuditEntry, AuditFilter, By, FailureClass, NewEvent, OperationalEvent, Page, Run,
    RunError, RunFilter, RunOutcome, Severity, Subject, UnknownWord,
};
pub use job::{Job, JobChange, JobFilter, JobId, JobKind, JobStatus, NewJob, Rows};
pub use lease::{Claim, Finish, Held, Lease, Next, Orphan, RunId, Token, WorkerId};
pub use schedule::Schedule;
pub use transition::{RunEnd, fairest};

/// What an operation of the database gives.
pub type JobResult<T> = Result<T, JobStoreError>;

/// Connectors and jobs, as operators see and change them.
///
/// Owed by an implementation: each change and its [`AuditEntry`] are one transaction; what changes
/// nothing (pausing what is paused) leaves no entry; what is refused leaves no trace.
#[async_trait]
pub trait JobStore: Debug + Send + Sync + 'static {
    /// The time by the engine's own clock: what workers on several hosts agree on.
    async fn time(&self) -> JobResult<Timestamp>;

    /// Makes a connector.
    ///
    /// # Errors
    /// [`JobStoreError::Exists`] when the venue has one.
    async fn create_connector(&self, by: &By, new: NewConnector) -> JobResult<Connector>;

    /// Changes a connector. One that is not [enabled](ConnectorState::Enabled) gets no new leases;
    /// those that are held go on.
    async fn update_connector(
        &self,
        by: &By,
        venue: &VenueId,
        change: ConnectorChange,
    ) -> JobResult<Connector>;

    /// Removes a connector.
    ///
    /// # Errors
    /// [`JobStoreError::Refused`] while it has jobs.
    async fn delete_connector(&self, by: &By, venue: &VenueId) -> JobResult<()>;

    /// One connector; [`JobStoreError::NotFound`] when there is none.
    async fn connector(&self, venue: &VenueId) -> JobResult<Connector>;

    /// Connectors by venue, those after `past`, at most `limit`.
    async fn connectors(&self, past: Option<&VenueId>, limit: u32) -> JobResult<Vec<Connector>>;

    /// Makes a job.
    ///
    /// # Errors
    /// [`JobStoreError::NotFound`] when its venue has no connector; [`JobStoreError::Exists`] when
    /// there is a job for the same [kind](JobKind) at this venue.
    async fn create_job(&self, by: &By, new: NewJob) -> JobResult<Job>;

    /// Asks for a range once more or for the first time: makes the job, or, where the same one has
    /// ended (done or error), begins it anew from the new job's cursor. One that is still to run
    /// stays as it is, so that asking twice fetches once.
    async fn backfill(&self, by: &By, new: NewJob) -> JobResult<Job>;

    /// Changes a job's schedule or priority; also while it runs.
    async fn update_job(&self, by: &By, id: JobId, change: JobChange) -> JobResult<Job>;

    /// Removes a job; its runs and audit stay.
    ///
    /// # Errors
    /// [`JobStoreError::Refused`] while it runs.
    async fn delete_job(&self, by: &By, id: JobId) -> JobResult<()>;

    /// One job; [`JobStoreError::NotFound`] when there is none.
    async fn job(&self, id: JobId) -> JobResult<Job>;

    /// Jobs by ascending id.
    async fn jobs(&self, filter: &JobFilter, page: Page) -> JobResult<Vec<Job>>;

    /// Stops a job from being run. A run that is under way ends as
    /// [cancelled](RunOutcome::Cancelled) and its lease at once: the worker learns it with its next
    /// word. A paused one stays paused.
    async fn pause(&self, by: &By, id: JobId) -> JobResult<Job>;

    /// Lets a job that is paused or in error run again; its failures are forgotten.
    async fn resume(&self, by: &By, id: JobId) -> JobResult<Job>;

    /// Makes a job due now, whatever its schedule says.
    ///
    /// # Errors
    /// [`JobStoreError::Refused`] when it runs already or is paused.
    async fn run_now(&self, by: &By, id: JobId) -> JobResult<Job>;

    /// Sets the cursor wherever the operator wants it: the only way back. The job becomes due.
    ///
    /// # Errors
    /// [`JobStoreError::Refused`] while it runs.
    async fn rewind(&self, by: &By, id: JobId, to: Option<Cursor>) -> JobResult<Job>;
}

/// Jobs as workers take, hold and give them back.
#[async_trait]
pub trait JobLeases: Debug + Send + Sync + 'static {
    /// Leases at most `limit` jobs that are due at `now` to `worker`, until `now + lease`, and
    /// begins a run of each; all in one transaction. Several workers may claim at the same time;
    /// no job goes to two.
    ///
    /// Of enabled connectors only. Between venues it is fair: next is the venue with the fewest
    /// jobs under way, then the one served least recently ([`fairest`]). Within a venue the more
    /// urgent [purpose](quantflow_wire::Purpose) comes first, then what is due longest.
    async fn claim(
        &self,
        worker: &WorkerId,
        now: Timestamp,
        limit: u32,
        lease: Duration,
    ) -> JobResult<Vec<Claim>>;

    /// Makes a lease last until `now + lease`; never shorter than it did.
    async fn renew(&self, held: &Held, now: Timestamp, lease: Duration) -> JobResult<Lease>;

    /// Moves the cursor forward and notes how many rows the run has brought so far, in all: so that
    /// saying it twice, because the answer to the first was lost, is harmless.
    ///
    /// # Errors
    /// [`JobStoreError::Cursor`] when it would move back.
    async fn advance(
        &self,
        held: &Held,
        now: Timestamp,
        cursor: &Cursor,
        rows: Rows,
    ) -> JobResult<Job>;

    /// Ends the run and the lease. Saying the same twice is harmless.
    async fn finish(&self, held: &Held, now: Timestamp, finish: &Finish) -> JobResult<Job>;

    /// Gives the job back unfinished, as when a worker is shut down: it stays due. Saying it twice
    /// is harmless.
    async fn release(&self, held: &Held, now: Timestamp) -> JobResult<Job>;

    /// Makes at most `limit` jobs whose lease ended before or at `now` runnable again, those that
    /// ended first first; their runs end as [lost](RunOutcome::Lost), and an operational event
    /// says so. Found through an index on the end of leases, not by looking at all jobs.
    async fn reclaim(&self, now: Timestamp, limit: u32) -> JobResult<Vec<Orphan>>;
}

/// What was: runs, operational events, audit.
#[async_trait]
pub trait JobHistory: Debug + Send + Sync + 'static {
    /// Runs, newest first.
    async fn runs(&self, filter: &RunFilter, page: Page) -> JobResult<Vec<Run>>;

    /// Notes an operational event.
    async fn raise(&self, event: NewEvent) -> JobResult<OperationalEvent>;

    /// Operational events, newest first.
    async fn events(&self, page: Page) -> JobResult<Vec<OperationalEvent>>;

    /// Changes by operators, newest first.
    async fn audit(&self, filter: &AuditFilter, page: Page) -> JobResult<Vec<AuditEntry>>;

    /// Removes at most `limit` runs that ended before `before`, and as many events of before; the
    /// audit is kept. Gives how many rows went.
    async fn prune(&self, before: Timestamp, limit: u32) -> JobResult<u64>;
}

/// All of it, behind one pointer.
pub trait JobDatabase: JobStore + JobLeases + JobHistory {}

impl<T: JobStore + JobLeases + JobHistory> JobDatabase for T {}
