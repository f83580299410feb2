//! What a crash, a visitor or an attacker leaves in the folder.

use std::path::PathBuf;

use quantflow_archive::LocalArchive;
use quantflow_seams::{ArchiveError, RawArchive};
use quantflow_testkit::raw_archive_suite::segment;
use tempfile::TempDir;

#[tokio::test]
async fn segments_lie_by_venue_and_day() {
    let folder = TempDir::new().unwrap();
    let lake = LocalArchive::open(folder.path()).unwrap();
    let (first, bytes) = segment("binance-0", 4, None);
    lake.put(&first, bytes.clone()).await.unwrap();
    let path = folder
        .path()
        .join("raw/venue=binance/date=2026-01-05/binance-0-0000000000-00000000000000000040.qlog");
    assert_eq!(lake.path(&first), path);
    assert_eq!(std::fs::read(path).unwrap(), bytes);
}

#[tokio::test]
async fn a_put_that_was_cut_short_is_not_seen_and_can_be_repeated() {
    let folder = TempDir::new().unwrap();
    let (first, bytes) = segment("binance-0", 0, None);
    let lake = LocalArchive::open(folder.path()).unwrap();
    lake.put(&first, bytes.clone()).await.unwrap();
    let (second, more) = segment("binance-0", 1, Some(&first));
    // the bytes stand, half of the manifest too
    let data = lake.path(&second);
    std::fs::create_dir_all(data.parent().unwrap()).unwrap();
    std::fs::write(&data, &more[..100]).unwrap();
    let half = folder.path().join("raw/manifest/binance-0/next.json.tmp");
    std::fs::write(&half, "{\"form").unwrap();

    let lake = LocalArchive::open(folder.path()).unwrap();
    assert!(!half.exists());
    assert_eq!(lake.list(None).await.unwrap(), [first]);
    lake.put(&second, more.clone()).await.unwrap();
    assert_eq!(lake.get(&second).await.unwrap(), more);
}

#[tokio::test]
async fn a_segment_that_somebody_deleted_is_damage_and_not_absence() {
    let folder = TempDir::new().unwrap();
    let lake = LocalArchive::open(folder.path()).unwrap();
    let (first, bytes) = segment("binance-0", 0, None);
    lake.put(&first, bytes).await.unwrap();
    std::fs::remove_file(lake.path(&first)).unwrap();
    let got = lake.get(&first).await;
    assert!(matches!(got, Err(ArchiveError::Corrupt { .. })), "{got:?}");
}

#[tokio::test]
async fn a_removal_that_was_cut_short_is_finished() {
    let folder = TempDir::new().unwrap();
    let lake = LocalArchive::open(folder.path()).unwrap();
    let (first, bytes) = segment("binance-0", 0, None);
    lake.put(&first, bytes.clone()).await.unwrap();
    let (second, more) = segment("binance-0", 1, Some(&first));
    lake.put(&second, more).await.unwrap();
    // marked, and then the process ended
    let manifest: PathBuf = folder
        .path()
        .join(format!("raw/manifest/binance-0/{}.json", first.name));
    let text = std::fs::read_to_string(&manifest).unwrap();
    let marked = text.replace("\"removed\": false", "\"removed\": true");
    assert_ne!(text, marked);
    std::fs::write(&manifest, marked).unwrap();

    let lake = LocalArchive::open(folder.path()).unwrap();
    assert_eq!(lake.list(None).await.unwrap(), [second]);
    assert!(!lake.path(&first).exists() && !manifest.exists());
}

#[tokio::test]
async fn a_manifest_that_cannot_be_read_names_its_file() {
    for (text, reason) in [
        ("{", "not a manifest"),
        ("{\"format\": 2}", "not a manifest"),
    ] {
        let folder = TempDir::new().unwrap();
        drop(LocalArchive::open(folder.path()).unwrap());
        let path = folder.path().join("raw/manifest/binance-0/x.json");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        let error = LocalArchive::open(folder.path()).unwrap_err().to_string();
        assert!(
            error.contains("x.json") && error.contains(reason),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_manifest_of_a_newer_format_is_refused() {
    let folder = TempDir::new().unwrap();
    let lake = LocalArchive::open(folder.path()).unwrap();
    let (first, bytes) = segment("binance-0", 0, None);
    lake.put(&first, bytes).await.unwrap();
    let path = folder
        .path()
        .join(format!("raw/manifest/binance-0/{}.json", first.name));
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"format\": 1", "\"format\": 2")).unwrap();
    let error = LocalArchive::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("format version 2"), "{error}");
}

#[tokio::test]
async fn names_do_not_lead_out_of_the_lake() {
    let folder = TempDir::new().unwrap();
    let lake = LocalArchive::open(folder.path()).unwrap();
    for bad in ["", "../x", "a/b", ".hidden", "a\0b"] {
        let (mut by_name, bytes) = segment("binance-0", 0, None);
        by_name.name = bad.to_owned();
        let (mut by_date, _) = segment("binance-0", 0, None);
        by_date.date = bad.to_owned();
        for segment in [by_name, by_date] {
            let refused = lake.put(&segment, bytes.clone()).await;
            assert!(
                matches!(refused, Err(ArchiveError::Failed { .. })),
                "{refused:?}"
            );
        }
    }
    assert_eq!(lake.list(None).await.unwrap(), []);
}
