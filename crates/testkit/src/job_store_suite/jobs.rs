//! Connectors and jobs: made, read, listed, changed, removed.

use std::time::Duration;

use quantflow_model::{TimeRange, Timeframe, TradeId};
use quantflow_seams::jobs::{
    ConnectorChange, ConnectorState, Cursor, JobChange, JobFilter, JobId, JobKind, JobStatus,
    JobStoreError, NewJob, Page, Schedule, Token,
};
use quantflow_wire::Purpose;

use super::Harness;
use super::bench::{Bench, at, by, id, is_refused, new_connector, new_job, venue};

/// One record a venue.
pub async fn connectors_are_made_changed_listed_and_removed(harness: &dyn Harness) {
    let Bench { db } = Bench::new(harness, &["two", "one", "three"]).await;
    let error = db.create_connector(&by(1), new_connector("one")).await;
    assert!(matches!(error, Err(JobStoreError::Exists { .. })));

    let made = db.connector(&venue("one")).await.unwrap();
    assert_eq!((made.created, made.updated), (at(0), at(0)));
    assert_eq!(made.settings, new_connector("one").settings);
    let change = ConnectorChange {
        state: Some((ConnectorState::Error, Some("its key is refused".into()))),
        settings: Some(serde_json::json!({"text": "quotes ' and \" and \u{1F600}"})),
        protocol: None,
    };
    let changed = db.update_connector(&by(5), &venue("one"), change).await;
    let changed = changed.unwrap();
    assert_eq!(changed.state, ConnectorState::Error);
    assert_eq!(changed.error.as_deref(), Some("its key is refused"));
    assert_eq!((changed.created, changed.updated), (at(0), at(5)));
    assert_eq!(db.connector(&venue("one")).await.unwrap(), changed);

    let names = |past: Option<&'static str>, limit| {
        let db = &db;
        async move {
            let past = past.map(venue);
            let found = db.connectors(past.as_ref(), limit).await.unwrap();
            found
                .iter()
                .map(|c| c.venue.to_string())
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(names(None, 2).await, ["one", "three"]);
    assert_eq!(names(Some("three"), 2).await, ["two"]);
    db.delete_connector(&by(6), &venue("one")).await.unwrap();
    assert_eq!(names(None, 9).await, ["three", "two"]);
    let missing = Err(JobStoreError::no_connector("one"));
    assert_eq!(db.connector(&venue("one")).await, missing);
    let change = ConnectorChange::default();
    let update = db.update_connector(&by(7), &venue("one"), change).await;
    assert_eq!(update, missing);
    let removed = db.delete_connector(&by(7), &venue("one")).await;
    assert_eq!(removed, Err(JobStoreError::no_connector("one")));
}

/// A connector goes after its jobs.
pub async fn a_connector_with_jobs_stays(harness: &dyn Harness) {
    let (Bench { db }, job) = Bench::with_job(harness).await;
    assert!(is_refused(db.delete_connector(&by(1), &venue("one")).await));
    db.delete_job(&by(2), job).await.unwrap();
    db.delete_connector(&by(3), &venue("one")).await.unwrap();
}

/// The engine's clock goes on.
pub async fn the_time_is_told(harness: &dyn Harness) {
    let db = harness.open().await;
    let first = db.time().await.unwrap();
    assert!(db.time().await.unwrap() >= first);
    assert!(first.seconds() > 0);
}

/// Each kind, schedule, purpose and cursor.
pub async fn jobs_come_back_as_they_were_made(harness: &dyn Harness) {
    let bench = Bench::new(harness, &["one"]).await;
    let symbol = || "one:BTC/USDT:USDT".parse().unwrap();
    let range = TimeRange::new(at(-1_000), at(1_000));
    let kinds = [
        JobKind::Candles {
            symbol: symbol(),
            timeframe: Timeframe::M1,
        },
        JobKind::Trades { symbol: symbol() },
        JobKind::Stream {
            stream: "funding".into(),
            symbol: Some(symbol()),
        },
        JobKind::Stream {
            stream: "instruments".into(),
            symbol: None,
        },
        JobKind::BackfillCandles {
            symbol: symbol(),
            timeframe: Timeframe::M1,
            range,
        },
        JobKind::BackfillTrades {
            symbol: symbol(),
            range,
        },
    ];
    let schedules = [
        Schedule::Once,
        Schedule::Every {
            period: Duration::from_millis(1_500),
        },
        Schedule::Cron {
            expression: "30 7 * * mon-fri".into(),
            zone: "Europe/London".into(),
        },
    ];
    let cursors = [
        None,
        Some(id(u128::MAX)),
        Some(Cursor::Id(TradeId(0))),
        Some(Cursor::Time(at(-5))),
    ];
    let purposes = [
        Purpose::Live,
        Purpose::Repair,
        Purpose::Interactive,
        Purpose::Backfill,
    ];
    for (number, kind) in kinds.into_iter().enumerate() {
        let new = NewJob {
            venue: venue("one"),
            kind,
            schedule: schedules[number % 3].clone(),
            purpose: purposes[number % 4],
            cursor: cursors[number % 4],
            due: at(number as i64),
        };
        let made = bench.job(new.clone()).await;
        assert_eq!(
            (made.kind.clone(), made.schedule.clone(), made.purpose),
            (new.kind, new.schedule, new.purpose)
        );
        assert_eq!((made.cursor, made.next_due), (new.cursor, Some(new.due)));
        assert_eq!(made.status, JobStatus::Active);
        assert_eq!((made.attempts, made.token), (0, Token(0)));
        assert_eq!(
            (made.lease.as_ref(), made.last_error.as_ref()),
            (None, None)
        );
        assert_eq!(bench.get(made.id).await, made);
    }
    let jobs = bench.jobs().await;
    assert!(jobs.is_sorted_by_key(|job| job.id) && jobs.len() == 6);
    let missing = bench.db.job(JobId(999)).await;
    assert_eq!(missing, Err(JobStoreError::no_job(JobId(999))));
}

/// The same symbol, timeframe and kind is one job; another timeframe is another.
pub async fn a_venue_has_one_job_for_each_thing(harness: &dyn Harness) {
    let bench = Bench::new(harness, &["one", "two"]).await;
    bench.job(new_job("one", 1, 0)).await;
    let again = bench.db.create_job(&by(1), new_job("one", 1, 9)).await;
    assert!(matches!(
        again,
        Err(JobStoreError::Exists { what: "job", .. })
    ));
    bench.job(new_job("two", 1, 0)).await;
    let mut hourly = new_job("one", 1, 0);
    hourly.kind = JobKind::Candles {
        symbol: hourly.kind.symbol().unwrap().clone(),
        timeframe: Timeframe::H1,
    };
    bench.job(hourly).await;
    let nowhere = bench.db.create_job(&by(1), new_job("none", 1, 0)).await;
    assert_eq!(nowhere, Err(JobStoreError::no_connector("none")));
    assert_eq!(bench.jobs().await.len(), 3);
}

/// Another venue's symbol, an empty range, a schedule without a period.
pub async fn what_makes_no_sense_is_refused(harness: &dyn Harness) {
    let bench = Bench::new(harness, &["one", "two"]).await;
    let symbol = || "two:BTC/USD".parse().unwrap();
    let nonsense = [
        (
            "symbol",
            NewJob {
                kind: JobKind::Trades { symbol: symbol() },
                ..new_job("one", 1, 0)
            },
        ),
        (
            "range",
            NewJob {
                kind: JobKind::BackfillTrades {
                    symbol: symbol(),
                    range: TimeRange::new(at(5), at(5)),
                },
                ..new_job("two", 1, 0)
            },
        ),
        (
            "schedule",
            NewJob {
                schedule: Schedule::Every {
                    period: Duration::from_nanos(5),
                },
                ..new_job("one", 1, 0)
            },
        ),
    ];
    for (wrong, new) in nonsense {
        let Err(JobStoreError::Invalid { field, .. }) = bench.db.create_job(&by(1), new).await
        else {
            panic!("a wrong {wrong} is refused");
        };
        assert_eq!(field, wrong);
    }
    assert!(bench.jobs().await.is_empty());
    assert_eq!(bench.entries().await, 2, "of the connectors only");
}

/// Pages follow one another without a hole, and filters are all of what they say.
pub async fn jobs_are_listed_by_filter_and_page(harness: &dyn Harness) {
    let bench = Bench::new(harness, &["one", "two"]).await;
    for number in 0..7 {
        bench.job(new_job("one", number, 0)).await;
        bench.job(new_job("two", number, 0)).await;
    }
    let paused = bench.jobs().await[3].id;
    bench.db.pause(&by(1), paused).await.unwrap();

    let count = |filter: JobFilter| {
        let db = &bench.db;
        async move { db.jobs(&filter, Page::first(100)).await.unwrap().len() }
    };
    let of = JobFilter::default;
    assert_eq!(count(of()).await, 14);
    let two = JobFilter {
        venue: Some(venue("two")),
        ..of()
    };
    assert_eq!(count(two.clone()).await, 7);
    let symbol = Some("two:T3/USD".parse().unwrap());
    assert_eq!(count(JobFilter { symbol, ..of() }).await, 1);
    let kind = Some("candles".into());
    assert_eq!(count(JobFilter { kind, ..of() }).await, 14);
    let kind = Some("trades".into());
    assert_eq!(count(JobFilter { kind, ..of() }).await, 0);
    let status = Some(JobStatus::Paused);
    assert_eq!(count(JobFilter { status, ..of() }).await, 1);
    let active = JobFilter {
        status: Some(JobStatus::Active),
        ..two
    };
    let all = bench.db.jobs(&active, Page::first(100)).await.unwrap();
    let (mut paged, mut past) = (Vec::new(), None);
    loop {
        let page = Page { past, limit: 2 };
        let page = bench.db.jobs(&active, page).await.unwrap();
        let Some(last) = page.last() else { break };
        past = Some(last.id.0);
        assert!(page.len() <= 2);
        paged.extend(page);
    }
    assert_eq!(paged, all);
}

/// Schedule and purpose, also while it runs; removal not.
pub async fn a_job_is_changed_and_removed(harness: &dyn Harness) {
    let (bench, job) = Bench::with_job(harness).await;
    let daily = Schedule::Cron {
        expression: "0 7 * * *".into(),
        zone: "Asia/Kolkata".into(),
    };
    let change = JobChange {
        schedule: Some((daily.clone(), at(500))),
        purpose: None,
    };
    let changed = bench.db.update_job(&by(1), job, change).await.unwrap();
    assert_eq!((changed.schedule, changed.next_due), (daily, Some(at(500))));
    assert_eq!(changed.purpose, Purpose::Live);

    let held = bench.claim_one(500).await;
    let change = JobChange {
        schedule: Some((Schedule::Once, at(900))),
        purpose: Some(Purpose::Backfill),
    };
    let changed = bench.db.update_job(&by(501), job, change).await.unwrap();
    assert_eq!(changed.status, JobStatus::Running);
    assert_eq!(changed.purpose, Purpose::Backfill);
    assert!(is_refused(bench.db.delete_job(&by(502), job).await));
    let after = bench.succeed(&held, 503, 600).await;
    assert_eq!(
        (after.schedule, after.next_due),
        (Schedule::Once, Some(at(600)))
    );

    bench.db.delete_job(&by(504), job).await.unwrap();
    let missing = bench.db.delete_job(&by(505), job).await;
    assert_eq!(missing, Err(JobStoreError::no_job(job)));
    assert_eq!(bench.runs().await.len(), 1, "its history outlives it");
    let again = bench.job(new_job("one", 1, 0)).await;
    assert!(again.id > job, "a number is not used twice");
}
