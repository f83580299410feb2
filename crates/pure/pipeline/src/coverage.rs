//! [`Coverage`]: which of a venue's contiguous trade ids we hold, and which are missing.
//!
//! Ids from `first` to `next` (outside) are held, except those in holes. A hole that a repair
//! proved to be unfillable stays as *given up*: nothing asks for it any more, but trades that do
//! come are still let in.

mod holes;
mod recent;

use std::collections::BTreeMap;

use quantflow_model::{Hole, Timestamp, Trade, TradeId, TradeKey};
use serde::{Deserialize, Serialize};

pub(crate) use self::holes::{OpenHole, as_hole};
use self::recent::Recent;
use crate::runs::Run;

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
    recent: Recent,
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
        self.recent.remember(trade);
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

    #[inline]
    fn set_newest(&mut self, trade: &Trade) {
        self.tail.push_newest(trade);
        self.next = trade.last_id().next().0;
        self.last_time = trade.time;
    }

    /// Whether a trade that is held already came with another content this time. `false` where that
    /// is not remembered.
    pub(crate) fn contradicts(&self, trade: &Trade) -> bool {
        self.recent.contradicts(trade)
    }

    /// The first trade's key.
    pub(crate) fn began(&self) -> Option<TradeKey> {
        self.first.map(|(id, time)| TradeKey {
            time,
            id: TradeId(id),
        })
    }
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
