//! How far the price went, the gap from the last close included.

use crate::{
    bar::{Bar, Bars, Inputs},
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

#[inline]
fn true_range(high: f64, low: f64, last_close: f64) -> f64 {
    let larger = |a: f64, b: f64| if a > b { a } else { b };
    let gap = larger((high - last_close).abs(), (low - last_close).abs());
    larger(high - low, gap)
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
        true_range(bar.high, bar.low, last)
    }

    #[inline]
    fn look(&self, bar: &Bar) -> f64 {
        { *self }.step(bar)
    }

    fn run(&mut self, bars: &Bars<'_>, out: &mut [&mut [f64]]) {
        let (Some(out), Some(first)) = (out.first_mut(), bars.close.first()) else {
            return;
        };
        out[0] = self.step(&Bar {
            high: bars.high[0],
            low: bars.low[0],
            ..Bar::of_close(*first)
        });
        // each range waits for nothing but its bars
        let rows = bars.high[1..].iter().zip(&bars.low[1..]).zip(bars.close);
        for (y, ((high, low), last)) in out[1..].iter_mut().zip(rows) {
            *y = true_range(*high, *low, *last);
        }
        self.last_close = bars.close[bars.close.len() - 1];
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) -> Result<(), BadWord> {
        visitor.float(&mut self.last_close)?;
        visitor.flag(&mut self.begun)
    }
}
