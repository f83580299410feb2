//! The population variance over a window, without cancellation.

use crate::state::{BadWord, Visitor};

/// Population variance of the last `n` values (divided by `n`, as TA-Lib and Bollinger have it); NaN until there are `n`.
///
/// Blocks and tails are those of [`Window`](super::Window). Squares are taken of distances from an anchor that lies **in** the window: the head's from the
/// first value of this block, the tails' from the last value of the block before. For an anchor inside the window the sum of
/// squared distances is at most `n` times the sum about the mean, so forming the variance loses at most about `n` units in the
/// last place however large the prices are; the textbook `E[x²] − E[x]²` loses (price ÷ deviation)². A constant window gives
/// exactly 0.
#[derive(Clone, Debug)]
pub struct VarianceWindow {
    /// Values of this block below `at`, above it the tails' sums of distances; the last place is the empty tail.
    sums: Box<[f64]>,
    /// The tails' sums of squared distances.
    squares: Box<[f64]>,
    reciprocal: f64,
    at: usize,
    head: Head,
}

/// What a step changes beside the buffers.
#[derive(Clone, Copy, Debug, Default)]
struct Head {
    /// The last value of the block before.
    tail_anchor: f64,
    /// The first value of this block.
    anchor: f64,
    sum: f64,
    square: f64,
}

impl Head {
    /// Takes a value; gives the head's sums.
    #[inline]
    fn next(&mut self, x: f64, at: usize) -> (f64, f64) {
        if at == 0 {
            self.anchor = x;
            self.sum = 0.0;
            self.square = 0.0;
        }
        self.add(x)
    }

    #[inline]
    fn add(&mut self, x: f64) -> (f64, f64) {
        let d = x - self.anchor;
        self.sum += d;
        self.square += d * d;
        (self.sum, self.square)
    }
}

/// The variance of a window whose tail of `left` values has the sums `t` and `u` about an anchor that lies `shift` above the head's.
#[inline]
fn joined(
    (sum, square): (f64, f64),
    (t, u): (f64, f64),
    left: f64,
    shift: f64,
    reciprocal: f64,
) -> f64 {
    let moved = left * shift;
    let sum = sum + (t + moved);
    let square = square + (u + shift * (t + t + moved));
    let variance = (square - sum * (sum * reciprocal)) * reciprocal;
    // rounding may end below zero; NaN passes
    if variance < 0.0 { 0.0 } else { variance }
}

impl VarianceWindow {
    /// A window over `n` values; 0 is taken as 1.
    pub fn new(n: usize) -> Self {
        let n = n.max(1);
        let mut sums = vec![f64::NAN; n + 1].into_boxed_slice();
        sums[n] = 0.0;
        let squares = vec![0.0; n + 1].into_boxed_slice();
        Self {
            sums,
            squares,
            reciprocal: 1.0 / n as f64,
            at: 0,
            head: Head::default(),
        }
    }

    /// How many values it spans.
    pub fn span(&self) -> usize {
        self.sums.len() - 1
    }

    /// Takes a value and gives the variance of the window that ends with it.
    #[inline]
    pub fn next(&mut self, x: f64) -> f64 {
        let at = self.at;
        let left = self.span() - 1 - at;
        let tail = (self.sums[at + 1], self.squares[at + 1]);
        let head = self.head.next(x, at);
        let shift = self.head.tail_anchor - self.head.anchor;
        let variance = joined(head, tail, left as f64, shift, self.reciprocal);
        self.sums[at] = x;
        if left == 0 {
            self.fold(x);
            self.at = 0;
        } else {
            self.at = at + 1;
        }
        variance
    }

    /// What [`next`](Self::next) would give.
    #[inline]
    pub fn look(&self, x: f64) -> f64 {
        let at = self.at;
        let tail = (self.sums[at + 1], self.squares[at + 1]);
        let mut head = self.head;
        let sums = head.next(x, at);
        let shift = head.tail_anchor - head.anchor;
        joined(
            sums,
            tail,
            (self.span() - 1 - at) as f64,
            shift,
            self.reciprocal,
        )
    }

