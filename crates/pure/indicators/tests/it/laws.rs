//! What holds for every indicator of the catalogue, on random series.

use proptest::prelude::*;
use quantflow_indicators::{
    Bar, Bars, CATALOG, IndicatorSet, IndicatorSpec, ParameterKind, Snapshot,
};

use crate::synthetic::{Series, batch, bits, spec, stream};

/// A random text of an entry: short periods, so that windows wrap often.
fn any_spec() -> impl Strategy<Value = IndicatorSpec> {
    (
        0..CATALOG.len(),
        proptest::collection::vec(0_usize..1000, 8),
    )
        .prop_map(|(entry, draws)| {
            let definition = CATALOG[entry].definition;
            let values: Vec<String> = definition
                .parameters
                .iter()
                .zip(draws)
                .map(|(p, draw)| match p.kind {
                    ParameterKind::Whole { min, .. } => (min + draw % 25).to_string(),
                    ParameterKind::Real { min, max, .. }
                    | ParameterKind::RealLike { min, max, .. } => {
                        (draw as f64 / 250.0).clamp(min, max).to_string()
                    }
                    ParameterKind::Word { words } => words[draw % words.len()].0.to_owned(),
                    _ => panic!("a new kind of parameter: teach this test"),
                })
                .collect();
            spec(&format!("{}({})", definition.name, values.join(",")))
        })
}

/// Bars as they come: ticks of a grid, runs without movement, holes, now and then a broken or huge one.
fn any_series(holes: bool) -> impl Strategy<Value = Series> {
    let step = (
        -40_i64..40,
        0_i64..30,
        0_i64..30,
        0_u32..2000,
        0_u32..100,
        1_i64..40,
    );
    (proptest::collection::vec(step, 0..260), 1_i64..100_000).prop_map(move |(steps, start)| {
        let mut close = start + 2000;
        let mut time = 1_700_000_000_000_000_000;
        Series::of(
            steps
                .into_iter()
                .map(|(step, up, down, volume, oddity, hours)| {
                    let still = oddity < 20;
                    let open = close;
                    close = if still { close } else { (close + step).max(1) };
                    time += hours * 3_600_000_000_000;
                    let price = |ticks: i64| ticks as f64 / 100.0;
                    let (top, bottom) = (open.max(close), open.min(close));
                    let mut bar = Bar {
                        time,
                        open: price(open),
                        high: price(if still { top } else { top + up }),
                        low: price(if still {
                            bottom
                        } else {
                            (bottom - down).max(0)
                        }),
                        close: price(close),
                        volume: if still { 0.0 } else { f64::from(volume) / 8.0 },
                    };
                    match oddity {
                        90 if holes => bar.close = f64::NAN,
                        91 if holes => bar.high = f64::INFINITY,
                        92 if holes => bar.volume = -f64::INFINITY,
                        93 if holes => {
                            bar = Bar {
                                time: bar.time,
                                ..Bar::of_close(3e100)
                            }
                        }
                        94 if holes => std::mem::swap(&mut bar.high, &mut bar.low),
                        _ => {}
                    }
                    bar
                }),
        )
    })
}

