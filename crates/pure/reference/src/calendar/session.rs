//! [`Session`]: one trading day of a market, as instants.

use jiff::civil::Date;
use quantflow_model::{TimeRange, Timestamp};

/// What a date is for a market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Day {
    /// It trades.
    Open(Session),
    /// It does not, for this reason.
    Closed(Closure),
}

impl Day {
    /// The session, where there is one.
    pub fn session(self) -> Option<Session> {
        match self {
            Self::Open(session) => Some(session),
            Self::Closed(_) => None,
        }
    }
}

/// Why a market has no session on a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closure {
    /// What kind of reason it is.
    pub kind: ClosureKind,
    /// Its name: "Good Friday".
    pub name: &'static str,
}

/// Kinds of reasons for having no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosureKind {
    /// A day on which the market never trades.
    Weekend,
    /// A holiday, known well before.
    Holiday,
    /// Decided days or hours before: mourning, weather, an attack.
    Unscheduled,
    /// The session was to be, and did not come to trade.
    Outage,
}

/// Whether a session has its usual hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionKind {
    /// The usual hours of its time.
    Full,
    /// Fewer than usual, for the named reason: a half day, a late open.
    Short(&'static str),
    /// A session on a day that has none by rule, for the named reason.
    Special(&'static str),
}

/// A part of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Before the regular hours: early trading, or the call of the opening auction.
    Pre,
    /// Continuous trading.
    Regular,
    /// Between two spans of regular trading: lunch.
    Break,
    /// After the regular hours: late trading, or the closing auction.
    Post,
}

/// Which hours of a session count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Extent {
    /// Regular hours only: what official opens, closes and daily candles are of.
    #[default]
    Regular,
    /// With what comes before and after them.
    Extended,
}

/// One trading day of a market. All spans are half-open, ascending and disjoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub(crate) date: Date,
    pub(crate) kind: SessionKind,
    pub(crate) first: TimeRange,
    pub(crate) second: Option<TimeRange>,
    pub(crate) pre: Option<TimeRange>,
    pub(crate) post: Option<TimeRange>,
}

impl Session {
    /// The trading day by the exchange's own date. A session of FX or futures begins on the
    /// evening before.
    pub fn date(&self) -> Date {
        self.date
    }

    /// Whether the hours are the usual ones.
    pub fn kind(&self) -> SessionKind {
        self.kind
    }

    /// When regular trading begins.
    pub fn open(&self) -> Timestamp {
        self.first.start
    }

    /// When regular trading ends for the day.
    pub fn close(&self) -> Timestamp {
        self.second.unwrap_or(self.first).end
    }

    /// The spans of regular trading: one, or two around a break.
    pub fn regular(&self) -> impl Iterator<Item = TimeRange> + '_ {
        std::iter::once(self.first).chain(self.second)
    }

    /// The break between the spans of regular trading.
    pub fn lunch(&self) -> Option<TimeRange> {
        self.second
            .map(|second| TimeRange::new(self.first.end, second.start))
    }

    /// What trades before the regular hours.
    pub fn pre(&self) -> Option<TimeRange> {
        self.pre
    }

    /// What trades after the regular hours. May begin later than they end.
    pub fn post(&self) -> Option<TimeRange> {
        self.post
    }

    /// From the first instant to the last, breaks included.
    pub fn span(&self, extent: Extent) -> TimeRange {
        match extent {
            Extent::Regular => TimeRange::new(self.open(), self.close()),
            Extent::Extended => TimeRange::new(
                self.pre.map_or(self.open(), |pre| pre.start),
                self.post.map_or(self.close(), |post| post.end),
            ),
        }
    }

    /// Nanoseconds of regular trading, breaks left out.
    pub fn traded_nanos(&self) -> i64 {
        self.regular().map(|span| span.end.since(span.start)).sum()
    }

    /// The part of the session that holds the instant; `None` outside of it.
    pub fn phase_at(&self, instant: Timestamp) -> Option<Phase> {
        if self.regular().any(|span| span.contains(instant)) {
            return Some(Phase::Regular);
        }
        let within = |span: Option<TimeRange>| span.is_some_and(|span| span.contains(instant));
        if within(self.lunch()) {
            Some(Phase::Break)
        } else if within(self.pre) {
            Some(Phase::Pre)
        } else if within(self.post) {
            Some(Phase::Post)
        } else {
            None
        }
    }

    /// Whether the market trades at the instant, in the hours that count. Not during a break.
    pub fn is_open_at(&self, instant: Timestamp, extent: Extent) -> bool {
        match self.phase_at(instant) {
            Some(Phase::Regular) => true,
            Some(Phase::Pre | Phase::Post) => extent == Extent::Extended,
            Some(Phase::Break) | None => false,
        }
    }
}
