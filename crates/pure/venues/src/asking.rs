//! What the requests of many venues share: bounds translated exactly or refused by name, and streams
//! that a venue has, each once.

use std::collections::HashSet;

use quantflow_model::{Timeframe, Timestamp, VenueSymbol};
use quantflow_wire::{RequestError, Subscription, VenueDescription};

use crate::http::escape;

/// Asks one venue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asking<'a>(pub(crate) &'a VenueDescription);

/// A half-open span in ticks of a venue's clock: the first tick in it, and the first one past it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticks {
    pub(crate) from: Option<i64>,
    pub(crate) to: Option<i64>,
}

impl Asking<'_> {
    /// That the venue has no such thing.
    pub(crate) fn not_offered(self, what: impl Into<String>) -> RequestError {
        RequestError::NotOffered {
            venue: self.0.id.clone(),
            what: what.into(),
        }
    }

    /// That a bound is not allowed.
    pub(crate) fn out_of_range(
        self,
        what: &'static str,
        given: &impl ToString,
        allowed: impl Into<String>,
    ) -> RequestError {
        RequestError::OutOfRange {
            venue: self.0.id.clone(),
            what,
            given: given.to_string(),
            allowed: allowed.into(),
        }
    }

    /// How many rows, from 1 to `most`.
    pub(crate) fn limit(self, limit: u32, most: u32) -> Result<u32, RequestError> {
        if (1..=most).contains(&limit) {
            Ok(limit)
        } else {
            Err(self.out_of_range("limit", &limit, format!("1 to {most}")))
        }
    }

    /// A symbol as a part of a path. `.` and `..` are ways through the venue's paths, however they are
    /// escaped: refused.
    pub(crate) fn segment(self, symbol: &VenueSymbol) -> Result<String, RequestError> {
        if matches!(symbol.as_str(), "." | "..") {
            return Err(self.out_of_range("the symbol", symbol, "a name"));
        }
        let mut segment = String::new();
        escape(&mut segment, symbol.as_str());
        Ok(segment)
    }

    /// A timeframe of which the venue has candles.
    pub(crate) fn timeframe(self, timeframe: Timeframe) -> Result<Timeframe, RequestError> {
        if self.0.timeframes.contains(&timeframe) {
            Ok(timeframe)
        } else {
            Err(self.not_offered(format!("candles of {timeframe}")))
        }
    }

    /// `[from, to)` in ticks of so many nanoseconds: a time between two ticks counts as the later one.
    pub(crate) fn span(
        self,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        tick: i64,
    ) -> Result<Ticks, RequestError> {
        if let Some(before) = from.into_iter().chain(to).find(|t| t.nanos() < 0) {
            return Err(self.out_of_range("a time", &before, "1970 and later"));
        }
        let up = |time: Timestamp| time.plus_nanos(tick - 1).nanos() / tick;
        let ticks = Ticks {
            from: from.map(up),
            to: to.map(up),
        };
        match (ticks.from, ticks.to) {
            (Some(first), Some(past)) if first >= past => Err(self.empty_span(from, to)),
            _ => Ok(ticks),
        }
    }

    /// The first and the last open time of at most `limit` candles of a fixed length in `[from, to)`:
    /// the oldest where `from` is known, else the newest before `to`; `None` where neither is.
    pub(crate) fn window(
        self,
        timeframe: Timeframe,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        limit: u32,
    ) -> Result<Option<(Timestamp, Timestamp)>, RequestError> {
        self.span(from, to, 1)?;
        let reach = timeframe
            .approximate_nanos()
            .saturating_mul(i64::from(limit) - 1);
        let first = from.map(|from| match timeframe.open_of(from) {
            open if open == from => open,
            open => timeframe.end_of(open),
        });
        let last = to.map(|to| timeframe.open_of(to.plus_nanos(-1)));
        let window = match (first, last) {
            (None, None) => return Ok(None),
            (Some(first), None) => (first, first.plus_nanos(reach)),
            (None, Some(last)) => (last.plus_nanos(-reach).max(Timestamp::from_nanos(0)), last),
            (Some(first), Some(last)) => (first, last.min(first.plus_nanos(reach))),
        };
        if window.0 > window.1 {
            return Err(self.empty_span(from, to));
        }
        Ok(Some(window))
    }

    fn empty_span(self, from: Option<Timestamp>, to: Option<Timestamp>) -> RequestError {
        let shown = |time: Option<Timestamp>| time.map_or("-".into(), |time| time.to_string());
        let given = format!("{} to {}", shown(from), shown(to));
        self.out_of_range("the span", &given, "from before to, with something between")
    }

    /// The streams, in the order asked for and each once.
    pub(crate) fn streams(
        self,
        wanted: &[Subscription],
    ) -> Result<Vec<&Subscription>, RequestError> {
        let mut seen = HashSet::new();
        let mut streams = Vec::with_capacity(wanted.len());
        for subscription in wanted {
            if !self.0.channels.contains(&subscription.channel) {
                return Err(self.not_offered(format!("a stream of {}", subscription.channel)));
            }
            if seen.insert((&subscription.venue_symbol, subscription.channel)) {
                streams.push(subscription);
            }
        }
        Ok(streams)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Registry;

    fn at(text: &str) -> Option<Timestamp> {
        text.parse().ok()
    }

    #[test]
    fn a_window_holds_what_was_asked_for_and_no_more_than_the_limit() {
        let codec = Registry::builtin()
            .codec(&"binance".parse().unwrap())
            .unwrap();
        let asking = Asking(codec.describe());
        let window = |from, to, limit| {
            let found = asking.window(Timeframe::M5, from, to, limit).unwrap();
            found.map(|(first, last)| (first.to_string(), last.to_string()))
        };
        let pair = |first: &str, last: &str| Some((first.into(), last.into()));
        assert_eq!(window(None, None, 3), None);
        assert_eq!(
            window(at("2024-01-01T00:00:01Z"), None, 3),
            pair("2024-01-01T00:05:00Z", "2024-01-01T00:15:00Z")
        );
        assert_eq!(
            window(None, at("2024-01-01T00:10:00Z"), 2),
            pair("2024-01-01T00:00:00Z", "2024-01-01T00:05:00Z")
        );
        assert_eq!(
            window(
                at("2024-01-01T00:00:00Z"),
                at("2024-01-01T00:10:00.5Z"),
                300
            ),
            pair("2024-01-01T00:00:00Z", "2024-01-01T00:10:00Z")
        );
        assert_eq!(
            window(at("2024-01-01T00:00:00Z"), at("2024-01-02T00:00:00Z"), 2),
            pair("2024-01-01T00:00:00Z", "2024-01-01T00:05:00Z")
        );
        let between = asking.window(
            Timeframe::M5,
            at("2024-01-01T00:00:01Z"),
            at("2024-01-01T00:05:00Z"),
            3,
        );
        assert!(between.is_err(), "no candle opens between");
    }

    #[test]
    fn a_span_is_translated_tick_by_tick() {
        let codec = Registry::builtin()
            .codec(&"binance".parse().unwrap())
            .unwrap();
        let asking = Asking(codec.describe());
        let ticks = asking
            .span(
                at("1970-01-01T00:00:01.0001Z"),
                at("1970-01-01T00:00:03Z"),
                1_000_000_000,
            )
            .unwrap();
        assert_eq!((ticks.from, ticks.to), (Some(2), Some(3)));
        let second = 1_000_000_000;
        let same = at("1970-01-01T00:00:03Z");
        assert!(asking.span(same, same, second).is_err());
        assert!(asking.span(at("1969-12-31T00:00:00Z"), None, 1).is_err());
    }
}
