//! What was computed from a part of the log: which symbols, which times, how many rows.
//!
//! The store remembers for runs of trades from which records they came, joined where there are many.
//! What is named here therefore holds everything that came from those records, and may hold some
//! that stands beside it.

use futures_util::TryStreamExt;
use quantflow_model::{CandleOrigin, Symbol, TimeRange, Timeframe, Timestamp};
use quantflow_seams::{CandleQuery, SeriesInfo, SeriesStore, StoreError, TradeQuery};
use quantflow_wire::{LogRange, PartitionId};
use serde_json::{Value, json};

/// A span is looked at down to so many nanoseconds: the shortest candle.
const FINEST: i64 = 1_000_000_000;
/// Spans of a symbol that are named one by one for people.
const SPANS: usize = 8;

/// What depends on a part of the log, or why that cannot be said.
#[derive(Debug, Default)]
pub(super) struct Dependents {
    symbols: Vec<Dependent>,
    unknown: Vec<String>,
}

#[derive(Debug)]
struct Dependent {
    symbol: Symbol,
    /// By venue time: one for each day that it touches.
    spans: Vec<TimeRange>,
    trades: u64,
    candles: Vec<(Timeframe, u64)>,
}

impl Dependents {
    /// The rows of all symbols that came from records of a partition.
    pub(super) async fn of(
        store: &dyn SeriesStore,
        partition: &PartitionId,
        records: LogRange,
    ) -> Self {
        let mut found = Self::default();
        if records.from >= records.to {
            return found;
        }
        let series = match store.series().await {
            Ok(series) => series,
            Err(error) => {
                found.unknown.push(error.to_string());
                return found;
            }
        };
        for info in &series {
            let touched = Touched {
                store,
                symbol: &info.symbol,
                partition,
                records,
            };
            match dependent(&touched, info).await {
                Ok(dependent) => found.symbols.extend(dependent),
                Err(error) => found.unknown.push(format!("{}: {error}", info.symbol)),
            }
        }
        found
    }

    /// For people, a line a symbol.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.symbols.iter().map(Dependent::line).collect();
        for unknown in &self.unknown {
            lines.push(format!("what depends on it cannot be told: {unknown}"));
        }
        lines
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        self.symbols.iter().map(Dependent::json).collect()
    }
}

impl Dependent {
    fn line(&self) -> String {
        let spans: Vec<String> = self
            .spans
            .iter()
            .take(SPANS)
            .map(|span| format!("{} to {}", span.start, span.end))
            .collect();
        let more = match self.spans.len().saturating_sub(SPANS) {
            0 => String::new(),
            more => format!(" and {more} more days"),
        };
        let candles: Vec<String> = self
            .candles
            .iter()
            .map(|(timeframe, count)| format!("{timeframe} {count}"))
            .collect();
        format!(
            "on them depends {} from {}{more}: {} trades; candles: {}",
            self.symbol,
            spans.join(", "),
            self.trades,
            candles.join(", ")
        )
    }

    fn json(&self) -> Value {
        let spans: Vec<Value> = self
            .spans
            .iter()
            .map(|span| json!({"from": span.start.to_string(), "to": span.end.to_string()}))
            .collect();
        let candles: serde_json::Map<String, Value> = self
            .candles
            .iter()
            .map(|(timeframe, count)| (timeframe.to_string(), (*count).into()))
            .collect();
        json!({
            "symbol": self.symbol.as_str(),
            "spans": spans,
            "trades": self.trades,
            "candles": candles,
        })
    }
}

async fn dependent(
    touched: &Touched<'_>,
    info: &SeriesInfo,
) -> Result<Option<Dependent>, StoreError> {
    let Some((first, last)) = info.trades else {
        return Ok(None);
    };
    let spans = touched
        .spans(TimeRange::new(first, last.plus_nanos(1)))
        .await?;
    if spans.is_empty() {
        return Ok(None);
    }
    let mut trades = 0;
    for span in &spans {
        trades += count_trades(touched, *span).await?;
    }
    let mut candles = Vec::new();
    for timeframe in &info.timeframes {
        let mut count = 0;
        // a long candle may reach over several spans, and is counted once
        let mut counted = Timestamp::MIN;
        for span in &spans {
            let start = timeframe.open_of(span.start).max(counted);
            counted = timeframe.range_of(span.end.plus_nanos(-1)).end;
            count += count_candles(touched, *timeframe, TimeRange::new(start, span.end)).await?;
        }
        if count > 0 {
            candles.push((*timeframe, count));
        }
    }
    Ok(Some(Dependent {
        symbol: info.symbol.clone(),
        spans,
        trades,
        candles,
    }))
}

async fn count_trades(touched: &Touched<'_>, range: TimeRange) -> Result<u64, StoreError> {
    let query = TradeQuery {
        symbol: touched.symbol.clone(),
        range,
        newest_first: false,
        limit: None,
    };
    let mut batches = touched.store.trades(&query).await?;
    let mut count = 0;
    while let Some(batch) = batches.try_next().await? {
        count += batch.len() as u64;
    }
    Ok(count)
}

/// Those made of trades: the venue's own came in answers, which the store does not trace to records.
async fn count_candles(
    touched: &Touched<'_>,
    timeframe: Timeframe,
    range: TimeRange,
) -> Result<u64, StoreError> {
    if range.is_empty() {
        return Ok(0);
    }
    let query = CandleQuery {
        symbol: touched.symbol.clone(),
        timeframe,
        origin: Some(CandleOrigin::Trades),
        range,
        as_of: None,
        limit: None,
        from_end: false,
    };
    let mut batches = touched.store.candles(&query).await?;
    let mut count = 0;
    while let Some(batch) = batches.try_next().await? {
        count += batch.len() as u64;
    }
    Ok(count)
}

