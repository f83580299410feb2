//! An archive brings what a plain file of the same rows brings, to the last digit.

use std::io::Read;
use std::path::Path;

use serde_json::Value;

use super::bytes::{self, Style, Trade};
use super::{assert_same, candles, everything};
use crate::{done, run};

const ALL: [&str; 6] = ["1s", "15s", "1m", "5m", "1h", "1d"];

fn recorded(name: &str) -> Option<String> {
    let path = quantflow_testkit::recorded::path(name)?;
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap();
    flate2::read::MultiGzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    Some(text)
}

/// The recorded trades of a symbol, by day.
fn recorded_trades() -> Option<Vec<(String, Vec<Trade>)>> {
    let text = recorded("canonical/binance-spot_BTCUSDT_trades_tick_20240808_20240809.csv.gz")?;
    let trades: Vec<Trade> = text
        .lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            Trade {
                millis: fields[0].parse().unwrap(),
                price: fields[1].to_owned(),
                quantity: fields[2].to_owned(),
                side: fields[3].to_owned(),
                id: fields[4].parse().unwrap(),
            }
        })
        .collect();
    let day = |trade: &Trade| trade.millis / 86_400_000;
    let days = trades.chunk_by(|a, b| day(a) == day(b));
    let named = days.map(|days| {
        // 2024-08-08 is day 19943
        (
            format!("2024-08-{:02}", day(&days[0]) - 19_943 + 8),
            days.to_vec(),
        )
    });
    Some(named.collect())
}

fn plain_import(folder: &Path, text: &str) {
    std::fs::write(folder.join("t.csv"), text).unwrap();
    done(
        folder,
        &[
            "import", "t.csv", "--kind", "trades", "--venue", "binance", "--symbol", "BTCUSDT",
        ],
    );
}

fn import(folder: &Path, archive: &str) -> Value {
    let arguments = ["import", archive, "--venue", "binance", "--format", "json"];
    serde_json::from_str(&done(folder, &arguments)).unwrap()
}

fn styles() -> impl Iterator<Item = Style> {
    [(false, false), (true, false), (false, true), (true, true)]
        .into_iter()
        .map(|(micros, header)| Style { micros, header })
}

#[test]
fn recorded_trades_in_every_style() {
    let Some(days) = recorded_trades() else {
        return;
    };
    assert_eq!(days.len(), 2);
    let whole: Vec<Trade> = days.iter().flat_map(|(_, day)| day.clone()).collect();
    let plain = tempfile::tempdir().unwrap();
    plain_import(plain.path(), &bytes::plain(&whole));
    let expected = everything(plain.path(), "binance:BTC/USDT", &ALL);
    for style in styles() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for (day, trades) in &days {
            let name = format!("BTCUSDT-trades-{day}.zip");
            let path = bytes::write(folder, &name, &bytes::trades(trades, style));
            let said = import(folder, &path);
            assert_eq!(said["symbol"], "binance:BTC/USDT");
            assert_eq!(said["verified"], true);
            assert_eq!(said["newTrades"], trades.len());
            assert_eq!(said["refused"], 0);
        }
        let got = everything(folder, "binance:BTC/USDT", &ALL);
        assert_same(&got, &expected);
    }
}

#[test]
fn recorded_trades_as_aggregates_make_the_same_candles() {
    let Some(days) = recorded_trades() else {
        return;
    };
    let whole: Vec<Trade> = days.iter().flat_map(|(_, day)| day.clone()).collect();
    let plain = tempfile::tempdir().unwrap();
    plain_import(plain.path(), &bytes::plain(&whole));
    let expected = candles(plain.path(), "binance:BTC/USDT", &ALL);
    for style in styles() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for (day, trades) in &days {
            let name = format!("BTCUSDT-aggTrades-{day}.zip");
            let text = bytes::aggregates(trades, style);
            assert!(text.lines().count() < trades.len(), "nothing is together");
            let said = import(folder, &bytes::write(folder, &name, &text));
            assert_eq!(said["newTrades"], trades.len(), "{said}");
            assert_eq!(
                (&said["knownAlready"], &said["refused"]),
                (&0.into(), &0.into())
            );
        }
        let got = candles(folder, "binance:BTC/USDT", &ALL);
        assert_same(&got, &expected);
        // trades that are known only together say so
        let export = done(
            folder,
            &["export", "binance:BTC/USDT", "--kind", "trades", "-q"],
        );
        assert!(
            export.lines().count() < whole.len(),
            "single trades were made up"
        );
        // single trades of the same time bring nothing new, and the rows themselves come again
        let (day, trades) = &days[0];
        let name = format!("BTCUSDT-trades-{day}.zip");
        let said = import(
            folder,
            &bytes::write(folder, &name, &bytes::trades(trades, style)),
        );
        assert_eq!(said["newTrades"], 0, "{said}");
        assert!(
            candles(folder, "binance:BTC/USDT", &ALL) == expected,
            "candles changed"
        );
        assert_eq!(run(folder, &["rebuild", "--check"]).code, 0);
    }
}

