//! What every [`RawArchive`] owes, one case a function;
//! [`raw_archive_suite!`](crate::raw_archive_suite!) makes a test of each for an engine.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream;
use quantflow_seams::{ArchiveError, ArchivedSegment, LogError, RawArchive};
use quantflow_wire::{LogPosition, LogRange, PartitionId};

use crate::event_log_suite::noise;
use crate::memory_log::sha256;

/// Opens an engine for a case. Each harness is one lake, empty at first.
#[async_trait]
pub trait Harness: Debug + Send + Sync {
    /// Opens the lake; also again.
    async fn open(&self) -> Arc<dyn RawArchive>;

    /// Changes the stored bytes of a segment behind the engine's back.
    fn damage(&self, segment: &ArchivedSegment, change: &dyn Fn(&mut Vec<u8>));
}

/// Makes a module of tests, one a case: `raw_archive_suite!(local, Local::new());`. The expression
/// gives a [`Harness`].
#[macro_export]
macro_rules! raw_archive_suite {
    ($engine:ident, $harness:expr) => {
        $crate::raw_archive_suite!(@cases $engine, $harness,
            a_new_lake_is_empty,
            bytes_come_back_as_they_went_in,
            parts_are_put_together,
            a_source_that_fails_stores_nothing,
            storing_again_changes_nothing,
            a_chain_is_not_broken,
            bytes_of_another_hash_are_refused,
            partitions_are_listed_apart_and_oldest_first,
            damage_is_named,
            what_is_absent_is_not_found,
            removed_segments_are_gone,
            the_chain_goes_on_after_all_is_removed,
            a_lake_opened_again_is_the_same,
        );
    };
    (@cases $engine:ident, $harness:expr, $($case:ident,)*) => {
        mod $engine {
            use super::*;
            $(
                #[tokio::test]
                async fn $case() {
                    let harness = $harness;
                    $crate::raw_archive_suite::$case(&harness).await;
                }
            )*
        }
    };
}

/// A segment with its bytes, following `previous`.
pub fn segment(
    partition: &str,
    number: u64,
    previous: Option<&ArchivedSegment>,
) -> (ArchivedSegment, Vec<u8>) {
    let bytes = noise(number + 1, 1_000 + number as usize);
    let place = |offset| LogPosition { epoch: 0, offset };
    let segment = ArchivedSegment {
        partition: PartitionId::new(partition).unwrap(),
        venue: partition.split('-').next().unwrap().parse().unwrap(),
        date: format!("2026-01-{:02}", number % 28 + 1),
        name: format!("0000000000-{:020}", number * 10),
        range: LogRange {
            from: place(number * 10),
            to: place(number * 10 + 10),
        },
        bytes: bytes.len() as u64,
        sha256: sha256(&bytes),
        previous_sha256: previous.map_or_else(String::new, |p| p.sha256.clone()),
    };
    (segment, bytes)
}

/// Stores so many segments of a partition, one after another.
async fn store(lake: &dyn RawArchive, partition: &str, count: u64) -> Vec<ArchivedSegment> {
    let mut stored: Vec<ArchivedSegment> = Vec::new();
    for number in 0..count {
        let (segment, bytes) = segment(partition, number, stored.last());
        lake.put(&segment, bytes).await.unwrap();
        stored.push(segment);
    }
    stored
}

/// Nothing is listed.
pub async fn a_new_lake_is_empty(harness: &dyn Harness) {
    let lake = harness.open().await;
    assert_eq!(lake.list(None).await.unwrap(), []);
    let partition = PartitionId::new("binance-0").unwrap();
    assert_eq!(lake.list(Some(&partition)).await.unwrap(), []);
}

/// Bytes and description.
pub async fn bytes_come_back_as_they_went_in(harness: &dyn Harness) {
    let lake = harness.open().await;
    let (first, bytes) = segment("binance-0", 0, None);
    lake.put(&first, bytes.clone()).await.unwrap();
    assert_eq!(lake.list(None).await.unwrap(), std::slice::from_ref(&first));
    assert_eq!(lake.get(&first).await.unwrap(), bytes);
}

