//! [`PostgresStore`]: a table that hosts share.

use std::fmt::Write;
use std::str::FromStr;

use async_trait::async_trait;
use quantflow_budget_shared::{Answer, BudgetStore, StoreError, Time, VenueState, Visit};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Row};

use crate::connections::{Connections, told};

/// How long a visit waits for those of other processes, and how long a process may hold a row
/// without doing anything, in ms.
const PATIENCE: &str = "1000";

/// Processes that start at once would make the table at once, which PostgreSQL does not sort out by
/// itself: a number for the lock under which it is made.
const MAKING: &str = "SELECT pg_advisory_xact_lock(7309940125640221)";

/// The budgets in a table of PostgreSQL.
#[derive(Debug)]
pub struct PostgresStore {
    options: PgConnectOptions,
    connections: Connections<PgConnection>,
    time: Time,
}

impl PostgresStore {
    /// Opens `postgres://USER:PASSWORD@HOST:PORT/NAME`. [`Time::Server`] is what hosts want; another
    /// clock is for tests.
    ///
    /// # Errors
    /// As for [`crate::open`].
    pub async fn open(url: &str, time: Time) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url).map_err(told)?;
        let options = options.application_name("quantflow-budget").options([
            ("lock_timeout", PATIENCE),
            ("idle_in_transaction_session_timeout", PATIENCE),
            ("statement_timeout", "5000"),
            ("synchronous_commit", "off"),
        ]);
        let mut first = options.connect().await.map_err(told)?;
        let table = sqlx::raw_sql(AssertSqlSafe(format!(
            "BEGIN; SET LOCAL synchronous_commit = on; {MAKING}; CREATE TABLE IF NOT EXISTS request_budgets (venue TEXT PRIMARY KEY, state BYTEA NOT NULL); COMMIT"
        )));
        table.execute(&mut first).await.map_err(told)?;
        Ok(Self {
            options,
            connections: Connections::new(first),
            time,
        })
    }

    async fn locked(
        &self,
        connection: &mut PgConnection,
        visit: &Visit,
    ) -> Result<Answer, StoreError> {
        // Two round trips, so the row is locked for one: several statements go at once, which take no
        // parameters. Names and bytes go as hexadecimal digits, which cannot end a literal.
        let venue = hex(visit.venue.as_str().as_bytes());
        let read = format!(
            "BEGIN; \
             WITH locked AS MATERIALIZED (\
               SELECT state FROM request_budgets WHERE venue = convert_from('\\x{venue}', 'UTF8') FOR UPDATE\
             ) \
             SELECT state, (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now FROM locked"
        );
        let mut row = self.row(connection, &read).await?;
        if row.is_none() {
            // the first visit of all: make the row, then lock it
            let make = format!(
                "INSERT INTO request_budgets (venue, state) \
                 VALUES (convert_from('\\x{venue}', 'UTF8'), '') ON CONFLICT DO NOTHING; \
                 COMMIT; {read}"
            );
            row = self.row(connection, &make).await?;
        }
        let (bytes, server) = row.ok_or_else(|| {
            StoreError::Refused(
                "request_budgets: a row that was just made is not there: look for a trigger or a rule of that table".to_owned(),
            )
        })?;
        let refused =
            |error| StoreError::Refused(format!("request_budgets, {}: {error}", visit.venue));
        let mut state = VenueState::from_bytes(&bytes).map_err(refused)?;
        let answer = state.visit(self.time.given().unwrap_or(server), visit);
        let bytes = hex(&state.to_bytes().map_err(refused)?);
        let write = format!(
            "UPDATE request_budgets SET state = '\\x{bytes}' WHERE venue = convert_from('\\x{venue}', 'UTF8'); COMMIT"
        );
        let write = sqlx::raw_sql(AssertSqlSafe(write)).execute(connection);
        write.await.map_err(told)?;
        Ok(answer)
    }

    async fn row(
        &self,
        connection: &mut PgConnection,
        sql: &str,
    ) -> Result<Option<(Vec<u8>, i64)>, StoreError> {
        let read = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        let row = read.fetch_optional(connection).await.map_err(told)?;
        let Some(row) = row else {
            return Ok(None);
        };
        let bytes = row.try_get(0).map_err(told)?;
        Ok(Some((bytes, row.try_get(1).map_err(told)?)))
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}"); // writing to a string does not fail
    }
    text
}

#[async_trait]
impl BudgetStore for PostgresStore {
    async fn visit(&self, visit: &Visit) -> Result<Answer, StoreError> {
        let connect = async { self.options.connect().await.map_err(told) };
        let work = async |connection: &mut PgConnection| self.locked(connection, visit).await;
        self.connections.with(connect, work).await
    }
}
