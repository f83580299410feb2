//! Dates that people remember, market by market.

use quantflow_model::Timestamp;
use quantflow_reference::Date;
use quantflow_reference::calendar::{
    Calendar, CalendarError, ClosureKind, Day, Extent, Market, Period, Phase, SessionKind,
};

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// `open..close kind`, or why there is no session.
fn told(market: Market, day: &str) -> String {
    match Calendar::of(market).day(date(day)).unwrap() {
        Day::Closed(closure) => format!("{:?}: {}", closure.kind, closure.name),
        Day::Open(session) => {
            let hours = format!("{}..{}", session.open(), session.close()).replace(day, "");
            match session.kind() {
                SessionKind::Full => hours,
                kind => format!("{hours} {kind:?}"),
            }
        }
    }
}

fn check(market: Market, cases: &[(&str, &str)]) {
    for (day, expected) in cases {
        assert_eq!(told(market, day), *expected, "{market} on {day}");
    }
}

#[test]
fn new_york() {
    check(
        Market::UnitedStates,
        &[
            // the crash itself was a full day; the backlog after it shortened the next weeks
            ("1987-10-19", "T13:30:00Z..T20:00:00Z"),
            (
                "1987-10-23",
                "T13:30:00Z..T18:00:00Z Short(\"Backlog after the crash of October 1987\")",
            ),
            // the clocks went back on the Sunday between
            (
                "1987-10-26",
                "T14:30:00Z..T19:00:00Z Short(\"Backlog after the crash of October 1987\")",
            ),
            (
                "1987-11-11",
                "T14:30:00Z..T20:30:00Z Short(\"Backlog after the crash of October 1987\")",
            ),
            ("1987-11-12", "T14:30:00Z..T21:00:00Z"),
            ("2001-09-10", "T13:30:00Z..T20:00:00Z"),
            ("2001-09-11", "Unscheduled: Attacks of 11 September 2001"),
            ("2001-09-14", "Unscheduled: Attacks of 11 September 2001"),
            ("2001-09-17", "T13:30:00Z..T20:00:00Z"),
            ("2012-10-29", "Unscheduled: Hurricane Sandy"),
            ("2025-01-09", "Unscheduled: Mourning for President Carter"),
            ("2024-03-29", "Holiday: Good Friday"),
            ("2021-06-18", "T13:30:00Z..T20:00:00Z"),
            ("2022-06-20", "Holiday: Juneteenth"),
            ("2027-06-18", "Holiday: Juneteenth"),
            // a Saturday's New Year is not kept on the Friday: it is the year's last trading day
            ("2021-12-31", "T14:30:00Z..T21:00:00Z"),
            ("2023-01-02", "Holiday: New Year's Day"),
            ("1997-01-20", "T14:30:00Z..T21:00:00Z"),
            ("1998-01-19", "Holiday: Martin Luther King Jr. Day"),
            (
                "2012-07-03",
                "T13:30:00Z..T17:00:00Z Short(\"Day before Independence Day\")",
            ),
            (
                "2002-07-05",
                "T13:30:00Z..T17:00:00Z Short(\"Day after Independence Day\")",
            ),
            ("2013-07-05", "T13:30:00Z..T20:00:00Z"),
            (
                "2025-11-28",
                "T14:30:00Z..T18:00:00Z Short(\"Day after Thanksgiving\")",
            ),
            ("2022-12-26", "Holiday: Christmas Day"),
            ("2021-12-24", "Holiday: Christmas Day"),
            ("2026-11-21", "Weekend: weekend"),
        ],
    );
}

