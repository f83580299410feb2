//! Where a generated price stands at any second, and how lively the market is: closed functions of
//! the seed and the time, so that any part of history can be had without the part before it.
//!
//! The price is a sum of smooth noises whose wavelengths double from a second to three weeks and
//! whose heights grow with the root of the wavelength, which walks like a market; the heights of
//! the short ones swell and ebb over minutes and hours, which clusters volatility. Only sums,
//! products and roots of floats are used: those are exact by IEEE 754, so every machine draws the
//! same market.

use crate::random::{hash, unit};

/// Octaves of whole minutes: 1 min to 2^15 min.
const SLOW: u32 = 16;
/// Octaves of seconds: 1 s to 32 s.
const FAST: u32 = 6;
/// Up to this octave the heights follow the liveliness.
const SWAYED: u32 = 7;

/// The price path of one listing.
#[derive(Debug, Clone)]
pub(super) struct Path {
    seed: u64,
    price: f64,
    volatility: f64,
}

/// `e^x`, nearly: good enough for a shape, and the same on every machine.
fn grow(x: f64) -> f64 {
    let mut y = (1.0 + x / 64.0).max(0.01);
    for _ in 0..6 {
        y *= y;
    }
    y
}

/// Smooth noise of wavelength 2^octave in `[-1, 1]`.
#[inline]
fn noise(seed: u64, octave: u32, at: i64) -> f64 {
    // a phase of its own, so that the lattices do not meet at round times
    let at = at.wrapping_add((hash(seed, 0x7000 + u64::from(octave)) >> 40) as i64);
    let cell = at >> octave;
    let part = (at & ((1 << octave) - 1)) as f64 / (1_i64 << octave) as f64;
    let lattice = |cell: i64| {
        unit(hash(
            seed ^ (u64::from(octave) << 56),
            cell as u64 & 0xff_ffff_ffff_ffff,
        )) * 2.0
            - 1.0
    };
    let smooth = part * part * (3.0 - 2.0 * part);
    let left = lattice(cell);
    left + (lattice(cell + 1) - left) * smooth
}

/// Where the path stands at a minute's beginning.
#[derive(Debug, Clone, Copy)]
pub(super) struct Knot {
    level: f64,
    liveliness: f64,
}

impl Path {
    /// A path about `price`, with so much typical relative movement a minute.
    pub(super) const fn new(seed: u64, price: f64, volatility: f64) -> Self {
        Self {
            seed,
            price,
            volatility,
        }
    }

    /// How lively the market is in a minute: 1 on the whole, from about 0.25 to 4.
    pub(super) fn liveliness(&self, minute: i64) -> f64 {
        let seed = hash(self.seed, 0x1111);
        grow(
            0.5 * noise(seed, 4, minute)
                + 0.5 * noise(seed, 7, minute)
                + 0.4 * noise(seed, 10, minute),
        )
    }

    /// Where the path stands at the beginning of a minute.
    pub(super) fn knot(&self, minute: i64) -> Knot {
        let liveliness = self.liveliness(minute);
        let mut level = 0.0;
        for octave in 0..SLOW {
            let height = ((1_u64 << octave) as f64).sqrt() * self.volatility;
            let sway = if octave < SWAYED { liveliness } else { 1.0 };
            level += height * sway * noise(self.seed, octave, minute);
        }
        Knot { level, liveliness }
    }

    /// The price at a second of the minute between two knots, `second` from 0 to 60 inside it.
    pub(super) fn price_between(&self, from: Knot, to: Knot, minute: i64, second: u32) -> f64 {
        let part = f64::from(second) / 60.0;
        let level = from.level + (to.level - from.level) * part;
        let liveliness = from.liveliness + (to.liveliness - from.liveliness) * part;
        let seed = hash(self.seed, 0x2222);
        let mut fast = 0.0;
        for octave in 0..FAST {
            let height = ((1_u64 << octave) as f64 / 60.0).sqrt() * self.volatility;
            fast += height * noise(seed, octave, minute * 60 + i64::from(second));
        }
        self.price * grow(level + fast * liveliness)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_continuous_over_minutes_and_moves() {
        let path = Path::new(5, 60_000.0, 0.0004);
        let minute = 29_000_000;
        let (a, b, c) = (
            path.knot(minute),
            path.knot(minute + 1),
            path.knot(minute + 2),
        );
        let end = path.price_between(a, b, minute, 60);
        let start = path.price_between(b, c, minute + 1, 0);
        assert!((end - start).abs() < 1e-6, "{end} {start}");
        let month: Vec<f64> = (0..43_200)
            .map(|m| {
                path.price_between(path.knot(minute + m), path.knot(minute + m), minute + m, 0)
            })
            .collect();
        let low = month.iter().copied().fold(f64::MAX, f64::min);
        let high = month.iter().copied().fold(0.0, f64::max);
        assert!(low > 30_000.0 && high < 120_000.0, "{low} {high}");
        assert!(high / low > 1.05, "a month moves: {low} {high}");
        let steps = month.windows(2).map(|w| (w[1] / w[0] - 1.0).abs());
        assert!(steps.fold(0.0, f64::max) < 0.02);
    }

    #[test]
    fn lively_minutes_follow_lively_minutes() {
        let path = Path::new(5, 100.0, 0.001);
        let live: Vec<f64> = (0..2_000).map(|m| path.liveliness(m)).collect();
        assert!(live.iter().all(|l| (0.1..8.0).contains(l)));
        let near: f64 = live.windows(2).map(|w| (w[1] - w[0]).abs()).sum();
        let far: f64 = live.windows(300).map(|w| (w[299] - w[0]).abs()).sum();
        assert!(near * 3.0 < far, "{near} {far}");
    }
}
