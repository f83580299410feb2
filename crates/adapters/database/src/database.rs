//! [`Database`]: opened by its URL.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use quantflow_model::Timestamp;
use quantflow_seams::Clock;
use quantflow_seams::jobs::{JobResult, JobStoreError};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::fault::told;
use crate::migrations::migrate;
use crate::sql::{Pools, values};

/// How patient it is, and how many connections it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Connections to PostgreSQL at most; readers of SQLite at most (it has one writer).
    pub connections: u32,
    /// How long an operation waits for a connection; making one is part of it.
    pub connect: Duration,
    /// How long a connection is kept that nobody uses.
    pub idle: Duration,
    /// How long a statement waits for what others hold locked: SQLite's busy timeout,
    /// PostgreSQL's `lock_timeout`. Then it is [busy](JobStoreError::Busy).
    pub lock: Duration,
    /// How long one statement may take on PostgreSQL.
    pub statement: Duration,
    /// After how long PostgreSQL cuts off a client that stopped in the middle of a transaction, so
    /// that a frozen process does not keep its rows locked. (On SQLite a process that is frozen
    /// while it writes holds the file until it goes on or is ended: the price of one file.)
    pub stalled_client: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connections: 20,
            connect: Duration::from_secs(2),
            idle: Duration::from_secs(30),
            lock: Duration::from_secs(5),
            statement: Duration::from_secs(30),
            stalled_client: Duration::from_secs(10),
        }
    }
}

/// The relational database, in the engine that its URL names.
#[derive(Debug)]
pub struct Database {
    pub(crate) pools: Pools,
    clock: Arc<dyn Clock>,
}

impl Database {
    /// Opens `sqlite:PATH` (made where there is none; its folder must be there) or
    /// `postgres://USER:PASSWORD@HOST:PORT/NAME`, and brings its tables to the newest version.
    ///
    /// # Errors
    /// [`JobStoreError::Invalid`] for a URL of another form, [`JobStoreError::NewerSchema`] when a
    /// newer program made the tables, [`JobStoreError::Unavailable`] when it cannot be reached.
    pub async fn open(url: &str, options: &Options, clock: Arc<dyn Clock>) -> JobResult<Self> {
        let pools = match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => sqlite(url, options).await?,
            Some("postgres" | "postgresql") => postgres(url, options).await?,
            _ => return Err(bad_url()),
        };
        let database = Self { pools, clock };
        migrate(&database.pools, database.clock.now()).await?;
        Ok(database)
    }

    /// Lets go of all connections; what is under way ends first.
    pub async fn close(&self) {
        self.pools.close().await;
    }

    /// The server's clock, or where there is no server the host's.
    pub(crate) async fn engine_time(&self) -> JobResult<Timestamp> {
        match &self.pools {
            Pools::Sqlite { .. } => Ok(self.clock.now()),
            pools @ Pools::Postgres(_) => {
                let sql = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)";
                let rows = pools.read(sql.to_owned(), values![]).await?;
                let row = rows
                    .first()
                    .ok_or_else(|| JobStoreError::Failed("it told no time".to_owned()))?;
                Ok(Timestamp::from_micros(row.int(0)?))
            }
        }
    }
}

/// Says nothing of the URL itself: it may hold a password.
fn bad_url() -> JobStoreError {
    JobStoreError::Invalid {
        field: "database.url",
        why: "sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/NAME".to_owned(),
    }
}

async fn sqlite(url: &str, options: &Options) -> JobResult<Pools> {
    if url.contains(":memory:") || url.contains("mode=memory") {
        return Err(JobStoreError::Invalid {
            field: "database.url",
            why: "a file (sqlite:PATH): one in memory would be another for each connection".into(),
        });
    }
    let connect = SqliteConnectOptions::from_str(url)
        .map_err(|_| bad_url())?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // a change that an operator was told of outlives a loss of power
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(options.lock);
    let pool = |most| {
        SqlitePoolOptions::new()
            .max_connections(most)
            .acquire_timeout(options.connect + options.lock)
            .idle_timeout(options.idle)
    };
    // the writer first: it makes the file and sets it to WAL
    let write = pool(1).connect_with(connect.clone()).await.map_err(told)?;
    let read = pool(options.connections.clamp(1, 4)).connect_lazy_with(connect.read_only(true));
    Ok(Pools::Sqlite { write, read })
}

async fn postgres(url: &str, options: &Options) -> JobResult<Pools> {
    let millis = |duration: Duration| duration.as_millis().to_string();
    let connect = PgConnectOptions::from_str(url)
        .map_err(|_| bad_url())?
        .application_name("quantflow")
        .options([
            ("lock_timeout", millis(options.lock)),
            ("statement_timeout", millis(options.statement)),
            (
                "idle_in_transaction_session_timeout",
                millis(options.stalled_client),
            ),
        ]);
    let pool = PgPoolOptions::new()
        .max_connections(options.connections.max(1))
        .acquire_timeout(options.connect)
        .idle_timeout(options.idle)
        .connect_with(connect)
        .await
        .map_err(told)?;
    Ok(Pools::Postgres(pool))
}
