//! Candles from sorted columns, in batch: for rebuilding and research, where all trades are there.
//!
//! Trades of a candle lie together, so its numbers are plain reductions of slices, which the
//! compiler keeps in registers; and its end is searched for near where the last candle's length
//! says it is, so that most times are never read. Per trade that leaves about the cost of reading
//! price and quantity from memory. The result equals the pipeline's own candles exactly.

/// Columns of candles: one row for each stretch of time that has trades.
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
    /// Sums of quantities; exact.
    pub volume: Vec<i128>,
    /// Numbers of rows.
    pub trades: Vec<u64>,
}

/// Columns from which no candles can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ColumnsError {
    /// Columns of other lengths.
    #[error("{times} times, {prices} prices and {quantities} quantities: columns differ in length")]
    Lengths {
        /// How many times.
        times: usize,
        /// How many prices.
        prices: usize,
        /// How many quantities.
        quantities: usize,
    },
    /// A candle's length that is none.
    #[error("a candle of {0} units: the length must be above zero")]
    Length(i64),
    /// Ends of symbols that do not ascend to the last row.
    #[error("symbol {symbol} ends at row {end}: ends must ascend, and the last is {rows}")]
    Ends {
        /// Which symbol, by its place.
        symbol: usize,
        /// Where it ends.
        end: usize,
        /// How many rows there are.
        rows: usize,
    },
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

/// Adds the candles of one symbol's trades to `bars`.
///
/// `times` ascend (in any unit), and `length` is a candle's length in that unit, such as 60 000 000
/// for minutes of microseconds; candles begin at its multiples. Prices and quantities are integers
/// of one scale each. Where times do not ascend the candles are
/// those of the stretches found, which then are not meaningful.
///
/// # Errors
/// When the columns differ in length, or `length` is not above zero; nothing is added then.
pub fn candles_from_columns(
    times: &[i64],
    prices: &[i64],
    quantities: &[i64],
    length: i64,
    bars: &mut Bars,
) -> Result<(), ColumnsError> {
    check(times, prices, quantities, length)?;
    add(times, prices, quantities, length, bars);
    Ok(())
}

/// The same for many symbols whose rows lie together, symbol after symbol: `ends[i]` is the row past
/// the last of symbol `i`. `bar_ends[i]` becomes the row of `bars` past its last candle.
///
/// # Errors
/// As [`candles_from_columns`], and when `ends` does not ascend to the number of rows.
pub fn candles_of_symbols(
    ends: &[usize],
    times: &[i64],
    prices: &[i64],
    quantities: &[i64],
    length: i64,
    bars: &mut Bars,
    bar_ends: &mut Vec<usize>,
) -> Result<(), ColumnsError> {
    check(times, prices, quantities, length)?;
    let mut start = 0;
    for (symbol, &end) in ends.iter().enumerate() {
        let last = symbol + 1 == ends.len();
        if end < start || end > times.len() || (last && end != times.len()) {
            let rows = times.len();
            return Err(ColumnsError::Ends { symbol, end, rows });
        }
        start = end;
    }
    let mut start = 0;
    for &end in ends {
        let rows = start..end;
        add(
            &times[rows.clone()],
            &prices[rows.clone()],
            &quantities[rows],
            length,
            bars,
        );
        bar_ends.push(bars.len());
        start = end;
    }
    Ok(())
}

fn check(
    times: &[i64],
    prices: &[i64],
    quantities: &[i64],
    length: i64,
) -> Result<(), ColumnsError> {
    if times.len() != prices.len() || times.len() != quantities.len() {
        return Err(ColumnsError::Lengths {
            times: times.len(),
            prices: prices.len(),
            quantities: quantities.len(),
        });
    }
    if length <= 0 {
        return Err(ColumnsError::Length(length));
    }
    Ok(())
}

fn add(times: &[i64], prices: &[i64], quantities: &[i64], length: i64, bars: &mut Bars) {
    let mut start = 0;
    let mut usual = 1;
    while start < times.len() {
        let open_time = times[start].saturating_sub(times[start].rem_euclid(length));
        let until = open_time.saturating_add(length);
        let end = start + end_of(&times[start..], until, usual);
        let (price, quantity) = (&prices[start..end], &quantities[start..end]);
        let (high, low) = extremes(price);
        bars.open_times.push(open_time);
        bars.open.push(price[0]);
        bars.high.push(high);
        bars.low.push(low);
        bars.close.push(price[price.len() - 1]);
        bars.volume.push(sum(quantity));
        bars.trades.push(price.len() as u64);
        usual = end - start;
        start = end;
    }
}

/// How many times at the beginning are before `until`; at least 1. Searched for around `guess`.
#[inline]
fn end_of(times: &[i64], until: i64, guess: usize) -> usize {
    let last = times.len() - 1;
    let mut step = 16;
    // `low` is before `until` (or 0), `high` is not (or past the end)
    let (mut low, mut high) = (0, times.len());
    let mut probe = guess.min(last);
    if times[probe] < until {
        low = probe;
        while probe < last {
            probe = (probe + step).min(last);
            if times[probe] >= until {
                high = probe;
                break;
            }
            low = probe;
            step *= 2;
        }
    } else {
        high = probe;
        while probe > 0 {
            probe = probe.saturating_sub(step);
            if times[probe] < until {
                low = probe;
                break;
            }
            high = probe;
            step *= 2;
        }
    }
    if high <= low {
        return 1; // not even the first: times that do not ascend
    }
    low + 1 + times[low + 1..high].partition_point(|t| *t < until)
}

