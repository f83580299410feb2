//! A session with either engine: statements with numbers and texts, rows of them.

use quantflow_seams::jobs::{JobResult, JobStoreError};
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, PgPool, Postgres, Row as _, Sqlite, SqlitePool, Transaction};

use crate::fault::told;

/// What a statement is given. All our columns are of these two types.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Int(Option<i64>),
    Text(Option<String>),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Int(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

/// The values of a statement, in order.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::sql::Value::from($value)),*] };
}
pub(crate) use values;

/// A row of either engine; columns by place.
#[derive(Debug)]
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    pub(crate) fn int_or_null(&self, at: usize) -> JobResult<Option<i64>> {
        match self {
            Self::Sqlite(row) => row.try_get(at),
            Self::Postgres(row) => row.try_get(at),
        }
        .map_err(told)
    }

    pub(crate) fn text_or_null(&self, at: usize) -> JobResult<Option<String>> {
        match self {
            Self::Sqlite(row) => row.try_get(at),
            Self::Postgres(row) => row.try_get(at),
        }
        .map_err(told)
    }

    pub(crate) fn int(&self, at: usize) -> JobResult<i64> {
        self.int_or_null(at)?.ok_or_else(|| null(at))
    }

    pub(crate) fn text(&self, at: usize) -> JobResult<String> {
        self.text_or_null(at)?.ok_or_else(|| null(at))
    }
}

fn null(at: usize) -> JobStoreError {
    JobStoreError::Corrupt {
        what: "a row".into(),
        detail: format!("nothing stands in column {at}"),
    }
}

/// Statements are put together of texts of this crate; whatever comes from outside is a value.
macro_rules! query {
    ($sql:expr, $values:expr) => {{
        let mut query = sqlx::query(AssertSqlSafe($sql));
        for value in $values {
            query = match value {
                Value::Int(number) => query.bind(number),
                Value::Text(text) => query.bind(text),
            };
        }
        query
    }};
}

/// The connections to one engine.
#[derive(Debug, Clone)]
pub(crate) enum Pools {
    /// One connection writes, so that writers of this process queue here and not at the file.
    Sqlite {
        write: SqlitePool,
        read: SqlitePool,
    },
    Postgres(PgPool),
}

impl Pools {
    /// Begins a change: on SQLite it has the write lock from the beginning.
    pub(crate) async fn begin(&self) -> JobResult<Session> {
        match self {
            Self::Sqlite { write, .. } => write
                .begin_with("BEGIN IMMEDIATE")
                .await
                .map(Session::Sqlite),
            Self::Postgres(pool) => pool.begin().await.map(Session::Postgres),
        }
        .map_err(told)
    }

    /// The rows of one statement that changes nothing.
    pub(crate) async fn read(&self, sql: String, values: Vec<Value>) -> JobResult<Vec<Row>> {
        match self {
            Self::Sqlite { read, .. } => query!(sql, values)
                .fetch_all(read)
                .await
                .map(|rows| rows.into_iter().map(Row::Sqlite).collect()),
            Self::Postgres(pool) => query!(sql, values)
                .fetch_all(pool)
                .await
                .map(|rows| rows.into_iter().map(Row::Postgres).collect()),
        }
        .map_err(told)
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// A transaction. Dropping it undoes what it did.
#[derive(Debug)]
pub(crate) enum Session {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Session {
    /// The rows that a statement gives.
    pub(crate) async fn rows(
        &mut self,
        sql: impl Into<String>,
        values: Vec<Value>,
    ) -> JobResult<Vec<Row>> {
        let sql = sql.into();
        match self {
            Self::Sqlite(session) => query!(sql, values)
                .fetch_all(&mut **session)
                .await
                .map(|rows| rows.into_iter().map(Row::Sqlite).collect()),
            Self::Postgres(session) => query!(sql, values)
                .fetch_all(&mut **session)
                .await
                .map(|rows| rows.into_iter().map(Row::Postgres).collect()),
        }
        .map_err(told)
    }

    /// The first row that a statement gives.
    pub(crate) async fn row(
        &mut self,
        sql: impl Into<String>,
        values: Vec<Value>,
    ) -> JobResult<Option<Row>> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// How many rows a statement changed.
    pub(crate) async fn run(
        &mut self,
        sql: impl Into<String>,
        values: Vec<Value>,
    ) -> JobResult<u64> {
        let sql = sql.into();
        match self {
            Self::Sqlite(session) => query!(sql, values)
                .execute(&mut **session)
                .await
                .map(|done| done.rows_affected()),
            Self::Postgres(session) => query!(sql, values)
                .execute(&mut **session)
                .await
                .map(|done| done.rows_affected()),
        }
        .map_err(told)
    }

    /// Several statements without values.
    pub(crate) async fn script(&mut self, sql: &'static str) -> JobResult<()> {
        match self {
            Self::Sqlite(session) => sqlx::raw_sql(sql).execute(&mut **session).await.map(|_| ()),
            Self::Postgres(session) => sqlx::raw_sql(sql).execute(&mut **session).await.map(|_| ()),
        }
        .map_err(told)
    }

    /// A `SELECT` whose rows stay as they are until the end of the transaction.
    pub(crate) fn locked(&self, select: &str) -> String {
        match self {
            Self::Sqlite(_) => select.to_owned(), // it has the only write lock
            Self::Postgres(_) => format!("{select} FOR UPDATE"),
        }
    }

    /// As [`Session::locked`], passing over rows that somebody else has locked.
    pub(crate) fn locked_if_free(&self, select: &str) -> String {
        match self {
            Self::Sqlite(_) => select.to_owned(),
            Self::Postgres(_) => format!("{select} FOR UPDATE SKIP LOCKED"),
        }
    }

    /// A `SELECT` of rows that must not go away before the end of the transaction.
    pub(crate) fn kept(&self, select: &str) -> String {
        match self {
            Self::Sqlite(_) => select.to_owned(),
            Self::Postgres(_) => format!("{select} FOR KEY SHARE"),
        }
    }

    pub(crate) async fn commit(self) -> JobResult<()> {
        match self {
            Self::Sqlite(session) => session.commit().await,
            Self::Postgres(session) => session.commit().await,
        }
        .map_err(told)
    }
}
