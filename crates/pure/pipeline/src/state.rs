//! State: what a commit stores so that a pipeline can go on from it.
//!
//! State is in pieces by key, so that a commit writes only what changed. A piece is one byte of
//! format and MessagePack behind it. Keys:
//!
//! | key | what |
//! | --- | --- |
//! | `version` | pipeline version and options |
//! | `clock` | the venue's clock |
//! | `symbols` | the symbols by slot |
//! | `feeds`, `quotes`, `imports`, `instruments` | as they say |
//! | `symbol/NAME` | ids, open candles, bands, comparison of one symbol |
//! | `tally/NAME/N` | day totals of one symbol, 32 days a piece |

use std::collections::BTreeMap;
use std::sync::Arc;

use quantflow_model::{Symbol, VenueId};
use quantflow_wire::{Codec, PartitionId};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::options::PipelineOptions;
use crate::output::SymbolSlot;
use crate::pipeline::Pipeline;
use crate::symbol::{Core, SymbolState};
use crate::tally::Tally;

/// The version of what this pipeline makes of records, and of its state. It grows with every change
/// that makes other output of the same records; a state of another version is not gone on from: the
/// data is rebuilt from the log.
pub const PIPELINE_VERSION: u32 = 3;

/// The format of a piece of state.
const FORMAT: u8 = 1;

/// Why a state cannot be gone on from.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It was made by another version.
    #[error(
        "the state was made by version {found} of the pipeline, this is version {expected}: rebuild from the log (quantflow rebuild)"
    )]
    Version {
        /// The version that made it.
        found: u32,
        /// This version.
        expected: u32,
    },
    /// It was made with other options.
    #[error("the state was made with other options: rebuild from the log (quantflow rebuild)")]
    Options,
    /// A piece is in another format or damaged.
    #[error("state {key:?} cannot be read: {detail}")]
    Damaged {
        /// Which piece.
        key: String,
        /// Why.
        detail: String,
    },
    /// A piece that others need is not there.
    #[error("state {0:?} is missing")]
    Missing(String),
}

#[derive(Serialize, Deserialize)]
struct Version {
    pipeline: u32,
    options: PipelineOptions,
}

fn write<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = vec![FORMAT];
    // writing into memory fails only for types that MessagePack has no form for, and there are none
    if let Err(error) = rmp_serde::encode::write(&mut bytes, value) {
        debug_assert!(false, "state that cannot be written: {error}");
    }
    bytes
}

fn read<T: DeserializeOwned>(key: &str, bytes: &[u8]) -> Result<T, StateError> {
    let damaged = |detail: String| StateError::Damaged {
        key: key.to_owned(),
        detail,
    };
    match bytes {
        [FORMAT, rest @ ..] => rmp_serde::from_slice(rest).map_err(|e| damaged(e.to_string())),
        [other, ..] => Err(damaged(format!(
            "format {other}, this version reads {FORMAT}"
        ))),
        [] => Err(damaged("empty".into())),
    }
}

impl Pipeline {
    /// The state that changed since the last call, by key ascending; an empty value removes a key.
    /// Belongs into one commit with the output of the same records.
    pub fn take_dirty_state(&mut self) -> Vec<(String, Vec<u8>)> {
        let dirty = std::mem::take(&mut self.dirty);
        let mut state: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut put = |wanted: bool, key: &str, value: &dyn Fn() -> Vec<u8>| {
            if wanted {
                state.insert(key.to_owned(), value());
            }
        };
        put(dirty.version, "version", &|| {
            write(&Version {
                pipeline: PIPELINE_VERSION,
                options: self.fixed.options.clone(),
            })
        });
        put(dirty.clock, "clock", &|| write(&self.clock));
        put(dirty.feeds, "feeds", &|| write(&self.feeds));
        put(dirty.quotes, "quotes", &|| write(&self.quotes));
        put(dirty.imports, "imports", &|| {
            write(&(&self.imports, &self.imported))
        });
        put(dirty.instruments, "instruments", &|| {
            write(&self.instruments)
        });
        put(dirty.symbols, "symbols", &|| {
            write(&self.symbols.iter().map(|s| &s.symbol).collect::<Vec<_>>())
        });
        for symbol in &mut self.symbols {
            if std::mem::take(&mut symbol.dirty) {
                state.insert(format!("symbol/{}", symbol.symbol), write(&symbol.core));
            }
            for (month, days) in symbol.tallies.take_dirty_months() {
                state.insert(format!("tally/{}/{month}", symbol.symbol), write(&days));
            }
        }
        state.into_iter().collect()
    }

