//! `kill -9` at random moments under load, torn and damaged log files included: it opens by itself,
//! nothing that was in the log is lost, nothing is twice.
//!
//! `QUANTFLOW_KILLS` says how many kills (2 unless set), `QUANTFLOW_KILL_SEED` where chance begins.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use quantflow_e2e::compare::differences;
use quantflow_e2e::server::Server;
use quantflow_e2e::spine::{open_offline, venue};
use quantflow_replay::{GeneratedMarket, GeneratedOptions, ReplayOptions, ReplayServer, Speed};
use quantflow_seams::{Clock, SystemClock};

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
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let options = GeneratedOptions::demo(venue(), 7, clock.now(), Duration::from_hours(24));
    let market = Arc::new(GeneratedMarket::new(&options).unwrap());
    let options = ReplayOptions {
        speed: Speed::Times(4.0),
        ..ReplayOptions::default()
    };
    let server = ReplayServer::start(market, options, Arc::clone(&clock))
        .await
        .unwrap();
    let truth = server.truth();
    let symbols = truth.symbols();
    let streams: Vec<_> = symbols
        .iter()
        .map(|symbol| format!("{symbol}|book"))
        .collect();
    let (streams, rest, ws) = (streams.join(","), server.rest_url(), server.ws_url());
    let environment = [
        ("QUANTFLOW__INGEST__STREAMS", streams.as_str()),
        ("QUANTFLOW__INGEST__HISTORY", "false"),
        ("QUANTFLOW__INGEST__DEMO", "never"),
        ("QUANTFLOW__VENUES__REPLAY__PROTOCOL", "binance-spot"),
        ("QUANTFLOW__VENUES__REPLAY__REST_URL", rest.as_str()),
        ("QUANTFLOW__VENUES__REPLAY__WS_URL", ws.as_str()),
        ("QUANTFLOW__BUS__SEGMENT_SIZE", "256KiB"),
        ("QUANTFLOW__LOG__LEVEL", "warn"),
    ];
    let folder = tempfile::tempdir().unwrap();
    let mut harmed = 0;
    for _ in 0..kills {
        let running = Server::start(folder.path(), &[], &environment).await;
        clock
            .sleep(Duration::from_millis(50 + chance.below(1_500)))
            .await;
        running.kill().await;
        harmed += u64::from(harm(folder.path(), &mut chance) != "nothing");
    }
    // the last life is long enough to mend what the others missed; what they asked counts for a
    // minute, and so it may have to wait for its first question that long
    let running = Server::start(folder.path(), &[], &environment).await;
    let until = server.market_now();
    for symbol in &symbols {
        let path = format!("/api/v1/price/{}", symbol.url_form());
        running
            .until_within(Duration::from_mins(5), &path, |price| {
                let time = price["time"].as_str().and_then(|text| text.parse().ok());
                time.is_some_and(|time: quantflow_model::Timestamp| time > until)
                    && price["health"] == "live"
            })
            .await;
    }
    assert!(running.stop().await, "it ends in good order");
    let counts = truth.counts();
    assert_eq!(
        (counts.limited, counts.banned),
        (0, 0),
        "dying again and again does not exceed the venue's limits: {counts:?}"
    );
    let market = open_offline(folder.path()).await;
    let mut wrong = Vec::new();
    for symbol in &symbols {
        wrong.extend(differences(&market, &truth, symbol, until).await);
    }
    assert!(
        wrong.is_empty(),
        "after {kills} kills ({harmed} with harm): {wrong:#?}"
    );
    println!("{kills} kills, {harmed} with torn or damaged files: equal to the truth; {counts:?}");
    server.shutdown().await;
}
