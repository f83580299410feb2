//! Windows over whole columns.

use super::{Join, Window, fold_tails_into};

/// Blocks computed side by side: their heads do not wait for each other, as one head waits for its last value.
const LANES: usize = 4;

impl<J: Join> Window<J> {
    /// [`next`](Self::next) on each value in turn, into `out`, which is as long as `xs`: the same operations in another order of
    /// time, so the same bits.
    pub fn extend(&mut self, xs: &[f64], out: &mut [f64]) {
        self.extend_with(xs, out, |result| result);
    }

    /// [`extend`](Self::extend) with something done to each result.
    #[inline]
    pub fn extend_with(&mut self, xs: &[f64], out: &mut [f64], finish: impl Fn(f64) -> f64) {
        let n = self.span();
        let to_border = (n - self.at) % n;
        let mut done = to_border.min(xs.len());
        for (x, y) in xs[..done].iter().zip(&mut *out) {
            *y = finish(self.next(*x));
        }
        if n >= 2 && xs.len() - done >= LANES * n {
            let mut scratch = vec![J::NEUTRAL; (LANES - 1) * (n + 1)];
            while xs.len() - done >= LANES * n {
                let end = done + LANES * n;
                self.lanes(&xs[done..end], &mut out[done..end], &mut scratch, &finish);
                done = end;
            }
        }
        for (x, y) in xs[done..].iter().zip(&mut out[done..]) {
            *y = finish(self.next(*x));
        }
    }

    /// Four whole blocks, from a border to a border. A block's tails come from the values of the block before it, so that only
    /// the first needs what the window holds.
    #[inline]
    fn lanes(
        &mut self,
        xs: &[f64],
        out: &mut [f64],
        scratch: &mut [f64],
        finish: &impl Fn(f64) -> f64,
    ) {
        let n = self.span();
        let (x0, rest) = xs.split_at(n);
        let (x1, rest) = rest.split_at(n);
        let (x2, x3) = rest.split_at(n);
        let (t1, rest) = scratch.split_at_mut(n + 1);
        let (t2, t3) = rest.split_at_mut(n + 1);
        for (tails, values) in [(&mut *t1, x0), (&mut *t2, x1), (&mut *t3, x2)] {
            fold_tails_into::<J>(values, &mut tails[..n]);
        }
        let (y0, rest) = out.split_at_mut(n);
        let (y1, rest) = rest.split_at_mut(n);
        let (y2, y3) = rest.split_at_mut(n);
        let (t0, t1, t2, t3) = (&self.tails[1..=n], &t1[1..=n], &t2[1..=n], &t3[1..=n]);
        let (x3, y3) = (&x3[..n], &mut y3[..n]);
        let mut heads = [J::NEUTRAL; LANES];
        for i in 0..n {
            heads[0] = J::join(heads[0], x0[i]);
            heads[1] = J::join(heads[1], x1[i]);
            heads[2] = J::join(heads[2], x2[i]);
            heads[3] = J::join(heads[3], x3[i]);
            y0[i] = finish(J::join(t0[i], heads[0]));
            y1[i] = finish(J::join(t1[i], heads[1]));
            y2[i] = finish(J::join(t2[i], heads[2]));
            y3[i] = finish(J::join(t3[i], heads[3]));
        }
        fold_tails_into::<J>(x3, &mut self.tails[..n]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Max, Min, Sum};
    use super::*;

    fn same<J: Join>() {
        let xs: Vec<f64> = (0..700)
            .map(|i| f64::from((i * 7919) % 1013) / 7.0 - 50.0)
            .collect();
        for n in [1, 2, 3, 5, 8, 14, 20, 100] {
            for cut in [0, 1, 13, 333, 700] {
                let (mut one, mut other) = (Window::<J>::new(n), Window::<J>::new(n));
                let mut columns = vec![0.0; xs.len()];
                let (left, right) = columns.split_at_mut(cut);
                one.extend(&xs[..cut], left);
                one.extend(&xs[cut..], right);
                for (i, x) in xs.iter().enumerate() {
                    assert_eq!(
                        columns[i].to_bits(),
                        other.next(*x).to_bits(),
                        "n={n} cut={cut} i={i}"
                    );
                }
                assert_eq!(one.look(1.5).to_bits(), other.look(1.5).to_bits());
            }
        }
    }

    #[test]
    fn columns_equal_single_values() {
        same::<Sum>();
        same::<Max>();
        same::<Min>();
    }
}
