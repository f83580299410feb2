//! Stocks in India: the NSE and the BSE.
//!
//! Valid 2015-01-01 to 2026-12-31. 09:15 to 15:30, after a call auction from 09:00; the closing session
//! at the closing price from 15:40 to 16:00 is `post`. Most holidays follow moons and elections: they
//! are a list, and a year that the exchanges have not yet published cannot be known.
//!
//! Sessions on other days are by list too: the hour of *muhurat* trading on Diwali, Saturdays and Sundays
//! of the budget, drills of the recovery site. Not covered: the muhurat hour of 2026 (given as closed),
//! drills before 2015, and the NSE's outage of 2021-02-24 (it stopped at 11:40, resumed at 15:45 and
//! closed at 17:00; the BSE kept its morning), which is given with its usual hours.
//!
//! Sources: the exchanges' yearly circulars of trading holidays and of special sessions.

use jiff::civil::{Date, date};

use crate::calendar::SessionKind;
use crate::calendar::plan::{Hours, Plan, Rules, Span, span};
use crate::calendar::rule::is_weekend;

pub(super) static RULES: Rules = Rules {
    zone: jiff::tz::get!("Asia/Kolkata"),
    known: (date(2015, 1, 1), date(2026, 12, 31)),
    plan,
};

/// The call auction, continuous trading, trading at the closing price.
const PRE: Span = span((9, 0), (9, 15));
const REGULAR: Span = span((9, 15), (15, 30));
const POST: Span = span((15, 40), (16, 0));

fn plan(day: Date) -> Plan {
    if let Some(hours) = special(day) {
        return Plan::Open(hours);
    }
    if is_weekend(day) {
        return Plan::weekend();
    }
    if let Some(name) = holiday(day) {
        return Plan::holiday(name);
    }
    Plan::Open(usual())
}

const fn usual() -> Hours {
    Hours::full(REGULAR).pre(PRE).post(POST)
}

/// Sessions on days that have none by rule.
fn special(day: Date) -> Option<Hours> {
    let muhurat = |from, to| Hours::full(span(from, to)).kind(SessionKind::Special("Muhurat"));
    let drill = |second| {
        Hours::full(span((9, 15), (10, 0)))
            .then(second)
            .kind(SessionKind::Special("Drill of the recovery site"))
    };
    let hours = match (day.year(), day.month(), day.day()) {
        (2015, 2, 28) | (2020 | 2025 | 2026, 2, 1) => usual().kind(SessionKind::Special("Budget")),
        (2024, 1, 20) => usual().kind(SessionKind::Special("In place of 22 January")),
        (2024, 3, 2) => drill(span((11, 30), (12, 30))),
        (2024, 5, 18) => drill(span((11, 45), (12, 40))),
        (2015, 11, 11) => muhurat((17, 45), (18, 45)),
        (2016, 10, 30) | (2017, 10, 19) => muhurat((18, 30), (19, 30)),
        (2018, 11, 7) => muhurat((17, 30), (18, 30)),
        (2019, 10, 27) | (2020, 11, 14) | (2021, 11, 4) | (2022, 10, 24) | (2023, 11, 12) => {
            muhurat((18, 15), (19, 15))
        }
        (2024, 11, 1) => muhurat((18, 0), (19, 0)),
        (2025, 10, 21) => muhurat((13, 45), (14, 45)),
        _ => return None,
    };
    Some(hours)
}

fn holiday(day: Date) -> Option<&'static str> {
    let of_year = usize::try_from(day.year() - HOLIDAYS_SINCE).ok()?;
    let number = day.month() as u16 * 100 + day.day() as u16;
    HOLIDAYS
        .get(of_year)?
        .contains(&number)
        .then_some(match number {
            126 => "Republic Day",
            501 => "Maharashtra Day",
            815 => "Independence Day",
            1002 => "Mahatma Gandhi Jayanti",
            1225 => "Christmas",
            _ => "Trading holiday",
        })
}

const HOLIDAYS_SINCE: i16 = 2015;

/// The trading holidays on weekdays, a line a year, as month and day: `126` is 26 January.
const HOLIDAYS: [&[u16]; 12] = [
    // 2015
    &[
        126, 217, 306, 402, 403, 414, 501, 917, 925, 1002, 1022, 1112, 1125, 1225,
    ],
    // 2016
    &[
        126, 307, 324, 325, 414, 415, 419, 706, 815, 905, 913, 1011, 1012, 1031, 1114,
    ],
    // 2017
    &[
        126, 224, 313, 404, 414, 501, 626, 815, 825, 1002, 1020, 1225,
    ],
    // 2018
    &[
        126, 213, 302, 329, 330, 501, 815, 822, 913, 920, 1002, 1018, 1108, 1123, 1225,
    ],
    // 2019
    &[
        304, 321, 417, 419, 429, 501, 605, 812, 815, 902, 910, 1002, 1008, 1021, 1028, 1112, 1225,
    ],
    // 2020
    &[
        221, 310, 402, 406, 410, 414, 501, 525, 1002, 1116, 1130, 1225,
    ],
    // 2021
    &[
        126, 311, 329, 402, 414, 421, 513, 721, 819, 910, 1015, 1105, 1119,
    ],
    // 2022
    &[
        126, 301, 318, 414, 415, 503, 809, 815, 831, 1005, 1026, 1108,
    ],
    // 2023
    &[
        126, 307, 330, 404, 407, 414, 501, 629, 815, 919, 1002, 1024, 1114, 1127, 1225,
    ],
    // 2024
    &[
        122, 126, 308, 325, 329, 411, 417, 501, 520, 617, 717, 815, 1002, 1115, 1120, 1225,
    ],
    // 2025
    &[
        226, 314, 331, 410, 414, 418, 501, 815, 827, 1002, 1022, 1105, 1225,
    ],
    // 2026
    &[
        115, 126, 303, 326, 331, 403, 414, 501, 528, 626, 914, 1002, 1020, 1110, 1124, 1225,
    ],
];
