//! Trading calendars: sessions with time zones, breaks, holidays, half days and DST.
//!
//! A [`Calendar`] is a [`Market`]'s rules; each market's file says its rules, its sources and the dates for
//! which they hold. A question about a date outside of them is an error and never a guess. Time zones
//! are compiled in: the system's are not read.
//!
//! ```
//! use quantflow_reference::calendar::{Calendar, Extent, Market};
//! let new_york = Calendar::of(Market::UnitedStates);
//! // the day after Thanksgiving is a half day
//! let session = new_york.session("2025-11-28".parse()?)?.ok_or("no session")?;
//! assert_eq!(session.close().to_string(), "2025-11-28T18:00:00Z");
//! assert!(!new_york.is_open("2025-11-28T18:00:00Z".parse()?, Extent::Regular)?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod candles;
mod market;
mod plan;
mod rule;
mod session;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use quantflow_model::{TimeRange, Timestamp};

pub use self::candles::Period;
pub use self::market::{Market, MarketError};
pub use self::session::{Closure, ClosureKind, Day, Extent, Phase, Session, SessionKind};

use self::plan::{Hours, Local, Plan, Rules, Span};
use self::rule::days_after;

/// Longer than any run of days without a session.
const LONGEST_CLOSURE_DAYS: u8 = 30;

/// Why a calendar has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The rules do not reach to the date.
    #[error("the calendar of {market} is not known on {date}: it holds from {from} to {to}")]
    Unknown {
        /// Whose calendar.
        market: Market,
        /// The date that was asked for, or that the search came to.
        date: Date,
        /// The first date that is known.
        from: Date,
        /// The last date that is known.
        to: Date,
    },
    /// No session within a month, which no market's rules allow.
    #[error("the calendar of {market} has no session within a month of {date}")]
    NoSession {
        /// Whose calendar.
        market: Market,
        /// Where the search began.
        date: Date,
    },
}

/// When a market trades. Cheap to copy; each answer is computed from rules, nothing is cached.
#[derive(Clone, Copy)]
pub struct Calendar {
    market: Market,
    rules: &'static Rules,
}

impl std::fmt::Debug for Calendar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Calendar").field(&self.market).finish()
    }
}

impl Calendar {
    /// The calendar of a market.
    pub fn of(market: Market) -> Self {
        Self {
            market,
            rules: market.rules(),
        }
    }

    /// Whose calendar it is.
    pub fn market(self) -> Market {
        self.market
    }

