//! [`Coverage`]: which of a venue's contiguous trade ids we hold, and which are missing.
//!
//! Ids from `first` to `next` (outside) are held, except those in holes. A hole that a repair
//! proved to be unfillable stays as *given up*: nothing asks for it any more, but trades that do
//! come are still let in.

use std::collections::BTreeMap;

use quantflow_model::{Hole, Timestamp, Trade, TradeId, TradeKey};
use serde::{Deserialize, Serialize};

use crate::runs::Run;

/// How many of the newest trades are remembered by content.
const RECENT: usize = 64;

/// What a symbol's trade ids say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Coverage {
    first: Option<(u128, Timestamp)>,
    /// The id that follows the newest.
    next: u128,
    /// The venue's time of the newest.
    last_time: Timestamp,
    /// By first missing id.
    holes: BTreeMap<u128, OpenHole>,
    /// The run that ends with the newest trade.
    tail: Run,
    /// Content of recent trades, at `id % RECENT`: low bits of the id, and a hash.
    recent: Vec<(u32, u32)>,
}

/// A range of missing ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OpenHole {
    /// The last missing id.
    pub(crate) to: u128,
    /// Venue time of the known trade before it.
    pub(crate) after: Timestamp,
    /// Venue time of the known trade past it.
    pub(crate) before: Timestamp,
    /// When it was found, by the records' elapsed time.
    pub(crate) found: i64,
    /// Nothing asks for it any more.
    pub(crate) given_up: bool,
    /// The known trades that end just before it.
    pub(crate) below: Run,
    /// The known trades that begin just past it.
    pub(crate) above: Run,
    /// When it was last asked for. Not state: after a restart it is asked for again.
    #[serde(skip)]
    pub(crate) asked: Option<i64>,
}

/// What a trade is to the coverage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The very first.
    First,
    /// The id that follows the newest.
    Next,
    /// Past the newest, with missing ids between.
    Ahead,
    /// Wholly missing until now.
    InHole {
        /// Time of the known trade before the hole.
        after: Timestamp,
        /// Time of the known trade past the hole.
        before: Timestamp,
    },
    /// Before the first.
    Below,
    /// Held already.
    Known,
    /// Partly held, partly not: an aggregate across an edge.
    Mixed,
}

impl Coverage {
    /// The first id and its time.
    #[cfg(test)]
    fn first(&self) -> Option<(u128, Timestamp)> {
        self.first
    }

    /// The id that would follow the newest trade.
    pub(crate) fn next(&self) -> u128 {
        self.next
    }

    /// Venue time of the newest trade.
    pub(crate) fn last_time(&self) -> Timestamp {
        self.last_time
    }

    /// Missing ranges, ascending; those given up too.
    pub(crate) fn holes(&self) -> impl DoubleEndedIterator<Item = (u128, &OpenHole)> {
        self.holes.iter().map(|(&from, hole)| (from, hole))
    }

    pub(crate) fn holes_mut(&mut self) -> impl Iterator<Item = (u128, &mut OpenHole)> {
        self.holes.iter_mut().map(|(&from, hole)| (from, hole))
    }

    /// Whether anything is missing that is still asked for.
    pub(crate) fn has_open_holes(&self) -> bool {
        self.holes.values().any(|hole| !hole.given_up)
    }

    /// Where a trade (or an aggregate that stands for several ids) belongs.
    #[inline]
    pub(crate) fn place(&self, trade: &Trade) -> Place {
        let (from, to) = (trade.id.0, trade.last_id().0);
        let Some((first, _)) = self.first else {
            return Place::First;
        };
        if from == self.next {
            return Place::Next;
        }
        if from > self.next {
            return Place::Ahead;
        }
        if to < first {
            return Place::Below;
        }
        if from < first || to >= self.next {
            return Place::Mixed;
        }
        let mut below = self.holes.range(..=to);
        match below.next_back() {
            Some((&start, hole)) if hole.to >= from => {
                if start <= from && to <= hole.to {
                    Place::InHole {
                        after: hole.after,
                        before: hole.before,
                    }
                } else {
                    Place::Mixed
                }
            }
            _ => Place::Known,
        }
    }

