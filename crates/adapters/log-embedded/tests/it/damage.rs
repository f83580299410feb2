//! Truncated, flipped, missing and foreign bytes.

use std::path::{Path, PathBuf};

use quantflow_log_embedded::{EmbeddedLog, LogOptions, Repair, SegmentError, read_segment};
use quantflow_seams::{EventLog, LogError};
use quantflow_testkit::event_log_suite::{chunk, noise, partition, read_to_end};
use quantflow_wire::{LogPosition, RecordChunk};
use tempfile::TempDir;

use crate::disk::{copy, open_fast, place, segments, small};

/// A log that crashed: its records, and the bytes of its last segment.
pub(crate) struct Crashed {
    folder: TempDir,
    pub(crate) records: RecordChunk,
    pub(crate) bytes: Vec<u8>,
    /// Byte at which each block begins, and how many records stand before it; then the end.
    pub(crate) blocks: Vec<(usize, u64)>,
}

/// Blocks of one to three records, each made durable before the next.
pub(crate) async fn crashed(count: u32) -> Crashed {
    let folder = TempDir::new().unwrap();
    let (log, _) = open_fast(folder.path(), small()).unwrap();
    let mut records = RecordChunk::default();
    let mut blocks = Vec::new();
    for number in 0..count {
        let length =
            std::fs::metadata(segments_or(folder.path())).map_or(96, |file| file.len() as usize);
        blocks.push((length, records.len() as u64));
        let payloads: Vec<_> = (0..=number % 3)
            .map(|at| format!("{{\"e\":\"trade\",\"n\":{number},\"at\":{at}}}"))
            .collect();
        let part = chunk(records.len() as u32, &payloads);
        records.extend(&part);
        log.append(&partition(), part).await.unwrap();
        log.wait_durable(&partition(), log.end(&partition()))
            .await
            .unwrap();
    }
    let crashed = copy(folder.path());
    let bytes = std::fs::read(&segments(crashed.path())[0]).unwrap();
    blocks.push((bytes.len(), records.len() as u64));
    Crashed {
        folder: crashed,
        records,
        bytes,
        blocks,
    }
}

fn segments_or(folder: &Path) -> PathBuf {
    let partition = folder.join("binance-0");
    if partition.exists() {
        segments(folder).remove(0)
    } else {
        partition
    }
}

impl Crashed {
    /// The same log with other bytes in its last segment.
    fn with(&self, bytes: &[u8]) -> TempDir {
        let folder = copy(self.folder.path());
        std::fs::write(&segments(folder.path())[0], bytes).unwrap();
        folder
    }

    fn first(&self, count: u64) -> RecordChunk {
        let mut first = RecordChunk::default();
        for record in self.records.iter().take(count as usize) {
            first.push(&record).unwrap();
        }
        first
    }

    /// Number of the block in which a byte lies. `None`: in the header.
    pub(crate) fn block_of(&self, byte: usize) -> Option<usize> {
        self.blocks
            .partition_point(|(at, _)| *at <= byte)
            .checked_sub(1)
    }
}

/// After a repair the log takes records again, in a new epoch, and a reader goes through.
async fn goes_on(folder: &Path, log: EmbeddedLog, expected: &RecordChunk) {
    let id = partition();
    let count = expected.len() as u64;
    assert_eq!(log.end(&id), place(0, count));
    let all = read_to_end(&log, &id, LogPosition::START).await.unwrap();
    assert_eq!(all, *expected);
    let first = log.append(&id, chunk(9, &["on"])).await.unwrap();
    assert_eq!(first, place(1, count));
    // who stood at the end, or at a record that is lost, gets the new one
    for from in [place(0, count), place(0, count + 1), place(1, count)] {
        let slice = log.read(&id, from).await.unwrap();
        assert_eq!((slice.first, slice.chunk.len()), (place(1, count), 1));
    }
    log.close().await.unwrap();
    drop(log);
    let (log, repairs) = open_fast(folder, small()).unwrap();
    assert_eq!(repairs, [], "what was repaired stays repaired");
    assert_eq!(log.end(&id), place(1, count + 1));
}

