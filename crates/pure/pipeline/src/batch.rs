//! One-minute candles from sorted columns, in batch.

/// Columns of candles: one row a minute that has trades.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bars {
    /// Open times, in the unit of the times that were given.
    pub open_times: Vec<i64>,
    /// First prices.
    pub open: Vec<i64>,
    /// Highest prices.
    pub high: Vec<i64>,
    /// Lowest prices.
    pub low: Vec<i64>,
    /// Last prices.
    pub close: Vec<i64>,
    /// Sums of quantities.
    pub volume: Vec<i64>,
    /// Numbers of trades.
    pub trades: Vec<u32>,
}

impl Bars {
    /// How many candles.
    pub fn len(&self) -> usize {
        self.open_times.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.open_times.is_empty()
    }

    /// Empties it, keeping its memory.
    pub fn clear(&mut self) {
        self.open_times.clear();
        self.open.clear();
        self.high.clear();
        self.low.clear();
        self.close.clear();
        self.volume.clear();
        self.trades.clear();
    }
}

/// Placeholder.
pub fn candles_from_columns(_: &[i64], _: &[i64], _: &[i64], _: i64, _: &mut Bars) {}
/// Placeholder.
pub fn candles_of_symbols() {}
