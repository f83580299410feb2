//! The time of New York, in which the source tells shares' times: its rules since 1987, before which it
//! has no times within a day.

use quantflow_model::Timestamp;

const HOUR: i64 = 3_600_000_000_000;
const DAY: i64 = 24 * HOUR;

/// The instant of a time in New York, given as if it were UTC. In the hour that autumn has twice, the
/// first; of times that spring leaves out, the one an hour later. No session is then.
pub(super) fn instant(local: Timestamp) -> Timestamp {
    let summer = is_summer(local);
    local.plus_nanos(if summer { 4 * HOUR } else { 5 * HOUR })
}

/// Whether clocks show summer time: from 2:00 on the second Sunday of March to 2:00 on the first of
/// November; until 2006 from the first Sunday of April to the last of October.
fn is_summer(local: Timestamp) -> bool {
    let year: i64 = local.date()[..4].parse().unwrap_or(2_000);
    let (begin, end) = if year >= 2_007 {
        (sunday(year, 3, 8), sunday(year, 11, 1))
    } else {
        (sunday(year, 4, 1), sunday(year, 10, 25))
    };
    let switch = 2 * HOUR;
    local.nanos() >= begin + switch && local.nanos() < end + switch
}

/// Midnight of the first Sunday at or after a date, in nanoseconds.
fn sunday(year: i64, month: u32, day: u32) -> i64 {
    let date = crate::series::date(&format!("{year:04}-{month:02}-{day:02}"));
    let midnight = date.unwrap_or_default().nanos();
    // 1970-01-01 was a Thursday: three days before a Sunday
    let weekday = (midnight.div_euclid(DAY) + 4).rem_euclid(7);
    midnight + (7 - weekday) % 7 * DAY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summer_begins_and_ends_on_sundays() {
        let utc = |local: &str| {
            let local = crate::series::clock(local).unwrap();
            instant(local).to_string()
        };
        // the days of the changes are public: 2020-03-08, 2020-11-01, 2006-04-02, 2006-10-29
        for (local, expected) in [
            ("2020-03-08 01:59:59", "2020-03-08T06:59:59Z"),
            ("2020-03-08 03:00:00", "2020-03-08T07:00:00Z"),
            ("2020-05-08 14:05:00", "2020-05-08T18:05:00Z"),
            ("2020-11-01 00:59:00", "2020-11-01T04:59:00Z"),
            ("2020-11-01 02:00:00", "2020-11-01T07:00:00Z"),
            ("2006-03-31 09:30:00", "2006-03-31T14:30:00Z"),
            ("2006-04-03 09:30:00", "2006-04-03T13:30:00Z"),
            ("2006-10-27 09:30:00", "2006-10-27T13:30:00Z"),
            ("2006-10-30 09:30:00", "2006-10-30T14:30:00Z"),
            ("2007-03-12 09:30:00", "2007-03-12T13:30:00Z"),
        ] {
            assert_eq!(utc(local), expected, "{local}");
        }
    }
}