    /// Takes in a trade that [`Coverage::place`] says is not held, not even partly. Returns the
    /// hole that it opened.
    #[inline]
    pub(crate) fn admit(&mut self, trade: &Trade, place: Place, elapsed: i64) -> Option<Hole> {
        self.remember(trade);
        match place {
            Place::Next => {
                if !self.holes.is_empty() {
                    self.extend_runs(trade);
                }
                self.set_newest(trade);
                None
            }
            Place::First => {
                self.first = Some((trade.id.0, trade.time));
                self.set_newest(trade);
                None
            }
            Place::Ahead => {
                let hole = OpenHole {
                    to: trade.id.0.saturating_sub(1),
                    after: self.last_time,
                    before: trade.time,
                    found: elapsed,
                    given_up: false,
                    below: std::mem::take(&mut self.tail),
                    above: Run::default(),
                    asked: None,
                };
                let opened = self.open(self.next, hole, trade);
                self.set_newest(trade);
                Some(opened)
            }
            Place::Below => {
                let (first, first_time) = self.first?;
                self.first = Some((trade.id.0, trade.time));
                if trade.last_id().next().0 == first {
                    self.extend_runs(trade);
                    return None;
                }
                let hole = OpenHole {
                    to: first.saturating_sub(1),
                    after: trade.time,
                    before: first_time,
                    found: elapsed,
                    given_up: false,
                    below: Run::default(),
                    // known where everything held is one run
                    above: if self.tail.first() == Some(first) {
                        self.tail.clone()
                    } else {
                        Run::default()
                    },
                    asked: None,
                };
                let from = trade.last_id().next().0;
                let mut below = Run::default();
                below.push_newest(trade);
                let opened = as_hole(from, &hole);
                self.holes.insert(from, OpenHole { below, ..hole });
                Some(opened)
            }
            Place::InHole { .. } => {
                self.fill(trade);
                None
            }
            Place::Known | Place::Mixed => None,
        }
    }

    fn open(&mut self, from: u128, mut hole: OpenHole, past: &Trade) -> Hole {
        hole.above.push_oldest(past);
        let opened = as_hole(from, &hole);
        self.holes.insert(from, hole);
        opened
    }

    #[inline]
    fn set_newest(&mut self, trade: &Trade) {
        self.tail.push_newest(trade);
        self.next = trade.last_id().next().0;
        self.last_time = trade.time;
    }

    /// Lets the runs beside holes grow by a trade that touches them.
    fn extend_runs(&mut self, trade: &Trade) {
        let (from, to) = (trade.id.0, trade.last_id().0);
        if let Some((_, hole)) = self.holes.range_mut(..from).next_back() {
            hole.above.extend_up(trade);
        }
        if let Some((_, hole)) = self.holes.range_mut(to..).next() {
            hole.below.extend_down(trade);
        }
    }

    /// A trade that lies wholly in a hole: the hole shrinks or splits.
    fn fill(&mut self, trade: &Trade) {
        let (from, to) = (trade.id.0, trade.last_id().0);
        let Some((&start, hole)) = self.holes.range(..=from).next_back() else {
            return;
        };
        let end = hole.to;
        if hole.to < to {
            return;
        }
        let Some(hole) = self.holes.remove(&start) else {
            return;
        };
        // neighbours first: these runs lie outside the hole that was
        self.extend_runs(trade);
        if from > start {
            let mut above = if to == end {
                hole.above.clone()
            } else {
                Run::default()
            };
            above.push_oldest(trade);
            self.holes.insert(
                start,
                OpenHole {
                    to: from - 1,
                    before: trade.time,
                    above,
                    below: hole.below.clone(),
                    // some came: the rest is asked for at once
                    asked: hole.asked.map(|_| i64::MIN),
                    ..hole
                },
            );
        }
        if to < end {
            let mut below = if from == start {
                hole.below
            } else {
                Run::default()
            };
            below.push_newest(trade);
            self.holes.insert(
                to + 1,
                OpenHole {
                    after: trade.time,
                    below,
                    asked: hole.asked.map(|_| i64::MIN),
                    ..hole
                },
            );
        }
    }

