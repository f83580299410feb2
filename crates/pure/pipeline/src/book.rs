//! [`Book`]: the local order book of a symbol, from a snapshot and the changes after it.
//!
//! The rules are the venue's ([`BookRule`]). Where a snapshot is asked for, changes up to it are
//! dropped, the first one used must span the update after it, and from then on each must continue the
//! one before; where the stream brings it, changes continue it from the first on. One that does not, or a
//! checksum that differs, makes this symbol's book begin anew with a new snapshot; no other symbol
//! notices.
//!
//! A book lives as long as its connection and is not part of the committed state: after a restart
//! the socket is new, and the venue's rules ask for a new snapshot anyway.

mod pace;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use quantflow_model::{
    BookChecksum, BookDelta, BookSnapshot, Decimal, Level, Price, Quantity, Quote, Timestamp,
};
use quantflow_wire::{BookRule, BookSequence, Codec, SnapshotBy};

use self::pace::Pace;

/// Changes that wait for a snapshot; more than that, and the oldest go: the snapshot will be newer.
const WAITING: usize = 1_024;

/// Levels a side that a checksum may need.
const CHECKED: usize = 25;

/// A local order book.
#[derive(Debug, Clone)]
pub struct Book {
    rule: BookRule,
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

/// What a message did to the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The book is as before.
    None,
    /// The book changed.
    Applied,
    /// It does not continue: a snapshot is needed.
    Lost,
}

impl Book {
    /// A book that waits for its first snapshot.
    pub fn new(rule: BookRule) -> Self {
        Self {
            rule,
            bids: Vec::new(),
            asks: Vec::new(),
            last_update: None,
            continued: false,
            time: None,
            waiting: VecDeque::new(),
            asked: None,
            wanted: false,
            pace: Pace::default(),
        }
    }

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
    pub fn snapshot(&mut self, snapshot: &BookSnapshot) -> Change {
        if self.rule.snapshot == SnapshotBy::Request {
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
                && !self.follows(snapshot.last_update_id, first)
            {
                self.asked = None;
                return Change::None;
            }
        }
        self.bids = sorted(&snapshot.bids, false);
        self.asks = sorted(&snapshot.asks, true);
        self.last_update = Some(snapshot.last_update_id);
        // what the stream begins with is continued strictly from the first change on
        self.continued = self.rule.snapshot == SnapshotBy::Stream;
        self.time = snapshot.time;
        self.wanted = false;
        self.asked = None;
        self.cut();
        for delta in std::mem::take(&mut self.waiting) {
            if self.apply(&delta) == Change::Lost {
                return Change::Lost;
            }
        }
        Change::Applied
    }

    /// A change came.
    pub fn delta(&mut self, delta: &BookDelta) -> Change {
        if self.last_update.is_some() {
            return self.apply(delta);
        }
        self.wanted = true;
        if self.rule.snapshot == SnapshotBy::Request {
            self.wait(delta);
        }
        Change::None
    }

    /// Keeps a change for the snapshot that is asked for.
    fn wait(&mut self, delta: &BookDelta) {
        if self
            .waiting
            .back()
            .is_some_and(|last| !self.continues(last.last_update_id, delta, true))
        {
            self.waiting.clear();
        }
        if self.waiting.len() == WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(delta.clone());
    }

    fn apply(&mut self, delta: &BookDelta) -> Change {
        let Some(last) = self.last_update else {
            return Change::None;
        };
        if self.is_old(last, delta) {
            return Change::None;
        }
        if !self.continues(last, delta, self.continued) {
            self.lose();
            self.wanted = true;
            if self.rule.snapshot == SnapshotBy::Request {
                self.waiting.push_back(delta.clone());
            }
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
        self.cut();
        Change::Applied
    }

    /// Whether a change is in the book already.
    fn is_old(&self, last: u64, delta: &BookDelta) -> bool {
        match self.rule.sequence {
            BookSequence::None => false,
            BookSequence::Ascending => delta.last_update_id < last,
            // a venue that chains may begin its numbers anew
            BookSequence::Chained if self.continued => {
                delta.previous_update_id != Some(last) && delta.last_update_id <= last
            }
            BookSequence::Contiguous | BookSequence::Chained => delta.last_update_id <= last,
        }
    }

    /// Whether a change continues the update `last`. Right after a snapshot that was asked for it may
    /// reach back.
    fn continues(&self, last: u64, delta: &BookDelta, strictly: bool) -> bool {
        let spans = delta.first_update_id <= last.saturating_add(1) && delta.last_update_id > last;
        match self.rule.sequence {
            BookSequence::None | BookSequence::Ascending => true,
            BookSequence::Contiguous if strictly => delta.first_update_id == last.saturating_add(1),
            BookSequence::Chained if strictly => self.follows(last, delta),
            // a snapshot may end where a change ends, and the next one's own numbers begin later
            BookSequence::Chained => spans || self.follows(last, delta),
            BookSequence::Contiguous => spans,
        }
    }

    /// Whether a change names the update `last` as the one before it, where changes do that.
    fn follows(&self, last: u64, delta: &BookDelta) -> bool {
        self.rule.sequence == BookSequence::Chained && delta.previous_update_id == Some(last)
    }

    /// Forgets levels that the venue does not keep up to date.
    fn cut(&mut self) {
        if let Some(depth) = self.rule.depth {
            for side in [&mut self.bids, &mut self.asks] {
                // the best are last
                side.drain(..side.len().saturating_sub(usize::from(depth)));
            }
        }
    }

    /// Compares the book with what the venue says its checksum is. One that differs loses the book; so
    /// does a codec that cannot compute it, for nothing is proven then.
    pub fn verify(&mut self, check: &BookChecksum, codec: &dyn Codec) -> Change {
        if self.last_update.is_none() {
            return Change::None;
        }
        let [bids, asks] = [best(&self.bids, CHECKED), best(&self.asks, CHECKED)];
        if codec.book_checksum(check, &bids, &asks) == Some(check.expected) {
            return Change::Applied;
        }
        self.lose();
        self.wanted = true;
        Change::Lost
    }

    /// The best bid and offer; `None` while it waits for a snapshot or a side is empty.
    pub fn top(&self) -> Option<Quote> {
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
    pub fn levels(&self, depth: usize) -> Option<BookSnapshot> {
        Some(BookSnapshot {
            checksum: None,
            last_update_id: self.last_update?,
            time: self.time,
            bids: best(&self.bids, depth),
            asks: best(&self.asks, depth),
        })
    }
}

/// The best levels of a side, best first.
fn best(levels: &[(Price, Quantity)], depth: usize) -> Vec<Level> {
    let best = levels.iter().rev().take(depth);
    best.map(|&(price, quantity)| Level { price, quantity })
        .collect()
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
