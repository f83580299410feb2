//! [`MemoryStore`]: a [`SeriesStore`] of plain vectors, searched through from end to end. It passes
//! the same suite as the engines, and is what they are compared with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::stream;
use quantflow_model::{
    Candle, CandleBatch, CandleOrigin, DayTally, Instrument, LedgerEvent, Quarantined, Symbol,
    TimeRange, Timeframe, Timestamp, Trade, TradeBatch, VenueId,
};
use quantflow_seams::{
    BatchStream, CandleQuery, Checkpoint, Commit, LedgerQuery, Maintenance, QuarantineQuery,
    QuarantineRow, Retention, SeriesInfo, SeriesStore, StateEntry, StoreError, TradeQuery,
};
use quantflow_wire::{LogPosition, LogRange, PartitionId};

/// A store in memory. Clones share what is in it, so that a test can "restart" by cloning.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    partitions: BTreeMap<PartitionId, Standing>,
    trades: Vec<StoredTrade>,
    candles: Vec<StoredCandle>,
    ledger: Vec<(PartitionId, LedgerEvent)>,
    tallies: BTreeMap<(Symbol, Timestamp), (PartitionId, DayTally)>,
    quarantine: Vec<(i64, PartitionId, Quarantined)>,
    refused: i64,
    instruments: BTreeMap<Symbol, (PartitionId, Instrument)>,
}

#[derive(Debug, Default)]
struct Standing {
    position: LogPosition,
    pipeline_version: u32,
    state: BTreeMap<String, Vec<u8>>,
}

#[derive(Debug)]
struct StoredTrade {
    partition: PartitionId,
    symbol: Symbol,
    trade: Trade,
    log: LogRange,
}

#[derive(Debug)]
struct StoredCandle {
    partition: PartitionId,
    symbol: Symbol,
    timeframe: Timeframe,
    candle: Candle,
}

fn trade_batches(trades: impl Iterator<Item = Trade>) -> Vec<Result<TradeBatch, StoreError>> {
    let mut batches = vec![TradeBatch::default()];
    for trade in trades {
        if batches.last_mut().unwrap().push(&trade).is_none() {
            let mut batch = TradeBatch::default();
            batch.push(&trade).expect("one trade fits a batch");
            batches.push(batch);
        }
    }
    batches.retain(|batch| !batch.is_empty());
    batches.into_iter().map(Ok).collect()
}

fn candle_batches(candles: impl Iterator<Item = Candle>) -> Vec<CandleBatch> {
    let mut batches = vec![CandleBatch::default()];
    for candle in candles {
        if batches.last_mut().unwrap().push(&candle).is_none() {
            let mut batch = CandleBatch::default();
            batch.push(&candle).expect("one candle fits a batch");
            batches.push(batch);
        }
    }
    batches.retain(|batch| !batch.is_empty());
    batches
}