/// Whatever their sizes.
pub async fn parts_are_put_together(harness: &dyn Harness) {
    let lake = harness.open().await;
    let (first, bytes) = segment("binance-0", 0, None);
    for size in [1, 7, 999, 1_000] {
        let parts: Vec<_> = bytes.chunks(size).map(|part| Ok(part.to_vec())).collect();
        let parts = Box::pin(stream::iter(parts));
        lake.put_parts(&first, parts).await.unwrap();
        assert_eq!(lake.get(&first).await.unwrap(), bytes);
    }
}

/// Nor one that ends early; what comes next is stored as if nothing had been.
pub async fn a_source_that_fails_stores_nothing(harness: &dyn Harness) {
    let lake = harness.open().await;
    let (first, bytes) = segment("binance-0", 0, None);
    let half = bytes[..500].to_vec();
    let parts = stream::iter([Ok(half.clone()), Err(LogError::Closed)]);
    let failed = lake.put_parts(&first, Box::pin(parts)).await;
    assert!(
        matches!(failed, Err(ArchiveError::Source(LogError::Closed))),
        "{failed:?}"
    );
    let parts = stream::iter([Ok(half)]);
    let short = lake.put_parts(&first, Box::pin(parts)).await;
    assert!(
        matches!(short, Err(ArchiveError::Corrupt { .. })),
        "{short:?}"
    );
    assert_eq!(lake.list(None).await.unwrap(), []);
    lake.put(&first, bytes.clone()).await.unwrap();
    assert_eq!(lake.get(&first).await.unwrap(), bytes);
}

/// Also when a newer one stands behind it.
pub async fn storing_again_changes_nothing(harness: &dyn Harness) {
    let lake = harness.open().await;
    let stored = store(&*lake, "binance-0", 3).await;
    for (number, again) in stored.iter().enumerate() {
        let (_, bytes) = segment("binance-0", number as u64, None);
        lake.put(again, bytes).await.unwrap();
    }
    assert_eq!(lake.list(None).await.unwrap(), stored);
}

/// A segment must follow the newest one, by hash and by name.
pub async fn a_chain_is_not_broken(harness: &dyn Harness) {
    let lake = harness.open().await;
    let (orphan, bytes) = segment("binance-0", 1, Some(&segment("binance-0", 0, None).0));
    let refused = lake.put(&orphan, bytes).await;
    assert!(
        matches!(refused, Err(ArchiveError::BrokenChain { .. })),
        "{refused:?}"
    );
    let stored = store(&*lake, "binance-0", 3).await;
    let attempts = [
        segment("binance-0", 3, None),
        segment("binance-0", 3, Some(&stored[1])),
        // follows by its hash, but stands before by its name
        {
            let (mut older, bytes) = segment("binance-0", 3, Some(&stored[2]));
            older.name.clone_from(&stored[0].name);
            (older, bytes)
        },
    ];
    for (attempt, bytes) in attempts {
        match lake.put(&attempt, bytes).await {
            Err(ArchiveError::BrokenChain { segment, newest }) => {
                assert_eq!((segment, &newest), (attempt.name, &stored[2].name));
            }
            other => panic!("{attempt:?}: {other:?}"),
        }
    }
    assert_eq!(lake.list(None).await.unwrap(), stored);
}

/// What is stored is what its description says.
pub async fn bytes_of_another_hash_are_refused(harness: &dyn Harness) {
    let lake = harness.open().await;
    let (first, mut bytes) = segment("binance-0", 0, None);
    bytes[500] ^= 1;
    let refused = lake.put(&first, bytes).await;
    assert!(
        matches!(refused, Err(ArchiveError::Corrupt { .. })),
        "{refused:?}"
    );
    assert_eq!(lake.list(None).await.unwrap(), []);
}

/// Each partition has a chain of its own.
pub async fn partitions_are_listed_apart_and_oldest_first(harness: &dyn Harness) {
    let lake = harness.open().await;
    let spot = store(&*lake, "binance-0", 12).await;
    let other = store(&*lake, "kraken", 2).await;
    assert_eq!(lake.list(Some(&spot[0].partition)).await.unwrap(), spot);
    assert_eq!(lake.list(Some(&other[0].partition)).await.unwrap(), other);
    assert_eq!(lake.list(None).await.unwrap(), [spot, other].concat());
}

