//! The raw log: append to durable, replay, and how long a record waits to be durable.
//!
//! Frames are those of the recorded Binance capture where it is at hand, else made up in its shape;
//! they go round at a distance that a block of the log does not see. The log lies in the temporary
//! folder (`TMPDIR`): it should be on the disk that is to be measured.
//! `cargo bench -p quantflow-benches --bench log`; items a second are frames a second. The table
//! behind it (CPU and bytes a frame, durable latency) is printed when no filter is given.
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench")]
#![allow(clippy::print_stdout, reason = "a bench prints")]

use std::time::{Duration, Instant};

use divan::Bencher;
use divan::counter::ItemsCount;
use quantflow_log_embedded::{EmbeddedLog, FsyncPolicy, LogOptions, read_segment};
use quantflow_model::Timestamp;
use quantflow_seams::EventLog;
use quantflow_testkit::recorded;
use quantflow_wire::{LogPosition, PartitionId, Record, RecordChunk, RecordKind};
use tempfile::TempDir;
use tokio::runtime::Runtime;

fn main() {
    divan::main();
    if std::env::args().all(|argument| argument == "--bench" || argument.contains('/')) {
        println!("\nCPU and bytes a frame, one appender, fsync every 20 ms");
        for kind in KINDS {
            cpu(kind);
        }
        println!("\ndurable latency of single records, 1 000 a second");
        for millis in [1, 5, 20, 100] {
            latency(millis);
        }
    }
}

const KINDS: [&str; 3] = ["bookTicker", "trade", "depth"];

fn frames(kind: &str) -> Vec<Vec<u8>> {
    let wanted = format!("@{kind}");
    let captured = recorded::bytes("ws_capture_binance/spot_btcusdt_20240808.gz");
    let captured = captured.map(|bytes| {
        let text = String::from_utf8(bytes).unwrap();
        let lines = text.lines().filter_map(|line| line.split_once(' '));
        let payloads = lines.map(|(_, json)| json.as_bytes().to_vec());
        let wanted = payloads.filter(|json| String::from_utf8_lossy(json).contains(&wanted));
        wanted.take(8_192).collect()
    });
    captured.unwrap_or_else(|| (0..8_192).map(|n| made_up(kind, n).into_bytes()).collect())
}

