//! [`Sequence`]: order and duplicates where ids may jump: by venue time, then id.

use std::collections::VecDeque;

use quantflow_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::partial::Key;

/// What was seen of a symbol whose ids are not contiguous.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sequence {
    first: Option<Key>,
    last: Option<Key>,
    #[serde(with = "crate::compact")]
    largest: u128,
    recent: VecDeque<Seen>,
    /// Spans of finished imports, ascending: a file is complete, so a row of another file that lies
    /// inside was there already.
    spans: Vec<(Key, Key)>,
}

/// An id, kept short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Seen(#[serde(with = "crate::compact")] pub(crate) u128);

impl Sequence {
    pub(crate) fn first(&self) -> Option<Key> {
        self.first
    }

    pub(crate) fn last_time(&self) -> Option<Timestamp> {
        self.last.map(|key| Timestamp::from_nanos(key.time))
    }

    /// Whether an id is among the last ones.
    #[inline]
    pub(crate) fn knows(&self, id: u128) -> bool {
        // most ids grow: nothing to look up
        id <= self.largest && self.recent.iter().any(|seen| seen.0 == id)
    }

    /// Whether a row lies inside a finished import.
    #[inline]
    pub(crate) fn spans(&self, key: Key) -> bool {
        let after = self.spans.partition_point(|span| span.0 <= key);
        after > 0 && self.spans[after - 1].1 >= key
    }

    /// Takes a trade in; `true` when it is the earliest so far.
    #[inline]
    pub(crate) fn admit(&mut self, key: Key, window: usize) -> bool {
        self.largest = self.largest.max(key.id);
        if window > 0 {
            if self.recent.len() >= window {
                self.recent.pop_front();
            }
            self.recent.push_back(Seen(key.id));
        }
        if self.last.is_none_or(|last| key > last) {
            self.last = Some(key);
        }
        let earliest = self.first.is_none_or(|first| key < first);
        if earliest {
            self.first = Some(key);
        }
        earliest
    }

    /// An import is finished.
    pub(crate) fn add_span(&mut self, from: Key, to: Key) {
        let start = self.spans.partition_point(|span| span.1 < from);
        let end = self.spans.partition_point(|span| span.0 <= to);
        let joined = self.spans[start..end].iter().fold((from, to), |all, span| {
            (all.0.min(span.0), all.1.max(span.1))
        });
        self.spans.splice(start..end, [joined]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(time: i64, id: u128) -> Key {
        Key { time, id }
    }

    #[test]
    fn duplicates_are_known_within_the_window() {
        let mut sequence = Sequence::default();
        assert!(sequence.admit(key(1, 10), 2));
        assert!(!sequence.admit(key(2, 5), 2));
        assert!(sequence.knows(10) && sequence.knows(5) && !sequence.knows(7));
        sequence.admit(key(3, 11), 2);
        assert!(!sequence.knows(10), "left the window");
        assert!(sequence.admit(key(0, 12), 2), "earlier than all");
    }

    #[test]
    fn spans_join() {
        let mut sequence = Sequence::default();
        sequence.add_span(key(10, 0), key(20, 0));
        sequence.add_span(key(30, 0), key(40, 0));
        assert!(sequence.spans(key(15, 3)) && !sequence.spans(key(25, 0)));
        sequence.add_span(key(15, 0), key(30, 0));
        assert_eq!(sequence.spans, [(key(10, 0), key(40, 0))]);
    }
}
