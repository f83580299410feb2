//! [`TradeBatch`]: many trades of one symbol, in columns.

use crate::{
    Decimal, DecimalColumn, Integers, Price, Quantity, Side, Timestamp, Trade, TradeFlags, TradeId,
};

/// Many trades of one symbol, in columns. All columns have the same length.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TradeBatch {
    /// Venue ids (first of them where `counts` is more than one).
    pub ids: Integers,
    /// Venue times, in nanoseconds.
    pub times: Vec<i64>,
    /// Prices.
    pub prices: DecimalColumn,
    /// Quantities.
    pub quantities: DecimalColumn,
    /// [`Side::code`]s.
    pub sides: Vec<u8>,
    /// [`TradeFlags`].
    pub flags: Vec<u8>,
    /// How many of the venue's trades each row stands for; empty when every row stands for one.
    pub counts: Vec<u32>,
}

impl TradeBatch {
    /// An empty batch with room.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            ids: Integers::with_capacity(capacity),
            times: Vec::with_capacity(capacity),
            prices: DecimalColumn::with_capacity(capacity),
            quantities: DecimalColumn::with_capacity(capacity),
            sides: Vec::with_capacity(capacity),
            flags: Vec::with_capacity(capacity),
            counts: Vec::new(),
        }
    }

    /// How many rows.
    #[inline]
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there is no row.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Adds a trade at the end. `None`, and nothing added, when the column's numbers together
    /// would need more than 38 digits: begin another batch then.
    #[must_use = "a trade that does not fit is not in the batch"]
    pub fn push(&mut self, trade: &Trade) -> Option<()> {
        let id = i128::try_from(trade.id.0).ok()?;
        let rows = self.len();
        self.prices.push(trade.price.0)?;
        if self.quantities.push(trade.quantity.0).is_none() {
            self.prices = self.prices.slice(0..rows);
            return None;
        }
        self.ids.push(id);
        self.times.push(trade.time.nanos());
        self.sides.push(trade.side.code());
        self.flags.push(trade.flags.0);
        if trade.count != 1 && self.counts.is_empty() {
            self.counts.resize(rows, 1);
        }
        if trade.count != 1 || !self.counts.is_empty() {
            self.counts.push(trade.count);
        }
        Some(())
    }

    /// The trade at a row; `None` past the end.
    pub fn get(&self, row: usize) -> Option<Trade> {
        Some(Trade {
            id: TradeId(u128::try_from(self.ids.get(row)?).ok()?),
            time: Timestamp::from_nanos(*self.times.get(row)?),
            price: Price(self.prices.get(row)?),
            quantity: Quantity(self.quantities.get(row)?),
            side: Side::from_code(*self.sides.get(row)?),
            flags: TradeFlags(self.flags.get(row).copied().unwrap_or(0)),
            count: self.counts.get(row).copied().unwrap_or(1),
        })
    }

    /// All trades in order.
    pub fn iter(&self) -> impl Iterator<Item = Trade> + '_ {
        (0..self.len()).filter_map(|row| self.get(row))
    }

    /// The rows of a range.
    #[must_use]
    pub fn slice(&self, rows: std::ops::Range<usize>) -> Self {
        Self {
            ids: self.ids.slice(rows.clone()),
            times: self.times[rows.clone()].to_vec(),
            prices: self.prices.slice(rows.clone()),
            quantities: self.quantities.slice(rows.clone()),
            sides: self.sides[rows.clone()].to_vec(),
            flags: self.flags[rows.clone()].to_vec(),
            counts: if self.counts.is_empty() {
                Vec::new()
            } else {
                self.counts[rows].to_vec()
            },
        }
    }

    /// Adds the rows of a range of another batch. `None`, and nothing added, when the columns'
    /// numbers together would need more than 38 digits.
    #[must_use = "rows that do not fit are not in the batch"]
    pub fn extend_from(&mut self, other: &Self, rows: std::ops::Range<usize>) -> Option<()> {
        let before = self.len();
        self.prices.extend_from(&other.prices, rows.clone())?;
        let fits = self.quantities.extend_from(&other.quantities, rows.clone());
        if fits.is_none() {
            self.prices.truncate(before);
            return None;
        }
        self.ids.extend_from(&other.ids, rows.clone());
        self.times.extend_from_slice(&other.times[rows.clone()]);
        self.sides.extend_from_slice(&other.sides[rows.clone()]);
        self.flags.extend_from_slice(&other.flags[rows.clone()]);
        if self.counts.is_empty() && !other.counts.is_empty() {
            self.counts.resize(before, 1);
        }
        if !other.counts.is_empty() {
            self.counts.extend_from_slice(&other.counts[rows]);
        } else if !self.counts.is_empty() {
            self.counts.resize(self.times.len(), 1);
        }
        Some(())
    }

    /// Keeps the first rows.
    pub fn truncate(&mut self, rows: usize) {
        self.ids.truncate(rows);
        self.times.truncate(rows);
        self.prices.truncate(rows);
        self.quantities.truncate(rows);
        self.sides.truncate(rows);
        self.flags.truncate(rows);
        self.counts.truncate(rows);
    }

    /// Turns the order of the rows round.
    pub fn reverse(&mut self) {
        self.ids.reverse();
        self.times.reverse();
        self.prices.reverse();
        self.quantities.reverse();
        self.sides.reverse();
        self.flags.reverse();
        self.counts.reverse();
    }

    /// The sum of all quantities; `None` when it has too many digits.
    pub fn total_quantity(&self) -> Option<Decimal> {
        let sum = self
            .quantities
            .integers()
            .iter()
            .try_fold(0_i128, i128::checked_add)?;
        Decimal::new(sum, self.quantities.scale())
    }
}

impl<'a> FromIterator<&'a Trade> for Option<TradeBatch> {
    fn from_iter<I: IntoIterator<Item = &'a Trade>>(trades: I) -> Self {
        let mut batch = TradeBatch::default();
        for trade in trades {
            batch.push(trade)?;
        }
        Some(batch)
    }
}
