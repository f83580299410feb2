//! A store in memory, for the suites.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use quantflow_budget_shared::{
    Answer, BudgetStore, Member, Severable, SharedBudget, StoreError, Time, VenueState, Visit,
};
use quantflow_model::VenueId;
use quantflow_seams::Clock;
use quantflow_testkit::budget_suite::{Engine, Meeting, MeetingPlaces, Who};

type Rows = Arc<Mutex<HashMap<VenueId, Vec<u8>>>>;

/// Rows as a database has them.
#[derive(Debug, Clone)]
pub(crate) struct MemoryStore {
    pub(crate) rows: Rows,
    pub(crate) time: Time,
}

#[async_trait]
impl BudgetStore for MemoryStore {
    async fn visit(&self, visit: &Visit) -> Result<Answer, StoreError> {
        tokio::task::yield_now().await;
        let answer = {
            let mut rows = self.rows.lock().unwrap();
            let row = rows.entry(visit.venue.clone()).or_default();
            let mut state = VenueState::from_bytes(row).unwrap();
            let answer = state.visit(self.time.given().unwrap(), visit);
            *row = state.to_bytes().unwrap();
            answer
        };
        tokio::task::yield_now().await;
        Ok(answer)
    }
}

/// Stores in memory.
#[derive(Debug)]
pub(crate) struct InMemory;

impl MeetingPlaces for InMemory {
    fn fresh(&self) -> Arc<dyn Meeting> {
        Arc::new(Table(Rows::default()))
    }
}

struct Table(Rows);

#[async_trait]
impl Meeting for Table {
    async fn join(&self, clock: Arc<dyn Clock>, who: Who) -> Engine {
        let store = MemoryStore {
            rows: Arc::clone(&self.0),
            time: Time::Given(Arc::clone(&clock)),
        };
        let (store, cut) = Severable::new(store);
        let mut member = Member::new(who.id);
        member.address = who.address.into();
        let venue = "somewhere".parse().unwrap();
        member.keys = HashMap::from([(venue, who.key.into())]);
        let budget = SharedBudget::new(store, clock, member);
        let watched = budget.clone();
        Engine {
            budget: Arc::new(budget),
            busy: Arc::new(move || watched.visits()),
            cut: Some(cut),
        }
    }
}
