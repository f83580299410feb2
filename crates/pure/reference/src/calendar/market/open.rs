//! What never closes. Each UTC day is a session, which is where venues of crypto cut their days.
//! Valid 1970-01-01 to 2199-12-31.

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

use crate::calendar::plan::{Hours, Plan, Rules, Span, at};

pub(super) static RULES: Rules = Rules {
    zone: TimeZone::UTC,
    known: (date(1970, 1, 1), date(2199, 12, 31)),
    plan,
};

fn plan(_: Date) -> Plan {
    Plan::Open(Hours::full(Span {
        from: at(0, (0, 0)),
        to: at(1, (0, 0)),
    }))
}
