//! [`Book`]: the local order book of a symbol, from a snapshot and the changes after it.
//!
//! The rules are the venue's: changes up to the snapshot are dropped, the first one used must span
//! the update after it, and from then on each must continue the one before. One that does not makes
//! this symbol's book begin anew with a new snapshot; no other symbol notices.
//!
//! A book lives as long as its connection and is not part of the committed state: after a restart
//! the socket is new, and the venue's rules ask for a new snapshot anyway.

use std::collections::VecDeque;

use quantflow_model::{BookDelta, BookSnapshot, Decimal, Level, Price, Quantity, Quote, Timestamp};

/// Changes that wait for a snapshot; more than that, and the oldest go: the snapshot will be newer.
const WAITING: usize = 1_024;

/// A local order book.
#[derive(Debug, Clone, Default)]
pub(crate) struct Book {
    /// By price, the best last: changes are mostly near the best.
    bids: Vec<(Price, Quantity)>,
    asks: Vec<(Price, Quantity)>,
    /// The last update that is in it; `None` while it waits for a snapshot.
    last_update: Option<u64>,
    /// Whether a change was applied since the snapshot.
    continued: bool,
    time: Option<Timestamp>,
    waiting: VecDeque<BookDelta>,
    /// When a snapshot was last asked for, by elapsed time.
    pub(crate) asked: Option<i64>,
    /// Whether changes came that need one.
    pub(crate) wanted: bool,
    pace: Pace,
}

/// When a snapshot may be asked for again. On a connection that loses changes every book would be asked
/// for each second, and a snapshot weighs as much as many missing trades: the venue's limit is there
/// for those first.
#[derive(Debug, Clone, Default)]
struct Pace {
    last: Option<i64>,
    pause: i64,
}

/// The first snapshots follow one another at this distance, each further one at twice it …
const SHORTEST_PAUSE: i64 = 1_000_000_000;
/// … up to this.
const LONGEST_PAUSE: i64 = 32_000_000_000;

/// What a message did to the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// The book is as before.
    None,
    /// The book changed.
    Applied,
    /// It does not continue: a snapshot is needed.
    Lost,
}

impl Pace {
    fn due(&self) -> i64 {
        self.last
            .map_or(i64::MIN, |last| last.saturating_add(self.pause))
    }

    fn asked(&mut self, elapsed: i64) {
        let calm = self
            .last
            .is_none_or(|last| elapsed.saturating_sub(last) > 2 * LONGEST_PAUSE);
        self.pause = if calm {
            SHORTEST_PAUSE
        } else {
            (self.pause * 2).min(LONGEST_PAUSE)
        };
        self.last = Some(elapsed);
    }
}

impl Book {
    /// When a snapshot may be asked for; `retry`: how long an answer is waited for.
    pub(crate) fn due(&self, retry: i64) -> i64 {
        let waited = self
            .asked
            .map_or(i64::MIN, |asked| asked.saturating_add(retry));
        waited.max(self.pace.due())
    }

    /// A snapshot is asked for now.
    pub(crate) fn ask(&mut self, elapsed: i64) {
        self.asked = Some(elapsed);
        self.pace.asked(elapsed);
    }

    /// Its connection ended, or it does not continue.
    pub(crate) fn lose(&mut self) {
        self.bids.clear();
        self.asks.clear();
        self.last_update = None;
        self.continued = false;
        self.waiting.clear();
        self.asked = None;
    }

    /// A snapshot came.
    pub(crate) fn snapshot(&mut self, snapshot: &BookSnapshot) -> Change {
        // an answer that is older than what we have says nothing
        if self
            .last_update
            .is_some_and(|last| snapshot.last_update_id <= last)
        {
            return Change::None;
        }
        // one that does not reach the first waiting change cannot be continued
        if let Some(first) = self.waiting.front()
            && snapshot.last_update_id.saturating_add(1) < first.first_update_id
        {
            self.asked = None;
            return Change::None;
        }
        self.bids = sorted(&snapshot.bids, false);
        self.asks = sorted(&snapshot.asks, true);
        self.last_update = Some(snapshot.last_update_id);
        self.continued = false;
        self.time = snapshot.time;
        self.wanted = false;
        for delta in std::mem::take(&mut self.waiting) {
            if self.apply(&delta) == Change::Lost {
                return Change::Lost;
            }
        }
        Change::Applied
    }

    /// A change came.
    pub(crate) fn delta(&mut self, delta: &BookDelta) -> Change {
        if self.last_update.is_some() {
            return self.apply(delta);
        }
        if self
            .waiting
            .back()
            .is_some_and(|last| !continues(last.last_update_id, delta, true))
        {
            self.waiting.clear();
        }
        if self.waiting.len() == WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(delta.clone());
        self.wanted = true;
        Change::None
    }

    fn apply(&mut self, delta: &BookDelta) -> Change {
        let Some(last) = self.last_update else {
            return Change::None;
        };
        if delta.last_update_id <= last {
            return Change::None;
        }
        if !continues(last, delta, self.continued) {
            self.lose();
            self.waiting.push_back(delta.clone());
            self.wanted = true;
            return Change::Lost;
        }
        for level in &delta.bids {
            put(&mut self.bids, level, false);
        }
        for level in &delta.asks {
            put(&mut self.asks, level, true);
        }
        self.last_update = Some(delta.last_update_id);
        self.continued = true;
        self.time = delta.time.or(self.time);
        Change::Applied
    }

