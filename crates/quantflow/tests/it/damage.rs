//! Rebuilding, and what damage looks like.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::{assert_fails, done, run};

/// Enough rows that they lie in files of their own.
fn imported(folder: &Path) {
    let mut text = "ts_ms,price,qty,side,trade_id\n".to_owned();
    for i in 0..70_000_u64 {
        let time = 1_700_000_000_000 + i * 10;
        writeln!(
            text,
            "{time},{}.{:02},0.{:03},buy,{}",
            100 + i % 7,
            i % 97,
            i % 999 + 1,
            i + 1
        )
        .unwrap();
    }
    std::fs::write(folder.join("t.csv"), text).unwrap();
    done(
        folder,
        &[
            "import", "t.csv", "--kind", "trades", "--venue", "tape", "--symbol", "A/B",
        ],
    );
}

fn parquet_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            parquet_files(&entry.path(), found);
        } else if entry.path().extension().is_some_and(|e| e == "parquet") {
            found.push(entry.path());
        }
    }
}

#[test]
fn a_rebuild_makes_the_same_and_damage_is_named_and_mended() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    imported(folder);
    let check = run(folder, &["rebuild", "--check"]);
    assert_eq!(check.code, 0, "{}", check.err);
    assert!(
        check.out.contains("trades tape:A/B,70000,"),
        "{}",
        check.out
    );
    assert!(!check.out.contains(",no\n"), "{}", check.out);
    assert!(check.err.contains("the same"), "{}", check.err);
    let candles = ["candles", "tape:A/B", "-t", "1s", "-n", "1000"];
    let before = done(folder, &candles);

    let mut files = Vec::new();
    parquet_files(&folder.join("data/series"), &mut files);
    let largest = files
        .iter()
        .max_by_key(|path| std::fs::metadata(path).unwrap().len())
        .expect("so many rows lie in files");
    let mut bytes = std::fs::read(largest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(largest, bytes).unwrap();
    let name = largest.file_name().unwrap().to_str().unwrap();
    let verify = run(folder, &["verify"]);
    assert_fails(&verify, 1, &["1 damaged", name, "quantflow rebuild"]);

    done(folder, &["rebuild"]);
    assert_eq!(run(folder, &["verify"]).code, 0);
    assert_eq!(done(folder, &candles), before);
    let left: Vec<_> = std::fs::read_dir(folder.join("data"))
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    assert!(
        !left.iter().any(|name| name.starts_with("series.")),
        "{left:?}"
    );
}
