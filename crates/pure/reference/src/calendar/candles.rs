//! Where candles begin and end when they follow sessions and not the UTC clock.

use jiff::ToSpan;
use jiff::civil::Date;
use quantflow_model::{TimeRange, Timestamp};

use super::{Calendar, CalendarError, Extent, Session};

/// The length of a candle of whole sessions, by the exchange's own dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// One session.
    Day,
    /// The sessions of a week, Monday to Sunday.
    Week,
    /// The sessions of a month.
    Month,
}

impl Period {
    /// The first and the last date of the period that holds the date.
    pub fn dates(self, date: Date) -> (Date, Date) {
        match self {
            Self::Day => (date, date),
            Self::Week => {
                let ahead = date.weekday().to_monday_zero_offset();
                let monday = date.saturating_sub(i64::from(ahead).days());
                (monday, monday.saturating_add(6.days()))
            }
            Self::Month => (date.first_of_month(), date.last_of_month()),
        }
    }
}

impl Calendar {
    /// The candle of the period that holds the session of the instant: from the first session's
    /// beginning to the last one's end, in the hours that count.
    ///
    /// `None` when the instant is in no session of these hours: such a trade is in no candle of them.
    /// A break belongs to the candle around it. At the edges of what is known a week or a month has
    /// the sessions that are known.
    ///
    /// # Errors
    /// As [`Calendar::day`].
    pub fn candle_at(
        self,
        instant: Timestamp,
        period: Period,
        extent: Extent,
    ) -> Result<Option<TimeRange>, CalendarError> {
        let within = |session: &Session| session.span(extent).contains(instant);
        match self.session_at(instant)?.filter(within) {
            Some(session) => self.candle_of(session.date(), period, extent),
            None => Ok(None),
        }
    }

    /// The candle of the period that holds a date; `None` for one without any session.
    ///
    /// # Errors
    /// As [`Calendar::day`].
    pub fn candle_of(
        self,
        date: Date,
        period: Period,
        extent: Extent,
    ) -> Result<Option<TimeRange>, CalendarError> {
        let (first, last) = period.dates(date);
        let (known_first, known_last) = self.known();
        if last < known_first || first > known_last {
            self.day(date)?;
        }
        let mut candle: Option<TimeRange> = None;
        for session in self.sessions(first.max(known_first), last.min(known_last)) {
            let span = session?.span(extent);
            let start = candle.map_or(span.start, |candle| candle.start);
            candle = Some(TimeRange::new(start, span.end));
        }
        Ok(candle)
    }

    /// The candles of the periods that hold the dates from `from` to `to`, in order; periods without
    /// a session have none.
    ///
    /// # Errors
    /// As [`Calendar::day`].
    pub fn candles(
        self,
        from: Date,
        to: Date,
        period: Period,
        extent: Extent,
    ) -> Result<Vec<TimeRange>, CalendarError> {
        let mut candles = Vec::new();
        let (mut first, mut last) = period.dates(from);
        while first <= to {
            candles.extend(self.candle_of(first, period, extent)?);
            (first, last) = period.dates(last.saturating_add(1.day()));
            if last == Date::MAX {
                break;
            }
        }
        Ok(candles)
    }
}

impl Session {
    /// The session's regular hours cut into candles of so many nanoseconds, counted from each open: an
    /// hour's in New York begin at 09:30. The last before a break or the close may be shorter. None
    /// for a length below one.
    pub fn cut(&self, nanos: i64) -> Vec<TimeRange> {
        let mut candles = Vec::new();
        if nanos < 1 {
            return candles;
        }
        for span in self.regular() {
            let mut start = span.start;
            while start < span.end {
                let end = start.plus_nanos(nanos).min(span.end);
                candles.push(TimeRange::new(start, end));
                start = end;
            }
        }
        candles
    }
}
