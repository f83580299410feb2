//! [`Bounds`]: what a question may ask, as the venue allows it; and what a socket carries.

use std::collections::HashSet;

use quantflow_model::{Timeframe, Timestamp, VenueId};
use quantflow_wire::{Query, RequestError, Subscription, VenueDescription};

/// Refuses in a venue's name what it does not offer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds<'a>(pub(crate) &'a VenueId);

/// `[from, to)` in whole milliseconds: the first at or after `from`, and the first at or after `to`,
/// which is outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: Option<i64>,
    pub(crate) to: Option<i64>,
}

impl Bounds<'_> {
    pub(crate) fn not_offered(self, what: impl Into<String>) -> RequestError {
        RequestError::NotOffered {
            venue: self.0.clone(),
            what: what.into(),
        }
    }

    pub(crate) fn out_of_range(
        self,
        what: &'static str,
        given: impl std::fmt::Display,
        allowed: impl Into<String>,
    ) -> RequestError {
        RequestError::OutOfRange {
            venue: self.0.clone(),
            what,
            given: given.to_string(),
            allowed: allowed.into(),
        }
    }

    /// A limit between 1 and what the venue allows.
    pub(crate) fn limit(self, given: u32, most: u32) -> Result<u32, RequestError> {
        if (1..=most).contains(&given) {
            Ok(given)
        } else {
            Err(self.out_of_range("limit", given, format!("1 to {most}")))
        }
    }

    /// A span of time in milliseconds.
    pub(crate) fn span(
        self,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Result<Span, RequestError> {
        let up = |time: Timestamp| time.plus_nanos(999_999).millis();
        if let Some(before) = from.into_iter().chain(to).find(|t| t.nanos() < 0) {
            return Err(self.out_of_range("a time", before, "1970 and later"));
        }
        let span = Span {
            from: from.map(up),
            to: to.map(up),
        };
        match span {
            Span {
                from: Some(from),
                to: Some(to),
            } if from >= to => {
                let given = format!(
                    "{} to {}",
                    Timestamp::from_millis(from),
                    Timestamp::from_millis(to)
                );
                Err(self.out_of_range("the span", given, "from before to"))
            }
            span => Ok(span),
        }
    }

    /// The span of a page of candles. Venues that answer with the newest of a span would leave out its
    /// beginning where it holds more than the limit: it then ends where so many candles do.
    pub(crate) fn page(
        self,
        timeframe: Timeframe,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        limit: u32,
    ) -> Result<Span, RequestError> {
        let Some(first) = from else {
            return self.span(from, to);
        };
        let open = timeframe.open_of(first);
        let mut end = if open == first {
            open
        } else {
            timeframe.end_of(open)
        };
        match timeframe.fixed_nanos() {
            Some(length) => end = end.plus_nanos(length.saturating_mul(i64::from(limit))),
            None => {
                for _ in 0..limit {
                    end = timeframe.end_of(end);
                }
            }
        }
        self.span(from, Some(to.map_or(end, |to| to.min(end))))
    }
}

/// What is wanted, each once and in the order asked for.
///
/// # Errors
/// When the venue has no such channel.
pub(crate) fn once<'w>(
    venue: &VenueDescription,
    wanted: &'w [Subscription],
) -> Result<Vec<&'w Subscription>, RequestError> {
    let mut seen = HashSet::new();
    let mut each = Vec::with_capacity(wanted.len());
    for subscription in wanted {
        if !venue.channels.contains(&subscription.channel) {
            let what = format!("a stream of {}", subscription.channel);
            return Err(Bounds(&venue.id).not_offered(what));
        }
        if seen.insert((&subscription.venue_symbol, subscription.channel)) {
            each.push(subscription);
        }
    }
    Ok(each)
}

/// The question for what is older than the oldest row of a full page; `None` where the page is not full
/// or reaches back to where it should.
pub(crate) fn older(
    query: &Query,
    rows: usize,
    oldest: Timestamp,
    newest: Timestamp,
) -> Option<Query> {
    let mut next = query.clone();
    let (Query::Trades {
        from, to, limit, ..
    }
    | Query::FundingRates {
        from, to, limit, ..
    }) = &mut next
    else {
        return None;
    };
    let reached = from.is_none_or(|from| oldest <= from);
    if rows < *limit as usize || reached {
        return None;
    }
    // Rows of the oldest millisecond may stand on the next page too: they are asked for again, unless
    // the page holds nothing else.
    *to = Some(if oldest == newest {
        oldest
    } else {
        oldest.plus_nanos(1_000_000)
    });
    Some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_span_ends_where_the_page_does() {
        let venue: VenueId = "okx".parse().unwrap();
        let bounds = Bounds(&venue);
        let (from, to) = (at("2024-01-01T00:00:30Z"), at("2024-01-02T00:00:00Z"));
        let page = bounds.page(Timeframe::M1, Some(from), Some(to), 2).unwrap();
        assert_eq!(page.from, Some(from.millis()));
        assert_eq!(page.to, Some(at("2024-01-01T00:03:00Z").millis()));
        let page = bounds.page(Timeframe::Mo1, Some(at("2024-01-01T00:00:00Z")), None, 2);
        assert_eq!(page.unwrap().to, Some(at("2024-03-01T00:00:00Z").millis()));
        let page = bounds.page(
            Timeframe::D1,
            Some(from),
            Some(at("2024-01-01T00:01:00Z")),
            9,
        );
        assert_eq!(page.unwrap().to, Some(at("2024-01-01T00:01:00Z").millis()));
        assert!(bounds.span(Some(to), Some(from)).is_err());
        assert!(bounds.span(Some(Timestamp::from_nanos(-1)), None).is_err());
        let span = bounds.span(
            Some(Timestamp::from_nanos(1)),
            Some(Timestamp::from_nanos(1_000_001)),
        );
        assert_eq!(
            span.unwrap(),
            Span {
                from: Some(1),
                to: Some(2)
            }
        );
    }

    #[test]
    fn the_next_page_is_older_and_there_is_none_behind_the_last() {
        let symbol = quantflow_model::VenueSymbol::new("BTC-USDT").unwrap();
        let (from, to) = (
            Some(Timestamp::from_millis(10)),
            Some(Timestamp::from_millis(100)),
        );
        let query = Query::Trades {
            symbol,
            from,
            to,
            limit: 3,
        };
        let millis = Timestamp::from_millis;
        let next = |rows, oldest, newest| match older(&query, rows, millis(oldest), millis(newest))
        {
            Some(Query::Trades { to, .. }) => to.map(Timestamp::millis),
            _ => None,
        };
        assert_eq!(next(3, 50, 99), Some(51));
        assert_eq!(next(3, 50, 50), Some(50));
        assert_eq!(next(2, 50, 99), None);
        assert_eq!(next(3, 10, 99), None);
    }
}