fn made_up(kind: &str, number: u64) -> String {
    // prices and quantities walk about, as in a market
    let noise = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let price = format!("618{:02}.{:02}000000", noise % 40, noise % 89);
    let quantity = format!("0.{:05}000", noise % 99_991);
    match kind {
        "trade" => format!(
            r#"{{"stream":"btcusdt@trade","data":{{"e":"trade","E":{0},"s":"BTCUSDT","t":{number},"p":"{price}","q":"{quantity}","T":{0},"m":true,"M":true}}}}"#,
            1_723_161_255_343 + number
        ),
        "depth" => {
            let levels = (0..18)
                .map(|at| format!(r#"["618{:02}.{:02}000000","{quantity}"]"#, at, noise % 97));
            let levels = levels.collect::<Vec<_>>().join(",");
            format!(
                r#"{{"stream":"btcusdt@depth@100ms","data":{{"e":"depthUpdate","E":{},"s":"BTCUSDT","U":{number},"u":{number},"b":[{levels}],"a":[{levels}]}}}}"#,
                1_723_161_255_343 + number
            )
        }
        _ => format!(
            r#"{{"stream":"btcusdt@bookTicker","data":{{"u":{number},"s":"BTCUSDT","b":"{price}","B":"{quantity}","a":"{price}","A":"{quantity}"}}}}"#
        ),
    }
}

/// Frames as an ingester hands them on: so many records a chunk.
fn chunks(kind: &str, count: usize, per_chunk: usize) -> Vec<RecordChunk> {
    let frames = frames(kind);
    let numbers: Vec<usize> = (0..count).collect();
    let chunk = |numbers: &[usize]| {
        let mut chunk = RecordChunk::default();
        for number in numbers {
            let record = Record {
                kind: RecordKind::Text,
                received: Timestamp::from_nanos(
                    1_723_161_254_000_000_000 + *number as i64 * 13_337,
                ),
                connection: 1,
                sequence: *number as u32,
                payload: &frames[number % frames.len()],
            };
            chunk.push(&record).unwrap();
        }
        chunk
    };
    numbers.chunks(per_chunk).map(chunk).collect()
}

/// About 200 MB of frames.
fn count_of(kind: &str) -> usize {
    if kind == "depth" { 200_000 } else { 1_000_000 }
}

fn partition() -> PartitionId {
    PartitionId::new("binance-0").unwrap()
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .unwrap()
}

fn open(folder: &TempDir, fsync: FsyncPolicy) -> EmbeddedLog {
    let options = LogOptions {
        fsync,
        ..LogOptions::default()
    };
    EmbeddedLog::open(folder.path(), options).unwrap().0
}

const EVERY_20_MS: FsyncPolicy = FsyncPolicy::Interval(Duration::from_millis(20));

async fn append_all(log: &EmbeddedLog, chunks: Vec<RecordChunk>) {
    let id = partition();
    for chunk in chunks {
        log.append(&id, chunk).await.unwrap();
    }
    log.wait_durable(&id, log.end(&id)).await.unwrap();
}

/// From the first append until all is durable.
#[divan::bench(args = KINDS, sample_count = 5, sample_size = 1)]
fn append_fsync_20ms(bencher: Bencher<'_, '_>, kind: &str) {
    append(bencher, kind, 500, EVERY_20_MS);
}

/// The same, but a chunk is one frame: a quiet socket.
#[divan::bench(args = ["trade"], sample_count = 5, sample_size = 1)]
fn append_one_by_one(bencher: Bencher<'_, '_>, kind: &str) {
    append(bencher, kind, 1, EVERY_20_MS);
}

#[divan::bench(args = ["trade"], sample_count = 5, sample_size = 1)]
fn append_fsync_every_block(bencher: Bencher<'_, '_>, kind: &str) {
    append(bencher, kind, 500, FsyncPolicy::EveryBlock);
}

#[divan::bench(args = ["trade"], sample_count = 5, sample_size = 1)]
fn append_never_fsync(bencher: Bencher<'_, '_>, kind: &str) {
    append(bencher, kind, 500, FsyncPolicy::Never);
}

fn append(bencher: Bencher<'_, '_>, kind: &str, per_chunk: usize, fsync: FsyncPolicy) {
    let runtime = runtime();
    let count = count_of(kind);
    let all = chunks(kind, count, per_chunk);
    bencher
        .counter(ItemsCount::new(count))
        .with_inputs(|| {
            let folder = TempDir::new().unwrap();
            (open(&folder, fsync), folder, all.clone())
        })
        .bench_local_values(|(log, folder, chunks)| {
            runtime.block_on(append_all(&log, chunks));
            // dropped, with the folder, when the clock stands
            (log, folder)
        });
}

/// Reads a log from its beginning to its end, from disk: check, unpack, walk.
#[divan::bench(args = KINDS, sample_count = 5, sample_size = 1)]
fn replay(bencher: Bencher<'_, '_>, kind: &str) {
    let runtime = runtime();
    let count = count_of(kind);
    let folder = TempDir::new().unwrap();
    let log = open(&folder, EVERY_20_MS);
    runtime.block_on(append_all(&log, chunks(kind, count, 500)));
    drop(log);
    bencher
        .counter(ItemsCount::new(count))
        .with_inputs(|| open(&folder, EVERY_20_MS))
        .bench_local_values(|log| {
            runtime.block_on(async {
                let (id, mut place, mut bytes) = (partition(), LogPosition::START, 0);
                let end = log.end(&id);
                while place < end {
                    let slice = log.read(&id, place).await.unwrap();
                    bytes += slice.chunk.iter().map(|r| r.payload.len()).sum::<usize>();
                    place = slice.next();
                }
                assert_eq!(place.offset as usize, count);
                bytes
            })
        });
}

/// The pure reader over a segment in memory.
#[divan::bench(args = KINDS, sample_count = 5, sample_size = 1)]
fn read_segment_bytes(bencher: Bencher<'_, '_>, kind: &str) {
    let runtime = runtime();
    let count = count_of(kind);
    let folder = TempDir::new().unwrap();
    let log = open(&folder, EVERY_20_MS);
    runtime.block_on(append_all(&log, chunks(kind, count, 500)));
    drop(log);
    let bytes = segment_files(&folder).concat();
    bencher.counter(ItemsCount::new(count)).bench_local(|| {
        let blocks = read_segment(&bytes).unwrap().map(Result::unwrap);
        let read: usize = blocks.map(|(_, chunk)| chunk.len()).sum();
        assert_eq!(read, count);
    });
}

fn segment_files(folder: &TempDir) -> Vec<Vec<u8>> {
    let files = std::fs::read_dir(folder.path().join("binance-0")).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    let segments = paths.filter(|path| path.extension().is_some_and(|e| e == "qlog"));
    segments.map(|path| std::fs::read(path).unwrap()).collect()
}

/// CPU time of this process; in hundredths of a second, as Linux counts it.
fn cpu_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let kernel: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis((user + kernel) * 10))
}

