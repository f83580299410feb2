//! The order book behind a generated listing: made to agree with its trades, and counted as the
//! venue counts (each change of a level is one update id).

use std::collections::BTreeMap;

use quantflow_model::{BookDelta, BookSnapshot, Level, Quote, Side, Timestamp};

use crate::random::Random;
use crate::row::Units;

/// Levels a side at the beginning.
const START: usize = 100;
/// A side is filled up below so many levels,
const FEW: usize = 40;
/// and cut at its far end above so many.
const MANY: usize = 200;

/// A book in ticks and lots.
#[derive(Debug, Clone)]
pub(super) struct BookMaker {
    random: Random,
    usual_lots: u64,
    bids: BTreeMap<i64, i64>,
    asks: BTreeMap<i64, i64>,
    /// The number of the last change.
    update: u64,
    /// The number of the last change that was told as a delta.
    told: u64,
    /// What changed since: side (offers: true) and price, with the quantity that stands there now.
    changed: BTreeMap<(bool, i64), i64>,
    /// The best levels as last told by a quote.
    quoted: Option<[i64; 4]>,
}

impl BookMaker {
    /// A full book with its best bid at `bid`, whose last update has the number `update`.
    pub(super) fn new(seed: u64, usual_lots: u64, bid: i64, update: u64) -> Self {
        let mut book = Self {
            random: Random::new(seed),
            usual_lots,
            bids: BTreeMap::new(),
            asks: BTreeMap::new(),
            update,
            told: update,
            changed: BTreeMap::new(),
            quoted: None,
        };
        book.fill(bid, START);
        book.update = update;
        book.changed.clear();
        book
    }

    fn quantity(&mut self) -> i64 {
        let bits = self.random.next();
        let size = 1 + self.random.below(self.usual_lots.max(1) * 2);
        (size << bits.trailing_zeros().min(5)) as i64
    }

    fn set(&mut self, ask: bool, price: i64, quantity: i64) {
        let side = if ask { &mut self.asks } else { &mut self.bids };
        let before = if quantity == 0 {
            side.remove(&price)
        } else {
            side.insert(price, quantity)
        };
        if before.unwrap_or(0) != quantity {
            self.update += 1;
            self.changed.insert((ask, price), quantity);
        }
    }

    fn best_bid(&self) -> Option<(i64, i64)> {
        self.bids.last_key_value().map(|(p, q)| (*p, *q))
    }

    fn best_ask(&self) -> Option<(i64, i64)> {
        self.asks.first_key_value().map(|(p, q)| (*p, *q))
    }

    /// Fills both sides up to `levels`, away from the best.
    fn fill(&mut self, bid: i64, levels: usize) {
        for ask in [false, true] {
            loop {
                let side = if ask { &self.asks } else { &self.bids };
                if side.len() >= levels {
                    break;
                }
                let far = if ask {
                    side.last_key_value()
                } else {
                    side.first_key_value()
                };
                let step = 1 + self.random.below(1 + side.len() as u64 / 8) as i64;
                let price = match far {
                    None if ask => bid + 1,
                    None => bid,
                    Some((far, _)) if ask => far + step,
                    Some((far, _)) => far - step,
                };
                if price < 1 {
                    break;
                }
                let quantity = self.quantity();
                self.set(ask, price, quantity);
            }
        }
    }

    /// Moves the middle: the best bid stands at `bid`, the best offer a tick above.
    pub(super) fn shift(&mut self, bid: i64) {
        while let Some((price, _)) = self.best_ask().filter(|(price, _)| *price <= bid) {
            self.set(true, price, 0);
        }
        while let Some((price, _)) = self.best_bid().filter(|(price, _)| *price > bid) {
            self.set(false, price, 0);
        }
        if self.best_bid().is_none_or(|(price, _)| price < bid) {
            let quantity = self.quantity();
            self.set(false, bid, quantity);
        }
        if self.best_ask().is_none_or(|(price, _)| price > bid + 1) {
            let quantity = self.quantity();
            self.set(true, bid + 1, quantity);
        }
    }

