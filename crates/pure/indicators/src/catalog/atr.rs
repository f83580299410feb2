//! Wilder's average of the true range.

use crate::{
    average::Recursive,
    bar::{Bar, Bars, Inputs},
    catalog::trange::Trange,
    definition::{Arguments, Definition, Group, ParameterError, period},
    indicator::Indicator,
    state::{BadWord, Visitor},
};

/// Wilder's average of [`Trange`], begun with the plain mean of the first `timeperiod` true ranges; price units. First value at
/// bar `timeperiod`. A series without range has 0.
#[derive(Clone, Copy, Debug)]
pub struct Atr {
    range: Trange,
    average: Recursive,
}

impl Atr {
    /// Over `timeperiod` true ranges (1 to 100 000).
    ///
    /// # Errors
    /// When `timeperiod` is outside its range.
    pub fn new(timeperiod: usize) -> Result<Self, ParameterError> {
        Self::from_arguments(&Arguments::of(Self::DEFINITION, &[&timeperiod])?)
    }
}

impl Indicator for Atr {
    const DEFINITION: &'static Definition = &Definition {
        name: "atr",
        title: "Average True Range",
        group: Group::Volatility,
        overlay: false,
        inputs: Inputs::HLC,
        parameters: &[period("timeperiod", 14, 1)],
        outputs: &["real"],
        remembers: true,
        repaints: false,
        source: "J. W. Wilder, New Concepts in Technical Trading Systems, 1978; seed as TA-Lib",
        revision: 1,
    };
    type Output = f64;

    fn from_arguments(arguments: &Arguments) -> Result<Self, ParameterError> {
        Ok(Self {
            range: Trange::new(),
            average: Recursive::wilder(arguments.whole(0)?),
        })
    }

    fn fresh(&self) -> Self {
        Self {
            range: Trange::new(),
            average: self.average.fresh(),
        }
    }

    fn warm_up(&self) -> usize {
        self.average.span()
    }

    #[inline]
    fn step(&mut self, bar: &Bar) -> f64 {
        let range = self.range.step(bar);
        if range.is_nan() {
            return f64::NAN;
        }
        self.average.next(range)
    }

    #[inline]
    fn look(&self, bar: &Bar) -> f64 {
        { *self }.step(bar)
    }

    fn run(&mut self, bars: &Bars<'_>, out: &mut [&mut [f64]]) {
        let Some(out) = out.first_mut() else { return };
        self.range.run(bars, &mut [&mut *out]);
        // the very first bar has no true range
        let skip = usize::from(out.first().is_some_and(|y| y.is_nan()));
        self.average.extend_in_place(&mut out[skip..]);
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) -> Result<(), BadWord> {
        self.range.visit(visitor)?;
        self.average.visit(visitor)
    }
}
