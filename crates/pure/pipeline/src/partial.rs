//! [`Partial`]: a candle in the making, in integers; [`Scales`]: what those integers mean.

use quantflow_model::{
    Candle, CandleOrigin, CandleState, Decimal, Notional, Price, Quantity, Side, Timestamp, Trade,
    TradeId, TradeKey,
};
use quantflow_wire::OrderRule;
use serde::{Deserialize, Serialize};

/// No single trade may be larger than this in integers of its scales, so that no sum of a month's
/// trades can leave 128 bits.
const LARGEST: i128 = 100_000_000_000_000_000_000_000_000_000;

/// How many digits after the point a symbol's integers carry. They grow when a trade needs more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Scales {
    pub(crate) price: u8,
    pub(crate) quantity: u8,
}

impl Scales {
    fn quote(self) -> u8 {
        self.price + self.quantity
    }

    /// Scales that are exact for a trade too; `None` when quote sums would have no exact decimal.
    #[inline]
    pub(crate) fn with(self, trade: &Trade) -> Option<Self> {
        let (price, quantity) = (trade.price.0.scale(), trade.quantity.0.scale());
        if price <= self.price && quantity <= self.quantity {
            return Some(self);
        }
        let wider = Self {
            price: self.price.max(price),
            quantity: self.quantity.max(quantity),
        };
        (wider.quote() <= Decimal::MAX_SCALE).then_some(wider)
    }
}

/// A trade in integers of its symbol's scales.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) time: i64,
    pub(crate) id: u128,
    pub(crate) last_id: u128,
    pub(crate) count: u32,
    pub(crate) price: i64,
    pub(crate) quantity: i128,
    pub(crate) quote: i128,
    pub(crate) side: Side,
}

#[inline]
fn at_scale(number: Decimal, scale: u8) -> Option<i128> {
    const POWERS: [i64; 19] = {
        let mut powers = [1_i64; 19];
        let mut i = 1;
        while i < 19 {
            powers[i] = powers[i - 1] * 10;
            i += 1;
        }
        powers
    };
    let by = scale.checked_sub(number.scale())?;
    let mantissa = number.mantissa();
    if by == 0 {
        return Some(mantissa);
    }
    // one widening multiplication instead of a checked one of 128 bits
    match (i64::try_from(mantissa), POWERS.get(usize::from(by))) {
        (Ok(mantissa), Some(&power)) => Some(i128::from(mantissa) * i128::from(power)),
        _ => number.at_scale(scale),
    }
}

impl Row {
    /// `None` when the trade has more digits than can be summed exactly.
    #[inline]
    pub(crate) fn of(trade: &Trade, scales: Scales) -> Option<Self> {
        let price = i64::try_from(at_scale(trade.price.0, scales.price)?).ok()?;
        let quantity = at_scale(trade.quantity.0, scales.quantity)?;
        let quote = match i64::try_from(quantity) {
            Ok(small) => i128::from(price) * i128::from(small),
            Err(_) => i128::from(price).checked_mul(quantity)?,
        };
        if quantity.abs() > LARGEST || quote.abs() > LARGEST {
            return None;
        }
        Some(Self {
            time: trade.time.nanos(),
            id: trade.id.0,
            last_id: trade.last_id().0,
            count: trade.count,
            price,
            quantity,
            quote,
            side: trade.side,
        })
    }
}

/// A trade's place: venue time and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) time: i64,
    #[serde(with = "crate::compact")]
    pub(crate) id: u128,
}

impl From<Key> for TradeKey {
    fn from(key: Key) -> Self {
        Self {
            time: Timestamp::from_nanos(key.time),
            id: TradeId(key.id),
        }
    }
}

/// Whether `a` comes before `b` in the venue's order. By arrival neither does.
#[inline]
pub(crate) fn comes_before(order: OrderRule, a: Key, b: Key) -> bool {
    match order {
        OrderRule::ContiguousIds => a.id < b.id,
        OrderRule::TimeThenId => a < b,
        OrderRule::Arrival => false,
    }
}

/// A candle in the making. All numbers are integers of the symbol's [`Scales`]; merging is exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Partial {
    pub(crate) open_time: i64,
    pub(crate) end: i64,
    pub(crate) open: i64,
    pub(crate) high: i64,
    pub(crate) low: i64,
    pub(crate) close: i64,
    pub(crate) trades: u64,
    #[serde(with = "crate::compact")]
    pub(crate) volume: i128,
    #[serde(with = "crate::compact")]
    pub(crate) quote: i128,
    #[serde(with = "crate::compact")]
    pub(crate) taker_volume: i128,
    #[serde(with = "crate::compact")]
    pub(crate) taker_quote: i128,
    pub(crate) first: Key,
    pub(crate) last: Key,
    /// Whether the side of every trade in it is known.
    pub(crate) sides: bool,
}

