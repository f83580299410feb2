//! Volume added when the close rises and taken away when it falls.

use crate::{
    bar::{Bar, Inputs},
    definition::{Arguments, Definition, Group, ParameterError},
    indicator::Indicator,
    state::{BadWord, Visitor},
};

/// A running total from the first bar: its volume there, then `+ volume` when the close is above the last one, `− volume` when
/// below, unchanged when equal; units of volume. Begins with the first bar's volume as TA-Lib does (other schools begin at 0: the lines
/// then differ by a constant).
///
/// The total is a plain f64 sum: its error is at most one unit in the last place of the total a bar.
#[derive(Clone, Copy, Debug, Default)]
pub struct Obv {
    total: f64,
    last_close: f64,
    begun: bool,
}

impl Obv {
    /// Without parameters.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Indicator for Obv {
    const DEFINITION: &'static Definition = &Definition {
        name: "obv",
        title: "On Balance Volume",
        group: Group::Volume,
        overlay: false,
        inputs: Inputs::CLOSE_VOLUME,
        parameters: &[],
        outputs: &["real"],
        remembers: true,
        repaints: false,
        source: "J. Granville, New Key to Stock Market Profits, 1963; first value as TA-Lib",
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
        0
    }

    #[inline]
    fn step(&mut self, bar: &Bar) -> f64 {
        let last = std::mem::replace(&mut self.last_close, bar.close);
        if !self.begun {
            self.begun = true;
            self.total = bar.volume;
            return self.total;
        }
        // selected, not branched on: the direction of a market cannot be predicted
        let rise = if bar.close > last { bar.volume } else { 0.0 };
        let fall = if bar.close < last { bar.volume } else { 0.0 };
        self.total += rise - fall;
        self.total
    }

    #[inline]
    fn look(&self, bar: &Bar) -> f64 {
        { *self }.step(bar)
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) -> Result<(), BadWord> {
        visitor.float(&mut self.total)?;
        visitor.float(&mut self.last_close)?;
        visitor.flag(&mut self.begun)
    }
}
