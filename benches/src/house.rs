//! [`House`]: log, partition, store and market in one process, as the binary wires them.

use std::path::Path;
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use quantflow_log_embedded::{EmbeddedLog, LogOptions};
use quantflow_market::stream::Hub;
use quantflow_market::{Market, PartitionError, PartitionOptions, PartitionParts, PartitionSetup};
use quantflow_model::{TimeRange, Timeframe};
use quantflow_pipeline::{Effect, PipelineOptions};
use quantflow_seams::{CandleQuery, Clock, EventLog, SeriesStore, SystemClock};
use quantflow_store_embedded::{EmbeddedStore, StoreOptions};
use quantflow_venues::BinanceSpot;
use quantflow_wire::{Codec, LogPosition, PartitionId};
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::frames::{Frames, venue};
use crate::watched::Watched;

/// Everything between a record and a query, running, with the options that the binary has.
#[derive(Debug)]
pub struct House {
    /// Answers.
    pub market: Arc<Market>,
    /// The raw log.
    pub log: Arc<Watched>,
    /// The store.
    pub store: Arc<EmbeddedStore>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What the pipeline asks for.
    pub effects: mpsc::Receiver<Effect>,
    folder: TempDir,
    stop: Option<oneshot::Sender<()>>,
    writer: Option<JoinHandle<Result<(), PartitionError>>>,
}

/// So many records the log may be ahead of the writer: about 10 MB.
const AHEAD: u64 = 50_000;

/// The partition of the log.
///
/// # Panics
/// Never.
pub fn partition() -> PartitionId {
    PartitionId::new(venue().as_str()).unwrap()
}

/// What the venue's bytes mean.
pub fn codec() -> Arc<dyn Codec> {
    Arc::new(BinanceSpot::new(venue()))
}

impl House {
    /// Opens it in a folder of its own in the temporary folder (`TMPDIR`).
    ///
    /// # Panics
    /// When something cannot be opened.
    pub async fn open() -> Self {
        let folder = TempDir::new().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let (log, _) =
            EmbeddedLog::open(&folder.path().join("log"), LogOptions::default()).unwrap();
        let log = Arc::new(Watched::new(log));
        let series = folder.path().join("series");
        let store = Arc::new(EmbeddedStore::open(&series, StoreOptions::default()).unwrap());
        let hub = Hub::default();
        let (effects, wanted) = mpsc::channel(1024);
        let parts = PartitionParts {
            log: Arc::clone(&log) as _,
            store: Arc::clone(&store) as _,
            clock: Arc::clone(&clock),
            hub: hub.clone(),
            effects: Some(effects),
        };
        let setup = PartitionSetup {
            partition: partition(),
            venue: venue(),
            codec: Some(codec()),
            pipeline: PipelineOptions::default(),
            options: PartitionOptions::default(),
        };
        let writer = setup.open(parts).await.unwrap();
        let market = Arc::new(Market::new(
            std::slice::from_ref(&writer),
            Arc::clone(&store) as _,
            Arc::clone(&log) as _,
            Arc::clone(&clock),
            hub,
        ));
        let (stop, stopped) = oneshot::channel::<()>();
        let writer = tokio::spawn(writer.run(async {
            // dropped without a word: the bench is over
            let _ = stopped.await;
        }));
        Self {
            market,
            log,
            store,
            clock,
            effects: wanted,
            folder,
            stop: Some(stop),
            writer: Some(writer),
        }
    }

    /// Takes frames in and waits until all are applied. The writer is never far behind, as it is
    /// behind a venue: what a reader far behind costs (it reads from disk) is not measured here.
    ///
    /// # Panics
    /// When the log refuses.
    pub async fn take(&self, frames: &Frames) {
        let id = partition();
        self.log.append(&id, frames.opening()).await.unwrap();
        for chunk in frames.chunks() {
            let first = self.log.append(&id, chunk).await.unwrap();
            let offset = first.offset.saturating_sub(AHEAD);
            self.log.applied(LogPosition { offset, ..first }).await;
        }
        self.log.applied(self.log.end(&id)).await;
    }

    /// Ends the writer: everything is committed then.
    ///
    /// # Panics
    /// When the writer failed.
    pub async fn commit(&mut self) {
        if let (Some(stop), Some(writer)) = (self.stop.take(), self.writer.take()) {
            // an error means that the writer has ended: its own result says why
            let _ = stop.send(());
            writer.await.unwrap().unwrap();
        }
    }

    /// Rows of trades that the store has.
    ///
    /// # Panics
    /// When the store cannot be read.
    pub async fn stored_trades(&self) -> u64 {
        let series = self.store.series().await.unwrap();
        series.iter().map(|series| series.trade_rows).sum()
    }

    /// Candles of a timeframe that the store has, all symbols together.
    ///
    /// # Panics
    /// When the store cannot be read.
    pub async fn stored_candles(&self, timeframe: Timeframe) -> u64 {
        let mut candles = 0;
        for series in self.store.series().await.unwrap() {
            let query = CandleQuery {
                symbol: series.symbol,
                timeframe,
                origin: None,
                range: TimeRange::ALL,
                as_of: None,
                limit: None,
                from_end: false,
            };
            let mut batches = self.store.candles(&query).await.unwrap();
            while let Some(batch) = batches.try_next().await.unwrap() {
                candles += batch.len() as u64;
            }
        }
        candles
    }

    /// Bytes of the log and of the store on disk.
    pub fn bytes_on_disk(&self) -> (u64, u64) {
        let folder = self.folder.path();
        (size(&folder.join("log")), size(&folder.join("series")))
    }
}

fn size(path: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(path) else {
        return std::fs::metadata(path).map_or(0, |data| data.len());
    };
    entries.flatten().map(|entry| size(&entry.path())).sum()
}