fn columns(spec: &IndicatorSpec, rows: usize) -> Vec<Vec<f64>> {
    vec![vec![0.0; rows]; spec.definition().outputs.len()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn streaming_is_batch_bit_for_bit(spec in any_spec(), series in any_series(true)) {
        prop_assert_eq!(bits(&stream(spec.name(), &series)), bits(&batch(spec.name(), &series.bars())));
    }

    #[test]
    fn chunks_of_columns_and_single_bars_mix(spec in any_spec(), series in any_series(true), cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..5)) {
        let mut cuts: Vec<usize> = cuts.iter().map(|c| c.index(series.len() + 1)).collect();
        cuts.extend([0, series.len()]);
        cuts.sort_unstable();
        let mut indicator = spec.build().expect("builds");
        let mut got = columns(&spec, series.len());
        for (turn, pair) in cuts.windows(2).enumerate() {
            let (from, to) = (pair[0], pair[1]);
            if turn % 2 == 0 {
                let mut out: Vec<&mut [f64]> = got.iter_mut().map(|c| &mut c[from..to]).collect();
                indicator.extend(&series.bars().slice(from, to), &mut out).expect("columns fit");
            } else {
                let mut row = vec![0.0; got.len()];
                for i in from..to {
                    indicator.update(&series.bar(i), &mut row);
                    got.iter_mut().zip(&row).for_each(|(c, y)| c[i] = *y);
                }
            }
        }
        prop_assert_eq!(bits(&got), bits(&batch(spec.name(), &series.bars())));
    }

    #[test]
    fn a_peek_is_the_next_value_and_changes_nothing(spec in any_spec(), series in any_series(true), other in any_series(true)) {
        let mut indicator = spec.build().expect("builds");
        let (mut seen, mut row) = (columns(&spec, 1), vec![0.0; spec.definition().outputs.len()]);
        for i in 0..series.len() {
            let before = indicator.save();
            if i < other.len() {
                indicator.peek(&other.bar(i), &mut row);
            }
            indicator.peek(&series.bar(i), &mut row);
            prop_assert_eq!(&indicator.save(), &before);
            seen.iter_mut().zip(&row).for_each(|(c, y)| c[0] = *y);
            indicator.update(&series.bar(i), &mut row);
            let row: Vec<Vec<f64>> = row.iter().map(|y| vec![*y]).collect();
            prop_assert_eq!(bits(&seen), bits(&row), "bar {}", i);
        }
    }

    #[test]
    fn saved_and_restored_goes_on_as_if_uninterrupted(spec in any_spec(), series in any_series(true), cut in any::<prop::sample::Index>()) {
        let cut = cut.index(series.len() + 1);
        let mut indicator = spec.build().expect("builds");
        let mut row = vec![0.0; spec.definition().outputs.len()];
        for i in 0..cut {
            indicator.update(&series.bar(i), &mut row);
        }
        let text = serde_json::to_string(&indicator.save()).expect("json");
        let snapshot: Snapshot = serde_json::from_str(&text).expect("json");
        let mut restored = spec.build().expect("builds");
        if let Some(bar) = (cut > 0).then(|| series.bar(0)) {
            restored.update(&bar, &mut row);
        }
        restored.restore(&snapshot).expect("its own snapshot");
        prop_assert_eq!(restored.save(), indicator.save());
        let rest = series.bars().slice(cut, series.len());
        let (mut one, mut two) = (columns(&spec, series.len() - cut), columns(&spec, series.len() - cut));
        for (indicator, columns) in [(&mut indicator, &mut one), (&mut restored, &mut two)] {
            let mut out: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
            indicator.extend(&rest, &mut out).expect("columns fit");
        }
        prop_assert_eq!(bits(&one), bits(&two));
    }

    #[test]
    fn reset_is_new(spec in any_spec(), series in any_series(true)) {
        let mut indicator = spec.build().expect("builds");
        let new = indicator.save();
        let mut row = vec![0.0; spec.definition().outputs.len()];
        (0..series.len()).for_each(|i| indicator.update(&series.bar(i), &mut row));
        indicator.reset();
        prop_assert_eq!(indicator.save(), new);
    }

    #[test]
    fn later_bars_never_change_a_value(spec in any_spec(), series in any_series(true), cut in any::<prop::sample::Index>()) {
        let cut = cut.index(series.len() + 1);
        let whole = bits(&batch(spec.name(), &series.bars()));
        let part = bits(&batch(spec.name(), &series.bars().slice(0, cut)));
        for (whole, part) in whole.iter().zip(&part) {
            prop_assert!(spec.definition().repaints || whole[..cut] == part[..]);
        }
    }

    #[test]
    fn a_hole_gives_nothing_and_leaves_no_trace(spec in any_spec(), series in any_series(false), at in any::<prop::sample::Index>(), bad in prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(-1e101)]) {
        let at = at.index(series.len() + 1);
        let mut bars: Vec<Bar> = (0..series.len()).map(|i| series.bar(i)).collect();
        let hole = Bar { time: 1_700_000_000_000_000_000, open: bad, high: bad, low: bad, close: bad, volume: bad };
        bars.insert(at, hole);
        let holed = batch(spec.name(), &Series::of(bars).bars());
        let mut without = holed.clone();
        for column in &mut without {
            prop_assert!(column.remove(at).is_nan());
        }
        prop_assert_eq!(bits(&without), bits(&batch(spec.name(), &series.bars())));
    }

    #[test]
    fn the_first_value_is_after_the_warm_up(spec in any_spec(), series in any_series(false)) {
        // volume in every bar: without it a volume-weighted price has no value
        let series = Series { volume: vec![1.5; series.len()], ..series };
        for column in batch(spec.name(), &series.bars()) {
            for (i, y) in column.iter().enumerate() {
                prop_assert_eq!(y.is_nan(), i < spec.warm_up(), "{} row {}: {}", spec.name(), i, y);
            }
        }
    }

    #[test]
    fn oscillators_stay_in_their_bounds(series in any_series(true), n in 2_usize..20) {
        for text in [format!("rsi({n})"), format!("stoch({n},3,3)"), format!("stoch({n},3,ema,4,wma)"), format!("adx({n})")] {
            for y in batch(&text, &series.bars()).concat() {
                // an exponential average of numbers up to 100 may end a unit in the last place above
                prop_assert!(y.is_nan() || (0.0..=100.0 + 3e-14).contains(&y), "{text}: {y}");
            }
        }
        for text in [format!("atr({n})"), "trange".to_owned()] {
            let upright = Series { high: series.high.iter().zip(&series.low).map(|(h, l)| h.max(*l)).collect(), ..series.clone() };
            prop_assert!(batch(&text, &upright.bars()).concat().iter().all(|y| y.is_nan() || *y >= 0.0));
        }
    }

    #[test]
    fn bands_are_ordered_and_the_middle_is_the_average(series in any_series(false), n in 2_usize..20, wide in 0.0_f64..4.0) {
        let bands = batch(&format!("bbands({n},{wide})"), &series.bars());
        let average = batch(&format!("sma({n})"), &series.bars());
        prop_assert_eq!(bits(&bands[1..2]), bits(&average));
        for ((upper, middle), lower) in bands[0].iter().zip(&bands[1]).zip(&bands[2]) {
            prop_assert!(upper.is_nan() || (upper >= middle && middle >= lower));
        }
    }

    #[test]
    fn a_set_is_its_members(specs in proptest::collection::vec(any_spec(), 1..5), series in any_series(true)) {
        let text: Vec<&str> = specs.iter().map(IndicatorSpec::name).collect();
        let mut set = IndicatorSet::parse(&text.join(",")).expect("canonical names parse");
        let whole = set.extend(&series.bars()).expect("columns fit");
        let saved = set.save();
        let members: Vec<IndicatorSpec> = set.specs().cloned().collect();
        let apart: Vec<Vec<f64>> = members.iter().flat_map(|s| batch(s.name(), &series.bars())).collect();
        prop_assert_eq!(bits(&whole), bits(&apart));
        set.reset();
        let mut row = vec![0.0; set.width()];
        (0..series.len()).for_each(|i| set.update(&series.bar(i), &mut row));
        prop_assert_eq!(set.save(), saved);
        prop_assert_eq!(set.columns().len(), set.width());
    }

    #[test]
    fn the_canonical_name_reads_back(spec in any_spec()) {
        let again: IndicatorSpec = spec.name().parse().expect("canonical");
        prop_assert_eq!(again.arguments().values(), spec.arguments().values());
        prop_assert_eq!(again.name(), spec.name());
        let json = serde_json::to_string(&spec).expect("json");
        prop_assert_eq!(serde_json::from_str::<IndicatorSpec>(&json).expect("json"), spec);
    }

    #[test]
    fn a_damaged_snapshot_is_refused_or_harmless(spec in any_spec(), series in any_series(true), word in any::<prop::sample::Index>(), value in any::<u64>(), shorter in any::<bool>()) {
        let mut indicator = spec.build().expect("builds");
        let mut row = vec![0.0; spec.definition().outputs.len()];
        (0..series.len()).for_each(|i| indicator.update(&series.bar(i), &mut row));
        let mut snapshot = indicator.save();
        if shorter {
            snapshot.words.pop();
        } else if !snapshot.words.is_empty() {
            let word = word.index(snapshot.words.len());
            snapshot.words[word] = value;
        }
        let before = indicator.save();
        if indicator.restore(&snapshot).is_err() {
            prop_assert_eq!(indicator.save(), before);
        } else {
            prop_assert!(!shorter);
        }
        // whatever it took, it goes on without a panic
        (0..series.len()).for_each(|i| indicator.update(&series.bar(i), &mut row));
    }
}

#[test]
fn columns_that_do_not_fit_are_named() {
    let close = [1.0, 2.0, 3.0];
    let mut indicator = spec("atr(2)").build().expect("builds");
    let mut column = [0.0; 3];
    let error = indicator
        .extend(&Bars::of_close(&close), &mut [&mut column])
        .unwrap_err();
    assert_eq!(error.to_string(), "atr reads `high`, which has 0 of 3 rows");
    let mut indicator = spec("sma(2)").build().expect("builds");
    let error = indicator
        .extend(&Bars::of_close(&close), &mut [])
        .unwrap_err();
    assert_eq!(error.to_string(), "sma writes 1 columns, 0 were given");
    let error = indicator
        .extend(&Bars::of_close(&close), &mut [&mut column[..2]])
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "sma writes 3 rows, a column for 2 was given"
    );
}
