//! The ledger of completeness: what we know to be there, and what we know to be missing.

use serde::{Deserialize, Serialize};

use crate::{Symbol, TimeRange, Timeframe, Timestamp, TradeId, TradeKey};

/// Something that the ledger learned. Events are only ever added; the state of the ledger at a
/// time is what its events up to then say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEvent {
    /// About which symbol.
    pub symbol: Symbol,
    /// When we learned it: the receive time of the record that told us.
    pub known: Timestamp,
    /// What.
    pub kind: LedgerKind,
}

/// What the ledger learned.
///
/// Its serialised form is what stores keep: `{"found": {…}}`, the kind in snake case around its
/// fields. The kind stands outside because serde cannot carry numbers of 128 bits, as ids are,
/// through an enum whose tag stands among the fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerKind {
    /// The first trade that we have; of what came before nothing is known.
    Began {
        /// That trade.
        first: TradeKey,
    },
    /// Trades are missing.
    Found(Hole),
    /// Missing trades have come.
    Filled {
        /// The first id that came.
        from: TradeId,
        /// The last id that came.
        to: TradeId,
        /// As what.
        with: Filling,
    },
    /// Missing trades cannot be had.
    Unfillable {
        /// The first id.
        from: TradeId,
        /// The last id.
        to: TradeId,
        /// Why.
        reason: String,
    },
    /// One of our candles was compared with the venue's and differs.
    Differs {
        /// Which timeframe.
        timeframe: Timeframe,
        /// Which candle.
        open_time: Timestamp,
        /// Fields that differ, each with ours and theirs.
        fields: Vec<(String, String, String)>,
    },
    /// The venue's own candle says that it was not open to the end of the candle's time.
    Outage {
        /// Which timeframe.
        timeframe: Timeframe,
        /// Which candle.
        open_time: Timestamp,
        /// The last instant in it, as the venue says.
        close_time: Timestamp,
    },
    /// Everything that was traded in a span without a feed is there now.
    SpanFilled {
        /// From when.
        from: Timestamp,
        /// Until when.
        to: Timestamp,
    },
    /// What was traded in a span without a feed cannot be had.
    SpanUnfillable {
        /// From when.
        from: Timestamp,
        /// Until when.
        to: Timestamp,
        /// Why.
        reason: String,
    },
    /// Our feed of the symbol was down; in the venue's time, as far as its clock is known.
    FeedDown {
        /// From when.
        from: Timestamp,
        /// Until when.
        to: Timestamp,
        /// Why.
        reason: String,
    },
}

/// A range of trades that is missing between two that we have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hole {
    /// The first id that is missing.
    pub from: TradeId,
    /// The last id that is missing.
    pub to: TradeId,
    /// The venue's time of the last trade before the hole.
    pub after: Timestamp,
    /// The venue's time of the first trade past the hole.
    pub before: Timestamp,
}

impl Hole {
    /// The span of time in which the missing trades may lie, both ends inside.
    pub fn span(&self) -> TimeRange {
        let (start, end) = (self.after.min(self.before), self.after.max(self.before));
        TimeRange::new(start, end.plus_nanos(1))
    }

    /// How many trades are missing.
    pub fn count(&self) -> u128 {
        (self.to.0 - self.from.0.min(self.to.0)).saturating_add(1)
    }
}

/// As what missing trades came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filling {
    /// One by one.
    Trades,
    /// As aggregates: candles are exact, but single trades of the range are not known.
    Aggregates,
}

/// What happened to a symbol's trades on one day (UTC, by the venue's time). Totals: a later tally
/// of the same day takes the place of the earlier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayTally {
    /// Which symbol.
    pub symbol: Symbol,
    /// The day's midnight.
    pub day: Timestamp,
    /// The smallest id.
    pub first_id: Option<TradeId>,
    /// The largest id.
    pub last_id: Option<TradeId>,
    /// How many of the venue's trades we hold.
    pub count: u64,
    /// How many came again and were dropped.
    pub duplicates: u64,
    /// How many went to quarantine.
    pub quarantined: u64,
    /// How many were flagged and kept.
    pub flagged: u64,
    /// How many came after their candle had closed.
    pub late: u64,
    /// How many of our 1m candles equal the venue's own in every field.
    pub candles_equal: u64,
    /// How many differ.
    pub candles_different: u64,
}

