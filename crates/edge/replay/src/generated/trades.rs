//! The trades of one second of one listing: a function of the seed and the second.

use quantflow_model::{Side, Timestamp};

use super::schedule::{ORDERS, TRADES};
use crate::random::{Random, hash};
use crate::row::{AggregateRow, Row};

/// How the five trades of a block fall on its three orders.
const SHAPES: [[u64; 3]; 6] = [
    [3, 1, 1],
    [1, 3, 1],
    [1, 1, 3],
    [2, 2, 1],
    [2, 1, 2],
    [1, 2, 2],
];

/// What the trades of a second are made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct SecondPlan {
    /// Of the listing.
    pub(super) seed: u64,
    /// Seconds since 1970.
    pub(super) second: i64,
    /// How many blocks stand before it.
    pub(super) first_block: u64,
    /// How many blocks it has.
    pub(super) blocks: u64,
    /// The middle of the market in ticks when it begins.
    pub(super) from: f64,
    /// And when it ends.
    pub(super) to: f64,
    /// A usual quantity, in lots.
    pub(super) usual_lots: u64,
}

/// One taker order at one price, with its trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) aggregate: AggregateRow,
    /// The quantities of its trades; the first `fills` are real.
    quantities: [i64; 3],
    fills: usize,
}

impl Order {
    /// Its trades.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row> + '_ {
        let aggregate = self.aggregate;
        self.quantities[..self.fills]
            .iter()
            .enumerate()
            .map(move |(i, &quantity)| Row {
                id: aggregate.first_id + i as u64,
                time: aggregate.time,
                price: aggregate.price,
                quantity,
                side: aggregate.side,
            })
    }
}

impl SecondPlan {
    /// The highest bid, in ticks, when `part` of the second is over; the lowest offer is a tick
    /// above it.
    pub(super) fn bid_at(&self, part: f64) -> i64 {
        ((self.from + (self.to - self.from) * part) as i64).max(1)
    }

    /// Calls `each` with every order, in order of time and id.
    pub(super) fn orders(&self, mut each: impl FnMut(Order)) {
        let mut random = Random::new(hash(self.seed ^ 0x5eed, self.second as u64));
        // buyers lead while it rises
        let leaning = match self.to - self.from {
            drift if drift > 0.5 => 0.62,
            drift if drift < -0.5 => 0.38,
            _ => 0.5,
        };
        for block in 0..self.blocks {
            let shape = SHAPES[random.below(6) as usize];
            let leader = random.chance(leaning);
            let mut part = random.unit() * 0.6;
            let mut walked = 0;
            let mut last = None;
            let number = self.first_block + block;
            let mut id = number * TRADES + 1;
            for (i, fills) in shape.into_iter().enumerate() {
                let buy = if random.chance(0.75) { leader } else { !leader };
                // a large taker walks on along the book
                walked = if last == Some(buy) && random.chance(0.35) {
                    walked + 1
                } else {
                    0
                };
                last = Some(buy);
                let bits = random.next();
                if i > 0 && bits.trailing_zeros() >= 2 {
                    part += (1.0 - part) * 0.3;
                }
                let whole = (block as f64 + part) / self.blocks as f64;
                let millis = self.second * 1_000 + (whole * 1_000.0) as i64;
                let bid = self.bid_at(whole);
                let price = if buy {
                    bid + 1 + walked
                } else {
                    (bid - walked).max(1)
                };
                let mut quantities = [0_i64; 3];
                for quantity in &mut quantities[..fills as usize] {
                    let bits = random.next();
                    let size = 1 + random.below(self.usual_lots.max(1));
                    // one in 2^n is 2^n times as large
                    *quantity = (size << bits.trailing_zeros().min(7)) as i64;
                }
                each(Order {
                    aggregate: AggregateRow {
                        id: number * ORDERS + 1 + i as u64,
                        first_id: id,
                        last_id: id + fills - 1,
                        time: Timestamp::from_millis(millis),
                        price,
                        quantity: quantities.iter().sum(),
                        side: if buy { Side::Buy } else { Side::Sell },
                    },
                    quantities,
                    fills: fills as usize,
                });
                id += fills;
            }
        }
    }
}