#[tokio::test]
async fn a_segment_cut_at_any_byte_keeps_all_blocks_before_it() {
    let crashed = crashed(8).await;
    for cut in 0..=crashed.bytes.len() {
        let folder = crashed.with(&crashed.bytes[..cut]);
        let (log, repairs) = open_fast(folder.path(), small()).unwrap();
        let (begin, count) = crashed
            .block_of(cut)
            .map_or((0, 0), |at| crashed.blocks[at]);
        if begin == cut && cut > 0 {
            assert_eq!(repairs, [], "cut {cut}: between blocks nothing is torn");
        } else {
            assert_eq!(repairs.len(), 1, "cut {cut}: {repairs:?}");
            match &repairs[0] {
                Repair::TailCut { at, bytes, .. } => {
                    assert_eq!((*at, *bytes), (begin as u64, (cut - begin) as u64));
                }
                Repair::SegmentDropped { bytes, .. } => {
                    assert!(cut < 96);
                    assert_eq!(*bytes, cut as u64);
                }
                other => panic!("cut {cut}: {other}"),
            }
        }
        goes_on(folder.path(), log, &crashed.first(count)).await;
    }
}

#[tokio::test]
async fn a_flipped_byte_costs_no_more_than_its_block() {
    let crashed = crashed(8).await;
    let id = partition();
    let last = crashed.blocks.len() - 2;
    for byte in 0..crashed.bytes.len() {
        let mut bytes = crashed.bytes.clone();
        bytes[byte] ^= 1 << (byte % 8);
        let folder = crashed.with(&bytes);
        let (log, repairs) = open_fast(folder.path(), small()).unwrap();
        assert_eq!(repairs.len(), 1, "byte {byte}: {repairs:?}");
        let Some(block) = crashed.block_of(byte) else {
            assert!(
                matches!(repairs[0], Repair::HeaderRewritten { .. }),
                "byte {byte}: {repairs:?}"
            );
            goes_on(folder.path(), log, &crashed.records).await;
            continue;
        };
        let (begin, before) = crashed.blocks[block];
        let (_, behind) = crashed.blocks[block + 1];
        match &repairs[0] {
            // nothing behind it says that it was ever durable
            Repair::TailCut { at, .. } => {
                assert_eq!((block, *at), (last, begin as u64), "byte {byte}");
                goes_on(folder.path(), log, &crashed.first(before)).await;
            }
            Repair::Damaged { at, .. } => {
                assert!(block < last);
                assert_eq!(*at, begin as u64, "byte {byte}");
                // before and behind it is read, in it the damage is named
                for offset in 0..crashed.records.len() as u64 {
                    let read = log.read(&id, place(0, offset)).await;
                    if (before..behind).contains(&offset) {
                        let Err(LogError::Corrupt { segment, at, .. }) = read else {
                            panic!("byte {byte}, record {offset}: {read:?}");
                        };
                        assert_eq!(at, begin as u64);
                        assert_eq!(segment, "0000000000-00000000000000000000");
                    } else {
                        let slice = read.unwrap();
                        let skip = (offset - slice.first.offset) as usize;
                        let found = slice.chunk.iter().nth(skip);
                        assert_eq!(found, crashed.records.iter().nth(offset as usize));
                    }
                }
                let first = log.append(&id, chunk(9, &["on"])).await.unwrap();
                assert_eq!(first, place(1, crashed.records.len() as u64));
            }
            other => panic!("byte {byte}: {other}"),
        }
    }
}

#[tokio::test]
async fn foreign_bytes_behind_the_last_block_are_cut() {
    let crashed = crashed(4).await;
    let tails: [Vec<u8>; 4] = [
        vec![0; 5000],
        noise(1, 5000),
        b"QBLK".repeat(500),
        // a block that was there already
        crashed.bytes[crashed.blocks[2].0..crashed.blocks[3].0].to_vec(),
    ];
    for tail in tails {
        let folder = crashed.with(&[&crashed.bytes, tail.as_slice()].concat());
        let (log, repairs) = open_fast(folder.path(), small()).unwrap();
        let [Repair::TailCut { at, bytes, .. }] = repairs.as_slice() else {
            panic!("{repairs:?}");
        };
        assert_eq!(*at, crashed.bytes.len() as u64);
        assert_eq!(*bytes, tail.len() as u64);
        goes_on(folder.path(), log, &crashed.records).await;
    }
}

/// Several closed segments and an open one; closed in good order.
async fn many_segments() -> (TempDir, RecordChunk) {
    let folder = TempDir::new().unwrap();
    let options = LogOptions {
        segment_bytes: 3_000,
        ..small()
    };
    let (log, _) = open_fast(folder.path(), options).unwrap();
    let mut records = RecordChunk::default();
    for number in 0..20 {
        let part = chunk(number, &[noise(u64::from(number) + 1, 800)]);
        records.extend(&part);
        log.append(&partition(), part).await.unwrap();
        log.wait_durable(&partition(), log.end(&partition()))
            .await
            .unwrap();
    }
    log.close().await.unwrap();
    assert!(segments(folder.path()).len() >= 5);
    (folder, records)
}

