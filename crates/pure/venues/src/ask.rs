//! What codecs share when they ask and when they answer: bounds of questions, streams once each, events.

use std::collections::HashSet;

use quantflow_model::{Timestamp, VenueId, VenueSymbol};
use quantflow_wire::{
    DecodeError, Event, EventKind, HttpRequest, RequestError, Subscription, VenueDescription,
};

use crate::http::Target;
use crate::json::Json;

/// A venue's unit of times in a query string, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tick(pub(crate) i64);

impl Tick {
    pub(crate) const SECOND: Self = Self(1_000_000_000);
    pub(crate) const MILLISECOND: Self = Self(1_000_000);
    pub(crate) const DAY: Self = Self(86_400_000_000_000);

    /// The first tick at or after a time.
    pub(crate) const fn up(self, time: Timestamp) -> i64 {
        time.plus_nanos(self.0 - 1).nanos().div_euclid(self.0)
    }
}

/// The whole ticks in `[from, to)`: the first and, where `to` is given, the last.
pub(crate) type Ticks = (Option<i64>, Option<i64>);

/// A request of a venue as it is put together; refuses what the venue does not allow.
#[derive(Debug)]
pub(crate) struct Asking<'a> {
    venue: &'a VenueId,
    target: Target,
}

impl<'a> Asking<'a> {
    pub(crate) fn new(venue: &'a VenueId, path: impl Into<String>) -> Self {
        Self {
            venue,
            target: Target::new(path),
        }
    }

    pub(crate) fn path(&mut self, path: &str) {
        self.target.path(path);
    }

    /// A symbol as a part of the path. `.` and `..` are ways through the paths of the venue, however they
    /// are escaped: refused.
    pub(crate) fn segment(&mut self, symbol: &str) -> Result<(), RequestError> {
        if matches!(symbol, "." | "..") {
            return Err(self.out_of_range("the symbol", symbol, "a name"));
        }
        let mut part = String::new();
        crate::http::escape(&mut part, symbol);
        self.target.path(&part);
        Ok(())
    }

    pub(crate) fn pair(&mut self, key: &str, value: &str) {
        self.target.pair(key, value);
    }

    pub(crate) fn number(&mut self, key: &str, value: impl std::fmt::Display) {
        self.target.pair(key, &format!("{value}"));
    }

    /// The number of rows, from 1 to the venue's most.
    pub(crate) fn limit(&mut self, key: &str, given: u32, most: u32) -> Result<(), RequestError> {
        check_limit(self.venue, given, most)?;
        self.number(key, given);
        Ok(())
    }

    /// `[from, to)` as bounds that both belong to what is asked for.
    pub(crate) fn inclusive(
        &mut self,
        keys: [&str; 2],
        tick: Tick,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Result<Ticks, RequestError> {
        let (first, last) = ticks(self.venue, tick, from, to)?;
        if let Some(first) = first {
            self.number(keys[0], first);
        }
        if let Some(last) = last {
            self.number(keys[1], last);
        }
        Ok((first, last))
    }

    pub(crate) fn not_offered(&self, what: impl Into<String>) -> RequestError {
        RequestError::NotOffered {
            venue: self.venue.clone(),
            what: what.into(),
        }
    }

    pub(crate) fn out_of_range(
        &self,
        what: &'static str,
        given: impl std::fmt::Display,
        allowed: impl Into<String>,
    ) -> RequestError {
        out_of_range(self.venue, what, given, allowed)
    }

    pub(crate) fn get(self, weight: u32) -> HttpRequest {
        self.target.get(weight)
    }
}

pub(crate) fn out_of_range(
    venue: &VenueId,
    what: &'static str,
    given: impl std::fmt::Display,
    allowed: impl Into<String>,
) -> RequestError {
    RequestError::OutOfRange {
        venue: venue.clone(),
        what,
        given: format!("{given}"),
        allowed: allowed.into(),
    }
}

pub(crate) fn check_limit(venue: &VenueId, given: u32, most: u32) -> Result<(), RequestError> {
    if (1..=most).contains(&given) {
        return Ok(());
    }
    Err(out_of_range(venue, "limit", given, format!("1 to {most}")))
}

/// The whole ticks in `[from, to)`. A span without one, and times before 1970, are refused.
pub(crate) fn ticks(
    venue: &VenueId,
    tick: Tick,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
) -> Result<Ticks, RequestError> {
    if let Some(before) = from.into_iter().chain(to).find(|t| t.nanos() < 0) {
        return Err(out_of_range(venue, "a time", before, "1970 and later"));
    }
    let first = from.map(|from| tick.up(from));
    let last = to.map(|to| tick.up(to) - 1);
    match (first, last) {
        (Some(first), Some(last)) if first > last => Err(out_of_range(
            venue,
            "the span",
            format!("{} to {}", from.unwrap_or_default(), to.unwrap_or_default()),
            "from before to",
        )),
        (_, Some(last)) if last < 0 => Err(out_of_range(
            venue,
            "a time",
            to.unwrap_or_default(),
            "after 1970",
        )),
        _ => Ok((first, last)),
    }
}

/// What is wanted, each stream once and in order; refused where the venue has no such stream.
pub(crate) fn offered<'w>(
    venue: &VenueDescription,
    wanted: &'w [Subscription],
) -> Result<Vec<&'w Subscription>, RequestError> {
    let mut seen = HashSet::new();
    let mut streams = Vec::with_capacity(wanted.len());
    for subscription in wanted {
        if !venue.channels.contains(&subscription.channel) {
            return Err(RequestError::NotOffered {
                venue: venue.id.clone(),
                what: format!("a stream of {}", subscription.channel),
            });
        }
        if seen.insert((subscription.venue_symbol.as_str(), subscription.channel)) {
            streams.push(subscription);
        }
    }
    Ok(streams)
}

/// An event about a symbol, or about none.
pub(crate) fn event(
    symbol: Option<&VenueSymbol>,
    sent: Option<Timestamp>,
    kind: EventKind,
) -> Event {
    Event {
        symbol: symbol.cloned(),
        sent,
        kind,
    }
}

/// The items of a list.
pub(crate) fn list<'t, 'a>(
    message: &'static str,
    tree: &'t Json<'a>,
) -> Result<&'t [Json<'a>], DecodeError> {
    tree.items().ok_or_else(|| DecodeError::BadField {
        message,
        field: "",
        found: tree.shown(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_open_span_is_the_whole_ticks_in_it() {
        let venue = "demo".parse().unwrap();
        let at = |nanos| Some(Timestamp::from_nanos(nanos));
        let of = |from, to| ticks(&venue, Tick(10), from, to);
        assert_eq!(of(at(20), at(40)), Ok((Some(2), Some(3))));
        assert_eq!(of(at(11), at(41)), Ok((Some(2), Some(4))));
        assert!(of(at(11), at(20)).is_err(), "no tick is in it");
        assert!(of(at(11), at(21)).is_ok(), "one tick is in it");
        assert!(of(at(-1), None).is_err());
        assert!(of(None, at(0)).is_err());
        assert_eq!(of(None, None), Ok((None, None)));
    }
}
