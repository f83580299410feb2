//! What a venue is asked: the bounds of a question, and streams shared out to sockets.

use quantflow_model::{Timeframe, Timestamp, VenueId};
use quantflow_wire::{RequestError, SubscribePlan, Subscription};

/// The checks of a question to one venue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) venue: &'a VenueId,
}

impl Asked<'_> {
    /// That the venue has no such thing.
    pub(crate) fn not_offered(self, what: impl Into<String>) -> RequestError {
        RequestError::NotOffered {
            venue: self.venue.clone(),
            what: what.into(),
        }
    }

    /// That the venue does not allow a bound.
    pub(crate) fn out_of_range(
        self,
        what: &'static str,
        given: impl Into<String>,
        allowed: impl Into<String>,
    ) -> RequestError {
        RequestError::OutOfRange {
            venue: self.venue.clone(),
            what,
            given: given.into(),
            allowed: allowed.into(),
        }
    }

    /// A number of rows from 1 to `most`.
    pub(crate) fn limit(self, limit: u32, most: u32) -> Result<u32, RequestError> {
        if (1..=most).contains(&limit) {
            Ok(limit)
        } else {
            Err(self.out_of_range("limit", limit.to_string(), format!("1 to {most}")))
        }
    }

    /// `[from, to)` in ticks of a clock of `unit` nanoseconds: the first tick at or after each bound.
    /// The second is past the last one; of a venue whose bounds are inclusive, one tick less is meant.
    pub(crate) fn span(
        self,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        unit: i64,
    ) -> Result<(Option<i64>, Option<i64>), RequestError> {
        if let Some(before) = from.into_iter().chain(to).find(|t| t.nanos() < 0) {
            return Err(self.out_of_range("a time", before.to_string(), "1970 and later"));
        }
        let up = |time: Timestamp| time.plus_nanos(unit - 1).nanos() / unit;
        let (first, past) = (from.map(up), to.map(up));
        if let (Some(first), Some(past)) = (first, past)
            && first >= past
        {
            let given = format!("{} to {}", from.unwrap_or_default(), to.unwrap_or_default());
            return Err(self.out_of_range("the span", given, "from before to"));
        }
        if past == Some(0) {
            return Err(self.out_of_range("the span", "nothing before 1970", "1970 and later"));
        }
        Ok((first, past))
    }

    /// Both ends of a span, for venues that want both and know no number of rows: the end that is not
    /// given is where so many rows of `length` nanoseconds are full, and one that is given is no
    /// farther.
    pub(crate) fn filled(
        self,
        (from, to): (Option<Timestamp>, Option<Timestamp>),
        limit: u32,
        length: i64,
    ) -> Result<(Timestamp, Timestamp), RequestError> {
        let full = length.saturating_mul(i64::from(limit));
        match (from, to) {
            (Some(from), to) => {
                let end = from.plus_nanos(full);
                Ok((from, to.map_or(end, |to| to.min(end))))
            }
            (None, Some(to)) => Ok((to.plus_nanos(-full).max(Timestamp::EPOCH), to)),
            (None, None) => {
                Err(self.out_of_range("to", "nothing", "a time: the venue wants both ends"))
            }
        }
    }

    /// The venue's name of a timeframe.
    pub(crate) fn timeframe(
        self,
        timeframe: Timeframe,
        names: &'static [(Timeframe, &'static str)],
    ) -> Result<&'static str, RequestError> {
        names
            .iter()
            .find(|(known, _)| *known == timeframe)
            .map(|(_, name)| *name)
            .ok_or_else(|| self.not_offered(format!("candles of {timeframe}")))
    }
}

/// Sockets of so many streams each; `messages` says what is sent over one.
pub(crate) fn sockets(
    wanted: &[Subscription],
    streams_per_connection: usize,
    target: &str,
    messages: impl Fn(&[Subscription]) -> Result<Vec<String>, RequestError>,
) -> Result<Vec<SubscribePlan>, RequestError> {
    let shares = wanted.chunks(streams_per_connection.max(1)).enumerate();
    shares
        .map(|(number, share)| {
            Ok(SubscribePlan {
                target: target.into(),
                messages: messages(share)?,
                subscriptions: share.to_vec(),
                label: format!("market-{}", number + 1).into(),
                keep_alive: None,
                address: None,
            })
        })
        .collect()
}
