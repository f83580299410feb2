//! Import, look, export, import again.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::{assert_fails, done, run};

/// Trades of two minutes whose sums are easy: ids from 1, one a second.
fn trades() -> String {
    let mut text = "ts_ms,price,qty,side,trade_id\n".to_owned();
    for i in 0..120_u64 {
        let side = ["buy", "sell", ""][(i % 3) as usize];
        let time = 1_700_000_040_000 + i * 1_000;
        writeln!(
            text,
            "{time},{}.25,0.00000001,{side},{}",
            100 + i % 7,
            i + 1
        )
        .unwrap();
    }
    text
}

fn import(folder: &Path, file: &str, data: &str, more: &[&str]) -> crate::Run {
    let mut arguments = vec![
        "import",
        file,
        "--kind",
        "trades",
        "--venue",
        "tape",
        "--symbol",
        "A/B",
        "--data-dir",
        data,
        "--format",
        "json",
    ];
    arguments.extend(more);
    run(folder, &arguments)
}

fn summary(run: &crate::Run) -> Value {
    assert_eq!(run.code, 0, "{}", run.err);
    serde_json::from_str(&run.out).unwrap()
}

#[test]
fn trades_come_back_exactly_from_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("t.csv"), trades()).unwrap();
    let first = summary(&import(folder, "t.csv", "one", &[]));
    assert_eq!(
        (&first["rows"], &first["newTrades"]),
        (&120.into(), &120.into())
    );
    let export = |data: &str, file: &str, kind: &str| {
        let mut arguments = vec![
            "export",
            "tape:A/B",
            "--kind",
            kind,
            "-o",
            file,
            "--data-dir",
            data,
        ];
        if kind == "candles" {
            arguments.extend(["--timeframe", "1m"]);
        }
        done(folder, &arguments);
    };
    export("one", "again.csv", "trades");
    let again = std::fs::read_to_string(folder.join("again.csv")).unwrap();
    assert_eq!(again, trades());
    export("one", "candles.csv", "candles");
    let candles = std::fs::read_to_string(folder.join("candles.csv")).unwrap();
    for file in [
        "again.csv.gz",
        "again.jsonl",
        "again.jsonl.gz",
        "again.parquet",
    ] {
        export("one", file, "trades");
        let data = file.replace('.', "-");
        let imported = summary(&import(folder, file, &data, &[]));
        assert_eq!(imported["newTrades"], 120, "{file}");
        export(&data, "third.csv", "trades");
        assert_eq!(
            std::fs::read_to_string(folder.join("third.csv")).unwrap(),
            again,
            "{file}"
        );
        export(&data, "candles3.csv", "candles");
        let third = std::fs::read_to_string(folder.join("candles3.csv")).unwrap();
        assert_eq!(third, candles, "{file}");
    }
    // nothing half written is left
    let parts = std::fs::read_dir(folder).unwrap();
    assert!(
        !parts
            .flatten()
            .any(|f| f.file_name().to_string_lossy().ends_with(".part"))
    );
}

#[test]
fn candles_are_what_the_trades_say() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("t.csv"), trades()).unwrap();
    summary(&import(folder, "t.csv", "data", &[]));
    let csv = done(folder, &["candles", "tape:A/B", "-t", "1m"]);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(
        lines[0],
        "open_time,open,high,low,close,volume,quote_volume,trades,taker_buy_volume,\
         taker_buy_quote_volume,first_trade_id,last_trade_id,state,complete"
    );
    // 2023-11-14T22:14:00Z; 60 trades of 1e-8 at 100.25 to 106.25, one after the other
    let quote: u64 = (0..60).map(|i| (100 + i % 7) * 100 + 25).sum();
    let fields: Vec<&str> = lines[1].split(',').collect();
    assert_eq!(
        &fields[..6],
        [
            "1700000040000",
            "100.25",
            "106.25",
            "100.25",
            "103.25",
            "0.0000006"
        ]
    );
    assert_eq!(fields[6].parse::<f64>().unwrap(), quote as f64 / 1e10);
    assert_eq!((fields[7], fields[10], fields[11]), ("60", "1", "60"));
    assert_eq!(lines.len(), 3);
    // the same by any name, as JSON with the API's names, and as a table
    let json = done(
        folder,
        &["candles", "A-B", "-t", "1m", "--format", "json", "-n", "1"],
    );
    let json: Vec<Value> = serde_json::from_str(&json).unwrap();
    assert_eq!(json.len(), 1, "the newest one");
    assert_eq!(json[0]["openTime"], "2023-11-14T22:15:00Z");
    assert_eq!(json[0]["firstTradeId"], 61);
    let newest = done(folder, &["trades", "tape:A/B", "-n", "1", "--time", "ns"]);
    assert_eq!(
        newest,
        "ts_ns,price,qty,side,trade_id\n1700000159000000000,100.25,0.00000001,,120\n"
    );
    let none = run(folder, &["trades", "tape:A/B", "--to", "2000-01-01"]);
    assert_eq!((none.code, none.out.lines().count()), (0, 1));
    assert!(none.err.contains("no trades in this span"), "{}", none.err);
    assert_fails(
        &run(folder, &["candles", "tape:A/C"]),
        1,
        &["tape:A/C", "did you mean tape:A/B?"],
    );
}

