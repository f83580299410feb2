//! What goes wrong with databases.

use std::sync::Arc;
use std::time::{Duration, Instant};

use quantflow_budget_database::{PostgresStore, open};
use quantflow_budget_shared::{Member, SharedBudget, StoreError, Time};
use quantflow_model::VenueId;
use quantflow_seams::{Budget, BudgetError, SystemClock};
use quantflow_testkit::PostgresServer;
use quantflow_wire::{Limit, LimitScope, Purpose};

fn venue() -> VenueId {
    "somewhere".parse().unwrap()
}

async fn configured(budget: Arc<dyn Budget>) -> Arc<dyn Budget> {
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
    for url in [
        "mysql://root:secret@host/db",
        "secret",
        "sqlite::memory:",
        "postgres://u:secret@host:port/x",
    ] {
        let opened = open(url, Member::new(1), Arc::new(SystemClock)).await;
        let error = opened.unwrap_err();
        assert!(matches!(error, StoreError::Url(_)), "{url}: {error:?}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn processes_by_url_share_a_file_and_what_was_granted_outlives_them() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/q.db", folder.path().display());
    let mut granted = 0;
    for life in 0..4 {
        let budget = open(&url, Member::new(life), Arc::new(SystemClock)).await;
        let budget = configured(budget.unwrap()).await;
        granted += u32::from(ask(&budget, 4).await.is_ok());
    }
    assert_eq!(granted, 2);
}

#[tokio::test]
async fn a_row_of_a_newer_program_is_told_and_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/q.db", folder.path().display());
    let budget = open(&url, Member::new(1), Arc::new(SystemClock)).await;
    let budget = configured(budget.unwrap()).await;
    ask(&budget, 1).await.unwrap();
    let options: sqlx::sqlite::SqliteConnectOptions = url.parse().unwrap();
    let mut other = sqlx::ConnectOptions::connect(&options).await.unwrap();
    let newer = "UPDATE request_budgets SET state = x'07ff'";
    sqlx::raw_sql(newer).execute(&mut other).await.unwrap();
    let error = ask(&budget, 1).await.unwrap_err();
    assert!(matches!(error, BudgetError::Unavailable(_)), "{error}");
    assert!(error.to_string().contains("format 7"), "{error}");
}

#[tokio::test]
async fn a_file_that_somebody_holds_locked_is_told_in_bounded_time() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/q.db", folder.path().display());
    let budget = open(&url, Member::new(1), Arc::new(SystemClock)).await;
    let budget = configured(budget.unwrap()).await;
    let options: sqlx::sqlite::SqliteConnectOptions = url.parse().unwrap();
    let mut other = sqlx::ConnectOptions::connect(&options).await.unwrap();
    let lock = sqlx::raw_sql("BEGIN IMMEDIATE");
    lock.execute(&mut other).await.unwrap();
    let began = Instant::now();
    let error = ask(&budget, 1).await.unwrap_err();
    assert!(matches!(error, BudgetError::Unavailable(_)), "{error}");
    assert!(began.elapsed() < Duration::from_secs(10));
    drop(other);
    ask(&budget, 10).await.unwrap();
}

#[tokio::test]
async fn postgres_by_its_own_clock_through_a_crash_and_a_client_that_stopped() {
    let Some(server) = PostgresServer::start() else {
        return;
    };
    let url = server.create("ours");
    let budget = open(&url, Member::new(1), Arc::new(SystemClock)).await;
    let budget = configured(budget.unwrap()).await;
    ask(&budget, 4).await.unwrap();
    server.crash_and_restart();
    // the connection broke, and the row may be older than what was granted
    let error = ask(&budget, 7).await.unwrap_err();
    assert!(matches!(error, BudgetError::TooLong { .. }), "{error}");
    ask(&budget, 6).await.unwrap();

    // somebody stops in the middle of a visit: his session is ended, by a setting of ours in his
    let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
    let stopped = options.options([("idle_in_transaction_session_timeout", "1000")]);
    let mut stopped = sqlx::ConnectOptions::connect(&stopped).await.unwrap();
    let lock = sqlx::raw_sql("BEGIN; SELECT 1 FROM request_budgets FOR UPDATE");
    lock.execute(&mut stopped).await.unwrap();
    let usage = budget.usage(&venue()).await;
    assert!(usage.first().is_none_or(|usage| usage.used <= 10));
    let began = Instant::now();
    loop {
        match ask(&budget, 1).await {
            Err(BudgetError::TooLong { .. }) => break,
            Err(BudgetError::Unavailable(_)) => assert!(began.elapsed().as_secs() < 30),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_told_in_bounded_time() {
    let Some(server) = PostgresServer::start() else {
        return;
    };
    let url = server.create("ours");
    let store = PostgresStore::open(&url, Time::Server).await.unwrap();
    let member = Member {
        answer_within: Duration::from_millis(300),
        ..Member::new(1)
    };
    let budget = SharedBudget::new(store, Arc::new(SystemClock), member);
    let budget = configured(Arc::new(budget)).await;
    drop(server);
    let began = Instant::now();
    let error = ask(&budget, 1).await.unwrap_err();
    assert!(matches!(error, BudgetError::Unavailable(_)), "{error}");
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(budget.usage(&venue()).await.is_empty());
}
