//! [`VenueClock`]: what time it is at the venue, told by records alone.

use serde::{Deserialize, Serialize};

const SECOND: i64 = 1_000_000_000;
/// Each of the two buckets of the sliding minimum covers so much receive time.
const BUCKET: i64 = 30 * SECOND;
/// Receive time that moves on by more than this, or back by more than a second, between two
/// records is a step of the host's clock (or a pause; it does no harm to take one for the other).
const STEP: i64 = 2 * SECOND;
/// A sample this far below the others is believed only when others follow it.
const SUSPICIOUS: i64 = 5 * SECOND;
/// So many samples in a row make a suspicious level the truth.
const CONFIRMATIONS: u8 = 3;

/// The venue's clock, estimated as receive time less skew, where the skew is the smallest distance
/// of receive time and venue time over the last half to whole minute of frames: the frame that was
/// fastest on its way. So it holds for a host clock that is wrong, and for recordings that are
/// replayed years later at any speed.
///
/// It never goes back. When the host's clock steps it goes on from where it was, by the time that
/// passes after the step, until the next frame tells the new skew.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct VenueClock {
    last_received: Option<i64>,
    /// Receive time passed, steps excluded: what timers run by.
    elapsed: i64,
    skew: Option<Skew>,
    /// The largest estimate so far.
    reached: Option<i64>,
    /// `elapsed` when `reached` was last true: from here it goes on while the skew is unknown.
    anchor: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Skew {
    bucket_start: i64,
    previous: i64,
    current: i64,
    suspect: i64,
    suspect_count: u8,
}

impl VenueClock {
    /// A record was received.
    #[inline]
    pub(crate) fn tick(&mut self, received: i64) {
        if let Some(last) = self.last_received {
            let passed = received.saturating_sub(last);
            if (-SECOND..=STEP).contains(&passed) {
                self.elapsed = self.elapsed.saturating_add(passed.max(0));
            } else {
                self.skew = None;
                self.elapsed = self.elapsed.saturating_add(passed.clamp(0, STEP));
                self.anchor = self.elapsed;
            }
        }
        self.last_received = Some(received);
        self.refresh(received);
    }

    /// A live frame that was received says that the venue's clock stood at `venue_time`.
    #[inline]
    pub(crate) fn sample(&mut self, received: i64, venue_time: i64) {
        let sample = received.saturating_sub(venue_time);
        match &mut self.skew {
            None => {
                self.skew = Some(Skew {
                    bucket_start: received,
                    previous: sample,
                    current: sample,
                    suspect: 0,
                    suspect_count: 0,
                });
            }
            Some(skew) => skew.add(received, sample),
        }
        self.refresh(received);
    }

    /// The venue's time now; `None` before the first live frame.
    #[inline]
    pub(crate) fn now(&self) -> Option<i64> {
        self.reached
    }

    /// The venue's time, or where no live frame ever said it, ours.
    pub(crate) fn now_or_received(&self) -> i64 {
        self.reached.or(self.last_received).unwrap_or(i64::MIN)
    }

    /// When the last record was received.
    pub(crate) fn last_received(&self) -> i64 {
        self.last_received.unwrap_or(0)
    }

    /// Receive time passed since the beginning, steps excluded.
    #[inline]
    pub(crate) fn elapsed(&self) -> i64 {
        self.elapsed
    }

    #[inline]
    fn refresh(&mut self, received: i64) {
        let estimate = match (&self.skew, self.reached) {
            (Some(skew), _) => received.saturating_sub(skew.minimum()),
            (None, Some(reached)) => {
                reached.saturating_add(self.elapsed.saturating_sub(self.anchor))
            }
            (None, None) => return,
        };
        self.anchor = self.elapsed;
        self.reached = Some(self.reached.map_or(estimate, |r| r.max(estimate)));
    }
}

impl Skew {
    #[inline]
    fn minimum(&self) -> i64 {
        self.previous.min(self.current)
    }

