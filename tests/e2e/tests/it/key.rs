//! A venue that gives single trades only to who sends a key: with the right one they fill the holes,
//! with a wrong one or none aggregates do, and the key stands nowhere but in the request.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use quantflow_e2e::bench::Bench;
use quantflow_e2e::server::{PATIENCE, Server, binary};
use quantflow_e2e::spine::{open_offline, partition};
use quantflow_log_embedded::{EmbeddedLog, LogOptions};
use quantflow_market::MarketQueries;
use quantflow_model::{TimeRange, Timestamp};
use quantflow_replay::{FaultPlan, KeyRule};
use quantflow_seams::EventLog;
use quantflow_wire::RecordKind;
use tokio::process::Command;

const RIGHT: &str = "right-key-0123456789abcdef";
const WRONG: &str = "wrong-key-fedcba9876543210";
/// What the ledger says; an aggregate of a single trade is that trade.
const AGGREGATES: &str = "filled with aggregates: candles are exact, single trades are not known";
const NAME: &str = "QUANTFLOW__VENUES__REPLAY__API_KEY";

/// A market of which nothing comes for two seconds of each twenty.
async fn bench() -> Bench {
    let faults = FaultPlan {
        faults: vec!["silent@5s+2s/20s".parse().unwrap()],
        seed: 5,
    };
    Bench::with_key(5, 4.0, faults, KeyRule::This(RIGHT.to_owned())).await
}

/// Runs until holes came and were filled.
async fn some_time(bench: &Bench, server: &Server) {
    let moment = bench.venue.market_now() + Duration::from_mins(1);
    bench.all_live_after(server, moment).await;
}

/// With what the holes were filled, as the ledger says in a folder whose server has ended, and how
/// many there were.
async fn filled(bench: &Bench, since: Timestamp) -> (BTreeSet<String>, usize) {
    let market = open_offline(&bench.data()).await;
    let mut reasons = Vec::new();
    for symbol in &bench.symbols {
        for day in market.completeness(symbol, TimeRange::ALL).await.unwrap() {
            let filled = day.missing.iter().filter(|m| m.state.name() == "filled");
            reasons.extend(filled.filter(|m| m.since > since).map(|m| m.reason.clone()));
        }
    }
    let count = reasons.len();
    (reasons.into_iter().collect(), count)
}

