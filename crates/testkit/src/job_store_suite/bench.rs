//! [`Bench`]: a database with what a case needs, and short words for what it does.

use std::sync::Arc;
use std::time::Duration;

use quantflow_model::{Timeframe, Timestamp, TradeId, VenueId};
use quantflow_seams::jobs::{
    AuditFilter, By, Claim, ConnectorState, Cursor, Finish, Held, Job, JobDatabase, JobFilter,
    JobId, JobKind, JobStoreError, NewConnector, NewJob, Next, Page, Rows, Run, RunFilter,
    Schedule, WorkerId,
};
use quantflow_wire::Purpose;

use super::Harness;

/// Long enough not to matter.
pub(super) const LEASE: Duration = Duration::from_secs(30);
/// All of a list.
pub(super) const ALL: Page = Page::first(10_000);

/// A database with what a case needs.
#[derive(Debug)]
pub struct Bench {
    /// The database.
    pub db: Arc<dyn JobDatabase>,
}

/// So many seconds after some moment.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_700_000_000 + seconds)
}

pub(super) fn by(seconds: i64) -> By {
    By {
        who: "operator".into(),
        at: at(seconds),
    }
}

pub(super) fn venue(name: &str) -> VenueId {
    name.parse().unwrap()
}

pub(super) fn worker(name: &str) -> WorkerId {
    WorkerId(name.into())
}

pub(super) fn id(number: u128) -> Cursor {
    Cursor::Id(TradeId(number))
}

pub(super) fn new_connector(name: &str) -> NewConnector {
    NewConnector {
        venue: venue(name),
        protocol: "fake".into(),
        state: ConnectorState::Enabled,
        settings: serde_json::json!({"base": "https://example.org", "depth": 5}),
    }
}

/// Trades of the how-manieth symbol, due at second `due`.
pub(super) fn new_job(venue_name: &str, number: u32, due: i64) -> NewJob {
    NewJob {
        venue: venue(venue_name),
        kind: JobKind::Candles {
            symbol: format!("{venue_name}:T{number}/USD").parse().unwrap(),
            timeframe: Timeframe::M1,
        },
        schedule: Schedule::Every {
            period: Duration::from_mins(1),
        },
        purpose: Purpose::Live,
        cursor: None,
        due: at(due),
    }
}

impl Bench {
    /// With connectors.
    pub(super) async fn new(harness: &dyn Harness, venues: &[&str]) -> Self {
        let db = harness.open().await;
        for name in venues {
            db.create_connector(&by(0), new_connector(name))
                .await
                .unwrap();
        }
        Self { db }
    }

    /// With a connector `one` and a job that is due.
    pub(super) async fn with_job(harness: &dyn Harness) -> (Self, JobId) {
        let bench = Self::new(harness, &["one"]).await;
        let job = bench.job(new_job("one", 1, 0)).await;
        (bench, job.id)
    }

    pub(super) async fn job(&self, new: NewJob) -> Job {
        self.db.create_job(&by(0), new).await.unwrap()
    }

    pub(super) async fn get(&self, id: JobId) -> Job {
        self.db.job(id).await.unwrap()
    }

    pub(super) async fn claim(&self, seconds: i64, limit: u32) -> Vec<Claim> {
        self.claim_as("worker", seconds, limit).await
    }

    pub(super) async fn claim_as(&self, name: &str, seconds: i64, limit: u32) -> Vec<Claim> {
        let (db, worker) = (&self.db, worker(name));
        db.claim(&worker, at(seconds), limit, LEASE).await.unwrap()
    }

    /// The only job that is due.
    pub(super) async fn claim_one(&self, seconds: i64) -> Held {
        let claims = self.claim(seconds, 10).await;
        assert_eq!(claims.len(), 1, "one job is due");
        claims[0].held
    }

    pub(super) async fn succeed(&self, held: &Held, seconds: i64, due: i64) -> Job {
        let finish = succeeded(Next::Due(at(due)));
        self.db.finish(held, at(seconds), &finish).await.unwrap()
    }

    pub(super) async fn jobs(&self) -> Vec<Job> {
        self.db.jobs(&JobFilter::default(), ALL).await.unwrap()
    }

    pub(super) async fn runs(&self) -> Vec<Run> {
        self.db.runs(&RunFilter::default(), ALL).await.unwrap()
    }

    /// How many changes stand in the audit.
    pub(super) async fn entries(&self) -> usize {
        let entries = self.db.audit(&AuditFilter::default(), ALL).await;
        entries.unwrap().len()
    }
}

pub(super) fn succeeded(next: Next) -> Finish {
    Finish {
        rows: Rows(7),
        failure: None,
        next,
    }
}

/// Whether it was refused because the lease is another's.
pub(super) fn is_lost<T: std::fmt::Debug>(result: Result<T, JobStoreError>) -> bool {
    match result {
        Err(JobStoreError::LeaseLost { .. }) => true,
        other => panic!("the lease is lost, and yet: {other:?}"),
    }
}

/// Whether it was refused in words.
pub(super) fn is_refused<T: std::fmt::Debug>(result: Result<T, JobStoreError>) -> bool {
    match result {
        Err(JobStoreError::Refused { .. }) => true,
        other => panic!("it is refused, and yet: {other:?}"),
    }
}
