//! An import that is killed half-way: what came of it is there, nothing waits for the rest, and a
//! further import of the same file makes it whole.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::{command, done, run};

/// So many that a kill comes before the last of them, in any build.
const ROWS: u64 = 250_000;
const IMPORT: [&str; 8] = [
    "import", "t.csv", "--kind", "trades", "--venue", "tape", "--symbol", "A/B",
];

fn write_file(folder: &Path) {
    let mut text = "ts_ms,price,qty,side,trade_id\n".to_owned();
    for i in 0..ROWS {
        let time = 1_700_000_000_000 + i * 10;
        let (price, quantity) = (100 + i % 7, i % 999 + 1);
        writeln!(
            text,
            "{time},{price}.{:02},0.{quantity:03},buy,{}",
            i % 97,
            i + 1
        )
        .unwrap();
    }
    std::fs::write(folder.join("t.csv"), text).unwrap();
}

/// What a folder takes on the disk.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.metadata().map_or(0, |file| file.len()))
        .sum()
}

/// Starts an import and kills it, as `kill -9` does, once the log has some of it.
fn kill_half_way(folder: &Path) {
    let spawned = command(folder)
        .args(IMPORT)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut child: Child = spawned.unwrap();
    let log = folder.join("data/log/tape");
    let began = Instant::now();
    while size(&log) < 100_000 {
        assert!(child.try_wait().unwrap().is_none(), "it was done too soon");
        assert!(
            began.elapsed() < Duration::from_mins(2),
            "it writes nothing"
        );
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The state of the newest candle.
fn newest_state(folder: &Path) -> String {
    let text = done(folder, &["candles", "tape:A/B", "-t", "1m", "-n", "1"]);
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let at = header.iter().position(|name| *name == "state").unwrap();
    lines.next_back().unwrap()[at].to_owned()
}

/// Candles as they are exported, but for the column that says whether they were revised.
fn everything(folder: &Path) -> Vec<String> {
    ["1s", "1m", "1h", "1d"]
        .iter()
        .map(|timeframe| {
            let file = format!("{timeframe}.csv");
            let arguments = [
                "export",
                "tape:A/B",
                "--kind",
                "candles",
                "--timeframe",
                timeframe,
                "-o",
                &file,
            ];
            done(folder, &arguments);
            let text = std::fs::read_to_string(folder.join(&file)).unwrap();
            assert!(text.lines().count() > 1, "no {timeframe} candles");
            text.replace("revised", "closed")
        })
        .collect()
}

#[test]
fn nothing_waits_for_the_rest_and_a_further_import_makes_it_whole() {
    let whole = tempfile::tempdir().unwrap();
    write_file(whole.path());
    done(whole.path(), &IMPORT);

    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_file(folder);
    kill_half_way(folder);
    let said = run(folder, &["candles", "tape:A/B", "-t", "1m", "-n", "1"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("was cut off"), "{}", said.err);
    assert_eq!(newest_state(folder), "closed", "it waits for the rest");
    assert!(
        !run(folder, &["verify"]).err.contains("was cut off"),
        "it is told once"
    );

    let again = run(folder, &IMPORT);
    assert_eq!(again.code, 0, "{}", again.err);
    assert!(again.err.contains("cut off"), "{}", again.err);
    // rows that came twice make no trade twice; what they revise is known by its revision
    let trades = |folder: &Path| {
        done(
            folder,
            &["export", "tape:A/B", "--kind", "trades", "-o", "trades.csv"],
        );
        std::fs::read_to_string(folder.join("trades.csv")).unwrap()
    };
    assert!(trades(folder) == trades(whole.path()), "trades differ");
    assert!(
        everything(folder) == everything(whole.path()),
        "candles differ"
    );
    let check = run(folder, &["rebuild", "--check"]);
    assert_eq!(check.code, 0, "{}", check.err);
}
