//! [`Quote`]: the best bid and offer.

use serde::{Deserialize, Serialize};

use crate::{Price, Quantity, Timestamp};

/// The best bid and offer with the amounts that stand there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// The highest price somebody pays.
    pub bid: Price,
    /// How much stands at the bid.
    pub bid_quantity: Quantity,
    /// The lowest price somebody sells at.
    pub ask: Price,
    /// How much stands at the offer.
    pub ask_quantity: Quantity,
    /// The venue's number of the book update that made it, where it has one.
    pub update_id: Option<u64>,
    /// The venue's time, where it says one.
    pub time: Option<Timestamp>,
}
