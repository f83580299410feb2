//! [`Trade`]: one execution, as its venue published it.

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Price, Quantity, Timestamp};

/// A venue's number for a trade. Wide enough for venues whose ids are UUIDs; where ids are
/// contiguous, id arithmetic is what finds gaps.
///
/// Written as a number where it fits 64 bits, else as decimal text: serde carries no larger number
/// through a tagged enum, and JSON readers would round it. Both forms are read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TradeId(pub u128);

impl Serialize for TradeId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match u64::try_from(self.0) {
            Ok(small) => serializer.serialize_u64(small),
            Err(_) => serializer.collect_str(&self.0),
        }
    }
}

impl<'de> Deserialize<'de> for TradeId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TradeIdVisitor)
    }
}

struct TradeIdVisitor;

impl Visitor<'_> for TradeIdVisitor {
    type Value = TradeId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a trade id: a whole number, as a number or as text")
    }

    fn visit_u64<E: de::Error>(self, id: u64) -> Result<TradeId, E> {
        Ok(TradeId(u128::from(id)))
    }

    fn visit_i64<E: de::Error>(self, id: i64) -> Result<TradeId, E> {
        u128::try_from(id)
            .map(TradeId)
            .map_err(|_| E::invalid_value(de::Unexpected::Signed(id), &self))
    }

    fn visit_u128<E: de::Error>(self, id: u128) -> Result<TradeId, E> {
        Ok(TradeId(id))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<TradeId, E> {
        text.parse()
            .map(TradeId)
            .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

impl TradeId {
    /// The id that follows.
    #[inline]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The id before.
    #[inline]
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl fmt::Display for TradeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for TradeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Who took liquidity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Side {
    /// The venue does not say (auctions, some tapes).
    #[default]
    Unknown = 0,
    /// The taker bought: the buyer lifted an offer.
    Buy = 1,
    /// The taker sold: the seller hit a bid.
    Sell = 2,
}

impl Side {
    /// Its code in columns: 0 unknown, 1 buy, 2 sell.
    #[inline]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// From its code in columns; any other code is unknown.
    #[inline]
    pub const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::Buy,
            2 => Self::Sell,
            _ => Self::Unknown,
        }
    }
}

/// Marks that cleaning rules put on a trade that is kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TradeFlags(pub u8);

impl TradeFlags {
    /// Nothing was remarkable.
    pub const NONE: Self = Self(0);
    /// The price lies outside the robust band around recent prices.
    pub const OUTLIER: Self = Self(1);
    /// It came after its candle had closed.
    pub const LATE: Self = Self(2);
    /// It was fetched to repair a gap.
    pub const REPAIRED: Self = Self(4);
    /// It stands for several of the venue's trades at one price.
    pub const AGGREGATE: Self = Self(8);

    /// Both sets of marks.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all marks of `other` are set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The names of the marks that are set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        [
            (Self::OUTLIER, "outlier"),
            (Self::LATE, "late"),
            (Self::REPAIRED, "repaired"),
            (Self::AGGREGATE, "aggregate"),
        ]
        .into_iter()
        .filter(move |(flag, _)| self.has(*flag))
        .map(|(_, name)| name)
    }
}

impl fmt::Debug for TradeFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// One execution: exact, in the venue's own time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trade {
    /// The venue's number for it; the first of them when `count` is more than one.
    pub id: TradeId,
    /// When the venue says it happened.
    pub time: Timestamp,
    /// Its price.
    pub price: Price,
    /// How much of the base changed hands.
    pub quantity: Quantity,
    /// The taker's side.
    pub side: Side,
    /// What cleaning said of it.
    pub flags: TradeFlags,
    /// How many consecutive trades of the venue this row stands for: 1, unless only an aggregate
    /// (one taker order, one price) could be had.
    pub count: u32,
}

impl Trade {
    /// The last of the venue's ids that this row stands for.
    #[inline]
    pub const fn last_id(&self) -> TradeId {
        TradeId(
            self.id
                .0
                .saturating_add((self.count as u128).saturating_sub(1)),
        )
    }

    /// Where it stands by venue time, then id.
    #[inline]
    pub const fn key(&self) -> TradeKey {
        TradeKey {
            time: self.time,
            id: self.id,
        }
    }
}

/// A trade's place by venue time, then id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TradeKey {
    /// When the venue says it happened.
    pub time: Timestamp,
    /// The venue's number for it.
    pub id: TradeId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_comes_back_also_from_a_tagged_enum() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "what")]
        enum Tagged {
            One { id: TradeId },
        }
        for (id, text) in [
            (0, "0"),
            (u128::from(u64::MAX), "18446744073709551615"),
            (u128::MAX, "\"340282366920938463463374607431768211455\""),
        ] {
            let tagged = Tagged::One { id: TradeId(id) };
            let json = serde_json::to_string(&tagged).unwrap();
            assert_eq!(json, format!(r#"{{"what":"One","id":{text}}}"#));
            assert_eq!(serde_json::from_str::<Tagged>(&json).unwrap(), tagged);
        }
        for wrong in ["-1", "1.5", "\"-1\"", "\"x\"", "null"] {
            assert!(serde_json::from_str::<TradeId>(wrong).is_err(), "{wrong}");
        }
    }
}
