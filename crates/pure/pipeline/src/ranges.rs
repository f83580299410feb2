//! [`Ranges`]: a set of half-open ranges of nanoseconds.

use serde::{Deserialize, Serialize};

/// Disjoint half-open ranges, ascending, none touching the next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Ranges(Vec<(i64, i64)>);

impl Ranges {
    /// Whether an instant is inside.
    pub(crate) fn contains(&self, instant: i64) -> bool {
        self.covers(instant, instant.saturating_add(1))
    }

    /// Whether all of `[from, to)` is inside.
    pub(crate) fn covers(&self, from: i64, to: i64) -> bool {
        let after = self.0.partition_point(|range| range.0 <= from);
        after > 0 && self.0[after - 1].1 >= to
    }

    /// Adds `[from, to)`.
    pub(crate) fn add(&mut self, from: i64, to: i64) {
        if from >= to {
            return;
        }
        // the common case: it continues the last one
        if let Some(last) = self.0.last_mut()
            && last.0 <= from
            && from <= last.1
        {
            last.1 = last.1.max(to);
            return;
        }
        let start = self.0.partition_point(|range| range.1 < from);
        let end = self.0.partition_point(|range| range.0 <= to);
        let joined = self.0[start..end].iter().fold((from, to), |all, range| {
            (all.0.min(range.0), all.1.max(range.1))
        });
        self.0.splice(start..end, [joined]);
    }

    #[cfg(test)]
    fn as_slice(&self) -> &[(i64, i64)] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// A set of ranges holds exactly the instants that were put in.
        #[test]
        fn holds_what_was_put_in(parts in prop::collection::vec((0_i64..60, 0_i64..9), 0..20)) {
            let mut ranges = Ranges::default();
            let mut naive = [false; 80];
            for (from, length) in parts {
                ranges.add(from, from + length);
                naive[from as usize..(from + length) as usize].fill(true);
            }
            for (instant, inside) in naive.iter().enumerate() {
                prop_assert_eq!(ranges.contains(instant as i64), *inside);
            }
            for pair in ranges.as_slice().windows(2) {
                prop_assert!(pair[0].1 < pair[1].0);
            }
        }
    }
}
