//! [`Pace`]: how often a whole book may be asked for.

/// When a snapshot may be asked for again. On a connection that loses changes every book would be asked
/// for each second, and a snapshot weighs as much as many missing trades: the venue's limit is there
/// for those first.
#[derive(Debug, Clone, Default)]
pub(super) struct Pace {
    last: Option<i64>,
    pause: i64,
}

/// The first snapshots follow one another at this distance, each further one at twice it …
const SHORTEST_PAUSE: i64 = 1_000_000_000;
/// … up to this.
const LONGEST_PAUSE: i64 = 32_000_000_000;

impl Pace {
    /// When it may be asked for again.
    pub(super) fn due(&self) -> i64 {
        self.last
            .map_or(i64::MIN, |last| last.saturating_add(self.pause))
    }

    /// It is asked for now.
    pub(super) fn asked(&mut self, elapsed: i64) {
        let calm = self
            .last
            .is_none_or(|last| elapsed.saturating_sub(last) > 2 * LONGEST_PAUSE);
        self.pause = if calm {
            SHORTEST_PAUSE
        } else {
            (self.pause * 2).min(LONGEST_PAUSE)
        };
        self.last = Some(elapsed);
    }
}
