//! Stocks in the United States.
//!
//! Valid 1986-01-01 to 2030-12-31; unscheduled closures as known in January 2026. 09:30 to 16:00 in
//! New York; early trading from 04:00 and late trading to 20:00 (to 17:00 on half days) since 2000:
//! before, and on days cut short by an event, none is given. Late opens of less than half an hour
//! (moments of silence, 1990-12-27 to 2006-12-27) count as full sessions.
//!
//! Sources: NYSE rule 7.2 (which days, and that a Saturday's New Year is not kept on the Friday,
//! the year's last trading day), the exchange's list of special closings, its yearly notices.

use jiff::civil::{Date, Weekday, date};

use crate::calendar::plan::{Hours, Plan, Rules, Span, span};
use crate::calendar::rule::{
    days_after, good_friday, is_weekend, last_weekday, nearest_weekday, nth_weekday,
};
use crate::calendar::{ClosureKind, SessionKind};

pub(super) static RULES: Rules = Rules {
    zone: jiff::tz::get!("America/New_York"),
    known: (date(1986, 1, 1), date(2030, 12, 31)),
    plan,
};

const OPEN: (i8, i8) = (9, 30);
const CLOSE: (i8, i8) = (16, 0);
const HALF_DAY: (i8, i8) = (13, 0);

fn plan(day: Date) -> Plan {
    if is_weekend(day) {
        return Plan::weekend();
    }
    if let Some(name) = holiday(day) {
        return Plan::holiday(name);
    }
    if let Some(name) = unscheduled(day) {
        return Plan::closed(ClosureKind::Unscheduled, name);
    }
    if let Some((regular, why)) = cut_short(day) {
        return Plan::Open(Hours::full(regular).kind(SessionKind::Short(why)));
    }
    if let Some((close, why)) = half_day(day) {
        return Plan::Open(extended(day, span(OPEN, close), (17, 0)).kind(SessionKind::Short(why)));
    }
    Plan::Open(extended(day, span(OPEN, CLOSE), (20, 0)))
}

fn extended(day: Date, regular: Span, end: (i8, i8)) -> Hours {
    let hours = Hours::full(regular);
    if day.year() < 2000 {
        return hours;
    }
    let (pre, mut post) = (span((4, 0), OPEN), span(CLOSE, end));
    post.from = regular.to;
    hours.pre(pre).post(post)
}

fn holiday(day: Date) -> Option<&'static str> {
    let year = day.year();
    let monday = |month, nth| nth_weekday(year, month, nth, Weekday::Monday);
    let new_year = date(year, 1, 1);
    let kept_new_year = if new_year.weekday() == Weekday::Sunday {
        days_after(new_year, 1)
    } else {
        new_year
    };
    let all = [
        (kept_new_year, "New Year's Day", 0),
        (monday(1, 3), "Martin Luther King Jr. Day", 1998),
        (monday(2, 3), "Washington's Birthday", 0),
        (good_friday(year), "Good Friday", 0),
        (last_weekday(year, 5, Weekday::Monday), "Memorial Day", 0),
        (nearest_weekday(date(year, 6, 19)), "Juneteenth", 2022),
        (nearest_weekday(date(year, 7, 4)), "Independence Day", 0),
        (monday(9, 1), "Labor Day", 0),
        (
            nth_weekday(year, 11, 4, Weekday::Thursday),
            "Thanksgiving Day",
            0,
        ),
        (nearest_weekday(date(year, 12, 25)), "Christmas Day", 0),
    ];
    all.into_iter()
        .find(|(on, _, since)| *on == day && year >= *since)
        .map(|(_, name, _)| name)
}

fn unscheduled(day: Date) -> Option<&'static str> {
    let name = match (day.year(), day.month(), day.day()) {
        (1994, 4, 27) => "Mourning for President Nixon",
        (2001, 9, 11..=14) => "Attacks of 11 September 2001",
        (2004, 6, 11) => "Mourning for President Reagan",
        (2007, 1, 2) => "Mourning for President Ford",
        (2012, 10, 29 | 30) => "Hurricane Sandy",
        (2018, 12, 5) => "Mourning for President George H. W. Bush",
        (2025, 1, 9) => "Mourning for President Carter",
        _ => return None,
    };
    Some(name)
}

/// Days whose hours an event changed, and why.
fn cut_short(day: Date) -> Option<(Span, &'static str)> {
    const PAPERWORK: &str = "Backlog after the crash of October 1987";
    let (open, close, why) = match (day.year(), day.month(), day.day()) {
        (1987, 10, 23..=30) => (OPEN, (14, 0), PAPERWORK),
        (1987, 11, 2..=4) => (OPEN, (14, 30), PAPERWORK),
        (1987, 11, 5..=6) => (OPEN, (15, 0), PAPERWORK),
        (1987, 11, 9..=11) => (OPEN, (15, 30), PAPERWORK),
        (1989, 11, 10) => ((11, 0), CLOSE, "Fire"),
        (1994, 2, 11) => (OPEN, (14, 30), "Snow"),
        (1995, 12, 18) => ((10, 30), CLOSE, "Computer failure"),
        (1996, 1, 8) => ((11, 0), (14, 0), "Snow"),
        (1997, 10, 27) => (OPEN, (15, 30), "Circuit breaker"),
        (2002, 9, 11) => ((12, 0), CLOSE, "Anniversary of 11 September 2001"),
        (2005, 6, 1) => (OPEN, (15, 56), "System failure"),
        _ => return None,
    };
    Some((span(open, close), why))
}

/// Half days by rule: the close and why.
fn half_day(day: Date) -> Option<((i8, i8), &'static str)> {
    let year = day.year();
    let thanksgiving = nth_weekday(year, 11, 4, Weekday::Thursday);
    if day == days_after(thanksgiving, 1) && year >= 1992 {
        let close = if year == 1992 { (14, 0) } else { HALF_DAY };
        return Some((close, "Day after Thanksgiving"));
    }
    match (year, day.month(), day.day()) {
        (1990..=1992, 12, 24) => return Some(((14, 0), "Christmas Eve")),
        (1997 | 2003, 12, 26) => return Some((HALF_DAY, "Day after Christmas")),
        // on a Friday it is the holiday itself
        (1996.., 12, 24) => return Some((HALF_DAY, "Christmas Eve")),
        _ => {}
    }
    let before = match day.weekday() {
        Weekday::Monday | Weekday::Tuesday | Weekday::Thursday => year >= 1995,
        // a Thursday's holiday: until 2012 the Friday after it was the half day
        Weekday::Wednesday => year >= 2013,
        _ => false,
    };
    if (day.month(), day.day()) == (7, 3) && before {
        return Some((HALF_DAY, "Day before Independence Day"));
    }
    let friday_after = (day.month(), day.day()) == (7, 5) && day.weekday() == Weekday::Friday;
    if friday_after && (1996..=2012).contains(&year) {
        return Some((HALF_DAY, "Day after Independence Day"));
    }
    None
}
