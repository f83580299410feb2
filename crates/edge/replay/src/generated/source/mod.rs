//! One generated listing over all its time: its seconds and trades; what they add up to is in `bars`.

mod bars;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quantflow_model::{TimeRange, Timestamp};

use self::bars::KeptBars;
use super::path::{Knot, Path};
use super::profile::Profile;
use super::schedule::{MINUTES, ORDERS, Schedule, TRADES};
use super::trades::{Order, SecondPlan};
use crate::market::Mark;
use crate::random::hash;
use crate::row::{AggregateRow, Row};

const SECOND: i64 = 1_000_000_000;

/// Days whose minutes' counts are kept (11 KiB each).
const COUNTED_DAYS: usize = 100;

/// One listing: its path, its counts, and what was computed of them lately.
#[derive(Debug)]
pub(super) struct Source {
    seed: u64,
    path: Path,
    schedule: Schedule,
    tick: f64,
    usual_lots: u64,
    /// The first instant that is served.
    begins: Timestamp,
    counts: Mutex<BTreeMap<i64, Arc<Vec<u64>>>>,
    bars: KeptBars,
}

/// A minute's frame: what its seconds are cut from.
struct Minute {
    number: i64,
    first_block: u64,
    seconds: [u64; 61],
    from: Knot,
    to: Knot,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // what is kept is recomputed at will: a panic elsewhere does not make it wrong
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Source {
    pub(super) fn new(seed: u64, profile: &Profile, begins: Timestamp) -> Self {
        let seed = profile
            .base
            .bytes()
            .chain([b'/'])
            .chain(profile.quote.bytes())
            .fold(seed, |seed, byte| hash(seed, u64::from(byte)));
        let tick = 1.0 / 10_u64.pow(u32::from(profile.price_scale.min(18))) as f64;
        Self {
            seed,
            path: Path::new(seed, profile.price, profile.volatility),
            schedule: Schedule::new(seed, profile.trades_per_second),
            tick,
            usual_lots: profile.usual_lots.clamp(1, 1 << 40),
            begins,
            counts: Mutex::default(),
            bars: KeptBars::default(),
        }
    }

    pub(super) const fn seed(&self) -> u64 {
        self.seed
    }

    pub(super) const fn usual_lots(&self) -> u64 {
        self.usual_lots
    }

    fn counts(&self, day: i64) -> Arc<Vec<u64>> {
        if let Some(counts) = lock(&self.counts).get(&day) {
            return Arc::clone(counts);
        }
        let counts = Arc::new(
            self.schedule
                .minutes(day, |minute| self.path.liveliness(minute)),
        );
        let mut kept = lock(&self.counts);
        if kept.len() >= COUNTED_DAYS {
            kept.pop_first();
        }
        kept.insert(day, Arc::clone(&counts));
        counts
    }

    fn minute(&self, minute: i64) -> Minute {
        let counts = self.counts(minute.div_euclid(MINUTES as i64));
        let place = minute.rem_euclid(MINUTES as i64) as usize;
        Minute {
            number: minute,
            first_block: counts[place],
            seconds: self
                .schedule
                .seconds(minute, counts[place + 1] - counts[place]),
            from: self.path.knot(minute),
            to: self.path.knot(minute + 1),
        }
    }

    fn plan_in(&self, frame: &Minute, second: u32) -> SecondPlan {
        let price = |second| {
            self.path
                .price_between(frame.from, frame.to, frame.number, second)
                / self.tick
        };
        let place = second as usize;
        SecondPlan {
            seed: self.seed,
            second: frame.number * 60 + i64::from(second),
            first_block: frame.first_block + frame.seconds[place],
            blocks: frame.seconds[place + 1] - frame.seconds[place],
            from: price(second),
            to: price(second + 1),
            usual_lots: self.usual_lots,
        }
    }

    /// The plan of a second since 1970.
    pub(super) fn plan(&self, second: i64) -> SecondPlan {
        let frame = self.minute(second.div_euclid(60));
        self.plan_in(&frame, second.rem_euclid(60) as u32)
    }

    /// The plan of the second that holds a block.
    fn plan_of_block(&self, block: u64) -> SecondPlan {
        let mut day = 0_i64;
        let mut step = 1_i64 << 20;
        while step > 0 {
            if self.schedule.before_day(day + step) <= block {
                day += step;
            }
            step >>= 1;
        }
        let counts = self.counts(day);
        let place = counts.partition_point(|&c| c <= block).saturating_sub(1);
        let frame = self.minute(day * MINUTES as i64 + place.min(MINUTES - 1) as i64);
        let inside = block.saturating_sub(frame.first_block);
        let second = frame.seconds.partition_point(|&c| c <= inside).max(1) - 1;
        self.plan_in(&frame, second.min(59) as u32)
    }

    /// How many blocks stand before a second.
    fn blocks_before(&self, second: i64) -> u64 {
        let minute = second.div_euclid(60);
        let counts = self.counts(minute.div_euclid(MINUTES as i64));
        let place = minute.rem_euclid(MINUTES as i64) as usize;
        let inside = second.rem_euclid(60) as usize;
        if inside == 0 {
            return counts[place];
        }
        let blocks = counts[place + 1] - counts[place];
        counts[place] + self.schedule.seconds(minute, blocks)[inside]
    }

    /// The mark before the first trade at or after the instant.
    pub(super) fn mark_at(&self, instant: Timestamp) -> Mark {
        let second = instant.nanos().div_euclid(SECOND);
        let mut next = self.blocks_before(second) * TRADES + 1;
        if instant.nanos().rem_euclid(SECOND) != 0 {
            let plan = self.plan(second);
            plan.orders(|order| {
                if order.aggregate.time < instant {
                    next = next.max(order.aggregate.last_id + 1);
                }
            });
        }
        Mark(next)
    }

    /// The lowest id that is served.
    fn first_id(&self) -> u64 {
        self.mark_at(self.begins).0
    }

    /// Calls `each` with every order from a block on until it says no.
    fn walk(&self, from_block: u64, mut each: impl FnMut(&Order) -> bool) {
        let mut block = from_block;
        loop {
            let plan = self.plan_of_block(block);
            let mut on = true;
            plan.orders(|order| on = on && each(&order));
            let next = plan.first_block + plan.blocks;
            if !on || next <= block {
                return;
            }
            block = next;
        }
    }

    /// Trades from an id on.
    pub(super) fn rows_from(&self, from: u64, limit: usize, until: Mark) -> Vec<Row> {
        let from = from.max(self.first_id());
        let mut rows = Vec::with_capacity(limit.min(4_096));
        if from >= until.0 || limit == 0 {
            return rows;
        }
        self.walk((from - 1) / TRADES, |order| {
            for row in order.rows().filter(|row| row.id >= from) {
                if row.id >= until.0 || rows.len() >= limit {
                    return false;
                }
                rows.push(row);
            }
            rows.len() < limit
        });
        rows
    }

    /// The newest trades before the mark.
    pub(super) fn newest_rows(&self, limit: usize, until: Mark) -> Vec<Row> {
        self.rows_from(until.0.saturating_sub(limit as u64).max(1), limit, until)
    }

    /// All trades in a span.
    pub(super) fn rows_in(&self, span: TimeRange, until: Mark) -> Vec<Row> {
        let mut rows = Vec::new();
        let start = span.start.max(self.begins);
        if span.end <= start {
            return rows;
        }
        let from = self.mark_at(start);
        if from >= until {
            return rows;
        }
        self.walk((from.0 - 1) / TRADES, |order| {
            if order.aggregate.time >= span.end || order.aggregate.first_id >= until.0 {
                return false;
            }
            rows.extend(
                order
                    .rows()
                    .filter(|row| row.id >= from.0 && row.id < until.0),
            );
            true
        });
        rows
    }

    fn aggregates(
        &self,
        from_block: u64,
        limit: usize,
        until: Mark,
        mut wanted: impl FnMut(&AggregateRow) -> Option<bool>,
    ) -> Vec<AggregateRow> {
        let first_id = self.first_id();
        let mut found = Vec::with_capacity(limit.min(4_096));
        if limit == 0 {
            return found;
        }
        self.walk(from_block.max((first_id - 1) / TRADES), |order| {
            let aggregate = order.aggregate;
            if aggregate.last_id >= until.0 {
                return false;
            }
            match wanted(&aggregate) {
                None => return false,
                Some(true) if aggregate.first_id >= first_id => found.push(aggregate),
                Some(_) => {}
            }
            found.len() < limit
        });
        found
    }

    /// Aggregates from an aggregate id on.
    pub(super) fn aggregates_from(
        &self,
        from: u64,
        limit: usize,
        until: Mark,
    ) -> Vec<AggregateRow> {
        self.aggregates(from.saturating_sub(1) / ORDERS, limit, until, |aggregate| {
            Some(aggregate.id >= from)
        })
    }

    /// The newest aggregates before the mark.
    pub(super) fn newest_aggregates(&self, limit: usize, until: Mark) -> Vec<AggregateRow> {
        let block = until.0.saturating_sub(1) / TRADES;
        let from = block.saturating_sub(limit as u64 / ORDERS + 1);
        let mut found = self.aggregates(from, usize::MAX, until, |_| Some(true));
        found.drain(..found.len().saturating_sub(limit));
        found
    }

    /// The oldest aggregates in a span.
    pub(super) fn aggregates_in(
        &self,
        span: TimeRange,
        limit: usize,
        until: Mark,
    ) -> Vec<AggregateRow> {
        let start = span.start.max(self.begins);
        if span.end <= start {
            return Vec::new();
        }
        let from = self.mark_at(start);
        self.aggregates((from.0 - 1) / TRADES, limit, until, |aggregate| {
            (aggregate.time < span.end).then_some(aggregate.first_id >= from.0)
        })
    }
}
