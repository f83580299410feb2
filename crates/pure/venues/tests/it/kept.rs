//! A book kept from what a venue says, as simply as can be: what codecs' books are checked with.

use std::collections::BTreeMap;

use quantflow_model::{Level, Price, Quantity};

#[derive(Default)]
pub(crate) struct Book {
    bids: BTreeMap<Price, Quantity>,
    asks: BTreeMap<Price, Quantity>,
}

impl Book {
    /// Begins anew with these levels.
    pub(crate) fn whole(bids: &[Level], asks: &[Level]) -> Self {
        let mut book = Self::default();
        book.change(bids, asks);
        book
    }

    /// Sets levels; those of no quantity are removed.
    pub(crate) fn change(&mut self, bids: &[Level], asks: &[Level]) {
        for (side, levels) in [(&mut self.bids, bids), (&mut self.asks, asks)] {
            for level in levels {
                if level.quantity.0.is_zero() {
                    side.remove(&level.price);
                } else {
                    side.insert(level.price, level.quantity);
                }
            }
        }
    }

    /// Bids and asks, best first.
    pub(crate) fn sides(&self) -> [Vec<Level>; 2] {
        let level = |(price, quantity): (&Price, &Quantity)| Level {
            price: *price,
            quantity: *quantity,
        };
        [
            self.bids.iter().rev().map(level).collect(),
            self.asks.iter().map(level).collect(),
        ]
    }

    /// Whether the best bid is below the best ask; an empty side crosses nothing.
    pub(crate) fn is_uncrossed(&self) -> bool {
        match (self.bids.last_key_value(), self.asks.first_key_value()) {
            (Some((bid, _)), Some((ask, _))) => bid < ask,
            _ => true,
        }
    }
}
