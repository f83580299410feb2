//! What each change does to a job: pure, so that all engines do the same.
//!
//! An engine reads the job under a lock, calls one of these, and writes back the job, the end of
//! the run where there is one, the event and the audit entry, in the same transaction.

use std::collections::BTreeMap;
use std::time::Duration;

use quantflow_model::{TimeRange, Timestamp, VenueId};

use super::{
    Cursor, Finish, Held, Job, JobChange, JobId, JobResult, JobStatus, JobStoreError, Lease,
    NewEvent, NewJob, Next, Orphan, Rows, RunError, RunId, RunOutcome, Schedule, Severity, Token,
    WorkerId,
};

/// How a run is to be ended in the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEnd {
    /// Which run.
    pub run: RunId,
    /// When.
    pub at: Timestamp,
    /// How.
    pub outcome: RunOutcome,
    /// How many rows, where its worker says so.
    pub rows: Option<Rows>,
    /// What it failed with.
    pub error: Option<RunError>,
    /// Where the cursor stood.
    pub cursor: Option<Cursor>,
}

impl Job {
    /// The job as it is made.
    ///
    /// # Errors
    /// [`JobStoreError::Invalid`] when its parts do not fit together.
    pub fn made(id: JobId, new: NewJob, at: Timestamp) -> JobResult<Self> {
        check(&new)?;
        Ok(Self {
            id,
            venue: new.venue,
            kind: new.kind,
            schedule: new.schedule,
            purpose: new.purpose,
            status: JobStatus::Active,
            cursor: new.cursor,
            next_due: Some(new.due),
            attempts: 0,
            last_error: None,
            token: Token(0),
            lease: None,
            created: at,
            updated: at,
        })
    }

