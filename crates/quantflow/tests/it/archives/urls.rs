//! Archives from where a venue keeps them, over HTTP on this machine.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::bytes::{self, Style, Trade};
use super::site::{Site, Trouble};
use super::{assert_same, everything};
use crate::{assert_fails, command, done, run};

/// 2024-02-01
const START: i64 = 1_706_745_600_000;
const LENGTH: i64 = 86_400_000;
const TIMEFRAMES: [&str; 3] = ["1m", "1h", "1d"];

/// Trades of a day from 2024-02-01 on, with ids that go on from the day before.
fn of_day(day: i64) -> Vec<Trade> {
    bytes::made(START + day * LENGTH, 1 + day as u64 * 30, 30)
}

fn content(days: std::ops::Range<i64>) -> String {
    let trades: Vec<Trade> = days.flat_map(of_day).collect();
    let style = Style {
        micros: false,
        header: false,
    };
    bytes::trades(&trades, style)
}

fn month(month: u32) -> String {
    format!("monthly/trades/BTCUSDT/BTCUSDT-trades-2024-{month:02}.zip")
}

/// A day of March, which begins 29 days after the first of February.
fn march(day: i64) -> String {
    format!("daily/trades/BTCUSDT/BTCUSDT-trades-2024-03-{day:02}.zip")
}

/// February as a month, the first days of March as days.
fn site(days: std::ops::RangeInclusive<i64>) -> Site {
    let site = Site::start();
    site.put(&month(2), &content(0..29), true);
    for day in days {
        site.put(&march(day), &content(28 + day..29 + day), true);
    }
    site
}

fn arguments<'a>(url: &'a str, to: &'a str) -> Vec<&'a str> {
    vec![
        "import",
        url,
        "--venue",
        "binance",
        "--symbol",
        "BTC/USDT",
        "--kind",
        "trades",
        "--from",
        "2024-02-01",
        "--to",
        to,
        "--format",
        "json",
    ]
}

fn said(run: &crate::Run) -> Value {
    assert_eq!(run.code, 0, "{}", run.err);
    serde_json::from_str(&run.out).unwrap()
}