/// The largest and the smallest, in four independent lanes.
#[inline]
fn extremes(values: &[i64]) -> (i64, i64) {
    let mut high = [i64::MIN; 4];
    let mut low = [i64::MAX; 4];
    let (chunks, rest) = values.as_chunks::<4>();
    for chunk in chunks {
        for lane in 0..4 {
            high[lane] = high[lane].max(chunk[lane]);
            low[lane] = low[lane].min(chunk[lane]);
        }
    }
    let mut all = (
        high[0].max(high[1]).max(high[2].max(high[3])),
        low[0].min(low[1]).min(low[2].min(low[3])),
    );
    for &value in rest {
        all = (all.0.max(value), all.1.min(value));
    }
    all
}

/// The sum, exactly. Stretches of values below 2^47 cannot overflow 64 bits; the others are summed in
/// 128.
#[inline]
fn sum(values: &[i64]) -> i128 {
    let mut total = 0;
    for stretch in values.chunks(1 << 16) {
        let (mut sum, mut bits) = (0_u64, 0_u64);
        for &value in stretch {
            sum = sum.wrapping_add(value as u64);
            bits |= value as u64;
        }
        total += if bits >> 47 == 0 {
            i128::from(sum)
        } else {
            stretch.iter().map(|n| i128::from(*n)).sum()
        };
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One trade at a time.
    fn plainly(times: &[i64], prices: &[i64], quantities: &[i64], length: i64) -> Bars {
        let mut bars = Bars::default();
        for ((&time, &price), &quantity) in times.iter().zip(prices).zip(quantities) {
            let open_time = time.div_euclid(length) * length;
            if bars.open_times.last() != Some(&open_time) {
                bars.open_times.push(open_time);
                for column in [
                    &mut bars.open,
                    &mut bars.high,
                    &mut bars.low,
                    &mut bars.close,
                ] {
                    column.push(price);
                }
                bars.volume.push(0);
                bars.trades.push(0);
            }
            let at = bars.len() - 1;
            bars.high[at] = bars.high[at].max(price);
            bars.low[at] = bars.low[at].min(price);
            bars.close[at] = price;
            bars.volume[at] += i128::from(quantity);
            bars.trades[at] += 1;
        }
        bars
    }

    fn columns() -> impl Strategy<Value = (Vec<i64>, Vec<i64>, Vec<i64>)> {
        let step = prop_oneof![8 => 0_i64..3, 2 => 0_i64..40, 1 => 0_i64..500];
        let quantity = prop_oneof![9 => 0_i64..1_000, 1 => Just(i64::MAX)];
        prop::collection::vec((step, -50_i64..50, quantity), 0..400).prop_map(|rows| {
            let mut now = -700;
            let mut columns = (Vec::new(), Vec::new(), Vec::new());
            for (step, price, quantity) in rows {
                now += step;
                columns.0.push(now);
                columns.1.push(price);
                columns.2.push(quantity);
            }
            columns
        })
    }

    proptest! {
        #[test]
        fn batches_are_what_single_trades_make(
            (times, prices, quantities) in columns(), length in 1_i64..90,
        ) {
            let mut bars = Bars::default();
            candles_from_columns(&times, &prices, &quantities, length, &mut bars).unwrap();
            prop_assert_eq!(bars, plainly(&times, &prices, &quantities, length));
        }

        #[test]
        fn symbols_do_not_mix(parts in prop::collection::vec(columns(), 0..5)) {
            let mut all = (Vec::new(), Vec::new(), Vec::new());
            let mut ends = Vec::new();
            for (times, prices, quantities) in &parts {
                all.0.extend(times);
                all.1.extend(prices);
                all.2.extend(quantities);
                ends.push(all.0.len());
            }
            let (mut bars, mut bar_ends) = (Bars::default(), Vec::new());
            candles_of_symbols(&ends, &all.0, &all.1, &all.2, 60, &mut bars, &mut bar_ends).unwrap();
            let mut start = 0;
            for ((times, prices, quantities), end) in parts.iter().zip(bar_ends) {
                let expected = plainly(times, prices, quantities, 60);
                prop_assert_eq!(&bars.open_times[start..end], &expected.open_times);
                prop_assert_eq!(&bars.volume[start..end], &expected.volume);
                start = end;
            }
        }

        /// Times that do not ascend make no sense, but do no harm.
        #[test]
        fn disorder_is_survived(times in prop::collection::vec(any::<i64>(), 0..80)) {
            let ones = vec![1; times.len()];
            let mut bars = Bars::default();
            candles_from_columns(&times, &ones, &ones, 60, &mut bars).unwrap();
            prop_assert_eq!(bars.trades.iter().sum::<u64>(), times.len() as u64);
        }
    }

    #[test]
    fn columns_that_cannot_be_are_refused() {
        let mut bars = Bars::default();
        assert!(candles_from_columns(&[1], &[], &[1], 60, &mut bars).is_err());
        assert!(candles_from_columns(&[1], &[1], &[1], 0, &mut bars).is_err());
        let mut ends = Vec::new();
        let mut of =
            |e: &[usize]| candles_of_symbols(e, &[1], &[1], &[1], 60, &mut bars, &mut ends);
        assert!(of(&[2]).is_err() && of(&[0]).is_err() && of(&[1, 0]).is_err() && of(&[1]).is_ok());
    }
}
