//! One flipped byte in the lake: `quantflow verify` names the segment, the records that are lost with
//! it, and what was computed from them.
//!
//! What is named is held against the segment as it was: its records are decoded here, and every trade
//! in them must lie within what is said to depend on it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use quantflow_e2e::bench::{PROTOCOL, environment_of, play, serve};
use quantflow_e2e::server::{PATIENCE, binary};
use quantflow_e2e::spine::codec;
use quantflow_log_embedded::read_segment;
use quantflow_model::Timestamp;
use quantflow_replay::{ReplayOptions, Speed};
use quantflow_seams::{Clock, SystemClock};
use quantflow_wire::{EventKind, Input, RecordChunk, RecordKind};
use serde_json::Value;

const STREAMS: &str = "replay:BTC/USDT,replay:ETH/USDT";

/// The segments in the lake, oldest first.
fn segments(data: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![data.join("lake")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "qlog") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Runs the binary on a data folder, configured as the server was.
fn run(data: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    run_with(data, arguments, &[PROTOCOL])
}

fn run_with(
    data: &Path,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> (Option<i32>, String, String) {
    let run = std::process::Command::new(binary())
        .args(arguments)
        .arg("--data-dir")
        .arg(data)
        .current_dir(data)
        .env("NO_COLOR", "1")
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (run.status.code(), text(run.stdout), text(run.stderr))
}

fn json(data: &Path, arguments: &[&str]) -> (Option<i32>, Value) {
    let (code, out, errors) = run(data, arguments);
    let parsed = serde_json::from_str(&out);
    (code, parsed.unwrap_or_else(|_| panic!("{out}{errors}")))
}

/// A data folder with a lake, as a server that ran for a while leaves it.
async fn with_lake(data: &Path) {
    let clock = SystemClock;
    let options = ReplayOptions {
        speed: Speed::Times(20.0),
        ..ReplayOptions::default()
    };
    let replay = play(13, options).await;
    let mut environment = environment_of(&replay, STREAMS);
    environment.push(("QUANTFLOW__BUS__SEGMENT_SIZE", "64KiB".to_owned()));
    // closed segments go into the lake when a server starts, and then from time to time
    let deadline = clock.now() + PATIENCE;
    while segments(data).len() < 3 {
        assert!(clock.now() < deadline, "no lake: {:?}", segments(data));
        let server = serve(data, &environment).await;
        clock.sleep(Duration::from_secs(4)).await;
        assert!(server.stop().await, "it ends in good order");
    }
    replay.shutdown().await;
}

/// The block of a segment in which a byte lies: its first and last record, and its trades by symbol.
struct Block {
    from: String,
    to: String,
    received: (Timestamp, Timestamp),
    trades: BTreeMap<String, Vec<Timestamp>>,
}

/// Blocks are not told apart by their readers, so the damaged one is what cannot be read any more.
fn lost_block(whole: &[u8], damaged: &[u8]) -> Block {
    let kept: BTreeSet<_> = read_segment(damaged)
        .unwrap()
        .flatten()
        .map(|(first, _)| first)
        .collect();
    let lost: Vec<_> = read_segment(whole)
        .unwrap()
        .map(Result::unwrap)
        .filter(|(first, _)| !kept.contains(first))
        .collect();
    let [(first, records)] = &lost[..] else {
        panic!("{} blocks are lost", lost.len())
    };
    let received = |at: usize| records.iter().nth(at).unwrap().received;
    Block {
        from: first.to_string(),
        to: first.plus(records.len() as u64).to_string(),
        received: (received(0), received(records.len() - 1)),
        trades: trades(records),
    }
}

fn trades(records: &RecordChunk) -> BTreeMap<String, Vec<Timestamp>> {
    let mut trades = BTreeMap::<_, Vec<Timestamp>>::new();
    let mut events = Vec::new();
    for record in records.iter().filter(|r| r.kind == RecordKind::Text) {
        codec()
            .decode(&Input::message(record.payload), &mut events)
            .unwrap();
    }
    for event in events {
        if let EventKind::Trade(event_trade) = &event.kind {
            let name = match event.symbol.as_ref().unwrap().as_str() {
                "BTCUSDT" => "replay:BTC/USDT",
                "ETHUSDT" => "replay:ETH/USDT",
                other => panic!("{other}"),
            };
            let times = trades.entry(name.to_owned()).or_default();
            times.push(event_trade.trade.time);
        }
    }
    trades
}

fn time(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

/// Everything that came from the lost records is named, and not simply everything.
fn assert_named(row: &Value, block: &Block, all: &BTreeMap<String, (Timestamp, Timestamp)>) {
    assert_eq!(row["partition"], "replay");
    assert_eq!(
        (&row["fromRecord"], &row["toRecord"]),
        (&block.from.clone().into(), &block.to.clone().into())
    );
    // the block says itself when, or, where its header was hit, the blocks around it do
    let (first, last) = (time(&row["receivedFrom"]), time(&row["receivedTo"]));
    let within = first <= block.received.0 && block.received.1 <= last;
    assert!(within, "{row}: {:?}", block.received);
    assert!(
        last.since(first) < 1_000_000_000,
        "blocks are written each 20 ms: {row}"
    );
    let named: BTreeMap<&str, &Value> = row["depends"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| (d["symbol"].as_str().unwrap(), d))
        .collect();
    for (symbol, times) in &block.trades {
        let named = named[symbol.as_str()];
        let spans: Vec<_> = named["spans"]
            .as_array()
            .unwrap()
            .iter()
            .map(|span| (time(&span["from"]), time(&span["to"])))
            .collect();
        for at in times {
            let inside = spans.iter().any(|(from, to)| from <= at && at < to);
            assert!(inside, "{symbol}: a trade of {at} is in none of {spans:?}");
        }
        let seconds: BTreeSet<i64> = times.iter().map(|at| at.seconds()).collect();
        let minutes: BTreeSet<i64> = times.iter().map(|at| at.seconds() / 60).collect();
        let candles = &named["candles"];
        assert!(
            named["trades"].as_u64().unwrap() >= times.len() as u64,
            "{named}"
        );
        assert!(
            candles["1s"].as_u64().unwrap() >= seconds.len() as u64,
            "{named}"
        );
        assert!(
            candles["1m"].as_u64().unwrap_or(0) + 1 >= minutes.len() as u64,
            "{named}"
        );
        let (first, last) = all[symbol];
        let whole = spans.iter().any(|(from, to)| *from <= first && last < *to);
        assert!(
            !whole,
            "{symbol}: all of {first} to {last} cannot depend on one block: {spans:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flipped_byte_in_the_lake_is_named_with_what_depends_on_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    with_lake(data).await;
    let files = ["verify", "--files", "--format", "json"];
    assert_eq!(json(data, &files), (Some(0), Value::Array(Vec::new())));

    let mut all = BTreeMap::new();
    let segments = segments(data);
    for path in &segments {
        for block in read_segment(&std::fs::read(path).unwrap()).unwrap() {
            for (symbol, times) in trades(&block.unwrap().1) {
                let (first, last) = all.entry(symbol).or_insert((times[0], times[0]));
                *first = (*first).min(*times.iter().min().unwrap());
                *last = (*last).max(*times.iter().max().unwrap());
            }
        }
    }

    // in the middle segment, trades stand before and after; of its blocks one with many of them
    let path = &segments[segments.len() / 2];
    let name = path.file_name().unwrap().to_str().unwrap();
    let whole = std::fs::read(path).unwrap();
    let flipped = |byte: usize| {
        let mut damaged = whole.clone();
        damaged[byte] ^= 1;
        damaged
    };
    let (byte, block) = (1..64)
        .map(|part| whole.len() * part / 64)
        .map(|byte| (byte, lost_block(&whole, &flipped(byte))))
        .max_by_key(|(_, block)| block.trades.values().map(Vec::len).sum::<usize>())
        .unwrap();
    assert!(!block.trades.is_empty(), "a segment holds trades");
    std::fs::write(path, flipped(byte)).unwrap();

    let (code, rows) = json(data, &files);
    assert_eq!(code, Some(1), "damage is a failure");
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 1, "{rows:?}");
    let row = &rows[0];
    assert_eq!(row["place"], "lake");
    assert!(row["damage"].as_str().unwrap().contains(name), "{row}");
    let bytes = row["fromByte"].as_u64().unwrap()..row["toByte"].as_u64().unwrap();
    assert!(bytes.contains(&(byte as u64)), "{byte} is not in {bytes:?}");
    assert_named(row, &block, &all);

    // for people the same, beside what there is by day
    let (code, days, errors) = run(data, &["verify"]);
    assert_eq!(code, Some(1), "{errors}");
    for symbol in STREAMS.split(',') {
        assert!(days.contains(symbol), "{days}");
    }
    let records = format!("lost are the records {} to {}", block.from, block.to);
    for words in ["1 damaged in", name, &records] {
        assert!(errors.contains(words), "{errors} lacks {words}");
    }
    for symbol in block.trades.keys() {
        let words = format!("on them depends {symbol} from ");
        assert!(errors.contains(&words), "{errors} lacks {words}");
    }
    println!("{errors}");
    // nobody computes anything from it
    let (code, _, errors) = run(data, &["rebuild", "--check"]);
    assert_eq!(code, Some(1), "{errors}");
    assert!(errors.contains(name), "{errors}");

    // the file from a backup: all is well, and can be computed anew
    std::fs::write(path, &whole).unwrap();
    assert_eq!(json(data, &files), (Some(0), Value::Array(Vec::new())));
    let (code, _, errors) = run(data, &["rebuild", "--check"]);
    assert_eq!(code, Some(0), "{errors}");
    // without the venue's protocol nothing of its log could be read: the store is not given up for that
    let (code, _, errors) = run_with(data, &["rebuild"], &[]);
    assert_eq!(code, Some(1), "{errors}");
    assert!(errors.contains("venues.replay.protocol"), "{errors}");
    let (code, _, errors) = run(data, &["rebuild", "--check"]);
    assert_eq!(code, Some(0), "{errors}");
}
