//! Windows over the last `n` values, in O(1) amortised a value whatever `n` is, **without ever subtracting what leaves**.
//!
//! The usual running sum adds what comes and subtracts what goes: it drifts, one huge value spoils it for good, and one infinity
//! makes it NaN for ever. Here the series is cut into blocks of `n` values instead. A window always lies over the end of one block
//! and the beginning of the next, so its result is *(fold of the tail of the last block)* joined with *(fold of the head of this
//! block)*. The head grows by one value a step; all tails of a block are folded in one pass when the block is full, in the place
//! of its values (van Herk 1992, Gil and Werman 1993, for minima; it holds for any associative join). So each result depends only on the `n`
//! values in the window and on where the block's border lies, its relative error is at most about `n` units in the last place (of
//! sums of one sign), and what has left the window has left the result.
//!
//! The border is counted from the first value, so streaming and batch cut at the same places and give the same bits.

mod extend;
mod variance;
mod weighted;

use std::marker::PhantomData;

pub use variance::VarianceWindow;
pub use weighted::WeightedWindow;

use crate::state::{BadWord, Visitor};

/// How two parts of a window are joined.
pub trait Join: Copy + std::fmt::Debug + Send + Sync + 'static {
    /// Joining this changes nothing.
    const NEUTRAL: f64;
    /// What stands for the values before the first: decides what a window gives before it is full.
    const BEFORE: f64;
    /// Joins the older part with the newer one.
    fn join(older: f64, newer: f64) -> f64;
}

/// Adds; NaN until the window is full.
#[derive(Clone, Copy, Debug)]
pub struct Sum;
/// The largest; over the values so far until the window is full.
#[derive(Clone, Copy, Debug)]
pub struct Max;
/// The smallest; over the values so far until the window is full.
#[derive(Clone, Copy, Debug)]
pub struct Min;

impl Join for Sum {
    const NEUTRAL: f64 = 0.0;
    const BEFORE: f64 = f64::NAN;
    #[inline]
    fn join(older: f64, newer: f64) -> f64 {
        older + newer
    }
}

impl Join for Max {
    const NEUTRAL: f64 = f64::NEG_INFINITY;
    const BEFORE: f64 = f64::NEG_INFINITY;
    #[inline]
    fn join(older: f64, newer: f64) -> f64 {
        // one instruction, unlike `f64::max`, which must care for NaN; none comes here
        if older > newer { older } else { newer }
    }
}

impl Join for Min {
    const NEUTRAL: f64 = f64::INFINITY;
    const BEFORE: f64 = f64::INFINITY;
    #[inline]
    fn join(older: f64, newer: f64) -> f64 {
        if older < newer { older } else { newer }
    }
}

/// A window whose parts are joined by `J`: a rolling sum, maximum or minimum. Values are usable numbers, never NaN.
#[derive(Clone, Debug)]
pub struct Window<J> {
    /// Below `at` the values of this block; from there on the tails of the last one. One more place than the window is long: the
    /// last is the empty tail.
    tails: Box<[f64]>,
    at: usize,
    head: f64,
    join: PhantomData<J>,
}

impl<J: Join> Window<J> {
    /// A window over `n` values; 0 is taken as 1.
    pub fn new(n: usize) -> Self {
        let n = n.max(1);
        let mut tails = vec![J::BEFORE; n + 1].into_boxed_slice();
        tails[n] = J::NEUTRAL;
        Self {
            tails,
            at: 0,
            head: J::NEUTRAL,
            join: PhantomData,
        }
    }

    /// The same length before the first value.
    #[must_use]
    pub fn fresh(&self) -> Self {
        Self::new(self.span())
    }

    /// How many values it spans.
    pub fn span(&self) -> usize {
        self.tails.len() - 1
    }

