//! Where the suites' processes meet: prefixes of keys.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use quantflow_budget_redis::RedisStore;
use quantflow_budget_shared::{Member, Severable, SharedBudget, Time};
use quantflow_seams::Clock;
use quantflow_testkit::RedisServer;
use quantflow_testkit::budget_suite::{Engine, Meeting, MeetingPlaces, Who};

/// Prefixes of a server's keys.
#[derive(Debug)]
pub(crate) struct Prefixes {
    server: RedisServer,
    made: AtomicU32,
}

impl Prefixes {
    pub(crate) fn of(server: RedisServer) -> Self {
        Self {
            server,
            made: AtomicU32::new(0),
        }
    }
}

impl MeetingPlaces for Prefixes {
    fn fresh(&self) -> Arc<dyn Meeting> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        Arc::new(Prefix {
            url: self.server.url(),
            prefix: format!("case-{number}:"),
        })
    }

    fn cases(&self) -> u32 {
        12
    }
}

struct Prefix {
    url: String,
    prefix: String,
}

#[async_trait]
impl Meeting for Prefix {
    async fn join(&self, clock: Arc<dyn Clock>, who: Who) -> Engine {
        let time = Time::Given(Arc::clone(&clock));
        let store = RedisStore::open(&self.url, &self.prefix, time).await;
        let (store, cut) = Severable::new(store.unwrap());
        let mut member = Member::new(who.id);
        member.address = who.address.into();
        member.keys = HashMap::from([("somewhere".parse().unwrap(), who.key.into())]);
        // a machine that is busy with other tests is slow, not gone
        member.answer_within = std::time::Duration::from_secs(30);
        let budget = SharedBudget::new(store, clock, member);
        let watched = budget.clone();
        Engine {
            budget: Arc::new(budget),
            busy: Arc::new(move || watched.visits()),
            cut: Some(cut),
        }
    }
}
