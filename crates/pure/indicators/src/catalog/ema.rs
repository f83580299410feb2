//! The exponential average of the closes.

use crate::{
    average::Recursive,
    bar::{Bar, Bars, Inputs},
    definition::{Arguments, Definition, Group, ParameterError, period},
    indicator::Indicator,
    state::{BadWord, Visitor},
};

/// `y ← y + k·(x − y)` with `k = 2 / (timeperiod + 1)`, in price units; begun with the mean of the first `timeperiod` closes, as
/// TA-Lib does it in its default compatibility. First value at bar `timeperiod − 1`. The weight of the seed falls below 1e-9 after about
/// ten periods: until then, series that begin at different times disagree.
#[derive(Clone, Debug)]
pub struct Ema {
    average: Recursive,
}

impl Ema {
    /// Over `timeperiod` bars (1 to 100 000).
    ///
    /// # Errors
    /// When `timeperiod` is outside its range.
    pub fn new(timeperiod: usize) -> Result<Self, ParameterError> {
        Self::from_arguments(&Arguments::of(Self::DEFINITION, &[&timeperiod])?)
    }
}

impl Indicator for Ema {
    const DEFINITION: &'static Definition = &Definition {
        name: "ema",
        title: "Exponential Moving Average",
        group: Group::Overlap,
        overlay: true,
        inputs: Inputs::CLOSE,
        parameters: &[period("timeperiod", 30, 1)],
        outputs: &["real"],
        remembers: true,
        repaints: false,
        source: "R. G. Brown 1956; seed as TA-Lib: the mean of the first timeperiod closes",
        revision: 1,
    };
    type Output = f64;

    fn from_arguments(arguments: &Arguments) -> Result<Self, ParameterError> {
        Ok(Self {
            average: Recursive::exponential(arguments.whole(0)?),
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
