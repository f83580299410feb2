//! The venue's own candles, on request: so that a chart is full at once, and for scrolling back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quantflow_model::{Timeframe, Timestamp, VenueSymbol};
use quantflow_wire::{EventKind, Purpose, Query};
use tokio::sync::{Semaphore, watch};

use crate::ask::AskError;
use crate::shared::Shared;

/// So many requests for history are under way at once; more wait.
const AT_ONCE: usize = 4;
/// So many wait; more are refused.
const WAITING: usize = 64;

/// What a request for history brought into the raw log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct History {
    /// How many candles; a few of them may lie before the span.
    pub rows: u64,
    /// Where the first begins.
    pub first: Option<Timestamp>,
    /// Where the last begins.
    pub last: Option<Timestamp>,
    /// Whether everything that the venue has of the span came. Not so when it was so long that the
    /// number of pages ran out: ask on, up to `first`.
    pub complete: bool,
}

/// Which candles.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HistoryRequest {
    /// Of which symbol, in the venue's spelling.
    pub symbol: VenueSymbol,
    /// How long; one of the venue's own timeframes.
    pub timeframe: Timeframe,
    /// First open time; `None`: as many before `to` as one answer holds.
    pub from: Option<Timestamp>,
    /// Past the last open time; `None`: up to now.
    pub to: Option<Timestamp>,
    /// Whether somebody waits for it.
    pub purpose: Purpose,
}

impl HistoryRequest {
    /// Whether the answer to this one answers another too.
    fn holds(&self, other: &Self) -> bool {
        let within = || {
            let (Some(ours), Some(theirs)) = (self.from, other.from) else {
                return false;
            };
            let end = |request: &Self| request.to.unwrap_or(Timestamp::MAX);
            ours <= theirs && end(other) <= end(self)
        };
        let alike = self.symbol == other.symbol
            && self.timeframe == other.timeframe
            && self.purpose == other.purpose;
        alike && (self == other || within())
    }
}

type Answered = Option<Result<History, AskError>>;

/// Requests for history that are under way: the same one is asked once, whoever wants it.
#[derive(Debug)]
pub(crate) struct Histories {
    under_way: Mutex<HashMap<HistoryRequest, watch::Receiver<Answered>>>,
    places: Semaphore,
}

impl Histories {
    pub(crate) fn new() -> Self {
        Self {
            under_way: Mutex::default(),
            places: Semaphore::new(AT_ONCE),
        }
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<HistoryRequest, watch::Receiver<Answered>>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches, or waits for whoever fetches the same. Cancel-safe: the fetching goes on.
    pub(crate) async fn fetch(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        request: HistoryRequest,
        stop: watch::Receiver<bool>,
    ) -> Result<History, AskError> {
        let mut answer = self.begin(shared, request, stop);
        match answer.wait_for(Option::is_some).await {
            Ok(answer) => answer.clone().unwrap_or(Err(AskError::Stopped)),
            Err(_) => Err(AskError::Stopped),
        }
    }

    fn begin(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        request: HistoryRequest,
        mut stop: watch::Receiver<bool>,
    ) -> watch::Receiver<Answered> {
        let mut under_way = self.under_way();
        let same = under_way.iter().find(|(asked, _)| asked.holds(&request));
        if let Some((_, answer)) = same {
            return answer.clone();
        }
        let (sender, receiver) = watch::channel(None);
        if under_way.len() >= AT_ONCE + WAITING {
            sender.send_replace(Some(Err(AskError::Crowded)));
            return receiver;
        }
        under_way.insert(request.clone(), receiver.clone());
        drop(under_way);
        let (this, shared) = (Arc::clone(self), Arc::clone(shared));
        tokio::spawn(async move {
            let result = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => Err(AskError::Stopped),
                result = async {
                    // the semaphore is never closed
                    let _place = this.places.acquire().await;
                    shared.fetch_history(&request).await
                } => result,
            };
            this.under_way().remove(&request);
            sender.send_replace(Some(result));
        });
        receiver
    }
}

