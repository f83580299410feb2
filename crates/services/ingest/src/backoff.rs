//! [`Backoff`]: how long to wait before the next try.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

/// Full jitter: a random time between nothing and a bound that doubles up to a cap. The jitter lies
/// inside the cap, so that at the cap not everybody comes back at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    pub(crate) base: Duration,
    pub(crate) cap: Duration,
}

impl Backoff {
    /// The longest that the wait after so many failures (from 1) may be.
    pub(crate) fn bound(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        self.base.saturating_mul(1 << doublings).min(self.cap)
    }

    /// The wait after so many failures.
    pub(crate) fn delay(&self, failures: u32, jitter: &Jitter) -> Duration {
        jitter.within(self.bound(failures))
    }
}

/// Where randomness comes from: seeded once, shared by all that wait.
#[derive(Debug)]
pub(crate) struct Jitter(Mutex<SmallRng>);

impl Jitter {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(SmallRng::seed_from_u64(seed)))
    }

    /// A random time from nothing to `bound`.
    pub(crate) fn within(&self, bound: Duration) -> Duration {
        let mut random = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bound.mul_f64(random.random_range(0.0..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jitter_lies_inside_a_bound_that_doubles_up_to_the_cap() {
        let backoff = Backoff {
            base: Duration::from_millis(500),
            cap: Duration::from_secs(10),
        };
        let bounds = [1, 2, 3, 5, 6, 100, u32::MAX].map(|n| backoff.bound(n).as_millis());
        assert_eq!(bounds, [500, 1000, 2000, 8000, 10_000, 10_000, 10_000]);
        let jitter = Jitter::new(7);
        let delays: Vec<_> = (0..1000).map(|_| backoff.delay(50, &jitter)).collect();
        assert!(delays.iter().all(|delay| *delay <= backoff.cap));
        // spread over all of it also at the cap
        let below = |part: f64| {
            delays
                .iter()
                .filter(|d| **d < backoff.cap.mul_f64(part))
                .count()
        };
        assert!((50..150).contains(&below(0.1)) && (850..950).contains(&below(0.9)));
    }
}
