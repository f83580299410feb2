//! Sockets that cannot be opened, or end.

use std::time::Duration;

use quantflow_ingest::{ConnectionState, Policy};
use quantflow_seams::{Clock, FeedError, SocketMessage};
use quantflow_wire::{Connected, RecordKind};

use crate::bench::{Bench, greetings};
use crate::fake_codec::{FakeCodec, SILENCE};

const MINUTE: Duration = Duration::from_mins(1);

fn unreachable() -> FeedError {
    FeedError::Connect {
        host: "ws.fake".into(),
        detail: "connection refused".into(),
    }
}

fn refused(status: u16, retry_after: Option<u64>) -> FeedError {
    FeedError::Refused {
        host: "ws.fake".into(),
        status,
        retry_after,
    }
}

#[tokio::test]
async fn tries_are_apart_by_full_jitter_inside_the_cap() {
    let bench = Bench::new().await;
    let mut delays = Vec::new();
    for _ in 0..40 {
        let dial = bench
            .dialled_within(MINUTE)
            .await
            .expect("it is tried again");
        let failed_at = bench.clock.now();
        dial.refuse(unreachable());
        bench.settle().await;
        assert_eq!(bench.connection().state, ConnectionState::Waiting);
        let next = bench
            .dialled_within(MINUTE)
            .await
            .expect("it is tried again");
        delays.push(Duration::from_nanos(next.at.since(failed_at) as u64));
        next.refuse(unreachable());
        bench.settle().await;
    }
    let policy = Policy::default();
    assert!(delays[0] <= policy.reconnect_base);
    assert!(
        delays.iter().all(|delay| *delay <= policy.reconnect_cap),
        "{delays:?}"
    );
    // at the cap they are spread, not all at the cap
    let at_the_cap = &delays[10..];
    let below = at_the_cap
        .iter()
        .filter(|delay| **delay < policy.reconnect_cap / 2)
        .count();
    assert!((5..=25).contains(&below), "{delays:?}");
    let error = bench.connection().last_error.unwrap();
    assert_eq!(error, "cannot connect to ws.fake: connection refused");

    let server = bench.dialled_within(MINUTE).await.unwrap().accept();
    bench.settle().await;
    let connected = &bench.log.of(RecordKind::Connected)[0];
    let connected: Connected = serde_json::from_slice(&connected.payload).unwrap();
    assert_eq!(connected.attempt, 81);
    assert_eq!(bench.connection().state, ConnectionState::Open);
    drop(server);
}

#[tokio::test]
async fn attempts_stay_inside_the_venues_budget_of_connections() {
    let policy = Policy {
        reconnect_base: Duration::from_millis(1),
        reconnect_cap: Duration::from_millis(1),
        ..Policy::default()
    };
    let bench = Bench::with(FakeCodec::new(), 1, policy, greetings).await;
    let mut attempts = 0;
    let end = bench.clock.now() + MINUTE;
    while bench.clock.now() < end {
        let left = Duration::from_nanos(end.since(bench.clock.now()) as u64);
        let Some(dial) = bench.dialled_within(left).await else {
            break;
        };
        attempts += 1;
        dial.refuse(unreachable());
    }
    assert_eq!(attempts, 60);
}

#[tokio::test]
async fn a_socket_that_ends_is_recorded_and_opened_again() {
    let bench = Bench::new().await;
    let ends = [
        (
            Ok(SocketMessage::Closed {
                code: 1001,
                reason: "going away".into(),
            }),
            "closed",
        ),
        (Err(FeedError::Broken("reset".into())), "error"),
    ];
    let count = ends.len() as u32;
    for (number, (end, reason)) in (1..).zip(ends) {
        let server = bench.dialled_within(MINUTE).await.unwrap().accept();
        server.say(&format!("A0 {number}"));
        server.message(end);
        bench.settle().await;
        assert_eq!(bench.log.ends().last(), Some(&(number, reason.to_owned())));
        assert!(server.is_closed());
    }
    let _server = bench.dialled_within(MINUTE).await.unwrap().accept();
    bench.settle().await;
    assert_eq!(
        bench.log.texts(),
        ["A0 1", "A0 2"],
        "what came before the end is kept"
    );
    assert_eq!(bench.connection().reconnects, count);
    let last = bench.log.of(RecordKind::Disconnected).pop().unwrap();
    let text = bench.log.of(RecordKind::Text).pop().unwrap();
    assert!(last.sequence > text.sequence);
}

