//! What venues want of whoever listens: signs of life, answers to pings, streams that begin anew, an
//! address that is asked for; and lists in parts and pages.

use std::time::Duration;

use quantflow_ingest::{BookSnapshotRequest, Policy, Submitted};
use quantflow_model::VenueSymbol;
use quantflow_wire::{BookRule, Channel, Connected, KeepAlive, RecordKind, SnapshotBy};

use crate::bench::{Bench, greetings, ok, start_time};
use crate::fake_codec::FakeCodec;
use crate::fake_feed::Server;

const SECOND: Duration = Duration::from_secs(1);

fn keep_alive(seconds: u64) -> KeepAlive {
    KeepAlive {
        every: SECOND * seconds as u32,
        message: "alive".into(),
    }
}

async fn bench(codec: FakeCodec) -> Bench {
    Bench::with(codec, 1, Policy::default(), greetings).await
}

/// Texts that the venue heard, each with the seconds since `start`.
fn heard(server: &mut Server) -> Vec<(i64, String)> {
    let start = start_time();
    std::iter::from_fn(|| server.heard())
        .map(|(at, text)| (at.since(start) / 1_000_000_000, text))
        .collect()
}

#[tokio::test]
async fn a_sign_of_life_is_sent_every_so_often() {
    let mut codec = FakeCodec::new();
    codec.keep_alive = Some(keep_alive(10));
    let bench = bench(codec).await;
    let mut server = bench.dialled_within(SECOND).await.unwrap().accept();
    for _ in 0..5 {
        bench.advance(SECOND * 7).await;
        server.say("A0 1");
    }
    let alive = |at| (at, "alive".to_owned());
    assert_eq!(heard(&mut server), [alive(10), alive(20), alive(30)]);
}

#[tokio::test]
async fn a_ping_in_a_message_is_answered_at_once() {
    let bench = bench(FakeCodec::new()).await;
    let mut server = bench.dialled_within(SECOND).await.unwrap().accept();
    bench.settle().await;
    for number in 0..3 {
        server.say(&format!("! ping {number}"));
        bench.advance(Duration::from_millis(10)).await;
    }
    let texts = heard(&mut server);
    assert_eq!(texts, [0, 1, 2].map(|n| (0, format!("pong {n}"))));
}

fn streaming(begins_anew: bool) -> FakeCodec {
    let mut codec = FakeCodec::new();
    codec.begins_anew = begins_anew;
    codec.description.channels = vec![Channel::Trades, Channel::Book];
    codec.description.book = BookRule {
        snapshot: SnapshotBy::Stream,
        ..BookRule::REQUESTED
    };
    codec
}

fn lost_book() -> BookSnapshotRequest {
    BookSnapshotRequest {
        symbol: "fake:A0/USD".parse().unwrap(),
        venue_symbol: VenueSymbol::new("A0").unwrap(),
    }
}

#[tokio::test]
async fn a_book_that_is_lost_begins_anew_on_its_socket() {
    let bench = bench(streaming(true)).await;
    let mut server = bench.dialled_within(SECOND).await.unwrap().accept();
    bench.settle().await;
    assert_eq!(bench.ingest.snapshot_book(lost_book()), Submitted::Queued);
    assert_eq!(bench.ingest.snapshot_book(lost_book()), Submitted::Queued);
    bench.settle().await;
    let texts = heard(&mut server);
    assert_eq!(texts, [(0, "leave A0".into()), (0, "join A0".into())]);
    assert!(
        bench.dialled_within(SECOND * 5).await.is_none(),
        "no other socket"
    );
}

#[tokio::test]
async fn where_that_is_not_offered_the_socket_is_renewed() {
    let bench = bench(streaming(false)).await;
    let server = bench.dialled_within(SECOND).await.unwrap().accept();
    bench.settle().await;
    bench.ingest.snapshot_book(lost_book());
    assert!(bench.dialled_within(SECOND * 5).await.is_some());
    assert!(
        !server.is_closed(),
        "the old one stays until the new one speaks"
    );
}

#[tokio::test]
async fn an_address_is_asked_for_and_its_token_not_recorded() {
    let mut codec = FakeCodec::new();
    codec.gives_addresses = true;
    codec.keep_alive = Some(keep_alive(60));
    let mut number = 0;
    let answer = move |target: &str| {
        if target != "/address" {
            return greetings(target);
        }
        number += 1;
        Some(ok(&format!(
            "address ws://host{number}.fake/?token=t{number} 5"
        )))
    };
    let bench = Bench::with(codec, 1, Policy::default(), answer).await;
    let dial = bench.dialled_within(SECOND).await.unwrap();
    assert_eq!(
        (dial.base.as_str(), dial.target.as_str()),
        ("ws://host1.fake/?token=t1", "/stream/0")
    );
    let mut server = dial.accept();
    bench.advance(SECOND * 11).await;
    let texts = heard(&mut server);
    assert_eq!(texts.len(), 2, "every 5 s, as the venue says: {texts:?}");
    let connected = &bench.log.of(RecordKind::Connected)[0];
    let connected: Connected = serde_json::from_slice(&connected.payload).unwrap();
    assert_eq!(connected.url, "ws://host1.fake/");
    drop(server);
    let again = bench.dialled_within(SECOND * 30).await.unwrap();
    assert_eq!(
        again.base, "ws://host2.fake/?token=t2",
        "a new one for each socket"
    );
}

#[tokio::test]
async fn instruments_are_asked_for_in_parts_and_pages() {
    let mut codec = FakeCodec::new();
    codec.parts = vec!["spot", "linear", "endless"];
    let answer = |target: &str| match target {
        "/instruments/spot/first" | "/instruments/linear/p2" => Some(ok("")),
        // the last of these is a venue whose next page is the same again
        "/instruments/linear/first" | "/instruments/endless/first" | "/instruments/endless/p2" => {
            Some(ok("limit next p2"))
        }
        other => greetings(other),
    };
    let policy = Policy::default();
    let bench = Bench::with(codec, 1, policy, answer).await;
    bench.advance(SECOND * 120).await;
    let asked = bench.feed.requests();
    let asked = asked.iter().map(|(_, target)| target.as_str());
    let asked: Vec<_> = asked
        .filter(|target| target.contains("instruments"))
        .collect();
    let all = [
        "/instruments/spot/first",
        "/instruments/linear/first",
        "/instruments/linear/p2",
        "/instruments/endless/first",
        "/instruments/endless/p2",
    ];
    assert_eq!(asked, all);
}
