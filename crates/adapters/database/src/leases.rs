//! Jobs as workers take, hold and give them back.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use quantflow_model::{Timestamp, VenueId};
use quantflow_seams::jobs::{
    Claim, Cursor, Finish, Held, Job, JobId, JobLeases, JobResult, JobStoreError, Lease, Orphan,
    Rows, RunId, RunOutcome, WorkerId, fairest,
};

use crate::database::Database;
use crate::history::{end_run, write_event};
use crate::jobs::{locked_job, save_job};
use crate::rows::{self, JOB, column, cursor_text, time_or_null};
use crate::sql::{Session, values};

/// Leases that are over, those that ended first first: `$1` is the time, `$2` how many. It must be
/// read off the index of ends; a test asks the engines' planners.
pub const OVER_LEASES: &str =
    "SELECT id FROM jobs WHERE expires <= $1 ORDER BY expires, id LIMIT $2";

/// Which venues have something due, and how urgent: four seeks a venue, however many jobs it has.
const DUE: &str = "SELECT c.venue, p.purpose, c.served FROM connectors c CROSS JOIN
     (SELECT CAST(0 AS BIGINT) AS purpose UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) p
     WHERE c.state = 'enabled' AND EXISTS (SELECT 1 FROM jobs j WHERE j.status = 'active'
     AND j.venue = c.venue AND j.purpose = p.purpose AND j.next_due <= $1)
     ORDER BY c.venue, p.purpose";

/// What a claim chooses from.
struct Choice {
    /// By venue what it has due, the most urgent last.
    due: BTreeMap<VenueId, Vec<i64>>,
    under_way: BTreeMap<VenueId, u64>,
    served: BTreeMap<VenueId, Timestamp>,
}

impl Choice {
    async fn read(session: &mut Session, now: Timestamp) -> JobResult<Self> {
        let mut choice = Self {
            due: BTreeMap::new(),
            under_way: BTreeMap::new(),
            served: BTreeMap::new(),
        };
        for row in session.rows(DUE, values![now.nanos()]).await? {
            let venue = venue(&row.text(0)?)?;
            if let Some(served) = time_or_null(&row, 2)? {
                choice.served.insert(venue.clone(), served);
            }
            choice.due.entry(venue).or_default().insert(0, row.int(1)?);
        }
        if choice.due.is_empty() {
            return Ok(choice);
        }
        let leased = session
            .rows(
                "SELECT venue, COUNT(*) FROM jobs WHERE expires IS NOT NULL GROUP BY venue",
                values![],
            )
            .await?;
        for row in leased {
            let count = u64::try_from(row.int(1)?).unwrap_or_default();
            choice.under_way.insert(venue(&row.text(0)?)?, count);
        }
        Ok(choice)
    }
}

fn venue(text: &str) -> JobResult<VenueId> {
    text.parse().map_err(|error| JobStoreError::Corrupt {
        what: "a venue".to_owned(),
        detail: format!("{error}"),
    })
}

/// The job of a venue that is due longest, locked; one that another claim has locked is passed over.
async fn next_due(
    session: &mut Session,
    venue: &VenueId,
    purpose: i64,
    now: Timestamp,
) -> JobResult<Option<Job>> {
    let select = session.locked_if_free(&format!(
        "SELECT {JOB} FROM jobs WHERE status = 'active' AND venue = $1 AND purpose = $2
         AND next_due <= $3 ORDER BY next_due, id LIMIT 1"
    ));
    let row = session
        .row(select, values![venue.as_str(), purpose, now.nanos()])
        .await?;
    row.as_ref().map(rows::job).transpose()
}

async fn begin_run(
    session: &mut Session,
    job: &Job,
    worker: &WorkerId,
    now: Timestamp,
) -> JobResult<RunId> {
    let row = session
        .row(
            "INSERT INTO job_runs (job, venue, worker, token, attempt, started, row_count,
             cursor_before, cursor_after) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $7) RETURNING id",
            values![
                column(job.id.0),
                job.venue.as_str(),
                worker.0.as_str(),
                column(job.token.0 + 1),
                i64::from(job.attempts) + 1,
                now.nanos(),
                cursor_text(job.cursor),
            ],
        )
        .await?;
    let id = row.map_or(Ok(0), |row| row.int(0))?;
    Ok(RunId(u64::try_from(id).unwrap_or_default()))
}

/// Whether the run ended so under this token: what a worker says again, not having heard the answer.
async fn ended_so(session: &mut Session, held: &Held, outcome: RunOutcome) -> JobResult<bool> {
    let row = session
        .row(
            "SELECT outcome FROM job_runs WHERE id = $1 AND job = $2 AND token = $3",
            values![column(held.run.0), column(held.job.0), column(held.token.0)],
        )
        .await?;
    let ended = row.map(|row| row.text_or_null(0)).transpose()?.flatten();
    Ok(ended.as_deref() == Some(outcome.as_str()))
}