#[test]
fn the_same_file_is_not_taken_twice() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("t.csv"), trades()).unwrap();
    summary(&import(folder, "t.csv", "data", &[]));
    std::fs::copy(folder.join("t.csv"), folder.join("other-name.csv")).unwrap();
    let twice = import(folder, "other-name.csv", "data", &[]);
    assert_fails(&twice, 1, &["the same file was imported", "--again"]);
    let again = summary(&import(folder, "t.csv", "data", &["--again"]));
    assert_eq!(
        (&again["newTrades"], &again["knownAlready"]),
        (&0.into(), &120.into())
    );
    assert_eq!(
        done(folder, &["trades", "tape:A/B", "-n", "1000"])
            .lines()
            .count(),
        121
    );
}

#[test]
fn bad_rows_are_named_by_line_and_the_others_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut lines: Vec<String> = trades().lines().map(str::to_owned).collect();
    lines[10] = "1700000049000,abc,1,buy,10".to_owned(); // line 11
    lines.insert(20, String::new()); // line 21 is blank
    lines[30] = "1700000068000,1,1".to_owned(); // line 31
    lines[40] = "1700000078000,-5,1,buy,39".to_owned(); // line 41
    std::fs::write(folder.join("t.csv"), lines.join("\n")).unwrap();
    let run = import(folder, "t.csv", "data", &[]);
    let summary = summary(&run);
    assert_eq!(summary["rows"], 120);
    assert_eq!(summary["refused"], 3);
    assert_eq!(summary["newTrades"], 117);
    for line in [
        "line 11: bad-row: price",
        "line 31: bad-row: 3 columns",
        "line 41: ",
    ] {
        assert!(run.err.contains(line), "{line:?} in {}", run.err);
    }
    let verified = done(folder, &["verify", "tape:A/B", "--format", "json"]);
    let days: Vec<Value> = serde_json::from_str(&verified).unwrap();
    // a row whose time cannot be read belongs to no day
    assert_eq!(days[0]["count"], 117);
    assert_eq!(days[0]["quarantined"], 1);

    let none = "ts_ms,price,qty\nx,y,z\n";
    std::fs::write(folder.join("none.csv"), none).unwrap();
    let run = import(folder, "none.csv", "data", &[]);
    assert_fails(
        &run,
        1,
        &["no row of none.csv was taken", "line 2: bad-row"],
    );
}

#[test]
fn imported_candles_are_candles() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut text = "ts_ms,open,high,low,close,volume\n".to_owned();
    for i in 0..60_u64 {
        writeln!(
            text,
            "{},{i}.5,{}.5,{i}.25,{i}.75,2",
            1_700_002_800_000 + i * 60_000,
            i + 1
        )
        .unwrap();
    }
    std::fs::write(folder.join("c.csv"), &text).unwrap();
    let import = [
        "import",
        "c.csv",
        "--kind",
        "candles",
        "--timeframe",
        "1m",
        "--venue",
        "tape",
        "--symbol",
        "A/B",
    ];
    done(folder, &import);
    let minutes = done(folder, &["candles", "tape:A/B", "-t", "1m", "-n", "100"]);
    assert_eq!(minutes.lines().count(), 61);
    assert!(
        minutes.contains("1700002860000,1.5,2.5,1.25,1.75,2,"),
        "{minutes}"
    );
    let hour = done(folder, &["candles", "tape:A/B", "-t", "1h"]);
    assert!(
        hour.contains("1700002800000,0.5,60.5,0.25,59.75,120,"),
        "{hour}"
    );
    // values of indicators over the symbol and over the file are the same
    let set = "rsi(14),bbands(20,2)";
    let of_symbol = done(folder, &["indicators", "tape:A/B", "--set", set]);
    assert_eq!(
        of_symbol,
        done(folder, &["indicators", "c.csv", "--set", set])
    );
}
