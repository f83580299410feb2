//! The band of usual prices: the median of recent closes, and so many robust standard deviations
//! (1.4826 times the median of absolute deviations) to each side. A price outside is marked
//! `outlier` and kept: it may be a bad print, or a crash.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::options::PipelineOptions;

/// How many closes of five-second candles the band looks back on.
const WINDOW: usize = 61;
/// With fewer it says nothing.
const ENOUGH: usize = 15;

/// The band of usual prices of one symbol, in integers of its price scale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Band {
    closes: VecDeque<i64>,
    newest: i64,
    low: i64,
    high: i64,
}

impl Default for Band {
    fn default() -> Self {
        Self {
            closes: VecDeque::new(),
            newest: i64::MIN,
            low: i64::MIN,
            high: i64::MAX,
        }
    }
}

impl Band {
    /// Whether a price at a time is outside.
    #[inline]
    pub(crate) fn excludes(&self, price: i64, time: i64, options: &PipelineOptions) -> bool {
        (price < self.low || price > self.high)
            && time.saturating_sub(self.newest) <= options.band_max_age_ns
    }

    /// A candle closed, ending at `end`.
    pub(crate) fn add(&mut self, close: i64, end: i64, options: &PipelineOptions) {
        if end.saturating_sub(self.newest) > options.band_max_age_ns {
            self.closes.clear();
        }
        self.newest = end;
        if self.closes.len() == WINDOW {
            self.closes.pop_front();
        }
        self.closes.push_back(close);
        (self.low, self.high) = self.limits(options);
    }

    fn limits(&self, options: &PipelineOptions) -> (i64, i64) {
        if self.closes.len() < ENOUGH {
            return (i64::MIN, i64::MAX);
        }
        let mut sorted = [0_i64; WINDOW];
        let sorted = &mut sorted[..self.closes.len()];
        for (to, from) in sorted.iter_mut().zip(&self.closes) {
            *to = *from;
        }
        let middle = sorted.len() / 2;
        let median = *sorted.select_nth_unstable(middle).1;
        for price in sorted.iter_mut() {
            *price = i64::try_from(price.abs_diff(median)).unwrap_or(i64::MAX);
        }
        let deviation = i128::from(*sorted.select_nth_unstable(middle).1);
        let wide = deviation * i128::from(options.band_deviations) * 14_826 / 10_000;
        let floor =
            i128::from(median.unsigned_abs()) * i128::from(options.band_floor_permille) / 1_000;
        let half = i64::try_from(wide.max(floor)).unwrap_or(i64::MAX);
        (median.saturating_sub(half), median.saturating_add(half))
    }

    /// Carries prices at a larger scale; where they do not fit the band begins anew.
    pub(crate) fn rescale(&mut self, by: i128, options: &PipelineOptions) {
        let scaled: Option<VecDeque<i64>> = self
            .closes
            .iter()
            .map(|&price| i64::try_from(i128::from(price).checked_mul(by)?).ok())
            .collect();
        match scaled {
            Some(closes) => {
                self.closes = closes;
                (self.low, self.high) = self.limits(options);
            }
            None => *self = Self::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    #[test]
    fn a_bad_print_is_outside_and_a_trend_is_not() {
        let options = PipelineOptions::default();
        let mut band = Band::default();
        assert!(!band.excludes(1, 0, &options), "an empty band says nothing");
        for i in 0..100 {
            let price = 10_000 + i * 20;
            assert!(!band.excludes(price, i * 5 * SECOND, &options), "{i}");
            band.add(price, i * 5 * SECOND, &options);
        }
        let now = 500 * SECOND;
        assert!(band.excludes(1_198, now, &options), "a point misplaced");
        assert!(band.excludes(119_800, now, &options));
        assert!(!band.excludes(12_300, now, &options));
        assert!(
            !band.excludes(119_800, now + 2_000 * SECOND, &options),
            "an old band says nothing"
        );
    }

    #[test]
    fn a_quiet_market_is_allowed_its_floor() {
        let options = PipelineOptions::default();
        let mut band = Band::default();
        for i in 0..20 {
            band.add(1_000, i, &options);
        }
        assert!(!band.excludes(1_030, 20, &options));
        assert!(band.excludes(1_031, 20, &options));
        band.rescale(10, &options);
        assert!(!band.excludes(10_300, 20, &options));
        assert!(band.excludes(10_301, 20, &options));
    }
}