impl Partial {
    /// A candle of one trade that covers `[open_time, end)`.
    #[inline]
    pub(crate) fn new(open_time: i64, end: i64, row: &Row) -> Self {
        let bought = row.side == Side::Buy;
        Self {
            open_time,
            end,
            open: row.price,
            high: row.price,
            low: row.price,
            close: row.price,
            trades: u64::from(row.count),
            volume: row.quantity,
            quote: row.quote,
            taker_volume: if bought { row.quantity } else { 0 },
            taker_quote: if bought { row.quote } else { 0 },
            first: Key {
                time: row.time,
                id: row.id,
            },
            last: Key {
                time: row.time,
                id: row.last_id,
            },
            sides: row.side != Side::Unknown,
        }
    }

    /// Adds a trade of its time.
    #[inline]
    pub(crate) fn add(&mut self, row: &Row, order: OrderRule) {
        let first = Key {
            time: row.time,
            id: row.id,
        };
        let last = Key {
            time: row.time,
            id: row.last_id,
        };
        if !comes_before(order, last, self.last) {
            self.last = last;
            self.close = row.price;
        }
        if comes_before(order, first, self.first) {
            self.first = first;
            self.open = row.price;
        }
        self.high = self.high.max(row.price);
        self.low = self.low.min(row.price);
        self.trades += u64::from(row.count);
        // never saturates: a row is at most LARGEST
        self.volume = self.volume.saturating_add(row.quantity);
        self.quote = self.quote.saturating_add(row.quote);
        match row.side {
            Side::Buy => {
                self.taker_volume = self.taker_volume.saturating_add(row.quantity);
                self.taker_quote = self.taker_quote.saturating_add(row.quote);
            }
            Side::Sell => {}
            Side::Unknown => self.sides = false,
        }
    }

    /// Adds a candle of a part of its time.
    #[inline]
    pub(crate) fn merge(&mut self, part: &Self, order: OrderRule) {
        if !comes_before(order, part.last, self.last) {
            self.last = part.last;
            self.close = part.close;
        }
        if comes_before(order, part.first, self.first) {
            self.first = part.first;
            self.open = part.open;
        }
        self.high = self.high.max(part.high);
        self.low = self.low.min(part.low);
        self.trades += part.trades;
        self.volume = self.volume.saturating_add(part.volume);
        self.quote = self.quote.saturating_add(part.quote);
        self.taker_volume = self.taker_volume.saturating_add(part.taker_volume);
        self.taker_quote = self.taker_quote.saturating_add(part.taker_quote);
        self.sides &= part.sides;
    }

    /// Carries its integers at larger scales; `None`, unchanged, when one does not fit.
    pub(crate) fn rescaled(&self, from: Scales, to: Scales) -> Option<Self> {
        let price = Decimal::power_of_ten(to.price.checked_sub(from.price)?)?;
        let quantity = Decimal::power_of_ten(to.quantity.checked_sub(from.quantity)?)?;
        let quote = price.checked_mul(quantity)?;
        let narrow = |n: i64| i64::try_from(i128::from(n).checked_mul(price)?).ok();
        Some(Self {
            open: narrow(self.open)?,
            high: narrow(self.high)?,
            low: narrow(self.low)?,
            close: narrow(self.close)?,
            volume: self.volume.checked_mul(quantity)?,
            quote: self.quote.checked_mul(quote)?,
            taker_volume: self.taker_volume.checked_mul(quantity)?,
            taker_quote: self.taker_quote.checked_mul(quote)?,
            ..*self
        })
    }

    /// As a candle of the model.
    pub(crate) fn candle(
        &self,
        scales: Scales,
        order: OrderRule,
        state: CandleState,
        known: Timestamp,
    ) -> Candle {
        // scales are at most 38 together, so a decimal always exists
        let price = |n: i64| Price(Decimal::new(n.into(), scales.price).unwrap_or_default());
        let quantity = |n| Quantity(Decimal::new(n, scales.quantity).unwrap_or_default());
        let notional = |n| Notional(Decimal::new(n, scales.quote()).unwrap_or_default());
        // where order is by arrival, keys say nothing of it
        let keyed = order != OrderRule::Arrival;
        Candle {
            open_time: Timestamp::from_nanos(self.open_time),
            open: price(self.open),
            high: price(self.high),
            low: price(self.low),
            close: price(self.close),
            volume: quantity(self.volume),
            quote_volume: Some(notional(self.quote)),
            trades: Some(self.trades),
            taker_buy_volume: self.sides.then(|| quantity(self.taker_volume)),
            taker_buy_quote_volume: self.sides.then(|| notional(self.taker_quote)),
            first_trade: keyed.then(|| self.first.into()),
            last_trade: keyed.then(|| self.last.into()),
            state,
            revision: 0,
            known,
            origin: CandleOrigin::Trades,
        }
    }
}
