//! A flipped byte is named, with what depends on it, and never answered with.

use std::path::{Path, PathBuf};

use quantflow_seams::{SeriesStore, StoreError};
use quantflow_testkit::series_store_suite::{all_trades, later, symbol, trade, trades_of};

use crate::suite::{Folder, files_only};

fn parquet_in(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder)
        .unwrap()
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() {
                parquet_in(&path)
            } else if path.extension().is_some_and(|e| e == "parquet") {
                vec![path]
            } else {
                Vec::new()
            }
        })
        .collect()
}

#[tokio::test]
async fn a_flipped_byte_is_named_with_what_depends_on_it() {
    let fixture = Folder::new(files_only());
    let store = fixture.open_store();
    let mut commit = later(0);
    for name in ["x:A/USDT", "x:B/USDT"] {
        let rows: Vec<_> = (0..20_000_u32)
            .map(|n| {
                let odd = n.wrapping_mul(2_654_435_761) % 1_000_003;
                trade(u128::from(n), i64::from(n), &odd.to_string(), "2")
            })
            .collect();
        commit.trades.push((symbol(name), trades_of(&rows)));
    }
    store.commit(commit).await.unwrap();
    drop(store);
    let path = parquet_in(fixture.path()).remove(0);
    let whole = std::fs::read(&path).unwrap();
    for place in [4, whole.len() / 3, whole.len() / 2, whole.len() - 20] {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x10;
        std::fs::write(&path, &bytes).unwrap();
        let store = fixture.open_store();
        let faults = store.check().await.unwrap();
        assert_eq!(faults.len(), 1, "{faults:?}");
        let name = path.file_name().unwrap().to_string_lossy();
        assert!(faults[0].contains(&*name), "{faults:?}");
        assert!(faults[0].contains("x:A/USDT") || faults[0].contains("x:B/USDT"));
        let mut refused = 0;
        for symbol in ["x:A/USDT", "x:B/USDT"].map(symbol) {
            match store.trades_now(&all_trades(&symbol)) {
                // the flipped byte is another symbol's, or nobody's
                Ok(rows) => assert_eq!(
                    rows.iter()
                        .map(quantflow_model::TradeBatch::len)
                        .sum::<usize>(),
                    20_000
                ),
                Err(StoreError::Corrupt { file, .. }) => {
                    assert!(file.ends_with(&*name));
                    refused += 1;
                }
                Err(other) => panic!("{other}"),
            }
        }
        // the very first bytes are the symbols', which our own queries do not read
        assert!(refused > 0 || place == 4, "byte {place} was answered with");
        drop(store);
        std::fs::write(&path, &whole).unwrap();
    }
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let store = fixture.open_store();
    assert_eq!(store.check().await.unwrap().len(), 1);
    std::fs::remove_file(&path).unwrap();
    let faults = store.check().await.unwrap();
    assert!(faults[0].contains("missing"), "{faults:?}");
}