impl Shared {
    /// Page by page from the newest to the oldest: whenever it ends, what came lies without a break
    /// before what is held, and what is left is one span.
    async fn fetch_history(&self, request: &HistoryRequest) -> Result<History, AskError> {
        let how = self.stubbornness(request.purpose);
        let timeframe = request.timeframe;
        let mut history = History::default();
        let mut to = request.to.or_else(|| self.end_that_must_be_said(request));
        for _ in 0..self.policy.history_pages {
            let query = |limit| Query::Candles {
                symbol: request.symbol.clone(),
                timeframe,
                from: None,
                to,
                limit,
            };
            let page = self.codec.page_limit(&query(1)).max(1);
            let limit = match request.from {
                Some(from) => candles_in(timeframe, from, to.unwrap_or(self.clock.now())).min(page),
                None => page,
            };
            let events = self.answer(&query(limit), how).await?.events;
            let opens = events.iter().filter_map(|event| match &event.kind {
                EventKind::Candle(candle) => Some(candle.open_time),
                _ => None,
            });
            let (mut rows, mut first) = (0, None);
            let before = history.first;
            for open in opens {
                rows += 1;
                first = Some(first.map_or(open, |first: Timestamp| first.min(open)));
                history.last = history.last.max(Some(open));
                history.rows += u64::from(before.is_none_or(|before| open < before));
            }
            history.first = first.or(history.first);
            let Some(first) = first.filter(|_| rows >= u64::from(limit)) else {
                // the venue has no more
                history.complete = true;
                return Ok(history);
            };
            // without a beginning only the newest page was wanted
            let is_first = before.is_some_and(|before| first >= before);
            if request.from.is_none_or(|from| first <= from) || is_first {
                history.complete = true;
                return Ok(history);
            }
            // the oldest once more: so it is known that the venue has none between two pages
            to = Some(timeframe.end_of(first));
        }
        Ok(history)
    }

    /// Now, of a venue that gives candles only up to a time that is said.
    fn end_that_must_be_said(&self, request: &HistoryRequest) -> Option<Timestamp> {
        let query = |to| Query::Candles {
            symbol: request.symbol.clone(),
            timeframe: request.timeframe,
            from: None,
            to,
            limit: 1,
        };
        let now = self.clock.now();
        let must = self.codec.request(&query(None)).is_err()
            && self.codec.request(&query(Some(now))).is_ok();
        must.then_some(now)
    }
}

/// How many candles of a span there can be, at least one.
fn candles_in(timeframe: Timeframe, from: Timestamp, to: Timestamp) -> u32 {
    // no month is shorter than nine tenths of an average one
    let length = timeframe.approximate_nanos();
    let length = timeframe.fixed_nanos().unwrap_or(length / 10 * 9).max(1);
    let span = to.since(timeframe.open_of(from)).max(1) as u64;
    u32::try_from(span.div_ceil(length as u64)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_holds_what_its_answer_answers_too() {
        let at = |minute: i64| Timestamp::from_seconds(minute * 60);
        let request = |from: Option<i64>, to: Option<i64>| HistoryRequest {
            symbol: VenueSymbol::new("A0").unwrap(),
            timeframe: Timeframe::M1,
            from: from.map(at),
            to: to.map(at),
            purpose: Purpose::Interactive,
        };
        let (part, open) = (request(Some(3), Some(9)), request(Some(3), None));
        for (other, held) in [
            (request(Some(3), Some(9)), true),
            (request(Some(4), Some(8)), true),
            (request(Some(2), Some(9)), false),
            (request(Some(4), Some(10)), false),
            (request(Some(4), None), false),
            // how far back the newest page reaches is not known before it came
            (request(None, Some(9)), false),
        ] {
            assert_eq!(part.holds(&other), held, "{other:?}");
        }
        assert!(open.holds(&request(Some(4), None)) && open.holds(&part));
        let newest = request(None, Some(9));
        assert!(newest.holds(&newest.clone()) && !newest.holds(&request(Some(8), Some(9))));
        let others = [
            HistoryRequest {
                symbol: VenueSymbol::new("A1").unwrap(),
                ..part.clone()
            },
            HistoryRequest {
                timeframe: Timeframe::M3,
                ..part.clone()
            },
            // it is more patient, and has another part of the budget
            HistoryRequest {
                purpose: Purpose::Backfill,
                ..part.clone()
            },
        ];
        assert!(!others.iter().any(|other| part.holds(other)));
    }
}