fn first_of(path: &Path) -> u64 {
    let stem = path.file_stem().unwrap().to_str().unwrap();
    stem.split_once('-').unwrap().1.parse().unwrap()
}

#[tokio::test]
async fn a_damaged_closed_segment_is_named_and_the_others_are_read() {
    let (whole, records) = many_segments().await;
    let names = segments(whole.path());
    let (from, to) = (first_of(&names[1]), first_of(&names[2]));
    let length = std::fs::metadata(&names[1]).unwrap().len() as usize;
    for byte in (0..length).step_by(7) {
        let folder = copy(whole.path());
        let path = &segments(folder.path())[1];
        let mut bytes = std::fs::read(path).unwrap();
        bytes[byte] ^= 0x10;
        std::fs::write(path, bytes).unwrap();
        let (log, repairs) = open_fast(folder.path(), small()).unwrap();
        assert_eq!(
            repairs,
            [],
            "closed segments are not read when the log is opened"
        );
        let mut lost = 0;
        for offset in 0..records.len() as u64 {
            match log.read(&partition(), place(0, offset)).await {
                Ok(slice) => {
                    let skip = (offset - slice.first.offset) as usize;
                    let found = slice.chunk.iter().nth(skip);
                    assert_eq!(found, records.iter().nth(offset as usize));
                }
                Err(LogError::Corrupt { segment, at, .. }) => {
                    assert!((from..to).contains(&offset), "byte {byte}, record {offset}");
                    assert_eq!(segment, path.file_stem().unwrap().to_str().unwrap());
                    assert!(at as usize <= byte);
                    lost += 1;
                }
                Err(other) => panic!("byte {byte}, record {offset}: {other}"),
            }
        }
        assert_eq!(
            lost,
            u64::from(byte >= 96),
            "byte {byte}: one block, one record"
        );
    }
}

#[tokio::test]
async fn a_shortened_closed_segment_is_told_when_the_log_is_opened() {
    let (folder, records) = many_segments().await;
    let path = &segments(folder.path())[1];
    let bytes = std::fs::read(path).unwrap();
    std::fs::write(path, &bytes[..bytes.len() - 1]).unwrap();
    let (log, repairs) = open_fast(folder.path(), small()).unwrap();
    assert!(
        matches!(&repairs[..], [Repair::Damaged { .. }]),
        "{repairs:?}"
    );
    let to = first_of(&segments(folder.path())[2]);
    let lost = log.read(&partition(), place(0, to - 1)).await;
    assert!(matches!(lost, Err(LogError::Corrupt { .. })), "{lost:?}");
    let rest = read_to_end(&log, &partition(), place(0, to)).await.unwrap();
    assert!(rest.iter().eq(records.iter().skip(to as usize)));
}

#[tokio::test]
async fn a_missing_segment_is_told_and_reading_in_it_fails() {
    let (folder, records) = many_segments().await;
    let names = segments(folder.path());
    let (from, to) = (first_of(&names[1]), first_of(&names[2]));
    std::fs::remove_file(&names[1]).unwrap();
    let (log, repairs) = open_fast(folder.path(), small()).unwrap();
    let [Repair::RecordsMissing { range, .. }] = repairs.as_slice() else {
        panic!("{repairs:?}");
    };
    assert_eq!((range.from, range.to), (place(0, from), place(0, to)));
    for offset in from..to {
        let read = log.read(&partition(), place(0, offset)).await;
        let Err(LogError::Corrupt { detail, .. }) = read else {
            panic!("{offset}: {read:?}");
        };
        assert!(detail.contains("missing"), "{detail}");
    }
    let rest = read_to_end(&log, &partition(), place(0, to)).await.unwrap();
    assert!(rest.iter().eq(records.iter().skip(to as usize)));
}

