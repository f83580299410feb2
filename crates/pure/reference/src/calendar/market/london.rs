//! The London Stock Exchange.
//!
//! Valid 2000-01-01 to 2030-12-31; bank holidays by proclamation as known in January 2026. 08:00 to
//! 16:30; half days to 12:30 on the last trading days before Christmas and before New Year.
//! `pre` is the call of the opening auction, `post` that of the closing auction with the crossing
//! at its price. The auction at 12:00 (since 2016) pauses trading for two minutes and is no break here.
//!
//! Sources: the bank holidays of England and Wales (Banking and Financial Dealings Act 1971 and the
//! royal proclamations), the exchange's yearly notices of its business days.

use jiff::civil::{Date, Weekday, date};

use crate::calendar::SessionKind;
use crate::calendar::plan::{Hours, Plan, Rules, span};
use crate::calendar::rule::{days_after, easter, is_weekend, last_weekday, nth_weekday};

pub(super) static RULES: Rules = Rules {
    zone: jiff::tz::get!("Europe/London"),
    known: (date(2000, 1, 1), date(2030, 12, 31)),
    plan,
};

fn plan(day: Date) -> Plan {
    if is_weekend(day) {
        return Plan::weekend();
    }
    if let Some(name) = holiday(day) {
        return Plan::holiday(name);
    }
    let pre = span((7, 50), (8, 0));
    if let Some(why) = half_day(day) {
        return Plan::Open(
            Hours::full(span((8, 0), (12, 30)))
                .pre(pre)
                .post(span((12, 30), (12, 40)))
                .kind(SessionKind::Short(why)),
        );
    }
    Plan::Open(
        Hours::full(span((8, 0), (16, 30)))
            .pre(pre)
            .post(span((16, 30), (16, 40))),
    )
}

fn holiday(day: Date) -> Option<&'static str> {
    let year = day.year();
    // the two days after Christmas Eve, on the next weekdays that are free
    let (christmas, boxing) = match date(year, 12, 25).weekday() {
        Weekday::Friday => (25, 28),
        Weekday::Saturday => (27, 28),
        Weekday::Sunday => (27, 26),
        _ => (25, 26),
    };
    let new_year = match date(year, 1, 1).weekday() {
        Weekday::Saturday => 3,
        Weekday::Sunday => 2,
        _ => 1,
    };
    let all = [
        (date(year, 1, new_year), "New Year's Day"),
        (days_after(easter(year), -2), "Good Friday"),
        (days_after(easter(year), 1), "Easter Monday"),
        (early_may(year), "Early May Bank Holiday"),
        (spring(year), "Spring Bank Holiday"),
        (
            last_weekday(year, 8, Weekday::Monday),
            "Summer Bank Holiday",
        ),
        (date(year, 12, christmas), "Christmas Day"),
        (date(year, 12, boxing), "Boxing Day"),
    ];
    if let Some((_, name)) = all.into_iter().find(|(on, _)| *on == day) {
        return Some(name);
    }
    let name = match (year, day.month(), day.day()) {
        (2002, 6, 3) => "Golden Jubilee",
        (2011, 4, 29) => "Royal wedding",
        (2012, 6, 5) => "Diamond Jubilee",
        (2022, 6, 3) => "Platinum Jubilee",
        (2022, 9, 19) => "State funeral of Queen Elizabeth II",
        (2023, 5, 8) => "Coronation of King Charles III",
        _ => return None,
    };
    Some(name)
}

/// The first Monday of May; in 2020 moved to the 75th anniversary of the end of the war.
fn early_may(year: i16) -> Date {
    match year {
        2020 => date(2020, 5, 8),
        _ => nth_weekday(year, 5, 1, Weekday::Monday),
    }
}

/// The last Monday of May; moved to make a long weekend of each jubilee.
fn spring(year: i16) -> Date {
    match year {
        2002 => date(2002, 6, 4),
        2012 => date(2012, 6, 4),
        2022 => date(2022, 6, 2),
        _ => last_weekday(year, 5, Weekday::Monday),
    }
}

fn half_day(day: Date) -> Option<&'static str> {
    let year = day.year();
    let last_weekday_until = |mut day: Date| {
        while is_weekend(day) {
            day = days_after(day, -1);
        }
        day
    };
    if day == last_weekday_until(date(year, 12, 24)) {
        Some("Christmas Eve")
    } else if day == last_weekday_until(date(year, 12, 31)) {
        Some("New Year's Eve")
    } else {
        None
    }
}
