//! A folder of archives, laid out as the venue's.

use std::path::Path;

use serde_json::Value;

use super::bytes::{self, Style, Trade};
use super::{assert_same, everything};
use crate::{assert_fails, done, run};

const STYLE: Style = Style {
    micros: false,
    header: false,
};
/// 2024-08-08
const DAY: i64 = 1_723_075_200_000;
const LENGTH: i64 = 86_400_000;
const TIMEFRAMES: [&str; 3] = ["1m", "1h", "1d"];

/// Trades of a day, 300 of them with ids that go on from the day before.
fn of_day(day: i64) -> Vec<Trade> {
    bytes::made(DAY + day * LENGTH, 1 + day as u64 * 300, 300)
}

fn place(folder: &Path, kind: &str, symbol: &str, day: i64) -> String {
    let name = format!("{symbol}-{kind}-2024-08-{:02}.zip", 8 + day);
    let folder = folder.join(format!("data/spot/daily/{kind}/{symbol}"));
    let content = match kind {
        "trades" => bytes::trades(&of_day(day), STYLE),
        _ => bytes::aggregates(&of_day(day), STYLE),
    };
    bytes::write(&folder, &name, &content)
}

fn import(folder: &Path, from: &str, more: &[&str]) -> crate::Run {
    let mut arguments = vec!["import", from, "--venue", "binance", "--format", "json"];
    arguments.extend(more);
    run(folder, &arguments)
}

fn said(run: &crate::Run) -> Value {
    assert_eq!(run.code, 0, "{}", run.err);
    serde_json::from_str(&run.out).unwrap()
}

fn plain(days: &[i64]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let trades: Vec<Trade> = days.iter().flat_map(|day| of_day(*day)).collect();
    std::fs::write(folder.join("t.csv"), bytes::plain(&trades)).unwrap();
    let arguments = [
        "import", "t.csv", "--kind", "trades", "--venue", "binance", "--symbol", "BTC/USDT",
    ];
    done(folder, &arguments);
    everything(folder, "binance:BTC/USDT", &TIMEFRAMES)
}

#[test]
fn a_folder_is_imported_in_order_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for day in [3, 0, 1] {
        place(folder, "trades", "BTCUSDT", day);
    }
    // what is not asked for, or means nothing here
    place(folder, "aggTrades", "BTCUSDT", 0);
    place(folder, "trades", "ETHUSDT", 0);
    let marks = folder.join("data/futures/um/daily/markPriceKlines/BTCUSDT/1h");
    bytes::write(&marks, "BTCUSDT-1h-2024-08-08.zip", "");
    let futures = folder.join("data/futures/um/daily/trades/BTCUSDT");
    bytes::write(&futures, "BTCUSDT-trades-2024-08-12.zip", "");
    bytes::write(&marks, "BTCUSDT-bookDepth-2024-08-08.zip", "");

    let several = import(folder, "data", &["--symbol", "BTC/USDT"]);
    assert_fails(&several, 2, &["several kinds", "1 of aggTrades", "--kind"]);
    let chosen = ["--symbol", "BTC/USDT", "--kind", "trades"];
    // the data folder is beside, not among them
    let mut elsewhere = chosen.to_vec();
    elsewhere.extend(["--data-dir", "kept"]);
    let first = import(folder, "data", &elsewhere);
    let result = said(&first);
    assert_eq!(result["archives"], 3, "{result}");
    assert_eq!(result["newTrades"], 900);
    assert_eq!(
        result["missing"],
        serde_json::json!(["BTCUSDT trades 2024-08-10"])
    );
    assert!(
        first
            .err
            .contains("no archive for BTCUSDT trades 2024-08-10"),
        "{}",
        first.err
    );
    let kept = folder.join("kept");
    let kept = kept.to_str().unwrap();
    let export = |symbol: &str| {
        let text = done(
            folder,
            &[
                "export",
                symbol,
                "--kind",
                "trades",
                "-q",
                "--data-dir",
                kept,
            ],
        );
        text.lines().count()
    };
    assert_eq!(export("binance:BTC/USDT"), 901);
    // the missing day stands in the ledger as a hole of its ids
    let verified = done(
        folder,
        &[
            "verify",
            "binance:BTC/USDT",
            "--format",
            "json",
            "--data-dir",
            kept,
        ],
    );
    let days: Value = serde_json::from_str(&verified).unwrap();
    let holes: Vec<&Value> = days
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|day| day["missing"].as_array().into_iter().flatten())
        .collect();
    assert!(
        holes
            .iter()
            .any(|hole| hole["from"] == "601" && hole["to"] == "900"),
        "{holes:?}"
    );

    // the same again: nothing is read
    let again = said(&import(folder, "data", &elsewhere));
    assert_eq!(
        (&again["archives"], &again["passedOver"]),
        (&0.into(), &3.into())
    );
    // the missing day comes; without its checksum the hash alone says what is known
    place(folder, "trades", "BTCUSDT", 2);
    for day in 0..4 {
        let name = format!("BTCUSDT-trades-2024-08-{:02}.zip.CHECKSUM", 8 + day);
        std::fs::remove_file(folder.join("data/spot/daily/trades/BTCUSDT").join(name)).unwrap();
    }
    let filled = said(&import(folder, "data", &elsewhere));
    assert_eq!(
        (&filled["archives"], &filled["passedOver"]),
        (&1.into(), &3.into())
    );
    assert_eq!(
        (&filled["newTrades"], &filled["unverified"]),
        (&300.into(), &1.into())
    );
    assert_eq!(filled["missing"], serde_json::json!([]));
    std::fs::rename(folder.join("data"), folder.join("archives")).unwrap();
    std::fs::rename(kept, folder.join("data")).unwrap();
    let got = everything(folder, "binance:BTC/USDT", &TIMEFRAMES);
    assert_same(&got, &plain(&[0, 1, 2, 3]));
}