#[tokio::test]
async fn a_missing_newest_segment_is_told_and_its_places_are_not_used_again() {
    let (folder, records) = many_segments().await;
    let names = segments(folder.path());
    let last = names.last().unwrap();
    let from = first_of(last);
    std::fs::remove_file(last).unwrap();
    let (log, repairs) = open_fast(folder.path(), small()).unwrap();
    if from < records.len() as u64 {
        let [Repair::RecordsMissing { range, .. }] = repairs.as_slice() else {
            panic!("{repairs:?}");
        };
        assert_eq!(range.from, place(0, from));
        assert_eq!(range.to, place(0, records.len() as u64));
    }
    let first = log.append(&partition(), chunk(0, &["on"])).await.unwrap();
    assert_eq!(first, place(1, from));
}

#[tokio::test]
async fn empty_and_headless_files_among_segments_do_no_harm() {
    let (folder, records) = many_segments().await;
    let partition_folder = folder.path().join("binance-0");
    std::fs::write(
        partition_folder.join("0000000003-00000000000000000020.qlog"),
        b"",
    )
    .unwrap();
    std::fs::write(partition_folder.join("notes.txt"), b"hello").unwrap();
    std::fs::write(partition_folder.join("x.qlog"), b"hello").unwrap();
    std::fs::write(partition_folder.join("y.seal.tmp"), b"hello").unwrap();
    std::fs::write(folder.path().join("stray"), b"hello").unwrap();
    let (log, repairs) = open_fast(folder.path(), small()).unwrap();
    let [Repair::SegmentDropped { bytes: 0, .. }] = repairs.as_slice() else {
        panic!("{repairs:?}");
    };
    let first = log.append(&partition(), chunk(0, &["on"])).await.unwrap();
    assert_eq!(first, place(4, 20), "epoch 3 was begun, so it is not used");
    let all = read_to_end(&log, &partition(), LogPosition::START)
        .await
        .unwrap();
    assert!(all.iter().take(20).eq(records.iter()) && all.len() == 21);
    assert!(!partition_folder.join("y.seal.tmp").exists());
    assert!(partition_folder.join("notes.txt").exists());
}

#[tokio::test]
async fn a_segment_whose_seal_was_lost_is_closed_again() {
    let (folder, records) = many_segments().await;
    let (log, _) = open_fast(folder.path(), small()).unwrap();
    let before = log.closed_segments(&partition()).await.unwrap();
    log.close().await.unwrap();
    drop(log);
    for (at, path) in segments(folder.path()).iter().enumerate() {
        let seal = path.with_extension("seal");
        match at % 3 {
            0 if seal.exists() => std::fs::remove_file(seal).unwrap(),
            1 if seal.exists() => std::fs::write(seal, "{}").unwrap(),
            _ => {}
        }
    }
    let (log, repairs) = open_fast(folder.path(), small()).unwrap();
    assert_eq!(repairs, []);
    assert_eq!(log.closed_segments(&partition()).await.unwrap(), before);
    let all = read_to_end(&log, &partition(), LogPosition::START)
        .await
        .unwrap();
    assert!(all == records);
}

#[tokio::test]
async fn a_newer_format_is_refused_and_not_repaired() {
    let crashed = crashed(2).await;
    let mut bytes = crashed.bytes.clone();
    bytes[8] = 2;
    let crc = crc32fast::hash(&bytes[..92]);
    bytes[92..96].copy_from_slice(&crc.to_le_bytes());
    let folder = crashed.with(&bytes);
    let error = open_fast(folder.path(), small()).unwrap_err().to_string();
    assert!(error.contains("format version 2"), "{error}");
    assert_eq!(std::fs::read(&segments(folder.path())[0]).unwrap(), bytes);
    assert_eq!(read_segment(&bytes).unwrap_err(), SegmentError::Version(2));
}

#[tokio::test]
async fn the_pure_reader_names_damage_and_goes_on_behind_it() {
    let crashed = crashed(6).await;
    let expected: Vec<_> = read_segment(&crashed.bytes)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let total: usize = expected.iter().map(|(_, chunk)| chunk.len()).sum();
    assert_eq!(total, crashed.records.len());
    for byte in 96..crashed.bytes.len() {
        let mut bytes = crashed.bytes.clone();
        bytes[byte] ^= 0xff;
        let block = crashed.block_of(byte).unwrap();
        let begin = crashed.blocks[block].0 as u64;
        let mut found = Vec::new();
        let mut damage = Vec::new();
        for item in read_segment(&bytes).unwrap() {
            match item {
                Ok(item) => found.push(item),
                Err(SegmentError::Block { at, .. }) => damage.push(at),
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(damage, [begin], "byte {byte}");
        let mut others = expected.clone();
        others.remove(block);
        assert_eq!(found, others, "byte {byte}");
    }
}