/// Finds the times of a symbol whose rows came from certain records.
struct Touched<'a> {
    store: &'a dyn SeriesStore,
    symbol: &'a Symbol,
    partition: &'a PartitionId,
    records: LogRange,
}

impl Touched<'_> {
    async fn touches(&self, range: TimeRange) -> Result<bool, StoreError> {
        let sources = self.store.sources(self.symbol, range).await?;
        Ok(sources.iter().any(|(partition, part)| {
            partition == self.partition
                && part.from < self.records.to
                && self.records.from < part.to
        }))
    }

    /// The touched part of each touched day.
    async fn spans(&self, all: TimeRange) -> Result<Vec<TimeRange>, StoreError> {
        let mut spans: Vec<TimeRange> = Vec::new();
        if !self.touches(all).await? {
            return Ok(spans);
        }
        let mut start = all.start;
        while start < all.end {
            let end = Timeframe::D1.range_of(start).end.min(all.end);
            let day = TimeRange::new(start, end);
            if self.touches(day).await? {
                let span = self.narrowed(day).await?;
                match spans.last_mut() {
                    Some(last) if last.end == span.start => last.end = span.end,
                    _ => spans.push(span),
                }
            }
            start = end;
        }
        Ok(spans)
    }

    /// From the first to the last touched second of a range that is touched.
    async fn narrowed(&self, range: TimeRange) -> Result<TimeRange, StoreError> {
        let (mut first, mut last) = (range, range);
        while let Some(middle) = middle_of(first) {
            let earlier = TimeRange::new(first.start, middle);
            first = if self.touches(earlier).await? {
                earlier
            } else {
                TimeRange::new(middle, first.end)
            };
        }
        while let Some(middle) = middle_of(last) {
            let later = TimeRange::new(middle, last.end);
            last = if self.touches(later).await? {
                later
            } else {
                TimeRange::new(last.start, middle)
            };
        }
        Ok(TimeRange::new(first.start, last.end))
    }
}

/// Where to cut a range in two at a whole second; `None`: it has no such place inside.
fn middle_of(range: TimeRange) -> Option<Timestamp> {
    let half = range.start.plus_nanos(range.end.since(range.start) / 2);
    let at = Timestamp::from_nanos(half.nanos().div_euclid(FINEST) * FINEST);
    let at = if at <= range.start {
        at.plus_nanos(FINEST)
    } else {
        at
    };
    (range.start < at && at < range.end).then_some(at)
}

#[cfg(test)]
mod tests {
    use quantflow_testkit::memory_store::MemoryStore;
    use quantflow_testkit::series_store_suite::{symbol, trade, trades_of};
    use quantflow_wire::LogPosition;

    use super::*;

    fn place(offset: u64) -> LogPosition {
        LogPosition { epoch: 1, offset }
    }

    #[test]
    fn ranges_are_cut_at_whole_seconds_until_they_are_one() {
        let nanos =
            |from, to| TimeRange::new(Timestamp::from_nanos(from), Timestamp::from_nanos(to));
        assert_eq!(middle_of(nanos(0, FINEST)), None);
        assert_eq!(middle_of(nanos(5, FINEST)), None);
        let second = Timestamp::from_nanos(FINEST);
        assert_eq!(middle_of(nanos(5, FINEST + 1)), Some(second));
        assert_eq!(middle_of(nanos(0, 2 * FINEST)), Some(second));
        assert_eq!(
            middle_of(nanos(0, 10 * FINEST)),
            Some(Timestamp::from_nanos(5 * FINEST))
        );
    }

    /// Three commits of a trade each: two on one day, one the day after.
    #[tokio::test]
    async fn only_what_came_from_the_records_is_named() {
        let store = MemoryStore::default();
        let partition = PartitionId::new("x").unwrap();
        let (a, b) = (symbol("x:A/USDT"), symbol("x:B/USDT"));
        let times = [0, 3_600_000, 90_000_000];
        for (number, millis) in (0_u64..).zip(times) {
            let mut commit = quantflow_seams::Commit::new(
                partition.clone(),
                if number == 0 {
                    LogPosition::START
                } else {
                    place(number * 10)
                },
                place(number * 10 + 10),
            );
            let row = trade(u128::from(number), millis, "1", "2");
            commit.trades.push((a.clone(), trades_of(&[row])));
            if number == 2 {
                commit.trades.push((b.clone(), trades_of(&[row])));
            }
            store.commit(commit).await.unwrap();
        }
        let of = |from, to| LogRange {
            from: place(from),
            to: place(to),
        };
        let one = Dependents::of(&store, &partition, of(12, 13)).await;
        assert_eq!(one.symbols.len(), 1);
        assert_eq!((one.symbols[0].trades, one.symbols[0].spans.len()), (1, 1));
        let two = Dependents::of(&store, &partition, of(12, 21)).await;
        let rows: Vec<_> = two.symbols.iter().map(|d| (&d.symbol, d.trades)).collect();
        assert_eq!(rows, [(&a, 2), (&b, 1)]);
        let none = Dependents::of(&store, &PartitionId::new("y").unwrap(), of(0, 99)).await;
        assert_eq!(none.json(), json!([]));
        assert!(none.lines().is_empty());
    }
}
