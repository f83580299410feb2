//! How far the price went, the gap from the last close included.

use crate::{
    bar::{Bar, Inputs},
    definition::{Arguments, Definition, Group, ParameterError},
    indicator::Indicator,
    state::{BadWord, Visitor},
};

/// The largest of `high − low`, `|high − last close|` and `|low − last close|`; price units. First value at bar 1.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trange {
    last_close: f64,
    begun: bool,
}

impl Trange {
    /// Without parameters.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Indicator for Trange {
    const DEFINITION: &'static Definition = &Definition {
        name: "trange",
        title: "True Range",
        group: Group::Volatility,
        overlay: false,
        inputs: Inputs::HLC,
        parameters: &[],
        outputs: &["real"],
        remembers: false,
        repaints: false,
        source: "J. W. Wilder, New Concepts in Technical Trading Systems, 1978",
        revision: 1,
    };
    type Output = f64;

    fn from_arguments(_: &Arguments) -> Result<Self, ParameterError> {
        Ok(Self::new())
    }

    fn fresh(&self) -> Self {
        Self::new()
    }

    fn warm_up(&self) -> usize {
        1
    }

    #[inline]
    fn step(&mut self, bar: &Bar) -> f64 {
        let last = std::mem::replace(&mut self.last_close, bar.close);
        if !std::mem::replace(&mut self.begun, true) {
            return f64::NAN;
        }
        let larger = |a: f64, b: f64| if a > b { a } else { b };
        let gap = larger((bar.high - last).abs(), (bar.low - last).abs());
        larger(bar.high - bar.low, gap)
    }

    #[inline]
    fn look(&self, bar: &Bar) -> f64 {
        { *self }.step(bar)
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) -> Result<(), BadWord> {
        visitor.float(&mut self.last_close)?;
        visitor.flag(&mut self.begun)
    }
}
