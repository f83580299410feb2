//! A log without room.

use std::time::Duration;

use quantflow_ingest::{ConnectionState, LogState};
use quantflow_seams::Clock;
use quantflow_wire::RecordKind;

use crate::bench::Bench;
use crate::fake_log::Mood;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_full_log_stops_intake_says_so_and_resumes_by_itself() {
    let bench = Bench::new().await;
    let mut changes = bench.ingest.changes();
    let server = bench.accept().await;
    server.say("A0 1");
    bench.settle().await;
    changes.mark_unchanged();

    bench.log.set(Mood::Full);
    server.say("A0 2");
    server.say("A0 3");
    bench.settle().await;
    assert!(server.is_closed(), "what cannot be kept is not taken in");
    assert!(changes.has_changed().unwrap());
    let connection = bench.connection();
    assert_eq!(connection.state, ConnectionState::Waiting, "it looks open");
    assert!(
        connection
            .last_error
            .is_some_and(|e| e.contains("the log refuses")),
        "nobody would know why"
    );
    let LogState::Refusing { since, detail } = bench.ingest.status().log else {
        panic!("nobody would know");
    };
    assert_eq!(since, bench.clock.now());
    assert!(
        detail.contains("no room left for the log at /data"),
        "{detail}"
    );
    assert!(
        bench.dialled_within(SECOND * 60).await.is_none(),
        "dialled for nothing"
    );
    assert_eq!(bench.log.texts(), ["A0 1"]);

    bench.log.set(Mood::Willing);
    bench.advance(SECOND * 2).await;
    assert_eq!(bench.ingest.status().log, LogState::Writing);
    assert_eq!(
        bench.log.texts(),
        ["A0 1", "A0 2", "A0 3"],
        "what had come is kept, once"
    );
    assert_eq!(bench.log.ends(), [(1, "error".to_owned())]);
    let end = bench.log.of(RecordKind::Disconnected).pop().unwrap();
    assert!(
        end.received <= since + SECOND,
        "the end is dated when it happened"
    );
    let dial = bench.dialled_within(SECOND).await;
    let _server = dial.expect("intake resumes").accept();
    bench.settle().await;
    assert_eq!(bench.connection().state, ConnectionState::Open);
}

#[tokio::test]
async fn a_socket_with_nothing_at_hand_is_closed_too() {
    let bench = Bench::new().await;
    let server = bench.accept().await;
    bench.log.set(Mood::Full);
    bench.advance(SECOND * 2).await; // the clock's record is refused
    assert!(server.is_closed());
    bench.log.set(Mood::Willing);
    bench.advance(SECOND * 2).await;
    assert_eq!(bench.log.ends(), [(1, "error".to_owned())]);
    assert!(bench.dialled_within(SECOND).await.is_some());
}

#[tokio::test]
async fn an_answer_that_finds_the_log_full_waits_for_room() {
    let bench = Bench::new().await;
    bench.accept().await;
    bench.feed.answer(|_| Some(crate::bench::ok("")));
    bench.log.set(Mood::Full);
    bench.ingest.snapshot_book(crate::repairs::book());
    bench.advance(SECOND * 5).await;
    assert_eq!(bench.ingest.status().book_snapshots.running, 1);
    bench.log.set(Mood::Willing);
    bench.advance(SECOND * 2).await;
    assert_eq!(bench.ingest.status().book_snapshots.done, 1);
    assert_eq!(bench.feed.requested("/book").len(), 1);
    let books = bench
        .log
        .exchanges()
        .into_iter()
        .filter(|e| e.target.starts_with("/book"));
    assert_eq!(books.count(), 1);
}
