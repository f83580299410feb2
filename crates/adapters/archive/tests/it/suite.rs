//! The seam's conformance suite.

use std::sync::Arc;

use async_trait::async_trait;
use quantflow_archive::LocalArchive;
use quantflow_seams::{ArchivedSegment, RawArchive};
use quantflow_testkit::raw_archive_suite;
use quantflow_testkit::raw_archive_suite::Harness;
use tempfile::TempDir;

#[derive(Debug)]
struct InFolder(TempDir);

#[async_trait]
impl Harness for InFolder {
    async fn open(&self) -> Arc<dyn RawArchive> {
        Arc::new(LocalArchive::open(self.0.path()).unwrap())
    }

    fn damage(&self, segment: &ArchivedSegment, change: &dyn Fn(&mut Vec<u8>)) {
        let path = LocalArchive::open(self.0.path()).unwrap().path(segment);
        let mut bytes = std::fs::read(&path).unwrap();
        change(&mut bytes);
        std::fs::write(&path, bytes).unwrap();
    }
}

raw_archive_suite!(local, InFolder(TempDir::new().unwrap()));
