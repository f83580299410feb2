//! [`Recent`]: the content of the newest trades, to notice when one comes again with another.

use quantflow_model::Trade;
use serde::{Deserialize, Serialize};

/// How many of the newest trades are remembered by content.
const RECENT: usize = 64;

/// Content of recent trades, at `id % RECENT`: low bits of the id, and a hash.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Recent(Vec<(u32, u32)>);

impl Recent {
    /// Remembers a trade, for as long as [`RECENT`] later ids.
    #[inline]
    pub(super) fn remember(&mut self, trade: &Trade) {
        if self.0.is_empty() {
            self.0.resize(RECENT, (0, 0));
        }
        let at = (trade.id.0 % RECENT as u128) as usize;
        self.0[at] = (trade.id.0 as u32, content(trade));
    }

    /// Whether a trade that is held already came with another content this time. `false` where that
    /// is not remembered.
    pub(super) fn contradicts(&self, trade: &Trade) -> bool {
        let at = (trade.id.0 % RECENT as u128) as usize;
        self.0.get(at).is_some_and(|&(id, hash)| {
            id == trade.id.0 as u32 && hash != 0 && hash != content(trade)
        })
    }
}

/// A hash of what a trade says, flags apart; never 0.
#[inline]
fn content(trade: &Trade) -> u32 {
    const MIX: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut hash = trade.time.nanos() as u64;
    for part in [
        trade.price.0.mantissa() as u64,
        trade.quantity.0.mantissa() as u64,
        u64::from(trade.price.0.scale()) << 8 | u64::from(trade.quantity.0.scale()),
        u64::from(trade.count) << 2 | u64::from(trade.side.code()),
    ] {
        hash = (hash.rotate_left(23) ^ part).wrapping_mul(MIX);
    }
    ((hash >> 32) as u32).max(1)
}
