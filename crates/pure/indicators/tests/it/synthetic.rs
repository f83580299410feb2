//! Made series, and indicators run over them.

use quantflow_indicators::{Bar, Bars, IndicatorSpec};

/// Columns of bars that own their values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Series {
    pub(crate) time: Vec<i64>,
    pub(crate) open: Vec<f64>,
    pub(crate) high: Vec<f64>,
    pub(crate) low: Vec<f64>,
    pub(crate) close: Vec<f64>,
    pub(crate) volume: Vec<f64>,
}

impl Series {
    pub(crate) fn push(&mut self, bar: Bar) {
        self.time.push(bar.time);
        self.open.push(bar.open);
        self.high.push(bar.high);
        self.low.push(bar.low);
        self.close.push(bar.close);
        self.volume.push(bar.volume);
    }

    pub(crate) fn of(bars: impl IntoIterator<Item = Bar>) -> Self {
        let mut series = Self::default();
        bars.into_iter().for_each(|bar| series.push(bar));
        series
    }

    pub(crate) fn bars(&self) -> Bars<'_> {
        Bars {
            time: &self.time,
            open: &self.open,
            high: &self.high,
            low: &self.low,
            close: &self.close,
            volume: &self.volume,
        }
    }

    pub(crate) fn bar(&self, i: usize) -> Bar {
        Bar {
            time: self.time[i],
            open: self.open[i],
            high: self.high[i],
            low: self.low[i],
            close: self.close[i],
            volume: self.volume[i],
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.close.len()
    }
}

pub(crate) fn spec(text: &str) -> IndicatorSpec {
    text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// The columns of an indicator over the whole series, in batch.
pub(crate) fn batch(text: &str, bars: &Bars<'_>) -> Vec<Vec<f64>> {
    let spec = spec(text);
    let mut columns = vec![vec![7.0; bars.len()]; spec.definition().outputs.len()];
    let mut out: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
    spec.build()
        .expect("builds")
        .batch(bars, &mut out)
        .unwrap_or_else(|e| panic!("{text}: {e}"));
    columns
}

/// The rows of an indicator, bar by bar.
pub(crate) fn stream(text: &str, series: &Series) -> Vec<Vec<f64>> {
    let spec = spec(text);
    let mut indicator = spec.build().expect("builds");
    let mut columns = vec![Vec::new(); spec.definition().outputs.len()];
    let mut row = vec![0.0; columns.len()];
    for i in 0..series.len() {
        indicator.update(&series.bar(i), &mut row);
        columns.iter_mut().zip(&row).for_each(|(c, y)| c.push(*y));
    }
    columns
}

pub(crate) fn bits(columns: &[Vec<f64>]) -> Vec<Vec<u64>> {
    // every NaN is the same answer
    let word = |y: &f64| if y.is_nan() { u64::MAX } else { y.to_bits() };
    columns
        .iter()
        .map(|c| c.iter().map(word).collect())
        .collect()
}

/// The benchmark's bars: a walk on a grid of 0.01, SplitMix64 of a counter, whole numbers until the last division.
pub(crate) fn walk(bars: usize) -> Series {
    fn noise(seed: u64, i: u64) -> u64 {
        let z = seed.wrapping_add((i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    let bits = |x: u64, shift: u32, mask: u64| ((x >> shift) & mask).cast_signed();
    let (mut walk, mut last) = (4_000_000_i64, 5_000_000_i64);
    Series::of((0..bars as u64).map(|i| {
        let (h, k) = (noise(1, i), noise(2, i));
        walk += (i64::from((h as u32).count_ones()) - 16) * 883
            + bits(k, 32, 0x3FF)
            + bits(k, 42, 0x3FF)
            - 1023;
        let close = 11_000_000 - (walk.rem_euclid(20_000_000) - 10_000_000).abs();
        let open = last + bits(k, 52, 0x1FF) - 256;
        last = close;
        Bar {
            time: (1_577_836_800 + 60 * i.cast_signed()) * 1_000_000_000,
            open: open as f64 / 100.0,
            high: (open.max(close) + bits(h, 32, 0x7FF)) as f64 / 100.0,
            low: (open.min(close) - bits(h, 44, 0x7FF)) as f64 / 100.0,
            close: close as f64 / 100.0,
            volume: (1 + bits(k, 0, 0xF_FFFF)) as f64 / 1000.0,
        }
    }))
}
