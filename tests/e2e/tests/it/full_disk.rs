//! A disk that is really full: intake stops and says so, reading goes on, and when there is room
//! everything goes on by itself, until what is answered is what truly happened.
//!
//! Each test mounts a small disk of its own, inside a namespace: where the system permits none it
//! says so and returns.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use quantflow_e2e::apart::{Apart, enter, grow_disk, mount_disk};
use quantflow_e2e::bench::Bench;
use quantflow_e2e::server::{PATIENCE, Server, binary};
use quantflow_replay::FaultPlan;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

/// How long the disk stays full.
const FULL: Duration = Duration::from_secs(8);

/// A file that takes what room a disk has.
struct Ballast(PathBuf);

impl Ballast {
    /// Takes all room of the disk that `folder` lies on, to the last byte.
    fn fill(folder: &Path) -> Self {
        let path = folder.join("ballast");
        let mut file = File::create(&path).unwrap();
        let mut size = 1 << 20;
        while size > 0 {
            if file.write_all(&vec![0; size]).is_err() {
                size /= 2;
            }
        }
        Self(path)
    }

    /// Gives the room back.
    fn remove(self) {
        std::fs::remove_file(self.0).unwrap();
    }
}

/// What everybody who reads gets while the disk is full: the same as before.
async fn reads_go_on(bench: &Bench, server: &Server) {
    let prices = server.data("/api/v1/prices").await;
    assert_eq!(prices.as_array().unwrap().len(), bench.symbols.len());
    let name = bench.symbols[0].url_form();
    for path in [
        format!("/api/v1/chart/ohlc/{name}?timeframe=1s&limit=500"),
        format!("/api/v1/chart/ohlc/{name}?timeframe=1m&limit=500"),
        format!("/api/v1/history/{name}?limit=1000"),
        format!("/api/v1/completeness/{name}"),
        "/api/v1/symbols".to_owned(),
    ] {
        let rows = server.data(&path).await;
        assert!(!rows.as_array().unwrap().is_empty(), "{path} is empty");
    }
    let (status, body) = server.get("/health/ready").await;
    assert_eq!(status, 200, "it can be read from: {body}");
}

/// The services of `/health` whose error has all these words.
fn saying<'a>(health: &'a Value, words: &'a [String]) -> impl Iterator<Item = &'a str> {
    let services = health["services"].as_object().into_iter().flatten();
    services.filter_map(move |(name, service)| {
        let error = service["error"].as_str()?;
        words.iter().all(|w| error.contains(w)).then_some(&**name)
    })
}

/// What `quantflow doctor` says of the folder while a server has it.
async fn doctor(data: &Path) -> String {
    let run = Command::new(binary())
        .args(["doctor", "--data-dir"])
        .arg(data)
        .current_dir(data)
        .env("NO_COLOR", "1")
        .output();
    let run = tokio::time::timeout(PATIENCE, run).await.unwrap().unwrap();
    assert_eq!(run.status.code(), Some(1), "a full disk is no good health");
    String::from_utf8_lossy(&run.stdout).into_owned()
}

/// What is to be seen when a disk is full.
struct Signs {
    /// The service of `/health` that says so.
    service: &'static str,
    /// The part of the data folder that is named.
    place: &'static str,
    /// Whether nothing can be taken in.
    stops_intake: bool,
}

