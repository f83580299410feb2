//! The end.

use std::time::Duration;

use quantflow_ingest::{AskError, ConnectionState, HistoryRequest, Policy};
use quantflow_model::{Timeframe, VenueSymbol};
use quantflow_seams::Clock;
use quantflow_wire::Purpose;

use crate::bench::{Bench, greetings};
use crate::fake_codec::FakeCodec;
use crate::fake_log::Mood;
use crate::repairs::book;

#[tokio::test]
async fn it_keeps_what_was_read_records_the_ends_and_closes() {
    let bench = Bench::with(FakeCodec::new(), 2, Policy::default(), greetings).await;
    let (one, two) = (bench.accept().await, bench.accept().await);
    bench.ingest.snapshot_book(book()); // never answered
    bench.log.set(Mood::Busy);
    one.say("A0 1");
    bench.settle().await;
    let ending = async {
        bench.settle().await;
        bench.log.set(Mood::Willing);
    };
    let (clean, ()) = tokio::join!(bench.ingest.shutdown(), ending);
    assert!(clean);
    assert_eq!(bench.log.texts(), ["A0 1"]);
    let mut ends = bench.log.ends();
    ends.sort();
    assert_eq!(
        ends,
        [(1, "shutdown".to_owned()), (2, "shutdown".to_owned())]
    );
    assert!(one.is_closed() && two.is_closed());
    let states = bench
        .ingest
        .status()
        .connections
        .into_iter()
        .map(|c| c.state);
    assert!(
        states
            .into_iter()
            .all(|state| state == ConnectionState::Stopped)
    );
    // nothing moves afterwards
    let before = bench.log.records().len();
    bench.advance(Duration::from_mins(10)).await;
    assert_eq!(bench.log.records().len(), before);
    assert!(bench.feed.dial().is_none());
    let history = HistoryRequest {
        symbol: VenueSymbol::new("A0").unwrap(),
        timeframe: Timeframe::M1,
        from: None,
        to: None,
        purpose: Purpose::Interactive,
    };
    let late = bench.ingest.request_history(history).await;
    assert_eq!(late, Err(AskError::Stopped));
    assert!(
        bench.ingest.shutdown().await,
        "a second time changes nothing"
    );
}

#[tokio::test]
async fn it_is_bounded_when_a_socket_does_not_close() {
    let bench = Bench::new().await;
    let server = bench.feed.dial().unwrap().accept_that_hangs_on_close();
    bench.settle().await;
    let began = bench.clock.now();
    let time = async {
        bench.advance(Duration::from_mins(1)).await;
    };
    let mut took = None;
    let ending = async {
        let clean = bench.ingest.shutdown().await;
        took = Some(bench.clock.now().since(began));
        clean
    };
    let (clean, ()) = tokio::join!(ending, time);
    assert!(!clean);
    assert_eq!(took, Some(Policy::default().shutdown.as_nanos() as i64));
    assert!(server.is_closed());
    assert_eq!(
        bench.log.ends(),
        [(1, "shutdown".to_owned())],
        "recorded all the same"
    );
}

#[tokio::test]
async fn it_does_not_wait_for_room() {
    let bench = Bench::new().await;
    let server = bench.accept().await;
    bench.log.set(Mood::Full);
    server.say("A0 1");
    bench.settle().await;
    assert!(bench.ingest.shutdown().await);
    assert!(bench.log.ends().is_empty());
}

#[tokio::test]
async fn it_ends_a_wait_for_the_next_try() {
    let bench = Bench::new().await;
    let dial = bench.feed.dial().unwrap();
    assert!(bench.ingest.shutdown().await, "a dial that hangs");
    assert!(dial.is_abandoned());
}