/// What a plain file of the first 33 days without these brings.
fn plain(missing: &[i64]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let days = (0..33).filter(|day| !missing.contains(day));
    let trades: Vec<Trade> = days.flat_map(of_day).collect();
    std::fs::write(folder.join("t.csv"), bytes::plain(&trades)).unwrap();
    let arguments = [
        "import", "t.csv", "--kind", "trades", "--venue", "binance", "--symbol", "BTC/USDT",
    ];
    done(folder, &arguments);
    everything(folder, "binance:BTC/USDT", &TIMEFRAMES)
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

#[test]
fn months_and_days_come_through_every_trouble_and_what_is_missing_is_named() {
    let site = site(1..=2);
    site.put(&march(4), &content(32..33), false);
    site.put(&march(5), "", true);
    site.trouble(&month(2), &[Trouble::Unavailable, Trouble::CutOff]);
    let beside = format!("{}.CHECKSUM", march(1));
    site.trouble(&beside, &[Trouble::Unavailable, Trouble::Unavailable]);
    site.trouble(&march(1), &[Trouble::TooMany]);
    site.trouble(&march(2), &[Trouble::Garbled]);
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let url = site.url();
    let began = Instant::now();
    let first = run(folder, &arguments(&url, "2024-03-06"));
    let result = said(&first);
    assert!(
        began.elapsed() >= Duration::from_secs(1),
        "Retry-After was not heeded"
    );
    assert_eq!(result["archives"], 5, "{result}");
    assert_eq!(result["newTrades"], 32 * 30);
    assert_eq!(
        (&result["unverified"], &result["empty"]),
        (&1.into(), &1.into())
    );
    assert_eq!(result["missing"], json!(["BTCUSDT trades 2024-03-03"]));
    assert!(
        first
            .err
            .contains("no archive for BTCUSDT trades 2024-03-03"),
        "{}",
        first.err
    );
    assert_eq!((site.asked(&month(2)), site.asked(&march(2))), (3, 2));
    assert_eq!(site.asked(&beside), 3);
    let got = everything(folder, "binance:BTC/USDT", &TIMEFRAMES);
    assert_same(&got, &plain(&[31]));
    assert_eq!(
        files(&folder.join("data/fetched")),
        0,
        "a file was left behind"
    );

    // what is there is not fetched again; what was missing is
    let fetched = site.fetched();
    let again = said(&run(folder, &arguments(&url, "2024-03-06")));
    assert_eq!(
        (&again["archives"], &again["passedOver"]),
        (&0.into(), &5.into())
    );
    site.put(&march(3), &content(31..32), true);
    let filled = said(&run(folder, &arguments(&url, "2024-03-06")));
    assert_eq!(
        (&filled["archives"], &filled["newTrades"]),
        (&1.into(), &30.into())
    );
    assert_eq!(filled["missing"], json!([]));
    // of the archive without a checksum only whether it is there, twice; the missing one twice
    assert_eq!(site.fetched() - fetched, 4);
    let got = everything(folder, "binance:BTC/USDT", &TIMEFRAMES);
    assert_same(&got, &plain(&[]));
}

#[test]
fn a_run_that_is_killed_goes_on_where_it_was() {
    let site = site(1..=4);
    site.trouble(&march(3), &[Trouble::Stalls]);
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let url = site.url();
    let arguments = arguments(&url, "2024-03-05");
    let mut child = command(folder)
        .args(&arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let journal = || {
        let text = std::fs::read_to_string(folder.join("data/imports.jsonl"));
        text.unwrap_or_default().matches("\"done\"").count()
    };
    while journal() < 3 || site.asked(&march(3)) == 0 {
        assert!(
            began.elapsed() < Duration::from_mins(2),
            "it does not come so far"
        );
        assert!(child.try_wait().unwrap().is_none(), "it is done too soon");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    site.release();
    let fetched = site.fetched();
    let result = said(&run(folder, &arguments));
    assert_eq!(
        (&result["archives"], &result["passedOver"]),
        (&2.into(), &3.into())
    );
    assert_eq!(
        site.fetched() - fetched,
        2,
        "what was imported was fetched again"
    );
    assert_eq!(
        files(&folder.join("data/fetched")),
        0,
        "a file was left behind"
    );
    let got = everything(folder, "binance:BTC/USDT", &TIMEFRAMES);
    assert_same(&got, &plain(&[]));
    assert_eq!(run(folder, &["rebuild", "--check"]).code, 0);
}

#[test]
fn a_month_without_an_archive_is_taken_by_its_days() {
    let site = Site::start();
    for day in 2..=29 {
        let path = format!("daily/trades/BTCUSDT/BTCUSDT-trades-2024-02-{day:02}.zip");
        site.put(&path, &content(day - 1..day), true);
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let url = site.url();
    let result = said(&run(folder, &arguments(&url, "2024-03-01")));
    assert_eq!(
        (&result["archives"], &result["newTrades"]),
        (&28.into(), &840.into())
    );
    assert_eq!(result["missing"], json!(["BTCUSDT trades 2024-02-01"]));
}

#[test]
fn an_address_that_gives_nothing_is_named_with_what_to_do() {
    let site = site(1..=1);
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let url = site.url();
    let whole = arguments(&url, "2024-03-02");
    // bytes that differ however often they are fetched
    site.trouble(&march(1), &[Trouble::Garbled, Trouble::Garbled]);
    let failed = run(folder, &whole);
    let words = [
        "1 archives of",
        "not what its checksum says",
        "2024-03-01.zip",
    ];
    assert_fails(&failed, 1, &words);
    let other = site_of_a_forbidden_day();
    let failed = run(folder, &arguments(&other.url(), "2024-03-02"));
    assert_fails(
        &failed,
        1,
        &["status 403", "check the URL", "0 archives were imported"],
    );
    let nowhere = format!("{url}/elsewhere");
    let failed = run(folder, &arguments(&nowhere, "2024-03-02"));
    assert_fails(&failed, 1, &["there is no archive", "check the address"]);

    let empty = tempfile::tempdir().unwrap();
    let zip = format!("{url}/x.zip");
    for (left_out, words) in [
        (4..6, "--symbol is needed"),
        (6..8, "--kind is needed"),
        (8..10, "--from is needed"),
    ] {
        let mut some = whole.clone();
        some.drain(left_out);
        assert_fails(&run(empty.path(), &some), 2, &[words, "such as"]);
    }
    let failed = run(empty.path(), &arguments(&zip, "2024-03-02"));
    assert_fails(&failed, 2, &["not the address before data/"]);
    assert_eq!(files(empty.path()), 0, "nothing may be made");
}

fn site_of_a_forbidden_day() -> Site {
    let site = site(1..=1);
    let path = format!("{}.CHECKSUM", march(1));
    site.trouble(&path, &[Trouble::Forbidden]);
    site
}
