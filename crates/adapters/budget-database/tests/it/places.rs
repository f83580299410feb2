//! Where the suites' processes meet: files of SQLite, schemas of PostgreSQL.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use quantflow_budget_database::{PostgresStore, SqliteStore};
use quantflow_budget_shared::{BudgetStore, Member, Severable, SharedBudget, Time};
use quantflow_seams::Clock;
use quantflow_testkit::PostgresServer;
use quantflow_testkit::budget_suite::{Engine, Meeting, MeetingPlaces, Who};

/// Tries of a property where each takes a second.
const FEW: u32 = 12;

/// Files of SQLite.
#[derive(Debug)]
pub(crate) struct Files;

impl MeetingPlaces for Files {
    fn fresh(&self) -> Arc<dyn Meeting> {
        Arc::new(File(Arc::new(tempfile::tempdir().unwrap())))
    }

    fn cases(&self) -> u32 {
        FEW
    }
}

struct File(Arc<tempfile::TempDir>);

#[async_trait]
impl Meeting for File {
    async fn join(&self, clock: Arc<dyn Clock>, who: Who) -> Engine {
        let url = format!("sqlite:{}/budget.db", self.0.path().display());
        let store = SqliteStore::open(&url, Arc::clone(&clock)).await.unwrap();
        engine(store, clock, who, Arc::clone(&self.0))
    }
}

/// Schemas of a server.
#[derive(Debug)]
pub(crate) struct Schemas {
    server: PostgresServer,
    made: AtomicU32,
}

impl Schemas {
    pub(crate) fn of(server: PostgresServer) -> Self {
        Self {
            server,
            made: AtomicU32::new(0),
        }
    }
}

impl MeetingPlaces for Schemas {
    fn fresh(&self) -> Arc<dyn Meeting> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        Arc::new(Schema(self.server.create(&format!("case_{number}"))))
    }

    fn cases(&self) -> u32 {
        FEW
    }
}

struct Schema(String);

#[async_trait]
impl Meeting for Schema {
    async fn join(&self, clock: Arc<dyn Clock>, who: Who) -> Engine {
        let time = Time::Given(Arc::clone(&clock));
        let store = PostgresStore::open(&self.0, time).await.unwrap();
        engine(store, clock, who, ())
    }
}

/// `place` is there as long as the engine.
fn engine<P: Send + Sync + 'static>(
    store: impl BudgetStore,
    clock: Arc<dyn Clock>,
    who: Who,
    place: P,
) -> Engine {
    let (store, cut) = Severable::new(store);
    let mut member = Member::new(who.id);
    member.address = who.address.into();
    member.keys = HashMap::from([("somewhere".parse().unwrap(), who.key.into())]);
    // a machine that is busy with other tests is slow, not gone
    member.answer_within = std::time::Duration::from_secs(30);
    let budget = SharedBudget::new(store, clock, member);
    let watched = budget.clone();
    Engine {
        budget: Arc::new(budget),
        busy: Arc::new(move || {
            let _ = &place;
            watched.visits()
        }),
        cut: Some(cut),
    }
}
