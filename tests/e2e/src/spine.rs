//! [`Spine`]: ingestion, log, pipeline and store in one process, as the binary wires them, against
//! a replay venue.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use quantflow_budget_memory::MemoryBudget;
use quantflow_ingest::{
    BookSnapshotRequest, Engines, IngestConfig, Policy, RepairRequest, SpanRequest, VenueIngest,
};
use quantflow_log_embedded::{EmbeddedLog, LogOptions};
use quantflow_market::stream::Hub;
use quantflow_market::{
    Market, Partition, PartitionError, PartitionOptions, PartitionParts, PartitionSetup,
};
use quantflow_model::{Symbol, VenueId};
use quantflow_pipeline::{Effect, PipelineOptions};
use quantflow_replay::ReplayHandle;
use quantflow_seams::{Clock, EventLog, SeriesStore, SystemClock};
use quantflow_store_embedded::{EmbeddedStore, StoreOptions};
use quantflow_transport::{Settings, Transport};
use quantflow_venues::Registry;
use quantflow_wire::{Channel, Codec, PartitionId, Subscription};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// The data folder of a server that has ended, opened to be asked.
///
/// # Panics
/// When it cannot be opened.
pub async fn open_offline(folder: &Path) -> Market {
    let mut opened = Opened::of(folder, None).await;
    let (position, end) = (opened.writer.position(), opened.log.end(&partition()));
    let caught_up = opened.writer.catch_up(position, end, |_| {}).await;
    caught_up.unwrap();
    opened.market()
}

/// Log, store and writer of a folder.
struct Opened {
    log: Arc<EmbeddedLog>,
    store: Arc<EmbeddedStore>,
    clock: Arc<dyn Clock>,
    hub: Hub,
    writer: Partition,
}

impl Opened {
    async fn of(folder: &Path, effects: Option<mpsc::Sender<Effect>>) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let (log, _) = EmbeddedLog::open(&folder.join("log"), LogOptions::default()).unwrap();
        let log = Arc::new(log);
        let store = EmbeddedStore::open(&folder.join("series"), StoreOptions::default()).unwrap();
        let store = Arc::new(store);
        let hub = Hub::default();
        let parts = PartitionParts {
            log: Arc::clone(&log) as _,
            store: Arc::clone(&store) as _,
            clock: Arc::clone(&clock),
            hub: hub.clone(),
            effects,
        };
        Self {
            writer: setup().open(parts).await.unwrap(),
            log,
            store,
            clock,
            hub,
        }
    }

    /// Who answers of what the writer has.
    fn market(&self) -> Market {
        Market::new(
            std::slice::from_ref(&self.writer),
            Arc::clone(&self.store) as _,
            Arc::clone(&self.log) as _,
            Arc::clone(&self.clock),
            self.hub.clone(),
        )
    }
}

/// Everything between a socket and a query, running.
#[derive(Debug)]
pub struct Spine {
    /// Answers.
    pub market: Arc<Market>,
    /// The raw log.
    pub log: Arc<EmbeddedLog>,
    /// The store.
    pub store: Arc<EmbeddedStore>,
    /// Ingestion.
    pub ingest: Arc<VenueIngest>,
    stop: oneshot::Sender<()>,
    writer: JoinHandle<Result<(), PartitionError>>,
}

/// The venue's name in these tests.
///
/// # Panics
/// Never.
pub fn venue() -> VenueId {
    "replay".parse().unwrap()
}

/// Its codec.
///
/// # Panics
/// Never.
pub fn codec() -> Arc<dyn Codec> {
    Registry::builtin().speak("binance-spot", venue()).unwrap()
}

/// Its partition.
///
/// # Panics
/// Never.
pub fn partition() -> PartitionId {
    PartitionId::new("replay").unwrap()
}

/// How its partition is read.
pub fn setup() -> PartitionSetup {
    PartitionSetup {
        partition: partition(),
        venue: venue(),
        codec: Some(codec()),
        pipeline: PipelineOptions::default(),
        options: PartitionOptions::default(),
    }
}

fn subscriptions(symbols: &[Symbol]) -> Vec<Subscription> {
    let codec = codec();
    let channels = [Channel::Trades, Channel::Quotes, Channel::Book];
    symbols
        .iter()
        .flat_map(|symbol| {
            let venue_symbol = codec.spell(symbol).unwrap();
            channels.map(|channel| Subscription {
                symbol: symbol.clone(),
                venue_symbol: venue_symbol.clone(),
                channel,
            })
        })
        .collect()
}

impl Spine {
    /// Starts on a folder, against a replay venue.
    ///
    /// # Panics
    /// When something cannot be opened.
    pub async fn start(folder: &Path, venue_server: &ReplayHandle, seed: u64) -> Self {
        let (effects, wanted) = mpsc::channel(1024);
        let opened = Opened::of(folder, Some(effects)).await;
        let market = Arc::new(opened.market());
        let Opened {
            log,
            store,
            clock,
            writer,
            ..
        } = opened;
        let (stop, stopped) = oneshot::channel::<()>();
        let writer = tokio::spawn(writer.run(async {
            // dropped without a word: the test is over
            let _ = stopped.await;
        }));
        let engines = Engines {
            codec: codec(),
            feed: Arc::new(Transport::new(Settings::default()).unwrap()),
            budget: Arc::new(MemoryBudget::new(Arc::clone(&clock))),
            log: Arc::clone(&log) as _,
            clock,
        };
        let config = IngestConfig {
            rest_url: venue_server.rest_url().into(),
            ws_url: venue_server.ws_url().into(),
            subscriptions: subscriptions(&venue_server.truth().symbols()),
            partition: partition(),
            policy: Policy::default(),
            seed,
        };
        let ingest = Arc::new(VenueIngest::start(engines, config).await.unwrap());
        tokio::spawn(serve_effects(Arc::clone(&ingest), wanted));
        Self {
            market,
            log,
            store,
            ingest,
            stop,
            writer,
        }
    }

    /// Ends it in good order: everything that came is committed.
    ///
    /// # Panics
    /// When the writer failed.
    pub async fn stop(self) -> (Arc<EmbeddedLog>, Arc<EmbeddedStore>) {
        self.ingest.shutdown().await;
        // what was appended last is applied before the writer hears that it is over
        let end = self.log.end(&partition());
        let log = Arc::clone(&self.log);
        let _ = tokio::time::timeout(Duration::from_secs(10), log.wait_durable(&partition(), end))
            .await;
        let _ = self.stop.send(());
        self.writer.await.unwrap().unwrap();
        (self.log, self.store)
    }
}

async fn serve_effects(ingest: Arc<VenueIngest>, mut wanted: mpsc::Receiver<Effect>) {
    while let Some(effect) = wanted.recv().await {
        match effect {
            Effect::Repair {
                symbol,
                venue_symbol,
                hole,
                how,
            } => {
                ingest.repair(RepairRequest::of(symbol, venue_symbol, &hole, how));
            }
            Effect::RepairSpan {
                symbol,
                venue_symbol,
                span,
            } => {
                ingest.repair_span(SpanRequest {
                    symbol,
                    venue_symbol,
                    span,
                });
            }
            Effect::BookSnapshot {
                symbol,
                venue_symbol,
            } => {
                ingest.snapshot_book(BookSnapshotRequest {
                    symbol,
                    venue_symbol,
                });
            }
        }
    }
}

/// Whether a store holds anything of a partition; for tests that reopen one.
///
/// # Panics
/// When it cannot be read.
pub async fn is_empty(store: &dyn SeriesStore) -> bool {
    store.checkpoint(&partition()).await.unwrap().is_none()
}
