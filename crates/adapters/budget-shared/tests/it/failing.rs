//! What callers see of a store that fails, forgets, or answers late.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use quantflow_budget_shared::{
    Answer, BudgetStore, LATE, Member, SharedBudget, StoreError, Time, Visit,
};
use quantflow_model::{Timestamp, VenueId};
use quantflow_seams::{Budget, BudgetError, Clock, Grant};
use quantflow_testkit::clock::ManualClock;
use quantflow_wire::{Limit, LimitScope, Purpose};

use crate::memory_store::MemoryStore;

/// A store that does something else than it should, so many times.
#[derive(Debug)]
struct Faulty {
    store: MemoryStore,
    fault: Fault,
    times: Arc<AtomicU32>,
}

#[derive(Debug, Clone, Copy)]
enum Fault {
    /// The connection breaks before anything is done.
    Broken,
    /// It never answers.
    Silent,
    /// It does what it should, and its answer takes too long.
    Slow,
}

#[async_trait]
impl BudgetStore for Faulty {
    async fn visit(&self, visit: &Visit) -> Result<Answer, StoreError> {
        let less = |times: u32| times.checked_sub(1);
        let (order, fault) = (Ordering::SeqCst, self.fault);
        if self.times.fetch_update(order, order, less).is_err() {
            return self.store.visit(visit).await;
        }
        match fault {
            Fault::Broken => Err(StoreError::Connection("reset by peer".to_owned())),
            Fault::Silent => std::future::pending().await,
            Fault::Slow => {
                let answer = self.store.visit(visit).await;
                // blocks the thread: a process that was stopped and goes on
                std::thread::sleep(LATE + Duration::from_millis(10));
                answer
            }
        }
    }
}

struct Bench {
    clock: ManualClock,
    store: MemoryStore,
    budget: SharedBudget,
    faults: Arc<AtomicU32>,
    venue: VenueId,
}

impl Bench {
    async fn new(fault: Fault, answer_within: Duration) -> Self {
        let clock = ManualClock::new(Timestamp::from_seconds(1_700_000_000));
        let store = MemoryStore {
            rows: Arc::default(),
            time: Time::Given(Arc::new(clock.clone())),
        };
        let faults = Arc::new(AtomicU32::new(0));
        let faulty = Faulty {
            store: store.clone(),
            fault,
            times: Arc::clone(&faults),
        };
        let member = Member {
            answer_within,
            ..Member::new(1)
        };
        let budget = SharedBudget::new(faulty, Arc::new(clock.clone()), member);
        let venue: VenueId = "somewhere".parse().unwrap();
        let limit = Limit {
            name: "weight-1m".into(),
            amount: 10,
            window: Duration::from_mins(1),
            weighted: true,
            scope: LimitScope::Address,
        };
        budget.configure(&venue, &[limit]).await.unwrap();
        Self {
            clock,
            store,
            budget,
            faults,
            venue,
        }
    }

    fn fail(&self, times: u32) {
        self.faults.store(times, Ordering::SeqCst);
    }

    async fn ask(&self, weight: u32) -> Result<Grant, BudgetError> {
        let patience = Duration::from_secs(5);
        self.budget
            .acquire(&self.venue, weight, Purpose::Live, patience)
            .await
    }

    async fn used(&self) -> Option<u32> {
        let usage = self.budget.usage(&self.venue).await;
        usage.first().map(|usage| usage.used)
    }
}

#[tokio::test]
async fn a_connection_that_breaks_once_is_not_noticed() {
    let bench = Bench::new(Fault::Broken, Duration::from_secs(2)).await;
    bench.fail(1);
    bench.ask(4).await.unwrap();
    assert_eq!(bench.used().await, Some(4));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_is_told_in_bounded_time_and_nothing_is_taken() {
    for fault in [Fault::Broken, Fault::Silent] {
        let within = Duration::from_secs(2);
        let bench = Bench::new(fault, within).await;
        bench.fail(u32::MAX);
        let began = tokio::time::Instant::now();
        let error = bench.ask(4).await.unwrap_err();
        assert!(matches!(error, BudgetError::Unavailable(_)), "{error}");
        assert!(began.elapsed() <= within * 2);
        assert_eq!(bench.used().await, None, "nobody knows");
        bench.fail(0);
        bench.ask(10).await.unwrap();
    }
}

#[tokio::test]
async fn who_asks_a_broken_store_is_told_and_the_next_may_try_again() {
    let bench = Bench::new(Fault::Broken, Duration::from_millis(20)).await;
    bench.fail(u32::MAX);
    for _ in 0..2 {
        let error = bench.ask(4).await.unwrap_err();
        assert!(matches!(error, BudgetError::Unavailable(_)), "{error}");
    }
    bench.fail(0);
    bench.ask(10).await.unwrap();
}

#[tokio::test]
async fn a_grant_that_came_too_late_is_given_back_and_asked_for_again() {
    let bench = Bench::new(Fault::Slow, Duration::from_secs(5)).await;
    bench.fail(1);
    let grant = bench.ask(10).await.unwrap();
    assert_eq!(grant.at, bench.clock.now());
    assert_eq!(bench.used().await, Some(10), "not twice");
}

#[tokio::test]
async fn an_order_to_stay_away_is_kept_to_though_the_store_did_not_hear_it() {
    let bench = Bench::new(Fault::Broken, Duration::from_millis(20)).await;
    bench.fail(1);
    let until = bench.clock.now() + Duration::from_mins(2);
    bench.budget.stay_away(&bench.venue, until).await;
    assert!(bench.ask(1).await.is_err());
    let usage = bench.budget.usage(&bench.venue).await;
    assert_eq!(usage[0].stay_away_until, Some(until), "and it was told");
}

#[tokio::test]
async fn a_store_that_forgot_is_told_what_was_used_before_it_grants_again() {
    let bench = Bench::new(Fault::Broken, Duration::from_secs(2)).await;
    bench.ask(7).await.unwrap();
    assert_eq!(bench.used().await, Some(7));
    bench.store.rows.lock().unwrap().clear();
    assert!(bench.ask(4).await.is_err());
    assert_eq!(bench.used().await, Some(7));
    bench.ask(3).await.unwrap();
}

/// Lets the other tasks of this thread run.
async fn others() {
    for _ in 0..32 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn who_goes_away_while_its_visit_is_under_way_gives_back_what_it_took() {
    // dropped after so many turns of the others: before, during and after the visit
    for turns in 0..12 {
        let bench = Bench::new(Fault::Broken, Duration::from_secs(2)).await;
        let mut asked = Box::pin(bench.ask(4));
        tokio::select! {
            biased;
            granted = &mut asked => panic!("{granted:?} without a visit"),
            () = std::future::ready(()) => {}
        }
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        drop(asked); // not polled again: a grant that came is not taken
        others().await;
        assert_eq!(bench.used().await, Some(0), "after {turns} turns");
        bench.ask(10).await.unwrap();
    }
}
