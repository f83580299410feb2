//! Bars: what the trades in a span add up to, kept by minutes and hours.

use std::collections::BTreeMap;
use std::sync::Mutex;

use quantflow_model::{TimeRange, Timestamp};

use super::{SECOND, Source, lock};
use crate::generated::schedule::MINUTES;
use crate::generated::trades::SecondPlan;
use crate::market::Mark;
use crate::row::Bar;

const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// Days whose minute bars are kept (180 KiB each): what a 24-hour ticker needs.
const BARRED_DAYS: usize = 3;
/// Hour bars that are kept (130 B each).
const BARRED_HOURS: usize = 5_000;

type DayBars = Vec<Option<Option<Bar>>>;

/// Bars that were computed lately.
#[derive(Debug)]
pub(super) struct KeptBars {
    /// By day.
    minutes: Mutex<BTreeMap<i64, DayBars>>,
    hours: Mutex<BTreeMap<i64, Option<Bar>>>,
    /// The bar of the first seconds of a minute that is going on: minute, seconds, bar.
    running: Mutex<(i64, u32, Option<Bar>)>,
}

impl Default for KeptBars {
    fn default() -> Self {
        Self {
            minutes: Mutex::default(),
            hours: Mutex::default(),
            running: Mutex::new((i64::MIN, 0, None)),
        }
    }
}

impl Source {
    fn second_bar(plan: &SecondPlan, span: TimeRange, until: Mark) -> Option<Bar> {
        let mut bar = None;
        plan.orders(|order| {
            if span.contains(order.aggregate.time) {
                for row in order.rows().filter(|row| row.id < until.0) {
                    Bar::add_to(&mut bar, &Bar::of(&row));
                }
            }
        });
        bar
    }

    /// The first `seconds` of a minute.
    fn minute_part(&self, minute: i64, seconds: u32) -> Option<Bar> {
        let frame = self.minute(minute);
        let (mut done, mut bar) = match *lock(&self.bars.running) {
            (m, done, bar) if m == minute && done <= seconds => (done, bar),
            _ => (0, None),
        };
        while done < seconds {
            let plan = self.plan_in(&frame, done);
            if let Some(part) = Self::second_bar(&plan, TimeRange::ALL, Mark(u64::MAX)) {
                Bar::add_to(&mut bar, &part);
            }
            done += 1;
        }
        *lock(&self.bars.running) = (minute, done, bar);
        bar
    }

    fn minute_bar(&self, minute: i64) -> Option<Bar> {
        let day = minute.div_euclid(MINUTES as i64);
        let place = minute.rem_euclid(MINUTES as i64) as usize;
        if let Some(Some(bar)) = lock(&self.bars.minutes).get(&day).map(|bars| bars[place]) {
            return bar;
        }
        let bar = self.minute_part(minute, 60);
        let mut kept = lock(&self.bars.minutes);
        let newer = kept.first_key_value().is_none_or(|(first, _)| day > *first);
        if kept.contains_key(&day) || kept.len() < BARRED_DAYS || newer {
            kept.entry(day).or_insert_with(|| vec![None; MINUTES])[place] = Some(bar);
            if kept.len() > BARRED_DAYS {
                kept.pop_first();
            }
        }
        bar
    }

    fn hour_bar(&self, hour: i64) -> Option<Bar> {
        if let Some(bar) = lock(&self.bars.hours).get(&hour) {
            return *bar;
        }
        let mut sum = None;
        for minute in hour * 60..hour * 60 + 60 {
            if let Some(bar) = self.minute_bar(minute) {
                Bar::add_to(&mut sum, &bar);
            }
        }
        let mut kept = lock(&self.bars.hours);
        if kept.len() >= BARRED_HOURS {
            kept.pop_first();
        }
        kept.insert(hour, sum);
        sum
    }

    /// Whether every trade before the instant is before the mark.
    fn is_past(&self, instant: i64, until: Mark) -> bool {
        self.mark_at(Timestamp::from_nanos(instant)) <= until
    }

    /// What the trades in a span add up to.
    pub(in crate::generated) fn bar(&self, span: TimeRange, until: Mark) -> Option<Bar> {
        let mut at = span.start.max(self.begins).nanos();
        let end = span.end.nanos();
        let mut sum = None;
        while at < end && self.mark_at(Timestamp::from_nanos(at)) < until {
            let fits = |unit: i64| {
                at.rem_euclid(unit) == 0 && end - at >= unit && self.is_past(at + unit, until)
            };
            let (bar, next) = if fits(HOUR) {
                (self.hour_bar(at.div_euclid(HOUR)), at + HOUR)
            } else if fits(MINUTE) {
                (self.minute_bar(at.div_euclid(MINUTE)), at + MINUTE)
            } else if at.rem_euclid(MINUTE) == 0 && end - at >= MINUTE {
                // the minute that is going on: its whole seconds are kept
                let minute = at.div_euclid(MINUTE);
                let whole = (0..60)
                    .take_while(|s| self.is_past(at + (s + 1) * SECOND, until))
                    .count() as u32;
                let mut bar = self.minute_part(minute, whole);
                let rest = TimeRange::new(
                    Timestamp::from_nanos(at + i64::from(whole) * SECOND),
                    Timestamp::from_nanos(at + MINUTE),
                );
                let plan = self.plan(rest.start.seconds());
                if let Some(part) = Self::second_bar(&plan, rest, until) {
                    Bar::add_to(&mut bar, &part);
                }
                (bar, at + MINUTE)
            } else {
                let second = at.div_euclid(SECOND);
                let next = ((second + 1) * SECOND).min(end);
                let span = TimeRange::new(Timestamp::from_nanos(at), Timestamp::from_nanos(next));
                (Self::second_bar(&self.plan(second), span, until), next)
            };
            if let Some(bar) = bar {
                Bar::add_to(&mut sum, &bar);
            }
            at = next;
        }
        sum
    }
}
