//! Markets that trade around the clock from Sunday evening to Friday, by the clock of one city.
//!
//! A session begins on the evening before its date. Foreign exchange over the counter: valid
//! 2000-01-01 to 2037-12-31, no holidays: which days a dealer quotes is the dealer's own affair (and
//! on 25 December and 1 January few do). FX futures on Globex: valid 2016-01-01 to 2030-12-31, closed on
//! Good Friday, Christmas and New Year (on a Sunday the Monday after, a Saturday's Christmas the Friday before);
//! half days are not given, nor the shortened Good Fridays on which the United States publish
//! their employment figures (2021, 2023, 2026).
//!
//! Sources: the convention of 17:00 in New York as the end of the value date; CME's trading hours.

use jiff::civil::{Date, Weekday, date};

use crate::calendar::plan::{Hours, Plan, Rules, Span, at};
use crate::calendar::rule::{good_friday, is_weekend, nearest_weekday};

pub(super) static FOREIGN_EXCHANGE: Rules = Rules {
    zone: jiff::tz::get!("America/New_York"),
    known: (date(2000, 1, 1), date(2037, 12, 31)),
    plan: foreign_exchange,
};

pub(super) static GLOBEX_FX: Rules = Rules {
    zone: jiff::tz::get!("America/Chicago"),
    known: (date(2016, 1, 1), date(2030, 12, 31)),
    plan: globex_fx,
};

fn foreign_exchange(day: Date) -> Plan {
    if is_weekend(day) {
        return Plan::weekend();
    }
    Plan::Open(Hours::full(Span {
        from: at(-1, (17, 0)),
        to: at(0, (17, 0)),
    }))
}

fn globex_fx(day: Date) -> Plan {
    if is_weekend(day) {
        return Plan::weekend();
    }
    let year = day.year();
    if day == good_friday(year) {
        return Plan::holiday("Good Friday");
    }
    if day == nearest_weekday(date(year, 12, 25)) {
        return Plan::holiday("Christmas Day");
    }
    let new_year = date(year, 1, 1);
    // a Saturday's New Year would be kept in the year before, and is not
    if new_year.weekday() != Weekday::Saturday && day == nearest_weekday(new_year) {
        return Plan::holiday("New Year's Day");
    }
    Plan::Open(Hours::full(Span {
        from: at(-1, (17, 0)),
        to: at(0, (16, 0)),
    }))
}
