//! Whatever happens in whatever order: what must always hold.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use quantflow_ingest::{ConnectionState, JobCounts, Policy, RepairHow};
use quantflow_model::Timestamp;
use quantflow_seams::{Clock, FeedError, SocketMessage};
use quantflow_testkit::clock::ManualClock;
use quantflow_wire::{Outcome, RecordKind};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use crate::bench::{Bench, greetings, ok, start_time, status, timed_out};
use crate::fake_codec::FakeCodec;
use crate::fake_feed::Server;
use crate::fake_log::Mood;
use crate::repairs::{book, repair, trades};

/// When the venue told us to stay away, from and until.
type Bans = Arc<Mutex<Vec<(Timestamp, Timestamp)>>>;

/// A venue that fails as it likes while `wild`, and answers well otherwise.
fn venue(
    seed: u64,
    wild: Arc<Mutex<bool>>,
    bans: Bans,
    clock: ClockSlot,
) -> impl FnMut(&str) -> Option<Outcome> {
    let mut random = SmallRng::seed_from_u64(seed);
    move |target| {
        if *wild.lock().unwrap() {
            match random.random_range(0..10) {
                0 => return Some(timed_out()),
                1 => return Some(status(502, &[], "bad gateway")),
                2 => return Some(ok("rubbish")),
                3 => {
                    let now = clock
                        .lock()
                        .unwrap()
                        .as_ref()
                        .map_or(start_time(), ManualClock::now);
                    let away = random.random_range(1..90_u64);
                    bans.lock()
                        .unwrap()
                        .push((now, now + Duration::from_secs(away)));
                    let code = if random.random() { 429 } else { 418 };
                    return Some(status(code, &[("retry-after", &away.to_string())], ""));
                }
                _ => {}
            }
        }
        let answer = greetings(target).or_else(|| trades(target, u128::MAX));
        answer.or_else(|| Some(ok("")))
    }
}

/// The bench makes its clock; the venue needs it too.
type ClockSlot = Arc<Mutex<Option<ManualClock>>>;

/// What was said on each socket, by the order of the sockets.
struct Sockets {
    open: Vec<(usize, Server)>,
    said: Vec<Vec<String>>,
}

impl Sockets {
    fn accept(&mut self, bench: &Bench, dials: &mut Vec<Timestamp>) {
        while let Some(dial) = bench.feed.dial() {
            dials.push(dial.at);
            self.open.push((self.said.len(), dial.accept()));
            self.said.push(Vec::new());
        }
        self.open.retain(|(_, server)| !server.is_closed());
    }

    fn say(&mut self, socket: usize, text: String) {
        let (number, server) = &self.open[socket];
        if !server.is_closed() && server.unread() < 100 {
            server.say(&text);
            self.said[*number].push(text);
        }
    }
}

