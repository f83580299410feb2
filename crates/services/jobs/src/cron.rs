//! [`Cron`]: a calendar's expression in a time zone.
//!
//! Our own, on `jiff`: the crates that parse such expressions bring a second calendar (chrono) into
//! the binary, and what they do where a day has 23 or 25 hours is theirs to change. Here it is:
//!
//! - a time of fixed hours that is skipped in spring runs at the instant at which the clock jumped;
//! - one that comes twice in autumn runs the first time only;
//! - where the hour is `*` (or `*/n`), the clock is followed: what is skipped is skipped, and what
//!   comes twice runs twice, so that "each quarter of an hour" means it on those days too.

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{Span, ToSpan};
use quantflow_model::Timestamp;

/// Minute, hour, day of month, month and day of week, in a time zone.
///
/// Each field is `*` or a list of numbers, ranges `a-b`, and steps `*/n` or `a-b/n`; months and
/// days of the week also by their English names' first three letters; Sunday is 0 or 7. Where both
/// day fields are restricted, either suffices, as cron has always had it. `@hourly`, `@daily`,
/// `@weekly` and `@monthly` are short for what they say.
#[derive(Debug, Clone, PartialEq)]
pub struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    every_hour: bool,
    either_day: bool,
    zone: TimeZone,
}

/// An expression or zone that is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// Not five fields.
    #[error(
        "{0:?} has not five fields: minute, hour, day of month, month, day of week, such as 30 7 * * mon-fri"
    )]
    Fields(String),
    /// A field of another form.
    #[error("{text:?} is no {field}: * or numbers from {low} to {high}, ranges a-b, steps /n")]
    Field {
        /// Which field.
        field: &'static str,
        /// What stood there.
        text: String,
        /// The least number.
        low: u32,
        /// The greatest.
        high: u32,
    },
    /// No time zone.
    #[error("{0:?} is no time zone: a name of the IANA database, such as Europe/London")]
    Zone(String),
    /// Days that no year has.
    #[error("{0:?} names a day that does not come in the next ten years")]
    Never(String),
}

/// A leap day may be eight years away.
const DAYS_AHEAD: u32 = 3_660;
/// No clock was ever set back by more.
const LONGEST_FOLD: i64 = 3;

struct Field {
    name: &'static str,
    low: u32,
    high: u32,
    names: &'static [&'static str],
}

const MINUTE: Field = Field {
    name: "minute",
    low: 0,
    high: 59,
    names: &[],
};
const HOUR: Field = Field {
    name: "hour",
    low: 0,
    high: 23,
    names: &[],
};
const DAY: Field = Field {
    name: "day of month",
    low: 1,
    high: 31,
    names: &[],
};
const MONTH: Field = Field {
    name: "month",
    low: 1,
    high: 12,
    names: &[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ],
};
const WEEKDAY: Field = Field {
    name: "day of week",
    low: 0,
    high: 7,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};

impl Field {
    /// The bits of the numbers that are meant.
    fn parse(&self, text: &str) -> Result<u64, CronError> {
        let error = || CronError::Field {
            field: self.name,
            text: text.chars().take(64).collect(),
            low: self.low,
            high: self.high,
        };
        let mut bits = 0;
        for part in text.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => (range, Some(step.parse::<u32>().map_err(|_| error())?)),
                None => (part, None),
            };
            let (first, last) = if range == "*" {
                (self.low, self.high)
            } else if let Some((first, last)) = range.split_once('-') {
                let first = self.number(first).ok_or_else(error)?;
                (first, self.number(last).ok_or_else(error)?)
            } else {
                let only = self.number(range).ok_or_else(error)?;
                // `5/15` is `5-59/15`, as everywhere
                (only, if step.is_some() { self.high } else { only })
            };
            if first > last || step == Some(0) {
                return Err(error());
            }
            for number in (first..=last).step_by(step.unwrap_or(1) as usize) {
                bits |= 1 << number;
            }
        }
        Ok(bits)
    }

    fn number(&self, text: &str) -> Option<u32> {
        let lower = text.to_ascii_lowercase();
        if let Some(place) = self.names.iter().position(|name| *name == lower) {
            return Some(self.low.min(1) + place as u32);
        }
        let all_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| all_digits)?;
        (self.low..=self.high).contains(&number).then_some(number)
    }
}

fn has(bits: u64, number: i8) -> bool {
    u32::try_from(number).is_ok_and(|number| bits & (1 << number) != 0)
}

