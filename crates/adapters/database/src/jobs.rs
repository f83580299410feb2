//! Jobs as operators change them: each change and its audit entry in one transaction.

use async_trait::async_trait;
use compact_str::format_compact;
use quantflow_model::{Symbol, Timestamp, VenueId};
use quantflow_seams::jobs::{
    AuditAction, By, Connector, ConnectorChange, Cursor, Job, JobChange, JobFilter, JobId,
    JobResult, JobStore, JobStoreError, NewConnector, NewJob, Page, RunEnd, Subject,
};

use crate::database::Database;
use crate::history::{Change, Conditions, end_run, write_audit};
use crate::rows::{self, JOB, column, cursor_text, job_values, json, rank};
use crate::sql::{Session, values};

/// What a change made of a job.
enum Changed {
    /// Nothing: there is nothing to write.
    Not,
    /// Something; perhaps it ended a run.
    So(Option<RunEnd>),
}

/// The job, which nobody else changes until the end of the transaction.
pub(crate) async fn locked_job(session: &mut Session, id: JobId) -> JobResult<Job> {
    let select = session.locked(&format!("SELECT {JOB} FROM jobs WHERE id = $1"));
    let row = session.row(select, values![column(id.0)]).await?;
    rows::job(&row.ok_or_else(|| JobStoreError::no_job(id))?)
}

/// Writes what of a job can change.
pub(crate) async fn save_job(session: &mut Session, job: &Job) -> JobResult<()> {
    session
        .run(
            "UPDATE jobs SET schedule = $2, purpose = $3, status = $4, cursor_at = $5,
             next_due = $6, attempts = $7, last_error = $8, token = $9, worker = $10, run = $11,
             expires = $12, updated = $13 WHERE id = $1",
            job_values(job)?,
        )
        .await?;
    Ok(())
}

fn change_of<'a>(id: JobId, before: Option<&'a Job>, after: Option<&'a Job>) -> Change<'a, Job> {
    Change {
        subject: Subject::Job,
        key: format_compact!("{id}"),
        before,
        after,
    }
}

/// Makes the job, if there is none for the same.
async fn insert(session: &mut Session, new: NewJob, at: Timestamp) -> JobResult<Option<Job>> {
    // the number comes with the row
    let mut job = Job::made(JobId(0), new, at)?;
    let kept = session.kept("SELECT venue FROM connectors WHERE venue = $1");
    if session
        .row(kept, values![job.venue.as_str()])
        .await?
        .is_none()
    {
        return Err(JobStoreError::no_connector(job.venue.as_str()));
    }
    let row = session
        .row(
            "INSERT INTO jobs (venue, key, target, kind, symbol, schedule, purpose, status,
             cursor_at, next_due, attempts, token, created, updated)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 0, $11, $11)
             ON CONFLICT (venue, key) DO NOTHING RETURNING id",
            values![
                job.venue.as_str(),
                job.kind.to_string(),
                json(&job.kind)?,
                job.kind.name(),
                job.kind.symbol().map(Symbol::to_string),
                json(&job.schedule)?,
                rank(job.purpose),
                job.status.as_str(),
                cursor_text(job.cursor),
                job.next_due.map(Timestamp::nanos),
                at.nanos(),
            ],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    job.id = JobId(u64::try_from(row.int(0)?).unwrap_or_default());
    Ok(Some(job))
}

/// The job for the same, locked.
async fn locked_same(session: &mut Session, new: &NewJob) -> JobResult<Job> {
    let select = session.locked(&format!(
        "SELECT {JOB} FROM jobs WHERE venue = $1 AND key = $2"
    ));
    let key = new.kind.to_string();
    let row = session
        .row(select, values![new.venue.as_str(), key.as_str()])
        .await?;
    // removed between the two statements
    rows::job(&row.ok_or_else(|| JobStoreError::Busy(format!("{key} was just removed")))?)
}

impl Database {
    /// Reads a job under a lock, changes it, writes it with its audit entry.
    async fn change_job(
        &self,
        by: &By,
        id: JobId,
        action: AuditAction,
        change: impl FnOnce(&mut Job) -> JobResult<Changed> + Send,
    ) -> JobResult<Job> {
        let mut session = self.pools.begin().await?;
        let before = locked_job(&mut session, id).await?;
        let mut after = before.clone();
        if let Changed::So(end) = change(&mut after)? {
            save_job(&mut session, &after).await?;
            if let Some(end) = end {
                end_run(&mut session, &end).await?;
            }
            let change = change_of(id, Some(&before), Some(&after));
            write_audit(&mut session, by, action, change).await?;
            session.commit().await?;
        }
        Ok(after)
    }
}

#[async_trait]
impl JobStore for Database {
    async fn time(&self) -> JobResult<Timestamp> {
        self.engine_time().await
    }

    async fn create_connector(&self, by: &By, new: NewConnector) -> JobResult<Connector> {
        self.make_connector(by, new).await
    }

