//! `kill -9` at random moments under load, torn and damaged log files included: it opens by itself,
//! nothing that was in the log is lost, nothing is twice.
//!
//! `QUANTFLOW_KILLS` says how many kills (2 unless set), `QUANTFLOW_KILL_SEED` where chance begins.

use std::path::{Path, PathBuf};
use std::time::Duration;

use quantflow_e2e::bench::Bench;
use quantflow_e2e::compare::differences;
use quantflow_e2e::spine::open_offline;
use quantflow_replay::{ReplayOptions, Speed};

/// A small generator of chance: the same seed gives the same kills.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .map_or(default, |text| text.parse().expect(name))
}

/// The newest segment of the raw log.
fn newest_segment(data: &Path) -> Option<PathBuf> {
    let mut segments: Vec<PathBuf> = std::fs::read_dir(data.join("log/replay"))
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "qlog"))
        .collect();
    segments.sort();
    segments.pop()
}

/// What a crash of the host may do to a file that was being written: its end is torn or rubbish.
fn harm(data: &Path, chance: &mut Chance) -> &'static str {
    let Some(path) = newest_segment(data) else {
        return "nothing";
    };
    let Ok(mut bytes) = std::fs::read(&path) else {
        return "nothing";
    };
    match chance.below(4) {
        0 => {
            let cut = (chance.below(200) as usize).min(bytes.len());
            bytes.truncate(bytes.len() - cut);
            std::fs::write(&path, bytes).unwrap();
            "torn"
        }
        1 => {
            bytes.extend((0..chance.below(300)).map(|i| (i * 37 % 251) as u8));
            std::fs::write(&path, bytes).unwrap();
            "rubbish behind"
        }
        _ => "nothing",
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_it_opens_by_itself_and_nothing_is_lost_or_twice() {
    let kills = number("QUANTFLOW_KILLS", 2);
    let mut chance = Chance(number("QUANTFLOW_KILL_SEED", 1));
    let options = ReplayOptions {
        speed: Speed::Times(4.0),
        ..ReplayOptions::default()
    };
    let bench = Bench::of(7, options).await;
    let data = bench.data();
    let mut harmed = 0;
    for kill in 0..kills {
        let running = bench.server().await;
        if kill == 0 {
            // of each symbol there is something to lose
            bench
                .all_live_after(&running, bench.venue.market_now())
                .await;
        }
        let moment = Duration::from_millis(50 + chance.below(1_500));
        bench.clock.sleep(moment).await;
        running.kill().await;
        harmed += u64::from(harm(&data, &mut chance) != "nothing");
    }
    // the last life is long enough to mend what the others missed; what they asked counts for a
    // minute, and so it may have to wait for its first question that long
    let running = bench.server().await;
    let until = bench.venue.market_now();
    bench
        .all_live_within(Duration::from_mins(5), &running, until)
        .await;
    assert!(running.stop().await, "it ends in good order");
    let truth = bench.venue.truth();
    let counts = truth.counts();
    assert_eq!(
        (counts.limited, counts.banned),
        (0, 0),
        "dying again and again does not exceed the venue's limits: {counts:?}"
    );
    let market = open_offline(&data).await;
    let mut wrong = Vec::new();
    for symbol in &bench.symbols {
        wrong.extend(differences(&market, &truth, symbol, until).await);
    }
    assert!(
        wrong.is_empty(),
        "after {kills} kills ({harmed} with harm): {wrong:#?}"
    );
    println!("{kills} kills, {harmed} with torn or damaged files: equal to the truth; {counts:?}");
    bench.venue.shutdown().await;
}