/// Fills the disk that is mounted at `mounted` in the data folder while the market runs, and gives
/// room again.
async fn full_and_free(mounted: &str, signs: Signs) {
    let bench = Bench::new(11, 10.0, FaultPlan::default()).await;
    let disk = bench.data().join(mounted);
    mount_disk(&disk, 32 << 20);
    let server = bench.server().await;
    let moment = bench.venue.market_now();
    bench.all_live_after(&server, moment).await;
    // there is something in the store to read
    let first = bench.symbols[0].url_form();
    let closed = format!("/api/v1/chart/ohlc/{first}?timeframe=1s&limit=10");
    server
        .until(&closed, |rows| {
            rows.as_array().is_some_and(|rows| rows.len() == 10)
        })
        .await;

    let mut listened = server.listen("prices").await;
    let ballast = Ballast::fill(&disk);
    let place = bench.data().join(signs.place).display().to_string();
    let words = ["no room left".to_owned(), place.clone()];
    let health = server
        .until_bare("/health", |health| {
            saying(health, &words).any(|name| name == signs.service)
        })
        .await;
    assert_eq!(health["status"], "degraded", "{health}");
    let said = server.said();
    let mut errors = said.lines().filter(|line| line.contains("ERROR"));
    assert!(
        errors.any(|line| words.iter().all(|word| line.contains(word))),
        "no line of the log names {place}: {said}"
    );
    if signs.stops_intake {
        server
            .until("/api/v1/connections", |all| {
                let all = all.as_array().unwrap();
                all.iter().all(|c| c["state"] != "connected")
            })
            .await;
    }
    if signs.stops_intake {
        // nothing comes, so nothing is live: in answers, and for who listens
        server
            .until("/api/v1/prices", |all| {
                let all = all.as_array().unwrap();
                all.iter().all(|price| price["health"] == "down")
            })
            .await;
        let told = listened.until("\"health\":\"down\"").await;
        assert!(told.contains("prices"), "{told}");
    }
    let advice = doctor(&bench.data()).await;
    assert!(
        words.iter().all(|word| advice.contains(word)),
        "doctor: {advice}"
    );
    reads_go_on(&bench, &server).await;
    bench.clock.sleep(FULL).await;
    reads_go_on(&bench, &server).await;

    ballast.remove();
    let room = bench.venue.market_now();
    server
        .until_bare("/health", |health| health["status"] == "healthy")
        .await;
    bench
        .all_live_after(&server, room + Duration::from_secs(30))
        .await;
    assert!(server.stop().await, "it ends in good order");
    let (wrong, filled) = bench.differences(room + Duration::from_secs(20)).await;
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(filled > 0 || !signs.stops_intake, "nothing was missed");
    println!("full for {FULL:?}, then equal to the truth: {filled} holes, all filled");
    bench.venue.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_data_folder_is_full() {
    let signs = Signs {
        service: "log replay",
        place: "log/replay",
        stops_intake: true,
    };
    if enter(Apart::Mounts, "full_disk::the_data_folder_is_full") {
        full_and_free("", signs).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_disk_of_the_log_is_full() {
    let signs = Signs {
        service: "log replay",
        place: "log/replay",
        stops_intake: true,
    };
    if enter(Apart::Mounts, "full_disk::the_disk_of_the_log_is_full") {
        full_and_free("log", signs).await;
    }
}

/// The log keeps what comes, and the store takes it in later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_disk_of_the_store_is_full() {
    let signs = Signs {
        service: "commits replay",
        place: "series",
        stops_intake: false,
    };
    if enter(Apart::Mounts, "full_disk::the_disk_of_the_store_is_full") {
        full_and_free("series", signs).await;
    }
}

/// Ended while the disk that is mounted at `mounted` in the data folder is full, it does not wait for
/// room, says what it leaves, and goes on with it at the next start.
async fn ended_while_full(mounted: &str) {
    let bench = Bench::new(13, 10.0, FaultPlan::default()).await;
    let disk = bench.data().join(mounted);
    mount_disk(&disk, 32 << 20);
    let server = bench.server().await;
    bench
        .all_live_after(&server, bench.venue.market_now())
        .await;
    let ballast = Ballast::fill(&disk);
    server
        .until_bare("/health", |health| {
            saying(health, &["no room left".to_owned()])
                .next()
                .is_some()
        })
        .await;
    // so that a commit waits
    bench.clock.sleep(Duration::from_secs(2)).await;
    let said = server.log();
    let began = bench.clock.now();
    assert!(server.stop().await, "it ends in good order");
    let took = Duration::from_nanos(bench.clock.now().since(began).unsigned_abs());
    assert!(took < Duration::from_secs(4), "it took {took:?}");
    let said = said();
    assert!(said.contains("not committed"), "{said}");
    assert!(!said.contains("took too long"), "{said}");

    ballast.remove();
    let server = bench.server().await;
    let room = bench.venue.market_now();
    bench
        .all_live_after(&server, room + Duration::from_secs(30))
        .await;
    assert!(server.stop().await, "it ends in good order");
    let (wrong, _) = bench.differences(room + Duration::from_secs(20)).await;
    assert!(wrong.is_empty(), "{wrong:#?}");
    println!("ended in {took:?} with no room left");
    bench.venue.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_does_not_wait_for_room_of_the_log() {
    let name = "full_disk::an_end_does_not_wait_for_room_of_the_log";
    if enter(Apart::Mounts, name) {
        ended_while_full("").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_does_not_wait_for_room_of_the_store() {
    let name = "full_disk::an_end_does_not_wait_for_room_of_the_store";
    if enter(Apart::Mounts, name) {
        ended_while_full("series").await;
    }
}

/// Enough rows that they go to files at once.
const ROWS: u64 = 150_000;

/// A folder with a file to import, and `quantflow` in it.
struct Importing(tempfile::TempDir);

impl Importing {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut text = "ts_ms,price,qty,side,trade_id\n".to_owned();
        let mut chance = 1_u64;
        for i in 0..ROWS {
            // so that it does not pack into nothing
            chance = chance
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let (time, price) = (1_700_000_000_000 + i * 10, 1_000_000 + (chance >> 44));
            let quantity = (chance >> 20) % 1_000_000_007 + 1;
            writeln!(text, "{time},{price},0.{quantity:010},buy,{}", i + 1).unwrap();
        }
        std::fs::write(folder.path().join("t.csv"), text).unwrap();
        Self(folder)
    }

    fn disk(&self, below: &str, bytes: u64) -> PathBuf {
        let disk = self.0.path().join("data").join(below);
        mount_disk(&disk, bytes);
        disk
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .current_dir(self.0.path())
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    fn import(&self) -> Command {
        let arguments = "import t.csv --kind trades --venue tape --symbol A/B";
        self.command(&arguments.split(' ').collect::<Vec<_>>())
    }

    async fn run(&self, mut command: Command) -> (Option<i32>, String, String) {
        let run = tokio::time::timeout(PATIENCE, command.output());
        let run = run.await.expect("it ends in time").unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (run.status.code(), text(&run.stdout), text(&run.stderr))
    }

    /// Every row of the file is there once, and what is stored is what the log makes.
    async fn is_whole(&self) {
        let export = "export tape:A/B --kind trades";
        let export = self.command(&export.split(' ').collect::<Vec<_>>());
        let (code, out, said) = self.run(export).await;
        assert_eq!(code, Some(0), "{said}");
        assert_eq!(out.lines().count() as u64, ROWS + 1);
        let (code, _, said) = self.run(self.command(&["rebuild", "--check"])).await;
        assert_eq!(code, Some(0), "{said}");
        let (code, _, said) = self.run(self.command(&["verify"])).await;
        assert_eq!(code, Some(0), "{said}");
    }
}

/// Imports onto a disk at `below` the data folder that is too small, and makes it larger. `words`
/// are what is said meanwhile.
async fn import_waits(below: &str, words: &[&str]) {
    let importing = Importing::new();
    let disk = importing.disk(below, 500 << 10);
    let mut child = importing.import().spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    let refused = tokio::time::timeout(PATIENCE, async {
        loop {
            let line = said.next_line().await.unwrap();
            let line = line.expect("it waits, and says what for");
            if words.iter().all(|word| line.contains(word)) {
                break line;
            }
        }
    });
    let refused = refused.await.expect("it says so in time");
    assert!(refused.contains(&disk.display().to_string()), "{refused}");
    grow_disk(&disk, 64 << 20);
    tokio::spawn(async move { while let Ok(Some(_)) = said.next_line().await {} });
    let ended = tokio::time::timeout(PATIENCE, child.wait()).await;
    assert!(ended.expect("it goes on by itself").unwrap().success());
    importing.is_whole().await;
}

/// A large commit is written to files: what fails then is not the catalogue.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_waits_until_the_store_has_room() {
    let name = "full_disk::an_import_waits_until_the_store_has_room";
    if enter(Apart::Mounts, name) {
        import_waits("series", &["no room left for the store", ".parquet"]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_waits_until_the_log_has_room() {
    let name = "full_disk::an_import_waits_until_the_log_has_room";
    if enter(Apart::Mounts, name) {
        import_waits("log", &["no room left for the log"]).await;
    }
}
