//! A book kept as documents say, to hold recorded books against.

use std::collections::BTreeMap;

use quantflow_model::{BookDelta, BookSnapshot, Decimal, Level};

/// Levels by price.
#[derive(Debug, Default)]
pub(crate) struct Ladder {
    pub(crate) last_update_id: u64,
    pub(crate) bids: BTreeMap<Decimal, Decimal>,
    pub(crate) asks: BTreeMap<Decimal, Decimal>,
}

impl Ladder {
    pub(crate) fn of(snapshot: &BookSnapshot) -> Self {
        let mut ladder = Self {
            last_update_id: snapshot.last_update_id,
            ..Self::default()
        };
        set(&mut ladder.bids, &snapshot.bids);
        set(&mut ladder.asks, &snapshot.asks);
        ladder
    }

    pub(crate) fn apply(&mut self, delta: &BookDelta) {
        set(&mut self.bids, &delta.bids);
        set(&mut self.asks, &delta.asks);
        self.last_update_id = delta.last_update_id;
        if let (Some((bid, _)), Some((ask, _))) =
            (self.bids.last_key_value(), self.asks.first_key_value())
        {
            assert!(bid < ask, "crossed at {}: {bid} {ask}", self.last_update_id);
        }
    }

    /// Best bid, its quantity, best offer, its quantity.
    pub(crate) fn top(&self) -> Option<[Decimal; 4]> {
        let (bid, bid_quantity) = self.bids.last_key_value()?;
        let (ask, ask_quantity) = self.asks.first_key_value()?;
        Some([*bid, *bid_quantity, *ask, *ask_quantity])
    }
}

fn set(side: &mut BTreeMap<Decimal, Decimal>, levels: &[Level]) {
    for level in levels {
        if level.quantity.0.is_zero() {
            side.remove(&level.price.0);
        } else {
            side.insert(level.price.0, level.quantity.0);
        }
    }
}