    /// Marks missing ids of a range as not to be had; returns the ranges that were still asked for.
    pub(crate) fn give_up(&mut self, from: u128, to: u128) -> Vec<(TradeId, TradeId)> {
        let mut given = Vec::new();
        let starts: Vec<u128> = self
            .holes
            .range(..=to)
            .rev()
            .take_while(|(_, hole)| hole.to >= from)
            .map(|(&start, _)| start)
            .collect();
        for start in starts.into_iter().rev() {
            let Some(hole) = self.holes.remove(&start) else {
                continue;
            };
            let (low, high) = (from.max(start), to.min(hole.to));
            if hole.given_up {
                self.holes.insert(start, hole);
                continue;
            }
            if start < low {
                let part = OpenHole {
                    to: low - 1,
                    above: Run::default(),
                    ..hole.clone()
                };
                self.holes.insert(start, part);
            }
            if high < hole.to {
                let part = OpenHole {
                    below: Run::default(),
                    ..hole.clone()
                };
                self.holes.insert(high + 1, part);
            }
            self.holes.insert(
                low,
                OpenHole {
                    to: high,
                    given_up: true,
                    ..hole
                },
            );
            given.push((TradeId(low), TradeId(high)));
        }
        given
    }

    /// The parts of `from..=to` that are not held, ascending.
    pub(crate) fn missing(&self, from: u128, to: u128) -> Vec<(u128, u128)> {
        let Some((first, _)) = self.first else {
            return vec![(from, to)];
        };
        let mut parts = Vec::new();
        if from < first {
            parts.push((from, to.min(first - 1)));
        }
        let mut inside: Vec<_> = self
            .holes
            .range(..=to)
            .rev()
            .take_while(|(_, hole)| hole.to >= from)
            .map(|(&start, hole)| (start.max(from), hole.to.min(to)))
            .collect();
        inside.reverse();
        parts.append(&mut inside);
        if to >= self.next {
            parts.push((from.max(self.next), to));
        }
        parts
    }

    /// The run of known trades that ends just before `id`, which is missing.
    pub(crate) fn run_below(&self, id: u128) -> Option<&Run> {
        if id == self.next {
            return Some(&self.tail);
        }
        self.holes.get(&id).map(|hole| &hole.below)
    }

    /// The run of known trades that begins just past `id`, which is missing.
    pub(crate) fn run_above(&self, id: u128) -> Option<&Run> {
        let (_, hole) = self.holes.range(..=id).next_back()?;
        (hole.to == id).then_some(&hole.above)
    }

    #[inline]
    fn remember(&mut self, trade: &Trade) {
        if self.recent.is_empty() {
            self.recent.resize(RECENT, (0, 0));
        }
        let at = (trade.id.0 % RECENT as u128) as usize;
        self.recent[at] = (trade.id.0 as u32, content(trade));
    }

    /// Whether a trade that is held already came with another content this time. `false` where that
    /// is not remembered.
    pub(crate) fn contradicts(&self, trade: &Trade) -> bool {
        let at = (trade.id.0 % RECENT as u128) as usize;
        self.recent.get(at).is_some_and(|&(id, hash)| {
            id == trade.id.0 as u32 && hash != 0 && hash != content(trade)
        })
    }

    /// The earliest instant at which a missing trade may lie, of holes that reach past `since`.
    /// Everything before it is known to be complete from `since` on.
    pub(crate) fn complete_until(&self, since: Timestamp) -> Option<Timestamp> {
        self.holes
            .values()
            .rev()
            .take_while(|hole| hole.before >= since)
            .filter(|hole| !hole.given_up)
            .map(|hole| hole.after.min(hole.before))
            .min()
    }

    /// Whether a missing trade, asked for or given up, may lie in `[start, end)`.
    pub(crate) fn may_lack(&self, start: Timestamp, end: Timestamp) -> bool {
        self.holes.values().rev().any(|hole| {
            let (low, high) = (hole.after.min(hole.before), hole.after.max(hole.before));
            low < end && high >= start
        })
    }

    /// The first trade's key.
    pub(crate) fn began(&self) -> Option<TradeKey> {
        self.first.map(|(id, time)| TradeKey {
            time,
            id: TradeId(id),
        })
    }
}

