//! An import that is killed half-way: what came of it is there, nothing waits for the rest, and a
//! further import of the same file makes it whole.

use std::fmt::Write as _;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use crate::{command, done, run};

const ROWS: u64 = 250_000;
/// How large a file may be: the log of all rows is several times as large.
const LIMIT: u64 = 200 << 10;
/// A file would be larger than it may be.
const SIGXFSZ: i32 = 25;
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

/// Runs an import that the system kills in the middle of a write, when the log's file is as large as it may
/// be: whoever watches from outside may look too late.
fn kill_half_way(folder: &Path) {
    let program = command(folder).get_program().to_owned();
    // in blocks of 512 bytes
    let limited = format!("ulimit -c 0; ulimit -f {}; exec \"$0\" \"$@\"", LIMIT / 512);
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(limited).arg(program).args(IMPORT);
    let output = shell.current_dir(folder).env_clear().output().unwrap();
    let signal = output.status.signal();
    assert_eq!(
        signal,
        Some(SIGXFSZ),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
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