    /// The best bid and offer; `None` while it waits for a snapshot or a side is empty.
    pub(crate) fn top(&self) -> Option<Quote> {
        let (&(bid, bid_quantity), &(ask, ask_quantity)) = (self.bids.last()?, self.asks.last()?);
        Some(Quote {
            bid,
            bid_quantity,
            ask,
            ask_quantity,
            update_id: self.last_update,
            time: self.time,
        })
    }

    /// The best levels of each side, best first.
    pub(crate) fn levels(&self, depth: usize) -> Option<BookSnapshot> {
        let side = |levels: &[(Price, Quantity)]| {
            let best = levels.iter().rev().take(depth);
            best.map(|&(price, quantity)| Level { price, quantity })
                .collect()
        };
        Some(BookSnapshot {
            checksum: None,
            last_update_id: self.last_update?,
            time: self.time,
            bids: side(&self.bids),
            asks: side(&self.asks),
        })
    }
}

/// Whether a change continues the update `last`. Right after a snapshot it may reach back.
fn continues(last: u64, delta: &BookDelta, strictly: bool) -> bool {
    match delta.previous_update_id {
        Some(previous) if strictly => previous == last,
        _ if strictly => delta.first_update_id == last.saturating_add(1),
        _ => delta.first_update_id <= last.saturating_add(1) && delta.last_update_id > last,
    }
}

fn sorted(levels: &[Level], ascending_is_better_last: bool) -> Vec<(Price, Quantity)> {
    let mut side = Vec::with_capacity(levels.len());
    for level in levels {
        put(&mut side, level, ascending_is_better_last);
    }
    side
}

/// Sets, replaces or (at quantity zero) removes a level. Asks lie highest first, so that the best is
/// last on both sides.
fn put(side: &mut Vec<(Price, Quantity)>, level: &Level, asks: bool) {
    let at = side.binary_search_by(|(price, _)| {
        let order = price.0.cmp(&level.price.0);
        if asks { order.reverse() } else { order }
    });
    match (at, level.quantity.0 == Decimal::ZERO) {
        (Ok(at), true) => {
            side.remove(at);
        }
        (Ok(at), false) => side[at].1 = level.quantity,
        (Err(_), true) => {}
        (Err(at), false) => side.insert(at, (level.price, level.quantity)),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_book_that_is_lost_again_and_again_is_asked_for_ever_less_often() {
        let second = 1_000_000_000;
        let mut book = Book::default();
        let mut asked = Vec::new();
        for tenth in 0..1_200 {
            let now = tenth * second / 10;
            if now >= book.due(10 * second) {
                book.ask(now);
                asked.push(now / second);
            }
            book.lose(); // each tenth of a second
        }
        assert_eq!(asked, [0, 1, 3, 7, 15, 31, 63, 95]);
        let calm = 300 * second;
        assert!(calm >= book.due(10 * second));
        book.ask(calm);
        book.lose();
        assert_eq!(
            book.due(0),
            calm + second,
            "after a calm time it begins anew"
        );
    }

    use super::*;

    fn level(price: &str, quantity: &str) -> Level {
        Level {
            price: price.parse().unwrap(),
            quantity: quantity.parse().unwrap(),
        }
    }

    fn delta(first: u64, last: u64, bids: Vec<Level>, asks: Vec<Level>) -> BookDelta {
        BookDelta {
            checksum: None,
            first_update_id: first,
            last_update_id: last,
            previous_update_id: None,
            time: None,
            bids,
            asks,
        }
    }

    fn snapshot(id: u64) -> BookSnapshot {
        BookSnapshot {
            checksum: None,
            last_update_id: id,
            time: None,
            bids: vec![level("10", "1"), level("9", "1")],
            asks: vec![level("11", "1"), level("12", "1")],
        }
    }

    fn top(book: &Book) -> (String, String) {
        let top = book.top().unwrap();
        (top.bid.to_string(), top.ask.to_string())
    }

    #[test]
    fn changes_before_the_snapshot_wait_for_it() {
        let mut book = Book::default();
        assert_eq!(
            book.delta(&delta(90, 95, vec![level("1", "1")], vec![])),
            Change::None
        );
        assert_eq!(
            book.delta(&delta(96, 101, vec![level("10.5", "1")], vec![])),
            Change::None
        );
        assert!(book.wanted && book.top().is_none());
        assert_eq!(book.snapshot(&snapshot(99)), Change::Applied);
        assert_eq!(top(&book), ("10.5".into(), "11".into()));
        assert_eq!(book.top().unwrap().update_id, Some(101));
        let gone = delta(102, 102, vec![level("10.5", "0")], vec![level("10.7", "2")]);
        assert_eq!(book.delta(&gone), Change::Applied);
        assert_eq!(top(&book), ("10".into(), "10.7".into()));
        assert_eq!(book.delta(&gone), Change::None, "seen before");
        let shown = book.levels(1).unwrap();
        assert_eq!((shown.bids.len(), shown.asks[0]), (1, level("10.7", "2")));
    }

    #[test]
    fn a_gap_asks_for_a_snapshot_and_goes_on_from_it() {
        let mut book = Book::default();
        book.snapshot(&snapshot(100));
        assert_eq!(
            book.delta(&delta(101, 103, vec![], vec![])),
            Change::Applied
        );
        assert_eq!(book.delta(&delta(105, 106, vec![], vec![])), Change::Lost);
        assert!(book.top().is_none() && book.wanted);
        assert_eq!(
            book.snapshot(&snapshot(103)),
            Change::None,
            "too old to continue"
        );
        assert_eq!(book.snapshot(&snapshot(105)), Change::Applied);
        assert_eq!(book.top().unwrap().update_id, Some(106));
    }
}