#[test]
fn recorded_klines_in_milliseconds_and_microseconds() {
    let Some(text) =
        recorded("klines_binance_spot/binance_BTCUSDT_klines_1h_20220101_20260430.csv.gz")
    else {
        return;
    };
    let (header, rows) = text.split_once('\n').unwrap();
    let month = |from: i64, to: i64| -> Vec<&str> {
        let time = |line: &str| line.split(',').next().unwrap().parse::<i64>().unwrap();
        rows.lines()
            .filter(|line| (from..to).contains(&time(line)))
            .collect()
    };
    // 2024-12 and 2025-01
    let december = month(1_733_011_200_000, 1_735_689_600_000);
    let january = month(1_735_689_600_000, 1_738_368_000_000);
    assert_eq!((december.len(), january.len()), (744, 744));

    let plain = tempfile::tempdir().unwrap();
    let lines: Vec<&str> = december.iter().chain(&january).copied().collect();
    std::fs::write(
        plain.path().join("k.csv"),
        format!("{header}\n{}\n", lines.join("\n")),
    )
    .unwrap();
    let arguments = [
        "import",
        "k.csv",
        "--kind",
        "candles",
        "--timeframe",
        "1h",
        "--venue",
        "binance",
        "--symbol",
        "BTC/USDT",
    ];
    done(plain.path(), &arguments);
    let timeframes = ["1h", "4h", "1d", "1M"];
    let expected = candles(plain.path(), "binance:BTC/USDT", &timeframes);

    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut old = String::new();
    for line in &december {
        old.push_str(line);
        old.push_str(",0\n");
    }
    let mut new = "open_time,open,high,low,close,volume,close_time,quote_volume,count,\
                   taker_buy_volume,taker_buy_quote_volume,ignore\n"
        .to_owned();
    for line in &january {
        let mut fields: Vec<String> = line.split(',').map(str::to_owned).collect();
        fields[0].push_str("000");
        fields[6].push_str("999");
        new.push_str(&fields.join(","));
        new.push_str(",0\n");
    }
    let first = import(
        folder,
        &bytes::write(folder, "BTCUSDT-1h-2024-12.zip", &old),
    );
    assert_eq!(
        (&first["rows"], &first["refused"]),
        (&744.into(), &0.into())
    );
    assert_eq!(first["contents"], "1h klines");
    let second = bytes::write(folder, "BTCUSDT-1h-2025-01.zip", &new);
    assert_eq!(import(folder, &second)["rows"], 744);
    let got = candles(folder, "binance:BTC/USDT", &timeframes);
    assert_same(&got, &expected);
}

#[test]
fn what_a_name_does_not_say_is_said_by_flags() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let trades = bytes::made(1_723_075_200_000, 10, 30);
    let style = Style {
        micros: false,
        header: false,
    };
    let content = bytes::trades(&trades, style);
    let archive = bytes::zip(&[("whatever.csv", content.as_bytes())]);
    std::fs::write(folder.join("some.zip"), archive).unwrap();
    let arguments = [
        "import", "some.zip", "--venue", "tape", "--symbol", "A/B", "--kind", "trades", "--format",
        "json",
    ];
    let taken = run(folder, &arguments);
    assert_eq!(taken.code, 0, "{}", taken.err);
    assert!(taken.err.contains("taken unverified"), "{}", taken.err);
    let said: Value = serde_json::from_str(&taken.out).unwrap();
    assert_eq!(
        (&said["newTrades"], &said["verified"]),
        (&30.into(), &false.into())
    );
    let again = run(folder, &arguments);
    crate::assert_fails(&again, 1, &["the same file was imported", "--again"]);

    // as it is written of more than 4 GiB
    let name = "AB-trades-2024-08-08.csv";
    let long = bytes::long_zip(name, content.as_bytes());
    std::fs::write(folder.join("long.zip"), long).unwrap();
    let arguments = [
        "import", "long.zip", "--venue", "tape", "--symbol", "A/C", "--kind", "trades", "--format",
        "json",
    ];
    let contradicts = run(folder, &arguments);
    crate::assert_fails(&contradicts, 2, &["is of AB", "AC"]);
    let arguments = [
        "import", "long.zip", "--venue", "other", "--symbol", "A/B", "--format", "json",
    ];
    let said: Value = serde_json::from_str(&done(folder, &arguments)).unwrap();
    assert_eq!(
        (&said["newTrades"], &said["refused"]),
        (&30.into(), &0.into())
    );

    // a day on which nothing was traded
    let empty = bytes::write(folder, "AB-trades-2024-08-09.zip", "");
    let none = run(
        folder,
        &["import", &empty, "--venue", "tape", "--symbol", "A/B"],
    );
    assert_eq!(none.code, 0, "{}", none.err);
    assert!(none.err.contains("nothing was traded"), "{}", none.err);
}

#[test]
fn archives_of_futures_are_of_perpetuals() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let style = Style {
        micros: false,
        header: true,
    };
    let content = bytes::trades(&bytes::made(1_723_075_200_000, 10, 30), style);
    let archive = bytes::write(folder, "BTCUSDT-trades-2024-08-08.zip", &content);
    for more in [&[][..], &["--symbol", "BTCUSDT", "--again"]] {
        let mut arguments = vec![
            "import",
            &archive,
            "--venue",
            "binance-usdm",
            "--format",
            "json",
        ];
        arguments.extend(more);
        let said: Value = serde_json::from_str(&done(folder, &arguments)).unwrap();
        assert_eq!(said["symbol"], "binance-usdm:BTC/USDT:USDT");
    }
}
