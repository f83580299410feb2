//! `quantflow rebuild --check` over a folder in which everything is that a bad day leaves: holes that
//! were filled, late trades, revisions, two lives of a server.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use quantflow_e2e::bench::Bench;
use quantflow_e2e::server::{PATIENCE, binary};
use quantflow_model::TimeRange;
use quantflow_replay::FaultPlan;
use quantflow_seams::SeriesStore;
use quantflow_store_embedded::{EmbeddedStore, StoreOptions};

/// How much of the market is played with faults in each life of the server.
const LIFE: Duration = Duration::from_secs(20);

/// Runs `quantflow rebuild`; returns its exit code and what it printed and said.
async fn rebuild(
    data: &Path,
    arguments: &[&str],
    environment: &[(&'static str, String)],
) -> (Option<i32>, String, String) {
    let arguments = [&["rebuild"], arguments].concat();
    command(data, &arguments, environment).await
}

/// Runs a command over the folder; returns its exit code and what it printed and said.
async fn command(
    data: &Path,
    arguments: &[&str],
    environment: &[(&'static str, String)],
) -> (Option<i32>, String, String) {
    let run = tokio::process::Command::new(binary())
        .args(arguments)
        .arg("--data-dir")
        .arg(data)
        .current_dir(data)
        .env("NO_COLOR", "1")
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .output();
    let run = tokio::time::timeout(PATIENCE, run).await.unwrap().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (run.status.code(), text(&run.stdout), text(&run.stderr))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_of_a_bad_day_is_the_same_and_says_what_it_compared() {
    let bench = Bench::new(5, 2.0, FaultPlan::chaos(5, LIFE * 4)).await;
    for life in 0..2 {
        let server = bench.server().await;
        bench.clock.sleep(LIFE).await;
        if life == 0 {
            server.kill().await;
        } else {
            let now = bench.venue.market_now();
            bench.all_live_after(&server, now).await;
            assert!(server.stop().await, "it ends in good order");
        }
    }
    let (data, configured) = (bench.data(), bench.environment());

    // who does not know the venue's protocol must not put an empty store in the place of a full one
    for arguments in [&["--check"][..], &[]] {
        let (code, _, said) = rebuild(&data, arguments, &[]).await;
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("venues.replay.protocol"), "{said}");
    }

    let (code, out, said) = rebuild(&data, &["--check"], &configured).await;
    assert_eq!(code, Some(0), "{said}{out}");
    // part, rows, sha256, same
    let mut lines = out.lines();
    assert_eq!(lines.next(), Some("part,rows,sha256,same"), "{out}");
    let mut parts: BTreeMap<&str, u64> = BTreeMap::new();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let [part, rows, hash, same] = cells[..] else {
            panic!("{line}");
        };
        assert_eq!((hash.len(), same), (64, "yes"), "{line}");
        parts.insert(part, rows.parse().unwrap());
    }
    let rows: u64 = parts.values().sum();
    let told = format!("the same: {rows} rows in {} parts", parts.len());
    assert!(said.contains(&told), "{said} lacks {told:?}");

    // it is the folder that was meant, and it has what a bad day leaves
    let store = EmbeddedStore::open(&data.join("series"), StoreOptions::default()).unwrap();
    let (mut late, mut holes) = (0, 0);
    for symbol in &bench.symbols {
        for part in ["trades", "ledger", "tallies"] {
            let part = format!("{part} {symbol}");
            assert!(parts.contains_key(&*part), "{part} was not compared");
        }
        for timeframe in ["1s", "1m", "1h", "1d"] {
            let part = format!("candles {symbol} {timeframe} trades");
            assert!(
                timeframe.ends_with(['h', 'd']) || parts.contains_key(&*part),
                "{part}"
            );
        }
        let tallies = store.tallies(symbol, TimeRange::ALL).await.unwrap();
        late += tallies.iter().map(|day| day.late).sum::<u64>();
        holes += parts[&*format!("ledger {symbol}")];
    }
    assert!(late > 0 && holes > 0, "{late} late trades, {holes} entries");
    drop(store);
    println!(
        "{rows} rows in {} parts, {late} late trades, {holes} entries of the ledger",
        parts.len()
    );

    // a part of the time is compared, when that is asked for
    let span = ["--check", "--to", "2000-01-01"];
    let (code, out, said) = rebuild(&data, &span, &configured).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(!out.contains("trades"), "nothing was traded then: {out}");

    // rows of an import wait in the log for whoever knows by which rule the venue's are ordered
    let file = data.join("more.csv");
    std::fs::write(
        &file,
        "ts_ms,price,qty,side,trade_id\n1577836800000,7195.24,0.5,buy,1\n",
    )
    .unwrap();
    let symbol = bench.symbols[0].to_string();
    let (venue, instrument) = symbol.split_once(':').unwrap();
    let import = [
        &["import", file.to_str().unwrap(), "--kind", "trades"][..],
        &["--venue", venue, "--symbol", instrument],
    ]
    .concat();
    let (code, _, said) = command(&data, &import, &[]).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("venues.replay.protocol"), "{said}");
    let (code, out, said) = rebuild(&data, &["--check"], &configured).await;
    assert_eq!(code, Some(0), "{said}{out}");
    let with_import: u64 = out
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(1).unwrap().parse::<u64>().unwrap())
        .sum();
    assert!(with_import > rows, "{with_import} after {rows} rows");

    // and what the log does not make is found
    let catalogue = data.join("series/catalog.db");
    let forged = tokio::process::Command::new("python3")
        .args(["-c", FORGE])
        .arg(&catalogue)
        .status()
        .await;
    if !forged.is_ok_and(|status| status.success()) {
        println!("skipped: without python3 no row is forged");
        return;
    }
    let (code, out, said) = rebuild(&data, &["--check"], &configured).await;
    assert_eq!(code, Some(1), "{said}{out}");
    assert!(said.contains("not what its log makes"), "{said}");
    assert!(
        said.contains("ledger "),
        "it does not say which part: {said}"
    );
    bench.venue.shutdown().await;
}

/// Takes one entry out of the ledger.
const FORGE: &str = "
import sqlite3, sys
catalogue = sqlite3.connect(sys.argv[1])
gone = catalogue.execute('delete from ledger where id = (select max(id) from ledger)').rowcount
catalogue.commit()
sys.exit(0 if gone == 1 else 1)
";