    async fn update_connector(
        &self,
        by: &By,
        venue: &VenueId,
        change: ConnectorChange,
    ) -> JobResult<Connector> {
        self.change_connector(by, venue, change).await
    }

    async fn delete_connector(&self, by: &By, venue: &VenueId) -> JobResult<()> {
        self.remove_connector(by, venue).await
    }

    async fn connector(&self, venue: &VenueId) -> JobResult<Connector> {
        self.read_connector(venue).await
    }

    async fn connectors(&self, past: Option<&VenueId>, limit: u32) -> JobResult<Vec<Connector>> {
        self.list_connectors(past, limit).await
    }

    async fn create_job(&self, by: &By, new: NewJob) -> JobResult<Job> {
        let mut session = self.pools.begin().await?;
        let Some(job) = insert(&mut session, new.clone(), by.at).await? else {
            let there = locked_same(&mut session, &new).await?;
            return Err(JobStoreError::Exists {
                what: "job",
                id: format_compact!("{} ({})", there.id, there.kind),
            });
        };
        let change = change_of(job.id, None, Some(&job));
        write_audit(&mut session, by, AuditAction::Create, change).await?;
        session.commit().await?;
        Ok(job)
    }

    async fn backfill(&self, by: &By, new: NewJob) -> JobResult<Job> {
        let mut session = self.pools.begin().await?;
        let made = insert(&mut session, new.clone(), by.at).await?;
        let (before, after) = if let Some(made) = made {
            (None, made)
        } else {
            let before = locked_same(&mut session, &new).await?;
            let mut after = before.clone();
            if !after.backfill(by.at, &new) {
                return Ok(before);
            }
            save_job(&mut session, &after).await?;
            (Some(before), after)
        };
        let change = change_of(after.id, before.as_ref(), Some(&after));
        write_audit(&mut session, by, AuditAction::Backfill, change).await?;
        session.commit().await?;
        Ok(after)
    }

    async fn update_job(&self, by: &By, id: JobId, change: JobChange) -> JobResult<Job> {
        self.change_job(by, id, AuditAction::Update, |job| {
            let changed = job.change(by.at, change)?;
            Ok(if changed {
                Changed::So(None)
            } else {
                Changed::Not
            })
        })
        .await
    }

    async fn delete_job(&self, by: &By, id: JobId) -> JobResult<()> {
        let mut session = self.pools.begin().await?;
        let job = locked_job(&mut session, id).await?;
        job.may_go()?;
        session
            .run("DELETE FROM jobs WHERE id = $1", values![column(id.0)])
            .await?;
        let change = change_of(id, Some(&job), None);
        write_audit(&mut session, by, AuditAction::Delete, change).await?;
        session.commit().await
    }

    async fn job(&self, id: JobId) -> JobResult<Job> {
        let sql = format!("SELECT {JOB} FROM jobs WHERE id = $1");
        let found = self.pools.read(sql, values![column(id.0)]).await?;
        rows::job(found.first().ok_or_else(|| JobStoreError::no_job(id))?)
    }

    async fn jobs(&self, filter: &JobFilter, page: Page) -> JobResult<Vec<Job>> {
        let mut conditions = Conditions::default();
        if let Some(venue) = &filter.venue {
            conditions.and("venue = ?", venue.as_str());
        }
        if let Some(status) = filter.status {
            conditions.and("status = ?", status.as_str());
        }
        if let Some(kind) = &filter.kind {
            conditions.and("kind = ?", kind.as_str());
        }
        if let Some(symbol) = &filter.symbol {
            conditions.and("symbol = ?", symbol.as_str());
        }
        if let Some(past) = page.past {
            conditions.and("id > ?", column(past));
        }
        let rest = format!("ORDER BY id LIMIT {}", page.limit);
        let (sql, values) = conditions.select(JOB, "jobs", &rest);
        let found = self.pools.read(sql, values).await?;
        found.iter().map(rows::job).collect()
    }

    async fn pause(&self, by: &By, id: JobId) -> JobResult<Job> {
        self.change_job(by, id, AuditAction::Pause, |job| {
            Ok(job.pause(by.at)?.map_or(Changed::Not, Changed::So))
        })
        .await
    }

    async fn resume(&self, by: &By, id: JobId) -> JobResult<Job> {
        self.change_job(by, id, AuditAction::Resume, |job| {
            let changed = job.resume(by.at)?;
            Ok(if changed {
                Changed::So(None)
            } else {
                Changed::Not
            })
        })
        .await
    }

    async fn run_now(&self, by: &By, id: JobId) -> JobResult<Job> {
        self.change_job(by, id, AuditAction::RunNow, |job| {
            job.run_now(by.at).map(|()| Changed::So(None))
        })
        .await
    }

    async fn rewind(&self, by: &By, id: JobId, to: Option<Cursor>) -> JobResult<Job> {
        self.change_job(by, id, AuditAction::Rewind, |job| {
            job.rewind(by.at, to).map(|()| Changed::So(None))
        })
        .await
    }
}
