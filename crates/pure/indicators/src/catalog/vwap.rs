//! The volume-weighted price since a session began.

use crate::{
    bar::{Bar, Inputs},
    definition::{Arguments, Definition, Group, Parameter, ParameterError, ParameterKind},
    indicator::Indicator,
    state::{BadWord, Visitor},
};

const DAY: i64 = 86_400_000_000_000;

/// `Σ typical price · volume / Σ volume` since the session began, the typical price being `(high + low + close) / 3`; price
/// units. NaN while the session has had no volume.
///
/// A session begins with the first bar whose open time is in another UTC `day` (the default, as traders use it), `week` (from Monday) or `month`
/// than the bar before; `vwap(start)` never begins again and is TA-Lib's `VWAP`, which depends on where the series begins. On bars of a day and longer
/// the daily session is the typical price itself.
#[derive(Clone, Copy, Debug)]
pub struct Vwap {
    session: Session,
    /// Open times that belong to the session: from `begin` on, before `end`.
    begin: i64,
    end: i64,
    turnover: f64,
    volume: f64,
}

/// How long a session of [`Vwap`] lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Session {
    /// A UTC day.
    Day,
    /// From Monday to Sunday, UTC.
    Week,
    /// A calendar month, UTC.
    Month,
    /// From the first bar on, for good.
    Start,
}

impl Session {
    /// The half-open range of times of the session that `time` lies in, saturated at the ends of time.
    fn around(self, time: i64) -> (i64, i64) {
        let day = time.div_euclid(DAY);
        let (first, past) = match self {
            Self::Day => (day, day + 1),
            Self::Week => {
                // day 0 was a Thursday
                let monday = day - (day + 3).rem_euclid(7);
                (monday, monday + 7)
            }
            Self::Month => month_around(day),
            Self::Start => return (i64::MIN, i64::MAX),
        };
        (first.saturating_mul(DAY), past.saturating_mul(DAY))
    }
}

/// The first day of the month that day number `day` (from 1970-01-01) lies in, and of the next; proleptic Gregorian.
fn month_around(day: i64) -> (i64, i64) {
    // Years are counted from March, so that the leap day is the last: month m of such a year begins (153·m + 2) / 5 days into it.
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let first = day - (of_year - (153 * month + 2) / 5);
    // March to January: 31 30 31 30 31 31 30 31 30 31 31; February ends the year
    let length = if month < 11 {
        (153 * (month + 1) + 2) / 5 - (153 * month + 2) / 5
    } else {
        let civil = era * 400 + year + 1;
        let leap = civil % 4 == 0 && (civil % 100 != 0 || civil % 400 == 0);
        if leap { 29 } else { 28 }
    };
    (first, first + length)
}

impl Vwap {
    /// Over sessions of this length.
    pub const fn new(session: Session) -> Self {
        // an empty session: the first bar begins one
        Self {
            session,
            begin: 0,
            end: 0,
            turnover: 0.0,
            volume: 0.0,
        }
    }
}

impl Indicator for Vwap {
    const DEFINITION: &'static Definition = &Definition {
        name: "vwap",
        title: "Volume Weighted Average Price",
        group: Group::Overlap,
        overlay: true,
        inputs: Inputs::THLCV,
        parameters: &[Parameter {
            name: "session",
            kind: ParameterKind::Word {
                words: &[
                    ("day", None),
                    ("week", None),
                    ("month", None),
                    ("start", None),
                ],
            },
            shown: true,
        }],
        outputs: &["real"],
        remembers: true,
        repaints: false,
        source: "volume-weighted mean of the typical price since the session began",
        revision: 1,
    };
    type Output = f64;

    fn from_arguments(arguments: &Arguments) -> Result<Self, ParameterError> {
        Ok(Self::new(match arguments.word(0)? {
            "week" => Session::Week,
            "month" => Session::Month,
            "start" => Session::Start,
            _ => Session::Day,
        }))
    }

    fn fresh(&self) -> Self {
        Self::new(self.session)
    }

    fn warm_up(&self) -> usize {
        0
    }

    #[inline]
    fn step(&mut self, bar: &Bar) -> f64 {
        if bar.time < self.begin || bar.time >= self.end {
            (self.begin, self.end) = self.session.around(bar.time);
            self.turnover = 0.0;
            self.volume = 0.0;
        }
        self.turnover += bar.typical_price() * bar.volume;
        self.volume += bar.volume;
        if self.volume == 0.0 {
            f64::NAN
        } else {
            self.turnover / self.volume
        }
    }

    #[inline]
    fn look(&self, bar: &Bar) -> f64 {
        { *self }.step(bar)
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) -> Result<(), BadWord> {
        visitor.integer(&mut self.begin)?;
        visitor.integer(&mut self.end)?;
        visitor.float(&mut self.turnover)?;
        visitor.float(&mut self.volume)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_follow_the_calendar() {
        // 1970-01-01, 2000-02-29, 2024-02-29, 2100-02-28, 2026-12-31, 1969-12-31
        for (day, first, length) in [
            (0, 0, 31),
            (11_016, 10_988, 29),
            (19_782, 19_754, 29),
            (47_540, 47_513, 28),
            (20_818, 20_788, 31),
            (-1, -31, 31),
        ] {
            assert_eq!(month_around(day), (first, first + length), "day {day}");
        }
    }

    #[test]
    fn months_tile_time() {
        let mut day = month_around(-400_000).0;
        while day < 400_000 {
            let (first, past) = month_around(day);
            assert!(
                first == day && (28..=31).contains(&(past - first)),
                "day {day}: {first} {past}"
            );
            assert_eq!(month_around(past - 1), (first, past));
            day = past;
        }
    }

    #[test]
    fn weeks_begin_on_monday() {
        // 2026-11-16 was a Monday: day 20 773
        for day in 20_773..20_780 {
            assert_eq!(
                Session::Week.around(day * DAY + 5),
                (20_773 * DAY, 20_780 * DAY)
            );
        }
    }
}
