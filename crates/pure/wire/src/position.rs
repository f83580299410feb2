//! Where a record stands: [`LogPosition`].

use std::fmt;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// A partition of the raw log: the records of one venue (or of a part of its symbols), in order.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PartitionId(CompactString);

impl PartitionId {
    /// A partition by name. The name becomes a folder: only `a-z 0-9 _ - .` are allowed, and it
    /// does not begin with a dot. `None` otherwise.
    pub fn new(name: &str) -> Option<Self> {
        let fits = (1..=64).contains(&name.len())
            && !name.starts_with('.')
            && name
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.'));
        fits.then(|| Self(name.into()))
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PartitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A place in a partition of the log. Ordered; never used twice: when a log is begun anew the epoch
/// grows.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct LogPosition {
    /// Which life of the log.
    pub epoch: u32,
    /// How many records stand before this place.
    pub offset: u64,
}

impl LogPosition {
    /// The place before the first record of the first epoch.
    pub const START: Self = Self {
        epoch: 0,
        offset: 0,
    };

    /// The place so many records on.
    #[must_use]
    pub const fn plus(self, records: u64) -> Self {
        Self {
            epoch: self.epoch,
            offset: self.offset + records,
        }
    }
}

impl fmt::Display for LogPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.epoch, self.offset)
    }
}

/// Records from `from` (inside) to `to` (outside).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct LogRange {
    /// The first.
    pub from: LogPosition,
    /// The place after the last.
    pub to: LogPosition,
}
