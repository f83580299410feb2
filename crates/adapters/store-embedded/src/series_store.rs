//! The seam: [`SeriesStore`] over the synchronous store. What may take long runs on the blocking
//! pool; what is small and in memory is answered at once.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream;
use quantflow_model::{
    CandleBatch, DayTally, LedgerEvent, Symbol, TimeRange, Timeframe, Timestamp, TradeBatch,
};
use quantflow_seams::{
    BatchStream, CandleQuery, Checkpoint, Commit, LedgerQuery, Maintenance, QuarantineQuery,
    QuarantineRow, Retention, SeriesInfo, SeriesStore, StoreError, TradeQuery,
};
use quantflow_wire::{LogRange, PartitionId};

use crate::query::{CandleScan, TradeScan};
use crate::records;
use crate::store::{EmbeddedStore, Inner, TINY};
use crate::worker::Worker;

impl EmbeddedStore {
    /// Runs work that may wait for the disk where it holds nobody up. It goes on to its end even
    /// when the caller goes away: a commit is never half done.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = Arc::clone(&self.inner);
        let place = self.inner.folder.display().to_string();
        tokio::task::spawn_blocking(move || work(&inner))
            .await
            .unwrap_or_else(|fault| {
                Err(StoreError::Failed {
                    place,
                    detail: fault.to_string(),
                })
            })
    }

    /// As `blocking`, on a thread of the store's own.
    async fn on<T: Send + 'static>(
        &self,
        worker: &Worker,
        work: impl FnOnce(&Inner) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = Arc::clone(&self.inner);
        let done = worker.run(move || work(&inner)).await;
        done.unwrap_or_else(|| {
            Err(StoreError::Failed {
                place: self.inner.folder.display().to_string(),
                detail: "its work panicked".to_owned(),
            })
        })
    }
}

/// Something that is read batch by batch.
trait Batches: Send + 'static {
    type Batch: Send + 'static;
    fn next_batch(&mut self, inner: &Inner) -> Result<Option<Self::Batch>, StoreError>;
    /// Whether it is known already that no batch follows: reading on another thread to learn it
    /// takes as long as reading a page of candles.
    fn is_over(&self) -> bool;
}

impl Batches for TradeScan {
    type Batch = TradeBatch;
    fn next_batch(&mut self, inner: &Inner) -> Result<Option<TradeBatch>, StoreError> {
        self.next(inner)
    }
    fn is_over(&self) -> bool {
        self.is_over()
    }
}

impl Batches for CandleScan {
    type Batch = CandleBatch;
    fn next_batch(&mut self, inner: &Inner) -> Result<Option<CandleBatch>, StoreError> {
        self.next(inner)
    }
    fn is_over(&self) -> bool {
        self.is_over()
    }
}

/// One batch is in memory at a time; the next is read when it is asked for.
fn streamed<B: Batches>(store: &EmbeddedStore, batches: B) -> BatchStream<B::Batch> {
    let store = store.clone();
    Box::pin(stream::try_unfold(Some(batches), move |batches| {
        let store = store.clone();
        async move {
            let Some(mut batches) = batches else {
                return Ok(None);
            };
            store
                .blocking(move |inner| {
                    let batch = batches.next_batch(inner)?;
                    let rest = (!batches.is_over()).then_some(batches);
                    Ok(batch.map(|batch| (batch, rest)))
                })
                .await
        }
    }))
}

/// Everything at once, on this thread.
fn at_once<B: Batches>(store: &EmbeddedStore, mut batches: B) -> BatchStream<B::Batch> {
    let mut read = Vec::new();
    loop {
        match batches.next_batch(&store.inner) {
            Ok(Some(batch)) => read.push(Ok(batch)),
            Ok(None) => break,
            Err(fault) => {
                read.push(Err(fault));
                break;
            }
        }
    }
    Box::pin(stream::iter(read))
}

