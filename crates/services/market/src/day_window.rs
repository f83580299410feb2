//! [`DayWindow`]: rolling statistics of 24 hours.

use std::collections::VecDeque;

use quantflow_model::{Candle, Decimal, Notional, Price, Quantity, Timeframe, Timestamp};

use crate::view::{DayStatistics, percent};

/// The timeframe of the candles that the window is made of: its edge is exact to this.
pub const DAY_WINDOW_TIMEFRAME: Timeframe = Timeframe::M5;
const DAY_NANOS: i64 = 86_400_000_000_000;

#[derive(Debug, Clone, Copy)]
struct Part {
    open_time: Timestamp,
    open: Price,
    high: Price,
    low: Price,
    volume: Quantity,
    quote_volume: Option<Notional>,
}

/// Rolling statistics of the last 24 hours of a symbol, from its closed 5m candles and the open one.
#[derive(Debug, Clone, Default)]
pub(crate) struct DayWindow {
    parts: VecDeque<Part>,
    closed: Option<Sum>,
}

#[derive(Debug, Clone, Copy)]
struct Sum {
    base: Price,
    high: Price,
    low: Price,
    volume: Decimal,
    quote_volume: Option<Decimal>,
}

impl DayWindow {
    /// Takes a closed candle, or a newer revision of one.
    pub(crate) fn insert(&mut self, candle: &Candle) {
        let part = Part {
            open_time: candle.open_time,
            open: candle.open,
            high: candle.high,
            low: candle.low,
            volume: candle.volume,
            quote_volume: candle.quote_volume,
        };
        let at = self.parts.partition_point(|p| p.open_time < part.open_time);
        match self.parts.get_mut(at) {
            Some(same) if same.open_time == part.open_time => *same = part,
            _ => self.parts.insert(at, part),
        }
        let newest = self.parts.back().map_or(part.open_time, |p| p.open_time);
        let oldest = newest.plus_nanos(5 * 60 * 1_000_000_000 - DAY_NANOS);
        while self.parts.front().is_some_and(|p| p.open_time < oldest) {
            self.parts.pop_front();
        }
        self.closed = self.sum();
    }

    fn sum(&self) -> Option<Sum> {
        let first = self.parts.front()?;
        let mut sum = Sum {
            base: first.open,
            high: first.high,
            low: first.low,
            volume: Decimal::ZERO,
            quote_volume: Some(Decimal::ZERO),
        };
        for part in &self.parts {
            sum.high = sum.high.max(part.high);
            sum.low = sum.low.min(part.low);
            sum.volume = sum.volume.checked_add(part.volume.0)?;
            sum.quote_volume = sum
                .quote_volume
                .zip(part.quote_volume)
                .and_then(|(sum, part)| sum.checked_add(part.0));
        }
        Some(sum)
    }

    /// The statistics at a price, the open candle included. `None` before anything is known.
    pub(crate) fn statistics(&self, price: Price, open: Option<&Candle>) -> Option<DayStatistics> {
        let mut sum = match (self.closed, open) {
            (Some(sum), _) => sum,
            (None, Some(open)) => Sum {
                base: open.open,
                high: open.high,
                low: open.low,
                volume: Decimal::ZERO,
                quote_volume: Some(Decimal::ZERO),
            },
            (None, None) => return None,
        };
        if let Some(open) = open {
            sum.high = sum.high.max(open.high);
            sum.low = sum.low.min(open.low);
            sum.volume = sum.volume.checked_add(open.volume.0)?;
            sum.quote_volume = sum
                .quote_volume
                .zip(open.quote_volume)
                .and_then(|(sum, part)| sum.checked_add(part.0));
        }
        let change = price.0.checked_sub(sum.base.0)?;
        Some(DayStatistics {
            change: Price(change),
            change_percent: percent(change, sum.base.0)?,
            high: sum.high,
            low: sum.low,
            volume: Quantity(sum.volume),
            quote_volume: sum.quote_volume.map(Notional),
        })
    }
}
