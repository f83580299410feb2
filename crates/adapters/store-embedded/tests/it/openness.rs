//! The files as they lie, read by DuckDB and Polars.

use std::process::Command;

use quantflow_model::{Side, Timeframe, Trade};
use quantflow_seams::SeriesStore;
use quantflow_testkit::series_store_suite::{candle, candles_of, later, symbol, trade, trades_of};

use crate::suite::{Folder, files_only};

const SCRIPT: &str = include_str!("../read_as_it_lies.py");

#[tokio::test]
async fn duckdb_and_polars_read_the_files_as_they_lie() {
    let python = std::env::var("QUANTFLOW_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let there = Command::new(&python)
        .args(["-c", "import duckdb, polars"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !there {
        let must = std::env::var("QUANTFLOW_NO_SKIP").is_ok_and(|v| v == "1");
        assert!(
            !must,
            "{python} has no duckdb and polars, and QUANTFLOW_NO_SKIP=1"
        );
        println!("skipped: {python} has no duckdb and polars");
        return;
    }
    let fixture = Folder::new(files_only());
    let store = fixture.open_store();
    for at in 0..3_u64 {
        let mut commit = later(at);
        let prices = ["-1.25", "100", "12345678901234567890.125"];
        let rows: Vec<Trade> = (0..5_000_u64)
            .map(|n| Trade {
                side: [Side::Unknown, Side::Buy, Side::Sell][(n % 3) as usize],
                ..trade(
                    u128::from(at * 5_000 + n),
                    (at * 5_000 + n) as i64,
                    prices[at as usize],
                    "0.001",
                )
            })
            .collect();
        commit.trades = vec![
            (symbol("x:A/USDT"), trades_of(&rows)),
            (symbol("x:B/USDT"), trades_of(&rows[..10])),
        ];
        let bars: Vec<_> = (0..100)
            .map(|n| candle(at as i64 * 100 + n, "7.5"))
            .collect();
        commit.candles = vec![(symbol("x:A/USDT"), Timeframe::M1, candles_of(&bars))];
        store.commit(commit).await.unwrap();
    }
    let output = Command::new(&python)
        .args(["-c", SCRIPT])
        .arg(fixture.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let faults = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{faults}");
    // the script compares the two tools; here: no row is missing, and times are what they were
    assert!(said.contains("trades 15030 "), "{said}");
    assert!(said.contains(" 1704067200000 1704067214999"), "{said}");
}
