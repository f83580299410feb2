//! What holds for every market on every date.

use proptest::prelude::*;
use quantflow_model::Timestamp;
use quantflow_reference::Date;
use quantflow_reference::calendar::{Calendar, Extent, Market, Period, Session};

const HOUR: i64 = 3_600_000_000_000;

/// A market and an instant a month or more inside of what is known of it.
fn place() -> impl Strategy<Value = (Calendar, Timestamp)> {
    (0..Market::ALL.len(), 0.0..1.0_f64).prop_map(|(market, part)| {
        let calendar = Calendar::of(Market::ALL[market]);
        let (from, to) = calendar.known();
        let day = |date: Date| (date - Date::constant(1970, 1, 1)).get_days();
        let (from, to) = (i64::from(day(from)) + 40, i64::from(day(to)) - 40);
        let seconds = (from as f64 + (to - from) as f64 * part) * 86_400.0;
        (calendar, Timestamp::from_seconds(seconds as i64))
    })
}

/// All sessions of a market.
fn all(calendar: Calendar) -> Vec<Session> {
    let (from, to) = calendar.known();
    calendar.sessions(from, to).map(Result::unwrap).collect()
}

#[test]
fn sessions_ascend_and_never_overlap() {
    for market in Market::ALL {
        let sessions = all(Calendar::of(market));
        for session in &sessions {
            let parts: Vec<_> = session
                .pre()
                .into_iter()
                .chain(session.regular())
                .chain(session.post())
                .collect();
            assert!(
                parts.iter().all(|part| part.start < part.end),
                "{market} {}",
                session.date()
            );
            assert!(
                parts.windows(2).all(|pair| pair[0].end <= pair[1].start),
                "{market} {}",
                session.date()
            );
        }
        for pair in sessions.windows(2) {
            assert!(pair[0].date() < pair[1].date());
            let (before, after) = (
                pair[0].span(Extent::Extended),
                pair[1].span(Extent::Extended),
            );
            assert!(before.end <= after.start, "{market} {}", pair[1].date());
        }
    }
}

/// In UTC the gap from one day's open to the next one's is a whole number of days, but for an hour
/// across a change of the clocks; markets on one clock all year keep whole days.
#[test]
fn clocks_change_on_their_days_only() {
    let mut changes = Vec::new();
    for market in [
        Market::UnitedStates,
        Market::London,
        Market::India,
        Market::Tokyo,
    ] {
        let sessions: Vec<_> = all(Calendar::of(market))
            .into_iter()
            .filter(|session| session.kind() == quantflow_reference::calendar::SessionKind::Full)
            .collect();
        let mut moved = 0;
        for pair in sessions.windows(2) {
            let days = i64::from((pair[1].date() - pair[0].date()).get_days());
            match pair[1].open().since(pair[0].open()) - days * 24 * HOUR {
                0 => {}
                HOUR => {
                    assert!(
                        (9..=11).contains(&pair[1].date().month()),
                        "{}",
                        pair[1].date()
                    );
                    moved += 1;
                }
                off => {
                    assert_eq!(off, -HOUR);
                    assert!(
                        (3..=5).contains(&pair[1].date().month()),
                        "{}",
                        pair[1].date()
                    );
                    moved += 1;
                }
            }
        }
        let (from, to) = Calendar::of(market).known();
        changes.push((moved, (to.year() - from.year() + 1) * 2));
    }
    assert_eq!(changes, [(90, 90), (62, 62), (0, 24), (0, 42)]);
}

