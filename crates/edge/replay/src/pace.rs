//! [`Speed`]: how market time runs against the clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use quantflow_model::Timestamp;
use quantflow_seams::Clock;

/// How fast a market is played.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// So many seconds of market a second of the clock; above 0. 1 is life.
    Times(f64),
    /// As fast as the clients take it: nothing is told while nobody listens, and nobody misses
    /// anything, for the walk waits for the slowest.
    Max,
}

/// Text that is no speed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a speed: {0:?} (a number above 0 and up to 1000000, or max)")]
pub struct SpeedError(String);

impl std::str::FromStr for Speed {
    type Err = SpeedError;

    fn from_str(text: &str) -> Result<Self, SpeedError> {
        if text == "max" {
            return Ok(Self::Max);
        }
        text.trim_end_matches('x')
            .parse()
            .ok()
            .filter(|times| *times > 0.0 && *times <= 1e6)
            .map(Self::Times)
            .ok_or_else(|| SpeedError(text.chars().take(32).collect()))
    }
}

/// The relation of market time to the clock.
#[derive(Debug)]
pub(crate) struct Pace {
    pub(crate) clock: Arc<dyn Clock>,
    started: Timestamp,
    pub(crate) from: Timestamp,
    speed: Speed,
    /// At full speed: how far the walk is.
    reached: AtomicI64,
}

impl Pace {
    /// Market time stands at `from` now.
    pub(crate) fn new(clock: Arc<dyn Clock>, from: Timestamp, speed: Speed) -> Self {
        Self {
            started: clock.now(),
            clock,
            from,
            speed,
            reached: AtomicI64::new(from.nanos()),
        }
    }

    /// Whether the walk waits for its listeners instead of the clock.
    pub(crate) const fn is_max(&self) -> bool {
        matches!(self.speed, Speed::Max)
    }

    /// Market time now.
    pub(crate) fn now(&self) -> Timestamp {
        match self.speed {
            Speed::Max => Timestamp::from_nanos(self.reached.load(Ordering::Acquire)),
            Speed::Times(times) => {
                let passed = self.clock.now().since(self.started);
                // whole numbers where the speed is one: a float forgets nanoseconds after 104 days
                let passed = if times == 1.0 {
                    passed
                } else {
                    (passed as f64 * times) as i64
                };
                self.from.plus_nanos(passed)
            }
        }
    }

    /// The walk has come so far.
    pub(crate) fn reach(&self, instant: Timestamp) {
        self.reached.fetch_max(instant.nanos(), Ordering::AcqRel);
    }

    /// How long market time needs to get there.
    pub(crate) fn until(&self, instant: Timestamp) -> Duration {
        let Speed::Times(times) = self.speed else {
            return Duration::ZERO;
        };
        let nanos = u64::try_from(instant.since(self.now())).unwrap_or(0);
        if times == 1.0 {
            return Duration::from_nanos(nanos);
        }
        Duration::from_secs_f64((nanos as f64 / 1e9 / times).min(1e9))
    }

    /// How much market time has passed since the beginning.
    pub(crate) fn elapsed(&self) -> Duration {
        Duration::from_nanos(u64::try_from(self.now().since(self.from)).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quantflow_testkit_clock::ManualClock;

    mod quantflow_testkit_clock {
        //! The testkit's clock would be built against another copy of `seams` in a unit test.
        use super::*;
        use std::sync::Mutex;

        #[derive(Debug)]
        pub(super) struct ManualClock(pub(super) Mutex<Timestamp>);

        #[async_trait::async_trait]
        impl Clock for ManualClock {
            fn now(&self) -> Timestamp {
                *self.0.lock().unwrap()
            }
            async fn sleep(&self, _: Duration) {}
        }
    }

    #[test]
    fn market_time_runs_at_its_speed() {
        let clock = Arc::new(ManualClock(std::sync::Mutex::new(Timestamp::from_seconds(
            100,
        ))));
        let pace = Pace::new(
            Arc::clone(&clock) as Arc<dyn Clock>,
            Timestamp::from_seconds(5),
            Speed::Times(10.0),
        );
        *clock.0.lock().unwrap() = Timestamp::from_seconds(102);
        assert_eq!(pace.now(), Timestamp::from_seconds(25));
        assert_eq!(pace.elapsed(), Duration::from_secs(20));
        assert_eq!(
            pace.until(Timestamp::from_seconds(35)),
            Duration::from_secs(1)
        );
        assert_eq!(pace.until(Timestamp::from_seconds(1)), Duration::ZERO);
    }

    #[test]
    fn speeds_are_read() {
        assert_eq!("max".parse(), Ok(Speed::Max));
        assert_eq!("10".parse(), Ok(Speed::Times(10.0)));
        assert_eq!("0.5x".parse(), Ok(Speed::Times(0.5)));
        for bad in ["", "0", "-1", "nan", "inf", "fast", "1e9"] {
            assert!(bad.parse::<Speed>().is_err(), "{bad}");
        }
    }
}
