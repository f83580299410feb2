//! Jobs as workers take, hold and give them back.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use quantflow_model::Timestamp;
use quantflow_seams::jobs::{
    Claim, Connector, ConnectorState, Cursor, Finish, Held, Job, JobLeases, JobResult, Lease,
    Orphan, Rows, Run, RunId, RunOutcome, WorkerId, fairest,
};

use super::MemoryJobs;

#[async_trait]
impl JobLeases for MemoryJobs {
    async fn claim(
        &self,
        worker: &WorkerId,
        now: Timestamp,
        limit: u32,
        lease: Duration,
    ) -> JobResult<Vec<Claim>> {
        self.answer().await;
        let mut state = self.state();
        let mut claims = Vec::new();
        while claims.len() < limit as usize {
            let enabled = |connector: &&Connector| connector.state == ConnectorState::Enabled;
            let connectors = state.connectors.values().filter(enabled);
            let due: Vec<_> = connectors
                .filter_map(|connector| {
                    let job = state.next_due(&connector.venue, now)?;
                    Some((connector.venue.clone(), job))
                })
                .collect();
            let mut under_way = BTreeMap::new();
            for job in state.jobs.values().filter(|job| job.lease.is_some()) {
                *under_way.entry(job.venue.clone()).or_default() += 1;
            }
            let next = fairest(
                due.iter().map(|(venue, _)| venue),
                &under_way,
                &state.served,
            );
            let Some(venue) = next.cloned() else { break };
            let (_, id) = due.into_iter().find(|(of, _)| *of == venue).unwrap();
            state.last_run += 1;
            let run = RunId(state.last_run);
            let job = state.job(id)?;
            let (attempt, cursor) = (job.attempts + 1, job.cursor);
            let held = job.take(worker, run, now, lease);
            let job = job.clone();
            state.runs.insert(
                run,
                Run {
                    id: run,
                    job: id,
                    venue: venue.clone(),
                    worker: worker.clone(),
                    token: held.token,
                    attempt,
                    started: now,
                    ended: None,
                    outcome: None,
                    rows: Rows(0),
                    error: None,
                    cursor_before: cursor,
                    cursor_after: cursor,
                },
            );
            state.served.insert(venue, now);
            claims.push(Claim {
                job,
                held,
                expires: now + lease,
            });
        }
        Ok(claims)
    }

    async fn renew(&self, held: &Held, now: Timestamp, lease: Duration) -> JobResult<Lease> {
        self.answer().await;
        self.state().job(held.job)?.renew(held, now, lease)
    }

    async fn advance(
        &self,
        held: &Held,
        now: Timestamp,
        cursor: &Cursor,
        rows: Rows,
    ) -> JobResult<Job> {
        self.answer().await;
        let mut state = self.state();
        let job = state.job(held.job)?;
        job.advance(held, now, *cursor)?;
        let job = job.clone();
        let run = state.runs.get_mut(&held.run).unwrap();
        run.rows = rows;
        run.cursor_after = Some(*cursor);
        Ok(job)
    }

    async fn finish(&self, held: &Held, now: Timestamp, finish: &Finish) -> JobResult<Job> {
        self.answer().await;
        let mut state = self.state();
        let job = state.job(held.job)?;
        let ended = job.finish(held, now, finish);
        let job = job.clone();
        let (end, event) = match ended {
            Ok(ended) => ended,
            Err(lost) => {
                let outcome = match finish.failure {
                    None => RunOutcome::Succeeded,
                    Some(_) => RunOutcome::Failed,
                };
                let said = state.ended_so(held, outcome);
                return if said { Ok(job) } else { Err(lost) };
            }
        };
        state.end(&end);
        if let Some(event) = event {
            state.note(event);
        }
        Ok(job)
    }

    async fn release(&self, held: &Held, now: Timestamp) -> JobResult<Job> {
        self.answer().await;
        let mut state = self.state();
        let job = state.job(held.job)?;
        let ended = job.release(held, now);
        let job = job.clone();
        match ended {
            Ok(end) => state.end(&end),
            Err(lost) if !state.ended_so(held, RunOutcome::Released) => return Err(lost),
            Err(_) => {}
        }
        Ok(job)
    }

    async fn reclaim(&self, now: Timestamp, limit: u32) -> JobResult<Vec<Orphan>> {
        self.answer().await;
        let mut state = self.state();
        let mut over: Vec<_> = state
            .jobs
            .values()
            .filter_map(|job| Some((job.lease.as_ref()?.expires, job.id)))
            .filter(|(expires, _)| *expires <= now)
            .collect();
        over.sort_unstable();
        let mut orphans = Vec::new();
        for (_, id) in over.into_iter().take(limit as usize) {
            if let Some((orphan, end, event)) = state.job(id)?.reclaim(now) {
                state.end(&end);
                state.note(event);
                orphans.push(orphan);
            }
        }
        Ok(orphans)
    }
}