    /// Takes a value and gives the result over the window that ends with it.
    #[inline]
    pub fn next(&mut self, x: f64) -> f64 {
        let at = self.at;
        let head = J::join(self.head, x);
        let result = J::join(self.tails[at + 1], head);
        self.tails[at] = x;
        if at + 2 == self.tails.len() {
            fold_tails::<J>(&mut self.tails[..=at]);
            self.at = 0;
            self.head = J::NEUTRAL;
        } else {
            self.at = at + 1;
            self.head = head;
        }
        result
    }

    /// What [`next`](Self::next) would give.
    #[inline]
    pub fn look(&self, x: f64) -> f64 {
        J::join(self.tails[self.at + 1], J::join(self.head, x))
    }

    /// Goes over the state.
    pub fn visit(&mut self, visitor: &mut dyn Visitor) -> Result<(), BadWord> {
        let span = self.span();
        visitor.index(&mut self.at, span)?;
        visitor.float(&mut self.head)?;
        visitor.floats(&mut self.tails[..span])
    }
}

/// Replaces each value by the join of itself and all after it. Four at a time, so that only one join in four waits for another.
fn fold_tails<J: Join>(values: &mut [f64]) {
    let mut tail = J::NEUTRAL;
    let mut fours = values.rchunks_exact_mut(4);
    for four in fours.by_ref() {
        let tails = fold_four::<J>(four[0], four[1], four[2], four[3], tail);
        four.copy_from_slice(&tails);
        tail = tails[0];
    }
    for x in fours.into_remainder().iter_mut().rev() {
        tail = J::join(*x, tail);
        *x = tail;
    }
}

/// [`fold_tails`] into another place.
fn fold_tails_into<J: Join>(values: &[f64], tails: &mut [f64]) {
    let mut tail = J::NEUTRAL;
    let mut fours = values.rchunks_exact(4);
    let mut places = tails.rchunks_exact_mut(4);
    for (four, place) in fours.by_ref().zip(places.by_ref()) {
        let tails = fold_four::<J>(four[0], four[1], four[2], four[3], tail);
        place.copy_from_slice(&tails);
        tail = tails[0];
    }
    for (x, place) in fours.remainder().iter().zip(places.into_remainder()).rev() {
        tail = J::join(*x, tail);
        *place = tail;
    }
}

#[inline]
fn fold_four<J: Join>(a: f64, b: f64, c: f64, d: f64, tail: f64) -> [f64; 4] {
    let cd = J::join(c, d);
    let abcd = J::join(J::join(a, b), cd);
    [
        J::join(abcd, tail),
        J::join(J::join(b, cd), tail),
        J::join(cd, tail),
        J::join(d, tail),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(len: usize) -> Vec<f64> {
        let mut x = 9_u64;
        let mut draw = || {
            x = x
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            ((x >> 40) as f64) / 1024.0 - 3000.0
        };
        (0..len).map(|_| draw()).collect()
    }

    fn check<J: Join>(naive: impl Fn(&[f64]) -> f64, full_only: bool) {
        let xs = noise(300);
        for n in [1, 2, 3, 4, 5, 7, 8, 20, 64] {
            let mut window = Window::<J>::new(n);
            for i in 0..xs.len() {
                let seen = window.look(xs[i]);
                let got = window.next(xs[i]);
                assert_eq!(seen.to_bits(), got.to_bits());
                if i + 1 < n && full_only {
                    assert!(got.is_nan());
                } else {
                    let want = naive(&xs[(i + 1).saturating_sub(n)..=i]);
                    assert!((got - want).abs() <= 1e-9, "n={n} i={i}: {got} {want}");
                }
            }
        }
    }

    #[test]
    fn agrees_with_the_plain_definition() {
        check::<Sum>(|w| w.iter().sum(), true);
        check::<Max>(|w| w.iter().copied().fold(f64::MIN, f64::max), false);
        check::<Min>(|w| w.iter().copied().fold(f64::MAX, f64::min), false);
    }

    #[test]
    fn what_left_the_window_left_the_sum() {
        let mut window = Window::<Sum>::new(3);
        for x in [1e100, 1.0, 2.0] {
            window.next(x);
        }
        assert_eq!(window.next(3.0), 6.0);
    }
}
