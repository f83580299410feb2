//! Connectors: made, changed, removed, listed.

use compact_str::CompactString;
use quantflow_model::VenueId;
use quantflow_seams::jobs::{
    AuditAction, By, Connector, ConnectorChange, JobResult, JobStoreError, NewConnector, Subject,
};

use crate::database::Database;
use crate::history::{Change, write_audit};
use crate::rows::{self, CONNECTOR, json};
use crate::sql::{Session, values};

fn change_of<'a>(
    venue: &VenueId,
    before: Option<&'a Connector>,
    after: Option<&'a Connector>,
) -> Change<'a, Connector> {
    Change {
        subject: Subject::Connector,
        key: CompactString::from(venue.as_str()),
        before,
        after,
    }
}

/// The connector, which nobody else changes until the end of the transaction.
async fn locked(session: &mut Session, venue: &VenueId) -> JobResult<Connector> {
    let select = session.locked(&format!(
        "SELECT {CONNECTOR} FROM connectors WHERE venue = $1"
    ));
    let row = session.row(select, values![venue.as_str()]).await?;
    rows::connector(&row.ok_or_else(|| JobStoreError::no_connector(venue.as_str()))?)
}

impl Database {
    pub(crate) async fn make_connector(&self, by: &By, new: NewConnector) -> JobResult<Connector> {
        let made = Connector::made(new, by.at);
        let mut session = self.pools.begin().await?;
        let inserted = session
            .run(
                "INSERT INTO connectors (venue, protocol, state, error, settings, created, updated)
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (venue) DO NOTHING",
                values![
                    made.venue.as_str(),
                    made.protocol.as_str(),
                    made.state.as_str(),
                    made.error.clone(),
                    json(&made.settings)?,
                    made.created.nanos(),
                    made.updated.nanos(),
                ],
            )
            .await?;
        if inserted == 0 {
            return Err(JobStoreError::Exists {
                what: "connector",
                id: made.venue.as_str().into(),
            });
        }
        let change = change_of(&made.venue, None, Some(&made));
        write_audit(&mut session, by, AuditAction::Create, change).await?;
        session.commit().await?;
        Ok(made)
    }

    pub(crate) async fn change_connector(
        &self,
        by: &By,
        venue: &VenueId,
        change: ConnectorChange,
    ) -> JobResult<Connector> {
        let mut session = self.pools.begin().await?;
        let before = locked(&mut session, venue).await?;
        let mut after = before.clone();
        if after.change(change, by.at) {
            session
                .run(
                    "UPDATE connectors SET protocol = $2, state = $3, error = $4, settings = $5,
                     updated = $6 WHERE venue = $1",
                    values![
                        venue.as_str(),
                        after.protocol.as_str(),
                        after.state.as_str(),
                        after.error.clone(),
                        json(&after.settings)?,
                        after.updated.nanos(),
                    ],
                )
                .await?;
            let change = change_of(venue, Some(&before), Some(&after));
            write_audit(&mut session, by, AuditAction::Update, change).await?;
            session.commit().await?;
        }
        Ok(after)
    }

    pub(crate) async fn remove_connector(&self, by: &By, venue: &VenueId) -> JobResult<()> {
        let mut session = self.pools.begin().await?;
        let before = locked(&mut session, venue).await?;
        let jobs = session
            .row(
                "SELECT COUNT(*) FROM jobs WHERE venue = $1",
                values![venue.as_str()],
            )
            .await?;
        let jobs = jobs.map_or(Ok(0), |row| row.int(0))?;
        if jobs > 0 {
            return Err(JobStoreError::Refused {
                what: format!("delete connector {venue}"),
                why: format!("it has {jobs} jobs: delete those first, or disable it"),
            });
        }
        session
            .run(
                "DELETE FROM connectors WHERE venue = $1",
                values![venue.as_str()],
            )
            .await?;
        let change = change_of(venue, Some(&before), None);
        write_audit(&mut session, by, AuditAction::Delete, change).await?;
        session.commit().await
    }

    pub(crate) async fn read_connector(&self, venue: &VenueId) -> JobResult<Connector> {
        let sql = format!("SELECT {CONNECTOR} FROM connectors WHERE venue = $1");
        let found = self.pools.read(sql, values![venue.as_str()]).await?;
        let row = found.first();
        rows::connector(row.ok_or_else(|| JobStoreError::no_connector(venue.as_str()))?)
    }

    pub(crate) async fn list_connectors(
        &self,
        past: Option<&VenueId>,
        limit: u32,
    ) -> JobResult<Vec<Connector>> {
        // no venue's name is empty
        let past = past.map_or("", VenueId::as_str);
        let sql =
            format!("SELECT {CONNECTOR} FROM connectors WHERE venue > $1 ORDER BY venue LIMIT $2");
        let found = self
            .pools
            .read(sql, values![past, i64::from(limit)])
            .await?;
        found.iter().map(rows::connector).collect()
    }
}
