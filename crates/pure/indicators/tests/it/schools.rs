//! Other libraries' figures, where their conventions are ours.

use quantflow_indicators::{Bar, Bars};
use serde_json::Value;

use crate::{
    recorded::{self, Table},
    synthetic::{Series, batch},
    talib,
};

/// Checks `got` against rows of which some are not known, each within `tolerance` absolute.
fn near(what: &str, got: &[f64], want: &[Option<f64>], tolerance: f64) {
    assert_eq!(got.len(), want.len(), "{what}");
    let mut compared = 0;
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        if let Some(w) = w {
            assert!(
                (g - w).abs() <= tolerance,
                "{what} row {i}: {g}, wanted {w}"
            );
            compared += 1;
        }
    }
    assert!(compared > 0, "{what}: nothing was compared");
}

fn skender_quotes() -> Option<Series> {
    let table = Table::read("indicators_skender/quotes/default.csv")?;
    let [open, high, low, close, volume] =
        ["open", "high", "low", "close", "volume"].map(|n| table.column(n));
    Some(Series::of((0..close.len()).map(|i| Bar {
        time: 0,
        open: open[i],
        high: high[i],
        low: low[i],
        close: close[i],
        volume: volume[i],
    })))
}

fn skender(name: &str, field: &str) -> Option<Vec<Option<f64>>> {
    let text = recorded::text(&format!(
        "indicators_skender/results/{name}.standard.json.gz"
    ))?;
    let rows: Vec<Value> = serde_json::from_str(&text).expect("json");
    Some(rows.iter().map(|row| row[field].as_f64()).collect())
}

/// Its ATR has another seed (it has a true range at the first bar) and its OBV begins at zero: the first is left out, the second is
/// compared by its changes.
#[test]
fn skender_agrees() {
    let Some(series) = skender_quotes() else {
        return;
    };
    for (file, field, ours, output) in [
        ("sma", "sma", "sma(20)", 0),
        ("ema", "ema", "ema(20)", 0),
        ("wma", "wma", "wma(14)", 0),
        ("rsi", "rsi", "rsi(14)", 0),
        ("bb", "upperBand", "bbands(20,2)", 0),
        ("bb", "sma", "bbands(20,2)", 1),
        ("bb", "lowerBand", "bbands(20,2)", 2),
        ("tr", "tr", "trange", 0),
        ("vwap", "vwap", "vwap(start)", 0),
    ] {
        let want = skender(file, field).expect("results beside the quotes");
        near(
            &format!("skender {file}.{field}"),
            &batch(ours, &series.bars())[output],
            &want,
            1e-9,
        );
    }
    let want = skender("obv", "obv").expect("results beside the quotes");
    let got = &batch("obv", &series.bars())[0];
    let first = got[0] - want[0].expect("a first value");
    let got: Vec<f64> = got.iter().map(|y| y - first).collect();
    near("skender obv", &got, &want, 1e-3);
}

#[test]
fn stockcharts_vwap_and_wma_agree() {
    let Some(table) = Table::read("indicators_stockcharts/cs-vwap.csv") else {
        return;
    };
    let flat: Vec<f64> = vec![0.0; table.column("Close").len()];
    let times = vec![0; flat.len()];
    let bars = Bars {
        time: &times,
        open: &flat,
        high: table.column("High"),
        low: table.column("Low"),
        close: table.column("Close"),
        volume: table.column("Volume"),
    };
    // the sheet's vwap is over the last 14 bars, or fewer at the beginning
    let want: Vec<Option<f64>> = table.column("vwap").iter().map(|w| Some(*w)).collect();
    let got = &batch("rvwap(14)", &bars)[0];
    near(
        "stockcharts vwap, full windows",
        &got[13..],
        &want[13..],
        1e-9,
    );
    near(
        "stockcharts vwap, first windows",
        &batch("vwap(start)", &bars)[0][..14],
        &want[..14],
        1e-9,
    );

    let Some(table) = Table::read("indicators_stockcharts/cs-wma.csv") else {
        return;
    };
    let got = &batch("wma(9)", &Bars::of_close(table.column("Close")))[0];
    let want: Vec<Option<f64>> = table.column("WMA").iter().map(|w| Some(*w)).collect();
    near("stockcharts wma", &got[8..], &want[8..], 6e-5);
}

/// TA-Lib's VWMA weighs closes: on bars without height the typical price is the close.
#[test]
fn a_rolling_vwap_of_flat_bars_is_vwma() {
    let Some(series) = talib::input("binance_BTCUSDT_1d") else {
        return;
    };
    let table = Table::read("indicators_talib/binance_BTCUSDT_1d_expected_overlap_studies.csv.gz");
    let table = table.expect("the table beside the input");
    let close = &series.close;
    let flat = Bars {
        high: close,
        low: close,
        ..series.bars()
    };
    let got = &batch("rvwap(30)", &flat)[0];
    let error = talib::error("VWMA", got, table.column("VWMA(timeperiod=30)"));
    println!("rvwap      {error:.1e}");
    assert!(error <= 1e-9, "relative error {error:e}");
}

/// A case of Tulip's vectors: a line of name and options, then inputs, then outputs, which begin after the warm-up.
fn tulip(text: &str, header: &str) -> Vec<Vec<f64>> {
    let mut lines = text
        .lines()
        .skip_while(|line| line.trim() != header)
        .skip(1);
    let mut rows = Vec::new();
    for line in lines
        .by_ref()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
    {
        let Some(list) = line.strip_prefix('{').and_then(|l| l.strip_suffix('}')) else {
            break;
        };
        rows.push(
            list.split(',')
                .map(|cell| cell.trim().parse().expect("a number"))
                .collect(),
        );
    }
    assert!(!rows.is_empty(), "no case `{header}`");
    rows
}

#[test]
fn tulip_agrees() {
    let Some(text) = recorded::text("indicators_tulip/atoz.txt") else {
        return;
    };
    for (header, ours, inputs) in [
        ("sma 5", "sma(5)", "c"),
        ("wma 5", "wma(5)", "c"),
        ("rsi 5", "rsi(5)", "c"),
        ("bbands 5 2", "bbands(5,2)", "c"),
        ("stoch 5 3 3", "stoch(5,3,3)", "hlc"),
        ("obv", "obv", "cv"),
    ] {
        let rows = tulip(&text, header);
        let input = |field: char| inputs.find(field).map_or(&[][..], |i| rows[i].as_slice());
        let bars = Bars {
            time: &[],
            open: &[],
            high: input('h'),
            low: input('l'),
            close: input('c'),
            volume: input('v'),
        };
        let mut got = batch(ours, &bars);
        let mut wanted = rows[inputs.len()..].to_vec();
        if header == "obv" {
            // begins at zero there
            let first = got[0][0];
            got[0].iter_mut().for_each(|y| *y -= first);
        }
        if header.starts_with("bbands") {
            // lower, middle, upper there
            wanted.reverse();
        }
        for (got, want) in got.iter().zip(&wanted) {
            let want: Vec<Option<f64>> = want.iter().map(|w| Some(*w)).collect();
            near(
                &format!("tulip {header}"),
                &got[got.len() - want.len()..],
                &want,
                6e-4,
            );
        }
    }
}