    /// A taker takes from the level at a price, and everything better.
    pub(super) fn take(&mut self, side: Side, price: i64, quantity: i64) {
        let ask = side == Side::Buy;
        if ask {
            while let Some((better, _)) = self.best_ask().filter(|(p, _)| *p < price) {
                self.set(true, better, 0);
            }
        } else {
            while let Some((better, _)) = self.best_bid().filter(|(p, _)| *p > price) {
                self.set(false, better, 0);
            }
        }
        let stands = if ask { &self.asks } else { &self.bids }
            .get(&price)
            .copied()
            .unwrap_or(0);
        let left = if stands > quantity {
            stands - quantity
        } else {
            // it was larger than it showed, or is gone with this trade
            self.random.below(3) as i64 * (1 + self.random.below(self.usual_lots) as i64)
        };
        self.set(ask, price, left);
    }

    /// What happens without trades: some orders come and go near the middle.
    pub(super) fn stir(&mut self) {
        for _ in 0..=self.random.below(3) {
            let ask = self.random.chance(0.5);
            let place = self.random.below(20) as usize;
            let price = if ask {
                self.asks.keys().nth(place)
            } else {
                self.bids.keys().rev().nth(place)
            };
            if let Some(&price) = price {
                // the best level stays: the middle moves by `shift` only
                let goes = place > 0 && self.random.chance(0.3);
                let quantity = if goes { 0 } else { self.quantity() };
                self.set(ask, price, quantity);
            }
        }
        if let Some((bid, _)) = self.best_bid()
            && (self.bids.len() < FEW || self.asks.len() < FEW)
        {
            self.fill(bid, FEW);
        }
        while self.bids.len() > MANY {
            let Some((&price, _)) = self.bids.first_key_value() else {
                break;
            };
            self.set(false, price, 0);
        }
        while self.asks.len() > MANY {
            let Some((&price, _)) = self.asks.last_key_value() else {
                break;
            };
            self.set(true, price, 0);
        }
    }

    /// The best levels, if they are others than last told.
    pub(super) fn quote(&mut self, units: Units) -> Option<Quote> {
        let ((bid, bid_quantity), (ask, ask_quantity)) = self.best_bid().zip(self.best_ask())?;
        let now = [bid, bid_quantity, ask, ask_quantity];
        if self.quoted.replace(now) == Some(now) {
            return None;
        }
        Some(Quote {
            bid: units.price(bid),
            bid_quantity: units.quantity(i128::from(bid_quantity)),
            ask: units.price(ask),
            ask_quantity: units.quantity(i128::from(ask_quantity)),
            update_id: Some(self.update),
            time: None,
        })
    }

    /// All levels.
    pub(super) fn snapshot(&self, units: Units) -> BookSnapshot {
        let level = |(price, quantity): (&i64, &i64)| Level {
            price: units.price(*price),
            quantity: units.quantity(i128::from(*quantity)),
        };
        BookSnapshot {
            checksum: None,
            last_update_id: self.update,
            time: None,
            bids: self.bids.iter().rev().map(level).collect(),
            asks: self.asks.iter().map(level).collect(),
        }
    }

    /// What changed since the last delta, if anything.
    pub(super) fn delta(&mut self, units: Units, time: Timestamp) -> Option<BookDelta> {
        if self.update == self.told {
            return None;
        }
        let first_update_id = self.told + 1;
        self.told = self.update;
        let changed = std::mem::take(&mut self.changed);
        let levels = |wanted: bool| {
            let side = changed.iter().filter(move |((ask, _), _)| *ask == wanted);
            side.map(|((_, price), quantity)| Level {
                price: units.price(*price),
                quantity: units.quantity(i128::from(*quantity)),
            })
        };
        let mut bids: Vec<Level> = levels(false).collect();
        bids.reverse();
        Some(BookDelta {
            checksum: None,
            first_update_id,
            last_update_id: self.update,
            previous_update_id: None,
            time: Some(time),
            bids,
            asks: levels(true).collect(),
        })
    }
}