#[tokio::test]
async fn a_venue_that_accepts_and_cuts_is_not_hammered() {
    let bench = Bench::new().await;
    let began = bench.clock.now();
    for number in 0..30 {
        let server = bench.dialled_within(MINUTE).await.unwrap().accept();
        server.say(&format!("A0 {number}"));
        server.message(Err(FeedError::Broken("cut".into())));
        bench.settle().await;
    }
    let took = bench.clock.now().since(began) / 1_000_000_000;
    assert!(took > 60, "30 reconnects in {took} s");
    // one that lives is a success: the next loss is met at once
    let server = bench.dialled_within(MINUTE).await.unwrap().accept();
    server.say("A0 100");
    bench.advance(Duration::from_secs(11)).await;
    server.message(Err(FeedError::Broken("cut".into())));
    bench.settle().await;
    let lost = bench.clock.now();
    let dial = bench.dialled_within(MINUTE).await.unwrap();
    assert!(dial.at.since(lost) <= Policy::default().reconnect_base.as_nanos() as i64);
}

#[tokio::test]
async fn retry_after_is_honoured_and_a_ban_holds_for_everything() {
    for (status, told, away) in [(429, Some(30), 30), (418, Some(120), 120), (418, None, 60)] {
        let bench = Bench::new().await;
        let asked = bench.feed.requests().len();
        bench
            .dialled_within(MINUTE)
            .await
            .unwrap()
            .refuse(refused(status, told));
        bench.settle().await;
        bench.ingest.snapshot_book(crate::repairs::book());
        let nearly = Duration::from_millis(away * 1000 - 1);
        assert!(
            bench.dialled_within(nearly).await.is_none(),
            "dialled while banned"
        );
        bench.ingest.reconnect(1); // an operator is no excuse
        bench.settle().await;
        assert!(bench.feed.dial().is_none(), "dialled while banned");
        assert_eq!(bench.feed.requests().len(), asked, "asked while banned");
        assert!(bench.dialled_within(MINUTE).await.is_some());
        assert_eq!(bench.feed.requested("/book").len(), 1);
    }
    // a server in trouble is no ban, but its word counts
    let bench = Bench::new().await;
    bench
        .dialled_within(MINUTE)
        .await
        .unwrap()
        .refuse(refused(503, Some(20)));
    assert!(
        bench
            .dialled_within(Duration::from_secs(19))
            .await
            .is_none()
    );
    assert!(bench.dialled_within(Duration::from_secs(2)).await.is_some());
}

#[tokio::test]
async fn a_socket_that_is_silent_though_open_is_closed_and_opened_again() {
    let bench = Bench::new().await;
    let server = bench.accept().await;
    bench.advance(SILENCE / 2).await;
    server.say("A0 1");
    bench.settle().await;
    bench.advance(SILENCE * 29 / 30).await;
    assert!(bench.log.ends().is_empty() && !server.is_closed());
    bench.advance(SILENCE / 30).await;
    assert_eq!(bench.log.ends(), [(1, "silent".to_owned())]);
    assert!(server.is_closed());
    assert_eq!(
        bench.connection().last_error.unwrap(),
        "silent: nothing came for 30s"
    );
    assert!(bench.dialled_within(Duration::from_secs(1)).await.is_some());
}

#[tokio::test]
async fn each_planned_socket_lives_for_itself() {
    let bench = Bench::with(FakeCodec::new(), 3, Policy::default(), greetings).await;
    let mut targets = Vec::new();
    let mut servers = Vec::new();
    while let Some(dial) = bench.feed.dial() {
        targets.push(dial.target.clone());
        servers.push(dial.accept());
    }
    assert_eq!(targets, ["/stream/0", "/stream/1", "/stream/2"]);
    bench.settle().await;
    servers[1].message(Err(FeedError::Broken("reset".into())));
    bench.settle().await;
    let states: Vec<_> = bench
        .ingest
        .status()
        .connections
        .iter()
        .map(|c| (c.id, c.state))
        .collect();
    assert_eq!(
        states,
        [
            (1, ConnectionState::Open),
            (2, ConnectionState::Waiting),
            (3, ConnectionState::Open)
        ]
    );
    assert_eq!(
        bench.dialled_within(MINUTE).await.unwrap().target,
        "/stream/1"
    );
}