#[test]
fn london() {
    check(
        Market::London,
        &[
            ("2019-05-06", "Holiday: Early May Bank Holiday"),
            // moved to the anniversary of 8 May 1945
            ("2020-05-04", "T07:00:00Z..T15:30:00Z"),
            ("2020-05-08", "Holiday: Early May Bank Holiday"),
            ("2022-05-30", "T07:00:00Z..T15:30:00Z"),
            ("2022-06-02", "Holiday: Spring Bank Holiday"),
            ("2022-06-03", "Holiday: Platinum Jubilee"),
            ("2022-09-19", "Holiday: State funeral of Queen Elizabeth II"),
            ("2023-05-01", "Holiday: Early May Bank Holiday"),
            ("2023-05-08", "Holiday: Coronation of King Charles III"),
            ("2023-05-29", "Holiday: Spring Bank Holiday"),
            ("2011-04-29", "Holiday: Royal wedding"),
            // Christmas on a Saturday, a Sunday and a Friday
            ("2021-12-27", "Holiday: Christmas Day"),
            ("2021-12-28", "Holiday: Boxing Day"),
            ("2022-12-26", "Holiday: Boxing Day"),
            ("2022-12-27", "Holiday: Christmas Day"),
            ("2020-12-28", "Holiday: Boxing Day"),
            ("2022-01-03", "Holiday: New Year's Day"),
            ("2024-04-01", "Holiday: Easter Monday"),
            (
                "2024-12-24",
                "T08:00:00Z..T12:30:00Z Short(\"Christmas Eve\")",
            ),
            (
                "2023-12-22",
                "T08:00:00Z..T12:30:00Z Short(\"Christmas Eve\")",
            ),
            (
                "2023-12-29",
                "T08:00:00Z..T12:30:00Z Short(\"New Year's Eve\")",
            ),
            // summer time begins in London three weeks after New York
            ("2025-03-28", "T08:00:00Z..T16:30:00Z"),
            ("2025-03-31", "T07:00:00Z..T15:30:00Z"),
        ],
    );
}

#[test]
fn tokyo() {
    check(
        Market::Tokyo,
        &[
            // ten days of Golden Week at the Emperor's accession
            ("2019-04-26", "T00:00:00Z..T06:00:00Z"),
            ("2019-04-29", "Holiday: Showa Day"),
            ("2019-04-30", "Holiday: Citizens' holiday"),
            ("2019-05-01", "Holiday: Accession of the Emperor"),
            ("2019-05-02", "Holiday: Citizens' holiday"),
            ("2019-05-03", "Holiday: Constitution Memorial Day"),
            ("2019-05-06", "Holiday: Substitute holiday"),
            ("2019-05-07", "T00:00:00Z..T06:00:00Z"),
            ("2019-10-22", "Holiday: Enthronement ceremony"),
            ("2019-12-23", "T00:00:00Z..T06:00:00Z"),
            ("2020-10-01", "Outage: Failure of the trading system"),
            ("2020-07-24", "Holiday: Sports Day"),
            ("2020-10-12", "T00:00:00Z..T06:00:00Z"),
            ("2021-08-09", "Holiday: Substitute holiday"),
            // Respect for the Aged Day and the equinox with a day between
            ("2015-09-22", "Holiday: Citizens' holiday"),
            ("2026-09-22", "Holiday: Citizens' holiday"),
            // half an hour more since 5 November 2024
            ("2024-11-01", "T00:00:00Z..T06:00:00Z"),
            ("2024-11-04", "Holiday: Substitute holiday"),
            ("2024-11-05", "T00:00:00Z..T06:30:00Z"),
            ("2024-12-31", "Holiday: New Year"),
            ("2025-01-03", "Holiday: New Year"),
            ("2025-01-06", "T00:00:00Z..T06:30:00Z"),
        ],
    );
    let tokyo = Calendar::of(Market::Tokyo);
    let session = tokyo.session(date("2024-11-05")).unwrap().unwrap();
    assert_eq!(
        session.phase_at(at("2024-11-05T02:30:00Z")),
        Some(Phase::Break)
    );
    assert!(
        !tokyo
            .is_open(at("2024-11-05T02:30:00Z"), Extent::Extended)
            .unwrap()
    );
    assert_eq!(
        tokyo.next_open(at("2024-11-05T02:00:00Z")).unwrap(),
        at("2024-11-05T03:30:00Z")
    );
    assert_eq!(
        tokyo.next_close(at("2024-11-05T00:00:00Z")).unwrap(),
        at("2024-11-05T02:30:00Z")
    );
    assert_eq!(
        tokyo.next_close(at("2024-11-05T02:30:00Z")).unwrap(),
        at("2024-11-05T06:30:00Z")
    );
    // the morning ended at 11:00 until the week of 21 November 2011
    let early = tokyo.session(date("2011-11-18")).unwrap().unwrap();
    assert_eq!(early.lunch().unwrap().start, at("2011-11-18T02:00:00Z"));
    assert_eq!(early.traded_nanos(), 9 * 1_800_000_000_000);
}

