//! The catalogue speaks the truth about itself, and nothing in it is unproven.

use std::collections::HashSet;

use quantflow_indicators::{CATALOG, ParameterKind, catalog};

use crate::{
    synthetic::{Series, batch, spec, walk},
    talib,
};

/// Entries whose truth is not a TA-Lib column of the same name, and where it is instead.
const OTHER_TRUTH: [(&str, &str); 1] = [(
    "rvwap",
    "schools.rs: TA-Lib's VWMA on flat bars, StockCharts' sheet",
)];

#[test]
fn every_entry_has_recorded_truth() {
    for entry in CATALOG {
        let name = entry.definition.name;
        let elsewhere = OTHER_TRUTH.iter().any(|(n, _)| *n == name);
        assert!(
            talib::COVERED.contains(&name) || elsewhere,
            "`{name}` has no recorded truth: add its columns to tests/it/talib.rs (COVERED), or compare it in tests/it/schools.rs and say so in OTHER_TRUTH"
        );
    }
}

#[test]
fn every_entry_describes_itself() {
    let mut names = HashSet::new();
    for entry in CATALOG {
        let d = entry.definition;
        assert!(
            names.insert(d.name),
            "`{}` stands twice in the catalogue",
            d.name
        );
        assert!(
            d.name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'),
            "`{}` is not lower case",
            d.name
        );
        assert!(
            !d.title.is_empty() && !d.source.is_empty(),
            "`{}` lacks a title or the source of its formula",
            d.name
        );
        assert!(
            !d.outputs.is_empty() && d.revision > 0,
            "`{}` lacks outputs or a revision",
            d.name
        );
        let outputs: HashSet<&str> = d.outputs.iter().copied().collect();
        assert_eq!(
            outputs.len(),
            d.outputs.len(),
            "`{}` names two outputs alike",
            d.name
        );
        for (i, p) in d.parameters.iter().enumerate() {
            let sound = match p.kind {
                ParameterKind::Whole { default, min, max } => (min..=max).contains(&default),
                ParameterKind::Real { default, min, max } => (min..=max).contains(&default),
                ParameterKind::RealLike { of, .. } => {
                    of < i && matches!(d.parameters[of].kind, ParameterKind::Real { .. })
                }
                ParameterKind::Word { words } => !words.is_empty(),
                _ => false,
            };
            assert!(
                sound,
                "`{}`: the default of `{}` is not one of its values",
                d.name, p.name
            );
        }
    }
    assert!(
        CATALOG.is_sorted_by_key(|e| e.definition.name),
        "the catalogue is not sorted by name"
    );
}

#[test]
fn every_entry_builds_with_its_defaults_and_reads_what_it_says() {
    let series = walk(300);
    for entry in CATALOG {
        let d = entry.definition;
        let indicator = spec(d.name)
            .build()
            .unwrap_or_else(|e| panic!("`{}` does not build: {e}", d.name));
        assert_eq!(indicator.warm_up(), spec(d.name).warm_up());
        let full = batch(d.name, &series.bars());
        // a column that it does not name may be anything
        let unread = |name: &str, column: &[f64]| {
            if d.inputs.names().contains(&name) {
                column.to_vec()
            } else {
                vec![f64::NAN; 300]
            }
        };
        let partial = Series {
            time: if d.inputs.time {
                series.time.clone()
            } else {
                vec![-5; 300]
            },
            open: unread("open", &series.open),
            high: unread("high", &series.high),
            low: unread("low", &series.low),
            close: unread("close", &series.close),
            volume: unread("volume", &series.volume),
        };
        let same = crate::synthetic::bits(&full)
            == crate::synthetic::bits(&batch(d.name, &partial.bars()));
        assert!(
            same,
            "`{}` reads a field that its inputs do not name",
            d.name
        );
        assert!(
            full.iter().all(|c| c.iter().any(|y| !y.is_nan())),
            "`{}` never has a value",
            d.name
        );
    }
}

#[test]
fn the_catalogue_is_searchable() {
    let names = |query: &str| {
        catalog::search(query)
            .map(|e| e.definition.name)
            .collect::<Vec<_>>()
    };
    assert_eq!(names("moving average"), ["ema", "macd", "sma", "wma"]);
    assert_eq!(names("BOLL"), ["bbands"]);
    assert_eq!(names("").len(), CATALOG.len());
    assert!(names("no such thing").is_empty());
}