    /// [`next`](Self::next) on each value in turn.
    pub fn extend(&mut self, xs: &[f64], out: &mut [f64]) {
        let n = self.span();
        let reciprocal = self.reciprocal;
        let mut squares = vec![0.0; n.min(xs.len())];
        let mut done = 0;
        while done < xs.len() {
            let at = self.at;
            let end = xs.len().min(done + n - at);
            let (xs, out) = (&xs[done..end], &mut out[done..end]);
            let squares = &mut squares[..xs.len()];
            // first the sums, of which each waits for the last
            let mut head = self.head;
            (out[0], squares[0]) = head.next(xs[0], at);
            for ((x, s), q) in xs[1..].iter().zip(&mut out[1..]).zip(&mut squares[1..]) {
                (*s, *q) = head.add(*x);
            }
            self.head = head;
            // then the rest, which waits for nothing
            let shift = head.tail_anchor - head.anchor;
            let tails = self.sums[at + 1..].iter().zip(&self.squares[at + 1..]);
            let left = (n - 1 - at) as f64;
            for (i, ((y, q), (t, u))) in out.iter_mut().zip(squares).zip(tails).enumerate() {
                *y = joined(
                    (*y, *q),
                    (*t, *u),
                    left - f64::from(i as u32),
                    shift,
                    reciprocal,
                );
            }
            self.sums[at..at + xs.len()].copy_from_slice(xs);
            self.at = at + xs.len();
            if self.at == n {
                self.fold(xs[xs.len() - 1]);
                self.at = 0;
            }
            done = end;
        }
    }

    /// At the end of a block: its values become tails about its last value.
    fn fold(&mut self, anchor: f64) {
        self.head.tail_anchor = anchor;
        let n = self.span();
        let (mut sum, mut square) = (0.0, 0.0);
        for (s, q) in self.sums[..n].iter_mut().zip(&mut self.squares[..n]).rev() {
            let d = *s - anchor;
            sum += d;
            square += d * d;
            *s = sum;
            *q = square;
        }
    }

    /// Goes over the state.
    pub fn visit(&mut self, visitor: &mut dyn Visitor) -> Result<(), BadWord> {
        let span = self.span();
        visitor.index(&mut self.at, span)?;
        visitor.float(&mut self.head.tail_anchor)?;
        visitor.float(&mut self.head.anchor)?;
        visitor.float(&mut self.head.sum)?;
        visitor.float(&mut self.head.square)?;
        visitor.floats(&mut self.sums[..span])?;
        visitor.floats(&mut self.squares[..span])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_two_passes_also_far_from_zero() {
        for base in [0.0, 60_000.0, 1e12] {
            let xs: Vec<f64> = (0..400)
                .map(|i| base + f64::from((i * 7919) % 1013) / 128.0)
                .collect();
            for n in [1, 2, 3, 20, 50] {
                let mut window = VarianceWindow::new(n);
                let mut columns = vec![0.0; xs.len()];
                window.clone().extend(&xs, &mut columns);
                for i in 0..xs.len() {
                    let seen = window.look(xs[i]);
                    let got = window.next(xs[i]);
                    assert_eq!(
                        (seen.to_bits(), columns[i].to_bits()),
                        (got.to_bits(), got.to_bits())
                    );
                    if i + 1 < n {
                        assert!(got.is_nan());
                        continue;
                    }
                    // the base drops out, so the right answer is known without it
                    let w: Vec<f64> = xs[i + 1 - n..=i].iter().map(|x| x - base).collect();
                    let mean = w.iter().sum::<f64>() / n as f64;
                    let want = w.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n as f64;
                    assert!(
                        (got - want).abs() <= 1e-12 * want.max(1e-3),
                        "base={base} n={n} i={i}: {got} {want}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_constant_has_none_and_a_spike_leaves_nothing() {
        let mut window = VarianceWindow::new(5);
        window.next(1e9);
        let last = (0..12).map(|_| window.next(0.1)).last();
        assert_eq!(last, Some(0.0));
    }
}
