//! `indicators` over a file.

use std::fmt::Write as _;

use crate::{assert_fails, done, run};

fn closes() -> Vec<f64> {
    (0..50)
        .map(|i| 100.0 + f64::from(i * 7 % 13) / 4.0)
        .collect()
}

fn file(closes: &[f64]) -> String {
    let mut text = "open_time,open,high,low,close,volume\n".to_owned();
    for (at, close) in closes.iter().enumerate() {
        let time = 1_700_000_040_000 + at as u64 * 60_000;
        writeln!(
            text,
            "{time},{close},{},{},{close},1.5",
            close + 1.0,
            close - 1.0
        )
        .unwrap();
    }
    text
}

#[test]
fn values_stand_beside_their_times_and_packed_files_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let closes = closes();
    std::fs::write(folder.path().join("c.csv"), file(&closes)).unwrap();
    let out = done(
        folder.path(),
        &["indicators", "c.csv", "--set", "sma(5),macd(12,26,9)"],
    );
    let mut lines = out.lines();
    let header = lines.next().unwrap();
    assert!(
        header.starts_with("open_time,sma(5),\"macd(12,26,9).macd\""),
        "{header}"
    );
    for (at, line) in lines.enumerate() {
        let fields: Vec<&str> = line.split(',').collect();
        assert_eq!(
            fields[0],
            (1_700_000_040_000 + at as u64 * 60_000).to_string()
        );
        if at < 4 {
            assert_eq!(fields[1], "", "no value before the fifth bar");
        } else {
            let mean = closes[at - 4..=at].iter().sum::<f64>() / 5.0;
            let value: f64 = fields[1].parse().unwrap();
            assert!((value - mean).abs() < 1e-9, "{value} {mean}");
        }
    }
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, file(&closes).as_bytes()).unwrap();
    std::fs::write(folder.path().join("c.csv.gz"), packed.finish().unwrap()).unwrap();
    let again = done(
        folder.path(),
        &["indicators", "c.csv.gz", "--set", "sma(5),macd(12,26,9)"],
    );
    assert_eq!(again, out);
}

#[test]
fn a_span_cuts_what_is_shown_and_changes_no_value() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("c.csv"), file(&closes())).unwrap();
    let all = done(folder.path(), &["indicators", "c.csv", "--set", "ema(10)"]);
    let from = "1700002440000"; // the 41st
    let cut = done(
        folder.path(),
        &["indicators", "c.csv", "--set", "ema(10)", "--from", from],
    );
    let wanted: Vec<&str> = all.lines().skip(41).collect();
    assert_eq!(cut.lines().skip(1).collect::<Vec<_>>(), wanted);
    let json = done(
        folder.path(),
        &[
            "indicators",
            "c.csv",
            "--set",
            "ema(10)",
            "--format",
            "json",
        ],
    );
    let rows: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    assert_eq!(rows.len(), 50);
    assert_eq!(rows[0]["ema(10)"], serde_json::Value::Null);
    assert_eq!(rows[0]["openTime"], "2023-11-14T22:14:00Z");
}

#[test]
fn a_bad_line_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for (text, words) in [
        (
            file(&closes()).replace("\n1700000100000,", "\n1700000100000,x"),
            &["line 3", "no number"],
        ),
        (
            file(&closes()).replace("\n1700000100000,", "\n1700000040000,"),
            &["line 3", "ascending"],
        ),
        (
            file(&closes()).replace("volume", "volum"),
            &["\"volum\"", "did you mean volume?"],
        ),
        (
            "1,2,3,4,5,6\n".to_owned(),
            &["names no columns", "open_time,open"],
        ),
    ] {
        std::fs::write(folder.path().join("c.csv"), text).unwrap();
        let run = run(folder.path(), &["indicators", "c.csv", "--set", "sma(5)"]);
        assert_fails(&run, 1, words);
        assert_eq!(run.out, "");
    }
}
