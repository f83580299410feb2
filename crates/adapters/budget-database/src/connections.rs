//! [`Connections`]: the few that a process has. One that a visit did not bring back whole is closed,
//! and with it what was under way: nothing half done is ever left in one.

use std::future::Future;
use std::sync::{Mutex, PoisonError};

use quantflow_budget_shared::StoreError;
use tokio::sync::Semaphore;

/// Visits at once: one for each venue and lane that is busy, and whoever looks on.
const MOST: usize = 4;

/// Connections that wait for the next visit.
#[derive(Debug)]
pub(crate) struct Connections<C> {
    idle: Mutex<Vec<C>>,
    places: Semaphore,
}

impl<C> Connections<C> {
    pub(crate) fn new(first: C) -> Self {
        Self {
            idle: Mutex::new(vec![first]),
            places: Semaphore::new(MOST),
        }
    }

    /// Works with a connection; `connect` makes one if none is idle. It comes back only if the work
    /// succeeds: a caller that goes away half way, or an error, closes it.
    pub(crate) async fn with<T>(
        &self,
        connect: impl Future<Output = Result<C, StoreError>>,
        work: impl AsyncFnOnce(&mut C) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let _place = self.places.acquire().await; // it is never closed
        let idle = self.lock().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => connect.await?,
        };
        let done = work(&mut connection).await?;
        self.lock().push(connection);
        Ok(done)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<C>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether trying again may help is decided here: the database's own words tell the rest.
pub(crate) fn told(error: sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Database(error) if !is_passing(error.code().as_deref()) => {
            StoreError::Refused(error.to_string())
        }
        sqlx::Error::Configuration(error) => StoreError::Url(error.to_string()),
        error => StoreError::Connection(error.to_string()),
    }
}

/// Busy and locked of SQLite; of PostgreSQL: connection lost, cut off, locked, shutting down or starting,
/// too many connections.
fn is_passing(code: Option<&str>) -> bool {
    let passing = [
        "5", "6", "261", "262", "517", "25P03", "40001", "40P01", "53300", "55P03",
    ];
    code.is_some_and(|code| {
        passing.contains(&code)
            || (code.len() == 5 && (code.starts_with("08") || code.starts_with("57P")))
    })
}
