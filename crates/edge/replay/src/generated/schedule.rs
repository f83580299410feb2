//! How many trades had happened at any second: closed functions again, so that the ids of any
//! moment are known without counting up to it.
//!
//! Trades come in *blocks* of five trades in three taker orders. A day's first block is a straight
//! line with a bounded wobble, which makes days differ and never go back; inside a day minutes get
//! blocks by their weight, inside a minute seconds do, by rounding cumulative weights.

use crate::random::{hash, unit};

/// Trades of a block.
pub(super) const TRADES: u64 = 5;
/// Taker orders of a block.
pub(super) const ORDERS: u64 = 3;

pub(super) const MINUTES: usize = 1_440;

/// The counts of one listing.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    seed: u64,
    blocks_a_day: u64,
}

fn spread(total: u64, weights: &[u64], cumulative: &mut [u64]) {
    let sum: u64 = weights.iter().sum::<u64>().max(1);
    let mut so_far = 0_u64;
    for (i, weight) in weights.iter().enumerate() {
        so_far += weight;
        cumulative[i + 1] = (u128::from(total) * u128::from(so_far) / u128::from(sum)) as u64;
    }
}

impl Schedule {
    /// So many trades a second on the whole; at least one block a day.
    pub(super) fn new(seed: u64, trades_a_second: f64) -> Self {
        let blocks = trades_a_second * 86_400.0 / TRADES as f64;
        Self {
            seed,
            blocks_a_day: blocks.clamp(4.0, 1e13) as u64,
        }
    }

    /// How many blocks stand before a day; days before 1970 have none.
    pub(super) fn before_day(&self, day: i64) -> u64 {
        if day < 0 {
            return 0;
        }
        let wobble = hash(self.seed, day as u64) % (self.blocks_a_day / 4 + 1);
        day as u64 * self.blocks_a_day + wobble
    }

    /// How many blocks stand before each minute of a day, counted from before 1970; the last is
    /// that of the next day.
    pub(super) fn minutes(&self, day: i64, liveliness: impl Fn(i64) -> f64) -> Vec<u64> {
        let first = self.before_day(day);
        let total = self.before_day(day + 1) - first;
        let mut weights = [0_u64; MINUTES];
        for (i, weight) in weights.iter_mut().enumerate() {
            let minute = day * MINUTES as i64 + i as i64;
            let noise = 0.5 + unit(hash(self.seed ^ 0xabc, minute as u64));
            *weight = (liveliness(minute) * noise * 1_000.0) as u64 + 1;
        }
        let mut cumulative = vec![0; MINUTES + 1];
        spread(total, &weights, &mut cumulative);
        for count in &mut cumulative {
            *count += first;
        }
        cumulative
    }

    /// How many of a minute's blocks stand before each of its seconds.
    pub(super) fn seconds(&self, minute: i64, blocks: u64) -> [u64; 61] {
        let mut weights = [0_u64; 60];
        for (i, weight) in weights.iter_mut().enumerate() {
            let bits = hash(self.seed ^ 0xdef, (minute * 60 + i as i64) as u64);
            // a heavy tail: one second in 2^n has 2^n times the trades
            *weight = (16 + (bits & 63)) << (bits >> 6).trailing_zeros().min(5);
        }
        let mut cumulative = [0; 61];
        spread(blocks, &weights, &mut cumulative);
        cumulative
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_never_go_back_and_days_meet() {
        let schedule = Schedule::new(3, 6.0);
        let mut last = 0;
        for day in 20_000..20_030 {
            let minutes = schedule.minutes(day, |_| 1.0);
            assert_eq!(minutes[0], schedule.before_day(day));
            assert_eq!(minutes[MINUTES], schedule.before_day(day + 1));
            assert!(minutes.is_sorted());
            assert!(minutes[0] > last, "a day has blocks");
            last = minutes[0];
            for (i, pair) in minutes.windows(2).enumerate().step_by(97) {
                let seconds = schedule.seconds(day * 1_440 + i as i64, pair[1] - pair[0]);
                assert!(seconds.is_sorted());
                assert_eq!((seconds[0], seconds[60]), (0, pair[1] - pair[0]));
            }
        }
    }
}
