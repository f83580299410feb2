//! Calendars beside a recorded database of market hours and beside the days on which recorded
//! series trade. Each test prints lines of a table: `| source | series | values | equal | differs: reason |`.

use std::collections::{BTreeMap, BTreeSet};

use quantflow_model::Timestamp;
use quantflow_reference::Date;
use quantflow_reference::calendar::{Calendar, Day, Extent, Market, SessionKind};
use quantflow_testkit::recorded;
use serde_json::Value;

use crate::lean::{compact_date, unzipped};

const HOURS: &str = "reference_lean/market-hours-database.json.gz";

fn database() -> Option<Value> {
    let bytes = recorded::bytes(HOURS)?;
    Some(serde_json::from_slice(&bytes).unwrap())
}

fn american(text: &str) -> Date {
    Date::strptime("%m/%d/%Y", text).unwrap()
}

fn weekdays(from: Date, to: Date) -> impl Iterator<Item = Date> {
    from.series(jiff::Span::new().days(1))
        .take_while(move |date| *date <= to)
        .filter(|date| date.weekday().to_monday_zero_offset() < 5)
}

/// Weekdays without a session: ours beside theirs, over the years that both know.
/// Says how many weekdays agree, which closures only we have, and which only they have.
fn closures(
    database: &Value,
    key: &str,
    market: Market,
    years: (i16, i16),
) -> (usize, Vec<Date>, Vec<Date>) {
    let calendar = Calendar::of(market);
    let listed = database["entries"][key]["holidays"].as_array().unwrap();
    let listed: BTreeSet<_> = listed
        .iter()
        .map(|day| american(day.as_str().unwrap()))
        .collect();
    let (mut agree, mut ours, mut theirs) = (0, Vec::new(), Vec::new());
    for day in weekdays(
        Date::new(years.0, 1, 1).unwrap(),
        Date::new(years.1, 12, 31).unwrap(),
    ) {
        let closed = calendar.session(day).unwrap().is_none();
        match (closed, listed.contains(&day)) {
            (true, false) => ours.push(day),
            (false, true) => theirs.push(day),
            _ => agree += 1,
        }
    }
    (agree, ours, theirs)
}

fn table(source: &str, series: &str, values: usize, equal: usize, reasons: &str) {
    println!("| {source} | {series} | {values} | {equal} | {reasons} |");
}

#[test]
fn holidays_and_half_days_of_the_united_states() {
    let Some(database) = database() else { return };
    let (agree, ours, theirs) = closures(
        &database,
        "Equity-usa-[*]",
        Market::UnitedStates,
        (1998, 2028),
    );
    println!("only ours {ours:?}\nonly theirs {theirs:?}");
    table(
        HOURS,
        "united-states, weekdays 1998-2028",
        agree + ours.len() + theirs.len(),
        agree,
        "",
    );
    let early = database["entries"]["Equity-usa-[*]"]["earlyCloses"]
        .as_object()
        .unwrap();
    let early: BTreeMap<_, _> = early
        .iter()
        .map(|(day, at)| (american(day), at.as_str().unwrap()))
        .collect();
    let (mut same, mut different) = (0, Vec::new());
    let calendar = Calendar::of(Market::UnitedStates);
    for day in weekdays(Date::constant(1998, 1, 1), Date::constant(2028, 12, 31)) {
        let Some(session) = calendar.session(day).unwrap() else {
            continue;
        };
        let zoned = jiff::Timestamp::from_nanosecond(i128::from(session.close().nanos())).unwrap();
        let close = zoned.to_zoned(calendar.zone().clone()).time().to_string();
        let ours = (close != "16:00:00").then_some(close);
        match (ours.as_deref(), early.get(&day).copied()) {
            (ours, theirs) if ours == theirs => same += usize::from(ours.is_some()),
            (ours, theirs) => different.push(format!("{day}: ours {ours:?}, theirs {theirs:?}")),
        }
    }
    println!("{same} early closes equal; {different:#?}");
}

#[test]
fn holidays_of_tokyo_and_india() {
    let Some(database) = database() else { return };
    let (agree, ours, theirs) = closures(&database, "Index-ose-[*]", Market::Tokyo, (2016, 2026));
    println!("tokyo {agree} only ours {ours:?}\nonly theirs {theirs:?}");
    let (agree, ours, theirs) =
        closures(&database, "Equity-india-[*]", Market::India, (2015, 2026));
    println!("india {agree} only ours {ours:?}\nonly theirs {theirs:?}");
}
