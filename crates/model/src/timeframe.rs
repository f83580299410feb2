//! [`Timeframe`]: the lengths of candles and where each begins.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{TimeRange, Timestamp};

const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// 1970-01-01 was a Thursday: the first Monday is four days on.
const FIRST_MONDAY: i64 = 4 * DAY;

/// The length of a candle. Ordered by length.
///
/// All begin in UTC: weeks on Monday, months on the 1st, three-day candles at the epoch, the rest
/// at multiples of their length since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Timeframe {
    /// `1s`
    S1,
    /// `5s`
    S5,
    /// `15s`
    S15,
    /// `30s`
    S30,
    /// `1m`
    M1,
    /// `3m`
    M3,
    /// `5m`
    M5,
    /// `15m`
    M15,
    /// `30m`
    M30,
    /// `1h`
    H1,
    /// `2h`
    H2,
    /// `4h`
    H4,
    /// `6h`
    H6,
    /// `8h`
    H8,
    /// `12h`
    H12,
    /// `1d`
    D1,
    /// `3d`
    D3,
    /// `1w`
    W1,
    /// `1M`
    Mo1,
}

/// Text that names no timeframe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a timeframe: {0:?} (1s 5s 15s 30s 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M)")]
pub struct TimeframeError(String);

use Timeframe::{D1, D3, H1, H2, H4, H6, H8, H12, M1, M3, M5, M15, M30, Mo1, S1, S5, S15, S30, W1};

impl Timeframe {
    /// Every timeframe, shortest first.
    pub const ALL: [Self; 19] = [
        S1, S5, S15, S30, M1, M3, M5, M15, M30, H1, H2, H4, H6, H8, H12, D1, D3, W1, Mo1,
    ];

    /// Its place in [`Timeframe::ALL`].
    #[inline]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Its name: `1m`, `1h`, `1M`.
    pub const fn name(self) -> &'static str {
        match self {
            S1 => "1s",
            S5 => "5s",
            S15 => "15s",
            S30 => "30s",
            M1 => "1m",
            M3 => "3m",
            M5 => "5m",
            M15 => "15m",
            M30 => "30m",
            H1 => "1h",
            H2 => "2h",
            H4 => "4h",
            H6 => "6h",
            H8 => "8h",
            H12 => "12h",
            D1 => "1d",
            D3 => "3d",
            W1 => "1w",
            Mo1 => "1M",
        }
    }

    /// Its length in nanoseconds; `None` for the month, whose length differs.
    #[inline]
    pub const fn fixed_nanos(self) -> Option<i64> {
        Some(match self {
            S1 => SECOND,
            S5 => 5 * SECOND,
            S15 => 15 * SECOND,
            S30 => 30 * SECOND,
            M1 => MINUTE,
            M3 => 3 * MINUTE,
            M5 => 5 * MINUTE,
            M15 => 15 * MINUTE,
            M30 => 30 * MINUTE,
            H1 => HOUR,
            H2 => 2 * HOUR,
            H4 => 4 * HOUR,
            H6 => 6 * HOUR,
            H8 => 8 * HOUR,
            H12 => 12 * HOUR,
            D1 => DAY,
            D3 => 3 * DAY,
            W1 => 7 * DAY,
            Mo1 => return None,
        })
    }

    /// Its usual length in nanoseconds; a month counts as 30 days.
    #[inline]
    pub const fn approximate_nanos(self) -> i64 {
        match self.fixed_nanos() {
            Some(nanos) => nanos,
            None => 30 * DAY,
        }
    }

    /// The open time of the candle that holds the instant.
    #[inline]
    pub fn open_of(self, instant: Timestamp) -> Timestamp {
        match self.fixed_nanos() {
            Some(length) => {
                let origin = if matches!(self, W1) { FIRST_MONDAY } else { 0 };
                let offset = instant.nanos().saturating_sub(origin);
                Timestamp::from_nanos(instant.nanos().saturating_sub(offset.rem_euclid(length)))
            }
            None => Timestamp::from_civil(instant.civil().date().first_of_month().at(0, 0, 0, 0)),
        }
    }

    /// The end of the candle that opens at `open`: the open time of the next.
    #[inline]
    pub fn end_of(self, open: Timestamp) -> Timestamp {
        if let Some(length) = self.fixed_nanos() {
            return open.plus_nanos(length);
        }
        // the 28th of any month plus four days is in the next month
        self.open_of(self.open_of(open).plus_nanos(31 * DAY))
    }

    /// The span `[open, end)` of the candle that holds the instant.
    pub fn range_of(self, instant: Timestamp) -> TimeRange {
        let open = self.open_of(instant);
        TimeRange::new(open, self.end_of(open))
    }

    /// The longest shorter timeframe whose candles exactly tile this one's: what it is rolled up
    /// from. `None` for `1s`, which is built from trades.
    #[inline]
    pub const fn base(self) -> Option<Self> {
        Some(match self {
            S1 => return None,
            S5 => S1,
            S15 => S5,
            S30 => S15,
            M1 => S30,
            M3 | M5 => M1,
            M15 => M5,
            M30 => M15,
            H1 => M30,
            H2 => H1,
            H4 | H6 => H2,
            H8 => H4,
            H12 => H6,
            D1 => H12,
            D3 | W1 | Mo1 => D1,
        })
    }
}

