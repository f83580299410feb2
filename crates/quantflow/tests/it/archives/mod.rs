//! A venue's archives: what is imported of them is what a plain file brings, and what is not as it
//! should be is refused whole.

pub(crate) mod bytes;
mod folders;
mod refused;
mod same;
mod site;
mod urls;

use std::path::Path;

use crate::done;

/// Everything that a folder has of a symbol, as it is exported: trades, candles of these timeframes.
pub(crate) fn everything(folder: &Path, symbol: &str, timeframes: &[&str]) -> Vec<String> {
    let mut all = vec![done(folder, &["export", symbol, "--kind", "trades", "-q"])];
    all.extend(candles(folder, symbol, timeframes));
    all
}

/// Candles of these timeframes; whether one was revised since is not what they hold.
pub(crate) fn candles(folder: &Path, symbol: &str, timeframes: &[&str]) -> Vec<String> {
    timeframes
        .iter()
        .map(|timeframe| {
            let arguments = [
                "export",
                symbol,
                "--kind",
                "candles",
                "--timeframe",
                timeframe,
                "-q",
            ];
            let text = done(folder, &arguments);
            assert!(text.lines().count() > 1, "no {timeframe} candles");
            text.replace("revised", "closed")
        })
        .collect()
}

/// Asserts that two folders export the same, and says where they first differ.
pub(crate) fn assert_same(got: &[String], expected: &[String]) {
    assert_eq!(got.len(), expected.len());
    for (got, expected) in got.iter().zip(expected) {
        for (line, (got, expected)) in got.lines().zip(expected.lines()).enumerate() {
            assert_eq!(got, expected, "line {}", line + 1);
        }
        assert_eq!(got.lines().count(), expected.lines().count(), "lines");
    }
}