    /// Whether it may be leased now.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.status == JobStatus::Active && self.next_due.is_some_and(|due| due <= now)
    }

    /// Leases it.
    pub fn take(&mut self, worker: &WorkerId, run: RunId, now: Timestamp, lease: Duration) -> Held {
        self.status = JobStatus::Running;
        self.token = Token(self.token.0 + 1);
        self.lease = Some(Lease {
            worker: worker.clone(),
            run,
            expires: now + lease,
        });
        self.updated = now;
        Held {
            job: self.id,
            token: self.token,
            run,
        }
    }

    /// The lease, if `held` is the one that counts.
    fn holds(&mut self, held: &Held) -> JobResult<&mut Lease> {
        let lost = JobStoreError::LeaseLost {
            job: self.id,
            token: held.token,
            newest: self.token,
        };
        let newest = self.token == held.token;
        match &mut self.lease {
            Some(lease) if newest && lease.run == held.run => Ok(lease),
            _ => Err(lost),
        }
    }

    /// Makes the lease last.
    ///
    /// # Errors
    /// [`JobStoreError::LeaseLost`].
    pub fn renew(&mut self, held: &Held, now: Timestamp, lease: Duration) -> JobResult<Lease> {
        let held = self.holds(held)?;
        held.expires = held.expires.max(now + lease);
        Ok(held.clone())
    }

    /// Moves the cursor.
    ///
    /// # Errors
    /// [`JobStoreError::LeaseLost`], [`JobStoreError::Cursor`].
    pub fn advance(&mut self, held: &Held, now: Timestamp, cursor: Cursor) -> JobResult<()> {
        self.holds(held)?;
        let moved = match self.cursor {
            None => Ok(cursor),
            Some(stands) => stands.forward(cursor),
        };
        let job = self.id;
        self.cursor = Some(moved.map_err(|error| JobStoreError::Cursor { job, error })?);
        self.updated = now;
        Ok(())
    }

    /// Ends the run by its worker's word.
    ///
    /// # Errors
    /// [`JobStoreError::LeaseLost`].
    pub fn finish(
        &mut self,
        held: &Held,
        now: Timestamp,
        finish: &Finish,
    ) -> JobResult<(RunEnd, Option<NewEvent>)> {
        self.holds(held)?;
        let outcome = match &finish.failure {
            None => {
                self.attempts = 0;
                self.last_error = None;
                RunOutcome::Succeeded
            }
            Some(error) => {
                self.attempts = self.attempts.saturating_add(1);
                self.last_error = Some(error.text.clone());
                RunOutcome::Failed
            }
        };
        (self.status, self.next_due) = match finish.next {
            Next::Due(due) => (JobStatus::Active, Some(due)),
            Next::Done => (JobStatus::Done, None),
            Next::Error => (JobStatus::Error, None),
        };
        let event = (finish.next == Next::Error).then(|| NewEvent {
            at: now,
            severity: Severity::Error,
            what: "job_failed".into(),
            venue: Some(self.venue.clone()),
            job: Some(self.id),
            text: match &finish.failure {
                Some(error) => format!("{}: {} ({})", self.kind, error.text, error.class),
                None => format!("{}: it was given up", self.kind),
            },
        });
        let mut end = self
            .let_go(now, outcome)
            .ok_or_else(|| self.no_lease(held))?;
        end.rows = Some(finish.rows);
        end.error.clone_from(&finish.failure);
        Ok((end, event))
    }

    /// Gives it back; it stays due.
    ///
    /// # Errors
    /// [`JobStoreError::LeaseLost`].
    pub fn release(&mut self, held: &Held, now: Timestamp) -> JobResult<RunEnd> {
        self.holds(held)?;
        self.status = JobStatus::Active;
        self.let_go(now, RunOutcome::Released)
            .ok_or_else(|| self.no_lease(held))
    }

    /// Takes it from a worker whose lease is over; `None` when it is not.
    pub fn reclaim(&mut self, now: Timestamp) -> Option<(Orphan, RunEnd, NewEvent)> {
        let lease = self.lease.clone().filter(|lease| lease.expires <= now)?;
        let held = Held {
            job: self.id,
            token: self.token,
            run: lease.run,
        };
        let text = format!(
            "{}: worker {} did not renew its lease, which ended at {}",
            self.kind, lease.worker, lease.expires
        );
        self.status = JobStatus::Active;
        self.attempts = self.attempts.saturating_add(1);
        self.last_error = Some(text.clone());
        let end = self.let_go(now, RunOutcome::Lost)?;
        let event = NewEvent {
            at: now,
            severity: Severity::Warning,
            what: "lease_lost".into(),
            venue: Some(self.venue.clone()),
            job: Some(self.id),
            text,
        };
        let orphan = Orphan {
            held,
            worker: lease.worker,
            expired: lease.expires,
        };
        Some((orphan, end, event))
    }

    /// Stops it; `None` when it is stopped already.
    ///
    /// # Errors
    /// [`JobStoreError::Refused`] when it is done.
    pub fn pause(&mut self, now: Timestamp) -> JobResult<Option<Option<RunEnd>>> {
        match self.status {
            JobStatus::Paused => return Ok(None),
            JobStatus::Done => return Err(self.refused("pause", "it is done")),
            JobStatus::Active | JobStatus::Running | JobStatus::Error => {}
        }
        let end = self.let_go(now, RunOutcome::Cancelled);
        self.status = JobStatus::Paused;
        self.updated = now;
        Ok(Some(end))
    }

    /// Lets it run again; whether it did not before.
    ///
    /// # Errors
    /// [`JobStoreError::Refused`] when it is done.
    pub fn resume(&mut self, now: Timestamp) -> JobResult<bool> {
        match self.status {
            JobStatus::Active | JobStatus::Running => return Ok(false),
            JobStatus::Done => {
                return Err(self.refused("resume", "it is done: run it now, or rewind it"));
            }
            JobStatus::Error => self.next_due = Some(now),
            JobStatus::Paused => self.next_due = self.next_due.or(Some(now)),
        }
        self.make_active(now);
        Ok(true)
    }

    /// Makes it due.
    ///
    /// # Errors
    /// [`JobStoreError::Refused`] when it runs or is paused.
    pub fn run_now(&mut self, now: Timestamp) -> JobResult<()> {
        match self.status {
            JobStatus::Running => Err(self.refused("run", "it runs already")),
            JobStatus::Paused => Err(self.refused("run", "it is paused: resume it first")),
            JobStatus::Active | JobStatus::Error | JobStatus::Done => {
                self.next_due = Some(now);
                self.make_active(now);
                Ok(())
            }
        }
    }

    /// Sets the cursor by hand. A paused job stays paused.
    ///
    /// # Errors
    /// [`JobStoreError::Refused`] while it runs.
    pub fn rewind(&mut self, now: Timestamp, to: Option<Cursor>) -> JobResult<()> {
        if self.status == JobStatus::Running {
            return Err(self.refused("rewind", "it runs: pause it first"));
        }
        let paused = self.status == JobStatus::Paused;
        self.cursor = to;
        self.next_due = Some(now);
        self.make_active(now);
        if paused {
            self.status = JobStatus::Paused;
        }
        Ok(())
    }

    /// Begins an ended backfill anew; whether it had ended.
    pub fn backfill(&mut self, now: Timestamp, new: &NewJob) -> bool {
        let ended = matches!(self.status, JobStatus::Done | JobStatus::Error);
        if ended {
            self.cursor = new.cursor;
            self.purpose = new.purpose;
            self.next_due = Some(new.due);
            self.make_active(now);
        }
        ended
    }

    /// Takes a change; whether anything is other than before.
    ///
    /// # Errors
    /// [`JobStoreError::Invalid`].
    pub fn change(&mut self, now: Timestamp, change: JobChange) -> JobResult<bool> {
        let before = (self.schedule.clone(), self.purpose, self.next_due);
        if let Some((schedule, due)) = change.schedule {
            check_schedule(&schedule)?;
            self.schedule = schedule;
            // what has ended stays so, and what runs says itself when it is due again
            if matches!(self.status, JobStatus::Active | JobStatus::Paused) {
                self.next_due = Some(due);
            }
        }
        self.purpose = change.purpose.unwrap_or(self.purpose);
        let changed = before != (self.schedule.clone(), self.purpose, self.next_due);
        if changed {
            self.updated = now;
        }
        Ok(changed)
    }

    /// Whether it may be removed.
    ///
    /// # Errors
    /// [`JobStoreError::Refused`] while it runs.
    pub fn may_go(&self) -> JobResult<()> {
        if self.status == JobStatus::Running {
            return Err(self.refused("delete", "it runs: pause it first"));
        }
        Ok(())
    }

    fn make_active(&mut self, now: Timestamp) {
        self.status = JobStatus::Active;
        self.attempts = 0;
        self.last_error = None;
        self.updated = now;
    }

    fn let_go(&mut self, now: Timestamp, outcome: RunOutcome) -> Option<RunEnd> {
        let lease = self.lease.take()?;
        self.updated = now;
        Some(RunEnd {
            run: lease.run,
            at: now,
            outcome,
            rows: None,
            error: None,
            cursor: self.cursor,
        })
    }

    fn no_lease(&self, held: &Held) -> JobStoreError {
        JobStoreError::LeaseLost {
            job: self.id,
            token: held.token,
            newest: self.token,
        }
    }

    fn refused(&self, what: &str, why: &str) -> JobStoreError {
        JobStoreError::Refused {
            what: format!("{what} job {} ({})", self.id, self.kind),
            why: why.to_owned(),
        }
    }
}