#[test]
fn india() {
    check(
        Market::India,
        &[
            ("2024-11-01", "T12:30:00Z..T13:30:00Z Special(\"Muhurat\")"),
            // a Sunday
            ("2023-11-12", "T12:45:00Z..T13:45:00Z Special(\"Muhurat\")"),
            ("2025-10-21", "T08:15:00Z..T09:15:00Z Special(\"Muhurat\")"),
            ("2025-10-22", "Holiday: Trading holiday"),
            (
                "2024-01-20",
                "T03:45:00Z..T10:00:00Z Special(\"In place of 22 January\")",
            ),
            ("2024-01-22", "Holiday: Trading holiday"),
            (
                "2024-03-02",
                "T03:45:00Z..T07:00:00Z Special(\"Drill of the recovery site\")",
            ),
            ("2026-02-01", "T03:45:00Z..T10:00:00Z Special(\"Budget\")"),
            ("2026-01-15", "Holiday: Trading holiday"),
            ("2024-08-15", "Holiday: Independence Day"),
            ("2024-11-04", "T03:45:00Z..T10:00:00Z"),
        ],
    );
    let india = Calendar::of(Market::India);
    // moons and elections: what the exchanges have not published is not known
    assert!(matches!(
        india.day(date("2027-01-04")),
        Err(CalendarError::Unknown {
            market: Market::India,
            ..
        })
    ));
    let error = india.day(date("2014-10-23")).unwrap_err().to_string();
    assert_eq!(
        error,
        "the calendar of india is not known on 2014-10-23: it holds from 2015-01-01 to 2026-12-31"
    );
    // between the close and the closing session nothing trades
    let friday = at("2024-11-08T10:05:00Z");
    assert!(!india.is_open(friday, Extent::Extended).unwrap());
    assert!(
        india
            .is_open(at("2024-11-08T10:10:00Z"), Extent::Extended)
            .unwrap()
    );
}

#[test]
fn weeks_without_a_floor() {
    let fx = Calendar::of(Market::ForeignExchange);
    // 17:00 in New York: 22:00 in winter, 21:00 in summer
    for (instant, open) in [
        ("2025-03-09T20:59:59Z", false),
        ("2025-03-09T21:00:00Z", true),
        ("2025-03-07T21:59:59Z", true),
        ("2025-03-07T22:00:00Z", false),
        ("2025-01-05T21:59:59Z", false),
        ("2025-01-05T22:00:00Z", true),
        ("2025-12-25T12:00:00Z", true),
    ] {
        assert_eq!(
            fx.is_open(at(instant), Extent::Regular).unwrap(),
            open,
            "{instant}"
        );
    }
    let day = |instant| fx.trading_day(at(instant)).unwrap().date();
    assert_eq!(day("2025-01-05T23:00:00Z"), date("2025-01-06"));
    assert_eq!(day("2025-01-06T21:59:59Z"), date("2025-01-06"));
    assert_eq!(day("2025-01-06T22:00:00Z"), date("2025-01-07"));
    assert_eq!(day("2025-01-04T12:00:00Z"), date("2025-01-06"));
    let week = fx.candle_at(at("2025-03-12T00:00:00Z"), Period::Week, Extent::Regular);
    let week = week.unwrap().unwrap();
    assert_eq!(
        (week.start, week.end),
        (at("2025-03-09T21:00:00Z"), at("2025-03-14T21:00:00Z"))
    );

    check(Market::GlobexFx, &[("2024-03-29", "Holiday: Good Friday")]);
    let globex = Calendar::of(Market::GlobexFx);
    assert!(
        !globex
            .is_open(at("2024-01-02T22:30:00Z"), Extent::Regular)
            .unwrap()
    );
    assert!(
        globex
            .is_open(at("2024-01-02T23:00:00Z"), Extent::Regular)
            .unwrap()
    );

    let always = Calendar::of(Market::AlwaysOpen);
    assert!(
        always
            .is_open(at("2024-12-25T03:00:00Z"), Extent::Regular)
            .unwrap()
    );
    let day = always.candle_at(at("2024-12-25T03:00:00Z"), Period::Day, Extent::Regular);
    assert_eq!(day.unwrap().unwrap().end, at("2024-12-26T00:00:00Z"));
}

