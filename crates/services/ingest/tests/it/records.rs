//! What stands in the log.

use std::time::Duration;

use quantflow_ingest::{ConnectionState, Policy};
use quantflow_seams::{Clock, SocketMessage};
use quantflow_wire::{Connected, Disconnected, RecordKind, Subscribed};

use crate::bench::{Bench, greetings, start_time};
use crate::fake_codec::FakeCodec;
use crate::fake_log::{FakeLog, Mood};

#[tokio::test]
async fn everything_that_comes_is_recorded_as_it_came_and_numbered() {
    let bench = Bench::new().await;
    let server = bench.accept().await;
    server.say("A0 1");
    bench.settle().await;
    bench.advance(Duration::from_millis(300)).await;
    server.message(Ok(SocketMessage::Ping));
    server.message(Ok(SocketMessage::Binary(vec![0, 255].into())));
    server.say("rubbish");
    server.say("");
    bench.settle().await;
    let records = bench.log.records();
    let of_socket: Vec<_> = records
        .iter()
        .filter(|record| record.connection == 1)
        .map(|r| {
            (
                r.kind,
                r.sequence,
                r.received.since(start_time()) / 1_000_000,
                r.payload.as_slice(),
            )
        })
        .collect();
    let connected: Connected = serde_json::from_slice(of_socket[0].3).unwrap();
    assert_eq!(connected.url, "ws://ws.fake/stream/0");
    assert_eq!(connected.attempt, 1);
    let subscribed: Subscribed = serde_json::from_slice(of_socket[1].3).unwrap();
    assert_eq!(subscribed.subscriptions.len(), 2);
    let kinds: Vec<_> = of_socket[..2].iter().map(|r| (r.0, r.1, r.2)).collect();
    assert_eq!(
        kinds,
        [
            (RecordKind::Connected, 0, 0),
            (RecordKind::Subscribed, 1, 0)
        ]
    );
    assert_eq!(
        of_socket[2..],
        [
            (RecordKind::Text, 2, 0, b"A0 1".as_slice()),
            (RecordKind::Binary, 3, 300, &[0, 255]),
            (RecordKind::Text, 4, 300, b"rubbish"),
            (RecordKind::Text, 5, 300, b""),
        ]
    );
    let status = bench.connection();
    assert_eq!((status.messages, status.bytes, status.socket), (4, 13, 1));
    assert_eq!(
        (status.state, status.reconnects),
        (ConnectionState::Open, 0)
    );
    assert_eq!(status.last_message, Some(bench.clock.now()));
}

#[tokio::test]
async fn a_life_begins_by_saying_so_once_also_into_a_full_log() {
    let bench = Bench::new().await;
    let first = &bench.log.records()[0];
    let begin: Disconnected = serde_json::from_slice(&first.payload).unwrap();
    assert_eq!(
        (first.kind, first.connection),
        (RecordKind::Disconnected, 0)
    );
    assert_eq!(begin.reason, "restart");
    let server = bench.accept().await;
    server.say("A0 1");
    bench.advance(Duration::from_secs(3)).await;
    assert_eq!(bench.log.of(RecordKind::Disconnected).len(), 1);

    let log = FakeLog::new();
    log.set(Mood::Full);
    let bench = Bench::over(log, FakeCodec::new(), 1, Policy::default(), greetings).await;
    bench.advance(Duration::from_secs(3)).await;
    bench.log.set(Mood::Willing);
    bench.advance(Duration::from_secs(3)).await;
    let kinds: Vec<_> = bench.log.records().iter().map(|r| r.kind).take(2).collect();
    assert_eq!(kinds, [RecordKind::Disconnected, RecordKind::Exchange]);
    assert_eq!(bench.log.of(RecordKind::Disconnected).len(), 1);
}

