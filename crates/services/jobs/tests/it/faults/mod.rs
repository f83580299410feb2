//! Worker processes on one database, killed, frozen and cut off at random: nothing is lost, nothing
//! doubled, no cursor goes back, and the history has every run.
//!
//! `QUANTFLOW_FAULTS` says how many faults (20), `QUANTFLOW_FAULT_WORKERS` how many processes (4),
//! `QUANTFLOW_FAULT_SEED` which ones.

mod crew;
mod process;
mod venue;
mod verdict;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use quantflow_database::{Database, Options};
use quantflow_seams::jobs::{
    By, ConnectorState, JobDatabase, JobFilter, JobKind, JobStatus, JobStore, NewConnector, NewJob,
    Page, Schedule,
};
use quantflow_seams::{Clock, SystemClock};
use quantflow_testkit::postgres::PostgresServer;
use quantflow_wire::Purpose;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use sqlx::{Connection, SqliteConnection};

use crew::Crew;
use verdict::Watch;

/// How long a lease lasts: short, so that many are lost.
const LEASE: Duration = Duration::from_millis(1_500);
const VENUES: [&str; 4] = ["one", "two", "three", "four"];
const JOBS: u32 = 24;

/// Impatient, so that what is tested happens often.
fn options() -> Options {
    Options {
        connections: 6,
        lock: Duration::from_millis(500),
        stalled_client: Duration::from_secs(1),
        ..Options::default()
    }
}

fn number(variable: &str, otherwise: u64) -> u64 {
    let text = std::env::var(variable).ok();
    text.map_or(otherwise, |text| text.parse().unwrap())
}

/// How the database is taken away.
enum Outage {
    Postgres(PostgresServer),
    /// By holding its write lock past the busy timeout.
    Sqlite(String),
}

impl Outage {
    /// Gives the words for the report.
    async fn strike(&self, random: &mut SmallRng) -> &'static str {
        match self {
            Self::Postgres(server) if random.random_ratio(1, 10) => {
                server.crash_and_restart();
                "server crashed"
            }
            Self::Postgres(server) => {
                let part = random.random_range(1..=3);
                let cut = format!(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                     WHERE application_name = 'quantflow' AND pid % {part} = 0"
                );
                server.sql("public", &cut);
                "connections cut"
            }
            Self::Sqlite(url) => {
                let mut other = SqliteConnection::connect(url).await.unwrap();
                // a frozen worker may hold it
                let begun = sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await;
                if begun.is_ok() {
                    let held = Duration::from_millis(random.random_range(600..1_500));
                    tokio::time::sleep(held).await;
                    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
                }
                other.close().await.unwrap();
                "file locked"
            }
        }
    }
}

async fn prepare(url: &str) -> Arc<dyn JobDatabase> {
    let clock = Arc::new(SystemClock);
    let database = Database::open(url, &options(), clock).await.unwrap();
    let by = By {
        who: "test".into(),
        at: SystemClock.now(),
    };
    for venue in VENUES {
        let connector = NewConnector {
            venue: venue.parse().unwrap(),
            protocol: "fake".into(),
            state: ConnectorState::Enabled,
            settings: serde_json::Value::Null,
        };
        database.create_connector(&by, connector).await.unwrap();
    }
    for number in 0..JOBS {
        let venue = VENUES[number as usize % VENUES.len()];
        let job = NewJob {
            venue: venue.parse().unwrap(),
            kind: JobKind::Trades {
                symbol: format!("{venue}:T{number}/USD").parse().unwrap(),
            },
            schedule: Schedule::Every {
                period: Duration::from_millis(300),
            },
            purpose: Purpose::Backfill,
            cursor: None,
            due: by.at,
        };
        database.create_job(&by, job).await.unwrap();
    }
    Arc::new(database)
}

async fn rehearse(url: &str, outage: &Outage, folder: &Path) {
    let faults = number("QUANTFLOW_FAULTS", 20);
    let workers = number("QUANTFLOW_FAULT_WORKERS", 4);
    let seed = number("QUANTFLOW_FAULT_SEED", 7);
    println!("{faults} faults over {workers} workers, seed {seed}");
    let mut random = SmallRng::seed_from_u64(seed);
    let database = prepare(url).await;
    let mut crew = Crew::start(url, folder, workers);
    let mut watch = Watch::default();
    let begun = Instant::now();
    for _ in 0..faults {
        let pause = Duration::from_millis(random.random_range(50..350));
        tokio::time::sleep(pause).await;
        let told = match random.random_range(0..10) {
            0..4 => crew.kill(&mut random),
            4..7 => crew.freeze(&mut random, LEASE),
            _ => outage.strike(&mut random).await,
        };
        watch.struck(told);
        crew.thaw_those_due();
        watch.look(database.as_ref()).await;
    }
    let struck_for = begun.elapsed();
    // those that come back go on as if nothing had been, for a while
    let mut calm = Instant::now();
    while crew.has_frozen() || calm.elapsed() < LEASE {
        if crew.has_frozen() {
            calm = Instant::now();
        }
        crew.thaw_those_due();
        tokio::time::sleep(Duration::from_millis(50)).await;
        watch.look(database.as_ref()).await;
    }

    // the venue has no more: every job comes to its end
    std::fs::write(folder.join("over"), "").unwrap();
    let begun = Instant::now();
    while !all_done(database.as_ref()).await {
        assert!(
            begun.elapsed() < Duration::from_mins(2),
            "the jobs come to their end once the faults are over: {:#?}",
            database.jobs(&JobFilter::default(), Page::first(100)).await
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
        watch.look(database.as_ref()).await;
    }
    crew.stop();
    watch.judge(database.as_ref(), folder, workers).await;
    println!(
        "struck for {struck_for:?}, recovered in {:?}",
        begun.elapsed()
    );
}

async fn all_done(database: &dyn JobDatabase) -> bool {
    let filter = JobFilter::default();
    match database.jobs(&filter, Page::first(100)).await {
        Ok(jobs) => jobs.iter().all(|job| job.status == JobStatus::Done),
        Err(error) => {
            assert!(error.is_transient(), "{error}");
            false
        }
    }
}

fn run(rehearsal: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.unwrap().block_on(rehearsal);
}

#[test]
fn nothing_is_lost_or_doubled_on_postgres() {
    let Some(server) = PostgresServer::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let url = server.create("faults");
    run(rehearse(&url, &Outage::Postgres(server), folder.path()));
}

#[test]
fn nothing_is_lost_or_doubled_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("quantflow.db").display());
    let outage = Outage::Sqlite(url.clone());
    run(rehearse(&url, &outage, folder.path()));
}
