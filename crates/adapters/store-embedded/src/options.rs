//! [`StoreOptions`]: what can be set, and [`Step`]: where a test can make a commit fail.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use quantflow_seams::StoreError;

use crate::error;

/// What can be set of an [`crate::EmbeddedStore`]. The defaults suit one machine from a laptop up.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Bytes of file footers and page indexes that are kept in memory. A footer is 10 to 300 KB;
    /// one that is not there costs about half a millisecond. Default 32 MiB.
    pub metadata_cache: usize,
    /// A commit of at most so many rows lies in the catalogue (the *tail*) until housekeeping
    /// writes it to a file; a larger one is written to files at once. Default 32,768.
    pub small_commit_rows: usize,
    /// Housekeeping writes the tail of a partition to files when it has so many rows. Should nobody
    /// do housekeeping, a commit does it at four times as many. Default 65,536.
    pub tail_rows: usize,
    /// What has been in the tail for so many commits is written to a file however little it is: at
    /// a commit a second, ten minutes by default. Default 600.
    pub tail_commits: u64,
    /// How many segments of about one size are merged into a larger one. Default 8.
    pub merge_segments: usize,
    /// How long a step of housekeeping goes on with a merge; a row group, about as much again, is
    /// written in one go. Default 150 ms.
    pub merge_step: Duration,
    /// Segments are not merged beyond so many rows. Default 16,777,216.
    pub segment_rows: u64,
    /// Rows a row group, and so what merging holds in memory, and writes in one go. Default 262,144.
    pub group_rows: usize,
    /// Called before each step that can fail: for tests of crashes and full disks.
    pub faults: Faults,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            metadata_cache: 32 << 20,
            small_commit_rows: 32_768,
            tail_rows: 65_536,
            tail_commits: 600,
            merge_segments: 8,
            merge_step: Duration::from_millis(150),
            segment_rows: 16 << 20,
            group_rows: 1 << 18,
            faults: Faults::default(),
        }
    }
}

/// What a commit or housekeeping is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Create a segment's file under a temporary name.
    WriteFile,
    /// Make its bytes durable.
    SyncFile,
    /// Give it its name.
    Rename,
    /// Make its name durable.
    SyncFolder,
    /// Begin the catalogue's transaction.
    Begin,
    /// Commit the catalogue's transaction.
    Commit,
    /// Show the outcome to readers.
    Publish,
}

type Probe = dyn Fn(Step, &Path) -> io::Result<()> + Send + Sync;

/// A place for tests to stand between the steps of a commit: what it returns is as if the step had
/// failed so. Empty by default.
#[derive(Clone, Default)]
pub struct Faults(Option<Arc<Probe>>);

impl Faults {
    /// Calls `probe` before each step.
    pub fn new(probe: impl Fn(Step, &Path) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(probe)))
    }

    pub(crate) fn at(&self, step: Step, path: &Path) -> Result<(), StoreError> {
        match &self.0 {
            None => Ok(()),
            Some(probe) => probe(step, path).map_err(|e| error::of_file(path, &e)),
        }
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Faults(set)"
        } else {
            "Faults"
        })
    }
}
