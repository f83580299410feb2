//! [`MemoryArchive`]: a [`RawArchive`] that forgets everything when it is dropped.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::StreamExt;
use quantflow_seams::{ArchiveError, ArchivedSegment, RawArchive, SegmentParts};
use quantflow_wire::PartitionId;

use crate::memory_log::sha256;

/// A lake in memory. A clone is the same lake.
#[derive(Debug, Clone, Default)]
pub struct MemoryArchive {
    partitions: Arc<Mutex<BTreeMap<PartitionId, Partition>>>,
}

#[derive(Debug, Default)]
struct Partition {
    /// By name; with the newest one, also when it was removed.
    segments: BTreeMap<String, Stored>,
}

#[derive(Debug)]
struct Stored {
    segment: ArchivedSegment,
    /// `None`: removed.
    bytes: Option<Vec<u8>>,
}

impl MemoryArchive {
    /// Changes stored bytes behind the lake's back.
    ///
    /// # Panics
    /// When there is no such segment.
    pub fn damage(&self, segment: &ArchivedSegment, change: impl FnOnce(&mut Vec<u8>)) {
        let mut partitions = self.partitions.lock().unwrap();
        let partition = partitions.get_mut(&segment.partition).unwrap();
        let stored = partition.segments.get_mut(&segment.name).unwrap();
        change(stored.bytes.as_mut().unwrap());
    }
}

fn check(segment: &ArchivedSegment, bytes: &[u8]) -> Result<(), ArchiveError> {
    let found = sha256(bytes);
    if found == segment.sha256 {
        return Ok(());
    }
    Err(ArchiveError::Corrupt {
        segment: segment.name.clone(),
        expected: segment.sha256.clone(),
        found,
    })
}

#[async_trait]
impl RawArchive for MemoryArchive {
    async fn put_parts(
        &self,
        segment: &ArchivedSegment,
        mut parts: SegmentParts,
    ) -> Result<(), ArchiveError> {
        let mut bytes = Vec::new();
        while let Some(part) = parts.next().await {
            bytes.extend(part.map_err(ArchiveError::Source)?);
        }
        check(segment, &bytes)?;
        let mut partitions = self.partitions.lock().unwrap();
        let partition = partitions.entry(segment.partition.clone()).or_default();
        let same = partition.segments.get(&segment.name);
        if same.is_some_and(|stored| stored.segment == *segment && stored.bytes.is_some()) {
            return Ok(());
        }
        let newest = partition.segments.last_key_value();
        let (name, hash) = newest.map_or(("", ""), |(name, stored)| {
            (name.as_str(), stored.segment.sha256.as_str())
        });
        if segment.previous_sha256 != hash || segment.name.as_str() <= name {
            return Err(ArchiveError::BrokenChain {
                segment: segment.name.clone(),
                newest: name.to_owned(),
            });
        }
        let stored = Stored {
            segment: segment.clone(),
            bytes: Some(bytes),
        };
        partition.segments.insert(segment.name.clone(), stored);
        // a removed one was kept for its hash, as the newest
        let newest = segment.name.clone();
        partition
            .segments
            .retain(|name, stored| stored.bytes.is_some() || *name == newest);
        Ok(())
    }

    async fn list(
        &self,
        partition: Option<&PartitionId>,
    ) -> Result<Vec<ArchivedSegment>, ArchiveError> {
        let partitions = self.partitions.lock().unwrap();
        Ok(partitions
            .iter()
            .filter(|(id, _)| partition.is_none_or(|wanted| wanted == *id))
            .flat_map(|(_, partition)| partition.segments.values())
            .filter(|stored| stored.bytes.is_some())
            .map(|stored| stored.segment.clone())
            .collect())
    }

    async fn get(&self, segment: &ArchivedSegment) -> Result<Vec<u8>, ArchiveError> {
        let bytes = self.get_as_it_lies(segment).await?;
        check(segment, &bytes)?;
        Ok(bytes)
    }

    async fn get_as_it_lies(&self, segment: &ArchivedSegment) -> Result<Vec<u8>, ArchiveError> {
        let partitions = self.partitions.lock().unwrap();
        partitions
            .get(&segment.partition)
            .and_then(|partition| partition.segments.get(&segment.name))
            .and_then(|stored| stored.bytes.clone())
            .ok_or_else(|| ArchiveError::NotFound(segment.name.clone()))
    }

    async fn remove(&self, segment: &ArchivedSegment) -> Result<(), ArchiveError> {
        let mut partitions = self.partitions.lock().unwrap();
        let Some(partition) = partitions.get_mut(&segment.partition) else {
            return Ok(());
        };
        let newest = partition.segments.last_key_value();
        if newest.is_some_and(|(name, _)| *name == segment.name) {
            if let Some(stored) = partition.segments.get_mut(&segment.name) {
                stored.bytes = None;
            }
        } else {
            partition.segments.remove(&segment.name);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw_archive_suite::Harness;

    #[async_trait]
    impl Harness for MemoryArchive {
        async fn open(&self) -> Arc<dyn RawArchive> {
            Arc::new(self.clone())
        }

        fn damage(&self, segment: &ArchivedSegment, change: &dyn Fn(&mut Vec<u8>)) {
            Self::damage(self, segment, change);
        }
    }

    crate::raw_archive_suite!(memory, MemoryArchive::default());
}