/// A flipped bit, a missing end and a longer file are `Corrupt`; the other segments are read. What
/// lies there can be looked at all the same.
pub async fn damage_is_named(harness: &dyn Harness) {
    let changes: [fn(&mut Vec<u8>); 4] = [
        |bytes| bytes[0] ^= 0x80,
        |bytes| bytes[700] ^= 1,
        |bytes| bytes.truncate(10),
        |bytes| bytes.push(0),
    ];
    let lake = harness.open().await;
    let stored = store(&*lake, "binance-0", 5).await;
    for (damaged, change) in stored.iter().zip(changes) {
        harness.damage(damaged, &change);
        match lake.get(damaged).await {
            Err(ArchiveError::Corrupt {
                segment,
                expected,
                found,
            }) => {
                assert!(segment.contains(&damaged.name), "{segment}");
                assert_eq!(expected, damaged.sha256);
                assert_ne!(found, expected);
            }
            other => panic!("{other:?}"),
        }
        let number = stored.iter().position(|s| s == damaged).unwrap();
        let (_, mut bytes) = segment("binance-0", number as u64, None);
        change(&mut bytes);
        assert_eq!(lake.get_as_it_lies(damaged).await.unwrap(), bytes);
    }
    let whole = lake.get(&stored[4]).await.unwrap();
    assert_eq!(lake.get_as_it_lies(&stored[4]).await.unwrap(), whole);
}

/// Getting it is an error, removing it is none.
pub async fn what_is_absent_is_not_found(harness: &dyn Harness) {
    let lake = harness.open().await;
    let stored = store(&*lake, "binance-0", 1).await;
    for absent in [
        segment("binance-0", 7, None).0,
        segment("kraken", 0, None).0,
    ] {
        for got in [lake.get(&absent).await, lake.get_as_it_lies(&absent).await] {
            assert!(matches!(got, Err(ArchiveError::NotFound(_))), "{got:?}");
        }
        lake.remove(&absent).await.unwrap();
    }
    assert_eq!(lake.list(None).await.unwrap(), stored);
}

/// Retention takes them one by one, oldest first or not; the chain goes on.
pub async fn removed_segments_are_gone(harness: &dyn Harness) {
    let lake = harness.open().await;
    let stored = store(&*lake, "binance-0", 4).await;
    for gone in [&stored[0], &stored[2]] {
        lake.remove(gone).await.unwrap();
        lake.remove(gone).await.unwrap();
        let got = lake.get(gone).await;
        assert!(matches!(got, Err(ArchiveError::NotFound(_))), "{got:?}");
    }
    let (next, bytes) = segment("binance-0", 4, Some(&stored[3]));
    lake.put(&next, bytes).await.unwrap();
    let left = [stored[1].clone(), stored[3].clone(), next];
    assert_eq!(lake.list(None).await.unwrap(), left);
}

/// The newest segment's hash is remembered when the segment itself is not kept.
pub async fn the_chain_goes_on_after_all_is_removed(harness: &dyn Harness) {
    let lake = harness.open().await;
    let stored = store(&*lake, "binance-0", 2).await;
    for gone in &stored {
        lake.remove(gone).await.unwrap();
    }
    assert_eq!(lake.list(None).await.unwrap(), []);
    let lake = harness.open().await;
    assert_eq!(lake.list(None).await.unwrap(), []);
    let (anew, bytes) = segment("binance-0", 2, None);
    let refused = lake.put(&anew, bytes).await;
    assert!(
        matches!(refused, Err(ArchiveError::BrokenChain { .. })),
        "{refused:?}"
    );
    let (next, bytes) = segment("binance-0", 2, Some(&stored[1]));
    lake.put(&next, bytes).await.unwrap();
    assert_eq!(lake.list(None).await.unwrap(), [next]);
}

/// Nothing is lost when the process ends.
pub async fn a_lake_opened_again_is_the_same(harness: &dyn Harness) {
    let lake = harness.open().await;
    let stored = store(&*lake, "binance-0", 3).await;
    drop(lake);
    let lake = harness.open().await;
    assert_eq!(lake.list(None).await.unwrap(), stored);
    for (number, again) in stored.iter().enumerate() {
        let (_, bytes) = segment("binance-0", number as u64, None);
        assert_eq!(lake.get(again).await.unwrap(), bytes);
    }
    let (next, bytes) = segment("binance-0", 3, stored.last());
    lake.put(&next, bytes).await.unwrap();
}
