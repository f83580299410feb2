//! A socket that lives is renewed without a hole.

use std::time::Duration;

use quantflow_ingest::Policy;
use quantflow_seams::{Clock, FeedError, SocketMessage};
use quantflow_wire::{Disconnected, RecordKind};

use crate::bench::{Bench, start_time};
use crate::fake_codec::{LIFETIME, SILENCE};
use crate::fake_feed::{Dial, Server};

const SECOND: Duration = Duration::from_secs(1);

/// Lets time pass on a socket that brings trades, until another one is dialled.
async fn trade_until_dialled(bench: &Bench, server: &Server, number: &mut u32) -> Dial {
    for _ in 0..4000 {
        server.say(&format!("A0 {number}"));
        *number += 1;
        bench.advance(SECOND).await;
        if let Some(dial) = bench.feed.dial() {
            return dial;
        }
    }
    panic!("never renewed");
}

#[tokio::test]
async fn before_its_life_ends_a_socket_is_renewed_by_overlap_and_nothing_is_lost() {
    let bench = Bench::new().await;
    let old = bench.accept().await;
    let mut number = 0;
    let dial = trade_until_dialled(&bench, &old, &mut number).await;
    let lived = Duration::from_nanos(bench.clock.now().since(start_time()) as u64);
    assert!(lived < LIFETIME && lived > LIFETIME * 9 / 10, "{lived:?}");
    let new = dial.accept();
    // trades go on: on the old one alone until the new one brings them, then on both
    for step in 0..20 {
        old.message(Ok(SocketMessage::Text(format!("A0 {number}").into())));
        if step >= 5 {
            new.say(&format!("A0 {number}"));
        }
        number += 1;
        bench.advance(Duration::from_millis(100)).await;
        assert!(!old.is_closed(), "closed at step {step}");
    }
    for _ in 0..10 {
        new.say(&format!("A0 {number}"));
        number += 1;
        bench.advance(Duration::from_millis(100)).await;
    }
    assert!(old.is_closed(), "both are open for ever");
    assert_eq!(bench.log.ends(), [(1, "rotation".to_owned())]);
    let mut seen: Vec<u32> = bench
        .log
        .texts()
        .iter()
        .map(|t| t[3..].parse().unwrap())
        .collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, (0..number).collect::<Vec<_>>());
    let status = bench.connection();
    assert_eq!((status.socket, status.reconnects), (2, 1));
    assert!(bench.feed.dial().is_none());
}

#[tokio::test]
async fn a_successor_on_a_quiet_market_takes_over_after_a_while() {
    let bench = Bench::new().await;
    let old = bench.accept().await;
    assert!(bench.ingest.reconnect(1));
    assert!(!bench.ingest.reconnect(2));
    bench.settle().await;
    let new = bench.accept().await;
    let policy = Policy::default();
    bench.advance(policy.overlap_cap * 14 / 15).await;
    assert!(!old.is_closed());
    bench.advance(policy.overlap_cap / 15).await;
    assert!(old.is_closed() && !new.is_closed());
    let end = bench.log.of(RecordKind::Disconnected).pop().unwrap();
    let end: Disconnected = serde_json::from_slice(&end.payload).unwrap();
    assert_eq!(
        (end.reason.as_str(), end.detail.as_str()),
        ("rotation", "asked for by an operator")
    );
}

#[tokio::test]
async fn an_announced_cut_is_met_by_a_new_socket_before_it_comes() {
    let bench = Bench::new().await;
    let old = bench.accept().await;
    old.say("A0 1");
    old.say("! soon");
    bench.settle().await;
    let new = bench.accept().await;
    assert!(!old.is_closed());
    new.say("A0 2");
    bench.settle().await;
    // the cut comes before the overlap is over: the successor is there already
    old.message(Ok(SocketMessage::Closed {
        code: 1012,
        reason: String::new(),
    }));
    bench.settle().await;
    new.say("A0 3");
    bench.settle().await;
    assert_eq!(bench.log.texts(), ["A0 1", "! soon", "A0 2", "A0 3"]);
    assert_eq!(bench.log.ends(), [(1, "closed".to_owned())]);
    assert!(bench.feed.dial().is_none(), "no third socket");
}

#[tokio::test]
async fn a_successor_that_cannot_be_had_does_not_cost_the_present_one() {
    let bench = Bench::new().await;
    let old = bench.accept().await;
    bench.ingest.reconnect(1);
    bench.settle().await;
    for number in 0..5 {
        let dial = bench
            .dialled_within(SECOND * 11)
            .await
            .expect("it is tried again");
        if number % 2 == 0 {
            dial.refuse(FeedError::Timeout {
                host: "ws.fake".into(),
            });
        } else {
            let stillborn = dial.accept();
            stillborn.message(Err(FeedError::Broken("cut".into())));
        }
        old.say(&format!("A0 {number}"));
        bench.settle().await;
        assert!(!old.is_closed());
    }
    let new = bench.dialled_within(SECOND * 11).await.unwrap().accept();
    new.say("A0 5");
    bench.advance(SECOND * 3).await;
    assert!(old.is_closed() && !new.is_closed());
    assert_eq!(bench.log.texts().len(), 6);
}

#[tokio::test]
async fn a_silent_market_on_a_living_socket_is_told_and_tried_on_a_new_one() {
    let bench = Bench::new().await;
    let first = bench.accept().await;
    first.say("A0 1");
    bench.settle().await;
    let mut quiet = Vec::new();
    let mut current = first;
    for _ in 0..3 {
        let began = bench.clock.now();
        let dial = loop {
            // life, but nothing about the market
            current.message(Ok(SocketMessage::Ping));
            current.say("! heartbeat");
            bench.advance(SECOND * 5).await;
            if let Some(dial) = bench.feed.dial() {
                break dial;
            }
        };
        assert!(bench.connection().silent);
        quiet.push(bench.clock.now().since(began) / 1_000_000_000);
        let next = dial.accept();
        next.message(Ok(SocketMessage::Ping));
        bench.advance(Policy::default().overlap_cap).await;
        assert!(current.is_closed(), "the successor took over");
        current = next;
    }
    // doubled each time (less the overlap, which counts): a quiet market is not stormed
    assert_eq!(quiet, [30, 45, 105]);
    current.say("A0 2");
    bench.settle().await;
    assert!(!bench.connection().silent);
    let ends: Vec<_> = bench
        .log
        .ends()
        .into_iter()
        .map(|(_, reason)| reason)
        .collect();
    assert_eq!(ends, ["rotation"; 3]);
    // and once the market spoke, its silence is met as at first
    let spoke = bench.clock.now();
    while bench.feed.dial().is_none() {
        current.message(Ok(SocketMessage::Ping));
        bench.advance(SECOND * 5).await;
    }
    let waited = bench.clock.now().since(spoke);
    assert!(
        waited <= (SILENCE + SECOND * 5).as_nanos() as i64,
        "{waited}"
    );
}
