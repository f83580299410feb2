//! The volume-weighted price of the last bars.

use crate::{
    bar::{Bar, Inputs},
    definition::{Arguments, Definition, Group, ParameterError, period},
    indicator::Indicator,
    state::{BadWord, Visitor},
    window::{Sum, Window},
};

/// `Σ typical price · volume / Σ volume` over the last `timeperiod` bars, the typical price being `(high + low + close) / 3`;
/// price units. First value at bar `timeperiod − 1`; NaN while the window has no volume. TA-Lib's `VWMA` is the same of closes.
#[derive(Clone, Debug)]
pub struct Rvwap {
    turnover: Window<Sum>,
    volume: Window<Sum>,
}

impl Rvwap {
    /// Over `timeperiod` bars (1 to 100 000).
    ///
    /// # Errors
    /// When `timeperiod` is outside its range.
    pub fn new(timeperiod: usize) -> Result<Self, ParameterError> {
        Self::from_arguments(&Arguments::of(Self::DEFINITION, &[&timeperiod])?)
    }
}

#[inline]
fn ratio(turnover: f64, volume: f64) -> f64 {
    if volume == 0.0 {
        f64::NAN
    } else {
        turnover / volume
    }
}

impl Indicator for Rvwap {
    const DEFINITION: &'static Definition = &Definition {
        name: "rvwap",
        title: "Rolling Volume Weighted Average Price",
        group: Group::Overlap,
        overlay: true,
        inputs: Inputs::HLCV,
        parameters: &[period("timeperiod", 30, 1)],
        outputs: &["real"],
        remembers: false,
        repaints: false,
        source: "volume-weighted mean of the typical price over a window",
        revision: 1,
    };
    type Output = f64;

    fn from_arguments(arguments: &Arguments) -> Result<Self, ParameterError> {
        let span = arguments.whole(0)?;
        Ok(Self {
            turnover: Window::new(span),
            volume: Window::new(span),
        })
    }

    fn fresh(&self) -> Self {
        Self {
            turnover: self.turnover.fresh(),
            volume: self.volume.fresh(),
        }
    }

    fn warm_up(&self) -> usize {
        self.volume.span() - 1
    }

    #[inline]
    fn step(&mut self, bar: &Bar) -> f64 {
        let turnover = self.turnover.next(bar.typical_price() * bar.volume);
        ratio(turnover, self.volume.next(bar.volume))
    }

    #[inline]
    fn look(&self, bar: &Bar) -> f64 {
        let turnover = self.turnover.look(bar.typical_price() * bar.volume);
        ratio(turnover, self.volume.look(bar.volume))
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) -> Result<(), BadWord> {
        self.turnover.visit(visitor)?;
        self.volume.visit(visitor)
    }
}
