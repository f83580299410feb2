//! Databases for the suite.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use quantflow_database::{Database, Options};
use quantflow_seams::SystemClock;
use quantflow_seams::jobs::JobDatabase;
use quantflow_testkit::job_store_suite::Harness;
use quantflow_testkit::postgres::PostgresServer;
use tempfile::TempDir;

pub(crate) async fn open(url: &str) -> Database {
    Database::open(url, &Options::default(), Arc::new(SystemClock))
        .await
        .unwrap()
}

/// Files in a folder that goes away with it.
#[derive(Debug)]
pub(crate) struct Files {
    folder: TempDir,
    made: AtomicU32,
}

impl Files {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            made: AtomicU32::new(0),
        }
    }

    pub(crate) fn url(&self) -> String {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let path = self.folder.path().join(format!("quantflow{number}.db"));
        format!("sqlite:{}", path.display())
    }
}

#[async_trait]
impl Harness for Files {
    async fn open(&self) -> Arc<dyn JobDatabase> {
        Arc::new(open(&self.url()).await)
    }
}

/// Places in one server.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) postgres: PostgresServer,
    made: AtomicU32,
}

impl Server {
    /// `None` where PostgreSQL is not installed.
    pub(crate) fn start() -> Option<Self> {
        Some(Self {
            postgres: PostgresServer::start()?,
            made: AtomicU32::new(0),
        })
    }

    pub(crate) fn name(&self) -> String {
        format!("case{}", self.made.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn url(&self) -> String {
        self.postgres.create(&self.name())
    }
}

#[async_trait]
impl Harness for Server {
    async fn open(&self) -> Arc<dyn JobDatabase> {
        Arc::new(open(&self.url()).await)
    }
}