impl Cron {
    /// Reads an expression and a zone's name.
    ///
    /// # Errors
    /// [`CronError`] for either, and for a day that never comes.
    pub fn parse(expression: &str, zone: &str) -> Result<Self, CronError> {
        let long = match expression.trim() {
            "@hourly" => "0 * * * *",
            "@daily" => "0 0 * * *",
            "@weekly" => "0 0 * * 0",
            "@monthly" => "0 0 1 * *",
            other => other,
        };
        let fields: Vec<_> = long.split_ascii_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields[..] else {
            return Err(CronError::Fields(expression.chars().take(64).collect()));
        };
        let mut weekdays = WEEKDAY.parse(weekday)?;
        if weekdays & (1 << 7) != 0 {
            weekdays |= 1;
        }
        let no_zone = |_| CronError::Zone(zone.chars().take(64).collect());
        let cron = Self {
            minutes: MINUTE.parse(minute)?,
            hours: HOUR.parse(hour)?,
            days: DAY.parse(day)?,
            months: MONTH.parse(month)?,
            weekdays,
            every_hour: hour.starts_with('*'),
            either_day: !day.starts_with('*') && !weekday.starts_with('*'),
            zone: TimeZone::get(zone).map_err(no_zone)?,
        };
        match cron.next_after(Timestamp::EPOCH) {
            Some(_) => Ok(cron),
            None => Err(CronError::Never(expression.to_owned())),
        }
    }

    /// The first instant after `after`; `None` when there is none in ten years.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let local = instant(after).to_zoned(self.zone.clone()).datetime();
        // where the clock was set back, an earlier time of day is yet to come
        let begin = local.saturating_sub(Span::new().hours(LONGEST_FOLD));
        let mut date = begin.date();
        let mut first_hour = begin.hour();
        for _ in 0..DAYS_AHEAD {
            if self.is_day(date) {
                let hours = (first_hour..24).filter(|hour| has(self.hours, *hour));
                let found = hours
                    .map(|hour| date.at(hour, 0, 0, 0))
                    .find_map(|hour| self.in_hour(hour, after));
                if found.is_some() {
                    return found;
                }
            }
            first_hour = 0;
            date = date.checked_add(1.day()).ok()?;
        }
        None
    }

    fn is_day(&self, date: Date) -> bool {
        let day = has(self.days, date.day());
        let weekday = has(self.weekdays, date.weekday().to_sunday_zero_offset());
        let either = if self.either_day {
            day || weekday
        } else {
            day && weekday
        };
        either && has(self.months, date.month())
    }

    /// The first instant after `after` of those in an hour of the local clock.
    fn in_hour(&self, hour: DateTime, after: Timestamp) -> Option<Timestamp> {
        (0..60)
            .filter(|minute| has(self.minutes, *minute))
            .filter_map(|minute| hour.with().minute(minute).build().ok())
            .flat_map(|local| self.instants(local))
            .flatten()
            .filter(|instant| *instant > after)
            .min()
    }

    /// When the local clock shows this: mostly once.
    fn instants(&self, local: DateTime) -> [Option<Timestamp>; 2] {
        let at = |offset: Offset| offset.to_timestamp(local).ok().map(ours);
        match self.zone.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => [at(offset), None],
            AmbiguousOffset::Gap { .. } if self.every_hour => [None, None],
            AmbiguousOffset::Gap { before, .. } => {
                // by the offset before, it is past the jump
                let past = before.to_timestamp(local).ok();
                let jump = past.and_then(|past| self.zone.preceding(past).next());
                [jump.map(|jump| ours(jump.timestamp())), None]
            }
            AmbiguousOffset::Fold { before, after } if self.every_hour => [at(before), at(after)],
            AmbiguousOffset::Fold { before, .. } => [at(before), None],
        }
    }
}

fn instant(time: Timestamp) -> jiff::Timestamp {
    // every i64 of nanoseconds is inside jiff's range
    jiff::Timestamp::from_nanosecond(i128::from(time.nanos())).unwrap_or_default()
}

