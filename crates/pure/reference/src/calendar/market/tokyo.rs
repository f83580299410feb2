//! The Tokyo Stock Exchange.
//!
//! Valid 2010-01-01 to 2030-12-31. Mornings from 09:00 to 11:30 (to 11:00 until 2011-11-18),
//! afternoons from 12:30 to 15:00, since 2024-11-05 to 15:30. No half days in this time. On
//! 2020-10-01 the exchange's system failed before the open and nothing traded: an outage.
//! Holidays are by rule, those of 2019 (the Emperor's accession) and of 2020 and 2021 (moved for the
//! Olympic Games) by list. Rules are those in force; another act of the Diet can move later ones.
//!
//! Sources: the Act on National Holidays with its special acts, the formula of the equinoxes for
//! 1980 to 2099, the exchange's business regulations (31 December to 3 January closed).

use jiff::civil::{Date, Weekday, date};

use crate::calendar::ClosureKind;
use crate::calendar::plan::{Hours, Plan, Rules, span};
use crate::calendar::rule::{
    autumnal_equinox_in_japan, days_after, is_weekend, nth_weekday, vernal_equinox_in_japan,
};

pub(super) static RULES: Rules = Rules {
    zone: jiff::tz::get!("Asia/Tokyo"),
    known: (date(2010, 1, 1), date(2030, 12, 31)),
    plan,
};

fn plan(day: Date) -> Plan {
    if is_weekend(day) {
        return Plan::weekend();
    }
    if let Some(name) = holiday(day) {
        return Plan::holiday(name);
    }
    if day == date(2020, 10, 1) {
        return Plan::closed(ClosureKind::Outage, "Failure of the trading system");
    }
    let morning_to = if day < date(2011, 11, 21) {
        (11, 0)
    } else {
        (11, 30)
    };
    let afternoon_to = if day < date(2024, 11, 5) {
        (15, 0)
    } else {
        (15, 30)
    };
    Plan::Open(Hours::full(span((9, 0), morning_to)).then(span((12, 30), afternoon_to)))
}

fn holiday(day: Date) -> Option<&'static str> {
    if let (12, 31) | (1, 1..=3) = (day.month(), day.day()) {
        return Some("New Year");
    }
    if let Some(name) = national(day) {
        return Some(name);
    }
    // a holiday on a Sunday moves to the next day that is none itself
    let mut before = days_after(day, -1);
    while national(before).is_some() {
        if before.weekday() == Weekday::Sunday {
            return Some("Substitute holiday");
        }
        before = days_after(before, -1);
    }
    let between = national(days_after(day, -1)).is_some() && national(days_after(day, 1)).is_some();
    between.then_some("Citizens' holiday")
}

/// The holidays that the law names, also on weekends.
fn national(day: Date) -> Option<&'static str> {
    let year = day.year();
    let monday = |month, nth| day == nth_weekday(year, month, nth, Weekday::Monday);
    let name = match (day.month(), day.day()) {
        (1, 1) => "New Year's Day",
        (1, _) if monday(1, 2) => "Coming of Age Day",
        (2, 11) => "National Foundation Day",
        (2, 23) if year >= 2020 => "The Emperor's Birthday",
        (3, _) if day == vernal_equinox_in_japan(year) => "Vernal Equinox Day",
        (4, 29) => "Showa Day",
        (5, 1) if year == 2019 => "Accession of the Emperor",
        (5, 3) => "Constitution Memorial Day",
        (5, 4) => "Greenery Day",
        (5, 5) => "Children's Day",
        (7, _) if marine_day(day) => "Marine Day",
        (7, 24) if year == 2020 => "Sports Day",
        (7, 23) if year == 2021 => "Sports Day",
        (8, _) if mountain_day(day) => "Mountain Day",
        (9, _) if monday(9, 3) => "Respect for the Aged Day",
        (9, _) if day == autumnal_equinox_in_japan(year) => "Autumnal Equinox Day",
        (10, 22) if year == 2019 => "Enthronement ceremony",
        (10, _) if monday(10, 2) && !matches!(year, 2020 | 2021) => "Sports Day",
        (11, 3) => "Culture Day",
        (11, 23) => "Labour Thanksgiving Day",
        (12, 23) if year <= 2018 => "The Emperor's Birthday",
        _ => return None,
    };
    Some(name)
}

fn marine_day(day: Date) -> bool {
    match day.year() {
        2020 => day == date(2020, 7, 23),
        2021 => day == date(2021, 7, 22),
        year => day == nth_weekday(year, 7, 3, Weekday::Monday),
    }
}

fn mountain_day(day: Date) -> bool {
    match day.year() {
        ..=2015 => false,
        2020 => day == date(2020, 8, 10),
        2021 => day == date(2021, 8, 8),
        year => day == date(year, 8, 11),
    }
}
