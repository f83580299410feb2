//! [`SqliteStore`]: a file that the processes of a host share.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use quantflow_budget_shared::{Answer, BudgetStore, StoreError, VenueState, Visit};
use quantflow_seams::Clock;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Row};

use crate::connections::{Connections, told};

/// How long a visit waits for those of other processes. One takes far less than a millisecond.
const BUSY: Duration = Duration::from_millis(1_500);

/// The budgets in a file of SQLite.
#[derive(Debug)]
pub struct SqliteStore {
    options: SqliteConnectOptions,
    connections: Connections<SqliteConnection>,
    clock: Arc<dyn Clock>,
}

impl SqliteStore {
    /// Opens `sqlite:PATH`; `clock` is the host's.
    ///
    /// # Errors
    /// As for [`crate::open`].
    pub async fn open(url: &str, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        if url.contains(":memory:") || url.contains("mode=memory") {
            return Err(StoreError::Url(
                "the budget's database is a file (sqlite:PATH): one in memory is shared with nobody"
                    .to_owned(),
            ));
        }
        let options = SqliteConnectOptions::from_str(url)
            .map_err(told)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY);
        let mut first = options.connect().await.map_err(told)?;
        sqlx::raw_sql(
            "CREATE TABLE IF NOT EXISTS request_budgets (venue TEXT PRIMARY KEY, state BLOB NOT NULL) WITHOUT ROWID",
        )
        .execute(&mut first)
        .await
        .map_err(told)?;
        Ok(Self {
            options,
            connections: Connections::new(first),
            clock,
        })
    }

    async fn locked(
        &self,
        connection: &mut SqliteConnection,
        visit: &Visit,
    ) -> Result<Answer, StoreError> {
        let venue = visit.venue.as_str();
        let begin = sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut *connection);
        begin.await.map_err(told)?;
        let row = sqlx::query("SELECT state FROM request_budgets WHERE venue = ?1")
            .bind(venue)
            .fetch_optional(&mut *connection)
            .await
            .map_err(told)?;
        let bytes: Vec<u8> = match row {
            Some(row) => row.try_get(0).map_err(told)?,
            None => Vec::new(),
        };
        let refused = |error| StoreError::Refused(format!("request_budgets, {venue}: {error}"));
        let mut state = VenueState::from_bytes(&bytes).map_err(refused)?;
        // read with the file locked: times reach the state in order
        let answer = state.visit(self.clock.now().millis(), visit);
        let bytes = state.to_bytes().map_err(refused)?;
        sqlx::query("INSERT INTO request_budgets (venue, state) VALUES (?1, ?2) ON CONFLICT (venue) DO UPDATE SET state = ?2")
            .bind(venue)
            .bind(bytes)
            .execute(&mut *connection)
            .await
            .map_err(told)?;
        let commit = sqlx::raw_sql("COMMIT").execute(&mut *connection);
        commit.await.map_err(told)?;
        Ok(answer)
    }
}

#[async_trait]
impl BudgetStore for SqliteStore {
    async fn visit(&self, visit: &Visit) -> Result<Answer, StoreError> {
        let connect = async { self.options.connect().await.map_err(told) };
        let work = async |connection: &mut SqliteConnection| self.locked(connection, visit).await;
        self.connections.with(connect, work).await
    }
}