/// Something that was not let in, with the reason and the bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// Which symbol, where that can be told.
    pub symbol: Option<Symbol>,
    /// The name of the rule that refused it.
    pub rule: String,
    /// Why, for people.
    pub reason: String,
    /// When the bytes were received.
    pub received: Timestamp,
    /// The venue's time, where it can be told.
    pub venue_time: Option<Timestamp>,
    /// The partition of the log in which it stands.
    pub partition: String,
    /// The log's epoch.
    pub epoch: u32,
    /// The record's offset there.
    pub offset: u64,
    /// Which part of the record (a message may hold many events), from 0.
    pub part: u32,
    /// The bytes, at most 64 KiB of them.
    #[serde(with = "serde_bytes_vec")]
    pub frame: Vec<u8>,
}

/// Frames as one byte string in binary formats.
mod serde_bytes_vec {
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        struct Bytes;
        impl<'de> serde::de::Visitor<'de> for Bytes {
            type Value = Vec<u8>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut seq: A,
            ) -> Result<Vec<u8>, A::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = seq.next_element()? {
                    bytes.push(byte);
                }
                Ok(bytes)
            }
        }
        deserializer.deserialize_byte_buf(Bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stores hold this form: it may grow, but what was written must be read.
    #[test]
    fn kinds_are_written_as_stores_keep_them() {
        let big = TradeId(u128::from(u64::MAX) + 1);
        let (time, day) = (Timestamp::EPOCH, Timestamp::from_seconds(86_400));
        let (timeframe, reason) = (Timeframe::H1, "reset".to_owned());
        for (kind, text) in [
            (
                LedgerKind::Began {
                    first: TradeKey { time, id: big },
                },
                r#"{"began":{"first":{"time":"1970-01-01T00:00:00Z","id":"18446744073709551616"}}}"#,
            ),
            (
                LedgerKind::Found(Hole {
                    from: TradeId(7),
                    to: big,
                    after: time,
                    before: day,
                }),
                r#"{"found":{"from":7,"to":"18446744073709551616","after":"1970-01-01T00:00:00Z","before":"1970-01-02T00:00:00Z"}}"#,
            ),
            (
                LedgerKind::Filled {
                    from: TradeId(7),
                    to: TradeId(8),
                    with: Filling::Aggregates,
                },
                r#"{"filled":{"from":7,"to":8,"with":"aggregates"}}"#,
            ),
            (
                LedgerKind::Unfillable {
                    from: TradeId(7),
                    to: big,
                    reason: reason.clone(),
                },
                r#"{"unfillable":{"from":7,"to":"18446744073709551616","reason":"reset"}}"#,
            ),
            (
                LedgerKind::Differs {
                    timeframe,
                    open_time: time,
                    fields: vec![("close".into(), "1".into(), "2".into())],
                },
                r#"{"differs":{"timeframe":"1h","open_time":"1970-01-01T00:00:00Z","fields":[["close","1","2"]]}}"#,
            ),
            (
                LedgerKind::Outage {
                    timeframe,
                    open_time: time,
                    close_time: day,
                },
                r#"{"outage":{"timeframe":"1h","open_time":"1970-01-01T00:00:00Z","close_time":"1970-01-02T00:00:00Z"}}"#,
            ),
            (
                LedgerKind::SpanFilled {
                    from: time,
                    to: day,
                },
                r#"{"span_filled":{"from":"1970-01-01T00:00:00Z","to":"1970-01-02T00:00:00Z"}}"#,
            ),
            (
                LedgerKind::SpanUnfillable {
                    from: time,
                    to: day,
                    reason: reason.clone(),
                },
                r#"{"span_unfillable":{"from":"1970-01-01T00:00:00Z","to":"1970-01-02T00:00:00Z","reason":"reset"}}"#,
            ),
            (
                LedgerKind::FeedDown {
                    from: time,
                    to: day,
                    reason,
                },
                r#"{"feed_down":{"from":"1970-01-01T00:00:00Z","to":"1970-01-02T00:00:00Z","reason":"reset"}}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&kind).unwrap(), text);
            assert_eq!(serde_json::from_str::<LedgerKind>(text).unwrap(), kind);
        }
    }
}
