//! The seam's conformance suite.

use std::sync::Arc;

use async_trait::async_trait;
use quantflow_log_embedded::{EmbeddedLog, LogOptions};
use quantflow_seams::EventLog;
use quantflow_testkit::event_log_suite;
use quantflow_testkit::event_log_suite::Harness;
use tempfile::TempDir;

#[derive(Debug)]
struct InFolder {
    folder: TempDir,
    options: LogOptions,
}

impl InFolder {
    fn new(options: LogOptions) -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            options,
        }
    }
}

#[async_trait]
impl Harness for InFolder {
    async fn open(&self) -> Arc<dyn EventLog> {
        let (log, repairs) = EmbeddedLog::open(self.folder.path(), self.options).unwrap();
        assert_eq!(repairs, []);
        Arc::new(log)
    }
}

fn small() -> LogOptions {
    LogOptions {
        segment_bytes: 48 << 10,
        queue_bytes: 1 << 20,
        ..LogOptions::default()
    }
}

event_log_suite!(embedded, InFolder::new(small()));

// everything older than the last chunk is read from disk
event_log_suite!(
    embedded_without_memory,
    InFolder::new(LogOptions {
        memory_bytes: 0,
        ..small()
    })
);

event_log_suite!(
    embedded_with_a_sync_each_block,
    InFolder::new(LogOptions {
        fsync: quantflow_log_embedded::FsyncPolicy::EveryBlock,
        block_bytes: 4 << 10,
        memory_bytes: 0,
        ..small()
    })
);

event_log_suite!(
    embedded_that_never_syncs,
    InFolder::new(LogOptions {
        fsync: quantflow_log_embedded::FsyncPolicy::Never,
        ..small()
    })
);