/// What a command prints on both its ends, and its exit code.
async fn command(
    bench: &Bench,
    arguments: &[&str],
    more: &[(&'static str, String)],
) -> (i32, String) {
    let run = Command::new(binary())
        .args(arguments)
        .arg("--data-dir")
        .arg(bench.data())
        .envs(bench.environment())
        .envs(more.iter().cloned())
        .env("QUANTFLOW__LISTEN", "127.0.0.1:0")
        .env("NO_COLOR", "1")
        .current_dir(bench.data())
        .output();
    let run = tokio::time::timeout(PATIENCE, run).await.unwrap().unwrap();
    let said = [run.stdout, run.stderr].concat();
    (
        run.status.code().unwrap(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

/// Every file below a folder.
fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|part| part == text.as_bytes())
}

/// The key stands in no file of the data folder, and in no record of its log, which is compressed.
/// Returns how many exchanges there are.
async fn key_is_nowhere(data: &Path, key: &str) -> usize {
    let mut all = Vec::new();
    files(data, &mut all);
    assert!(!all.is_empty());
    for (path, bytes) in &all {
        assert!(!holds(bytes, key), "{path} holds the key");
    }
    let (log, _) = EmbeddedLog::open(&data.join("log"), LogOptions::default()).unwrap();
    let (mut place, mut exchanges) = (log.start(&partition()), 0);
    while place < log.end(&partition()) {
        let slice = log.read(&partition(), place).await.unwrap();
        for record in slice.chunk.iter() {
            assert!(
                !holds(record.payload, key),
                "{:?} holds the key",
                record.kind
            );
            exchanges += usize::from(record.kind == RecordKind::Exchange);
        }
        place = slice.next();
    }
    exchanges
}

/// The configuration with a key, and with segments so large that none leaves the log.
fn key(key: &str) -> [(&'static str, String); 2] {
    [
        (NAME, key.to_owned()),
        ("QUANTFLOW__BUS__SEGMENT_SIZE", "64MiB".to_owned()),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_right_key_gets_single_trades_and_stands_nowhere() {
    let bench = bench().await;
    // at the most that is logged, in the form that a person reads
    let mut more = key(RIGHT).to_vec();
    more.push(("QUANTFLOW__LOG__LEVEL", "trace".to_owned()));
    let server = bench.server_with(&more).await;
    some_time(&bench, &server).await;
    let (_, health) = server.get("/health").await;
    assert!(health["services"].get("key replay").is_none(), "{health}");
    let (code, said) = command(&bench, &["doctor", "--format", "csv"], &key(RIGHT)).await;
    assert!(
        said.contains("API key,ok,replay takes it"),
        "{code}: {said}"
    );
    let (code, shown) = command(&bench, &["config", "show"], &key(RIGHT)).await;
    assert!(
        code == 0 && shown.contains("venues.replay.api_key,(secret)"),
        "{shown}"
    );
    for text in [server.said(), health.to_string(), said, shown] {
        assert!(!text.contains(RIGHT), "{text}");
    }
    assert!(server.stop().await, "it ends in good order");
    let (with, holes) = filled(&bench, Timestamp::MIN).await;
    assert!(holes > 3, "{holes} holes");
    assert_eq!(with, ["filled with single trades".to_owned()].into());
    assert!(key_is_nowhere(&bench.data(), RIGHT).await > 3);
    bench.venue.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_wrong_key_or_none_aggregates_fill_the_holes() {
    let bench = bench().await;
    let server = bench.server_with(&key(WRONG)).await;
    some_time(&bench, &server).await;
    let health = server
        .until_bare("/health", |health| {
            health["services"].get("key replay").is_some()
        })
        .await;
    assert_eq!(health["status"], "degraded", "{health}");
    let words = [
        "refuses the API key",
        "venues.replay.api_key",
        "-2015",
        "aggregates",
    ];
    let error = health["services"]["key replay"]["error"].as_str().unwrap();
    // without a server the venue is asked
    let (code, running) = command(&bench, &["doctor"], &key(WRONG)).await;
    assert_eq!(code, 1, "{running}");
    for word in words {
        assert!(error.contains(word), "{error}");
        assert!(running.contains(word), "{running}");
    }
    for text in [server.said(), health.to_string(), running] {
        assert!(!text.contains(WRONG), "{text}");
    }
    assert!(server.stop().await, "it ends in good order");
    let (code, said) = command(&bench, &["doctor", "--format", "csv"], &key(WRONG)).await;
    assert_eq!(code, 1, "{said}");
    for word in [
        "API key,fail,",
        "replay refuses it: status 401",
        "-2015",
        "correct venues.replay.api_key",
    ] {
        assert!(said.contains(word) && !said.contains(WRONG), "{said}");
    }
    let (with, holes) = filled(&bench, Timestamp::MIN).await;
    assert!(
        holes > 3 && with.contains(AGGREGATES),
        "{holes} holes: {with:?}"
    );
    assert!(key_is_nowhere(&bench.data(), WRONG).await > 3);

    // none at all: the same without a complaint, for nobody configured anything wrong
    let since = bench.clock.now();
    let server = bench.server().await;
    some_time(&bench, &server).await;
    let (_, health) = server.get("/health").await;
    assert!(health["services"].get("key replay").is_none(), "{health}");
    assert!(server.stop().await, "it ends in good order");
    let (with, holes) = filled(&bench, since).await;
    assert!(
        holes > 3 && with.contains(AGGREGATES),
        "{holes} holes: {with:?}"
    );
    bench.venue.shutdown().await;
}
