//! Values as this venue writes them: times and ids.

use quantflow_model::{Timestamp, TradeId};

use crate::json::Json;

/// A time on the wire: milliseconds, or microseconds where the number is too large for those.
#[inline]
pub(crate) fn time_of(number: u64) -> Option<Timestamp> {
    let nanos = if number < 100_000_000_000_000 {
        number.checked_mul(1_000_000)?
    } else {
        number.checked_mul(1_000)?
    };
    i64::try_from(nanos).ok().map(Timestamp::from_nanos)
}

/// The same of a value.
pub(crate) fn time(found: &Json<'_>) -> Option<Timestamp> {
    found.unsigned().and_then(time_of)
}

/// An id where -1 stands for none; the outer `None` where it is neither.
#[allow(clippy::option_option)]
pub(crate) fn id_or_none(found: &Json<'_>) -> Option<Option<TradeId>> {
    match found.integer() {
        Some(-1) => Some(None),
        _ => found.unsigned().map(|id| Some(TradeId(u128::from(id)))),
    }
}
