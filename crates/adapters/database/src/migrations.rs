//! The tables, by version. A version that was released is never edited: a change is a new version.
//!
//! Not sqlx's own: those take no lock on SQLite, and two processes of a first start would collide.

use quantflow_model::Timestamp;
use quantflow_seams::jobs::{JobResult, JobStoreError};

use crate::sql::{Pools, Session, values};

struct Migration {
    version: i64,
    sqlite: &'static str,
    postgres: &'static str,
}

const ALL: &[Migration] = &[Migration {
    version: 1,
    sqlite: include_str!("migrations/0001.sqlite.sql"),
    postgres: include_str!("migrations/0001.postgres.sql"),
}];

/// The newest schema version that this program knows.
pub const NEWEST: i64 = ALL[ALL.len() - 1].version;

/// Which advisory lock migrations take on PostgreSQL: any number that nobody else uses.
const LOCK: i64 = 0x7166_6d69_6772_6174;

/// Brings the tables to the newest version. Several processes may do it at once: one does it, the
/// others wait and find it done.
pub(crate) async fn migrate(pools: &Pools, now: Timestamp) -> JobResult<()> {
    let mut session = pools.begin().await?;
    if let Session::Postgres(_) = session {
        session
            .rows(
                "SELECT CAST(pg_advisory_xact_lock($1) AS TEXT)",
                values![LOCK],
            )
            .await?;
    }
    session
        .script(
            "CREATE TABLE IF NOT EXISTS schema_versions (
                version BIGINT PRIMARY KEY,
                applied BIGINT NOT NULL
            )",
        )
        .await?;
    let found = session
        .row(
            "SELECT CAST(COALESCE(MAX(version), 0) AS BIGINT) FROM schema_versions",
            values![],
        )
        .await?;
    let found = found.map_or(Ok(0), |row| row.int(0))?;
    if found > NEWEST {
        return Err(JobStoreError::NewerSchema {
            found,
            known: NEWEST,
        });
    }
    for migration in ALL.iter().filter(|migration| migration.version > found) {
        let script = match session {
            Session::Sqlite(_) => migration.sqlite,
            Session::Postgres(_) => migration.postgres,
        };
        session.script(script).await?;
        session
            .run(
                "INSERT INTO schema_versions (version, applied) VALUES ($1, $2)",
                values![migration.version, now.nanos()],
            )
            .await?;
        tracing::info!(
            version = migration.version,
            "the database's tables are made"
        );
    }
    session.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_ascend_by_one() {
        let versions: Vec<_> = ALL.iter().map(|migration| migration.version).collect();
        assert_eq!(versions, (1..=NEWEST).collect::<Vec<_>>());
    }
}
