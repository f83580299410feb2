//! Order books as they come: a snapshot, and changes to it.

use serde::{Deserialize, Serialize};

use crate::{Price, Quantity, Timestamp};

/// How much stands at a price. A quantity of zero in a delta removes the level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// The price.
    pub price: Price,
    /// How much stands there now (not a difference).
    pub quantity: Quantity,
}

/// What a venue says a book's checksum is after a message, with what is needed to write its levels as
/// the venue does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookChecksum {
    /// The venue's checksum, as bits (a negative one as its two's complement).
    pub expected: u32,
    /// Decimals with which the venue writes prices of this book, where the rule needs them.
    pub price_decimals: Option<u8>,
    /// Decimals with which it writes quantities.
    pub quantity_decimals: Option<u8>,
}

/// A whole book, or its best levels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookSnapshot {
    /// The venue's number of the last update that is in it; 0 where it numbers none.
    pub last_update_id: u64,
    /// The venue's time, where it says one.
    pub time: Option<Timestamp>,
    /// Bids, best first.
    pub bids: Vec<Level>,
    /// Offers, best first.
    pub asks: Vec<Level>,
    /// What the venue says the checksum is, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<BookChecksum>,
}

/// Changes to a book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookDelta {
    /// The venue's number of the first update in it.
    pub first_update_id: u64,
    /// The venue's number of the last update in it.
    pub last_update_id: u64,
    /// The last update of the delta before it, where the venue says so.
    pub previous_update_id: Option<u64>,
    /// The venue's time, where it says one.
    pub time: Option<Timestamp>,
    /// Changed bid levels, in the venue's order.
    pub bids: Vec<Level>,
    /// Changed offer levels, in the venue's order.
    pub asks: Vec<Level>,
    /// What the venue says the checksum is once they are applied, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<BookChecksum>,
}
