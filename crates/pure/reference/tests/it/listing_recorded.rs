//! Symbol history beside recorded map files and the daily files named by ticker.

use std::collections::BTreeMap;

use crate::lean::{all_closes, directory};
use crate::table::{date, line};

#[test]
fn tickers_mean_what_they_meant() {
    let Some(directory) = directory() else { return };
    let meant = |ticker: &str, day: &str| {
        let found = directory.resolve(ticker, date(day));
        found.map(|history| history.instrument().to_owned())
    };
    let cases = [
        // another company's ticker until 2003
        ("FB", "2001-01-02", Some("fb.1")),
        ("FB", "2008-01-02", None),
        ("fb", "2012-05-18", Some("fb")),
        // class A became GOOGL, GOOG went to the new class C
        ("GOOG", "2014-04-02", Some("googl")),
        ("GOOG", "2014-04-03", Some("goog")),
        ("GOOGL", "2014-04-02", None),
        ("GOOGL", "2014-04-03", Some("googl")),
        ("GOOCV", "2014-03-27", Some("goog")),
        // News Corp, Fox, and the shell that the rest was sold in
        ("NWSA", "2013-06-28", Some("tfcfa")),
        ("FOXA", "2013-07-01", Some("tfcfa")),
        ("TFCFA", "2019-03-20", Some("tfcfa")),
        ("TFCFA", "2019-03-21", None),
        ("AOL", "2003-10-15", Some("twx")),
        ("TWX", "2003-10-16", Some("twx")),
        ("TWX", "2000-06-01", Some("twx.1")),
        // a note that matured and the one that took over its ticker
        ("VXX", "2019-01-29", Some("vxx.1")),
        ("VXXB", "2019-01-30", Some("vxx")),
        ("VXX", "2019-05-02", Some("vxx")),
        ("AAA", "2005-01-03", Some("aaa.1")),
        ("AAA", "2021-01-04", Some("aaa")),
        ("TAP.A", "2013-01-02", Some("tap.a")),
        ("TAPA", "2012-12-31", Some("tap.a")),
    ];
    for (ticker, day, expected) in cases {
        assert_eq!(meant(ticker, day).as_deref(), expected, "{ticker} on {day}");
    }
    for history in directory.histories() {
        for span in history.spans() {
            assert_eq!(history.ticker_on(span.from), Some(span.ticker.as_str()));
            let found = directory.resolve(&span.ticker, span.from).unwrap();
            assert_eq!(found.instrument(), history.instrument());
        }
    }
}

/// Every bar of a file named by ticker is some instrument's.
#[test]
fn every_bar_has_its_instrument() {
    let (Some(directory), Some(files)) = (directory(), all_closes()) else {
        return;
    };
    let files: BTreeMap<_, _> = files.into_iter().collect();
    for (ticker, closes) in files {
        let mut whose: BTreeMap<&str, usize> = BTreeMap::new();
        let mut nobody = Vec::new();
        for close in &closes {
            match directory.resolve(&ticker, close.date) {
                Some(history) => *whose.entry(history.instrument()).or_default() += 1,
                None => nobody.push(close.date),
            }
        }
        let found: usize = whose.values().sum();
        let reason = format!(
            "no map file says whose: {:?}..{:?}",
            nobody.first(),
            nobody.last()
        );
        line(
            "stocks_us_lean/map_files",
            &format!("{ticker} {whose:?}"),
            closes.len(),
            found,
            &reason,
        );
    }
}
