//! Crashes, full disks and second processes.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use quantflow_model::Timeframe;
use quantflow_seams::{SeriesStore, StateEntry, StoreError};
use quantflow_store_embedded::{EmbeddedStore, Faults, Step, StoreOptions};
use quantflow_testkit::series_store_suite::{
    all_candles, all_trades, candle, candles_of, later, partition, read_candles, read_trades,
    symbol, trade, trades_of,
};

use crate::suite::{files_only, tiny};

const ROWS: u64 = 30;

/// Commit number `at`: rows of two symbols, and a state entry.
fn commit(at: u64) -> quantflow_seams::Commit {
    let mut commit = later(at);
    for name in ["x:A/USDT", "x:B/USDT"] {
        let rows: Vec<_> = (0..ROWS)
            .map(|n| {
                trade(
                    u128::from(at * ROWS + n),
                    (at * ROWS + n) as i64,
                    "1.5",
                    "2",
                )
            })
            .collect();
        commit.trades.push((symbol(name), trades_of(&rows)));
        let bar = candles_of(&[candle(at as i64, "1.5")]);
        commit.candles.push((symbol(name), Timeframe::M1, bar));
    }
    commit.state = vec![StateEntry {
        key: "n".into(),
        value: vec![at as u8 + 1],
    }];
    commit
}

/// How many commits a store holds; all its parts must agree on it.
async fn commits_in(store: &EmbeddedStore) -> u64 {
    let standing = store.checkpoint(&partition("p")).await.unwrap();
    let count = standing.as_ref().map_or(0, |s| s.position.offset);
    let state = standing.map_or(0, |s| u64::from(s.state[0].value[0]));
    assert_eq!(state, count);
    for name in ["x:A/USDT", "x:B/USDT"] {
        let trades = read_trades(store, &all_trades(&symbol(name))).await;
        let ids: Vec<_> = trades.iter().map(|t| t.id.0 as u64).collect();
        assert_eq!(ids, (0..count * ROWS).collect::<Vec<_>>());
        let bars = read_candles(store, &all_candles(&symbol(name), Timeframe::M1)).await;
        assert_eq!(bars.len() as u64, count);
    }
    count
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The folder as it is before every step of commits and housekeeping: opened, each copy holds
/// whole commits only, no orphan is left, and it goes on.
#[tokio::test]
async fn a_crash_between_any_two_steps_leaves_whole_commits() {
    for options in [tiny(), files_only(), StoreOptions::default()] {
        let live = tempfile::tempdir().unwrap();
        let copies = tempfile::tempdir().unwrap();
        let steps: Arc<Mutex<Vec<Step>>> = Arc::default();
        let (from, to) = (live.path().to_owned(), copies.path().to_owned());
        let seen = Arc::clone(&steps);
        let faults = Faults::new(move |step, _| {
            let mut seen = seen.lock().unwrap();
            copy(&from, &to.join(seen.len().to_string()));
            seen.push(step);
            Ok(())
        });
        let store = EmbeddedStore::open(
            live.path(),
            StoreOptions {
                faults,
                ..options.clone()
            },
        )
        .unwrap();
        let mut done = Vec::new();
        for at in 0..6 {
            store.commit(commit(at)).await.unwrap();
            done.resize(steps.lock().unwrap().len(), at);
            while store.maintain().await.unwrap().more {}
            done.resize(steps.lock().unwrap().len(), at + 1);
        }
        let steps = steps.lock().unwrap().clone();
        assert!(steps.contains(&Step::Commit));
        for (number, step) in steps.iter().enumerate() {
            let folder = copies.path().join(number.to_string());
            let store = EmbeddedStore::open(&folder, options.clone()).unwrap();
            let held = commits_in(&store).await;
            let before = done[number];
            assert!(
                held == before || held == before + 1,
                "{held} commits at {step:?}, {before} were done"
            );
            assert!(store.check().await.unwrap().is_empty());
            store.commit(commit(held)).await.unwrap();
            assert_eq!(commits_in(&store).await, held + 1);
            let (files, named) = (files_in(&folder), store.column_bytes(None).unwrap().files);
            let bars = store.column_bytes(Some(Timeframe::M1)).unwrap().files;
            assert_eq!(files, named + bars, "orphans at {step:?}");
        }
    }
}

fn files_in(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    entries
        .map(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files_in(&path)
            } else {
                usize::from(path.to_string_lossy().contains(".parquet"))
            }
        })
        .sum()
}