impl fmt::Display for Timeframe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Timeframe {
    type Err = TimeframeError;

    fn from_str(text: &str) -> Result<Self, TimeframeError> {
        Self::ALL
            .into_iter()
            .find(|timeframe| timeframe.name() == text)
            .ok_or_else(|| TimeframeError(text.chars().take(16).collect()))
    }
}

impl Serialize for Timeframe {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Timeframe {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn candles_begin_where_the_calendar_says() {
        let instant = at("2024-08-08T23:54:15.342Z");
        for (timeframe, open, end) in [
            (S1, "2024-08-08T23:54:15Z", "2024-08-08T23:54:16Z"),
            (S15, "2024-08-08T23:54:15Z", "2024-08-08T23:54:30Z"),
            (M3, "2024-08-08T23:54:00Z", "2024-08-08T23:57:00Z"),
            (H8, "2024-08-08T16:00:00Z", "2024-08-09T00:00:00Z"),
            (D1, "2024-08-08T00:00:00Z", "2024-08-09T00:00:00Z"),
            (D3, "2024-08-06T00:00:00Z", "2024-08-09T00:00:00Z"),
            (W1, "2024-08-05T00:00:00Z", "2024-08-12T00:00:00Z"),
            (Mo1, "2024-08-01T00:00:00Z", "2024-09-01T00:00:00Z"),
        ] {
            assert_eq!(
                timeframe.range_of(instant),
                TimeRange::new(at(open), at(end)),
                "{timeframe}"
            );
        }
    }

    #[test]
    fn a_base_tiles_its_parent() {
        for timeframe in Timeframe::ALL {
            let Some(base) = timeframe.base() else {
                continue;
            };
            assert!(base < timeframe);
            for text in [
                "2024-02-29T23:59:59.9Z",
                "1969-12-28T00:00:00Z",
                "2026-11-20T10:00:00Z",
            ] {
                let parent = timeframe.range_of(at(text));
                assert_eq!(
                    base.open_of(parent.start),
                    parent.start,
                    "{base} in {timeframe}"
                );
                assert_eq!(
                    base.open_of(parent.end),
                    parent.end,
                    "{base} in {timeframe}"
                );
            }
        }
    }

    #[test]
    fn names_are_read_back() {
        for timeframe in Timeframe::ALL {
            assert_eq!(timeframe.name().parse::<Timeframe>().unwrap(), timeframe);
            assert_eq!(Timeframe::ALL[timeframe.index()], timeframe);
        }
        assert!("7m".parse::<Timeframe>().is_err());
    }
}
