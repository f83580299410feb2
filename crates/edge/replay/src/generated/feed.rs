//! The walk along a generated market: a tenth of a second at a time, all listings in order of time.

use std::collections::VecDeque;
use std::sync::Arc;

use quantflow_model::Timestamp;
use quantflow_wire::{EventKind, TradeEvent};

use super::Inner;
use super::book::BookMaker;
use super::trades::{Order, SecondPlan};
use crate::market::{Feed, Mark, MarketEvent};
use crate::random::hash;

/// How often a book's changes are told: the venue's fastest depth stream.
const SLOT: i64 = 100_000_000;
const SLOTS_A_SECOND: i64 = 10;

/// A walk along a generated market.
pub(super) struct GeneratedFeed {
    market: Arc<Inner>,
    /// Nothing before it is told.
    from: Timestamp,
    /// The next slot to make.
    slot: i64,
    tracks: Vec<Track>,
    ready: VecDeque<MarketEvent>,
    making: Vec<MarketEvent>,
}

/// What the walk knows of one listing.
struct Track {
    plan: SecondPlan,
    orders: Vec<Order>,
    next_order: usize,
    book: Option<BookMaker>,
}

impl std::fmt::Debug for GeneratedFeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GeneratedFeed")
            .field("from", &self.from)
            .field("slot", &self.slot)
            .finish_non_exhaustive()
    }
}

impl GeneratedFeed {
    pub(super) fn new(market: Arc<Inner>, from: Timestamp) -> Self {
        let from = from.max(market.begins);
        let slot = from.nanos().div_euclid(SLOT);
        let second = slot.div_euclid(SLOTS_A_SECOND);
        let mut ready = VecDeque::new();
        let mut tracks = Vec::new();
        for (listing, source) in market.sources.iter().enumerate() {
            let plan = source.plan(second);
            let mut book = market.books.then(|| {
                let seed = hash(source.seed() ^ 0xb00c, slot as u64);
                // far enough apart that a later start has larger numbers, as at the venue
                let update = 1 + slot.unsigned_abs() * 100;
                BookMaker::new(seed, source.usual_lots(), plan.bid_at(0.0), update)
            });
            if let Some(book) = &mut book {
                let units = market.listings[listing].units;
                let kinds = [
                    Some(EventKind::BookSnapshot(book.snapshot(units))),
                    book.quote(units).map(EventKind::Quote),
                ];
                ready.extend(kinds.into_iter().flatten().map(|kind| MarketEvent {
                    time: from,
                    listing,
                    kind,
                    mark: None,
                }));
            }
            tracks.push(Track {
                plan,
                orders: Vec::new(),
                next_order: 0,
                book,
            });
        }
        let mut feed = Self {
            market,
            from,
            slot,
            tracks,
            ready,
            making: Vec::new(),
        };
        for listing in 0..feed.tracks.len() {
            feed.load_orders(listing);
            let track = &mut feed.tracks[listing];
            track.next_order = track
                .orders
                .partition_point(|order| order.aggregate.time < from);
        }
        feed
    }

    fn load_orders(&mut self, listing: usize) {
        let track = &mut self.tracks[listing];
        track.orders.clear();
        track.next_order = 0;
        let plan = track.plan;
        plan.orders(|order| track.orders.push(order));
    }

    /// Makes the events of one slot.
    fn make_slot(&mut self) {
        let second = self.slot.div_euclid(SLOTS_A_SECOND);
        let end = Timestamp::from_nanos((self.slot + 1).saturating_mul(SLOT));
        let part = (self.slot.rem_euclid(SLOTS_A_SECOND) + 1) as f64 / SLOTS_A_SECOND as f64;
        for listing in 0..self.tracks.len() {
            if self.tracks[listing].plan.second != second {
                self.tracks[listing].plan = self.market.sources[listing].plan(second);
                self.load_orders(listing);
            }
            let units = self.market.listings[listing].units;
            let track = &mut self.tracks[listing];
            let making = &mut self.making;
            let mut put = |time, kind, mark| {
                making.push(MarketEvent {
                    time,
                    listing,
                    kind,
                    mark,
                });
            };
            while let Some(order) = track.orders.get(track.next_order) {
                let aggregate = order.aggregate;
                if aggregate.time >= end {
                    break;
                }
                track.next_order += 1;
                if let Some(book) = &mut track.book {
                    let offset = aggregate.time.nanos().rem_euclid(1_000_000_000);
                    book.shift(track.plan.bid_at(offset as f64 / 1e9));
                    book.take(aggregate.side, aggregate.price, aggregate.quantity);
                }
                for row in order.rows() {
                    let trade = EventKind::Trade(TradeEvent {
                        trade: units.trade(&row),
                        orders: None,
                    });
                    put(row.time, trade, Some(Mark(row.id + 1)));
                }
                let kind = EventKind::AggregateTrade(units.aggregate(&aggregate));
                put(aggregate.time, kind, None);
                if let Some(book) = &mut track.book
                    && let Some(quote) = book.quote(units)
                {
                    put(aggregate.time, EventKind::Quote(quote), None);
                }
            }
            if let Some(book) = &mut track.book {
                // the end of a slot is the beginning of the next: told a nanosecond before, so
                // that it never stands behind what the next slot brings
                let time = end.plus_nanos(-1);
                book.shift(track.plan.bid_at(part));
                book.stir();
                if let Some(quote) = book.quote(units) {
                    put(time, EventKind::Quote(quote), None);
                }
                if let Some(delta) = book.delta(units, time) {
                    put(time, EventKind::BookDelta(delta), None);
                }
            }
        }
        // stable: what one listing said at one instant stays in its order
        self.making.sort_by_key(|event| event.time);
        let from = self.from;
        self.ready
            .extend(self.making.drain(..).filter(|event| event.time >= from));
        self.slot += 1;
    }

    fn ready(&mut self) -> bool {
        if self.tracks.is_empty() {
            return false;
        }
        while self.ready.is_empty() {
            self.make_slot();
        }
        true
    }
}

impl Feed for GeneratedFeed {
    fn next_time(&mut self) -> Option<Timestamp> {
        self.ready()
            .then(|| self.ready.front().map(|event| event.time))?
    }

    fn next(&mut self) -> Option<MarketEvent> {
        self.ready().then(|| self.ready.pop_front())?
    }
}