fn cpu(kind: &str) {
    const ROUNDS: usize = 5;
    let runtime = runtime();
    let count = count_of(kind);
    let all = chunks(kind, count, 500);
    let raw: usize = all.iter().map(|chunk| chunk.bytes().len()).sum();
    let mut packed = 0;
    let mut wall = Duration::ZERO;
    let mut used = Duration::ZERO;
    for _ in 0..ROUNDS {
        let folder = TempDir::new().unwrap();
        let log = open(&folder, EVERY_20_MS);
        let copy = all.clone();
        let (start, cpu) = (Instant::now(), cpu_time());
        runtime.block_on(append_all(&log, copy));
        wall += start.elapsed();
        used += cpu_time()
            .zip(cpu)
            .map_or(Duration::ZERO, |(now, then)| now - then);
        drop(log);
        packed = segment_files(&folder).iter().map(Vec::len).sum();
    }
    let alone = codec_alone(&all);
    let each = |time: Duration| time.as_nanos() as usize / (count * ROUNDS);
    println!(
        "{kind:>10}: {} ns CPU, {} ns wall (zstd(1) alone {} ns), {} bytes raw, {:.1} on disk",
        each(used),
        each(wall),
        alone.as_nanos() as usize / count,
        raw / count,
        packed as f64 / count as f64
    );
}

/// What the codec costs by itself in blocks of 256 KiB: the floor under the log.
fn codec_alone(chunks: &[RecordChunk]) -> Duration {
    let bytes = chunks
        .iter()
        .map(RecordChunk::bytes)
        .collect::<Vec<_>>()
        .concat();
    let mut zstd = zstd::bulk::Compressor::new(1).unwrap();
    let mut out = vec![0; 512 << 10];
    let cpu = cpu_time();
    for block in bytes.chunks(256 << 10) {
        zstd.compress_to_buffer(block, &mut out[..]).unwrap();
    }
    cpu_time()
        .zip(cpu)
        .map_or(Duration::ZERO, |(now, then)| now - then)
}

fn latency(millis: u64) {
    const RECORDS: usize = 2_000;
    let runtime = runtime();
    let folder = TempDir::new().unwrap();
    let log = open(
        &folder,
        FsyncPolicy::Interval(Duration::from_millis(millis)),
    );
    let log = std::sync::Arc::new(log);
    let mut waits = runtime.block_on(async {
        let id = partition();
        let mut waiting = Vec::new();
        let mut tick = tokio::time::interval(Duration::from_millis(1));
        for chunk in chunks("trade", RECORDS, 1) {
            tick.tick().await;
            let start = Instant::now();
            let first = log.append(&id, chunk).await.unwrap();
            let log = std::sync::Arc::clone(&log);
            waiting.push(tokio::spawn(async move {
                log.wait_durable(&partition(), first.plus(1)).await.unwrap();
                start.elapsed()
            }));
        }
        let mut waits = Vec::new();
        for wait in waiting {
            waits.push(wait.await.unwrap());
        }
        waits
    });
    waits.sort_unstable();
    let at = |share: f64| waits[(waits.len() as f64 * share) as usize].as_secs_f64() * 1_000.0;
    println!(
        "every {millis:>3} ms: p50 {:.1} ms, p99 {:.1} ms",
        at(0.5),
        at(0.99)
    );
}
