//! An average with a band of standard deviations around it.

use crate::{
    average::{Average, average_kind, stretch},
    bar::{Bar, Bars, Inputs},
    definition::{Arguments, Definition, Group, Parameter, ParameterError, ParameterKind, period},
    indicator::Indicator,
    state::{BadWord, Visitor},
    window::VarianceWindow,
};

/// `middle ± deviations · σ`: the middle is a moving average of the closes, σ their population standard deviation (divided by
/// `n`) about their plain mean over the same `timeperiod`; price units. Outputs upper, middle, lower. First value at bar `timeperiod − 1`.
///
/// `nbdevdn` follows `nbdevup` unless it is given, so `bbands(20,3)` is even on both sides; TA-Lib would take its default of 2 for the lower band.
/// A constant series has no width: the three lines meet.
#[derive(Clone, Debug)]
pub struct Bbands {
    up: f64,
    down: f64,
    middle: Average,
    variance: VarianceWindow,
}

impl Bbands {
    /// Over `timeperiod` bars (2 to 100 000) with the plain mean in the middle, `deviations` (0 to 1000) to each side.
    ///
    /// # Errors
    /// When a parameter is outside its range.
    pub fn new(timeperiod: usize, deviations: f64) -> Result<Self, ParameterError> {
        let given: [&dyn std::fmt::Display; 2] = [&timeperiod, &deviations];
        Self::from_arguments(&Arguments::of(Self::DEFINITION, &given)?)
    }

    #[inline]
    fn bands(up: f64, down: f64, middle: f64, variance: f64) -> [f64; 3] {
        let deviation = variance.sqrt();
        [middle + up * deviation, middle, middle - down * deviation]
    }
}

impl Indicator for Bbands {
    const DEFINITION: &'static Definition = &Definition {
        name: "bbands",
        title: "Bollinger Bands",
        group: Group::Overlap,
        overlay: true,
        inputs: Inputs::CLOSE,
        parameters: &[
            period("timeperiod", 20, 2),
            Parameter {
                name: "nbdevup",
                kind: ParameterKind::Real {
                    default: 2.0,
                    min: 0.0,
                    max: 1000.0,
                },
                shown: true,
            },
            Parameter {
                name: "nbdevdn",
                kind: ParameterKind::RealLike {
                    of: 1,
                    min: 0.0,
                    max: 1000.0,
                },
                shown: false,
            },
            average_kind("matype"),
        ],
        outputs: &["upperband", "middleband", "lowerband"],
        remembers: false,
        repaints: false,
        source: "J. Bollinger, Bollinger on Bollinger Bands, 2001; population deviation",
        revision: 1,
    };
    type Output = [f64; 3];

    fn from_arguments(arguments: &Arguments) -> Result<Self, ParameterError> {
        let n = arguments.whole(0)?;
        Ok(Self {
            up: arguments.real(1)?,
            down: arguments.real(2)?,
            middle: Average::new(arguments.word(3)?, n),
            variance: VarianceWindow::new(n),
        })
    }

    fn fresh(&self) -> Self {
        let variance = VarianceWindow::new(self.variance.span());
        Self {
            up: self.up,
            down: self.down,
            middle: self.middle.fresh(),
            variance,
        }
    }

    fn warm_up(&self) -> usize {
        self.middle.warm_up()
    }

    #[inline]
    fn step(&mut self, bar: &Bar) -> [f64; 3] {
        let middle = self.middle.next(bar.close);
        Self::bands(self.up, self.down, middle, self.variance.next(bar.close))
    }

    #[inline]
    fn look(&self, bar: &Bar) -> [f64; 3] {
        let middle = self.middle.look(bar.close);
        Self::bands(self.up, self.down, middle, self.variance.look(bar.close))
    }

    fn run(&mut self, bars: &Bars<'_>, out: &mut [&mut [f64]]) {
        let [upper, middle, lower] = out else { return };
        let (up, down) = (self.up, self.down);
        let rows = stretch(self.variance.span());
        let columns = upper
            .chunks_mut(rows)
            .zip(middle.chunks_mut(rows))
            .zip(lower.chunks_mut(rows));
        for (close, ((upper, middle), lower)) in bars.close.chunks(rows).zip(columns) {
            self.middle.extend(close, middle);
            self.variance.extend(close, upper);
            for ((u, m), l) in upper.iter_mut().zip(middle).zip(lower) {
                [*u, *m, *l] = Self::bands(up, down, *m, *u);
            }
        }
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) -> Result<(), BadWord> {
        self.middle.visit(visitor)?;
        self.variance.visit(visitor)
    }
}
