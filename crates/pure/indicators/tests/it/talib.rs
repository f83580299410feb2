//! Agreement with TA-Lib 0.8.1: every column it has of ours, on two real series and on a long made one.

use std::{collections::BTreeMap, fs};

use quantflow_indicators::{Bar, CATALOG};
use serde_json::Value;

use crate::{
    recorded::{self, Table},
    synthetic::{Series, batch, spec, walk},
};

const SERIES: [&str; 2] = ["binance_BTCUSDT_1d", "useq_AAPL_1d"];

/// The largest error allowed, relative to the value itself.
const TOLERANCE: f64 = 1e-9;

/// TA-Lib's functions that are ours under another name.
fn ours(function: &str, values: &[String]) -> String {
    match function {
        "VWAP" => "vwap(start)".to_owned(),
        _ if values.is_empty() => function.to_lowercase(),
        _ => format!("{}({})", function.to_lowercase(), values.join(",")),
    }
}

pub(crate) fn input(series: &str) -> Option<Series> {
    let table = Table::read(&format!("indicators_talib/{series}_input.csv.gz"))?;
    let [open, high, low, close, volume] =
        ["open", "high", "low", "close", "volume"].map(|n| table.column(n));
    Some(Series::of(table.column("ts_ms").iter().enumerate().map(
        |(i, ms)| Bar {
            time: *ms as i64 * 1_000_000,
            open: open[i],
            high: high[i],
            low: low[i],
            close: close[i],
            volume: volume[i],
        },
    )))
}

/// The largest relative error of `got` against `want`; NaN must stand at the same rows.
pub(crate) fn error(what: &str, got: &[f64], want: &[f64]) -> f64 {
    assert_eq!(got.len(), want.len(), "{what}");
    let mut worst = 0.0_f64;
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert_eq!(g.is_nan(), w.is_nan(), "{what}: row {i} is {g}, wanted {w}");
        if !w.is_nan() {
            worst = worst.max(if g == w { 0.0 } else { ((g - w) / w).abs() });
        }
    }
    worst
}

/// TA-Lib's columns of one of our indicators with default or other parameters, and what ours makes of them.
fn compare(series: &str, worst: &mut BTreeMap<String, (f64, usize)>) -> Option<()> {
    let bars = input(series)?;
    let index = recorded::text(&format!("indicators_talib/{series}_index.json"))?;
    let index: Value = serde_json::from_str(&index).expect("json");
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    for function in index["functions"].as_array().expect("functions") {
        let name = function["function"].as_str().expect("a name");
        let known = CATALOG
            .iter()
            .any(|e| e.definition.name.eq_ignore_ascii_case(name));
        // variants (other unstable periods, Metastock) are conventions that cannot be chosen yet
        if !known || function["variant"] != "" {
            continue;
        }
        // TA-Lib's order of parameters is the order in the column's name; serde_json sorts an object
        let column = function["columns"][0].as_str().expect("a column");
        let list = &column[column.find('(').expect("(") + 1..column.find(')').expect(")")];
        let values: Vec<String> = list
            .split(',')
            .filter(|p| !p.is_empty())
            .map(|p| p.split_once('=').expect("=").1.to_owned())
            .collect();
        let text = ours(name, &values);
        let spec = spec(&text);
        let lookback = function["lookback"].as_u64().expect("lookback") as usize;
        assert_eq!(spec.warm_up(), lookback, "{text}: the lookback of {column}");
        let group = function["group"].as_str().expect("group");
        if name != "VWAP" && name != "TRANGE" {
            assert_eq!(spec.definition().group.title(), group, "{text}: the group");
        }
        let outputs: Vec<&str> = function["outputs"]
            .as_array()
            .expect("outputs")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        assert_eq!(
            spec.definition().outputs,
            outputs,
            "{text}: the outputs' names"
        );
        let file = group.to_lowercase().replace(' ', "_");
        let table = tables.entry(file.clone()).or_insert_with(|| {
            Table::read(&format!("indicators_talib/{series}_expected_{file}.csv.gz"))
                .expect("the group's table")
        });
        let got = batch(&text, &bars.bars());
        for (got, column) in got
            .iter()
            .zip(function["columns"].as_array().expect("columns"))
        {
            let column = column.as_str().expect("a column");
            let error = error(column, got, table.column(column));
            assert!(
                got[..lookback].iter().all(|y| y.is_nan()) && !got[lookback].is_nan(),
                "{column}: first value"
            );
            assert!(
                error <= TOLERANCE,
                "{column} on {series}: relative error {error:e}"
            );
            let entry = worst.entry(spec.definition().name.to_owned()).or_default();
            *entry = (entry.0.max(error), entry.1 + 1);
        }
    }
    Some(())
}

/// Names of the catalogue that TA-Lib's columns cover.
pub(crate) const COVERED: [&str; 12] = [
    "adx", "atr", "bbands", "ema", "macd", "obv", "rsi", "sma", "stoch", "trange", "vwap", "wma",
];

#[test]
fn every_column_agrees_on_real_series() {
    let mut worst = BTreeMap::new();
    for series in SERIES {
        if compare(series, &mut worst).is_none() {
            return;
        }
    }
    println!("{:10} {:>8} {:>12}", "indicator", "columns", "max rel err");
    for (name, (error, columns)) in &worst {
        println!("{name:10} {columns:>8} {error:>12.1e}");
    }
    let names: Vec<&str> = worst.keys().map(String::as_str).collect();
    assert_eq!(names, COVERED);
}

#[test]
fn values_agree_far_into_a_long_series() {
    let Some(data) = recorded::path("") else {
        return;
    };
    let file = data.join("../bench/truth/indicators_talib.json");
    let Ok(text) = fs::read_to_string(&file) else {
        println!("skipped: no recorded data at {}", file.display());
        return;
    };
    let truth: Value = serde_json::from_str(&text).expect("json");
    let series = walk(1_000_000);
    let names = [
        ("SMA20", "sma(20)"),
        ("EMA20", "ema(20)"),
        ("RSI14", "rsi(14)"),
        ("MACD12_26_9", "macd(12,26,9)"),
        ("BBANDS20_2", "bbands(20,2)"),
        ("ATR14", "atr(14)"),
        ("STOCH5_3_3", "stoch(5,3,3)"),
        ("STOCH14_3_3", "stoch(14,3,3)"),
        ("ADX14", "adx(14)"),
        ("OBV", "obv"),
    ];
    assert_eq!(
        truth["indicators"].as_object().expect("indicators").len(),
        names.len()
    );
    for (theirs, ours) in names {
        let case = &truth["indicators"][theirs];
        for (k, column) in batch(ours, &series.bars()).iter().enumerate() {
            let first = column.iter().position(|y| !y.is_nan()).expect("a value");
            assert_eq!(
                case["first_valid"][k].as_u64(),
                Some(first as u64),
                "{ours} output {k}"
            );
            for (row, wanted) in case["at"].as_object().expect("rows") {
                let row: usize = row.parse().expect("a row");
                let Some(got) = column.get(row) else { continue };
                let want = wanted[k].as_f64().expect("a number");
                // TA-Lib's own running sums have drifted by 3e-14 of the price here, which a band's distance shows larger
                assert!(
                    (got - want).abs() <= 1e-9 * want.abs().max(1.0),
                    "{ours} output {k} at {row}: {got} {want}"
                );
            }
        }
    }
}
