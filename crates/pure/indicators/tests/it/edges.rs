//! Constant, motionless, huge and tiny series, by name and number.

use quantflow_indicators::{Bar, RestoreError, SNAPSHOT_FORMAT};

use crate::synthetic::{Series, batch, spec};

fn constant(price: f64, volume: f64) -> Series {
    Series::of((0..120).map(|i| Bar {
        time: i * 60_000_000_000,
        volume,
        ..Bar::of_close(price)
    }))
}

fn last(text: &str, series: &Series) -> Vec<f64> {
    batch(text, &series.bars())
        .iter()
        .map(|c| c[c.len() - 1])
        .collect()
}

#[test]
fn a_constant_series() {
    for price in [0.1, 60_000.01, 1e-8, 1e99] {
        let series = constant(price, 3.0);
        for text in ["rsi(14)", "atr(14)", "trange", "adx(14)"] {
            assert_eq!(last(text, &series), [0.0], "{text} of {price}");
        }
        assert_eq!(last("stoch(5,3,3)", &series), [0.0, 0.0]);
        assert_eq!(last("obv", &series), [3.0]);
        for text in [
            "sma(20)",
            "ema(20)",
            "wma(20)",
            "vwap(day)",
            "vwap(start)",
            "rvwap(20)",
        ] {
            let off = (last(text, &series)[0] / price - 1.0).abs();
            assert!(off <= 1e-14, "{text} of {price} is off by {off:e}");
        }
        let bands = last("bbands(20,2)", &series);
        assert!(
            bands[0] == bands[1] && bands[1] == bands[2],
            "no width: {bands:?}"
        );
    }
}

#[test]
fn no_volume_has_no_volume_weighted_price() {
    let series = constant(5.0, 0.0);
    for text in ["vwap(day)", "vwap(start)", "rvwap(20)"] {
        assert!(last(text, &series)[0].is_nan(), "{text}");
    }
    assert_eq!(last("obv", &series), [0.0]);
}

#[test]
fn the_largest_inputs_stay_finite() {
    let series = Series::of((0..300).map(|i| {
        let price = if i % 2 == 0 { 1e100 } else { -1e100 };
        Bar {
            time: i,
            open: price,
            high: 1e100,
            low: -1e100,
            close: price,
            volume: 1e100,
        }
    }));
    for text in [
        "sma(20)",
        "ema",
        "wma(20)",
        "rsi",
        "macd",
        "bbands(20,2)",
        "atr",
        "trange",
        "stoch",
        "adx",
        "obv",
        "vwap(start)",
        "rvwap(9)",
    ] {
        assert!(
            last(text, &series).iter().all(|y| y.is_finite()),
            "{text}: {:?}",
            last(text, &series)
        );
    }
}

#[test]
fn a_spike_is_gone_when_it_left_the_window() {
    let mut series = constant(1.25, 2.0);
    series.close[40] = 1e15;
    series.high[40] = 1e15;
    for text in [
        "sma(20)",
        "wma(20)",
        "bbands(20,2)",
        "rvwap(20)",
        "stoch(9,3,3)",
    ] {
        let quiet = batch(text, &constant(1.25, 2.0).bars());
        for (column, quiet) in batch(text, &series.bars()).iter().zip(&quiet) {
            assert_eq!(column[70..], quiet[70..], "{text}");
        }
    }
}

#[test]
fn rolling_windows_do_not_drift() {
    // a long walk with a large offset, against two exact passes over the last window
    let series = crate::synthetic::walk(200_000);
    let window = &series.close[series.len() - 20..];
    // prices are whole cents: exact sums
    let cents: i64 = window.iter().map(|c| (c * 100.0).round() as i64).sum();
    let mean = cents as f64 / 2000.0;
    let variance = window.iter().map(|c| (c - mean) * (c - mean)).sum::<f64>() / 20.0;
    let bands = last("bbands(20,2)", &series);
    assert!((last("sma(20)", &series)[0] / mean - 1.0).abs() < 1e-15);
    assert!(((bands[0] - bands[2]) / (4.0 * variance.sqrt()) - 1.0).abs() < 1e-12);
}

#[test]
fn a_daily_session_begins_at_midnight_utc() {
    let hour = 3_600_000_000_000_i64;
    let bar = |h: i64, price: f64, volume| Bar {
        time: h * hour,
        volume,
        ..Bar::of_close(price)
    };
    let series = Series::of([
        bar(22, 9.0, 1.0),
        bar(23, 12.0, 2.0),
        bar(24, 6.0, 5.0),
        bar(25, 7.0, 5.0),
    ]);
    assert_eq!(batch("vwap", &series.bars())[0], [9.0, 11.0, 6.0, 6.5]);
    assert_eq!(batch("vwap(week)", &series.bars())[0][2], 63.0 / 8.0);
}

#[test]
fn snapshots_of_others_are_refused() {
    let mut rsi = spec("rsi(14)").build().expect("builds");
    let other = spec("rsi(15)").build().expect("builds").save();
    let error = rsi.restore(&other).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the snapshot is of rsi(15), not of rsi(14)"
    );
    let mut newer = rsi.save();
    newer.format = SNAPSHOT_FORMAT + 1;
    assert!(matches!(
        rsi.restore(&newer),
        Err(RestoreError::Format { .. })
    ));
    let mut revised = rsi.save();
    revised.revision += 1;
    assert!(matches!(
        rsi.restore(&revised),
        Err(RestoreError::Revision { .. })
    ));
}
