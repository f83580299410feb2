//! A process that dies again and again asks no more than one that lives.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use quantflow_budget_memory::MemoryBudget;
use quantflow_model::{Timestamp, VenueId};
use quantflow_seams::{Budget, BudgetError, Clock};
use quantflow_testkit::clock::ManualClock;
use quantflow_wire::{Limit, LimitScope, Purpose};

const NO_PATIENCE: Duration = Duration::ZERO;

fn venue() -> VenueId {
    "fake".parse().unwrap()
}

fn limits() -> Vec<Limit> {
    let limit = |name: &str, amount, scope| Limit {
        name: name.into(),
        amount,
        window: Duration::from_mins(1),
        weighted: true,
        scope,
    };
    vec![
        limit("weight", 10, LimitScope::Address),
        limit("connections", 2, LimitScope::Connection),
    ]
}

async fn born(clock: &ManualClock, folder: &Path) -> MemoryBudget {
    let budget = MemoryBudget::kept_in(Arc::new(clock.clone()), folder).unwrap();
    budget.configure(&venue(), &limits()).await.unwrap();
    budget
}

async fn ask(budget: &MemoryBudget, weight: u32) -> bool {
    let venue = venue();
    let asked = budget.acquire(&venue, weight, Purpose::Repair, NO_PATIENCE);
    match asked.await {
        Ok(_) => true,
        Err(BudgetError::TooLong { .. }) => false,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn every_life_goes_on_where_the_one_before_ended() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::new(Timestamp::from_seconds(1_000));
    let mut granted = 0;
    for _ in 0..20 {
        let budget = born(&clock, folder.path()).await;
        granted += u32::from(ask(&budget, 3).await);
        clock.advance(Duration::from_secs(1));
    }
    assert_eq!(granted, 3, "in the first 20 s, of 10 a minute");
    clock.advance(Duration::from_secs(45));
    let budget = born(&clock, folder.path()).await;
    assert!(ask(&budget, 3).await, "the first are over");
}

#[tokio::test]
async fn sockets_and_the_order_to_stay_away_are_known_in_the_next_life() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::new(Timestamp::from_seconds(1_000));
    let budget = born(&clock, folder.path()).await;
    for _ in 0..2 {
        let socket = budget.acquire_connection(&venue(), NO_PATIENCE).await;
        socket.unwrap();
    }
    let until = clock.now() + Duration::from_secs(30);
    budget.stay_away(&venue(), until).await;
    drop(budget);
    let budget = born(&clock, folder.path()).await;
    assert!(!ask(&budget, 1).await);
    clock.advance(Duration::from_secs(31));
    assert!(ask(&budget, 1).await);
    let socket = budget.acquire_connection(&venue(), NO_PATIENCE).await;
    assert!(socket.is_err(), "two were opened less than a minute ago");
}

#[tokio::test]
async fn a_clock_that_was_set_back_and_a_broken_file_lock_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::new(Timestamp::from_seconds(1_000_000_000));
    assert!(ask(&born(&clock, folder.path()).await, 10).await);
    let earlier = ManualClock::new(Timestamp::from_seconds(1_000));
    let budget = born(&earlier, folder.path()).await;
    assert!(!ask(&budget, 1).await, "it counts for now");
    earlier.advance(Duration::from_secs(62));
    assert!(ask(&budget, 10).await);
    std::fs::write(folder.path().join("fake.json"), b"{\"gran").unwrap();
    assert!(ask(&born(&earlier, folder.path()).await, 10).await);
}
