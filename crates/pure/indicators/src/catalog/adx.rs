//! How strongly the price trends, whichever way.

use crate::{
    average::Recursive,
    bar::{Bar, Inputs},
    definition::{Arguments, Definition, Group, ParameterError, period},
    indicator::Indicator,
    state::{BadWord, Visitor},
};

/// Wilder's average of `DX = 100 · |P − M| / (P + M)`, where `P` and `M` are Wilder's sums of the upward and downward
/// directional moves; 0 to 100. First value at bar `2·timeperiod − 1`.
///
/// The true range, by which the textbook divides both moves first, cancels out of DX and is left out here. As TA-Lib has it: the
/// sums begin with the moves of bars `1 … timeperiod − 1`; DX begins a bar later and its first `timeperiod` values are averaged plainly; at a bar
/// where nothing ever moved DX adds nothing to the seed, and leaves the average as it was. A constant series has 0. (TA-Lib takes sums below
/// 1e-14 for nothing; here only 0 is, so that prices of 1e-12 have a trend too.)
#[derive(Clone, Copy, Debug)]
pub struct Adx {
    span: usize,
    keep: f64,
    /// Bars seen, up to where the first moves are summed.
    seen: usize,
    high: f64,
    low: f64,
    up: f64,
    down: f64,
    average: Recursive,
    /// The last average: what it stays at while nothing moves.
    last: f64,
}

impl Adx {
    /// Over `timeperiod` bars (2 to 100 000).
    ///
    /// # Errors
    /// When `timeperiod` is outside its range.
    pub fn new(timeperiod: usize) -> Result<Self, ParameterError> {
        Self::from_arguments(&Arguments::of(Self::DEFINITION, &[&timeperiod])?)
    }
}

impl Indicator for Adx {
    const DEFINITION: &'static Definition = &Definition {
        name: "adx",
        title: "Average Directional Movement Index",
        group: Group::Momentum,
        overlay: false,
        inputs: Inputs::HLC,
        parameters: &[period("timeperiod", 14, 2)],
        outputs: &["real"],
        remembers: true,
        repaints: false,
        source: "J. W. Wilder, New Concepts in Technical Trading Systems, 1978; seeds as TA-Lib",
        revision: 1,
    };
    type Output = f64;

    fn from_arguments(arguments: &Arguments) -> Result<Self, ParameterError> {
        let span = arguments.whole(0)?;
        Ok(Self {
            span,
            keep: 1.0 - 1.0 / span as f64,
            seen: 0,
            high: 0.0,
            low: 0.0,
            up: 0.0,
            down: 0.0,
            average: Recursive::wilder(span),
            last: f64::NAN,
        })
    }

    fn fresh(&self) -> Self {
        let average = self.average.fresh();
        let (up, down, high, low, last) = (0.0, 0.0, 0.0, 0.0, f64::NAN);
        Self {
            seen: 0,
            high,
            low,
            up,
            down,
            average,
            last,
            ..*self
        }
    }

    fn warm_up(&self) -> usize {
        2 * self.span - 1
    }

    #[inline]
    fn step(&mut self, bar: &Bar) -> f64 {
        let rise = bar.high - self.high;
        let fall = self.low - bar.low;
        self.high = bar.high;
        self.low = bar.low;
        // the larger move counts alone, if it goes outward; of equal ones neither
        let up = if rise > fall && rise > 0.0 { rise } else { 0.0 };
        let down = if fall > rise && fall > 0.0 { fall } else { 0.0 };
        if self.seen < self.span {
            if self.seen > 0 {
                self.up += up;
                self.down += down;
            }
            self.seen += 1;
            return f64::NAN;
        }
        self.up = self.up * self.keep + up;
        self.down = self.down * self.keep + down;
        let moves = self.up + self.down;
        if moves == 0.0 {
            if self.average.is_full() {
                return self.last;
            }
            self.last = self.average.next(0.0);
            return self.last;
        }
        let dx = 100.0 * ((self.up - self.down).abs() / moves);
        let average = self.average.next(dx);
        // the weights of the average may sum to a little over one
        self.last = if average > 100.0 { 100.0 } else { average };
        self.last
    }

    #[inline]
    fn look(&self, bar: &Bar) -> f64 {
        { *self }.step(bar)
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) -> Result<(), BadWord> {
        visitor.index(&mut self.seen, self.span + 1)?;
        for field in [
            &mut self.high,
            &mut self.low,
            &mut self.up,
            &mut self.down,
            &mut self.last,
        ] {
            visitor.float(field)?;
        }
        self.average.visit(visitor)
    }
}
