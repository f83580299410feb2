//! [`DownSpans`]: times without a feed, of a symbol whose ids do not say what is missing.
//!
//! Where ids are contiguous a hole names what is missing. Elsewhere only the time is known in which
//! nothing was received: it is asked for, and an answer that is whole over a part of it proves that
//! part.

use quantflow_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::partial::Key;
use crate::sequence::Seen;

/// Spans that are open at the same time, at the most; of more, the oldest is given up.
const MOST: usize = 64;
/// Ids that came live inside a span's time are remembered up to so many.
const MOST_KNOWN: usize = 100_000;

/// The spans of a symbol that are still sought, ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct DownSpans(Vec<DownSpan>);

/// A span that is still sought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DownSpan {
    /// The last trade before it. What is asked for begins at its time: an answer that has it leaves
    /// nothing out before its next row.
    after: Key,
    /// Nothing is known from here …
    pub(crate) from: i64,
    /// … to here.
    pub(crate) to: i64,
    /// When it was found, by elapsed time.
    found: i64,
    /// Ids inside it that the stream brought already, ascending.
    known: Vec<Seen>,
    /// When it was last asked for, by elapsed time. Not state.
    #[serde(skip)]
    asked: Option<i64>,
}

impl DownSpan {
    /// From when on trades are to be asked for: the time of the last one that is held.
    pub(crate) fn asked_from(&self) -> Timestamp {
        Timestamp::from_nanos(self.after.time)
    }

    fn holds(&self, key: Key) -> bool {
        key > self.after && key.time < self.to
    }
}

impl DownSpans {
    /// Nothing was received from `from` to `to`; `after` is the last trade before.
    pub(crate) fn open(&mut self, after: Key, from: i64, to: i64, elapsed: i64) {
        if from >= to {
            return;
        }
        if self.0.len() == MOST {
            self.0.remove(0);
        }
        self.0.push(DownSpan {
            after,
            from,
            to,
            found: elapsed,
            known: Vec::new(),
            asked: None,
        });
    }

    /// Whether something is still sought.
    pub(crate) fn is_open(&self) -> bool {
        !self.0.is_empty()
    }

    /// Whether a trade of an answer is one that a span lacks.
    pub(crate) fn lacks(&self, key: Key) -> bool {
        let mut spans = self.0.iter();
        spans.any(|span| span.holds(key) && span.known.binary_search(&Seen(key.id)).is_err())
    }

    /// A trade was let in.
    #[inline]
    pub(crate) fn admit(&mut self, key: Key) {
        for span in self.0.iter_mut().filter(|span| span.holds(key)) {
            if let Err(place) = span.known.binary_search(&Seen(key.id))
                && span.known.len() < MOST_KNOWN
            {
                span.known.insert(place, Seen(key.id));
            }
        }
    }

    /// The spans that are due to be asked for, each marked as asked; and when the next one will be.
    pub(crate) fn ask(
        &mut self,
        elapsed: i64,
        allowance: i64,
        retry: i64,
    ) -> (Vec<&DownSpan>, i64) {
        let (mut due_now, mut next) = (Vec::new(), i64::MAX);
        for span in &mut self.0 {
            let due = match span.asked {
                None => span.found.saturating_add(allowance),
                Some(asked) => asked.saturating_add(retry),
            };
            if due > elapsed {
                next = next.min(due);
                continue;
            }
            span.asked = Some(elapsed);
            next = next.min(elapsed.saturating_add(retry));
            due_now.push(&*span);
        }
        (due_now, next)
    }

    /// Forgets what was asked for.
    pub(crate) fn forget_asked(&mut self) {
        for span in &mut self.0 {
            span.asked = None;
        }
    }

    /// All that was traded behind `from` and before `to` is held, or is not to be had. Returns the parts of spans
    /// that are not sought any more.
    pub(crate) fn settle(&mut self, from: i64, to: i64) -> Vec<(i64, i64)> {
        let mut settled = Vec::new();
        let mut left = Vec::with_capacity(self.0.len());
        for span in std::mem::take(&mut self.0) {
            // a row at the very time of the last trade before the span proves the time between; rows
            // at any other time may have had others of that time before them
            let low = if from <= span.after.time {
                span.from
            } else {
                from.saturating_add(1).max(span.from)
            };
            let high = to.min(span.to);
            if low >= high {
                left.push(span);
                continue;
            }
            settled.push((low, high));
            if span.from < low {
                left.push(DownSpan {
                    to: low,
                    ..span.clone()
                });
            }
            if high < span.to {
                left.push(DownSpan {
                    from: high,
                    // what lies between is held now
                    after: Key { time: high, id: 0 }.max(span.after),
                    ..span
                });
            }
        }
        self.0 = left;
        settled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(time: i64, id: u128) -> Key {
        Key { time, id }
    }

    fn open() -> DownSpans {
        let mut spans = DownSpans::default();
        spans.open(key(90, 7), 100, 200, 0);
        spans
    }

    #[test]
    fn a_trade_of_an_answer_is_taken_once() {
        let mut spans = open();
        assert!(!spans.lacks(key(90, 7)), "the last one before it");
        assert!(!spans.lacks(key(90, 6)), "before that");
        assert!(spans.lacks(key(90, 8)) && spans.lacks(key(150, 1)));
        assert!(!spans.lacks(key(200, 9)), "behind it");
        spans.admit(key(150, 1));
        assert!(!spans.lacks(key(150, 1)), "came live");
    }

    #[test]
    fn what_answers_prove_is_settled_in_parts() {
        let mut spans = open();
        assert_eq!(spans.settle(149, 160), [(150, 160)]);
        assert_eq!(spans.settle(50, 120), [(100, 120)]);
        assert!(spans.settle(120, 120).is_empty() && spans.is_open());
        assert_eq!(spans.settle(0, 1_000), [(120, 150), (160, 200)]);
        assert!(!spans.is_open());
    }

    #[test]
    fn a_span_is_asked_for_again_while_it_is_open() {
        let mut spans = open();
        assert_eq!(spans.ask(0, 5, 10), (vec![], 5));
        assert_eq!(spans.ask(5, 5, 10).0.len(), 1);
        assert_eq!(spans.ask(6, 5, 10), (vec![], 15));
        spans.forget_asked();
        assert_eq!(spans.ask(6, 5, 10).0.len(), 1);
    }
}
