//! [`RecordedFeed`]: a walk along a recording.

use std::sync::Arc;

use quantflow_model::Timestamp;
use quantflow_wire::{EventKind, TradeEvent};

use super::{Inner, ItemKind};
use crate::market::{Feed, Mark, MarketEvent};

/// A walk along a recording.
#[derive(Debug)]
pub(super) struct RecordedFeed {
    pub(super) market: Arc<Inner>,
    pub(super) next: usize,
    pub(super) lap: u64,
    pub(super) from: Timestamp,
    /// Book events before the beginning, told at the beginning.
    pub(super) books: std::vec::IntoIter<usize>,
}

impl RecordedFeed {
    fn shift(&self) -> i64 {
        self.market
            .lap
            .unwrap_or(0)
            .saturating_mul(i64::try_from(self.lap).unwrap_or(i64::MAX))
    }
}

impl Feed for RecordedFeed {
    fn next_time(&mut self) -> Option<Timestamp> {
        if !self.books.as_slice().is_empty() {
            return Some(self.from);
        }
        if self.next >= self.market.items.len() && self.market.lap.is_some() {
            self.lap += 1;
            self.next = 0;
        }
        let item = self.market.items.get(self.next)?;
        Some(item.time.plus_nanos(self.shift()))
    }

    fn next(&mut self) -> Option<MarketEvent> {
        let time = self.next_time()?;
        let at = if let Some(at) = self.books.next() {
            at
        } else {
            self.next += 1;
            self.next - 1
        };
        let item = self.market.items.get(at)?;
        let listing = item.listing as usize;
        let tape = self.market.tapes.get(listing)?;
        let units = self.market.listings.get(listing)?.units;
        let (kind, mark) = match &item.kind {
            ItemKind::Trade(place) => {
                let place = self.lap * tape.rows.len() as u64 + u64::from(*place);
                let row = tape.row(place, self.market.lap)?;
                let trade = units.trade(&row);
                let trade = TradeEvent {
                    trade,
                    orders: None,
                };
                (EventKind::Trade(trade), Some(Mark(place + 1)))
            }
            ItemKind::Aggregate(place) => {
                let place = self.lap * tape.aggregates.len() as u64 + u64::from(*place);
                let (row, _) = tape.aggregate(place, self.market.lap)?;
                (EventKind::AggregateTrade(units.aggregate(&row)), None)
            }
            ItemKind::Other(kind) => ((**kind).clone(), None),
        };
        Some(MarketEvent {
            time,
            listing,
            kind,
            mark,
        })
    }
}