    #[inline]
    fn add(&mut self, received: i64, sample: i64) {
        if received.saturating_sub(self.bucket_start) >= BUCKET {
            let minimum = self.minimum();
            self.previous = self.current;
            let trusted = sample >= minimum.saturating_sub(SUSPICIOUS);
            self.current = if trusted { sample } else { minimum };
            self.bucket_start = received;
        }
        if sample >= self.current {
            return;
        }
        if sample >= self.minimum().saturating_sub(SUSPICIOUS) {
            self.current = sample;
            self.suspect_count = 0;
            return;
        }
        // one frame with a rubbish time must not push the clock ahead and close every candle
        let agrees = self.suspect.abs_diff(sample) < SUSPICIOUS.unsigned_abs();
        self.suspect_count = if agrees { self.suspect_count + 1 } else { 1 };
        self.suspect = sample;
        if self.suspect_count >= CONFIRMATIONS {
            self.previous = sample;
            self.current = sample;
            self.suspect_count = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(clock: &mut VenueClock, received: i64, venue: i64) {
        clock.tick(received);
        clock.sample(received, venue);
    }

    #[test]
    fn the_fastest_frame_tells_the_skew() {
        let mut clock = VenueClock::default();
        let year = 365 * 86_400 * SECOND;
        for (i, delay) in [80, 30, 200, 45].into_iter().enumerate() {
            let venue = i as i64 * SECOND;
            run(&mut clock, year + venue + delay * 1_000_000, venue);
        }
        // the smallest delay was 30 ms, so 45 ms after the last frame left, it is 15 ms later there
        assert_eq!(clock.now(), Some(3 * SECOND + 15_000_000));
        clock.tick(year + 4 * SECOND);
        assert_eq!(clock.now(), Some(4 * SECOND - 30_000_000));
    }

    #[test]
    fn a_step_of_the_host_clock_neither_jumps_nor_stops_it() {
        for step in [3_600 * SECOND, -3_600 * SECOND, 7 * SECOND, -2 * SECOND] {
            let mut clock = VenueClock::default();
            for i in 0..10 {
                run(&mut clock, i * SECOND, i * SECOND);
            }
            clock.tick(10 * SECOND + step);
            let after = clock.now().unwrap();
            assert!(
                (9 * SECOND..=11 * SECOND).contains(&after),
                "{step}: {after}"
            );
            clock.tick(11 * SECOND + step);
            assert!(clock.now().unwrap() >= after, "{step}");
            run(&mut clock, 12 * SECOND + step, 12 * SECOND);
            assert!(
                (clock.now().unwrap() - 12 * SECOND).abs() <= SECOND,
                "{step}"
            );
            for i in 13..100 {
                run(&mut clock, i * SECOND + step, i * SECOND);
            }
            assert_eq!(clock.now(), Some(99 * SECOND), "{step}");
        }
    }

    #[test]
    fn one_rubbish_time_is_not_believed_and_three_are() {
        let mut clock = VenueClock::default();
        for i in 0..10 {
            run(&mut clock, i * SECOND / 10, i * SECOND / 10);
        }
        run(&mut clock, SECOND, 1_000_000 * SECOND);
        assert_eq!(clock.now(), Some(SECOND));
        for _ in 0..3 {
            run(&mut clock, SECOND, 1_000 * SECOND);
        }
        assert_eq!(clock.now(), Some(1_000 * SECOND));
    }

    #[test]
    fn a_slower_way_is_learned_when_the_old_minimum_leaves_the_window() {
        let mut clock = VenueClock::default();
        run(&mut clock, 0, 0);
        for i in 1..80 {
            run(&mut clock, i * SECOND + SECOND / 2, i * SECOND);
        }
        clock.tick(80 * SECOND + SECOND / 2);
        assert_eq!(clock.now(), Some(80 * SECOND));
    }
}
