//! Indicators: nanoseconds a bar, batch over columns and streaming bar by bar, at three sizes.
//!
//! ```text
//! cargo bench -p quantflow-benches --bench indicators            # ours
//! pip install TA-Lib numpy && python benches/peers/indicators_talib.py   # TA-Lib over the same bars, in the same minutes
//! ```
//!
//! Both make the same bars from the same integers, print ns a bar, and use one thread. `QUANTFLOW_BENCH_BARS=10000000` adds a size.
//! The columns are written into memory that exists; TA-Lib through Python allocates its own.

use std::{hint::black_box, sync::LazyLock};

use divan::{Bencher, counter::ItemsCount};
use quantflow_indicators::{
    Bar, Bars, Indicator, Inputs,
    catalog::{
        adx::Adx, atr::Atr, bbands::Bbands, ema::Ema, macd::Macd, obv::Obv, rsi::Rsi, rvwap::Rvwap,
        sma::Sma, stoch::Stoch, trange::Trange, vwap::Session, vwap::Vwap, wma::Wma,
    },
};

fn main() {
    divan::main();
}

/// Made bars: a walk of binomial steps on a grid of 0.01, one minute each.
struct Series {
    time: Vec<i64>,
    open: Vec<f64>,
    high: Vec<f64>,
    low: Vec<f64>,
    close: Vec<f64>,
    volume: Vec<f64>,
}

/// SplitMix64 of a counter.
fn noise(seed: u64, i: u64) -> u64 {
    let z = seed.wrapping_add((i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Series {
    fn make(bars: usize) -> Self {
        let empty = || Vec::with_capacity(bars);
        let mut s = Self {
            time: Vec::with_capacity(bars),
            open: empty(),
            high: empty(),
            low: empty(),
            close: empty(),
            volume: empty(),
        };
        let (mut walk, mut last) = (4_000_000_i64, 5_000_000_i64);
        for i in 0..bars as u64 {
            let (h, k) = (noise(1, i), noise(2, i));
            let bits = |x: u64, shift: u32, mask: u64| ((x >> shift) & mask).cast_signed();
            walk += (i64::from((h as u32).count_ones()) - 16) * 883
                + bits(k, 32, 0x3FF)
                + bits(k, 42, 0x3FF)
                - 1023;
            let folded = 10_000_000 - (walk.rem_euclid(20_000_000) - 10_000_000).abs();
            let close = 1_000_000 + folded;
            let open = last + bits(k, 52, 0x1FF) - 256;
            last = close;
            s.time
                .push((1_577_836_800 + 60 * i.cast_signed()) * 1_000_000_000);
            s.open.push(open as f64 / 100.0);
            s.high
                .push((open.max(close) + bits(h, 32, 0x7FF)) as f64 / 100.0);
            s.low
                .push((open.min(close) - bits(h, 44, 0x7FF)) as f64 / 100.0);
            s.close.push(close as f64 / 100.0);
            s.volume.push((1 + bits(k, 0, 0xF_FFFF)) as f64 / 1000.0);
        }
        s
    }

    fn bars(&self, n: usize) -> Bars<'_> {
        let all = Bars {
            time: &self.time,
            open: &self.open,
            high: &self.high,
            low: &self.low,
            close: &self.close,
            volume: &self.volume,
        };
        all.slice(0, n)
    }
}

fn sizes() -> Vec<usize> {
    let mut sizes = vec![1_000, 100_000, 1_000_000];
    sizes.extend(
        std::env::var("QUANTFLOW_BENCH_BARS")
            .ok()
            .and_then(|n| n.parse::<usize>().ok()),
    );
    sizes
}

static SERIES: LazyLock<Series> =
    LazyLock::new(|| Series::make(sizes().into_iter().max().unwrap_or(0)));
static BAR_LIST: LazyLock<Vec<Bar>> = LazyLock::new(|| {
    let bars = SERIES.bars(SERIES.close.len());
    let all = Inputs {
        open: true,
        ..Inputs::THLCV
    };
    (0..bars.len()).map(|i| bars.get(i, all)).collect()
});

fn batch<I: Indicator>(bencher: Bencher<'_, '_>, n: usize, indicator: &I) {
    let bars = SERIES.bars(n);
    let mut columns = vec![vec![0.0; n]; I::DEFINITION.outputs.len()];
    bencher.counter(ItemsCount::new(n)).bench_local(|| {
        let mut out: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
        assert!(indicator.batch(black_box(&bars), &mut out).is_ok());
    });
}

/// One number of an output, so that the loop must compute it.
trait First {
    fn first(&self) -> f64;
}

impl First for f64 {
    fn first(&self) -> f64 {
        *self
    }
}

impl<const N: usize> First for [f64; N] {
    fn first(&self) -> f64 {
        self[N - 1]
    }
}

fn streaming<I: Indicator<Output: First>>(bencher: Bencher<'_, '_>, n: usize, indicator: &I) {
    let bars = &BAR_LIST[..n];
    bencher.counter(ItemsCount::new(n)).bench_local(|| {
        let mut indicator = indicator.fresh();
        let mut sum = 0.0;
        for bar in black_box(bars) {
            sum += indicator.update(bar).first();
        }
        black_box(sum)
    });
}

macro_rules! cases {
    ($($name:ident: $make:expr;)*) => {
        mod batch_columns {
            use super::*;
            $(#[divan::bench(args = sizes())]
            fn $name(bencher: Bencher<'_, '_>, n: usize) {
                batch(bencher, n, &$make);
            })*
        }
        mod streaming_updates {
            use super::*;
            $(#[divan::bench(args = sizes())]
            fn $name(bencher: Bencher<'_, '_>, n: usize) {
                streaming(bencher, n, &$make);
            })*
        }
    };
}

fn good<T>(made: Result<T, quantflow_indicators::ParameterError>) -> T {
    made.unwrap_or_else(|e| panic!("{e}"))
}

cases! {
    sma20: good(Sma::new(20));
    ema20: good(Ema::new(20));
    wma20: good(Wma::new(20));
    rsi14: good(Rsi::new(14));
    macd12_26_9: good(Macd::new(12, 26, 9));
    bbands20_2: good(Bbands::new(20, 2.0));
    atr14: good(Atr::new(14));
    trange: Trange::new();
    stoch5_3_3: good(Stoch::new(5, 3, 3));
    stoch14_3_3: good(Stoch::new(14, 3, 3));
    adx14: good(Adx::new(14));
    obv: Obv::new();
    vwap_day: Vwap::new(Session::Day);
    vwap_start: Vwap::new(Session::Start);
    rvwap20: good(Rvwap::new(20));
}
