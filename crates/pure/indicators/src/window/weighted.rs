//! The linearly weighted sum over a window, of additions only.

use super::{Sum, fold_tails};
use crate::state::{BadWord, Visitor};

/// `Σ wᵢ·xᵢ` over the last `n` values with weights 1 (oldest) … `n` (newest); NaN until there are `n`.
///
/// Blocks and tails are those of [`Window`](super::Window). At place `i` of a block the head's part is `A + (n−1−i)·S`, where `S` is the
/// plain sum of the head and `A` its sum weighted by place + 1; the tail's part needs only additions from its end. The
/// usual update `W + n·x − S` subtracts, and drifts.
#[derive(Clone, Debug)]
pub struct WeightedWindow {
    tails: Box<[f64]>,
    at: usize,
    head: Head,
}

#[derive(Clone, Copy, Debug, Default)]
struct Head {
    sum: f64,
    by_place: f64,
}

impl Head {
    #[inline]
    fn next(&mut self, x: f64, place: f64, left: f64, tail: f64) -> f64 {
        self.sum += x;
        self.by_place += place * x;
        tail + (self.by_place + left * self.sum)
    }
}

impl WeightedWindow {
    /// A window over `n` values; 0 is taken as 1.
    pub fn new(n: usize) -> Self {
        let n = n.max(1);
        let mut tails = vec![f64::NAN; n + 1].into_boxed_slice();
        tails[n] = 0.0;
        Self {
            tails,
            at: 0,
            head: Head::default(),
        }
    }

    /// How many values it spans.
    pub fn span(&self) -> usize {
        self.tails.len() - 1
    }

    /// Takes a value and gives the weighted sum of the window that ends with it.
    #[inline]
    pub fn next(&mut self, x: f64) -> f64 {
        let at = self.at;
        let left = self.span() - 1 - at;
        let result = self
            .head
            .next(x, (at + 1) as f64, left as f64, self.tails[at + 1]);
        self.tails[at] = x;
        if left == 0 {
            self.fold();
        } else {
            self.at = at + 1;
        }
        result
    }

    /// What [`next`](Self::next) would give.
    #[inline]
    pub fn look(&self, x: f64) -> f64 {
        let at = self.at;
        let mut head = self.head;
        let left = (self.span() - 1 - at) as f64;
        head.next(x, (at + 1) as f64, left, self.tails[at + 1])
    }

    /// [`next`](Self::next) on each value in turn.
    pub fn extend(&mut self, xs: &[f64], out: &mut [f64]) {
        let n = self.span();
        let mut done = 0;
        while done < xs.len() {
            let at = self.at;
            let end = xs.len().min(done + n - at);
            let stretch = &xs[done..end];
            let mut head = self.head;
            let rows = stretch
                .iter()
                .zip(&mut out[done..end])
                .zip(&self.tails[at + 1..]);
            // counted in floats, exactly
            let (mut place, mut left) = ((at + 1) as f64, (n - 1 - at) as f64);
            for ((x, y), tail) in rows {
                *y = head.next(*x, place, left, *tail);
                place += 1.0;
                left -= 1.0;
            }
            self.head = head;
            self.tails[at..at + stretch.len()].copy_from_slice(stretch);
            self.at = at + stretch.len();
            if self.at == n {
                self.fold();
            }
            done = end;
        }
    }

    /// At the end of a block. The tail from place `k` on is kept as its sum weighted 1, 2, … from `k`: what it counts in the
    /// window that begins there.
    fn fold(&mut self) {
        let n = self.span();
        // tails of tails: the first value is in one of them, the last in all
        fold_tails::<Sum>(&mut self.tails[..n]);
        fold_tails::<Sum>(&mut self.tails[..n]);
        self.at = 0;
        self.head = Head::default();
    }

    /// Goes over the state.
    pub fn visit(&mut self, visitor: &mut dyn Visitor) -> Result<(), BadWord> {
        let span = self.span();
        visitor.index(&mut self.at, span)?;
        visitor.float(&mut self.head.sum)?;
        visitor.float(&mut self.head.by_place)?;
        visitor.floats(&mut self.tails[..span])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_plain_definition() {
        let xs: Vec<f64> = (0..300).map(|i| f64::from((i * 7919) % 1013)).collect();
        for n in [1, 2, 3, 10, 30] {
            let mut window = WeightedWindow::new(n);
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
                } else {
                    let want: f64 = xs[i + 1 - n..=i]
                        .iter()
                        .zip(1..)
                        .map(|(x, w)| x * f64::from(w))
                        .sum();
                    // whole numbers: exact
                    assert_eq!(got, want, "n={n} i={i}");
                }
            }
        }
    }
}
