//! The embedded store: small commits, the last 500 candles (F-06), a year of 1m (F-07), and bytes a
//! row after merging (F-09), on the synthetic sets that its peers are measured on.
//!
//! Figures that are percentiles or bytes are printed first, one a line; then divan's medians.
//! `QUANTFLOW_BENCH_ROWS` sets how many trades and bars there are (default 2,000,000).
#![allow(
    clippy::type_complexity,
    clippy::precedence,
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark: a failure is a panic, and figures go to stdout"
)]

use std::sync::LazyLock;
use std::time::Instant;

use futures_util::StreamExt;
use quantflow_model::{
    CandleBatch, DecimalColumn, Integers, Symbol, TimeRange, Timeframe, TradeBatch,
};
use quantflow_seams::{CandleQuery, Commit, SeriesStore};
use quantflow_store_embedded::{EmbeddedStore, StoreOptions};
use quantflow_wire::{LogPosition, PartitionId};

/// As the server has it.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const START: i64 = 1_577_836_800_000_000_000;
const MINUTE: i64 = 60_000_000_000;
const SYMBOLS: usize = 1000;

fn rows() -> usize {
    std::env::var("QUANTFLOW_BENCH_ROWS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(2_000_000)
}

/// SplitMix64 at a place.
fn mixed(seed: u64, at: u64) -> u64 {
    let mut z = seed.wrapping_add((at + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn step(h: u64, k: i64) -> i64 {
    (i64::from((h as u32).count_ones()) - 16) * k
}

fn fold(x: i64, range: i64) -> i64 {
    range - (x.rem_euclid(2 * range) - range).abs()
}

fn symbol(at: usize) -> Symbol {
    format!("x:S{at}/USDT").parse().unwrap()
}

fn column(values: Vec<i64>, scale: u8) -> DecimalColumn {
    DecimalColumn::from_integers(Integers::Narrow(values), scale).unwrap()
}

struct Log(u64);

impl Log {
    fn next(&mut self) -> Commit {
        let from = LogPosition {
            epoch: 1,
            offset: self.0,
        };
        self.0 += 1;
        Commit::new(PartitionId::new("x").unwrap(), from, from.plus(1))
    }
}

/// Ids, times, prices, quantities and sides of a symbol.
type Columns = (Vec<i64>, Vec<i64>, Vec<i64>, Vec<i64>, Vec<u8>);

/// The set of 1 000 symbols in time order.
struct Trades {
    log: Log,
    symbols: Vec<Symbol>,
    ids: Vec<i64>,
    time: i64,
    walk: i64,
    row: u64,
}

impl Trades {
    fn new() -> Self {
        Self {
            log: Log(0),
            symbols: (0..SYMBOLS).map(symbol).collect(),
            ids: vec![0; SYMBOLS],
            time: START / 1000,
            walk: 2_000_000,
            row: 0,
        }
    }

    /// The next rows as a commit.
    fn next(&mut self, size: usize) -> Commit {
        let mut batches: Vec<Columns> = vec![Columns::default(); SYMBOLS];
        for _ in 0..size {
            let (h, h2) = (mixed(21, self.row), mixed(22, self.row));
            self.row += 1;
            self.time += (h >> 32 & 0x6BF) as i64;
            let a = h2 & 0xFFFF;
            let name = ((((a * a) >> 16) * 1000) >> 16) as usize;
            self.walk += step(h, 2);
            let w = fold(self.walk, 4_000_000) - 2_000_000;
            let price = 100_000 * (1 + name as i64 % 50) + (w >> 6) + (h >> 56 & 3) as i64 + 50_000;
            let batch = &mut batches[name];
            batch.0.push(self.ids[name]);
            self.ids[name] += 1;
            batch.1.push(self.time * 1000);
            batch.2.push(price);
            batch.3.push(1 + (h2 >> 16 & 0xFFFF) as i64);
            batch.4.push(1 + (h2 >> 40 & 1) as u8);
        }
        let mut commit = self.log.next();
        for (name, (ids, times, prices, quantities, sides)) in batches.into_iter().enumerate() {
            let flags = vec![0; ids.len()];
            let batch = TradeBatch {
                ids: Integers::Narrow(ids),
                times,
                prices: column(prices, 2),
                quantities: column(quantities, 3),
                sides,
                flags,
                counts: Vec::new(),
            };
            if !batch.is_empty() {
                commit.trades.push((self.symbols[name].clone(), batch));
            }
        }
        commit
    }
}

/// Bars of the peers' set: time, OHLC, volume.
fn bars(count: usize) -> Vec<[i64; 5]> {
    let (mut walk, mut last) = (4_000_000_i64, 5_000_000_i64);
    (0..count)
        .map(|at| {
            let (h, h2) = (mixed(1, at as u64), mixed(2, at as u64));
            walk += step(h, 883) + (h2 >> 32 & 0x3FF) as i64 + (h2 >> 42 & 0x3FF) as i64 - 1023;
            let close = 1_000_000 + fold(walk, 10_000_000);
            let open = last + (h2 >> 52 & 0x1FF) as i64 - 256;
            last = close;
            let high = open.max(close) + (h >> 32 & 0x7FF) as i64;
            let low = open.min(close) - (h >> 44 & 0x7FF) as i64;
            [open, high, low, close, 1 + (h2 & 0xF_FFFF) as i64]
        })
        .collect()
}

fn candles(bars: &[[i64; 5]], first: i64) -> CandleBatch {
    let of = |at: usize| bars.iter().map(|bar| bar[at]).collect::<Vec<_>>();
    let rows = bars.len();
    let times: Vec<i64> = (0..rows as i64)
        .map(|at| START + (first + at) * MINUTE)
        .collect();
    CandleBatch {
        known: times.iter().map(|time| time + MINUTE).collect(),
        open_times: times,
        open: column(of(0), 2),
        high: column(of(1), 2),
        low: column(of(2), 2),
        close: column(of(3), 2),
        volume: column(of(4), 3),
        states: vec![1; rows],
        revisions: vec![0; rows],
        origins: vec![0; rows],
        ..CandleBatch::default()
    }
}

/// A store with candles: a year of symbol 0, and of each other its share of the bars.
static STORE: LazyLock<(tempfile::TempDir, EmbeddedStore)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(folder.path(), StoreOptions::default()).unwrap();
    let each = rows() / SYMBOLS;
    let bars = bars(rows().max(525_600));
    let mut log = Log(0);
    let mut commit = log.next();
    for name in 0..SYMBOLS {
        let (from, count) = if name == 0 {
            (0, 525_600)
        } else {
            (name * each, each)
        };
        let batch = candles(&bars[from..from + count], 0);
        commit.candles.push((symbol(name), Timeframe::M1, batch));
    }
    store.commit_now(commit).unwrap();
    (folder, store)
});

fn last_500(name: usize) -> CandleQuery {
    CandleQuery {
        symbol: symbol(name),
        timeframe: Timeframe::M1,
        origin: None,
        range: TimeRange::ALL,
        as_of: None,
        limit: Some(500),
        from_end: true,
    }
}

fn percentiles(what: &str, count: usize, mut run: impl FnMut(usize)) {
    let mut taken: Vec<f64> = (0..count)
        .map(|at| {
            let began = Instant::now();
            run(at);
            began.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    taken.sort_by(f64::total_cmp);
    let (p50, p99) = (taken[count / 2], taken[count * 99 / 100]);
    println!("{what}: p50 {p50:.4} ms, p99 {p99:.4} ms of {count}");
}

fn figures() {
    let rows = rows();
    let store = &STORE.1;
    let found = store.column_bytes(Some(Timeframe::M1)).unwrap();
    let ohlcv: u64 = [
        "symbol",
        "open_time",
        "open",
        "high",
        "low",
        "close",
        "volume",
    ]
    .iter()
    .filter_map(|name| found.columns.get(*name))
    .sum();
    println!(
        "F-09 candles: {:.2} B of OHLCV columns, {:.2} B in all, {} rows",
        ohlcv as f64 / found.rows as f64,
        found.bytes as f64 / found.rows as f64,
        found.rows
    );
    println!("    {:?}", found.columns);
    for at in 0..SYMBOLS {
        store.candles_now(&last_500(at)).unwrap();
    }
    percentiles("F-06 last 500 candles", 4000, |at| {
        let batches = store.candles_now(&last_500(1 + at * 7 % 999)).unwrap();
        assert_eq!(batches.iter().map(CandleBatch::len).sum::<usize>(), 500);
    });
    let year = CandleQuery {
        limit: None,
        ..last_500(0)
    };
    percentiles("F-07 a year of 1m, gathered", 40, |_| {
        let batches = store.candles_now(&year).unwrap();
        assert_eq!(batches.iter().map(CandleBatch::len).sum::<usize>(), 525_600);
    });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    percentiles("F-07 a year of 1m, as a stream", 100, |_| {
        let found = runtime.block_on(async {
            let mut stream = store.candles(&year).await.unwrap();
            let mut found = 0;
            while let Some(batch) = stream.next().await {
                found += batch.unwrap().len();
            }
            found
        });
        assert_eq!(found, 525_600);
    });

    let folder = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(folder.path(), StoreOptions::default()).unwrap();
    let mut trades = Trades::new();
    let commits: Vec<_> = (0..60).map(|_| trades.next(1000)).collect();
    let mut commits = commits.into_iter();
    percentiles("commit of 1 000 rows, 1 000 symbols", 60, |_| {
        store.commit_now(commits.next().unwrap()).unwrap();
    });
    let mut of_one = Trades::new().next(60_000);
    let (name, rows_of_one) = of_one.trades.swap_remove(0);
    let mut log = Log(60);
    percentiles("commit of 1 row", 60, |at| {
        let mut commit = log.next();
        let row = rows_of_one.slice(at..at + 1);
        commit.trades.push((name.clone(), row));
        store.commit_now(commit).unwrap();
    });
    let folder = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(folder.path(), StoreOptions::default()).unwrap();
    let (mut trades, mut committed) = (Trades::new(), 0.0);
    for _ in 0..16 {
        let commit = trades.next(rows / 16);
        let began = Instant::now();
        store.commit_now(commit).unwrap();
        committed += began.elapsed().as_secs_f64();
    }
    let (began, mut longest) = (Instant::now(), 0.0_f64);
    loop {
        let began = Instant::now();
        let more = store.maintain_now().unwrap().more;
        longest = longest.max(began.elapsed().as_secs_f64());
        if !more {
            break;
        }
    }
    let merged = began.elapsed().as_secs_f64();
    let found = store.column_bytes(None).unwrap();
    println!(
        "F-09 trades, 1 000 symbols: {:.2} B of {} rows in {} files; committed in {committed:.2} s, \
         merged in {merged:.2} s ({:.2} M rows/s, longest step {longest:.2} s); {:?}",
        found.bytes as f64 / found.rows as f64,
        found.rows,
        found.files,
        found.rows as f64 / merged / 1e6,
        found.columns
    );
}

#[divan::bench]
fn last_500_candles() -> usize {
    STORE.1.candles_now(&last_500(77)).unwrap().len()
}

#[divan::bench(args = [8_760, 87_600, 525_600])]
fn minutes_of_a_symbol(count: usize) -> usize {
    let query = CandleQuery {
        limit: Some(count),
        ..last_500(0)
    };
    STORE.1.candles_now(&query).unwrap().len()
}

fn main() {
    figures();
    divan::main();
}
