//! [`Ring`]: what was granted of one limit, in few entries.

use crate::visit::Term;

/// Grants are remembered longer than the window by this part of it …
const SLACK_PART: i64 = 50;
/// … but at the most so long, in ms.
const MAX_SLACK: i64 = 1_000;
/// Grants of so small a part of a window share an entry.
const STEPS: i64 = 240;

/// What was granted of one limit. Times are milliseconds of the store's clock.
///
/// An entry holds the grants of a 240th of the window and stands at its end, so that each is
/// remembered a little too long and never too short.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ring {
    /// How much a window allows.
    pub amount: u32,
    /// The window's length.
    pub window: i64,
    /// When how much was granted, oldest first, at most one entry a step.
    pub entries: Vec<(i64, u32)>,
}

impl Ring {
    /// The same ring under the terms of whoever comes.
    pub(crate) fn retune(&mut self, term: &Term) {
        self.amount = term.amount;
        self.window = term.window;
    }

    /// How long a grant is remembered.
    fn kept(&self) -> i64 {
        self.window + (self.window / SLACK_PART).min(MAX_SLACK)
    }

    fn step(&self) -> i64 {
        (self.window / STEPS).max(1)
    }

    fn total(&self) -> u64 {
        self.entries.iter().map(|&(_, cost)| u64::from(cost)).sum()
    }

    /// Forgets what no longer counts.
    pub(crate) fn expire(&mut self, now: i64) {
        let kept = self.kept();
        let gone = self.entries.partition_point(|&(at, _)| at + kept <= now);
        self.entries.drain(..gone);
    }

    /// Moves the ring back: the store's clock was set back by so much.
    pub(crate) fn shift(&mut self, back: i64) {
        for (at, _) in &mut self.entries {
            *at -= back;
        }
    }

    pub(crate) fn fits(&self, cost: u32) -> bool {
        self.total() + u64::from(cost) <= u64::from(self.amount)
    }

    /// The earliest time at which `cost` fits, if nothing else is granted until then; for more than
    /// a whole window's amount, a time before which it surely does not.
    pub(crate) fn earliest(&self, now: i64, cost: u64) -> i64 {
        let amount = u64::from(self.amount);
        let windows = cost.saturating_sub(1) / amount.max(1);
        let rest = cost - windows * amount;
        let windows = i64::try_from(windows).unwrap_or(i64::MAX);
        self.fits_at(now, rest)
            .saturating_add(self.window.saturating_mul(windows))
    }

    fn fits_at(&self, now: i64, cost: u64) -> i64 {
        let mut over = (self.total() + cost).saturating_sub(u64::from(self.amount));
        if over == 0 {
            return now;
        }
        for &(at, freed) in &self.entries {
            over = over.saturating_sub(u64::from(freed));
            if over == 0 {
                return now.max(at + self.kept());
            }
        }
        now
    }

    /// Takes `cost` at `at`, which is now or past (the venue's count is of a time that is past).
    pub(crate) fn take(&mut self, at: i64, cost: u32) {
        if cost == 0 {
            return;
        }
        let step = self.step();
        let place = self.entries.partition_point(|&(end, _)| end <= at);
        match self.entries.get_mut(place) {
            Some((end, held)) if *end <= at + step => *held = held.saturating_add(cost),
            _ => {
                let end = (at.div_euclid(step) + 1) * step;
                self.entries.insert(place, (end, cost));
            }
        }
    }

    /// Undoes a [`Ring::take`] of now, as far as it is still remembered.
    pub(crate) fn give_back(&mut self, at: i64, cost: u32) {
        let step = self.step();
        let place = self.entries.partition_point(|&(end, _)| end <= at);
        if let Some((end, held)) = self.entries.get_mut(place)
            && *end <= at + step
        {
            *held = held.saturating_sub(cost);
            if *held == 0 {
                self.entries.remove(place);
            }
        }
    }

    /// The venue counted `used` when it answered a request that was granted at `sent`. What we know
    /// up to then is raised to it; what was granted since may not be in the venue's count yet, so
    /// it stays on top (but for the rest of the step in which it was sent, which cannot be told
    /// apart; the next answer tells). Never lowers: the venue's windows begin on its own minute.
    pub(crate) fn raise(&mut self, now: i64, sent: i64, used: u32) {
        let sent = sent.min(now);
        if sent + self.kept() <= now {
            return; // so old that it says nothing of this window
        }
        let until = sent + self.step();
        let known = self.entries.iter().take_while(|&&(at, _)| at <= until);
        let known: u64 = known.map(|&(_, cost)| u64::from(cost)).sum();
        let missing = u64::from(used).saturating_sub(known);
        self.take(sent, u32::try_from(missing).unwrap_or(u32::MAX));
    }

    /// What was granted in the window that ends now.
    pub(crate) fn used(&self, now: i64) -> u32 {
        let recent = self.entries.iter().rev();
        let recent = recent.take_while(|&&(at, _)| at + self.window > now);
        let used: u64 = recent.map(|&(_, cost)| u64::from(cost)).sum();
        u32::try_from(used).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(amount: u32) -> Ring {
        Ring {
            amount,
            window: 60_000,
            entries: Vec::new(),
        }
    }

    #[test]
    fn a_grant_counts_for_its_window_the_slack_and_its_step() {
        let mut ring = minute(10);
        ring.take(100, 8);
        assert_eq!(ring.entries, [(250, 8)]);
        assert!(ring.fits(2));
        assert!(!ring.fits(3));
        assert_eq!(ring.earliest(1_000, 2), 1_000);
        assert_eq!(ring.earliest(1_000, 3), 61_250);
        ring.expire(61_249);
        assert!(!ring.fits(3));
        ring.expire(61_250);
        assert!(ring.fits(10));
    }

    #[test]
    fn more_than_a_window_needs_whole_windows() {
        let mut ring = minute(10);
        assert_eq!(ring.earliest(0, 10), 0);
        assert_eq!(ring.earliest(0, 11), 60_000);
        assert_eq!(ring.earliest(0, 30), 120_000);
        ring.take(0, 9);
        assert_eq!(ring.earliest(1_000, 11), 61_000);
        assert_eq!(ring.earliest(1_000, 12), 121_250);
    }

    #[test]
    fn what_is_given_back_is_free_again_and_nothing_else() {
        let mut ring = minute(10);
        ring.take(100, 4);
        ring.take(200, 3);
        ring.take(300, 2);
        ring.give_back(200, 3);
        assert_eq!(ring.entries, [(250, 4), (500, 2)]);
        ring.give_back(300, 2);
        ring.give_back(300, 2);
        ring.give_back(9_000, 2);
        assert_eq!(ring.entries, [(250, 4)]);
    }

    #[test]
    fn the_venues_count_raises_and_never_lowers() {
        let mut ring = minute(100);
        ring.take(0, 10);
        ring.take(2_000, 5);
        ring.raise(3_000, 1_000, 30);
        assert_eq!(ring.used(3_000), 35, "20 of somebody else, 5 since");
        ring.raise(4_000, 1_000, 30);
        ring.raise(5_000, 3_000, 7);
        assert_eq!(ring.used(5_000), 35);
        ring.raise(200_000, 5_000, 90);
        ring.expire(200_000);
        assert_eq!(ring.used(200_000), 0, "no news");
    }

    #[test]
    fn a_minute_is_at_most_245_entries() {
        let mut ring = minute(u32::MAX);
        for at in (0..300_000).step_by(7) {
            ring.expire(at);
            ring.take(at, 1);
        }
        assert!(ring.entries.len() <= 245, "{}", ring.entries.len());
    }
}
