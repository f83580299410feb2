//! Moving averages as parts of other indicators: the recursive average, and the choice that TA-Lib calls `matype`.

use crate::{
    definition::{Parameter, ParameterKind},
    state::{BadWord, Visitor},
    window::{Sum, WeightedWindow, Window},
};

/// A recursive (exponential) average, seeded with the plain mean of its first `n` values as TA-Lib does it.
///
/// By definition `yᵢ = a·yᵢ₋₁ + b·xᵢ` with `a + b = 1`. It is computed two steps ahead, `yᵢ = a²·yᵢ₋₂ + (a·b·xᵢ₋₁ + b·xᵢ)`, which is the
/// same but lets two neighbours be worked on at once: a value waits for the one before the last. All weights are positive and sum to one, so
/// errors fade as the values do: there is no drift.
#[derive(Clone, Copy, Debug)]
pub struct Recursive {
    span: usize,
    /// `a²`, `a·b`, `b`.
    weights: [f64; 3],
    seen: usize,
    /// The sum of the seed until it is full, then the average.
    value: f64,
    /// The average one value earlier.
    earlier: f64,
    /// `a·b` times the last value taken: its part in the next average, which so waits only for `earlier`.
    carried: f64,
}

impl Recursive {
    /// `b = 2 / (n + 1)`: the exponential average over `n` values.
    pub fn exponential(n: usize) -> Self {
        Self::new(n, 2.0 / (n as f64 + 1.0))
    }

    /// `b = 1 / n`: Wilder's smoothing.
    pub fn wilder(n: usize) -> Self {
        Self::new(n, 1.0 / n.max(1) as f64)
    }

    fn new(n: usize, b: f64) -> Self {
        let a = 1.0 - b;
        let weights = [a * a, a * b, b];
        Self {
            span: n.max(1),
            weights,
            seen: 0,
            value: 0.0,
            earlier: 0.0,
            carried: 0.0,
        }
    }

    /// The same weights before the first value.
    #[must_use]
    pub fn fresh(&self) -> Self {
        Self {
            seen: 0,
            value: 0.0,
            earlier: 0.0,
            carried: 0.0,
            ..*self
        }
    }

    /// How many values the seed takes.
    pub fn span(&self) -> usize {
        self.span
    }

    /// Whether the seed is complete: the next value moves the average.
    pub fn is_full(&self) -> bool {
        self.seen >= self.span
    }

    /// Takes a value and gives the average; NaN for the first `n − 1`.
    #[inline]
    pub fn next(&mut self, x: f64) -> f64 {
        if self.is_full() {
            self.advance(x)
        } else {
            self.seed(x)
        }
    }

    #[inline]
    fn advance(&mut self, x: f64) -> f64 {
        let [aa, ab, b] = self.weights;
        let y = aa * self.earlier + (self.carried + b * x);
        self.carried = ab * x;
        self.earlier = self.value;
        self.value = y;
        y
    }

    /// Two values of a full average at once: the same as one after the other, but neither waits for the other.
    #[inline]
    pub(crate) fn advance_two(&mut self, x: [f64; 2]) -> [f64; 2] {
        let [aa, ab, b] = self.weights;
        let first = aa * self.earlier + (self.carried + b * x[0]);
        let second = aa * self.value + (ab * x[0] + b * x[1]);
        self.carried = ab * x[1];
        self.earlier = first;
        self.value = second;
        [first, second]
    }

    #[inline]
    fn seed(&mut self, x: f64) -> f64 {
        self.seen += 1;
        self.value += x;
        if self.seen < self.span {
            return f64::NAN;
        }
        self.value /= self.span as f64;
        // as if the series had stood at the seed before: a·y + b·y = y
        self.earlier = self.value;
        self.carried = self.weights[1] * self.value;
        self.value
    }

    /// What [`next`](Self::next) would give.
    #[inline]
    pub fn look(mut self, x: f64) -> f64 {
        self.next(x)
    }

    /// [`next`](Self::next) on each value in turn, into `out`, which is as long as `xs`.
    #[inline]
    pub fn extend(&mut self, xs: &[f64], out: &mut [f64]) {
        let seeding = (self.span - self.seen).min(xs.len());
        for (x, y) in xs[..seeding].iter().zip(&mut *out) {
            *y = self.seed(*x);
        }
        self.advance_all(&xs[seeding..], &mut out[seeding..]);
    }

