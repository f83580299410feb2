//! What was: runs, operational events, audit.

use async_trait::async_trait;
use compact_str::CompactString;
use quantflow_model::Timestamp;
use quantflow_seams::jobs::{
    AuditAction, AuditEntry, AuditFilter, By, JobHistory, JobResult, JobStoreError, NewEvent,
    OperationalEvent, Page, Run, RunEnd, RunFilter, Subject,
};

use crate::database::Database;
use crate::rows::{self, AUDIT, EVENT, RUN, column, cursor_text, json};
use crate::sql::{Session, Value, values};

/// A thing before and after a change.
pub(crate) struct Change<'a, T> {
    pub(crate) subject: Subject,
    pub(crate) key: CompactString,
    pub(crate) before: Option<&'a T>,
    pub(crate) after: Option<&'a T>,
}

/// Enters a change, in the transaction that makes it.
pub(crate) async fn write_audit<T: serde::Serialize>(
    session: &mut Session,
    by: &By,
    action: AuditAction,
    change: Change<'_, T>,
) -> JobResult<()> {
    let before = change.before.map(json).transpose()?;
    let after = change.after.map(json).transpose()?;
    let inserted = session
        .run(
            "INSERT INTO audit_entries (at, who, action, subject, key, state_before, state_after)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            values![
                by.at.nanos(),
                by.who.as_str(),
                action.as_str(),
                change.subject.as_str(),
                change.key.as_str(),
                before,
                after,
            ],
        )
        .await?;
    debug_assert_eq!(inserted, 1);
    Ok(())
}

/// Notes an event, in the transaction of what it tells.
pub(crate) async fn write_event(
    session: &mut Session,
    event: NewEvent,
) -> JobResult<OperationalEvent> {
    let sql = format!(
        "INSERT INTO operational_events (at, severity, what, venue, job, text)
         VALUES ($1, $2, $3, $4, $5, $6) RETURNING {EVENT}"
    );
    let row = session
        .row(
            sql,
            values![
                event.at.nanos(),
                event.severity.as_str(),
                event.what.as_str(),
                event.venue.as_ref().map(|venue| venue.as_str().to_owned()),
                event.job.map(|job| column(job.0)),
                event.text,
            ],
        )
        .await?;
    rows::event(&row.ok_or_else(|| JobStoreError::Failed("an event was not entered".into()))?)
}

/// Ends a run. One that ended stays as it ended.
pub(crate) async fn end_run(session: &mut Session, end: &RunEnd) -> JobResult<()> {
    let error = end.error.as_ref();
    let ended = session
        .run(
            "UPDATE job_runs SET ended = $2, outcome = $3, row_count = COALESCE($4, row_count),
             error_class = $5, error_text = $6, cursor_after = $7
             WHERE id = $1 AND ended IS NULL",
            values![
                column(end.run.0),
                end.at.nanos(),
                end.outcome.as_str(),
                end.rows.map(|rows| column(rows.0)),
                error.map(|error| error.class.as_str().to_owned()),
                error.map(|error| error.text.clone()),
                cursor_text(end.cursor),
            ],
        )
        .await?;
    if ended == 1 {
        return Ok(());
    }
    Err(JobStoreError::Corrupt {
        what: format!("a lease for run {}", end.run),
        detail: "that run is not under way".to_owned(),
    })
}

/// The conditions of a list, put together of fixed texts.
#[derive(Default)]
pub(crate) struct Conditions {
    sql: String,
    pub(crate) values: Vec<Value>,
}

impl Conditions {
    /// `condition` holds `?` where the value goes.
    pub(crate) fn and(&mut self, condition: &str, value: impl Into<Value>) {
        self.values.push(value.into());
        let place = format!("${}", self.values.len());
        self.and_always(&condition.replace('?', &place));
    }

    pub(crate) fn and_always(&mut self, condition: &str) {
        self.sql.push_str(if self.sql.is_empty() {
            " WHERE "
        } else {
            " AND "
        });
        self.sql.push_str(condition);
    }

    pub(crate) fn select(self, columns: &str, table: &str, rest: &str) -> (String, Vec<Value>) {
        let sql = format!("SELECT {columns} FROM {table}{} {rest}", self.sql);
        (sql, self.values)
    }

    /// The newest rows before the page's place.
    pub(crate) fn newest(mut self, columns: &str, table: &str, page: Page) -> (String, Vec<Value>) {
        if let Some(past) = page.past {
            self.and("id < ?", column(past));
        }
        let rest = format!("ORDER BY id DESC LIMIT {}", page.limit);
        self.select(columns, table, &rest)
    }
}

#[async_trait]
impl JobHistory for Database {
    async fn runs(&self, filter: &RunFilter, page: Page) -> JobResult<Vec<Run>> {
        let mut conditions = Conditions::default();
        if let Some(job) = filter.job {
            conditions.and("job = ?", column(job.0));
        }
        if let Some(outcome) = filter.outcome {
            conditions.and("outcome = ?", outcome.as_str());
        }
        if filter.open {
            conditions.and_always("ended IS NULL");
        }
        let (sql, values) = conditions.newest(RUN, "job_runs", page);
        let found = self.pools.read(sql, values).await?;
        found.iter().map(rows::run).collect()
    }

    async fn raise(&self, event: NewEvent) -> JobResult<OperationalEvent> {
        let mut session = self.pools.begin().await?;
        let event = write_event(&mut session, event).await?;
        session.commit().await?;
        Ok(event)
    }

    async fn events(&self, page: Page) -> JobResult<Vec<OperationalEvent>> {
        let (sql, values) = Conditions::default().newest(EVENT, "operational_events", page);
        let found = self.pools.read(sql, values).await?;
        found.iter().map(rows::event).collect()
    }

    async fn audit(&self, filter: &AuditFilter, page: Page) -> JobResult<Vec<AuditEntry>> {
        let mut conditions = Conditions::default();
        if let Some(subject) = filter.subject {
            conditions.and("subject = ?", subject.as_str());
        }
        if let Some(key) = &filter.key {
            conditions.and("key = ?", key.as_str());
        }
        let (sql, values) = conditions.newest(AUDIT, "audit_entries", page);
        let found = self.pools.read(sql, values).await?;
        found.iter().map(rows::audit).collect()
    }

    async fn prune(&self, before: Timestamp, limit: u32) -> JobResult<u64> {
        let mut session = self.pools.begin().await?;
        let values = values![before.nanos(), i64::from(limit)];
        let runs = session
            .run(
                "DELETE FROM job_runs WHERE id IN (SELECT id FROM job_runs
                 WHERE ended < $1 ORDER BY ended LIMIT $2)",
                values.clone(),
            )
            .await?;
        let events = session
            .run(
                "DELETE FROM operational_events WHERE id IN (SELECT id FROM operational_events
                 WHERE at < $1 ORDER BY at LIMIT $2)",
                values,
            )
            .await?;
        session.commit().await?;
        Ok(runs + events)
    }
}