fn check(new: &NewJob) -> JobResult<()> {
    let invalid = |field, why| Err(JobStoreError::Invalid { field, why });
    if let Some(symbol) = new.kind.symbol()
        && symbol.venue() != new.venue
    {
        return invalid(
            "symbol",
            format!("{symbol} is not of the venue {}", new.venue),
        );
    }
    if new.kind.range().is_some_and(TimeRange::is_empty) {
        return invalid("range", "its end must lie after its start".to_owned());
    }
    check_schedule(&new.schedule)
}

fn check_schedule(schedule: &Schedule) -> JobResult<()> {
    match schedule {
        Schedule::Every { period } if period.as_millis() == 0 => Err(JobStoreError::Invalid {
            field: "schedule",
            why: format!("a period of at least 1 ms, not {period:?}"),
        }),
        _ => Ok(()),
    }
}

/// Which venue is served next, of those that have something due: the one with the fewest jobs under
/// way, then the one served least recently, then by name. `under_way` counts what is leased and
/// what this claim has taken; `served` says when a venue was given a lease last.
pub fn fairest<'a>(
    due: impl IntoIterator<Item = &'a VenueId>,
    under_way: &BTreeMap<VenueId, u64>,
    served: &BTreeMap<VenueId, Timestamp>,
) -> Option<&'a VenueId> {
    due.into_iter().min_by_key(|venue| {
        (
            under_way.get(*venue).copied().unwrap_or(0),
            served.get(*venue).copied().unwrap_or(Timestamp::MIN),
            *venue,
        )
    })
}