    /// [`extend`](Self::extend) of values that lie where the averages go.
    pub(crate) fn extend_in_place(&mut self, values: &mut [f64]) {
        let seeding = (self.span - self.seen).min(values.len());
        let (seed, rest) = values.split_at_mut(seeding);
        for x in seed {
            *x = self.seed(*x);
        }
        let mut local = *self;
        let (pairs, odd) = rest.as_chunks_mut();
        for pair in pairs {
            *pair = local.advance_two(*pair);
        }
        for x in odd {
            *x = local.advance(*x);
        }
        *self = local;
    }

    fn advance_all(&mut self, xs: &[f64], out: &mut [f64]) {
        let (Some(first), Some(last)) = (xs.first(), xs.last()) else {
            return;
        };
        let [aa, ab, b] = self.weights;
        // first what waits for no average, which is vectorised
        out[0] = self.carried + b * first;
        for (y, pair) in out[1..].iter_mut().zip(xs.windows(2)) {
            *y = ab * pair[0] + b * pair[1];
        }
        self.carried = ab * last;
        // then two averages at once
        let (mut earlier, mut value) = (self.earlier, self.value);
        let mut pairs = out.chunks_exact_mut(2);
        for pair in pairs.by_ref() {
            earlier = aa * earlier + pair[0];
            value = aa * value + pair[1];
            pair[0] = earlier;
            pair[1] = value;
        }
        for y in pairs.into_remainder() {
            *y += aa * earlier;
            earlier = value;
            value = *y;
        }
        (self.earlier, self.value) = (earlier, value);
    }

    /// Goes over the state.
    pub fn visit(&mut self, visitor: &mut dyn Visitor) -> Result<(), BadWord> {
        visitor.index(&mut self.seen, self.span + 1)?;
        visitor.float(&mut self.value)?;
        visitor.float(&mut self.earlier)?;
        visitor.float(&mut self.carried)
    }
}

/// Rows that a column is computed in at a time: about a thousand, and whole groups of the blocks that a window of `span` is cut into.
pub(crate) fn stretch(span: usize) -> usize {
    let group = 4 * span.max(1);
    group * 1024_usize.div_ceil(group)
}

/// The plain mean of a window.
#[derive(Clone, Debug)]
pub struct Simple(Window<Sum>);

impl Simple {
    /// Over `n` values; 0 is taken as 1.
    pub fn new(n: usize) -> Self {
        Self(Window::new(n))
    }

    /// The same length before the first value.
    #[must_use]
    pub fn fresh(&self) -> Self {
        Self::new(self.span())
    }

    /// How many values it spans.
    pub fn span(&self) -> usize {
        self.0.span()
    }

    /// Divided, not multiplied by a reciprocal: the mean of whole numbers is then exact where it can be, and never above the
    /// largest.
    #[inline]
    fn mean(&self, sum: f64) -> f64 {
        sum / self.span() as f64
    }

    /// Takes a value and gives the average; NaN for the first `n − 1`.
    #[inline]
    pub fn next(&mut self, x: f64) -> f64 {
        let sum = self.0.next(x);
        self.mean(sum)
    }

    /// What [`next`](Self::next) would give.
    #[inline]
    pub fn look(&self, x: f64) -> f64 {
        self.mean(self.0.look(x))
    }

    /// [`next`](Self::next) on each value in turn, into `out`, which is as long as `xs`.
    pub fn extend(&mut self, xs: &[f64], out: &mut [f64]) {
        let n = self.span() as f64;
        self.0.extend_with(xs, out, |sum| sum / n);
    }

    /// Goes over the state.
    pub fn visit(&mut self, visitor: &mut dyn Visitor) -> Result<(), BadWord> {
        self.0.visit(visitor)
    }
}

/// The mean of a window with weights 1 (oldest) … `n` (newest).
#[derive(Clone, Debug)]
pub struct Weighted(WeightedWindow);

