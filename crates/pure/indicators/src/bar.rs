//! What an indicator reads: one bar, or columns of bars.

/// The largest magnitude an input may have; see [`Inputs::usable`].
///
/// Squares of it and sums of a hundred thousand of those are still finite, so no state can overflow to infinity and stay there.
pub const MAX_INPUT: f64 = 1e100;

/// One bar of prices.
///
/// Prices are quote currency per unit of base, `volume` is in base units. An indicator reads only the fields its
/// [`Inputs`] name; the others may hold anything.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// Open time, nanoseconds since the Unix epoch, UTC. Bars come in ascending order of it.
    pub time: i64,
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
    /// Traded quantity.
    pub volume: f64,
}

impl Bar {
    /// A bar that has only a close, for indicators of one series (and for chains of indicators).
    #[inline]
    pub const fn of_close(close: f64) -> Self {
        Self {
            time: 0,
            open: close,
            high: close,
            low: close,
            close,
            volume: 0.0,
        }
    }

    /// The mean of high, low and close, added in this order as TA-Lib adds it.
    #[inline]
    pub fn typical_price(&self) -> f64 {
        (self.high + self.low + self.close) / 3.0
    }
}

/// Columns of bars, oldest first; a column that no wanted indicator reads may be empty.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bars<'a> {
    /// Open times, nanoseconds since the Unix epoch, UTC.
    pub time: &'a [i64],
    /// First prices.
    pub open: &'a [f64],
    /// Highest prices.
    pub high: &'a [f64],
    /// Lowest prices.
    pub low: &'a [f64],
    /// Last prices.
    pub close: &'a [f64],
    /// Traded quantities.
    pub volume: &'a [f64],
}

impl<'a> Bars<'a> {
    /// Columns that hold only closes.
    pub const fn of_close(close: &'a [f64]) -> Self {
        Self {
            time: &[],
            open: &[],
            high: &[],
            low: &[],
            close,
            volume: &[],
        }
    }

    /// The number of bars: the length of the longest column.
    pub fn len(&self) -> usize {
        let prices = [self.open, self.high, self.low, self.close, self.volume];
        prices
            .iter()
            .map(|c| c.len())
            .max()
            .unwrap_or(0)
            .max(self.time.len())
    }

    /// Whether there is no bar.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bars `start..end` of every column that is there.
    ///
    /// # Panics
    /// When the range does not lie inside the columns.
    #[must_use]
    pub fn slice(&self, start: usize, end: usize) -> Self {
        fn cut<T>(column: &[T], start: usize, end: usize) -> &[T] {
            if column.is_empty() {
                column
            } else {
                &column[start..end]
            }
        }
        Self {
            time: cut(self.time, start, end),
            open: cut(self.open, start, end),
            high: cut(self.high, start, end),
            low: cut(self.low, start, end),
            close: cut(self.close, start, end),
            volume: cut(self.volume, start, end),
        }
    }

    /// Bar `i` with the fields in `inputs`; the rest is zero.
    ///
    /// # Panics
    /// When a column in `inputs` has no row `i`.
    #[inline]
    pub fn get(&self, i: usize, inputs: Inputs) -> Bar {
        Bar {
            time: if inputs.time { self.time[i] } else { 0 },
            open: if inputs.open { self.open[i] } else { 0.0 },
            high: if inputs.high { self.high[i] } else { 0.0 },
            low: if inputs.low { self.low[i] } else { 0.0 },
            close: if inputs.close { self.close[i] } else { 0.0 },
            volume: if inputs.volume { self.volume[i] } else { 0.0 },
        }
    }
}

/// The fields of a bar that an indicator reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// Reads the open time.
    pub time: bool,
    /// Reads the open.
    pub open: bool,
    /// Reads the high.
    pub high: bool,
    /// Reads the low.
    pub low: bool,
    /// Reads the close.
    pub close: bool,
    /// Reads the volume.
    pub volume: bool,
}

impl Inputs {
    const NONE: Self = Self {
        time: false,
        open: false,
        high: false,
        low: false,
        close: false,
        volume: false,
    };
    /// The close alone.
    pub const CLOSE: Self = Self {
        close: true,
        ..Self::NONE
    };
    /// High, low and close.
    pub const HLC: Self = Self {
        high: true,
        low: true,
        ..Self::CLOSE
    };
    /// Close and volume.
    pub const CLOSE_VOLUME: Self = Self {
        volume: true,
        ..Self::CLOSE
    };
    /// High, low, close and volume.
    pub const HLCV: Self = Self {
        volume: true,
        ..Self::HLC
    };
    /// Open time, high, low, close and volume.
    pub const THLCV: Self = Self {
        time: true,
        ..Self::HLCV
    };

    /// The names of the fields, in the order time, open, high, low, close, volume.
    pub fn names(self) -> Vec<&'static str> {
        let fields = [
            (self.time, "time"),
            (self.open, "open"),
            (self.high, "high"),
            (self.low, "low"),
            (self.close, "close"),
            (self.volume, "volume"),
        ];
        fields
            .into_iter()
            .filter_map(|(read, name)| read.then_some(name))
            .collect()
    }

    /// Whether each of these fields is a number within ±[`MAX_INPUT`]. A bar that is not usable is a **hole**: every output is
    /// NaN there, and the state stays as if the bar had never come.
    #[inline]
    pub fn usable(self, bar: &Bar) -> bool {
        let ok = |read: bool, x: f64| !read || x.abs() <= MAX_INPUT;
        ok(self.open, bar.open)
            && ok(self.high, bar.high)
            && ok(self.low, bar.low)
            && ok(self.close, bar.close)
            && ok(self.volume, bar.volume)
    }

    /// Whether all bars are usable. One pass over each column, which the compiler vectorises.
    pub(crate) fn all_usable(self, bars: &Bars<'_>) -> bool {
        let columns = [
            (self.open, bars.open),
            (self.high, bars.high),
            (self.low, bars.low),
            (self.close, bars.close),
            (self.volume, bars.volume),
        ];
        columns
            .into_iter()
            .all(|(read, column)| !read || column.chunks(4096).all(clean))
    }

    /// The first field in here whose column does not have `rows` rows, with the rows that it has.
    pub(crate) fn missing(self, bars: &Bars<'_>, rows: usize) -> Option<(&'static str, usize)> {
        let columns = [
            (self.time, "time", bars.time.len()),
            (self.open, "open", bars.open.len()),
            (self.high, "high", bars.high.len()),
            (self.low, "low", bars.low.len()),
            (self.close, "close", bars.close.len()),
            (self.volume, "volume", bars.volume.len()),
        ];
        columns
            .into_iter()
            .find_map(|(read, name, len)| (read && len != rows).then_some((name, len)))
    }
}

/// Without an early exit inside, and in words as wide as the floats, so that it runs at the speed of memory.
fn clean(chunk: &[f64]) -> bool {
    let bad = |x: &f64| {
        if x.abs() <= MAX_INPUT {
            0_u64
        } else {
            u64::MAX
        }
    };
    chunk.iter().fold(0, |any, x| any | bad(x)) == 0
}