fn ours(time: jiff::Timestamp) -> Timestamp {
    Timestamp::from_nanos(i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The next so many instants, as text.
    fn next(expression: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
        let cron = Cron::parse(expression, zone).unwrap();
        let mut after: Timestamp = from.parse().unwrap();
        let mut found = Vec::new();
        for _ in 0..count {
            after = cron.next_after(after).unwrap();
            found.push(after.to_string());
        }
        found
    }

    #[test]
    fn fields_lists_ranges_steps_and_names() {
        let from = "2026-11-20T12:34:56Z"; // a Friday
        let cases: [(&str, [&str; 2]); 11] = [
            (
                "* * * * *",
                ["2026-11-20T12:35:00Z", "2026-11-20T12:36:00Z"],
            ),
            (
                "*/20 * * * *",
                ["2026-11-20T12:40:00Z", "2026-11-20T13:00:00Z"],
            ),
            (
                "5/30 * * * *",
                ["2026-11-20T12:35:00Z", "2026-11-20T13:05:00Z"],
            ),
            (
                "30 7 * * mon-fri",
                ["2026-11-23T07:30:00Z", "2026-11-24T07:30:00Z"],
            ),
            (
                "0 0 * * 7",
                ["2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z"],
            ),
            (
                "0 0 1,15 * *",
                ["2026-12-01T00:00:00Z", "2026-12-15T00:00:00Z"],
            ),
            (
                "0 0 29 2 *",
                ["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"],
            ),
            // either day suffices
            (
                "0 0 1 * Mon",
                ["2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"],
            ),
            (
                "10-12/2 23 31 DEC *",
                ["2026-12-31T23:10:00Z", "2026-12-31T23:12:00Z"],
            ),
            ("@hourly", ["2026-11-20T13:00:00Z", "2026-11-20T14:00:00Z"]),
            ("@monthly", ["2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"]),
        ];
        for (expression, expected) in cases {
            assert_eq!(next(expression, "UTC", from, 2), expected, "{expression}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused_in_words() {
        for (expression, zone, part) in [
            ("* * * *", "UTC", "five fields"),
            ("", "UTC", "five fields"),
            ("60 * * * *", "UTC", "minute"),
            ("* 24 * * *", "UTC", "hour"),
            ("* * 0 * *", "UTC", "day of month"),
            ("* * * foo *", "UTC", "month"),
            ("* * * * 8", "UTC", "day of week"),
            ("5-1 * * * *", "UTC", "minute"),
            ("*/0 * * * *", "UTC", "minute"),
            ("+5 * * * *", "UTC", "minute"),
            ("1,,2 * * * *", "UTC", "minute"),
            ("0 0 30 2 *", "UTC", "does not come"),
            ("* * * * *", "Mars/Olympus", "no time zone"),
        ] {
            let error = Cron::parse(expression, zone).unwrap_err().to_string();
            assert!(error.contains(part), "{expression}: {error}");
        }
    }

    #[test]
    fn fixed_hours_keep_their_local_time_over_the_year() {
        let london = next("0 7 * * *", "Europe/London", "2026-03-28T12:00:00Z", 2);
        assert_eq!(london, ["2026-03-29T06:00:00Z", "2026-03-30T06:00:00Z"]);
        let kolkata = next("15 9 * * *", "Asia/Kolkata", "2026-03-28T12:00:00Z", 1);
        assert_eq!(kolkata, ["2026-03-29T03:45:00Z"]);
    }

    /// New York, 2026-03-08: 02:00 becomes 03:00, at 07:00Z.
    #[test]
    fn a_time_that_is_skipped_runs_once_at_the_jump() {
        let from = "2026-03-07T12:00:00Z";
        let skipped = next("30 2 * * *", "America/New_York", from, 2);
        assert_eq!(skipped, ["2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"]);
        // three of them become one
        let several = next("15,30,45 2 * * *", "America/New_York", from, 2);
        assert_eq!(several, ["2026-03-08T07:00:00Z", "2026-03-09T06:15:00Z"]);
    }

    /// New York, 2026-11-01: 02:00 EDT becomes 01:00 EST, at 06:00Z.
    #[test]
    fn a_time_that_comes_twice_runs_the_first_time() {
        let twice = next("30 1 * * *", "America/New_York", "2026-10-31T12:00:00Z", 2);
        assert_eq!(twice, ["2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"]);
    }

    #[test]
    fn each_half_hour_is_half_an_hour_on_the_days_of_the_change() {
        for from in ["2026-03-08T05:00:00Z", "2026-11-01T04:00:00Z"] {
            let times = next("*/30 * * * *", "America/New_York", from, 10);
            let first: Timestamp = from.parse().unwrap();
            for (number, time) in times.iter().enumerate() {
                let expected = first.plus_nanos((number as i64 + 1) * 1_800_000_000_000);
                assert_eq!(*time, expected.to_string(), "from {from}");
            }
        }
        // a fold of half an hour: Lord Howe, 2026-04-05, 02:00 becomes 01:30 at 15:00Z
        let times = next(
            "*/30 * * * *",
            "Australia/Lord_Howe",
            "2026-04-04T14:00:00Z",
            4,
        );
        let expected = ["14:30", "15:00", "15:30", "16:00"];
        for (time, clock) in times.iter().zip(expected) {
            assert!(time.contains(clock), "{times:?}");
        }
    }

    /// Samoa had no 2011-12-30.
    #[test]
    fn a_day_that_is_skipped_runs_once_at_the_jump() {
        let times = next("0 9 * * *", "Pacific/Apia", "2011-12-29T12:00:00Z", 3);
        let expected = [
            "2011-12-29T19:00:00Z", // the 29th
            "2011-12-30T10:00:00Z", // the jump
            "2011-12-30T19:00:00Z", // the 31st
        ];
        assert_eq!(times, expected);
    }
}