#[async_trait]
impl SeriesStore for MemoryStore {
    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        let mut state = self.state.lock().unwrap();
        if let Some(standing) = state.partitions.get(&commit.partition)
            && standing.position != commit.from
        {
            return Err(StoreError::Conflict {
                stands: standing.position,
                partition: commit.partition,
                from: commit.from,
            });
        }
        let log = LogRange {
            from: commit.from,
            to: commit.to,
        };
        let standing = state
            .partitions
            .entry(commit.partition.clone())
            .or_default();
        standing.position = commit.to;
        standing.pipeline_version = commit.pipeline_version;
        for StateEntry { key, value } in commit.state {
            if value.is_empty() {
                standing.state.remove(&key);
            } else {
                standing.state.insert(key, value);
            }
        }
        let partition = commit.partition;
        for (symbol, batch) in commit.trades {
            state.trades.extend(batch.iter().map(|trade| StoredTrade {
                partition: partition.clone(),
                symbol: symbol.clone(),
                trade,
                log,
            }));
        }
        for (symbol, timeframe, batch) in commit.candles {
            state
                .candles
                .extend(batch.iter().map(|candle| StoredCandle {
                    partition: partition.clone(),
                    symbol: symbol.clone(),
                    timeframe,
                    candle,
                }));
        }
        for event in commit.ledger {
            state.ledger.push((partition.clone(), event));
        }
        for tally in commit.tallies {
            let key = (tally.symbol.clone(), tally.day);
            state.tallies.insert(key, (partition.clone(), tally));
        }
        for refused in commit.quarantine {
            state.refused += 1;
            let id = state.refused;
            state.quarantine.push((id, partition.clone(), refused));
        }
        for instrument in commit.instruments {
            let key = instrument.symbol.clone();
            state
                .instruments
                .insert(key, (partition.clone(), instrument));
        }
        Ok(())
    }

    async fn checkpoint(&self, partition: &PartitionId) -> Result<Option<Checkpoint>, StoreError> {
        let state = self.state.lock().unwrap();
        Ok(state.partitions.get(partition).map(|standing| Checkpoint {
            position: standing.position,
            pipeline_version: standing.pipeline_version,
            state: standing
                .state
                .iter()
                .map(|(key, value)| StateEntry {
                    key: key.clone(),
                    value: value.clone(),
                })
                .collect(),
        }))
    }

    async fn trades(&self, query: &TradeQuery) -> Result<BatchStream<TradeBatch>, StoreError> {
        let state = self.state.lock().unwrap();
        let mut trades: Vec<Trade> = state
            .trades
            .iter()
            .filter(|row| row.symbol == query.symbol && query.range.contains(row.trade.time))
            .map(|row| row.trade)
            .collect();
        trades.sort_by_key(Trade::key);
        if query.newest_first {
            trades.reverse();
        }
        trades.truncate(query.limit.unwrap_or(usize::MAX));
        Ok(Box::pin(stream::iter(trade_batches(trades.into_iter()))))
    }

    async fn candles(&self, query: &CandleQuery) -> Result<BatchStream<CandleBatch>, StoreError> {
        let state = self.state.lock().unwrap();
        let rank = |candle: &Candle| {
            let ours = candle.origin == CandleOrigin::Trades;
            (ours, candle.revision, candle.known)
        };
        let mut newest: BTreeMap<Timestamp, Candle> = BTreeMap::new();
        for row in &state.candles {
            let candle = row.candle;
            let asked = row.symbol == query.symbol
                && row.timeframe == query.timeframe
                && query.range.contains(candle.open_time)
                && query.origin.is_none_or(|origin| origin == candle.origin)
                && query.as_of.is_none_or(|as_of| candle.known <= as_of);
            let known = newest.get(&candle.open_time);
            if asked && known.is_none_or(|known| rank(&candle) >= rank(known)) {
                newest.insert(candle.open_time, candle);
            }
        }
        let limit = query.limit.unwrap_or(usize::MAX);
        let skip = if query.from_end {
            newest.len().saturating_sub(limit)
        } else {
            0
        };
        let candles = newest.into_values().skip(skip).take(limit);
        let batches: Vec<_> = candle_batches(candles).into_iter().map(Ok).collect();
        Ok(Box::pin(stream::iter(batches)))
    }

    async fn revisions(
        &self,
        symbol: &Symbol,
        timeframe: Timeframe,
        open_time: Timestamp,
    ) -> Result<CandleBatch, StoreError> {
        let state = self.state.lock().unwrap();
        let mut found: Vec<Candle> = state
            .candles
            .iter()
            .filter(|row| {
                row.symbol == *symbol
                    && row.timeframe == timeframe
                    && row.candle.open_time == open_time
            })
            .map(|row| row.candle)
            .collect();
        found.sort_by_key(|candle| (candle.known, candle.origin, candle.revision));
        let mut batches = candle_batches(found.into_iter());
        match batches.len() {
            0 => Ok(CandleBatch::default()),
            1 => Ok(batches.remove(0)),
            _ => Err(StoreError::Inexact {
                what: format!("the revisions of {symbol} {timeframe} at {open_time}"),
                detail: "together they need more than 38 digits".to_owned(),
            }),
        }
    }

    async fn ledger(&self, query: &LedgerQuery) -> Result<Vec<LedgerEvent>, StoreError> {
        let state = self.state.lock().unwrap();
        let mut events: Vec<LedgerEvent> = state
            .ledger
            .iter()
            .map(|(_, event)| event)
            .filter(|event| {
                query.symbol.as_ref().is_none_or(|s| *s == event.symbol)
                    && query.as_of.is_none_or(|as_of| event.known <= as_of)
            })
            .cloned()
            .collect();
        events.sort_by_key(|event| event.known);
        Ok(events)
    }

    async fn tallies(
        &self,
        symbol: &Symbol,
        range: TimeRange,
    ) -> Result<Vec<DayTally>, StoreError> {
        let state = self.state.lock().unwrap();
        Ok(state
            .tallies
            .values()
            .map(|(_, tally)| tally)
            .filter(|tally| {
                let day = TimeRange::new(tally.day, tally.day.plus_nanos(86_400_000_000_000));
                tally.symbol == *symbol && day.overlaps(range)
            })
            .cloned()
            .collect())
    }

    async fn quarantine(&self, query: &QuarantineQuery) -> Result<Vec<QuarantineRow>, StoreError> {
        let state = self.state.lock().unwrap();
        Ok(state
            .quarantine
            .iter()
            .rev()
            .filter(|(id, _, entry)| {
                query.before.is_none_or(|before| *id < before)
                    && (query.symbol.is_none() || query.symbol == entry.symbol)
            })
            .take(query.limit)
            .map(|(id, _, entry)| QuarantineRow {
                id: *id,
                entry: entry.clone(),
            })
            .collect())
    }

    async fn sources(
        &self,
        symbol: &Symbol,
        range: TimeRange,
    ) -> Result<Vec<(PartitionId, LogRange)>, StoreError> {
        let state = self.state.lock().unwrap();
        let found: BTreeSet<_> = state
            .trades
            .iter()
            .filter(|row| row.symbol == *symbol && range.contains(row.trade.time))
            .map(|row| (row.partition.clone(), row.log.from, row.log.to))
            .collect();
        let mut joined: Vec<(PartitionId, LogRange)> = Vec::new();
        for (partition, from, to) in found {
            match joined.last_mut() {
                Some((last, range)) if *last == partition && from <= range.to => {
                    range.to = range.to.max(to);
                }
                _ => joined.push((partition, LogRange { from, to })),
            }
        }
        Ok(joined)
    }

    async fn series(&self) -> Result<Vec<SeriesInfo>, StoreError> {
        let state = self.state.lock().unwrap();
        let mut all: BTreeMap<Symbol, SeriesInfo> = BTreeMap::new();
        let symbols = state
            .instruments
            .keys()
            .chain(state.trades.iter().map(|row| &row.symbol))
            .chain(state.candles.iter().map(|row| &row.symbol));
        for symbol in symbols {
            all.entry(symbol.clone()).or_insert_with(|| SeriesInfo {
                symbol: symbol.clone(),
                instrument: state.instruments.get(symbol).map(|(_, i)| i.clone()),
                trades: None,
                trade_rows: 0,
                timeframes: Vec::new(),
            });
        }
        for row in &state.trades {
            let info = all.get_mut(&row.symbol).unwrap();
            let time = row.trade.time;
            let (first, last) = info.trades.unwrap_or((time, time));
            info.trades = Some((first.min(time), last.max(time)));
            info.trade_rows += 1;
        }
        for row in &state.candles {
            let timeframes = &mut all.get_mut(&row.symbol).unwrap().timeframes;
            if let Err(at) = timeframes.binary_search(&row.timeframe) {
                timeframes.insert(at, row.timeframe);
            }
        }
        Ok(all.into_values().collect())
    }

    async fn maintain(&self) -> Result<Maintenance, StoreError> {
        Ok(Maintenance::default())
    }

    async fn retain(&self, retention: &Retention, now: Timestamp) -> Result<(), StoreError> {
        let mut state = self.state.lock().unwrap();
        let concerns = |venue: VenueId| retention.venue.as_ref().is_none_or(|v| *v == venue);
        if let Some(kept) = retention.trades {
            let cut = (now - kept).start_of_day();
            state
                .trades
                .retain(|row| !concerns(row.symbol.venue()) || row.trade.time >= cut);
        }
        state.candles.retain(|row| {
            let kept = retention
                .candles
                .iter()
                .filter(|(below, _)| row.timeframe < *below)
                .map(|(_, kept)| *kept)
                .min();
            let cut = kept.map(|kept| (now - kept).start_of_day());
            !concerns(row.symbol.venue()) || cut.is_none_or(|cut| row.candle.open_time >= cut)
        });
        if let Some(kept) = retention.quarantine {
            state.quarantine.retain(|(_, _, entry)| {
                let ours = match (&retention.venue, &entry.symbol) {
                    (None, _) => true,
                    (Some(venue), Some(symbol)) => *venue == symbol.venue(),
                    (Some(_), None) => false,
                };
                !ours || entry.received >= now - kept
            });
        }
        Ok(())
    }

    async fn clear(&self, partition: &PartitionId) -> Result<(), StoreError> {
        let mut state = self.state.lock().unwrap();
        state.partitions.remove(partition);
        state.trades.retain(|row| row.partition != *partition);
        state.candles.retain(|row| row.partition != *partition);
        state.ledger.retain(|(from, _)| from != partition);
        state.tallies.retain(|_, (from, _)| from != partition);
        state.quarantine.retain(|(_, from, _)| from != partition);
        state.instruments.retain(|_, (from, _)| from != partition);
        Ok(())
    }

    async fn check(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }
}
