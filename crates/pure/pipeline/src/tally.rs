//! [`Tallies`]: what happened to a symbol's trades on each day.

use std::collections::{BTreeMap, BTreeSet};

use quantflow_model::{DayTally, Symbol, Timestamp, Trade, TradeFlags, TradeId};
use serde::{Deserialize, Serialize};

const DAY: i64 = 86_400_000_000_000;

/// A day's totals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(crate) first_id: Option<u128>,
    pub(crate) last_id: Option<u128>,
    pub(crate) count: u64,
    pub(crate) duplicates: u64,
    pub(crate) quarantined: u64,
    pub(crate) flagged: u64,
    pub(crate) late: u64,
    pub(crate) candles_equal: u64,
    pub(crate) candles_different: u64,
}

/// Totals by day. A month of them is one piece of state, so that a commit writes only what changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tallies {
    days: BTreeMap<i64, Tally>,
    /// The day of the last change, apart from the map, so that a trade costs no look-up.
    today: Option<(i64, Tally)>,
    /// Days to be stored.
    dirty_days: BTreeSet<i64>,
    /// Months whose state is to be written.
    dirty_months: BTreeSet<i64>,
}

/// Days since the epoch.
#[inline]
fn day_of(time: Timestamp) -> i64 {
    time.nanos().div_euclid(DAY)
}

/// A group of 32 days: one piece of state.
fn month_of(day: i64) -> i64 {
    day.div_euclid(32)
}

impl Tallies {
    /// The totals of the day of an instant, to be changed.
    #[inline]
    pub(crate) fn on(&mut self, time: Timestamp) -> &mut Tally {
        let day = day_of(time);
        if self.today.is_none_or(|(today, _)| today != day) {
            self.park();
            self.dirty_days.insert(day);
            self.dirty_months.insert(month_of(day));
        }
        let days = &self.days;
        let today = self
            .today
            .get_or_insert_with(|| (day, days.get(&day).copied().unwrap_or_default()));
        &mut today.1
    }

    /// A trade was let in.
    #[inline]
    pub(crate) fn trade(&mut self, trade: &Trade, late: bool) {
        let tally = self.on(trade.time);
        tally.count += u64::from(trade.count);
        tally.late += u64::from(late);
        tally.flagged += u64::from(trade.flags.has(TradeFlags::OUTLIER));
        let (first, last) = (trade.id.0, trade.last_id().0);
        tally.first_id = Some(tally.first_id.map_or(first, |id| id.min(first)));
        tally.last_id = Some(tally.last_id.map_or(last, |id| id.max(last)));
    }

    fn park(&mut self) {
        if let Some((day, tally)) = self.today.take() {
            self.days.insert(day, tally);
        }
    }

    /// The days that changed since the last call.
    pub(crate) fn take_dirty(&mut self, symbol: &Symbol) -> Vec<DayTally> {
        self.park();
        std::mem::take(&mut self.dirty_days)
            .into_iter()
            .filter_map(|day| Some(as_day(symbol, day, self.days.get(&day)?)))
            .collect()
    }

    /// The state of the months that changed since the last call, by number.
    pub(crate) fn take_dirty_months(&mut self) -> Vec<(i64, BTreeMap<i64, Tally>)> {
        self.park();
        std::mem::take(&mut self.dirty_months)
            .into_iter()
            .map(|month| {
                let days = self.days.range(month * 32..(month + 1) * 32);
                (month, days.map(|(day, tally)| (*day, *tally)).collect())
            })
            .collect()
    }

    /// Takes the state of a month back in.
    pub(crate) fn restore(&mut self, days: BTreeMap<i64, Tally>) {
        self.days.extend(days);
    }

    /// The totals of one day.
    pub(crate) fn day(&self, symbol: &Symbol, time: Timestamp) -> Option<DayTally> {
        let day = day_of(time);
        let tally = match &self.today {
            Some((today, tally)) if *today == day => tally,
            _ => self.days.get(&day)?,
        };
        Some(as_day(symbol, day, tally))
    }
}

fn as_day(symbol: &Symbol, day: i64, tally: &Tally) -> DayTally {
    DayTally {
        symbol: symbol.clone(),
        day: Timestamp::from_nanos(day.saturating_mul(DAY)),
        first_id: tally.first_id.map(TradeId),
        last_id: tally.last_id.map(TradeId),
        count: tally.count,
        duplicates: tally.duplicates,
        quarantined: tally.quarantined,
        flagged: tally.flagged,
        late: tally.late,
        candles_equal: tally.candles_equal,
        candles_different: tally.candles_different,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_total_however_often_it_is_left_and_restored() {
        let symbol: Symbol = "demo:A/B".parse().unwrap();
        let mut tallies = Tallies::default();
        let (monday, tuesday) = (
            Timestamp::from_seconds(100),
            Timestamp::from_seconds(90_000),
        );
        tallies.on(monday).count += 1;
        tallies.on(tuesday).count += 1;
        tallies.on(monday).duplicates += 2;
        let counts: Vec<_> = tallies
            .take_dirty(&symbol)
            .iter()
            .map(|day| (day.count, day.duplicates))
            .collect();
        assert_eq!(counts, [(1, 2), (1, 0)]);
        assert!(tallies.take_dirty(&symbol).is_empty());

        let mut again = Tallies::default();
        for (_, days) in tallies.take_dirty_months() {
            again.restore(days);
        }
        again.on(monday).count += 1;
        let day = &again.take_dirty(&symbol)[0];
        assert_eq!((day.count, day.duplicates), (2, 2));
    }
}
