//! [`OpenHole`]: a range of missing ids; how holes open, shrink, split and are given up, and what is
//! asked of them.

use quantflow_model::{Hole, Timestamp, Trade, TradeId};
use serde::{Deserialize, Serialize};

use super::Coverage;
use crate::runs::Run;

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

/// As the ledger names it.
pub(crate) fn as_hole(from: u128, hole: &OpenHole) -> Hole {
    Hole {
        from: TradeId(from),
        to: TradeId(hole.to),
        after: hole.after,
        before: hole.before,
    }
}

impl Coverage {
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

    /// A jump past the newest trade: what lies between is missing.
    pub(super) fn open(&mut self, from: u128, mut hole: OpenHole, past: &Trade) -> Hole {
        hole.above.push_oldest(past);
        let opened = as_hole(from, &hole);
        self.holes.insert(from, hole);
        opened
    }

    /// Lets the runs beside holes grow by a trade that touches them.
    pub(super) fn extend_runs(&mut self, trade: &Trade) {
        let (from, to) = (trade.id.0, trade.last_id().0);
        if let Some((_, hole)) = self.holes.range_mut(..from).next_back() {
            hole.above.extend_up(trade);
        }
        if let Some((_, hole)) = self.holes.range_mut(to..).next() {
            hole.below.extend_down(trade);
        }
    }

    /// A trade that lies wholly in a hole: the hole shrinks or splits.
    pub(super) fn fill(&mut self, trade: &Trade) {
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
}
