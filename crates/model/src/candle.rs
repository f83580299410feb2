//! [`Candle`]: one price bar.

use serde::{Deserialize, Serialize};

use crate::{Notional, Price, Quantity, Timestamp, TradeKey};

/// Where a candle comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum CandleOrigin {
    /// Built here from trades.
    Trades = 0,
    /// The venue's own candle, or one that was imported.
    Venue = 1,
}

/// How final a candle is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CandleState {
    /// Its time is not over; the next trade may change it.
    Open,
    /// Its time is over.
    Closed,
    /// Closed, and changed since.
    Revised(RevisionCause),
}

/// Why a closed candle changed. Of several causes in one record the last of these counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RevisionCause {
    /// A trade came after its candle had closed.
    Late,
    /// Missing trades were fetched.
    Repair,
    /// History was imported or fetched.
    Backfill,
    /// The candle is the venue's, and the venue gave it again with other values.
    Venue,
}

impl CandleState {
    /// As it is stored: 0 open, 1 closed, 2 revised by a late trade, 3 by a repair, 4 by history
    /// that came, 5 by the venue.
    pub const fn code(self) -> u8 {
        match self {
            Self::Open => 0,
            Self::Closed => 1,
            Self::Revised(RevisionCause::Late) => 2,
            Self::Revised(RevisionCause::Repair) => 3,
            Self::Revised(RevisionCause::Backfill) => 4,
            Self::Revised(RevisionCause::Venue) => 5,
        }
    }

    /// The state of a code; `None` where there is none.
    pub const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Open,
            1 => Self::Closed,
            2 => Self::Revised(RevisionCause::Late),
            3 => Self::Revised(RevisionCause::Repair),
            4 => Self::Revised(RevisionCause::Backfill),
            5 => Self::Revised(RevisionCause::Venue),
            _ => return None,
        })
    }
}

/// One price bar: what was traded in `[open_time, open_time + timeframe)`.
///
/// A bar without trades does not exist: gaps are the reader's to fill. Sums are exact. Candles of
/// one symbol and timeframe merge ([`Candle::merge`]), which is how parents are rolled up from
/// children and how a late trade reaches a closed candle.
///
/// Whether a candle is *complete* is not in it: that is the ledger's to say, for the ledger may
/// learn of a gap, or of its repair, later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candle {
    /// Where the bar begins.
    pub open_time: Timestamp,
    /// The first price.
    pub open: Price,
    /// The highest price.
    pub high: Price,
    /// The lowest price.
    pub low: Price,
    /// The last price.
    pub close: Price,
    /// How much of the base was traded.
    pub volume: Quantity,
    /// What was paid for it: the sum of price times quantity. `None` where an import lacks it.
    pub quote_volume: Option<Notional>,
    /// How many trades; `None` where an import lacks it.
    pub trades: Option<u64>,
    /// The part of `volume` in which the taker bought; `None` where sides are not known.
    pub taker_buy_volume: Option<Quantity>,
    /// The part of `quote_volume` in which the taker bought.
    pub taker_buy_quote_volume: Option<Notional>,
    /// The first trade in it by the venue's order.
    pub first_trade: Option<TradeKey>,
    /// The last trade in it by the venue's order (the last id that its last row stands for).
    pub last_trade: Option<TradeKey>,
    /// How final it is.
    pub state: CandleState,
    /// 0 when first closed, then 1 more for each change since.
    pub revision: u32,
    /// When this revision became known: the receive time of the record that made it.
    pub known: Timestamp,
    /// Where it comes from.
    pub origin: CandleOrigin,
}

impl Candle {
    /// Whether it is known that nothing was traded in it: its prices are then only the close before,
    /// carried on.
    pub fn is_empty(&self) -> bool {
        self.trades == Some(0)
    }

    /// The candle of both parts together; a part without trades adds no prices. `later` holds trades that come after this one's where
    /// neither side names its trades; where both do, their keys decide which opens and closes, by
    /// id when `by_id`, else by time and id. Keeps this one's open time, state, revision and
    /// origin. `None` when an exact sum has too many digits.
    #[must_use]
    pub fn merge(&self, later: &Self, by_id: bool) -> Option<Self> {
        let before = |a: TradeKey, b: TradeKey| if by_id { a.id < b.id } else { a < b };
        let opens_earlier = match (self.first_trade, later.first_trade) {
            (Some(ours), Some(theirs)) => before(theirs, ours),
            _ => false,
        };
        let closes_later = match (self.last_trade, later.last_trade) {
            (Some(ours), Some(theirs)) => !before(theirs, ours),
            _ => true,
        };
        let (first, last) = match (self.is_empty(), later.is_empty()) {
            (true, false) => (later, later),
            (false, true) => (self, self),
            _ => (
                if opens_earlier { later } else { self },
                if closes_later { later } else { self },
            ),
        };
        let only = (self.is_empty() != later.is_empty()).then_some(first);
        Some(Self {
            open: first.open,
            close: last.close,
            first_trade: first.first_trade,
            last_trade: last.last_trade,
            high: only.map_or(self.high.max(later.high), |only| only.high),
            low: only.map_or(self.low.min(later.low), |only| only.low),
            volume: Quantity(self.volume.0.checked_add(later.volume.0)?),
            quote_volume: sum(
                self.quote_volume.map(|n| n.0),
                later.quote_volume.map(|n| n.0),
            )?
            .map(Notional),
            trades: self.trades.zip(later.trades).map(|(a, b)| a + b),
            taker_buy_volume: sum(
                self.taker_buy_volume.map(|n| n.0),
                later.taker_buy_volume.map(|n| n.0),
            )?
            .map(Quantity),
            taker_buy_quote_volume: sum(
                self.taker_buy_quote_volume.map(|n| n.0),
                later.taker_buy_quote_volume.map(|n| n.0),
            )?
            .map(Notional),
            known: self.known.max(later.known),
            ..*self
        })
    }
}

/// Outer `None`: too many digits. Inner `None`: one side does not know.
#[allow(clippy::option_option)]
fn sum(a: Option<crate::Decimal>, b: Option<crate::Decimal>) -> Option<Option<crate::Decimal>> {
    match (a, b) {
        (Some(a), Some(b)) => a.checked_add(b).map(Some),
        _ => Some(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candle(price: &str, trades: u64) -> Candle {
        let price = price.parse().unwrap();
        Candle {
            open_time: Timestamp::EPOCH,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: Quantity::ZERO,
            quote_volume: None,
            trades: Some(trades),
            taker_buy_volume: None,
            taker_buy_quote_volume: None,
            first_trade: None,
            last_trade: None,
            state: CandleState::Closed,
            revision: 0,
            known: Timestamp::EPOCH,
            origin: CandleOrigin::Venue,
        }
    }

    #[test]
    fn a_part_without_trades_adds_no_prices() {
        let prices = |a: (&str, u64), b: (&str, u64)| {
            let merged = candle(a.0, a.1).merge(&candle(b.0, b.1), false).unwrap();
            let prices = [merged.open, merged.high, merged.low, merged.close];
            (prices.map(|price| price.to_string()), merged.trades)
        };
        let of = |prices: [&str; 4], trades| (prices.map(str::to_owned), Some(trades));
        assert_eq!(prices(("9", 0), ("2", 3)), of(["2"; 4], 3));
        assert_eq!(prices(("2", 3), ("9", 0)), of(["2"; 4], 3));
        assert_eq!(prices(("2", 3), ("9", 1)), of(["2", "9", "2", "9"], 4));
        assert_eq!(prices(("2", 0), ("9", 0)), of(["2", "9", "2", "9"], 0));
    }
}