#[tokio::test]
async fn what_is_at_hand_goes_into_the_log_together_within_bounds() {
    let policy = Policy {
        batch_bytes: 10_000,
        ..Policy::default()
    };
    let bench = Bench::with(FakeCodec::new(), 1, policy, greetings).await;
    let server = bench.accept().await;
    let before = bench.log.appends().len();
    for number in 0..1000 {
        server.say(&format!("A0 {number}"));
    }
    bench.settle().await;
    let appends = bench.log.appends()[before..].to_vec();
    assert_eq!(appends.iter().sum::<usize>(), 1000);
    // about 28 bytes a record: some 360 of them reach the bound
    assert!((3..=12).contains(&appends.len()), "{appends:?}");
    let expected: Vec<_> = (0..1000).map(|number| format!("A0 {number}")).collect();
    assert_eq!(bench.log.texts(), expected);

    server.say("A0 1000");
    bench.settle().await;
    assert_eq!(
        bench.log.appends().last(),
        Some(&1),
        "one alone does not wait for others"
    );
}

#[tokio::test]
async fn a_busy_log_holds_the_socket_back_and_nothing_is_lost() {
    let bench = Bench::new().await;
    let server = bench.accept().await;
    bench.log.set(Mood::Busy);
    server.say("A0 0");
    bench.settle().await;
    for number in 1..500 {
        server.say(&format!("A0 {number}"));
    }
    bench.settle().await;
    assert_eq!(server.unread(), 499, "what cannot be kept is not read");
    // longer than the venue's silence: it was us who did not listen
    bench.clock.advance(Duration::from_secs(40));
    bench.settle().await;
    bench.log.set(Mood::Willing);
    bench.settle().await;
    assert_eq!(bench.log.texts().len(), 500);
    assert!(bench.log.ends().is_empty());
    assert!(!server.is_closed());
}

#[tokio::test]
async fn the_clock_is_recorded_on_whole_seconds() {
    let bench = Bench::new().await;
    bench.advance(Duration::from_millis(2500)).await;
    bench.log.set(Mood::Full);
    bench.accept().await; // something is refused, so the log is known to be full
    bench.advance(Duration::from_secs(3)).await;
    bench.log.set(Mood::Willing);
    bench.advance(Duration::from_secs(2)).await;
    let ticks = bench.log.of(RecordKind::Tick);
    let at: Vec<_> = ticks
        .iter()
        .map(|t| t.received.since(start_time()) / 1_000_000)
        .collect();
    assert!(at.starts_with(&[1000, 2000]), "{at:?}");
    assert!(at.iter().all(|at| at % 1000 == 0), "{at:?}");
    assert!(!at.contains(&4000), "an old tick says nothing: {at:?}");
    assert!(at.contains(&7000), "{at:?}");
}

#[tokio::test]
async fn subscriptions_are_sent_no_faster_than_allowed_while_the_socket_is_read() {
    let codec = FakeCodec {
        messages: ["a", "b", "c"].map(String::from).to_vec(),
        ..FakeCodec::new()
    };
    let bench = Bench::with(codec, 1, Policy::default(), greetings).await;
    let mut server = bench.accept().await;
    server.say("A0 1");
    bench.settle().await;
    assert_eq!(
        bench.log.texts(),
        ["A0 1"],
        "not only after the last subscription"
    );
    assert!(bench.log.of(RecordKind::Subscribed).is_empty());
    bench.advance(Duration::from_secs(3)).await;
    let mut sent = Vec::new();
    while let Some((at, text)) = server.heard() {
        sent.push((at.since(start_time()) / 1_000_000, text));
    }
    let expected = [(0, "a"), (500, "b"), (1000, "c")];
    assert_eq!(sent, expected.map(|(at, text)| (at, text.to_owned())));
    assert_eq!(bench.log.of(RecordKind::Subscribed).len(), 1);
}

#[tokio::test]
async fn lag_is_sampled_and_refusals_are_shown() {
    let bench = Bench::new().await;
    let server = bench.accept().await;
    server.say("A0 1699999998"); // its trade happened two seconds ago
    server.say("! refused");
    bench.settle().await;
    let status = bench.connection();
    assert_eq!(status.lag_ms, Some(2000));
    assert_eq!(
        status.last_error.as_deref(),
        Some("refused with -7: no such stream")
    );
}
