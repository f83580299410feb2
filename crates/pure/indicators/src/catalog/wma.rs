//! The linearly weighted average of the closes.

use crate::{
    average::Weighted,
    bar::{Bar, Bars, Inputs},
    definition::{Arguments, Definition, Group, ParameterError, period},
    indicator::Indicator,
    state::{BadWord, Visitor},
};

/// `(1·x₁ + 2·x₂ + … + n·xₙ) / (n(n+1)/2)` over the closes of the last `timeperiod` bars, the newest weighing most, in price
/// units. First value at bar `timeperiod − 1`.
#[derive(Clone, Debug)]
pub struct Wma {
    average: Weighted,
}

impl Wma {
    /// Over `timeperiod` bars (1 to 100 000).
    ///
    /// # Errors
    /// When `timeperiod` is outside its range.
    pub fn new(timeperiod: usize) -> Result<Self, ParameterError> {
        Self::from_arguments(&Arguments::of(Self::DEFINITION, &[&timeperiod])?)
    }
}

impl Indicator for Wma {
    const DEFINITION: &'static Definition = &Definition {
        name: "wma",
        title: "Weighted Moving Average",
        group: Group::Overlap,
        overlay: true,
        inputs: Inputs::CLOSE,
        parameters: &[period("timeperiod", 30, 1)],
        outputs: &["real"],
        remembers: false,
        repaints: false,
        source: "linear weights 1 … n, divided by n(n+1)/2",
        revision: 1,
    };
    type Output = f64;

    fn from_arguments(arguments: &Arguments) -> Result<Self, ParameterError> {
        Ok(Self {
            average: Weighted::new(arguments.whole(0)?),
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
