//! Opening, versions of the tables, and the plans of what is asked often.

use std::sync::Arc;
use std::time::Duration;

use quantflow_database::{Database, OVER_LEASES, Options, SCHEMA_VERSION};
use quantflow_model::Timestamp;
use quantflow_seams::SystemClock;
use quantflow_seams::jobs::{
    By, ConnectorState, JobFilter, JobKind, JobLeases, JobStore, JobStoreError, NewConnector,
    NewJob, Page, Schedule, WorkerId,
};
use quantflow_wire::Purpose;

use crate::engines::{Files, Server, open};

async fn try_open(url: &str) -> Result<Database, JobStoreError> {
    Database::open(url, &Options::default(), Arc::new(SystemClock)).await
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

/// So many jobs, every tenth of them leased; each lease ends at another time.
async fn fill(database: &Database, jobs: i64) {
    let by = By {
        who: "test".into(),
        at: at(0),
    };
    let connector = NewConnector {
        venue: "one".parse().unwrap(),
        protocol: "fake".into(),
        state: ConnectorState::Enabled,
        settings: serde_json::Value::Null,
    };
    database.create_connector(&by, connector).await.unwrap();
    for number in 0..jobs {
        let new = NewJob {
            venue: "one".parse().unwrap(),
            kind: JobKind::Trades {
                symbol: format!("one:T{number}/USD").parse().unwrap(),
            },
            schedule: Schedule::Once,
            purpose: Purpose::Live,
            cursor: None,
            due: at(number),
        };
        database.create_job(&by, new).await.unwrap();
    }
    let worker = WorkerId("w".into());
    for number in 0..jobs / 10 {
        let lease = Duration::from_secs(30);
        let claimed = database.claim(&worker, at(jobs + number), 1, lease).await;
        assert_eq!(claimed.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn another_url_is_refused_without_telling_it() {
    for url in [
        "mysql://u:hunter2@h/d",
        "quantflow.db",
        "",
        "sqlite::memory:",
        "postgres://u:hunter2@h:x/d",
    ] {
        let error = try_open(url).await.unwrap_err();
        let JobStoreError::Invalid { field, .. } = &error else {
            panic!("{url}: {error}");
        };
        assert_eq!(*field, "database.url");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let error = try_open("postgres://u:hunter2@127.0.0.1:9/d")
        .await
        .unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert!(!error.to_string().contains("hunter2"), "{error}");
    let error = try_open("sqlite:/nowhere/at/all/quantflow.db")
        .await
        .unwrap_err();
    assert!(!error.is_transient(), "{error}");
}

/// Several processes begin at once, and again later.
async fn made_once(url: &str) {
    let first: Vec<_> = (0..6)
        .map(|_| {
            let url = url.to_owned();
            tokio::spawn(async move { try_open(&url).await.map(|_| ()) })
        })
        .collect();
    for opened in first {
        opened.await.unwrap().unwrap();
    }
    let database = open(url).await;
    fill(&database, 10).await;
    database.close().await;
    let again = open(url).await;
    let jobs = again.jobs(&JobFilter::default(), Page::first(99)).await;
    assert_eq!(jobs.unwrap().len(), 10);
}

async fn refused_as_newer(url: &str) {
    let error = try_open(url).await.unwrap_err();
    let newer = JobStoreError::NewerSchema {
        found: SCHEMA_VERSION + 1,
        known: SCHEMA_VERSION,
    };
    assert_eq!(error, newer);
}

fn one_version_more() -> String {
    format!(
        "INSERT INTO schema_versions VALUES ({}, 0)",
        SCHEMA_VERSION + 1
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    let files = Files::new();
    let url = files.url();
    made_once(&url).await;

    let url = files.url();
    let database = open(&url).await;
    fill(&database, 200).await;
    let path = url.trim_start_matches("sqlite:");
    let raw = sqlx::SqlitePool::connect(&url).await.unwrap();
    let explain = format!("EXPLAIN QUERY PLAN {OVER_LEASES}");
    let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(sqlx::AssertSqlSafe(explain))
        .bind(0_i64)
        .bind(10_i64)
        .fetch_all(&raw)
        .await
        .unwrap();
    let plan: Vec<_> = plan.into_iter().map(|row| row.3).collect();
    let wanted = "SEARCH jobs USING COVERING INDEX jobs_expires (expires<?)";
    assert_eq!(plan, [wanted], "a seek, and no sorting: {path}");

    let mode: (String,) = sqlx::query_as("PRAGMA journal_mode")
        .fetch_one(&raw)
        .await
        .unwrap();
    assert_eq!(mode.0, "wal");
    sqlx::query(sqlx::AssertSqlSafe(one_version_more()))
        .execute(&raw)
        .await
        .unwrap();
    refused_as_newer(&url).await;
}

/// The same of PostgreSQL, with a server that the caller has.
pub(crate) async fn postgres(server: &Server) {
    made_once(&server.url()).await;

    let name = server.name();
    let url = server.postgres.create(&name);
    let database = open(&url).await;
    fill(&database, 2_000).await;
    let explain = OVER_LEASES
        .replace("$1", "2050000000000")
        .replace("$2", "10");
    let plan = server
        .postgres
        .sql(&name, &format!("ANALYZE jobs; EXPLAIN {explain}"));
    assert!(
        plan.contains("Index Only Scan using jobs_expires")
            || plan.contains("Index Scan using jobs_expires"),
        "{plan}"
    );
    assert!(
        !plan.contains("Sort") && !plan.contains("Seq Scan"),
        "{plan}"
    );

    server.postgres.sql(&name, &one_version_more());
    refused_as_newer(&url).await;

    let server_time = database.time().await.unwrap();
    let told = server.postgres.sql(
        &name,
        "SELECT EXTRACT(EPOCH FROM clock_timestamp())::bigint",
    );
    let told: i64 = told.parse().unwrap();
    assert!((told - server_time.seconds()).abs() <= 5);
}
