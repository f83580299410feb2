//! Runs, operational events, audit.

use async_trait::async_trait;
use quantflow_model::Timestamp;
use quantflow_seams::jobs::{
    AuditEntry, AuditFilter, JobHistory, JobResult, NewEvent, OperationalEvent, Page, Run,
    RunFilter,
};

use super::MemoryJobs;

/// Newest first, before the page's place.
fn newest<T: Clone>(
    rows: impl DoubleEndedIterator<Item = T>,
    id: fn(&T) -> u64,
    page: Page,
) -> Vec<T> {
    rows.rev()
        .filter(|row| page.past.is_none_or(|past| id(row) < past))
        .take(page.limit as usize)
        .collect()
}

#[async_trait]
impl JobHistory for MemoryJobs {
    async fn runs(&self, filter: &RunFilter, page: Page) -> JobResult<Vec<Run>> {
        let state = self.state();
        let runs = state.runs.values().filter(|run| filter.holds(run)).cloned();
        Ok(newest(runs, |run| run.id.0, page))
    }

    async fn raise(&self, event: NewEvent) -> JobResult<OperationalEvent> {
        Ok(self.state().note(event))
    }

    async fn events(&self, page: Page) -> JobResult<Vec<OperationalEvent>> {
        let state = self.state();
        Ok(newest(state.events.iter().cloned(), |event| event.id, page))
    }

    async fn audit(&self, filter: &AuditFilter, page: Page) -> JobResult<Vec<AuditEntry>> {
        let state = self.state();
        let entries = state.audit.iter().filter(|entry| filter.holds(entry));
        Ok(newest(entries.cloned(), |entry| entry.id, page))
    }

    async fn prune(&self, before: Timestamp, limit: u32) -> JobResult<u64> {
        let mut state = self.state();
        let limit = limit as usize;
        let mut old: Vec<_> = state
            .runs
            .values()
            .filter_map(|run| Some((run.ended.filter(|ended| *ended < before)?, run.id)))
            .collect();
        old.sort_unstable();
        old.truncate(limit);
        for (_, id) in &old {
            state.runs.remove(id);
        }
        let mut events: Vec<_> = state
            .events
            .iter()
            .filter(|event| event.at < before)
            .map(|event| (event.at, event.id))
            .collect();
        events.sort_unstable();
        events.truncate(limit);
        state
            .events
            .retain(|event| !events.iter().any(|(_, id)| *id == event.id));
        Ok((old.len() + events.len()) as u64)
    }
}
