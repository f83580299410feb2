//! What a market's rules say of a date, in the market's own wall-clock time.

use jiff::civil::{Date, Time, time};
use jiff::tz::TimeZone;

use super::{Closure, ClosureKind, SessionKind};

/// The rules of one market.
pub(crate) struct Rules {
    /// Its zone, whose offsets turn the plan into instants.
    pub(crate) zone: TimeZone,
    /// The first and the last date of which the rules know.
    pub(crate) known: (Date, Date),
    /// What a date inside `known` is.
    pub(crate) plan: fn(Date) -> Plan,
}

/// A date as planned.
pub(crate) enum Plan {
    /// No session.
    Closed(Closure),
    /// A session.
    Open(Hours),
}

impl Plan {
    pub(crate) const fn weekend() -> Self {
        Self::closed(ClosureKind::Weekend, "weekend")
    }

    pub(crate) const fn holiday(name: &'static str) -> Self {
        Self::closed(ClosureKind::Holiday, name)
    }

    pub(crate) const fn closed(kind: ClosureKind, name: &'static str) -> Self {
        Self::Closed(Closure { kind, name })
    }
}

/// The hours of a session.
#[derive(Clone, Copy)]
pub(crate) struct Hours {
    pub(crate) kind: SessionKind,
    /// Continuous trading; a second span after a break.
    pub(crate) regular: (Span, Option<Span>),
    pub(crate) pre: Option<Span>,
    pub(crate) post: Option<Span>,
}

impl Hours {
    /// A usual day of one span.
    pub(crate) const fn full(regular: Span) -> Self {
        Self {
            kind: SessionKind::Full,
            regular: (regular, None),
            pre: None,
            post: None,
        }
    }

    pub(crate) const fn then(mut self, second: Span) -> Self {
        self.regular.1 = Some(second);
        self
    }

    pub(crate) const fn pre(mut self, span: Span) -> Self {
        self.pre = Some(span);
        self
    }

    pub(crate) const fn post(mut self, span: Span) -> Self {
        self.post = Some(span);
        self
    }

    pub(crate) const fn kind(mut self, kind: SessionKind) -> Self {
        self.kind = kind;
        self
    }
}

/// A span of the wall clock, its end not in it.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    pub(crate) from: Local,
    pub(crate) to: Local,
}

/// A wall-clock time on the session's date, or so many days off it.
#[derive(Clone, Copy)]
pub(crate) struct Local {
    pub(crate) days: i8,
    pub(crate) time: Time,
}

/// From `from` to `to`, each hour and minute, on the session's date.
pub(crate) const fn span(from: (i8, i8), to: (i8, i8)) -> Span {
    Span {
        from: at(0, from),
        to: at(0, to),
    }
}

/// An hour and minute so many days off the session's date.
pub(crate) const fn at(days: i8, (hour, minute): (i8, i8)) -> Local {
    Local {
        days,
        time: time(hour, minute, 0, 0),
    }
}