    /// A pipeline that goes on from a state: all pieces that [`Pipeline::take_dirty_state`] gave up
    /// to a commit, the newest of each key.
    ///
    /// # Errors
    /// When the state is of another version or other options, or a piece is damaged or missing.
    pub fn restore(
        partition: PartitionId,
        venue: VenueId,
        codec: Option<Arc<dyn Codec>>,
        options: PipelineOptions,
        state: &[(String, Vec<u8>)],
    ) -> Result<Self, StateError> {
        let mut pipeline = Self::new(partition, venue, codec, options);
        let pieces: BTreeMap<&str, &[u8]> = state
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| (key.as_str(), value.as_slice()))
            .collect();
        if pieces.is_empty() {
            return Ok(pipeline);
        }
        let piece = |key: &str| pieces.get(key).copied();
        let version = piece("version").ok_or_else(|| StateError::Missing("version".into()))?;
        let version: Version = read("version", version)?;
        if version.pipeline != PIPELINE_VERSION {
            return Err(StateError::Version {
                found: version.pipeline,
                expected: PIPELINE_VERSION,
            });
        }
        if version.options != pipeline.fixed.options {
            return Err(StateError::Options);
        }
        if let Some(bytes) = piece("clock") {
            pipeline.clock = read("clock", bytes)?;
        }
        if let Some(bytes) = piece("feeds") {
            pipeline.feeds = read("feeds", bytes)?;
        }
        if let Some(bytes) = piece("quotes") {
            pipeline.quotes = read("quotes", bytes)?;
        }
        if let Some(bytes) = piece("imports") {
            (pipeline.imports, pipeline.imported) = read("imports", bytes)?;
        }
        if let Some(bytes) = piece("instruments") {
            pipeline.instruments = read("instruments", bytes)?;
        }
        if let Some(bytes) = piece("symbols") {
            let symbols: Vec<Symbol> = read("symbols", bytes)?;
            pipeline.restore_symbols(&pieces, symbols)?;
        }
        pipeline.check_slots()?;
        pipeline.refresh_streams();
        Ok(pipeline)
    }

    fn restore_symbols(
        &mut self,
        pieces: &BTreeMap<&str, &[u8]>,
        symbols: Vec<Symbol>,
    ) -> Result<(), StateError> {
        for (slot, symbol) in symbols.into_iter().enumerate() {
            let key = format!("symbol/{symbol}");
            let bytes = pieces
                .get(key.as_str())
                .ok_or_else(|| StateError::Missing(key.clone()))?;
            let core: Core = read(&key, bytes)?;
            let mut state = SymbolState::restored(symbol, SymbolSlot(slot as u32), core);
            let prefix = format!("tally/{}/", state.symbol);
            for (key, bytes) in pieces.range(prefix.as_str()..) {
                if !key.starts_with(&prefix) {
                    break;
                }
                let days: BTreeMap<i64, Tally> = read(key, bytes)?;
                state.tallies.restore(days);
            }
            self.add_symbol(state);
        }
        for symbol in &mut self.symbols {
            symbol.dirty = false;
        }
        self.dirty = crate::pipeline::Dirty::default();
        Ok(())
    }

    /// Nothing may name a slot that is not there.
    fn check_slots(&self) -> Result<(), StateError> {
        let known = self.symbols.len();
        let named = self
            .imports
            .values()
            .map(|import| import.slot.index())
            .chain(self.quotes.keys().map(|slot| *slot as usize));
        match named.max() {
            Some(slot) if slot >= known => Err(StateError::Damaged {
                key: "symbols".into(),
                detail: format!("slot {slot} of {known}"),
            }),
            _ => Ok(()),
        }
    }
}
