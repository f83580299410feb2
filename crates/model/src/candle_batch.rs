//! [`CandleBatch`]: many candles of one symbol and timeframe, in columns.

use crate::{
    Candle, CandleOrigin, CandleState, Decimal, DecimalColumn, Integers, Notional, Price, Quantity,
    Timestamp, TradeId, TradeKey,
};

/// Many candles of one symbol, timeframe and origin, in columns. All columns have the same length,
/// but a column that no candle has a value for may be empty; [`CandleBatch::get`] then says `None`.
///
/// A missing value inside an optional column is marked by [`CandleBatch::ABSENT`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CandleBatch {
    /// Open times, in nanoseconds.
    pub open_times: Vec<i64>,
    /// First prices.
    pub open: DecimalColumn,
    /// Highest prices.
    pub high: DecimalColumn,
    /// Lowest prices.
    pub low: DecimalColumn,
    /// Last prices.
    pub close: DecimalColumn,
    /// Base volumes.
    pub volume: DecimalColumn,
    /// Quote volumes; empty or one a row, -1 absent.
    pub quote_volume: DecimalColumn,
    /// Numbers of trades; empty or one a row, -1 absent.
    pub trades: Vec<i64>,
    /// Base volumes in which the taker bought; empty or one a row, -1 absent.
    pub taker_buy_volume: DecimalColumn,
    /// Quote volumes in which the taker bought; empty or one a row, -1 absent.
    pub taker_buy_quote_volume: DecimalColumn,
    /// First trades' ids; empty or one a row, -1 absent.
    pub first_ids: Integers,
    /// First trades' times in nanoseconds; as `first_ids`.
    pub first_times: Vec<i64>,
    /// Last trades' ids; as `first_ids`.
    pub last_ids: Integers,
    /// Last trades' times in nanoseconds; as `first_ids`.
    pub last_times: Vec<i64>,
    /// [`CandleState`] codes.
    pub states: Vec<u8>,
    /// Revisions.
    pub revisions: Vec<u32>,
    /// When each revision became known, in nanoseconds.
    pub known: Vec<i64>,
    /// [`CandleOrigin`] codes.
    pub origins: Vec<u8>,
}

impl CandleBatch {
    /// What stands in an optional column where there is no value. Volumes, counts and ids are
    /// never negative, so it cannot be taken for one.
    pub const ABSENT: i64 = -1;

    /// How many rows.
    #[inline]
    pub fn len(&self) -> usize {
        self.open_times.len()
    }