/// A disk that fills at any step: a clear error, nothing half visible, and on it goes.
#[tokio::test]
async fn a_full_disk_is_named_and_got_over() {
    for options in [tiny(), files_only(), StoreOptions::default()] {
        let folder = tempfile::tempdir().unwrap();
        let left = Arc::new(AtomicUsize::new(usize::MAX));
        let counter = Arc::clone(&left);
        let faults = Faults::new(move |step, _| {
            if step == Step::Publish {
                return Ok(());
            }
            match counter.fetch_sub(1, Ordering::SeqCst) {
                1 => Err(io::Error::from(io::ErrorKind::StorageFull)),
                _ => Ok(()),
            }
        });
        let store = EmbeddedStore::open(folder.path(), StoreOptions { faults, ..options }).unwrap();
        let mut at = 0;
        for fail_at in 1..25 {
            left.store(fail_at, Ordering::SeqCst);
            let outcome = store.commit(commit(at)).await;
            match outcome {
                Ok(()) => at += 1,
                Err(StoreError::Full { .. }) => {}
                Err(other) => panic!("{other}"),
            }
            assert_eq!(commits_in(&store).await, at);
            match store.maintain().await {
                Ok(_) | Err(StoreError::Full { .. }) => {}
                Err(other) => panic!("{other}"),
            }
            left.store(usize::MAX, Ordering::SeqCst);
            assert_eq!(commits_in(&store).await, at);
            store.commit(commit(at)).await.unwrap();
            at += 1;
            assert_eq!(commits_in(&store).await, at);
        }
        assert!(store.check().await.unwrap().is_empty());
    }
}

/// A merge that has begun does not bring back what was cleared meanwhile, nor keep its files; and
/// commits that come meanwhile are neither lost nor doubled.
#[tokio::test]
async fn a_merge_goes_on_beside_commits_and_ends_when_its_rows_go() {
    let folder = tempfile::tempdir().unwrap();
    let options = StoreOptions {
        merge_step: std::time::Duration::ZERO,
        ..files_only()
    };
    let store = EmbeddedStore::open(folder.path(), options).unwrap();
    let mut steps = 0;
    for at in 0..9 {
        store.commit(commit(at)).await.unwrap();
        for _ in 0..2 {
            steps += usize::from(store.maintain().await.unwrap().more);
            assert_eq!(commits_in(&store).await, at + 1);
        }
    }
    assert!(steps > 4, "{steps} steps of merges");
    while store.maintain().await.unwrap().merged == 0 {}
    assert_eq!(commits_in(&store).await, 9);
    for at in 9..15 {
        store.commit(commit(at)).await.unwrap();
    }
    let begun = store.maintain().await.unwrap();
    assert!(begun.more && begun.merged == 0, "{begun:?}");
    store.clear(&partition("p")).await.unwrap();
    assert_eq!(files_in(folder.path()), 0);
    assert!(!store.maintain().await.unwrap().more);
    assert_eq!(commits_in(&store).await, 0);
}

#[test]
fn a_folder_in_use_is_refused_and_free_again_after() {
    let folder = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(folder.path(), StoreOptions::default()).unwrap();
    match EmbeddedStore::open(folder.path(), StoreOptions::default()) {
        Err(StoreError::Locked { place }) => {
            assert_eq!(Path::new(&place), folder.path());
        }
        other => panic!("{other:?}"),
    }
    drop(store);
    EmbeddedStore::open(folder.path(), StoreOptions::default()).unwrap();
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    drop(EmbeddedStore::open(folder.path(), StoreOptions::default()).unwrap());
    let catalogue = rusqlite::Connection::open(folder.path().join("catalog.db")).unwrap();
    catalogue
        .execute("update meta set value = 99 where key = 'format'", [])
        .unwrap();
    drop(catalogue);
    match EmbeddedStore::open(folder.path(), StoreOptions::default()) {
        Err(StoreError::Newer { found, known, .. }) => assert!(found == 99 && known < found),
        other => panic!("{other:?}"),
    }
}

/// A stream that began before housekeeping ends on the rows that it began with.
#[tokio::test]
async fn a_reader_is_not_disturbed_by_merging() {
    use futures_util::TryStreamExt;
    let folder = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(folder.path(), files_only()).unwrap();
    for at in 0..9 {
        store.commit(commit(at)).await.unwrap();
    }
    let mut stream = store
        .trades(&all_trades(&symbol("x:A/USDT")))
        .await
        .unwrap();
    let mut rows = stream.try_next().await.unwrap().unwrap().len() as u64;
    while store.maintain().await.unwrap().more {}
    while let Some(batch) = stream.try_next().await.unwrap() {
        rows += batch.len() as u64;
    }
    assert_eq!(rows, 9 * ROWS);
    drop(stream);
    assert_eq!(commits_in(&store).await, 9);
}