async fn live_through(seed: u64) {
    let mut random = SmallRng::seed_from_u64(seed);
    let (wild, bans, slot) = (
        Arc::new(Mutex::new(true)),
        Bans::default(),
        ClockSlot::default(),
    );
    let answers = venue(
        seed,
        Arc::clone(&wild),
        Arc::clone(&bans),
        Arc::clone(&slot),
    );
    let policy = Policy {
        tick: Duration::from_secs(10), // the clock's records are not what is watched here
        ..Policy::default()
    };
    let bench = Bench::with(FakeCodec::new(), 2, policy, answers).await;
    *slot.lock().unwrap() = Some(bench.clock.clone());
    let mut sockets = Sockets {
        open: Vec::new(),
        said: Vec::new(),
    };
    let mut dials = Vec::new();
    for step in 0..250_u32 {
        if random.random_range(0..4) > 0 {
            sockets.accept(&bench, &mut dials);
        } else if let Some(dial) = bench.feed.dial() {
            dials.push(dial.at);
            dial.refuse(FeedError::Timeout {
                host: "ws.fake".into(),
            });
        }
        bench.settle().await;
        for socket in 0..sockets.open.len() {
            sockets.say(socket, format!("A0 {step}"));
        }
        let socket = random.random_range(0..sockets.open.len().max(1));
        match random.random_range(0..12) {
            0 | 1 if socket < sockets.open.len() => {
                let end = if random.random() {
                    Ok(SocketMessage::Closed {
                        code: 1006,
                        reason: String::new(),
                    })
                } else {
                    Err(FeedError::Broken("reset".into()))
                };
                if !sockets.open[socket].1.is_closed() {
                    sockets.open[socket].1.message(end);
                }
            }
            2 if socket < sockets.open.len() => sockets.say(socket, "! soon".into()),
            3 => bench.log.set(Mood::Full),
            4 => bench.log.set(Mood::Busy),
            5 => drop(bench.ingest.reconnect(random.random_range(1..3))),
            6 => {
                let from = random.random_range(1..100_000);
                bench
                    .ingest
                    .repair(repair(from, from + 25, RepairHow::SingleTrades));
            }
            7 => drop(bench.ingest.snapshot_book(book())),
            _ => bench.log.set(Mood::Willing),
        }
        let pause = Duration::from_millis(random.random_range(1..20_000));
        bench.advance(pause).await;
    }
    // calm
    *wild.lock().unwrap() = false;
    bench.log.set(Mood::Willing);
    for _ in 0..60 {
        sockets.accept(&bench, &mut dials);
        for socket in 0..sockets.open.len() {
            sockets.say(socket, "A0 999".into());
        }
        bench.advance(Duration::from_secs(15)).await;
    }
    let status = bench.ingest.status();
    assert!(
        status
            .connections
            .iter()
            .all(|c| c.state == ConnectionState::Open),
        "{status:#?}"
    );
    let JobCounts {
        waiting,
        running,
        failed,
        ..
    } = status.repairs;
    assert_eq!(
        (waiting, running, failed),
        (0, 0, 0),
        "{:?}",
        status.repairs
    );
    bench.ingest.shutdown().await;
    check_log(&bench, &sockets.said);
    check_bans(&bench, &bans.lock().unwrap(), &dials);
}

/// Of each socket: one beginning, one end, numbers without a gap, and what was said as it was said.
fn check_log(bench: &Bench, said: &[Vec<String>]) {
    let mut sockets: BTreeMap<u32, Vec<_>> = BTreeMap::new();
    for record in bench.log.records() {
        if record.connection > 0 {
            sockets.entry(record.connection).or_default().push(record);
        }
    }
    assert_eq!(sockets.len(), said.len());
    for (number, records) in sockets {
        let sequence: Vec<_> = records.iter().map(|record| record.sequence).collect();
        assert_eq!(
            sequence,
            (0..records.len() as u32).collect::<Vec<_>>(),
            "socket {number}"
        );
        assert_eq!(records[0].kind, RecordKind::Connected);
        assert_eq!(
            records.last().unwrap().kind,
            RecordKind::Disconnected,
            "socket {number}"
        );
        let ends = records
            .iter()
            .filter(|r| r.kind == RecordKind::Disconnected)
            .count();
        assert_eq!(ends, 1);
        let texts: Vec<_> = records
            .iter()
            .filter(|record| record.kind == RecordKind::Text)
            .map(|record| String::from_utf8(record.payload.clone()).unwrap())
            .collect();
        // sockets are numbered in the order in which they were accepted
        let said = &said[number as usize - 1];
        assert!(
            said.starts_with(&texts),
            "socket {number}: {texts:?} of {said:?}"
        );
        let times: Vec<_> = records.iter().map(|record| record.received).collect();
        assert!(times.is_sorted(), "socket {number}");
    }
}

fn check_bans(bench: &Bench, bans: &[(Timestamp, Timestamp)], dials: &[Timestamp]) {
    let requests = bench.feed.requests();
    let sent = requests.iter().map(|(at, _)| at).chain(dials);
    for at in sent {
        let banned = bans.iter().find(|(from, until)| from < at && at < until);
        assert!(banned.is_none(), "sent at {at} while banned: {banned:?}");
    }
}

#[tokio::test]
async fn the_log_is_whole_and_no_ban_is_broken_whatever_happens() {
    for seed in 0..8 {
        live_through(seed).await;
    }
}
