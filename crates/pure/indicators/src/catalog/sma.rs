//! The plain mean of the last closes.

use crate::{
    average::Simple,
    bar::{Bar, Bars, Inputs},
    definition::{Arguments, Definition, Group, ParameterError, period},
    indicator::Indicator,
    state::{BadWord, Visitor},
};

/// `(x₁ + … + xₙ) / n` over the closes of the last `timeperiod` bars, in price units. First value at bar `timeperiod − 1`.
#[derive(Clone, Debug)]
pub struct Sma {
    average: Simple,
}

impl Sma {
    /// Over `timeperiod` bars (1 to 100 000).
    ///
    /// # Errors
    /// When `timeperiod` is outside its range.
    pub fn new(timeperiod: usize) -> Result<Self, ParameterError> {
        Self::from_arguments(&Arguments::of(Self::DEFINITION, &[&timeperiod])?)
    }
}

impl Indicator for Sma {
    const DEFINITION: &'static Definition = &Definition {
        name: "sma",
        title: "Simple Moving Average",
        group: Group::Overlap,
        overlay: true,
        inputs: Inputs::CLOSE,
        parameters: &[period("timeperiod", 30, 1)],
        outputs: &["real"],
        remembers: false,
        repaints: false,
        source: "arithmetic mean",
        revision: 1,
    };
    type Output = f64;

    fn from_arguments(arguments: &Arguments) -> Result<Self, ParameterError> {
        Ok(Self {
            average: Simple::new(arguments.whole(0)?),
        })
    }

    fn fresh(&self) -> Self {
        Self {
            average: self.average.fresh(),
        }
    }

    fn warm_up(&self) -> usize {
        self.average.span() - 1
    }

    #[inline]
    fn step(&mut self, bar: &Bar) -> f64 {
        self.average.next(bar.close)
    }

    #[inline]
    fn look(&self, bar: &Bar) -> f64 {
        self.average.look(bar.close)
    }

    fn run(&mut self, bars: &Bars<'_>, out: &mut [&mut [f64]]) {
        if let Some(out) = out.first_mut() {
            self.average.extend(bars.close, out);
        }
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) -> Result<(), BadWord> {
        self.average.visit(visitor)
    }
}
