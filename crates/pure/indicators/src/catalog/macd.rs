//! The distance of two exponential averages, and its own average.

use crate::{
    average::Recursive,
    bar::{Bar, Bars, Inputs},
    definition::{Arguments, Definition, Group, ParameterError, period},
    indicator::{Indicator, Outputs},
    state::{BadWord, Visitor},
};

/// `macd = EMA(fast) − EMA(slow)`, `macdsignal = EMA(signal)` of it, `macdhist = macd − macdsignal`; price units.
///
/// As TA-Lib has it: the two averages give their first values at the same bar (the fast one is seeded with the closes just
/// before it), the outputs begin together when the signal does, at bar `slow + signal − 2`, and a fast period longer than the slow one
/// changes places with it.
#[derive(Clone, Copy, Debug)]
pub struct Macd {
    /// Closes that the fast average leaves out.
    skip: usize,
    skipped: usize,
    fast: Recursive,
    slow: Recursive,
    signal: Recursive,
}

impl Macd {
    /// Periods of the two averages (2 to 100 000) and of the signal (1 to 100 000).
    ///
    /// # Errors
    /// When a period is outside its range.
    pub fn new(
        fastperiod: usize,
        slowperiod: usize,
        signalperiod: usize,
    ) -> Result<Self, ParameterError> {
        let given: [&dyn std::fmt::Display; 3] = [&fastperiod, &slowperiod, &signalperiod];
        Self::from_arguments(&Arguments::of(Self::DEFINITION, &given)?)
    }
}

impl Indicator for Macd {
    const DEFINITION: &'static Definition = &Definition {
        name: "macd",
        title: "Moving Average Convergence/Divergence",
        group: Group::Momentum,
        overlay: false,
        inputs: Inputs::CLOSE,
        parameters: &[
            period("fastperiod", 12, 2),
            period("slowperiod", 26, 2),
            period("signalperiod", 9, 1),
        ],
        outputs: &["macd", "macdsignal", "macdhist"],
        remembers: true,
        repaints: false,
        source: "G. Appel, 1979; seeds as TA-Lib",
        revision: 1,
    };
    type Output = [f64; 3];

    fn from_arguments(arguments: &Arguments) -> Result<Self, ParameterError> {
        let (a, b) = (arguments.whole(0)?, arguments.whole(1)?);
        let (fast, slow) = (a.min(b), a.max(b));
        Ok(Self {
            skip: slow - fast,
            skipped: 0,
            fast: Recursive::exponential(fast),
            slow: Recursive::exponential(slow),
            signal: Recursive::exponential(arguments.whole(2)?),
        })
    }

    fn fresh(&self) -> Self {
        Self {
            skip: self.skip,
            skipped: 0,
            fast: self.fast.fresh(),
            slow: self.slow.fresh(),
            signal: self.signal.fresh(),
        }
    }

    fn warm_up(&self) -> usize {
        self.slow.span() + self.signal.span() - 2
    }

    #[inline]
    fn step(&mut self, bar: &Bar) -> [f64; 3] {
        let slow = self.slow.next(bar.close);
        if self.skipped < self.skip {
            self.skipped += 1;
            return Outputs::NAN;
        }
        let macd = self.fast.next(bar.close) - slow;
        if macd.is_nan() {
            return Outputs::NAN;
        }
        let signal = self.signal.next(macd);
        if signal.is_nan() {
            return Outputs::NAN;
        }
        [macd, signal, macd - signal]
    }

    #[inline]
    fn look(&self, bar: &Bar) -> [f64; 3] {
        { *self }.step(bar)
    }

    fn run(&mut self, bars: &Bars<'_>, out: &mut [&mut [f64]]) {
        let close = bars.close;
        let rows = close.len();
        let [macds, signals, hists] = out else { return };
        let (macds, signals, hists) =
            (&mut macds[..rows], &mut signals[..rows], &mut hists[..rows]);
        let mut me = *self;
        let mut i = 0;
        while i < rows {
            if me.signal.is_full() && i + 1 < rows {
                let x = [close[i], close[i + 1]];
                let (fast, slow) = (me.fast.advance_two(x), me.slow.advance_two(x));
                let macd = [fast[0] - slow[0], fast[1] - slow[1]];
                let signal = me.signal.advance_two(macd);
                macds[i..i + 2].copy_from_slice(&macd);
                signals[i..i + 2].copy_from_slice(&signal);
                hists[i..i + 2].copy_from_slice(&[macd[0] - signal[0], macd[1] - signal[1]]);
                i += 2;
            } else {
                [macds[i], signals[i], hists[i]] = me.step(&Bar::of_close(close[i]));
                i += 1;
            }
        }
        *self = me;
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) -> Result<(), BadWord> {
        visitor.index(&mut self.skipped, self.skip + 1)?;
        self.fast.visit(visitor)?;
        self.slow.visit(visitor)?;
        self.signal.visit(visitor)
    }
}
