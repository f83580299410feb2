//! What goes wrong with a server.

use std::sync::Arc;
use std::time::{Duration, Instant};

use quantflow_budget_redis::open;
use quantflow_budget_shared::{Member, StoreError};
use quantflow_model::VenueId;
use quantflow_seams::{Budget, BudgetError, SystemClock};
use quantflow_testkit::RedisServer;
use quantflow_wire::{Limit, LimitScope, Purpose};

fn venue() -> VenueId {
    "somewhere".parse().unwrap()
}

async fn configured(url: &str, id: u64, answer_within: Duration) -> Arc<dyn Budget> {
    let member = Member {
        answer_within,
        ..Member::new(id)
    };
    let budget = open(url, member, Arc::new(SystemClock)).await.unwrap();
    let limit = Limit {
        name: "weight-1m".into(),
        amount: 10,
        window: Duration::from_mins(1),
        weighted: true,
        scope: LimitScope::Address,
    };
    budget.configure(&venue(), &[limit]).await.unwrap();
    budget
}

async fn ask(budget: &Arc<dyn Budget>, weight: u32) -> Result<(), BudgetError> {
    let asked = budget
        .acquire(&venue(), weight, Purpose::Repair, Duration::ZERO)
        .await;
    asked.map(|_| ())
}

#[tokio::test]
async fn urls_of_another_form_are_refused_without_repeating_them() {
    for url in ["http://user:secret@host", "secret"] {
        let opened = open(url, Member::new(1), Arc::new(SystemClock)).await;
        let error = opened.unwrap_err();
        assert!(matches!(error, StoreError::Url(_)), "{url}: {error:?}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn by_its_own_clock_hosts_share_what_is_granted() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let patient = Duration::from_secs(30);
    let here = configured(&server.url(), 1, patient).await;
    let there = configured(&server.url(), 2, patient).await;
    ask(&here, 4).await.unwrap();
    ask(&there, 6).await.unwrap();
    assert!(ask(&here, 1).await.is_err());
    let until = quantflow_seams::Clock::now(&SystemClock) + Duration::from_mins(5);
    there.stay_away(&venue(), until).await;
    let told = here.usage(&venue()).await[0].stay_away_until.unwrap();
    let off = told.since(until).unsigned_abs();
    assert!(off < 5_000_000_000, "{told} for {until}");
}

#[tokio::test]
async fn a_server_that_is_gone_is_told_in_bounded_time_and_what_it_forgot_is_told_to_it() {
    let Some(mut server) = RedisServer::start() else {
        return;
    };
    let budget = configured(&server.url(), 1, Duration::from_millis(500)).await;
    ask(&budget, 7).await.unwrap();
    server.stop();
    let began = Instant::now();
    let error = ask(&budget, 1).await.unwrap_err();
    assert!(matches!(error, BudgetError::Unavailable(_)), "{error}");
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(budget.usage(&venue()).await.is_empty());
    server.resume();
    let error = ask(&budget, 4).await.unwrap_err();
    assert!(matches!(error, BudgetError::TooLong { .. }), "{error}");
    ask(&budget, 3).await.unwrap();
}

#[tokio::test]
async fn a_server_that_accepts_and_says_nothing_is_told_in_bounded_time() {
    let Some(server) = RedisServer::start() else {
        return;
    };
    let budget = configured(&server.url(), 1, Duration::from_millis(300)).await;
    // it is stopped, not ended: connections stay open
    server.pause();
    let began = Instant::now();
    let error = ask(&budget, 1).await.unwrap_err();
    assert!(matches!(error, BudgetError::Unavailable(_)), "{error}");
    assert!(began.elapsed() < Duration::from_secs(5));
    server.go_on();
    let patient = Duration::from_secs(30);
    ask(&configured(&server.url(), 2, patient).await, 1)
        .await
        .unwrap();
}
