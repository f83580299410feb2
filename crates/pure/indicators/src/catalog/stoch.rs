//! Where the close lies in the range of the last bars.

use crate::{
    average::{Average, average_kind, stretch},
    bar::{Bar, Bars, Inputs},
    definition::{Arguments, Definition, Group, ParameterError, period},
    indicator::{Indicator, Outputs},
    state::{BadWord, Visitor},
    window::{Max, Min, Window},
};

/// `K = 100 · (close − lowest low) / (highest high − lowest low)` over `fastk_period` bars; `slowk` is its average, `slowd`
/// the average of that; 0 to 100. Both begin at bar `fastk + slowk + slowd − 3` (for the averages there are).
///
/// A window without range has K = 0, as TA-Lib has it. A close outside its own bar's range counts as at the edge, so the bounds hold
/// for broken bars too. In a short list the kinds of average are passed over: `stoch(14,3,3)` is `stoch(14,3,sma,3,sma)`.
#[derive(Clone, Debug)]
pub struct Stoch {
    seen: usize,
    highest: Window<Max>,
    lowest: Window<Min>,
    slow_k: Average,
    slow_d: Average,
}

impl Stoch {
    /// The three periods (1 to 100 000), with plain means.
    ///
    /// # Errors
    /// When a period is outside its range.
    pub fn new(fastk: usize, slowk: usize, slowd: usize) -> Result<Self, ParameterError> {
        let given: [&dyn std::fmt::Display; 5] = [&fastk, &slowk, &"sma", &slowd, &"sma"];
        Self::from_arguments(&Arguments::of(Self::DEFINITION, &given)?)
    }

    #[inline]
    fn smooth(&mut self, k: f64) -> [f64; 2] {
        let slow_k = self.slow_k.next(k);
        if slow_k.is_nan() {
            return Outputs::NAN;
        }
        let slow_d = self.slow_d.next(slow_k);
        if slow_d.is_nan() {
            Outputs::NAN
        } else {
            [slow_k, slow_d]
        }
    }
}

/// Without branches, so that columns of it are vectorised.
#[inline]
fn raw_k(close: f64, highest: f64, lowest: f64) -> f64 {
    let range = highest - lowest;
    let above = close - lowest;
    let above = if above > 0.0 { above } else { 0.0 };
    let above = if above < range { above } else { range };
    let k = 100.0 * (above / range);
    if range > 0.0 { k } else { 0.0 }
}

impl Indicator for Stoch {
    const DEFINITION: &'static Definition = &Definition {
        name: "stoch",
        title: "Stochastic Oscillator",
        group: Group::Momentum,
        overlay: false,
        inputs: Inputs::HLC,
        parameters: &[
            period("fastk_period", 5, 1),
            period("slowk_period", 3, 1),
            average_kind("slowk_matype"),
            period("slowd_period", 3, 1),
            average_kind("slowd_matype"),
        ],
        outputs: &["slowk", "slowd"],
        remembers: false,
        repaints: false,
        source: "G. Lane, Lane's Stochastics, 1984; zero range as TA-Lib",
        revision: 1,
    };
    type Output = [f64; 2];

    fn from_arguments(arguments: &Arguments) -> Result<Self, ParameterError> {
        let span = arguments.whole(0)?;
        Ok(Self {
            seen: 0,
            highest: Window::new(span),
            lowest: Window::new(span),
            slow_k: Average::new(arguments.word(2)?, arguments.whole(1)?),
            slow_d: Average::new(arguments.word(4)?, arguments.whole(3)?),
        })
    }

    fn fresh(&self) -> Self {
        Self {
            seen: 0,
            highest: self.highest.fresh(),
            lowest: self.lowest.fresh(),
            slow_k: self.slow_k.fresh(),
            slow_d: self.slow_d.fresh(),
        }
    }

    fn warm_up(&self) -> usize {
        self.highest.span() - 1 + self.slow_k.warm_up() + self.slow_d.warm_up()
    }

    #[inline]
    fn step(&mut self, bar: &Bar) -> [f64; 2] {
        let highest = self.highest.next(bar.high);
        let lowest = self.lowest.next(bar.low);
        if self.seen + 1 < self.highest.span() {
            self.seen += 1;
            return Outputs::NAN;
        }
        self.smooth(raw_k(bar.close, highest, lowest))
    }

    #[inline]
    fn look(&self, bar: &Bar) -> [f64; 2] {
        if self.seen + 1 < self.highest.span() {
            return Outputs::NAN;
        }
        let k = raw_k(
            bar.close,
            self.highest.look(bar.high),
            self.lowest.look(bar.low),
        );
        let slow_k = self.slow_k.look(k);
        if slow_k.is_nan() {
            return Outputs::NAN;
        }
        let slow_d = self.slow_d.look(slow_k);
        if slow_d.is_nan() {
            Outputs::NAN
        } else {
            [slow_k, slow_d]
        }
    }

    fn run(&mut self, bars: &Bars<'_>, out: &mut [&mut [f64]]) {
        let [slow_k, slow_d] = out else { return };
        let all = bars.close.len();
        let mut done = 0;
        // bar by bar until both averages are full: from there on no stage gives NaN
        while done < all && self.look(&bars.get(done, Self::DEFINITION.inputs))[1].is_nan() {
            [slow_k[done], slow_d[done]] = self.step(&bars.get(done, Self::DEFINITION.inputs));
            done += 1;
        }
        let rows = stretch(self.highest.span()).min(all - done);
        let (mut highest, mut lowest) = (vec![0.0; rows], vec![0.0; rows]);
        while done < all {
            let end = all.min(done + rows);
            let (highest, lowest) = (&mut highest[..end - done], &mut lowest[..end - done]);
            self.highest.extend(&bars.high[done..end], highest);
            self.lowest.extend(&bars.low[done..end], lowest);
            for ((high, low), close) in highest.iter_mut().zip(&*lowest).zip(&bars.close[done..end])
            {
                *high = raw_k(*close, *high, *low);
            }
            self.slow_k.extend(highest, &mut slow_k[done..end]);
            self.slow_d
                .extend(&slow_k[done..end], &mut slow_d[done..end]);
            done = end;
        }
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) -> Result<(), BadWord> {
        visitor.index(&mut self.seen, self.highest.span())?;
        self.highest.visit(visitor)?;
        self.lowest.visit(visitor)?;
        self.slow_k.visit(visitor)?;
        self.slow_d.visit(visitor)
    }
}
