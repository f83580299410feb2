//! One venue, running: its ingestion, and the writer of its partition.

use std::sync::Arc;

use anyhow::{Context, Result};
use quantflow_ingest::{
    BookSnapshotRequest, IngestConfig, Policy, RepairRequest, SpanRequest, VenueIngest,
};
use quantflow_market::{Partition, PartitionOptions, PartitionParts, PartitionSetup};
use quantflow_model::{Symbol, VenueId};
use quantflow_pipeline::{Effect, PipelineOptions};
use quantflow_seams::{Budget, Feed};
use quantflow_wire::{Channel, Codec, PartitionId, Subscription};
use tokio::sync::mpsc;

use super::engines::Engines;
use crate::config::secret::Secret;
use crate::config::settings::Stream;

/// How many effects may wait for ingestion. When it is full the newest is dropped: the pipeline
/// asks again by itself.
const EFFECTS: usize = 1024;

/// A venue that is to run.
#[derive(Debug, Clone)]
pub(crate) struct VenuePlan {
    pub(crate) codec: Arc<dyn Codec>,
    pub(crate) rest_url: String,
    pub(crate) ws_url: String,
    pub(crate) key: Option<Secret>,
    pub(crate) subscriptions: Vec<Subscription>,
}

/// The partition of the log that has a venue's records.
pub(crate) fn partition_of(venue: &VenueId) -> Result<PartitionId> {
    PartitionId::new(venue.as_str()).with_context(|| format!("{venue} names no partition"))
}

/// What the configuration's streams mean to a venue.
///
/// # Errors
/// When the venue cannot spell a symbol.
pub(crate) fn subscriptions(codec: &dyn Codec, streams: &[Stream]) -> Result<Vec<Subscription>> {
    let offered = &codec.describe().channels;
    let mut wanted = Vec::new();
    for stream in streams {
        let symbol: &Symbol = &stream.symbol;
        let venue_symbol = codec.spell(symbol).with_context(|| {
            format!("{symbol} cannot be spelled for its venue; check ingest.streams")
        })?;
        let mut channels = vec![
            Channel::Trades,
            Channel::Quotes,
            Channel::Candles(quantflow_model::Timeframe::M1),
        ];
        if stream.book {
            channels.push(Channel::Book);
        }
        channels.retain(|channel| offered.contains(channel));
        wanted.extend(channels.into_iter().map(|channel| Subscription {
            symbol: symbol.clone(),
            venue_symbol: venue_symbol.clone(),
            channel,
        }));
    }
    Ok(wanted)
}

/// How a venue's partition is read.
pub(crate) fn setup(
    venue: &VenueId,
    codec: Option<Arc<dyn Codec>>,
    options: PartitionOptions,
) -> Result<PartitionSetup> {
    Ok(PartitionSetup {
        partition: partition_of(venue)?,
        venue: venue.clone(),
        codec,
        pipeline: PipelineOptions::default(),
        options,
    })
}

/// Opens the writer of a venue's partition; with it come the effects that it asks for.
pub(crate) async fn open_partition(
    engines: &Engines,
    setup: PartitionSetup,
) -> Result<(Partition, mpsc::Receiver<Effect>)> {
    let (effects, wanted) = mpsc::channel(EFFECTS);
    let name = setup.partition.clone();
    let parts = PartitionParts {
        log: Arc::clone(&engines.log),
        store: Arc::clone(&engines.store),
        clock: Arc::clone(&engines.clock),
        hub: engines.hub.clone(),
        effects: Some(effects),
    };
    let partition = setup
        .open(parts)
        .await
        .with_context(|| format!("take over {name}"))?;
    Ok((partition, wanted))
}

/// Starts a venue's ingestion.
pub(crate) async fn start_ingest(
    engines: &Engines,
    feed: Arc<dyn Feed>,
    budget: Arc<dyn Budget>,
    plan: &VenuePlan,
    seed: u64,
) -> Result<VenueIngest> {
    let venue = plan.codec.describe().id.clone();
    let config = IngestConfig {
        rest_url: plan.rest_url.as_str().into(),
        ws_url: plan.ws_url.as_str().into(),
        subscriptions: plan.subscriptions.clone(),
        partition: partition_of(&venue)?,
        policy: Policy::default(),
        seed,
    };
    let engines = quantflow_ingest::Engines {
        codec: Arc::clone(&plan.codec),
        feed,
        budget,
        log: Arc::clone(&engines.log),
        clock: Arc::clone(&engines.clock),
    };
    VenueIngest::start(engines, config)
        .await
        .with_context(|| format!("start ingesting {venue}"))
}

/// Hands the pipeline's effects to ingestion until the partition's writer ends.
pub(crate) async fn serve_effects(ingest: Arc<VenueIngest>, mut wanted: mpsc::Receiver<Effect>) {
    while let Some(effect) = wanted.recv().await {
        // what ingestion has no room for is asked for again by the pipeline
        let _ = match effect {
            Effect::Repair {
                symbol,
                venue_symbol,
                hole,
                how,
            } => ingest.repair(RepairRequest::of(symbol, venue_symbol, &hole, how)),
            Effect::RepairSpan {
                symbol,
                venue_symbol,
                span,
            } => ingest.repair_span(SpanRequest {
                symbol,
                venue_symbol,
                span,
            }),
            Effect::BookSnapshot {
                symbol,
                venue_symbol,
            } => ingest.snapshot_book(BookSnapshotRequest {
                symbol,
                venue_symbol,
            }),
        };
    }
}
