//! Wilder's relative strength.

use crate::{
    average::Recursive,
    bar::{Bar, Bars, Inputs},
    definition::{Arguments, Definition, Group, ParameterError, period},
    indicator::Indicator,
    state::{BadWord, Visitor},
};

/// `100 · G / (G + L)`, where `G` and `L` are Wilder's averages of the rises and of the falls from close to close; 0 to 100.
///
/// Begun with the plain means of the first `timeperiod` changes: first value at bar `timeperiod`. A series that never moved has
/// no strength: 0, as TA-Lib has it (other libraries say 50 or 100).
#[derive(Clone, Copy, Debug)]
pub struct Rsi {
    last: f64,
    begun: bool,
    rises: Recursive,
    falls: Recursive,
}

impl Rsi {
    /// Over `timeperiod` changes (2 to 100 000).
    ///
    /// # Errors
    /// When `timeperiod` is outside its range.
    pub fn new(timeperiod: usize) -> Result<Self, ParameterError> {
        Self::from_arguments(&Arguments::of(Self::DEFINITION, &[&timeperiod])?)
    }
}

/// A change as a rise and a fall.
#[inline]
fn split(change: f64) -> (f64, f64) {
    let rise = if change > 0.0 { change } else { 0.0 };
    let fall = if change < 0.0 { -change } else { 0.0 };
    (rise, fall)
}

#[inline]
fn strength(rises: f64, falls: f64) -> f64 {
    let moves = rises + falls;
    let share = 100.0 * (rises / moves);
    if moves == 0.0 { 0.0 } else { share }
}

impl Indicator for Rsi {
    const DEFINITION: &'static Definition = &Definition {
        name: "rsi",
        title: "Relative Strength Index",
        group: Group::Momentum,
        overlay: false,
        inputs: Inputs::CLOSE,
        parameters: &[period("timeperiod", 14, 2)],
        outputs: &["real"],
        remembers: true,
        repaints: false,
        source: "J. W. Wilder, New Concepts in Technical Trading Systems, 1978; seed and zero case as TA-Lib",
        revision: 1,
    };
    type Output = f64;

    fn from_arguments(arguments: &Arguments) -> Result<Self, ParameterError> {
        let average = Recursive::wilder(arguments.whole(0)?);
        Ok(Self {
            last: 0.0,
            begun: false,
            rises: average,
            falls: average,
        })
    }

    fn fresh(&self) -> Self {
        Self {
            last: 0.0,
            begun: false,
            rises: self.rises.fresh(),
            falls: self.falls.fresh(),
        }
    }

    fn warm_up(&self) -> usize {
        self.rises.span()
    }

    #[inline]
    fn step(&mut self, bar: &Bar) -> f64 {
        if !self.begun {
            self.begun = true;
            self.last = bar.close;
            return f64::NAN;
        }
        let change = bar.close - self.last;
        self.last = bar.close;
        let rises = self.rises.next(if change > 0.0 { change } else { 0.0 });
        let falls = self.falls.next(if change < 0.0 { -change } else { 0.0 });
        let moves = rises + falls;
        if moves == 0.0 {
            0.0
        } else {
            100.0 * (rises / moves)
        }
    }

    #[inline]
    fn look(&self, bar: &Bar) -> f64 {
        { *self }.step(bar)
    }

    fn run(&mut self, bars: &Bars<'_>, out: &mut [&mut [f64]]) {
        let Some(out) = out.first_mut() else { return };
        let close = bars.close;
        let rows = close.len();
        let out = &mut out[..rows];
        let mut me = *self;
        let mut i = 0;
        while i < rows {
            if me.rises.is_full() && i + 1 < rows {
                let (x, y) = (close[i], close[i + 1]);
                let (one, two) = (split(x - me.last), split(y - x));
                me.last = y;
                let rises = me.rises.advance_two([one.0, two.0]);
                let falls = me.falls.advance_two([one.1, two.1]);
                out[i] = strength(rises[0], falls[0]);
                out[i + 1] = strength(rises[1], falls[1]);
                i += 2;
            } else {
                out[i] = me.step(&Bar::of_close(close[i]));
                i += 1;
            }
        }
        *self = me;
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) -> Result<(), BadWord> {
        visitor.float(&mut self.last)?;
        visitor.flag(&mut self.begun)?;
        self.rises.visit(visitor)?;
        self.falls.visit(visitor)
    }
}