/// A session of FX across a change of the clocks would be 23 or 25 hours: they change on Sundays, when it
/// is closed, so that every one has 24, and the week's gap takes the hour.
#[test]
fn the_day_of_a_change_has_its_length_in_utc() {
    let fx = all(Calendar::of(Market::ForeignExchange));
    assert!(fx.iter().all(|session| session.traded_nanos() == 24 * HOUR));
    let gaps: std::collections::BTreeMap<i64, usize> =
        fx.windows(2)
            .fold(std::collections::BTreeMap::new(), |mut gaps, pair| {
                *gaps
                    .entry(pair[1].open().since(pair[0].close()) / HOUR)
                    .or_default() += 1;
                gaps
            });
    println!("hours between FX sessions: {gaps:?}");
    assert_eq!(gaps.keys().copied().collect::<Vec<_>>(), [0, 47, 48, 49]);
    assert_eq!((gaps[&47], gaps[&49]), (38, 38));
    let always = all(Calendar::of(Market::AlwaysOpen));
    assert!(
        always
            .windows(2)
            .all(|pair| pair[0].close() == pair[1].open())
    );
}

proptest! {
    #[test]
    fn open_is_what_the_sessions_say((calendar, instant) in place()) {
        let date = calendar.date_at(instant);
        let near = calendar.sessions(
            date.saturating_sub(jiff_days(3)),
            date.saturating_add(jiff_days(3)),
        );
        let near: Vec<_> = near.map(Result::unwrap).collect();
        for extent in [Extent::Regular, Extent::Extended] {
            let open = near.iter().any(|session| session.is_open_at(instant, extent));
            prop_assert_eq!(calendar.is_open(instant, extent).unwrap(), open);
        }
    }

    #[test]
    fn open_and_close_take_turns((calendar, instant) in place()) {
        let open = calendar.next_open(instant).unwrap();
        let close = calendar.next_close(instant).unwrap();
        prop_assert!(open > instant && close > instant);
        prop_assert!(calendar.is_open(open, Extent::Regular).unwrap());
        prop_assert!(calendar.is_open(close.plus_nanos(-1), Extent::Regular).unwrap());
        // what is open closes before it opens again; markets that never pause do both at once
        if calendar.is_open(instant, Extent::Regular).unwrap() {
            prop_assert!(close <= open);
        } else {
            prop_assert!(open < close);
        }
        let previous = calendar.previous_session(instant).unwrap();
        let next = calendar.next_session(instant).unwrap();
        prop_assert!(previous.close() <= instant && instant < next.open());
        let trading = calendar.trading_day(instant).unwrap();
        prop_assert!(previous.date() <= trading.date() && trading.date() <= next.date());
    }

    #[test]
    fn a_candle_holds_its_instant_and_tiles((calendar, instant) in place()) {
        for extent in [Extent::Regular, Extent::Extended] {
            let day = calendar.candle_at(instant, Period::Day, extent).unwrap();
            let week = calendar.candle_at(instant, Period::Week, extent).unwrap();
            let month = calendar.candle_at(instant, Period::Month, extent).unwrap();
            prop_assert_eq!(day.is_some(), week.is_some());
            prop_assert_eq!(day.is_some(), month.is_some());
            let Some((day, week)) = day.zip(week) else { continue };
            prop_assert!(day.contains(instant));
            prop_assert!(week.start <= day.start && day.end <= week.end);
            let date = calendar.trading_day(instant).unwrap().date();
            let (from, to) = Period::Week.dates(date);
            let days = calendar.candles(from, to, Period::Day, extent).unwrap();
            prop_assert_eq!(days.first().unwrap().start, week.start);
            prop_assert_eq!(days.last().unwrap().end, week.end);
            prop_assert!(days.contains(&day));
            prop_assert_eq!(calendar.candles(from, to, Period::Week, extent).unwrap(), vec![week]);
        }
    }

    #[test]
    fn a_cut_session_is_whole((calendar, instant) in place(), minutes in 1_i64..600) {
        let session = calendar.trading_day(instant).unwrap();
        let candles = session.cut(minutes * 60_000_000_000);
        let total: i64 = candles.iter().map(|candle| candle.end.since(candle.start)).sum();
        prop_assert_eq!(total, session.traded_nanos());
        prop_assert!(candles.windows(2).all(|pair| pair[0].end <= pair[1].start));
    }
}

fn jiff_days(days: i64) -> std::time::Duration {
    std::time::Duration::from_secs(days as u64 * 86_400)
}
