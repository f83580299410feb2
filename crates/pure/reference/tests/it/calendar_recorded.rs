//! Calendars beside a recorded database of market hours, date by date; every difference is named, with who
//! is right.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Time;
use quantflow_model::Timestamp;
use quantflow_reference::Date;
use quantflow_reference::calendar::{Calendar, Market, Session};
use quantflow_testkit::recorded;
use serde_json::Value;

use crate::table::{date, line};

const HOURS: &str = "reference_lean/market-hours-database.json.gz";

fn database() -> Option<Value> {
    let bytes = recorded::bytes(HOURS)?;
    Some(serde_json::from_slice(&bytes).unwrap())
}

fn american(text: &str) -> Date {
    Date::strptime("%m/%d/%Y", text).unwrap()
}

fn weekdays(first: i16, last: i16) -> impl Iterator<Item = Date> {
    let (from, to) = (Date::constant(first, 1, 1), Date::constant(last, 12, 31));
    from.series(1.day())
        .take_while(move |date| *date <= to)
        .filter(|date| date.weekday().to_monday_zero_offset() < 5)
}

/// Weekdays on which both agree that there is a session or none; closures only ours; closures only theirs.
fn closures(database: &Value, key: &str, market: Market, years: (i16, i16)) -> [Vec<Date>; 3] {
    let calendar = Calendar::of(market);
    let listed = database["entries"][key]["holidays"].as_array().unwrap();
    let listed = listed.iter().map(|day| american(day.as_str().unwrap()));
    let listed: BTreeSet<_> = listed.collect();
    let mut found = [Vec::new(), Vec::new(), Vec::new()];
    for day in weekdays(years.0, years.1) {
        let closed = calendar.session(day).unwrap().is_none();
        let which = match (closed, listed.contains(&day)) {
            (true, false) => 1,
            (false, true) => 2,
            _ => 0,
        };
        found[which].push(day);
    }
    found
}

fn tell(series: &str, [agree, ours, theirs]: &[Vec<Date>; 3], reason: &str) {
    let values = agree.len() + ours.len() + theirs.len();
    line(HOURS, series, values, agree.len(), reason);
}

#[test]
fn holidays_of_the_united_states() {
    let Some(database) = database() else { return };
    let found = closures(
        &database,
        "Equity-usa-[*]",
        Market::UnitedStates,
        (1998, 2028),
    );
    tell("united-states, weekdays 1998-2028", &found, "");
    assert_eq!(
        (found[0].len(), found[1].len(), found[2].len()),
        (8_087, 0, 0)
    );
}

#[test]
fn holidays_of_tokyo() {
    let Some(database) = database() else { return };
    let found = closures(&database, "Index-ose-[*]", Market::Tokyo, (2016, 2026));
    tell(
        "tokyo, weekdays 2016-2026",
        &found,
        "ours right: the outage of 2020-10-01, the autumnal equinox of 2022-09-23",
    );
    assert_eq!(found[1], [date("2020-10-01"), date("2022-09-23")]);
    assert!(found[2].is_empty());
}

#[test]
fn holidays_of_india() {
    let Some(database) = database() else { return };
    let until_2021 = closures(&database, "Equity-india-[*]", Market::India, (2015, 2021));
    tell("india, weekdays 2015-2021", &until_2021, "");
    // Diwali with its hour of muhurat trading is a session of ours and no holiday of theirs
    assert!(until_2021[1].is_empty() && until_2021[2].is_empty());
    let since = closures(&database, "Equity-india-[*]", Market::India, (2022, 2026));
    let reason =
        "ours right: since 2022 theirs has the fixed dates only, none by the moon or by election";
    tell("india, weekdays 2022-2026", &since, reason);
    assert!(since[2].is_empty());
    // none of the dates that theirs lacks recurs on a fixed day
    let fixed = [(1, 26), (5, 1), (8, 15), (10, 2), (12, 25)];
    assert!(
        since[1]
            .iter()
            .all(|day| !fixed.contains(&(day.month(), day.day())))
    );
}