    /// The zone of the market's clock.
    pub fn zone(self) -> &'static TimeZone {
        &self.rules.zone
    }

    /// The first and the last date of which the rules know.
    pub fn known(self) -> (Date, Date) {
        self.rules.known
    }

    /// What a date is: a session, or why there is none.
    ///
    /// # Errors
    /// [`CalendarError::Unknown`] outside of [`Calendar::known`].
    pub fn day(self, date: Date) -> Result<Day, CalendarError> {
        let (from, to) = self.rules.known;
        if date < from || date > to {
            return Err(CalendarError::Unknown {
                market: self.market,
                date,
                from,
                to,
            });
        }
        Ok(match (self.rules.plan)(date) {
            Plan::Closed(closure) => Day::Closed(closure),
            Plan::Open(hours) => Day::Open(self.resolve(date, hours)),
        })
    }

    /// The session of a date; `None` when there is none.
    ///
    /// # Errors
    /// As [`Calendar::day`].
    pub fn session(self, date: Date) -> Result<Option<Session>, CalendarError> {
        self.day(date).map(Day::session)
    }

    /// The sessions of the dates from `from` to `to`, both counted, in order.
    ///
    /// # Errors
    /// The first date outside of what is known is an error and the last item.
    pub fn sessions(
        self,
        from: Date,
        to: Date,
    ) -> impl Iterator<Item = Result<Session, CalendarError>> {
        let mut next = (from <= to).then_some(from);
        std::iter::from_fn(move || {
            loop {
                let date = next?;
                next = (date < to).then(|| days_after(date, 1));
                match self.session(date) {
                    Ok(Some(session)) => return Some(Ok(session)),
                    Ok(None) => {}
                    Err(error) => {
                        next = None;
                        return Some(Err(error));
                    }
                }
            }
        })
    }

    /// Whether the market trades at the instant, in the hours that count. Not during a break.
    ///
    /// # Errors
    /// As [`Calendar::day`], by the market's own date at the instant.
    pub fn is_open(self, instant: Timestamp, extent: Extent) -> Result<bool, CalendarError> {
        let session = self.session_at(instant)?;
        Ok(session.is_some_and(|session| session.is_open_at(instant, extent)))
    }

    /// The session whose extended span holds the instant, breaks included; `None` between sessions.
    ///
    /// # Errors
    /// As [`Calendar::day`].
    pub fn session_at(self, instant: Timestamp) -> Result<Option<Session>, CalendarError> {
        let date = self.date_at(instant);
        // a session that begins on the evening before its date
        for date in [date, days_after(date, 1)] {
            let session = match self.session(date) {
                Ok(session) => session,
                // the day after the last that is known need not be asked for
                Err(_) if date != self.date_at(instant) => None,
                Err(error) => return Err(error),
            };
            let within = |session: &Session| session.span(Extent::Extended).contains(instant);
            if let Some(session) = session.filter(within) {
                return Ok(Some(session));
            }
        }
        Ok(None)
    }

    /// The trading day that an instant belongs to: the session whose extended span holds it, else
    /// the next one. What happens after the close, on a weekend or a holiday counts for the next.
    ///
    /// # Errors
    /// As [`Calendar::next_session`].
    pub fn trading_day(self, instant: Timestamp) -> Result<Session, CalendarError> {
        self.find(self.date_at(instant), 1, |session| {
            instant < session.span(Extent::Extended).end
        })
    }

    /// The first session whose regular hours open after the instant.
    ///
    /// # Errors
    /// [`CalendarError::Unknown`] when the search leaves what is known.
    pub fn next_session(self, instant: Timestamp) -> Result<Session, CalendarError> {
        self.find(self.date_at(instant), 1, |session| session.open() > instant)
    }

    /// The last session whose regular hours ended at the instant or before.
    ///
    /// # Errors
    /// As [`Calendar::next_session`].
    pub fn previous_session(self, instant: Timestamp) -> Result<Session, CalendarError> {
        // not later than the date of the instant: such a session's close is still to come
        self.find(self.date_at(instant), -1, |session| {
            session.close() <= instant
        })
    }

    /// When regular trading begins next, after the instant: a day's open or the end of a break.
    ///
    /// # Errors
    /// As [`Calendar::next_session`].
    pub fn next_open(self, instant: Timestamp) -> Result<Timestamp, CalendarError> {
        self.next_edge(instant, |span| span.start)
    }

    /// When regular trading ends next, after the instant: a break or a day's close.
    ///
    /// # Errors
    /// As [`Calendar::next_session`].
    pub fn next_close(self, instant: Timestamp) -> Result<Timestamp, CalendarError> {
        self.next_edge(instant, |span| span.end)
    }

    fn next_edge(
        self,
        instant: Timestamp,
        edge: fn(&TimeRange) -> Timestamp,
    ) -> Result<Timestamp, CalendarError> {
        let after = |span: &TimeRange| edge(span) > instant;
        let session = self.find(self.date_at(instant), 1, |session| {
            session.regular().any(|span| after(&span))
        })?;
        let found = session.regular().find(after);
        Ok(found.map_or_else(|| session.close(), |span| edge(&span)))
    }

    /// The nearest session from a date on, in the direction of `step`, that is as wanted.
    fn find(
        self,
        from: Date,
        step: i8,
        wanted: impl Fn(&Session) -> bool,
    ) -> Result<Session, CalendarError> {
        let mut date = from;
        for _ in 0..LONGEST_CLOSURE_DAYS {
            if let Some(session) = self.session(date)?.filter(&wanted) {
                return Ok(session);
            }
            date = days_after(date, step);
        }
        Err(CalendarError::NoSession {
            market: self.market,
            date: from,
        })
    }

    /// The date that the market's clock shows.
    pub fn date_at(self, instant: Timestamp) -> Date {
        // every i64 of nanoseconds is inside jiff's range
        jiff::Timestamp::from_nanosecond(i128::from(instant.nanos()))
            .unwrap_or_default()
            .to_zoned(self.rules.zone.clone())
            .date()
    }

    fn resolve(self, date: Date, hours: Hours) -> Session {
        let span =
            |span: Span| TimeRange::new(self.instant(date, span.from), self.instant(date, span.to));
        Session {
            date,
            kind: hours.kind,
            first: span(hours.regular.0),
            second: hours.regular.1.map(span),
            pre: hours.pre.map(span),
            post: hours.post.map(span),
        }
    }

    /// A time of the wall clock as an instant. One that DST skips is taken as if the clock had not
    /// been moved; of one that comes twice the first is taken. No market's hours are at such times.
    fn instant(self, date: Date, local: Local) -> Timestamp {
        let civil = days_after(date, local.days).to_datetime(local.time);
        let instant = self.rules.zone.to_ambiguous_timestamp(civil).compatible();
        instant.map_or(Timestamp::MAX, |instant| {
            i64::try_from(instant.as_nanosecond()).map_or(Timestamp::MAX, Timestamp::from_nanos)
        })
    }
}