/// As the ledger names it.
pub(crate) fn as_hole(from: u128, hole: &OpenHole) -> Hole {
    Hole {
        from: TradeId(from),
        to: TradeId(hole.to),
        after: hole.after,
        before: hole.before,
    }
}

/// A hash of what a trade says, flags apart; never 0.
#[inline]
fn content(trade: &Trade) -> u32 {
    const MIX: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut hash = trade.time.nanos() as u64;
    for part in [
        trade.price.0.mantissa() as u64,
        trade.quantity.0.mantissa() as u64,
        u64::from(trade.price.0.scale()) << 8 | u64::from(trade.quantity.0.scale()),
        u64::from(trade.count) << 2 | u64::from(trade.side.code()),
    ] {
        hash = (hash.rotate_left(23) ^ part).wrapping_mul(MIX);
    }
    ((hash >> 32) as u32).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use quantflow_model::{Side, TradeFlags};

    fn trade(id: u128) -> Trade {
        Trade {
            id: TradeId(id),
            time: Timestamp::from_seconds(id as i64),
            price: "10".parse().unwrap(),
            quantity: "1".parse().unwrap(),
            side: Side::Buy,
            flags: TradeFlags::NONE,
            count: 1,
        }
    }

    fn take(coverage: &mut Coverage, id: u128) -> Place {
        let place = coverage.place(&trade(id));
        coverage.admit(&trade(id), place, 0);
        place
    }

    fn ranges(coverage: &Coverage) -> Vec<(u128, u128)> {
        coverage
            .holes()
            .map(|(from, hole)| (from, hole.to))
            .collect()
    }

    #[test]
    fn holes_open_split_and_close() {
        let mut coverage = Coverage::default();
        assert_eq!(take(&mut coverage, 10), Place::First);
        assert_eq!(take(&mut coverage, 11), Place::Next);
        assert_eq!(take(&mut coverage, 20), Place::Ahead);
        assert_eq!(ranges(&coverage), [(12, 19)]);
        assert!(matches!(take(&mut coverage, 15), Place::InHole { .. }));
        assert_eq!(ranges(&coverage), [(12, 14), (16, 19)]);
        assert!(matches!(take(&mut coverage, 12), Place::InHole { .. }));
        assert!(matches!(take(&mut coverage, 19), Place::InHole { .. }));
        assert_eq!(ranges(&coverage), [(13, 14), (16, 18)]);
        assert_eq!(take(&mut coverage, 15), Place::Known);
        let (_, hole) = coverage.holes().next().unwrap();
        assert_eq!(
            (hole.after, hole.before),
            (Timestamp::from_seconds(12), Timestamp::from_seconds(15))
        );
        assert_eq!(
            hole.below.quantity(10, 12, trade(1).price),
            Some(quantflow_model::Decimal::whole(3))
        );
        for id in [13, 14, 16, 17, 18] {
            take(&mut coverage, id);
        }
        assert!(ranges(&coverage).is_empty());
        assert_eq!(take(&mut coverage, 4), Place::Below);
        assert_eq!(ranges(&coverage), [(5, 9)]);
        assert_eq!(coverage.first().unwrap().0, 4);
    }

    #[test]
    fn what_is_given_up_is_not_asked_for_but_let_in() {
        let mut coverage = Coverage::default();
        take(&mut coverage, 1);
        take(&mut coverage, 10);
        let given = coverage.give_up(3, 5);
        assert_eq!(given, [(TradeId(3), TradeId(5))]);
        assert_eq!(ranges(&coverage), [(2, 2), (3, 5), (6, 9)]);
        assert!(coverage.give_up(3, 5).is_empty());
        assert_eq!(
            coverage.missing(0, 12),
            [(0, 0), (2, 2), (3, 5), (6, 9), (11, 12)]
        );
        assert!(matches!(take(&mut coverage, 4), Place::InHole { .. }));
    }

    #[test]
    fn another_content_under_a_known_id_is_noticed() {
        let mut coverage = Coverage::default();
        take(&mut coverage, 1);
        assert!(!coverage.contradicts(&trade(1)));
        let other = Trade {
            price: "11".parse().unwrap(),
            ..trade(1)
        };
        assert!(coverage.contradicts(&other));
    }
}