    /// Whether there is no row.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.open_times.is_empty()
    }

    /// Adds a candle at the end. `None`, with the batch as it was, when a column's numbers together
    /// would need more than 38 digits: begin another batch then.
    #[must_use = "a candle that does not fit is not in the batch"]
    pub fn push(&mut self, candle: &Candle) -> Option<()> {
        let rows = self.len();
        if self.push_decimals(candle).is_none() {
            for column in self.decimal_columns() {
                if column.len() > rows {
                    *column = column.slice(0..rows);
                }
            }
            return None;
        }
        self.open_times.push(candle.open_time.nanos());
        let trades = candle.trades.and_then(|n| i64::try_from(n).ok());
        self.trades.push(trades.unwrap_or(Self::ABSENT));
        let id = |key: Option<TradeKey>| {
            key.and_then(|k| i128::try_from(k.id.0).ok())
                .unwrap_or(i128::from(Self::ABSENT))
        };
        let time = |key: Option<TradeKey>| key.map_or(Self::ABSENT, |k| k.time.nanos());
        self.first_ids.push(id(candle.first_trade));
        self.first_times.push(time(candle.first_trade));
        self.last_ids.push(id(candle.last_trade));
        self.last_times.push(time(candle.last_trade));
        self.states.push(candle.state.code());
        self.revisions.push(candle.revision);
        self.known.push(candle.known.nanos());
        self.origins.push(candle.origin as u8);
        Some(())
    }

    /// Adds the rows of a range of another batch. `None`, with the batch unchanged in meaning, when
    /// a column's numbers together would need more than 38 digits.
    #[must_use = "rows that do not fit are not in the batch"]
    pub fn extend_from(&mut self, other: &Self, rows: std::ops::Range<usize>) -> Option<()> {
        let before = self.len();
        let after = before + rows.len();
        let absent = DecimalColumn::from_integers(
            Integers::Narrow(vec![Self::ABSENT; before.max(rows.len())]),
            0,
        )?;
        let mut fits = true;
        for (at, (ours, theirs)) in self
            .decimal_columns()
            .into_iter()
            .zip(other.decimal_columns_ref())
            .enumerate()
        {
            let optional = at >= 5;
            if optional && ours.is_empty() && theirs.is_empty() {
                continue;
            }
            if optional && ours.is_empty() {
                fits &= ours.extend_from(&absent, 0..before).is_some();
            }
            let added = if optional && theirs.is_empty() {
                ours.extend_from(&absent, 0..rows.len())
            } else {
                ours.extend_from(theirs, rows.clone())
            };
            fits &= added.is_some();
        }
        if !fits {
            for column in self.decimal_columns() {
                column.truncate(before);
            }
            return None;
        }
        self.open_times
            .extend_from_slice(&other.open_times[rows.clone()]);
        let (ours, theirs) = (self.longs(), other.longs_ref());
        for (ours, theirs) in ours.into_iter().zip(theirs) {
            if ours.is_empty() && theirs.is_empty() {
                continue;
            }
            ours.resize(before, Self::ABSENT);
            if theirs.is_empty() {
                ours.resize(after, Self::ABSENT);
            } else {
                ours.extend_from_slice(&theirs[rows.clone()]);
            }
        }
        for (ours, theirs) in [
            (&mut self.first_ids, &other.first_ids),
            (&mut self.last_ids, &other.last_ids),
        ] {
            if ours.is_empty() && theirs.is_empty() {
                continue;
            }
            if ours.is_empty() {
                *ours = Integers::Narrow(vec![Self::ABSENT; before]);
            }
            if theirs.is_empty() {
                ours.extend_from(
                    &Integers::Narrow(vec![Self::ABSENT; rows.len()]),
                    0..rows.len(),
                );
            } else {
                ours.extend_from(theirs, rows.clone());
            }
        }
        self.states.extend_from_slice(&other.states[rows.clone()]);
        self.revisions
            .extend_from_slice(&other.revisions[rows.clone()]);
        self.known.extend_from_slice(&other.known[rows.clone()]);
        self.origins.extend_from_slice(&other.origins[rows]);
        Some(())
    }

    /// Keeps the first rows.
    pub fn truncate(&mut self, rows: usize) {
        for column in self.decimal_columns() {
            column.truncate(rows);
        }
        for column in self.longs() {
            column.truncate(rows);
        }
        self.open_times.truncate(rows);
        self.first_ids.truncate(rows);
        self.last_ids.truncate(rows);
        self.states.truncate(rows);
        self.revisions.truncate(rows);
        self.known.truncate(rows);
        self.origins.truncate(rows);
    }

    /// Turns the order of the rows round.
    pub fn reverse(&mut self) {
        for column in self.decimal_columns() {
            column.reverse();
        }
        for column in self.longs() {
            column.reverse();
        }
        self.open_times.reverse();
        self.first_ids.reverse();
        self.last_ids.reverse();
        self.states.reverse();
        self.revisions.reverse();
        self.known.reverse();
        self.origins.reverse();
    }

    /// The rows of a range.
    #[must_use]
    pub fn slice(&self, rows: std::ops::Range<usize>) -> Self {
        let mut part = Self::default();
        // a part of columns that fit fits too
        let _ = part.extend_from(self, rows);
        part
    }

    fn longs(&mut self) -> [&mut Vec<i64>; 3] {
        [
            &mut self.trades,
            &mut self.first_times,
            &mut self.last_times,
        ]
    }

    fn longs_ref(&self) -> [&Vec<i64>; 3] {
        [&self.trades, &self.first_times, &self.last_times]
    }

    fn decimal_columns_ref(&self) -> [&DecimalColumn; 8] {
        [
            &self.open,
            &self.high,
            &self.low,
            &self.close,
            &self.volume,
            &self.quote_volume,
            &self.taker_buy_volume,
            &self.taker_buy_quote_volume,
        ]
    }

    fn push_decimals(&mut self, candle: &Candle) -> Option<()> {
        const ABSENT: Decimal = Decimal::whole(CandleBatch::ABSENT);
        self.open.push(candle.open.0)?;
        self.high.push(candle.high.0)?;
        self.low.push(candle.low.0)?;
        self.close.push(candle.close.0)?;
        self.volume.push(candle.volume.0)?;
        self.quote_volume
            .push(candle.quote_volume.map_or(ABSENT, |n| n.0))?;
        self.taker_buy_volume
            .push(candle.taker_buy_volume.map_or(ABSENT, |n| n.0))?;
        self.taker_buy_quote_volume
            .push(candle.taker_buy_quote_volume.map_or(ABSENT, |n| n.0))
    }

    fn decimal_columns(&mut self) -> [&mut DecimalColumn; 8] {
        [
            &mut self.open,
            &mut self.high,
            &mut self.low,
            &mut self.close,
            &mut self.volume,
            &mut self.quote_volume,
            &mut self.taker_buy_volume,
            &mut self.taker_buy_quote_volume,
        ]
    }

    /// The candle at a row; `None` past the end.
    pub fn get(&self, row: usize) -> Option<Candle> {
        let optional = |column: &DecimalColumn| column.get(row).filter(|n| !n.is_negative());
        let key = |ids: &Integers, times: &[i64]| {
            let id = ids.get(row).and_then(|id| u128::try_from(id).ok())?;
            Some(TradeKey {
                time: Timestamp::from_nanos(*times.get(row)?),
                id: TradeId(id),
            })
        };
        Some(Candle {
            open_time: Timestamp::from_nanos(*self.open_times.get(row)?),
            open: Price(self.open.get(row)?),
            high: Price(self.high.get(row)?),
            low: Price(self.low.get(row)?),
            close: Price(self.close.get(row)?),
            volume: Quantity(self.volume.get(row)?),
            quote_volume: optional(&self.quote_volume).map(Notional),
            trades: self.trades.get(row).and_then(|&n| u64::try_from(n).ok()),
            taker_buy_volume: optional(&self.taker_buy_volume).map(Quantity),
            taker_buy_quote_volume: optional(&self.taker_buy_quote_volume).map(Notional),
            first_trade: key(&self.first_ids, &self.first_times),
            last_trade: key(&self.last_ids, &self.last_times),
            state: CandleState::from_code(*self.states.get(row)?)?,
            revision: *self.revisions.get(row)?,
            known: Timestamp::from_nanos(*self.known.get(row)?),
            origin: match self.origins.get(row)? {
                0 => CandleOrigin::Trades,
                _ => CandleOrigin::Venue,
            },
        })
    }

    /// All candles in order.
    pub fn iter(&self) -> impl Iterator<Item = Candle> + '_ {
        (0..self.len()).filter_map(|row| self.get(row))
    }
}
