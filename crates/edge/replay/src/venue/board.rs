//! What the venue shows of a listing now.

use std::collections::BTreeMap;

use quantflow_model::{BookDelta, BookSnapshot, Level, Price, Quantity, Quote};

use crate::market::Mark;

/// An order book, as a client that follows the venue's rules has it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Book {
    pub(crate) last_update_id: u64,
    bids: BTreeMap<Price, Quantity>,
    asks: BTreeMap<Price, Quantity>,
}

fn set(side: &mut BTreeMap<Price, Quantity>, levels: &[Level]) {
    for level in levels {
        if level.quantity == Quantity::ZERO {
            side.remove(&level.price);
        } else {
            side.insert(level.price, level.quantity);
        }
    }
}

impl Book {
    pub(crate) fn of(snapshot: &BookSnapshot) -> Self {
        let mut book = Self {
            last_update_id: snapshot.last_update_id,
            ..Self::default()
        };
        set(&mut book.bids, &snapshot.bids);
        set(&mut book.asks, &snapshot.asks);
        book
    }

    /// Applies a change; one that is in the book already changes nothing.
    pub(crate) fn apply(&mut self, delta: &BookDelta) {
        if delta.last_update_id <= self.last_update_id {
            return;
        }
        self.last_update_id = delta.last_update_id;
        set(&mut self.bids, &delta.bids);
        set(&mut self.asks, &delta.asks);
    }

    /// The best levels of each side.
    pub(crate) fn snapshot(&self, levels: usize) -> BookSnapshot {
        let level = |(price, quantity): (&Price, &Quantity)| Level {
            price: *price,
            quantity: *quantity,
        };
        BookSnapshot {
            checksum: None,
            last_update_id: self.last_update_id,
            time: None,
            bids: self.bids.iter().rev().take(levels).map(level).collect(),
            asks: self.asks.iter().take(levels).map(level).collect(),
        }
    }
}

/// Changes of a book that are told together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gathered {
    first: Option<u64>,
    last: u64,
    bids: BTreeMap<Price, Quantity>,
    asks: BTreeMap<Price, Quantity>,
}

impl Gathered {
    pub(crate) fn add(&mut self, delta: &BookDelta) {
        self.first.get_or_insert(delta.first_update_id);
        self.last = delta.last_update_id;
        self.bids
            .extend(delta.bids.iter().map(|l| (l.price, l.quantity)));
        self.asks
            .extend(delta.asks.iter().map(|l| (l.price, l.quantity)));
    }

    pub(crate) fn take(&mut self) -> Option<BookDelta> {
        let first_update_id = self.first.take()?;
        let levels = |side: BTreeMap<Price, Quantity>| {
            side.into_iter()
                .map(|(price, quantity)| Level { price, quantity })
        };
        let gathered = std::mem::take(self);
        let mut bids: Vec<Level> = levels(gathered.bids).collect();
        bids.reverse();
        Some(BookDelta {
            checksum: None,
            first_update_id,
            last_update_id: gathered.last,
            previous_update_id: None,
            time: None,
            bids,
            asks: levels(gathered.asks).collect(),
        })
    }
}

/// What the venue shows of a listing now.
#[derive(Debug, Clone, Default)]
pub(crate) struct Board {
    /// Which trades have happened.
    pub(crate) mark: Mark,
    /// The best levels, as last told.
    pub(crate) quote: Option<Quote>,
    pub(crate) book: Option<Book>,
    /// Changes that the slow depth stream has yet to tell.
    pub(crate) slow: Gathered,
}
