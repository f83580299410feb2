//! [`Timestamp`]: an instant in UTC nanoseconds.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant: nanoseconds since 1970-01-01T00:00:00Z, from the year 1677 to 2262.
///
/// A market event has the venue's time and the time at which we received it; they are two fields
/// and never stand in for each other. Nothing in this type reads a clock.
///
/// Text is RFC 3339 with `Z` (as many decimals as needed); parsing also takes Unix seconds,
/// milliseconds, microseconds or nanoseconds, told apart by magnitude.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// Text that is no instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a time: {0:?} (RFC 3339 such as 2026-01-31T12:00:00Z, or Unix s, ms, us or ns)")]
pub struct TimeError(String);

impl Timestamp {
    /// The earliest instant.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest instant.
    pub const MAX: Self = Self(i64::MAX);
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// From nanoseconds since the epoch.
    #[inline]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From microseconds since the epoch; clamped to the range.
    #[inline]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros.saturating_mul(1_000))
    }

    /// From milliseconds since the epoch; clamped to the range.
    #[inline]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// From seconds since the epoch; clamped to the range.
    #[inline]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000))
    }

    /// From a Unix number whose unit is told by its size: below 10^11 seconds, below 10^14
    /// milliseconds, below 10^17 microseconds, else nanoseconds (so 1973 to 5138 in each unit).
    pub const fn from_unix(number: i64) -> Self {
        match number.unsigned_abs() {
            0..100_000_000_000 => Self::from_seconds(number),
            100_000_000_000..100_000_000_000_000 => Self::from_millis(number),
            100_000_000_000_000..100_000_000_000_000_000 => Self::from_micros(number),
            _ => Self::from_nanos(number),
        }
    }

    /// Nanoseconds since the epoch.
    #[inline]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Whole microseconds since the epoch, rounded down.
    #[inline]
    pub const fn micros(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Whole milliseconds since the epoch, rounded down.
    #[inline]
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Whole seconds since the epoch, rounded down.
    #[inline]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000_000)
    }

    /// Nanoseconds from `earlier` to this; negative when `earlier` is later. Clamped.
    #[inline]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// This plus so many nanoseconds; clamped to the range.
    #[inline]
    pub const fn plus_nanos(self, nanos: i64) -> Self {
        Self(self.0.saturating_add(nanos))
    }

    /// The midnight (UTC) at or before this.
    pub const fn start_of_day(self) -> Self {
        const DAY: i64 = 86_400_000_000_000;
        Self(self.0.div_euclid(DAY).saturating_mul(DAY))
    }

    /// The date as `YYYY-MM-DD` (UTC).
    pub fn date(self) -> String {
        let date = self.civil().date();
        format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
    }

    pub(crate) fn civil(self) -> jiff::civil::DateTime {
        jiff::Timestamp::from_nanosecond(i128::from(self.0))
            .unwrap_or_default() // every i64 of nanoseconds is inside jiff's range
            .to_zoned(jiff::tz::TimeZone::UTC)
            .datetime()
    }

    pub(crate) fn from_civil(civil: jiff::civil::DateTime) -> Self {
        civil
            .to_zoned(jiff::tz::TimeZone::UTC)
            .map_or(Self::MAX, |zoned| {
                i64::try_from(zoned.timestamp().as_nanosecond()).map_or(Self::MAX, Self)
            })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_nanosecond(i128::from(self.0)) {
            Ok(instant) => instant.fmt(f),
            Err(_) => write!(f, "{}ns", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let error = || TimeError(text.chars().take(64).collect());
        if let Ok(number) = text.parse::<i64>() {
            return Ok(Self::from_unix(number));
        }
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return i64::try_from(instant.as_nanosecond())
                .map(Self)
                .map_err(|_| error());
        }
        if text.contains(['T', 't', ' ']) {
            return Err(error()); // a time of day without an offset: not guessed
        }
        let date: jiff::civil::Date = text.parse().map_err(|_| error())?;
        match Self::from_civil(date.at(0, 0, 0, 0)) {
            Self::MAX => Err(error()),
            instant => Ok(instant),
        }
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        self.plus_nanos(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        self.plus_nanos(-i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX))
    }
}

/// As RFC 3339 text where the format is for people, as nanoseconds elsewhere.
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
            text.parse().map_err(serde::de::Error::custom)
        } else {
            i64::deserialize(deserializer).map(Self)
        }
    }
}

/// A half-open span of time: `start <= t < end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TimeRange {
    /// The first instant inside.
    pub start: Timestamp,
    /// The first instant after it.
    pub end: Timestamp,
}

impl TimeRange {
    /// All of time.
    pub const ALL: Self = Self {
        start: Timestamp::MIN,
        end: Timestamp::MAX,
    };

    /// `start <= t < end`; empty when `end <= start`.
    pub const fn new(start: Timestamp, end: Timestamp) -> Self {
        Self { start, end }
    }

    /// Whether the instant lies inside.
    pub fn contains(self, instant: Timestamp) -> bool {
        self.start <= instant && instant < self.end
    }

    /// Whether the two share an instant.
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Whether nothing is inside.
    pub fn is_empty(self) -> bool {
        self.end <= self.start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_unit_and_prints_rfc_3339() {
        let instant = Timestamp::from_millis(1_723_161_255_342);
        for text in [
            "2024-08-08T23:54:15.342Z",
            "1723161255342",
            "1723161255342000",
            "1723161255342000000",
            "2024-08-09T01:54:15.342+02:00",
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap(), instant, "{text}");
        }
        assert_eq!(instant.to_string(), "2024-08-08T23:54:15.342Z");
        assert_eq!(
            "2024-08-08".parse::<Timestamp>().unwrap(),
            instant.start_of_day()
        );
        assert_eq!(instant.date(), "2024-08-08");
        assert_eq!(
            "1723161255".parse::<Timestamp>().unwrap().seconds(),
            1_723_161_255
        );
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            "yesterday",
            "2024-13-01",
            "12:00",
            "1e9",
            "2024-08-08T12:00:00",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }
}