fn clock(calendar: Calendar, instant: Timestamp) -> Time {
    let instant = jiff::Timestamp::from_nanosecond(i128::from(instant.nanos())).unwrap();
    instant.to_zoned(calendar.zone().clone()).time()
}

#[test]
fn half_days_of_the_united_states() {
    let Some(database) = database() else { return };
    let early = database["entries"]["Equity-usa-[*]"]["earlyCloses"].as_object();
    let early: BTreeMap<Date, Time> = early
        .unwrap()
        .iter()
        .map(|(day, at)| (american(day), at.as_str().unwrap().parse().unwrap()))
        .collect();
    let calendar = Calendar::of(Market::UnitedStates);
    let usual = Time::constant(16, 0, 0, 0);
    let (mut equal, mut different) = (0, Vec::new());
    for day in weekdays(1998, 2028) {
        let Some(session) = calendar.session(day).unwrap() else {
            continue;
        };
        let close = clock(calendar, session.close());
        let theirs = early.get(&day).copied().unwrap_or(usual);
        if close != theirs {
            different.push(day);
        } else if close != usual {
            equal += 1;
        }
    }
    let reason = "ours right: theirs begins its half days in 1999 and has no failure of 2005-06-01";
    let series = "united-states, early closes 1998-2028";
    line(HOURS, series, equal + different.len(), equal, reason);
    assert_eq!(equal, 64);
    assert_eq!(
        different,
        ["1998-11-27", "1998-12-24", "2005-06-01"].map(date)
    );
    // one of theirs is a Sunday
    let weekend = early
        .keys()
        .filter(|day| day.weekday().to_monday_zero_offset() > 4);
    assert_eq!(weekend.copied().collect::<Vec<_>>(), [date("2017-12-24")]);
}

/// The usual hours of a week beside theirs.
#[test]
fn hours_of_a_week() {
    let Some(database) = database() else { return };
    let cases = [
        ("Equity-usa-[*]", Market::UnitedStates),
        ("Equity-india-[*]", Market::India),
        ("Index-ose-[*]", Market::Tokyo),
    ];
    for (key, market) in cases {
        let calendar = Calendar::of(market);
        let entry = &database["entries"][key];
        assert_eq!(
            Some(entry["exchangeTimeZone"].as_str().unwrap()),
            calendar.zone().iana_name()
        );
        // a week without a holiday in any of these
        let days = ["monday", "tuesday", "wednesday", "thursday", "friday"];
        let (mut values, mut equal) = (0, 0);
        for (offset, name) in days.iter().enumerate() {
            let day = date("2025-07-07").saturating_add((offset as i64).days());
            let session = calendar.session(day).unwrap().unwrap();
            let ours = told(calendar, &session);
            let theirs: BTreeSet<String> = entry[name]
                .as_array()
                .unwrap()
                .iter()
                .map(|part| format!("{} {} {}", part["start"], part["end"], part["state"]))
                .map(|text| text.replace('"', ""))
                .collect();
            values += ours.union(&theirs).count();
            equal += ours.intersection(&theirs).count();
        }
        line(
            HOURS,
            &format!("{market}, spans of a week"),
            values,
            equal,
            "",
        );
        assert_eq!(values, equal, "{market}");
    }
}

fn told(calendar: Calendar, session: &Session) -> BTreeSet<String> {
    let pre = session.pre().map(|span| (span, "premarket"));
    let post = session.post().map(|span| (span, "postmarket"));
    let regular = session.regular().map(|span| (span, "market"));
    let parts = regular.chain(pre).chain(post);
    let told = parts.map(|(span, state)| {
        let (start, end) = (clock(calendar, span.start), clock(calendar, span.end));
        format!("{start} {end} {state}")
    });
    told.collect()
}