#[test]
fn a_span_chooses_and_a_month_has_its_days() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let archives = folder.join("archives");
    for day in 0..4 {
        place(&archives, "trades", "BTCUSDT", day);
    }
    let from = ["--from", "2024-08-09", "--to", "2024-08-10T12:00:00Z"];
    let result = said(&import(folder, "archives", &from));
    assert_eq!(
        (&result["archives"], &result["newTrades"]),
        (&2.into(), &600.into())
    );
    let month: Vec<Trade> = (0..4).flat_map(of_day).collect();
    bytes::write(
        &archives,
        "BTCUSDT-trades-2024-08.zip",
        &bytes::trades(&month, STYLE),
    );
    let result = said(&import(folder, "archives", &[]));
    assert_eq!(
        (&result["archives"], &result["newTrades"]),
        (&1.into(), &600.into())
    );
    assert_eq!(result["knownAlready"], 600);
    let got = everything(folder, "binance:BTC/USDT", &TIMEFRAMES);
    assert_same(&got, &plain(&[0, 1, 2, 3]));
}

#[test]
fn one_that_is_refused_keeps_no_other_from_being_taken() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let archives = folder.join("archives");
    for day in 0..3 {
        place(&archives, "trades", "BTCUSDT", day);
    }
    let bad = archives.join("data/spot/daily/trades/BTCUSDT/BTCUSDT-trades-2024-08-09.zip");
    let whole = std::fs::read(&bad).unwrap();
    std::fs::write(&bad, &whole[..whole.len() - 9]).unwrap();
    let failed = import(folder, "archives", &[]);
    assert_fails(
        &failed,
        1,
        &[
            "1 archives of archives were not taken",
            "2024-08-09.zip",
            "fetch it again",
        ],
    );
    let result: Value = serde_json::from_str(&failed.out).unwrap();
    assert_eq!(
        (&result["archives"], &result["refusedArchives"]),
        (&2.into(), &1.into())
    );
    std::fs::write(&bad, whole).unwrap();
    let result = said(&import(folder, "archives", &[]));
    assert_eq!(
        (&result["archives"], &result["passedOver"]),
        (&1.into(), &2.into())
    );
    let got = everything(folder, "binance:BTC/USDT", &TIMEFRAMES);
    assert_same(&got, &plain(&[0, 1, 2]));
}

#[test]
fn a_folder_without_what_is_asked_for_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::create_dir(folder.join("none")).unwrap();
    assert_fails(&import(folder, "none", &[]), 1, &["without a zip in it"]);
    let archives = folder.join("archives");
    place(&archives, "trades", "BTCUSDT", 0);
    for more in [
        &["--symbol", "ETH/USDT"][..],
        &["--kind", "candles"],
        &["--from", "2024-08-09"],
        &["--timeframe", "1m"],
    ] {
        assert_fails(
            &import(folder, "archives", more),
            1,
            &["1 zips", "check --symbol"],
        );
    }
    assert!(!folder.join("data").exists());
}
