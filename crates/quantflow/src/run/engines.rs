//! The engines that the configuration names, opened.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use quantflow_archive::LocalArchive;
use quantflow_log_embedded::{EmbeddedLog, FsyncPolicy, LogOptions, Repair};
use quantflow_market::stream::Hub;
use quantflow_seams::{Clock, EventLog, RawArchive, SeriesStore, SystemClock};
use quantflow_store_embedded::{EmbeddedStore, StoreOptions};

use crate::config::Settings;

/// How much of its newest records each partition of the raw log keeps in memory. Its writer reads them within
/// milliseconds, and older ones come from disk: more would only be held by a server that is idle.
const LOG_MEMORY: usize = 16 << 20;

/// The engines of a data folder.
#[derive(Debug, Clone)]
pub(crate) struct Engines {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) store: Arc<dyn SeriesStore>,
    pub(crate) archive: Arc<dyn RawArchive>,
    pub(crate) hub: Hub,
}

/// Where the series of a data folder lie.
pub(crate) fn series_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("series")
}

/// Where the raw log of a data folder lies.
pub(crate) fn log_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("log")
}

impl Engines {
    /// Opens what is there and makes what is not. What had to be repaired in the log is returned.
    ///
    /// # Errors
    /// When another process uses the folder, or something in it cannot be read.
    pub(crate) fn open(settings: &Settings) -> Result<(Self, Vec<Repair>)> {
        // what is told of it later names it wherever it is read
        let data_dir = &std::path::absolute(&settings.data_dir)
            .with_context(|| format!("find the data folder {}", settings.data_dir.display()))?;
        if data_dir.exists() && !data_dir.is_dir() {
            anyhow::bail!(
                "{} is a file, no folder: name a folder with --data-dir",
                data_dir.display()
            );
        }
        std::fs::create_dir_all(data_dir).with_context(|| {
            format!(
                "make the data folder {} (set another with --data-dir)",
                data_dir.display()
            )
        })?;
        let options = LogOptions {
            fsync: FsyncPolicy::Interval(settings.sync_interval),
            segment_bytes: settings.segment_size,
            segment_age: settings.segment_age,
            memory_bytes: LOG_MEMORY,
            ..LogOptions::default()
        };
        let (log, repairs) =
            EmbeddedLog::open(&log_dir(data_dir), options).context("open the raw log")?;
        let store = EmbeddedStore::open(&series_dir(data_dir), StoreOptions::default())
            .context("open the store")?;
        let archive = LocalArchive::open(&settings.lake_dir).context("open the lake")?;
        let engines = Self {
            clock: Arc::new(SystemClock),
            log: Arc::new(log),
            store: Arc::new(store),
            archive: Arc::new(archive),
            hub: Hub::default(),
        };
        Ok((engines, repairs))
    }
}
