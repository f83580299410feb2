//! [`RedisStore`]: the script, and a connection to run it on.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use quantflow_budget_shared::{Answer, BudgetStore, Member, SharedBudget, StoreError, Time, Visit};
use quantflow_seams::{Budget, Clock};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ErrorKind, RedisError, Script, ServerErrorKind};

use crate::encode::{decode, encode};

/// How long making a connection may take.
const CONNECT: Duration = Duration::from_secs(1);

/// Opens the budget in the Redis that `url` names: `redis://USER:PASSWORD@HOST:PORT/NUMBER`, or
/// `rediss://…` for TLS. `member` says who this process is.
///
/// # Errors
/// [`StoreError::Url`] for a URL of another form, [`StoreError::Connection`] when it cannot be reached,
/// [`StoreError::Refused`] when the server does not let us in.
pub async fn open(
    url: &str,
    member: Member,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Budget>, StoreError> {
    let store = RedisStore::open(url, "quantflow:budget:", Time::Server).await?;
    Ok(Arc::new(SharedBudget::new(store, clock, member)))
}

/// The budgets in a Redis.
pub struct RedisStore {
    client: Client,
    /// Shared by all visits: it carries several at once.
    connection: Mutex<Option<MultiplexedConnection>>,
    script: Script,
    prefix: String,
    time: Time,
}

impl std::fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // not the client: it has the password
        write!(f, "RedisStore({}…)", self.prefix)
    }
}

impl RedisStore {
    /// Opens a Redis; keys begin with `prefix`. [`Time::Server`] is what hosts want; another clock is
    /// for tests.
    ///
    /// # Errors
    /// As for [`open`].
    pub async fn open(url: &str, prefix: &str, time: Time) -> Result<Self, StoreError> {
        // the URL itself is not repeated: it may hold a password
        let client = Client::open(url).map_err(|_| {
            StoreError::Url(
                "the budget's URL is redis://USER:PASSWORD@HOST:PORT/NUMBER, or rediss:// for TLS"
                    .to_owned(),
            )
        })?;
        let store = Self {
            client,
            connection: Mutex::new(None),
            script: Script::new(include_str!("visit.lua")),
            prefix: prefix.to_owned(),
            time,
        };
        store.connected().await?;
        Ok(store)
    }

    async fn connected(&self) -> Result<MultiplexedConnection, StoreError> {
        if let Some(connection) = &*self.held() {
            return Ok(connection.clone());
        }
        // how long an answer may take is for who visits to say
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(None);
        let connection = self
            .client
            .get_multiplexed_async_connection_with_config(&config);
        let connection = connection.await.map_err(|error| told(&error))?;
        *self.held() = Some(connection.clone());
        Ok(connection)
    }

    fn held(&self) -> MutexGuard<'_, Option<MultiplexedConnection>> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection on which an answer is awaited. If it does not come, because of an error or because
/// the visitor lost patience, the next visit makes a new one.
struct Awaiting<'a> {
    store: &'a RedisStore,
    answered: bool,
}

impl Drop for Awaiting<'_> {
    fn drop(&mut self) {
        if !self.answered {
            *self.store.held() = None;
        }
    }
}

#[async_trait]
impl BudgetStore for RedisStore {
    async fn visit(&self, visit: &Visit) -> Result<Answer, StoreError> {
        let mut connection = self.connected().await?;
        let mut call = self.script.key(format!("{}{}", self.prefix, visit.venue));
        encode(&mut call, visit, self.time.given());
        let mut awaiting = Awaiting {
            store: self,
            answered: false,
        };
        let answer = call.invoke_async(&mut connection).await;
        let value = answer.map_err(|error| told(&error))?;
        awaiting.answered = true;
        decode(value)
    }
}

/// Whether trying again may help.
fn told(error: &RedisError) -> StoreError {
    let text = error.to_string();
    match error.kind() {
        ErrorKind::InvalidClientConfig => StoreError::Url(text),
        ErrorKind::Io
        | ErrorKind::Server(
            ServerErrorKind::BusyLoading
            | ServerErrorKind::TryAgain
            | ServerErrorKind::MasterDown
            | ServerErrorKind::ClusterDown,
        ) => StoreError::Connection(text),
        _ => StoreError::Refused(text),
    }
}
