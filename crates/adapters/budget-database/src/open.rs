//! [`open`]: by the database's URL.

use std::sync::Arc;

use quantflow_budget_shared::{Member, SharedBudget, StoreError, Time};
use quantflow_seams::{Budget, Clock};

use crate::postgres::PostgresStore;
use crate::sqlite::SqliteStore;

/// Opens the budget in the database that `url` names: `sqlite:PATH` (made where there is none; its
/// folder must be there) or `postgres://USER:PASSWORD@HOST:PORT/NAME`. The table is made where it is
/// missing. `member` says who this process is.
///
/// # Errors
/// [`StoreError::Url`] for a URL of another form, [`StoreError::Connection`] when the database cannot be
/// reached, [`StoreError::Refused`] when it does not let the table be made.
pub async fn open(
    url: &str,
    member: Member,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Budget>, StoreError> {
    match url.split_once(':').map(|(scheme, _)| scheme) {
        Some("sqlite") => {
            let store = SqliteStore::open(url, Arc::clone(&clock)).await?;
            Ok(Arc::new(SharedBudget::new(store, clock, member)))
        }
        Some("postgres" | "postgresql") => {
            let store = PostgresStore::open(url, Time::Server).await?;
            Ok(Arc::new(SharedBudget::new(store, clock, member)))
        }
        // the URL itself is not repeated: it may hold a password
        _ => Err(StoreError::Url(
            "the budget's URL is sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/NAME".to_owned(),
        )),
    }
}
