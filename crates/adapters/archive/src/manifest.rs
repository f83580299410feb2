//! The manifest: one small file a segment, and all of them in memory.

use std::collections::BTreeMap;

use quantflow_seams::{ArchiveError, ArchivedSegment};
use quantflow_wire::PartitionId;
use serde::{Deserialize, Serialize};

/// What the lake remembers of a segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The version of this file's format: 1.
    pub(crate) format: u32,
    #[serde(flatten)]
    pub(crate) segment: ArchivedSegment,
    /// Its bytes are gone; it is remembered because it is the newest one.
    #[serde(default)]
    pub(crate) removed: bool,
}

impl Entry {
    pub(crate) const FORMAT: u32 = 1;

    pub(crate) fn new(segment: ArchivedSegment) -> Self {
        Self {
            format: Self::FORMAT,
            segment,
            removed: false,
        }
    }
}

/// All entries, by partition and name.
#[derive(Debug, Default)]
pub(crate) struct Manifest {
    partitions: BTreeMap<PartitionId, BTreeMap<String, Entry>>,
}

/// What a new segment is to the manifest.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The same segment is there.
    Known,
    /// It follows the newest one.
    Next,
}

impl Manifest {
    pub(crate) fn insert(&mut self, entry: Entry) {
        let segment = &entry.segment;
        self.partitions
            .entry(segment.partition.clone())
            .or_default()
            .insert(segment.name.clone(), entry);
    }

    pub(crate) fn forget(&mut self, segment: &ArchivedSegment) {
        if let Some(entries) = self.partitions.get_mut(&segment.partition) {
            entries.remove(&segment.name);
        }
    }

    pub(crate) fn get(&self, segment: &ArchivedSegment) -> Option<&Entry> {
        self.partitions.get(&segment.partition)?.get(&segment.name)
    }

    pub(crate) fn newest(&self, partition: &PartitionId) -> Option<&Entry> {
        Some(self.partitions.get(partition)?.last_key_value()?.1)
    }

    /// The segments that can be read, oldest first.
    pub(crate) fn list(&self, partition: Option<&PartitionId>) -> Vec<ArchivedSegment> {
        self.partitions
            .iter()
            .filter(|(id, _)| partition.is_none_or(|wanted| wanted == *id))
            .flat_map(|(_, entries)| entries.values())
            .filter(|entry| !entry.removed)
            .map(|entry| entry.segment.clone())
            .collect()
    }

    /// Entries that are marked as removed and are not the newest of their partition any more.
    pub(crate) fn outdated(&self) -> Vec<ArchivedSegment> {
        let entries = self.partitions.values().flat_map(|entries| {
            let newest = entries.last_key_value().map(|(name, _)| name);
            entries
                .iter()
                .filter(move |(name, entry)| entry.removed && Some(*name) != newest)
        });
        entries.map(|(_, entry)| entry.segment.clone()).collect()
    }

    /// Whether a segment may be stored.
    pub(crate) fn place(&self, segment: &ArchivedSegment) -> Result<Place, ArchiveError> {
        let same = self.get(segment);
        if same.is_some_and(|entry| !entry.removed && entry.segment == *segment) {
            return Ok(Place::Known);
        }
        let newest = self.newest(&segment.partition).map(|entry| &entry.segment);
        let (name, hash) = newest.map_or(("", ""), |newest| (&newest.name, &newest.sha256));
        if segment.previous_sha256 == hash && segment.name.as_str() > name {
            return Ok(Place::Next);
        }
        Err(ArchiveError::BrokenChain {
            segment: segment.name.clone(),
            newest: name.to_owned(),
        })
    }
}
