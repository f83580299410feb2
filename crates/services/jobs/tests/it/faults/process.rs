//! What a worker process does: this test program again, told by its environment.

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use quantflow_database::Database;
use quantflow_jobs::{Engines, RetryPolicy, Worker, WorkerOptions};
use quantflow_log_embedded::{EmbeddedLog, LogOptions};
use quantflow_seams::jobs::WorkerId;
use quantflow_seams::{EventLog, SystemClock};
use tokio::sync::watch;

use super::venue::Venue;

/// The database's URL; without it this is no worker.
pub(super) const URL: &str = "QUANTFLOW_FAULT_URL";
/// The folder of the rehearsal.
pub(super) const FOLDER: &str = "QUANTFLOW_FAULT_FOLDER";
/// Which worker; its log lies in a folder of that name.
pub(super) const PLACE: &str = "QUANTFLOW_FAULT_PLACE";
/// Which of its lives.
pub(super) const LIFE: &str = "QUANTFLOW_FAULT_LIFE";

/// Works until its standard input ends. Run by the rehearsals; by itself it does nothing.
#[test]
fn worker() {
    let Ok(url) = std::env::var(URL) else {
        return;
    };
    let folder = PathBuf::from(std::env::var(FOLDER).unwrap());
    let (place, life) = (std::env::var(PLACE).unwrap(), std::env::var(LIFE).unwrap());
    let (stop, stopped) = watch::channel(false);
    std::thread::spawn(move || {
        // nothing is ever written to it
        let _ = std::io::stdin().read(&mut [0]);
        stop.send_replace(true);
    });
    super::run(async move {
        let (log, _repairs) =
            EmbeddedLog::open(&folder.join(&place), LogOptions::default()).unwrap();
        let log: Arc<dyn EventLog> = Arc::new(log);
        let clock = Arc::new(SystemClock);
        let database = loop {
            match Database::open(&url, &super::options(), clock.clone()).await {
                Ok(database) => break Arc::new(database),
                // it may have been taken away just now
                Err(error) => assert!(error.is_transient(), "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        let name = WorkerId(format!("{place}-{life}").into());
        let options = WorkerOptions {
            slots: 4,
            lease: super::LEASE,
            poll: Duration::from_millis(100),
            slice: Duration::from_millis(400),
            retry: RetryPolicy {
                base: Duration::from_millis(20),
                cap: Duration::from_millis(500),
                // they die all the time here, and not of their jobs
                crashes: u32::MAX,
                ..RetryPolicy::default()
            },
            ..WorkerOptions::new(name, life.parse().unwrap())
        };
        let engines = Engines {
            database,
            work: Arc::new(Venue {
                log: Arc::clone(&log),
                folder,
            }),
            log: Arc::clone(&log),
            clock,
        };
        Worker::new(engines, options).run(stopped).await;
        log.close().await.unwrap();
    });
}
