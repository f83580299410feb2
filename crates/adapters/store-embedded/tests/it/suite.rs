//! The conformance suite, on this store, on this store with every threshold small, and on the fake.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use quantflow_seams::SeriesStore;
use quantflow_store_embedded::{EmbeddedStore, StoreOptions};
use quantflow_testkit::memory_store::MemoryStore;
use quantflow_testkit::series_store_suite;
use quantflow_testkit::series_store_suite::StoreFixture;

/// A store in a folder that goes with the fixture.
pub(crate) struct Folder {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) options: StoreOptions,
}

/// Every commit goes over every threshold.
pub(crate) fn tiny() -> StoreOptions {
    StoreOptions {
        metadata_cache: 1,
        small_commit_rows: 20,
        tail_rows: 12,
        tail_commits: 5,
        merge_segments: 2,
        merge_step: Duration::ZERO,
        segment_rows: 5_000,
        group_rows: 50,
        ..StoreOptions::default()
    }
}

/// Everything goes to files at once.
pub(crate) fn files_only() -> StoreOptions {
    StoreOptions {
        small_commit_rows: 0,
        merge_segments: 3,
        ..StoreOptions::default()
    }
}

impl Folder {
    pub(crate) fn new(options: StoreOptions) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            options,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn open_store(&self) -> EmbeddedStore {
        EmbeddedStore::open(self.path(), self.options.clone()).unwrap()
    }
}

#[async_trait]
impl StoreFixture for Folder {
    async fn open(&self) -> Arc<dyn SeriesStore> {
        Arc::new(self.open_store())
    }
}

struct Fake(MemoryStore);

#[async_trait]
impl StoreFixture for Fake {
    async fn open(&self) -> Arc<dyn SeriesStore> {
        Arc::new(self.0.clone())
    }
}

series_store_suite!(embedded, Folder::new(StoreOptions::default()));
series_store_suite!(embedded_with_small_thresholds, Folder::new(tiny()));
series_store_suite!(embedded_with_files_only, Folder::new(files_only()));
series_store_suite!(memory, Fake(MemoryStore::default()));