#[async_trait]
impl JobLeases for Database {
    async fn claim(
        &self,
        worker: &WorkerId,
        now: Timestamp,
        limit: u32,
        lease: Duration,
    ) -> JobResult<Vec<Claim>> {
        // mostly nothing is due: that is found out without a lock
        let due = self.pools.read(DUE.to_owned(), values![now.nanos()]);
        if due.await?.is_empty() {
            return Ok(Vec::new());
        }
        let mut session = self.pools.begin().await?;
        let mut choice = Choice::read(&mut session, now).await?;
        let mut claims = Vec::new();
        while claims.len() < limit as usize {
            let next = fairest(choice.due.keys(), &choice.under_way, &choice.served);
            let Some(venue) = next.cloned() else { break };
            let purposes = choice.due.entry(venue.clone()).or_default();
            let Some(purpose) = purposes.last().copied() else {
                choice.due.remove(&venue);
                continue;
            };
            let Some(mut job) = next_due(&mut session, &venue, purpose, now).await? else {
                purposes.pop();
                continue;
            };
            let run = begin_run(&mut session, &job, worker, now).await?;
            let held = job.take(worker, run, now, lease);
            save_job(&mut session, &job).await?;
            *choice.under_way.entry(venue.clone()).or_default() += 1;
            choice.served.insert(venue, now);
            claims.push(Claim {
                job,
                held,
                expires: now + lease,
            });
        }
        // in the order of names, so that two claims cannot wait for each other
        let mut venues: Vec<_> = claims.iter().map(|claim| &claim.job.venue).collect();
        venues.sort_unstable();
        venues.dedup();
        for venue in venues {
            session
                .run(
                    "UPDATE connectors SET served = $2 WHERE venue = $1",
                    values![venue.as_str(), now.nanos()],
                )
                .await?;
        }
        if !claims.is_empty() {
            session.commit().await?;
        }
        Ok(claims)
    }

    async fn renew(&self, held: &Held, now: Timestamp, lease: Duration) -> JobResult<Lease> {
        let mut session = self.pools.begin().await?;
        let mut job = locked_job(&mut session, held.job).await?;
        let lease = job.renew(held, now, lease)?;
        session
            .run(
                "UPDATE jobs SET expires = $2 WHERE id = $1",
                values![column(held.job.0), lease.expires.nanos()],
            )
            .await?;
        session.commit().await?;
        Ok(lease)
    }

    async fn advance(
        &self,
        held: &Held,
        now: Timestamp,
        cursor: &Cursor,
        rows: Rows,
    ) -> JobResult<Job> {
        let mut session = self.pools.begin().await?;
        let mut job = locked_job(&mut session, held.job).await?;
        job.advance(held, now, *cursor)?;
        save_job(&mut session, &job).await?;
        session
            .run(
                "UPDATE job_runs SET row_count = $2, cursor_after = $3 WHERE id = $1",
                values![
                    column(held.run.0),
                    column(rows.0),
                    cursor_text(Some(*cursor))
                ],
            )
            .await?;
        session.commit().await?;
        Ok(job)
    }

    async fn finish(&self, held: &Held, now: Timestamp, finish: &Finish) -> JobResult<Job> {
        let mut session = self.pools.begin().await?;
        let mut job = locked_job(&mut session, held.job).await?;
        let (end, event) = match job.finish(held, now, finish) {
            Ok(ended) => ended,
            Err(lost) => {
                let outcome = match finish.failure {
                    None => RunOutcome::Succeeded,
                    Some(_) => RunOutcome::Failed,
                };
                let said = ended_so(&mut session, held, outcome).await?;
                return if said { Ok(job) } else { Err(lost) };
            }
        };
        save_job(&mut session, &job).await?;
        end_run(&mut session, &end).await?;
        if let Some(event) = event {
            write_event(&mut session, event).await?;
        }
        session.commit().await?;
        Ok(job)
    }

    async fn release(&self, held: &Held, now: Timestamp) -> JobResult<Job> {
        let mut session = self.pools.begin().await?;
        let mut job = locked_job(&mut session, held.job).await?;
        let end = match job.release(held, now) {
            Ok(end) => end,
            Err(lost) => {
                let said = ended_so(&mut session, held, RunOutcome::Released).await?;
                return if said { Ok(job) } else { Err(lost) };
            }
        };
        save_job(&mut session, &job).await?;
        end_run(&mut session, &end).await?;
        session.commit().await?;
        Ok(job)
    }

    async fn reclaim(&self, now: Timestamp, limit: u32) -> JobResult<Vec<Orphan>> {
        let over = self
            .pools
            .read(OVER_LEASES.to_owned(), values![now.nanos(), 1_i64]);
        if over.await?.is_empty() {
            return Ok(Vec::new());
        }
        let mut session = self.pools.begin().await?;
        // who renews at this moment has the row locked, and is no orphan
        let select = session.locked_if_free(OVER_LEASES);
        let over = session
            .rows(select, values![now.nanos(), i64::from(limit)])
            .await?;
        let mut orphans = Vec::with_capacity(over.len());
        for row in over {
            let id = u64::try_from(row.int(0)?).unwrap_or_default();
            let mut job = locked_job(&mut session, JobId(id)).await?;
            let Some((orphan, end, event)) = job.reclaim(now) else {
                continue;
            };
            save_job(&mut session, &job).await?;
            end_run(&mut session, &end).await?;
            write_event(&mut session, event).await?;
            orphans.push(orphan);
        }
        if !orphans.is_empty() {
            session.commit().await?;
        }
        Ok(orphans)
    }
}
