//! Dates by rule: weekdays of a month, Easter, equinoxes, and where a holiday on a weekend goes.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};

/// The `nth` weekday of a month, counted from 1.
pub(crate) fn nth_weekday(year: i16, month: i8, nth: i8, weekday: Weekday) -> Date {
    let first = date(year, month, 1);
    let ahead = weekday.since(first.weekday()) + (nth - 1) * 7;
    days_after(first, ahead)
}

/// The last weekday of a month.
pub(crate) fn last_weekday(year: i16, month: i8, weekday: Weekday) -> Date {
    let last = date(year, month, 1).last_of_month();
    days_after(last, -last.weekday().since(weekday))
}

/// So many days later, or before when negative; clamped to the years that dates have.
pub(crate) fn days_after(date: Date, days: i8) -> Date {
    date.saturating_add(i64::from(days).days())
}

/// Whether it is a Saturday or a Sunday.
pub(crate) fn is_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// Easter Sunday of the Gregorian calendar (the computus of Meeus, Jones and Butcher).
pub(crate) fn easter(year: i16) -> Date {
    let y = i32::from(year);
    let (a, b, c) = (y % 19, y / 100, y % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let n = h + l - 7 * m + 114;
    date(year, (n / 31) as i8, (n % 31 + 1) as i8)
}

/// Two days before Easter.
pub(crate) fn good_friday(year: i16) -> Date {
    days_after(easter(year), -2)
}

/// A Saturday's holiday on the Friday before it, a Sunday's on the Monday after.
pub(crate) fn nearest_weekday(holiday: Date) -> Date {
    match holiday.weekday() {
        Weekday::Saturday => days_after(holiday, -1),
        Weekday::Sunday => days_after(holiday, 1),
        _ => holiday,
    }
}

/// The day of the vernal equinox in Japan, in March; 1980 to 2099.
pub(crate) fn vernal_equinox_in_japan(year: i16) -> Date {
    date(year, 3, equinox(20_843_100, year))
}

/// The day of the autumnal equinox in Japan, in September; 1980 to 2099.
pub(crate) fn autumnal_equinox_in_japan(year: i16) -> Date {
    date(year, 9, equinox(23_248_800, year))
}

/// The mean tropical year is 0.242194 days longer than 365; leap days take whole ones out.
fn equinox(micro_days_of_1980: i64, year: i16) -> i8 {
    let since = i64::from(year) - 1980;
    let day = (micro_days_of_1980 + 242_194 * since).div_euclid(1_000_000) - since.div_euclid(4);
    day as i8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn easters_that_are_in_every_almanac() {
        let known = [
            (1987, 4, 19),
            (2000, 4, 23),
            (2008, 3, 23),
            (2011, 4, 24),
            (2024, 3, 31),
            (2025, 4, 20),
            (2026, 4, 5),
            (2038, 4, 25),
        ];
        for (year, month, day) in known {
            assert_eq!(easter(year), date(year, month, day));
        }
    }

    #[test]
    fn weekdays_of_a_month() {
        assert_eq!(
            nth_weekday(2026, 11, 4, Weekday::Thursday),
            date(2026, 11, 26)
        );
        assert_eq!(nth_weekday(2026, 6, 1, Weekday::Monday), date(2026, 6, 1));
        assert_eq!(last_weekday(2022, 5, Weekday::Monday), date(2022, 5, 30));
        assert_eq!(last_weekday(2021, 5, Weekday::Monday), date(2021, 5, 31));
    }

    #[test]
    fn equinoxes_that_japan_proclaimed() {
        let vernal: Vec<_> = (2010..=2026)
            .map(|y| vernal_equinox_in_japan(y).day())
            .collect();
        assert_eq!(
            vernal,
            [
                21, 21, 20, 20, 21, 21, 20, 20, 21, 21, 20, 20, 21, 21, 20, 20, 20
            ]
        );
        let autumnal: Vec<_> = (2010..=2026)
            .map(|y| autumnal_equinox_in_japan(y).day())
            .collect();
        assert_eq!(
            autumnal,
            [
                23, 23, 22, 23, 23, 23, 22, 23, 23, 23, 22, 23, 23, 23, 22, 23, 23
            ]
        );
    }
}