#[async_trait]
impl SeriesStore for EmbeddedStore {
    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        self.on(&self.committer, move |inner| inner.commit(commit))
            .await
    }

    async fn checkpoint(&self, partition: &PartitionId) -> Result<Option<Checkpoint>, StoreError> {
        let partition = partition.clone();
        self.blocking(move |inner| inner.catalogue.checkpoint(&partition))
            .await
    }

    async fn trades(&self, query: &TradeQuery) -> Result<BatchStream<TradeBatch>, StoreError> {
        let scan = self.inner.trade_scan(query);
        let tiny = query.limit.is_some_and(|limit| limit <= TINY) && scan.is_in_memory();
        Ok(if tiny {
            at_once(self, scan)
        } else {
            streamed(self, scan)
        })
    }

    async fn candles(&self, query: &CandleQuery) -> Result<BatchStream<CandleBatch>, StoreError> {
        let scan = self.inner.candle_scan(query);
        let tiny = query.limit.is_some_and(|limit| limit <= TINY) && scan.is_in_memory();
        Ok(if tiny {
            at_once(self, scan)
        } else {
            streamed(self, scan)
        })
    }

    async fn revisions(
        &self,
        symbol: &Symbol,
        timeframe: Timeframe,
        open_time: Timestamp,
    ) -> Result<CandleBatch, StoreError> {
        let symbol = symbol.clone();
        self.blocking(move |inner| inner.revisions(&symbol, timeframe, open_time))
            .await
    }

    async fn ledger(&self, query: &LedgerQuery) -> Result<Vec<LedgerEvent>, StoreError> {
        let query = query.clone();
        self.blocking(move |inner| records::ledger(&inner.catalogue, &query))
            .await
    }

    async fn tallies(
        &self,
        symbol: &Symbol,
        range: TimeRange,
    ) -> Result<Vec<DayTally>, StoreError> {
        let symbol = symbol.clone();
        self.blocking(move |inner| records::tallies(&inner.catalogue, &symbol, range))
            .await
    }

    async fn quarantine(&self, query: &QuarantineQuery) -> Result<Vec<QuarantineRow>, StoreError> {
        let query = query.clone();
        self.blocking(move |inner| records::quarantine(&inner.catalogue, &query))
            .await
    }

    async fn sources(
        &self,
        symbol: &Symbol,
        range: TimeRange,
    ) -> Result<Vec<(PartitionId, LogRange)>, StoreError> {
        Ok(self.inner.view().sources(symbol, range))
    }

    async fn series(&self) -> Result<Vec<SeriesInfo>, StoreError> {
        Ok(self.inner.view().series())
    }

    async fn maintain(&self) -> Result<Maintenance, StoreError> {
        self.on(&self.keeper, Inner::maintain).await
    }

    async fn retain(&self, retention: &Retention, now: Timestamp) -> Result<(), StoreError> {
        let retention = retention.clone();
        self.on(&self.keeper, move |inner| inner.retain(&retention, now))
            .await
    }

    async fn clear(&self, partition: &PartitionId) -> Result<(), StoreError> {
        let partition = partition.clone();
        self.on(&self.keeper, move |inner| inner.clear(&partition))
            .await
    }

    async fn check(&self) -> Result<Vec<String>, StoreError> {
        self.blocking(Inner::check).await
    }
}

impl Inner {
    /// Every revision of a candle: as they became known.
    fn revisions(
        &self,
        symbol: &Symbol,
        timeframe: Timeframe,
        open_time: Timestamp,
    ) -> Result<CandleBatch, StoreError> {
        let range = TimeRange::new(open_time, open_time.plus_nanos(1));
        let parts = self.view().candle_parts(symbol, timeframe, range);
        let mut scan = crate::scan::Scan::new(parts, range, false, None);
        let mut all = CandleBatch::default();
        while let Some(rows) = scan.next(self.files())? {
            all.extend_from(&rows, 0..rows.len())
                .ok_or_else(|| StoreError::Inexact {
                    what: format!("the revisions of {symbol} {timeframe} at {open_time}"),
                    detail: "together they need more than 38 digits".to_owned(),
                })?;
        }
        let mut order: Vec<usize> = (0..all.len()).collect();
        order.sort_by_key(|&row| (all.known[row], all.origins[row], all.revisions[row]));
        let mut sorted = CandleBatch::default();
        for row in order {
            let _ = sorted.extend_from(&all, row..row + 1); // fits: its own rows
        }
        Ok(sorted)
    }
}