#[test]
fn what_an_instant_belongs_to() {
    let us = Calendar::of(Market::UnitedStates);
    let day = |instant| us.trading_day(at(instant)).unwrap().date();
    assert_eq!(day("2025-11-26T22:00:00Z"), date("2025-11-26"));
    // late trading ends at 20:00; Thanksgiving counts for the Friday
    assert_eq!(day("2025-11-27T01:00:00Z"), date("2025-11-28"));
    assert_eq!(day("2025-11-27T15:00:00Z"), date("2025-11-28"));
    assert_eq!(day("2025-11-28T22:30:00Z"), date("2025-12-01"));

    let previous = |instant| us.previous_session(at(instant)).unwrap().date();
    assert_eq!(previous("2025-12-01T15:00:00Z"), date("2025-11-28"));
    assert_eq!(previous("2025-11-28T18:00:00Z"), date("2025-11-28"));
    assert_eq!(
        us.next_session(at("2025-11-26T14:30:00Z")).unwrap().date(),
        date("2025-11-28")
    );
    assert_eq!(
        us.next_open(at("2025-11-26T14:29:59Z")).unwrap(),
        at("2025-11-26T14:30:00Z")
    );

    let span = |day, period| {
        us.candle_of(date(day), period, Extent::Regular)
            .unwrap()
            .unwrap()
    };
    let week = span("2025-11-27", Period::Week);
    assert_eq!(
        (week.start, week.end),
        (at("2025-11-24T14:30:00Z"), at("2025-11-28T18:00:00Z"))
    );
    let month = span("2025-11-01", Period::Month);
    assert_eq!(
        (month.start, month.end),
        (at("2025-11-03T14:30:00Z"), at("2025-11-28T18:00:00Z"))
    );
    // in the week of the attacks only Monday traded
    let week = span("2001-09-14", Period::Week);
    assert_eq!(
        (week.start, week.end),
        (at("2001-09-10T13:30:00Z"), at("2001-09-10T20:00:00Z"))
    );
    // an early trade is in the extended candle only
    let early = at("2025-11-26T10:00:00Z");
    assert_eq!(
        us.candle_at(early, Period::Day, Extent::Regular).unwrap(),
        None
    );
    assert!(
        us.candle_at(early, Period::Day, Extent::Extended)
            .unwrap()
            .is_some()
    );
    let hours = us
        .session(date("2025-11-26"))
        .unwrap()
        .unwrap()
        .cut(3_600_000_000_000);
    assert_eq!(hours.len(), 7);
    assert_eq!(
        (hours[6].start, hours[6].end),
        (at("2025-11-26T20:30:00Z"), at("2025-11-26T21:00:00Z"))
    );
}

#[test]
fn every_known_date_of_every_market_has_an_answer() {
    for market in Market::ALL {
        let calendar = Calendar::of(market);
        let (from, to) = calendar.known();
        let mut sessions = 0_u32;
        let mut years = 0_u32;
        for session in calendar.sessions(from, to) {
            let session = session.unwrap();
            sessions += 1;
            years = (session.date().year() - from.year() + 1) as u32;
            assert_eq!(
                calendar.date_at(session.close().plus_nanos(-1)),
                session.date(),
                "{market}"
            );
        }
        println!(
            "{market}: {from} to {to}, {sessions} sessions, {:.1} a year",
            f64::from(sessions) / f64::from(years)
        );
        assert_eq!(market.name().parse::<Market>().unwrap(), market);
    }
    assert_eq!("xnas".parse::<Market>().unwrap(), Market::UnitedStates);
    assert!("mars".parse::<Market>().is_err());
    assert!(matches!(
        Calendar::of(Market::Tokyo).day(date("2020-10-01")).unwrap(),
        Day::Closed(closure) if closure.kind == ClosureKind::Outage
    ));
}
