//! A venue's archives: what is imported of them is what a plain file brings, and what is not as it
//! should be is refused whole.

pub(crate) mod bytes;
mod refused;
mod same;

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
