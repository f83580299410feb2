//! Taking over a partition where its last commit ended.

use std::sync::Arc;
use std::time::Duration;

use quantflow_model::VenueId;
use quantflow_pipeline::{PIPELINE_VERSION, Pipeline, PipelineOptions};
use quantflow_wire::{Codec, PartitionId};

use crate::partition::Partition;
use crate::parts::{PartitionError, PartitionOptions, PartitionParts};

/// What a partition is and how it is to be read.
#[derive(Debug, Clone)]
pub struct PartitionSetup {
    /// Its name in the log.
    pub partition: PartitionId,
    /// Whose records it has.
    pub venue: VenueId,
    /// What the venue's bytes mean; `None` where there are only imports.
    pub codec: Option<Arc<dyn Codec>>,
    /// What decides, beside the records, what comes out.
    pub pipeline: PipelineOptions,
    /// How it shows and commits.
    pub options: PartitionOptions,
}

/// How long a venue without a codec may be silent: there is no feed that could be late.
const NO_FEED: Duration = Duration::from_secs(u32::MAX as u64);

impl PartitionSetup {
    /// Takes over where the last commit of the store ended; at the log's start before the first.
    ///
    /// # Errors
    /// [`PartitionError::OtherVersion`] when the store was made by another version of the pipeline;
    /// [`PartitionError::State`] when its state cannot be read; else when the store fails.
    pub async fn open(self, parts: PartitionParts) -> Result<Partition, PartitionError> {
        let silence = self
            .codec
            .as_ref()
            .map_or(NO_FEED, |codec| codec.describe().silence);
        let checkpoint = parts.store.checkpoint(&self.partition).await?;
        let (pipeline, position) = match checkpoint {
            None => {
                let pipeline = Pipeline::new(
                    self.partition.clone(),
                    self.venue.clone(),
                    self.codec,
                    self.pipeline,
                );
                (pipeline, None)
            }
            Some(checkpoint) => {
                if checkpoint.pipeline_version != PIPELINE_VERSION {
                    return Err(PartitionError::OtherVersion {
                        partition: self.partition,
                        found: checkpoint.pipeline_version,
                        ours: PIPELINE_VERSION,
                    });
                }
                let state: Vec<(String, Vec<u8>)> = checkpoint
                    .state
                    .into_iter()
                    .map(|entry| (entry.key, entry.value))
                    .collect();
                let pipeline = Pipeline::restore(
                    self.partition.clone(),
                    self.venue.clone(),
                    self.codec,
                    self.pipeline,
                    &state,
                )?;
                (pipeline, Some(checkpoint.position))
            }
        };
        Partition::open(
            self.partition,
            self.venue,
            pipeline,
            position,
            silence,
            parts,
            self.options,
        )
        .await
    }
}
