//! The writer of a partition: reads its log, applies the pipeline, shows and commits.

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use quantflow_model::{Candle, Symbol, TimeRange, Timeframe};
use quantflow_pipeline::{Output, Pipeline};
use quantflow_seams::{CandleQuery, LedgerQuery, LogSlice, SeriesStore, StoreError};
use quantflow_wire::{LogPosition, PartitionId, RecordKind};

use crate::commit::Committer;
use crate::day_window::DAY_WINDOW_TIMEFRAME;
use crate::hot::{Hot, Shared};
use crate::metrics;
use crate::parts::{PartitionError, PartitionOptions, PartitionParts};
use crate::publish::Publisher;
use crate::revise::Reviser;

/// Past every place.
const FOREVER: LogPosition = LogPosition {
    epoch: u32::MAX,
    offset: u64::MAX,
};

/// The writer of one partition.
#[derive(Debug)]
pub struct Partition {
    shared: Arc<Shared>,
    parts: PartitionParts,
    options: PartitionOptions,
    committer: Committer,
    publisher: Publisher,
    reviser: Reviser,
    output: Output,
}

impl Partition {
    /// Takes over where the store's last commit ended. `pipeline` is built from the checkpoint.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) async fn open(
        partition: PartitionId,
        venue: quantflow_model::VenueId,
        pipeline: Pipeline,
        committed: Option<LogPosition>,
        silence: Duration,
        parts: PartitionParts,
        options: PartitionOptions,
    ) -> Result<Self, PartitionError> {
        let from = committed.unwrap_or(LogPosition::START);
        let position = committed.unwrap_or_else(|| parts.log.start(&partition));
        let end = parts.log.end(&partition);
        if from.offset > 0 && end.offset == 0 {
            return Err(PartitionError::LogLost {
                partition,
                committed: from,
            });
        }
        let silence_nanos = i64::try_from(silence.as_nanos()).unwrap_or(i64::MAX);
        let mut hot = Hot::new(pipeline, position);
        warm(&mut hot, parts.store.as_ref()).await?;
        let shared = Arc::new(Shared::new(venue, partition, silence_nanos, hot));
        Ok(Self {
            committer: Committer::new(Arc::clone(&shared), from, parts.clone()),
            publisher: Publisher::new(
                Arc::clone(&shared),
                parts.hub.clone(),
                options.candle_interval,
            ),
            reviser: Reviser::new(Arc::clone(&shared), Arc::clone(&parts.store)),
            shared,
            parts,
            options,
            output: Output::default(),
        })
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Applies the log until `stop` is done, then commits what it knows.
    ///
    /// # Errors
    /// When the log cannot be read or the store refuses for good (another writer, damage).
    pub async fn run(
        mut self,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<(), PartitionError> {
        tokio::pin!(stop);
        let mut position = self.shared.lock().position;
        let clock = Arc::clone(&self.parts.clock);
        let mut commit_due = Box::pin(clock.sleep(self.options.commit_interval));
        loop {
            let reading = self.shared.lock().pending.rows() < self.options.pending_rows;
            let show_due = self.publisher.due();
            tokio::select! {
                biased;
                () = &mut stop => break,
                done = self.committer.finished() => done?,
                () = sleep_until(show_due) => self.publisher.flush(clock.now()),
                () = &mut commit_due => {
                    self.committer.begin();
                    self.shared.lock().cut_off = self.parts.log.refuses(&self.shared.partition);
                    self.publisher.watch(clock.now());
                    commit_due = Box::pin(clock.sleep(self.options.commit_interval));
                }
                slice = self.parts.log.read(&self.shared.partition, position), if reading => {
                    position = self.apply(&slice?, position, FOREVER).await?;
                    if self.shared.lock().pending.rows() >= self.options.commit_rows {
                        self.committer.begin();
                    }
                }
            }
        }
        self.committer.leave().await
    }

    /// Applies the log from `position` to `end` and commits: to catch up, to rebuild.
    ///
    /// # Errors
    /// As [`Partition::run`].
    pub async fn catch_up(
        &mut self,
        mut position: LogPosition,
        end: LogPosition,
        mut progress: impl FnMut(LogPosition) + Send,
    ) -> Result<(), PartitionError> {
        while position < end {
            let slice = self
                .parts
                .log
                .read(&self.shared.partition, position)
                .await?;
            position = self.feed(&slice, position, end).await?;
            progress(position);
        }
        self.finish().await
    }

    /// The place up to which the log is applied.
    pub fn position(&self) -> LogPosition {
        self.shared.lock().position
    }

    /// Whether an import began and did not end in the log as far as it is applied.
    pub fn is_importing(&self) -> bool {
        self.shared.lock().pipeline.is_importing()
    }

    /// Applies what a slice has from `position` to `end`, and commits when much waits.
    pub(crate) async fn feed(
        &mut self,
        slice: &LogSlice,
        position: LogPosition,
        end: LogPosition,
    ) -> Result<LogPosition, PartitionError> {
        let position = self.apply(slice, position, end).await?;
        if self.shared.lock().pending.rows() >= self.options.commit_rows {
            self.committer.finish().await?;
        }
        Ok(position)
    }

    /// Commits everything that is known.
    pub(crate) async fn finish(&mut self) -> Result<(), PartitionError> {
        self.committer.finish().await
    }

    /// Applies what a slice has from `position` on, and returns where to go on.
    async fn apply(
        &mut self,
        slice: &LogSlice,
        position: LogPosition,
        end: LogPosition,
    ) -> Result<LogPosition, PartitionError> {
        let skip = if slice.first.epoch == position.epoch {
            position.offset.saturating_sub(slice.first.offset)
        } else {
            0
        };
        let mut at = slice.first.plus(skip);
        self.output.clear();
        {
            let mut hot = self.shared.lock();
            if !hot.pipeline.has_codec()
                // only a codec can have told of instruments: what came before was read with it
                && (hot.pipeline.instruments().len() > 0
                    || slice.chunk.iter().any(|r| needs_codec(r.kind)))
            {
                return Err(PartitionError::NoCodec {
                    partition: self.shared.partition.clone(),
                });
            }
            let Hot {
                pipeline,
                last_content,
                connections,
                ..
            } = &mut *hot;
            let mut batch = pipeline.batch();
            for record in slice.chunk.iter().skip(skip as usize) {
                if at >= end {
                    break;
                }
                batch.apply(at, &record, &mut self.output);
                at = at.plus(1);
                match record.kind {
                    RecordKind::Text | RecordKind::Binary => *last_content = record.received,
                    RecordKind::Connected => {
                        connections.insert(record.connection);
                    }
                    RecordKind::Disconnected => {
                        // 0: the connections of an earlier life of the process
                        if record.connection == 0 {
                            connections.clear();
                        }
                        connections.remove(&record.connection);
                    }
                    _ => {}
                }
            }
            hot.position = at;
            take(&mut hot, &mut self.output);
        }
        self.reviser.add(&mut self.output).await?;
        self.shared.applied.send_replace(at);
        self.publisher.publish(at, &self.output);
        metrics::count(self.shared.partition.as_str(), &self.output.counts);
        if let Some(effects) = &self.parts.effects {
            for effect in self.output.effects.drain(..) {
                // full or closed: the pipeline asks again by itself
                let _ = effects.try_send(effect);
            }
        }
        Ok(at)
    }
}

/// Whether a record is in the venue's own words.
fn needs_codec(kind: RecordKind) -> bool {
    matches!(
        kind,
        RecordKind::Text | RecordKind::Binary | RecordKind::Exchange
    )
}

/// Sleeps until then; for ever when nothing is due.
async fn sleep_until(due: Option<tokio::time::Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// Moves what the pipeline said into the hot state; candles are the reviser's.
fn take(hot: &mut Hot, output: &mut Output) {
    hot.pending.push_trades(&output.trades);
    for (slot, trade) in &output.trades {
        let kept = hot.symbol(*slot);
        if kept.last.is_none_or(|(_, time)| time <= trade.time) {
            kept.last = Some((trade.price, trade.time));
        }
    }
    for (slot, quote) in &output.quotes {
        hot.symbol(*slot).quote = Some(*quote);
    }
    for event in output.ledger.drain(..) {
        if let Some(slot) = hot.pipeline.slot(&event.symbol) {
            hot.symbol(slot).completeness.apply(&event);
        }
        hot.pending.push_ledger(event);
    }
    for entry in output.quarantine.drain(..) {
        hot.pending.push_quarantine(entry);
    }
    for instrument in output.instruments.drain(..) {
        hot.pending.set_instrument(instrument);
    }
}

/// Fills the hot state from the store: last prices, the last 24 hours, what is missing.
async fn warm(hot: &mut Hot, store: &dyn SeriesStore) -> Result<(), StoreError> {
    let events = store
        .ledger(&LedgerQuery {
            symbol: None,
            as_of: None,
        })
        .await?;
    for event in &events {
        if let Some(slot) = hot.pipeline.slot(&event.symbol) {
            hot.symbol(slot).completeness.apply(event);
        }
    }
    let symbols: Vec<_> = hot
        .pipeline
        .symbols()
        .map(|(slot, symbol)| (slot, symbol.clone()))
        .collect();
    for (slot, symbol) in symbols {
        let newest = newest_candles(store, &symbol, Timeframe::S1, 1).await?;
        let day = newest_candles(store, &symbol, DAY_WINDOW_TIMEFRAME, 288).await?;
        let kept = hot.symbol(slot);
        for candle in &day {
            kept.window.insert(candle);
        }
        kept.last = newest
            .last()
            .map(|candle| {
                (
                    candle.close,
                    candle.last_trade.map_or(candle.open_time, |key| key.time),
                )
            })
            .or_else(|| day.last().map(|candle| (candle.close, candle.open_time)));
    }
    Ok(())
}

async fn newest_candles(
    store: &dyn SeriesStore,
    symbol: &Symbol,
    timeframe: Timeframe,
    limit: usize,
) -> Result<Vec<Candle>, StoreError> {
    let query = CandleQuery {
        symbol: symbol.clone(),
        timeframe,
        origin: None,
        range: TimeRange::ALL,
        as_of: None,
        limit: Some(limit),
        from_end: true,
    };
    let mut candles = Vec::new();
    let mut batches = store.candles(&query).await?;
    while let Some(batch) = batches.try_next().await? {
        candles.extend(batch.iter());
    }
    Ok(candles)
}
