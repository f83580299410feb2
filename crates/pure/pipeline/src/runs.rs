//! [`Run`]: the known trades beside a hole that one aggregate with missing trades may also hold.

use std::collections::VecDeque;

use quantflow_model::{Decimal, Price, Side, Trade};
use serde::{Deserialize, Serialize};

/// An aggregate that holds more known trades than this cannot be split any more.
const LONGEST: usize = 256;

/// Neighbouring trades at one price and of one side, without a gap. An aggregate is one taker's
/// fills at one price, so no others can share one with the trades missing beside them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Run {
    price: Price,
    side: Side,
    /// Ascending and without a gap.
    rows: Rows,
    /// Whether a trade of another price or side follows, so that nothing can be added.
    ended: bool,
}

/// First id, last id, quantity.
type Row = (u128, u128, Decimal);

/// Rows of which the newest lies at hand: most runs are of one trade, and memory of their own is
/// seldom in the cache where many symbols trade in turn.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "VecDeque<Row>", into = "VecDeque<Row>")]
struct Rows {
    /// Empty where there is no newest.
    older: VecDeque<Row>,
    newest: Option<Row>,
}

impl From<VecDeque<Row>> for Rows {
    fn from(mut older: VecDeque<Row>) -> Self {
        let newest = older.pop_back();
        Self { older, newest }
    }
}

impl From<Rows> for VecDeque<Row> {
    fn from(rows: Rows) -> Self {
        let Rows { mut older, newest } = rows;
        older.extend(newest);
        older
    }
}

impl Rows {
    #[inline]
    fn len(&self) -> usize {
        self.older.len() + usize::from(self.newest.is_some())
    }

    #[inline]
    fn clear(&mut self) {
        self.older.clear();
        self.newest = None;
    }

    fn oldest(&self) -> Option<&Row> {
        self.older.front().or(self.newest.as_ref())
    }

    #[inline]
    fn push_newest(&mut self, row: Row) {
        if let Some(before) = self.newest.replace(row) {
            self.older.push_back(before);
        }
    }

    fn push_oldest(&mut self, row: Row) {
        if self.newest.is_some() {
            self.older.push_front(row);
        } else {
            self.newest = Some(row);
        }
    }

    fn pop_newest(&mut self) {
        self.newest = self.older.pop_back();
    }

    fn iter(&self) -> impl Iterator<Item = &Row> {
        self.older.iter().chain(&self.newest)
    }
}

fn row_of(trade: &Trade) -> Row {
    (trade.id.0, trade.last_id().0, trade.quantity.0)
}

impl Run {
    fn only(trade: &Trade) -> Self {
        Self {
            price: trade.price,
            side: trade.side,
            rows: Rows {
                newest: Some(row_of(trade)),
                ..Rows::default()
            },
            ended: false,
        }
    }

    fn takes(&self, trade: &Trade) -> bool {
        trade.price == self.price && trade.side == self.side && self.rows.newest.is_some()
    }

    /// The last id in it.
    pub(crate) fn last(&self) -> Option<u128> {
        self.rows.newest.map(|row| row.1)
    }

    /// The first id in it.
    pub(crate) fn first(&self) -> Option<u128> {
        self.rows.oldest().map(|row| row.0)
    }

    /// A trade follows the newest one: what matters is the run that ends with it.
    #[inline]
    pub(crate) fn push_newest(&mut self, trade: &Trade) {
        if self.takes(trade) && self.last() == Some(trade.id.previous().0) {
            if self.rows.len() == LONGEST {
                self.rows.older.pop_front();
            }
        } else {
            self.rows.clear();
            self.price = trade.price;
            self.side = trade.side;
        }
        self.rows.push_newest(row_of(trade));
    }

    /// A trade before the oldest one: what matters is the run that begins with it.
    pub(crate) fn push_oldest(&mut self, trade: &Trade) {
        if self.takes(trade) && self.first() == Some(trade.last_id().next().0) {
            self.rows.push_oldest(row_of(trade));
            if self.rows.len() > LONGEST {
                self.rows.pop_newest();
            }
        } else {
            *self = Self::only(trade);
        }
    }

    /// A trade that follows the last of a run that begins at a hole's end.
    pub(crate) fn extend_up(&mut self, trade: &Trade) {
        if self.last() == Some(trade.id.previous().0) && !self.ended {
            self.ended = !self.takes(trade) || self.rows.len() >= LONGEST;
            if !self.ended {
                self.rows.push_newest(row_of(trade));
            }
        }
    }

    /// A trade that comes just before a run that ends at a hole's beginning.
    pub(crate) fn extend_down(&mut self, trade: &Trade) {
        if self.first() == Some(trade.last_id().next().0) && !self.ended {
            self.ended = !self.takes(trade) || self.rows.len() >= LONGEST;
            if !self.ended {
                self.rows.push_oldest(row_of(trade));
            }
        }
    }

    /// The quantity of exactly the trades `from..=to`, if they are all in it and at this price.
    pub(crate) fn quantity(&self, from: u128, to: u128, price: Price) -> Option<Decimal> {
        if price != self.price {
            return None;
        }
        let mut expected = from;
        let mut sum = Decimal::ZERO;
        for &(first, last, quantity) in self.rows.iter().filter(|r| r.0 >= from && r.1 <= to) {
            if first != expected {
                return None;
            }
            sum = sum.checked_add(quantity)?;
            expected = last.saturating_add(1);
        }
        (expected == to.saturating_add(1)).then_some(sum)
    }
}