impl Weighted {
    /// Over `n` values; 0 is taken as 1.
    pub fn new(n: usize) -> Self {
        Self(WeightedWindow::new(n))
    }

    /// The same length before the first value.
    #[must_use]
    pub fn fresh(&self) -> Self {
        Self::new(self.span())
    }

    /// How many values it spans.
    pub fn span(&self) -> usize {
        self.0.span()
    }

    /// Divided, not multiplied by a reciprocal: the mean of whole numbers is then exact where it can be, and never above the
    /// largest.
    #[inline]
    fn mean(&self, sum: f64) -> f64 {
        let n = self.span() as f64;
        sum / (n * (n + 1.0) * 0.5)
    }

    /// Takes a value and gives the average; NaN for the first `n − 1`.
    #[inline]
    pub fn next(&mut self, x: f64) -> f64 {
        let sum = self.0.next(x);
        self.mean(sum)
    }

    /// What [`next`](Self::next) would give.
    #[inline]
    pub fn look(&self, x: f64) -> f64 {
        self.mean(self.0.look(x))
    }

    /// [`next`](Self::next) on each value in turn, into `out`, which is as long as `xs`.
    pub fn extend(&mut self, xs: &[f64], out: &mut [f64]) {
        let n = self.span() as f64;
        let weights = n * (n + 1.0) * 0.5;
        self.0.extend(xs, out);
        for sum in out {
            *sum /= weights;
        }
    }

    /// Goes over the state.
    pub fn visit(&mut self, visitor: &mut dyn Visitor) -> Result<(), BadWord> {
        self.0.visit(visitor)
    }
}

const WORDS: &[(&str, Option<usize>)] = &[("sma", Some(0)), ("ema", Some(1)), ("wma", Some(2))];

/// A parameter that chooses the kind of an average: `sma` (TA-Lib's code 0), `ema` (1) or `wma` (2).
pub(crate) const fn average_kind(name: &'static str) -> Parameter {
    Parameter {
        name,
        kind: ParameterKind::Word { words: WORDS },
        shown: false,
    }
}

/// A moving average of a kind chosen by a parameter.
#[derive(Clone, Debug)]
pub enum Average {
    /// Plain mean of a window.
    Simple(Simple),
    /// Exponential, seeded with the plain mean.
    Exponential(Recursive),
    /// Linearly weighted, the newest most.
    Weighted(Weighted),
}

/// The same expression on whichever kind it is.
macro_rules! each {
    ($average:expr, $kind:ident => $body:expr) => {
        match $average {
            Average::Simple($kind) => $body,
            Average::Exponential($kind) => $body,
            Average::Weighted($kind) => $body,
        }
    };
}

impl Average {
    /// Of the kind named by a word of the parameter; the plain mean for any other word.
    pub fn new(kind: &str, n: usize) -> Self {
        match kind {
            "ema" => Self::Exponential(Recursive::exponential(n)),
            "wma" => Self::Weighted(Weighted::new(n)),
            _ => Self::Simple(Simple::new(n)),
        }
    }

    /// The same kind and length before the first value.
    #[must_use]
    pub fn fresh(&self) -> Self {
        match self {
            Self::Simple(a) => Self::Simple(a.fresh()),
            Self::Exponential(a) => Self::Exponential(a.fresh()),
            Self::Weighted(a) => Self::Weighted(a.fresh()),
        }
    }

    /// Values before the first average.
    pub fn warm_up(&self) -> usize {
        each!(self, a => a.span()) - 1
    }

    /// Takes a value and gives the average; NaN until it is full.
    #[inline]
    pub fn next(&mut self, x: f64) -> f64 {
        each!(self, a => a.next(x))
    }

    /// What [`next`](Self::next) would give.
    #[inline]
    pub fn look(&self, x: f64) -> f64 {
        each!(self, a => a.look(x))
    }

    /// [`next`](Self::next) on each value in turn, into `out`, which is as long as `xs`.
    pub fn extend(&mut self, xs: &[f64], out: &mut [f64]) {
        each!(self, a => a.extend(xs, out));
    }

    /// Goes over the state.
    pub fn visit(&mut self, visitor: &mut dyn Visitor) -> Result<(), BadWord> {
        each!(self, a => a.visit(visitor))
    }
}
