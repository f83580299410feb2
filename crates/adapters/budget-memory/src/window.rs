//! [`Window`]: what was granted of one limit, as a sliding log.

use std::collections::VecDeque;
use std::time::Duration;

use quantflow_model::Timestamp;

/// Grants are remembered longer than the window by this part of it …
const SLACK_PART: u32 = 50;
/// … but at the most so long.
const MAX_SLACK: Duration = Duration::from_secs(1);

/// What was granted of one limit in the window that ends now. Times only grow (see
/// [`Window::shift`] for a clock that was set back).
#[derive(Debug)]
pub(crate) struct Window {
    amount: u64,
    length: Duration,
    kept: Duration,
    /// Oldest first; several grants of one instant share an entry.
    entries: VecDeque<Entry>,
    total: u64,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    at: Timestamp,
    cost: u64,
}

impl Window {
    pub(crate) fn new(amount: u32, length: Duration) -> Self {
        Self {
            amount: u64::from(amount),
            length,
            kept: length + (length / SLACK_PART).min(MAX_SLACK),
            entries: VecDeque::new(),
            total: 0,
        }
    }

    /// The same log under new terms.
    pub(crate) fn retuned(mut self, amount: u32, length: Duration) -> Self {
        let fresh = Self::new(amount, length);
        self.amount = fresh.amount;
        self.length = fresh.length;
        self.kept = fresh.kept;
        self
    }

    pub(crate) fn amount(&self) -> u32 {
        self.amount as u32
    }

    pub(crate) fn length(&self) -> Duration {
        self.length
    }

    /// Forgets what no longer counts.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        while let Some(entry) = self.entries.front() {
            if entry.at + self.kept > now {
                break;
            }
            self.total -= entry.cost;
            self.entries.pop_front();
        }
    }

    /// The earliest time at which `cost` fits, if nothing else is granted until then; for more than
    /// a whole window's amount, a time before which it surely does not.
    pub(crate) fn earliest(&self, now: Timestamp, cost: u64) -> Timestamp {
        // Until `k` windows and a bit from now, at most `k` times the amount can be granted, and
        // what fits into the bit.
        let windows = cost.saturating_sub(1) / self.amount.max(1);
        let rest = cost - windows * self.amount;
        let windows = u32::try_from(windows).unwrap_or(u32::MAX);
        self.fits_at(now, rest) + self.length.saturating_mul(windows)
    }

    /// The earliest time at which `cost` (at most the amount) fits.
    fn fits_at(&self, now: Timestamp, cost: u64) -> Timestamp {
        let mut over = (self.total + cost).saturating_sub(self.amount);
        for entry in &self.entries {
            if over == 0 {
                return now;
            }
            over = over.saturating_sub(entry.cost);
            if over == 0 {
                return now.max(entry.at + self.kept);
            }
        }
        now
    }

    /// Takes `cost` at `at`; out of order is allowed (the venue's count is of a time that is past).
    pub(crate) fn take(&mut self, at: Timestamp, cost: u64) {
        if cost == 0 {
            return;
        }
        self.total += cost;
        let place = self.entries.partition_point(|entry| entry.at <= at);
        match place.checked_sub(1).and_then(|i| self.entries.get_mut(i)) {
            Some(entry) if entry.at == at => entry.cost += cost,
            _ => self.entries.insert(place, Entry { at, cost }),
        }
    }

    /// The venue counted `used` when it answered a request that was granted at `sent`. What we know
    /// up to then is raised to it; what was granted since may not be in the venue's count yet, so
    /// it stays on top. Never lowers: the venue's windows begin on its own minute.
    pub(crate) fn raise(&mut self, now: Timestamp, sent: Timestamp, used: u64) {
        let sent = sent.min(now);
        if sent + self.kept <= now {
            return; // so old that it says nothing of this window
        }
        let known: u64 = self
            .entries
            .iter()
            .take_while(|entry| entry.at <= sent)
            .map(|entry| entry.cost)
            .sum();
        self.take(sent, used.saturating_sub(known));
    }

    /// What was granted, with times rounded up to sixtieths of the window: in few entries.
    pub(crate) fn kept(&self) -> Vec<(Timestamp, u64)> {
        let step = i64::try_from((self.length / 60).as_nanos())
            .unwrap_or(1)
            .max(1);
        let mut kept: Vec<(Timestamp, u64)> = Vec::new();
        for entry in &self.entries {
            let at = Timestamp::from_nanos((entry.at.nanos().div_euclid(step) + 1) * step);
            match kept.last_mut() {
                Some((last, cost)) if *last == at => *cost += entry.cost,
                _ => kept.push((at, entry.cost)),
            }
        }
        kept
    }

    /// What was granted in the window that ends now.
    pub(crate) fn used(&self, now: Timestamp) -> u32 {
        let used: u64 = self
            .entries
            .iter()
            .rev()
            .take_while(|entry| entry.at + self.length > now)
            .map(|entry| entry.cost)
            .sum();
        u32::try_from(used).unwrap_or(u32::MAX)
    }

    /// Moves the log back in time: the host's clock was set back by so much.
    pub(crate) fn shift(&mut self, back: Duration) {
        for entry in &mut self.entries {
            entry.at = entry.at - back;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn minute(amount: u32) -> Window {
        Window::new(amount, Duration::from_mins(1))
    }

    #[test]
    fn a_grant_counts_for_its_window_and_the_slack() {
        let mut window = minute(10);
        window.take(at(0), 8);
        assert_eq!(window.earliest(at(1), 2), at(1));
        assert_eq!(window.earliest(at(1), 3), at(61));
        window.expire(at(60));
        assert_eq!(window.used(at(60)), 0, "the window itself is 60 s");
        assert_eq!(window.earliest(at(60), 3), at(61), "the slack is on top");
        window.expire(at(61));
        assert_eq!(window.earliest(at(61), 10), at(61));
    }

    #[test]
    fn more_than_a_window_needs_whole_windows() {
        let window = minute(10);
        assert_eq!(window.earliest(at(0), 10), at(0));
        assert_eq!(window.earliest(at(0), 11), at(60));
        assert_eq!(window.earliest(at(0), 30), at(120));
        let mut window = minute(10);
        window.take(at(0), 9);
        assert_eq!(window.earliest(at(1), 11), at(61));
        assert_eq!(window.earliest(at(1), 12), at(121));
    }

    #[test]
    fn the_venues_count_raises_ours_and_keeps_what_came_since() {
        let mut window = minute(100);
        window.take(at(0), 10);
        window.take(at(2), 5);
        window.raise(at(3), at(1), 30); // 20 of somebody else
        assert_eq!(window.used(at(3)), 35);
        window.raise(at(4), at(1), 30);
        assert_eq!(
            window.used(at(4)),
            35,
            "the same news twice changes nothing"
        );
        window.raise(at(5), at(3), 7);
        assert_eq!(window.used(at(5)), 35, "never lowered");
        window.raise(at(200), at(5), 90);
        window.expire(at(200));
        assert_eq!(
            window.used(at(200)),
            0,
            "news older than the window is no news"
        );
    }
}
