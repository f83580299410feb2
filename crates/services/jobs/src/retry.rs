//! [`RetryPolicy`]: whether a failure is tried again, and when.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use quantflow_model::Timestamp;
use quantflow_seams::jobs::{FailureClass, Next};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

/// Where randomness comes from: seeded once, shared by all that wait.
#[derive(Debug)]
pub struct Jitter(Mutex<SmallRng>);

impl Jitter {
    /// From a seed, which reproduces a run.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(SmallRng::seed_from_u64(seed)))
    }

    /// A random time from nothing to `bound`.
    pub fn within(&self, bound: Duration) -> Duration {
        let mut random = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bound.mul_f64(random.random_range(0.0..=1.0))
    }
}

/// How often a class of failure is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Until it works: an outage of a day must not leave a job that somebody has to wake.
    Always,
    /// So many runs in a row, then it is an error.
    Attempts(u32),
    /// Not again: the same would fail the same.
    Never,
}

/// Whether a failure is tried again, and when: after a random time between nothing and a bound that
/// doubles with each failure up to a cap (full jitter, inside the cap), and not before the time
/// that the venue named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The first bound.
    pub base: Duration,
    /// The last.
    pub cap: Duration,
    /// A venue's `Retry-After` counts up to this much.
    pub longest_wait: Duration,
    /// How often an answer that is not understood is asked for again.
    pub undecodable: u32,
    /// How many runs of a job may crash, or lose their worker, in a row.
    pub crashes: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            base: Duration::from_secs(1),
            cap: Duration::from_mins(5),
            longest_wait: Duration::from_hours(24),
            undecodable: 5,
            crashes: 5,
        }
    }
}

impl RetryPolicy {
    /// How often a class is tried.
    pub fn rule(&self, class: FailureClass) -> Rule {
        match class {
            FailureClass::Network
            | FailureClass::Venue
            | FailureClass::Limited
            | FailureClass::Budget
            | FailureClass::Log => Rule::Always,
            FailureClass::Undecodable => Rule::Attempts(self.undecodable),
            FailureClass::Crashed => Rule::Attempts(self.crashes),
            FailureClass::Refused | FailureClass::Invalid => Rule::Never,
        }
    }

    /// The longest wait after so many failures (from 1).
    pub fn bound(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        self.base.saturating_mul(1 << doublings).min(self.cap)
    }

    /// What becomes of a job after its failure number `failures`.
    pub fn next(
        &self,
        class: FailureClass,
        failures: u32,
        retry_after: Option<Duration>,
        now: Timestamp,
        jitter: &Jitter,
    ) -> Next {
        let again = match self.rule(class) {
            Rule::Always => true,
            Rule::Attempts(most) => failures < most,
            Rule::Never => false,
        };
        if !again {
            return Next::Error;
        }
        let named = retry_after.unwrap_or_default().min(self.longest_wait);
        Next::Due(now + named + jitter.within(self.bound(failures)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(policy: &RetryPolicy, failures: u32, named: Option<Duration>) -> Vec<Duration> {
        let jitter = Jitter::new(7);
        let now = Timestamp::EPOCH;
        let wait = |_| match policy.next(FailureClass::Limited, failures, named, now, &jitter) {
            Next::Due(due) => Duration::from_nanos(due.since(now) as u64),
            other => panic!("{other:?}"),
        };
        (0..1_000).map(wait).collect()
    }

    #[test]
    fn the_jitter_is_spread_over_a_bound_that_doubles_up_to_the_cap() {
        let policy = RetryPolicy::default();
        let bounds = [1, 2, 3, 9, 10, 99, u32::MAX].map(|n| policy.bound(n).as_secs());
        assert_eq!(bounds, [1, 2, 4, 256, 300, 300, 300]);
        let waits = waits(&policy, 99, None);
        assert!(waits.iter().all(|wait| *wait <= policy.cap));
        let below = |part: f64| {
            let bound = policy.cap.mul_f64(part);
            waits.iter().filter(|wait| **wait < bound).count()
        };
        assert!((50..150).contains(&below(0.1)) && (850..950).contains(&below(0.9)));
    }

    #[test]
    fn nobody_comes_back_before_the_time_that_the_venue_named() {
        let policy = RetryPolicy::default();
        let named = Duration::from_mins(2);
        let all = waits(&policy, 3, Some(named));
        assert!(all.iter().all(|wait| *wait >= named));
        assert!(all.iter().all(|wait| *wait <= named + policy.bound(3)));
        assert!(all.iter().any(|wait| *wait > named), "and not all at once");
        let absurd = waits(&policy, 1, Some(Duration::MAX));
        assert!(absurd[0] <= policy.longest_wait + policy.base);
    }

    #[test]
    fn what_cannot_get_better_is_an_error() {
        let (policy, jitter) = (RetryPolicy::default(), Jitter::new(1));
        let next = |class, failures| policy.next(class, failures, None, Timestamp::EPOCH, &jitter);
        assert_eq!(next(FailureClass::Refused, 1), Next::Error);
        assert_eq!(next(FailureClass::Invalid, 1), Next::Error);
        assert!(matches!(next(FailureClass::Undecodable, 4), Next::Due(_)));
        assert_eq!(next(FailureClass::Undecodable, 5), Next::Error);
        assert_eq!(next(FailureClass::Crashed, 5), Next::Error);
        for class in [
            FailureClass::Network,
            FailureClass::Limited,
            FailureClass::Log,
        ] {
            assert!(matches!(next(class, u32::MAX), Next::Due(_)), "{class}");
        }
    }
}
