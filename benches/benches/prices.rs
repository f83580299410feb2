//! F-08: the latest prices of all symbols, in process, as `GET /api/v1/prices` asks for them: bid,
//! offer, statistics of 24 hours and health of each with them, sorted by symbol.
//!
//! Asked over and over while nothing moves, and each time after 64 KiB of trades more.
//!
//! `cargo bench -p quantflow-benches --bench prices`
//!
//! Beside it `benches/peers/prices_sqlite.py`, which keeps a table of the newest price only: with
//! `QUANTFLOW_PEERS_PYTHON` (a python3) it is run in the same run.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use quantflow_benches::cost::{beside, load, percentile};
use quantflow_benches::frames::Frames;
use quantflow_benches::house::{House, partition};
use quantflow_market::MarketQueries as _;
use quantflow_seams::EventLog as _;

/// As the server has it.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Milliseconds for a thousand symbols.
const AIM: f64 = 0.05;
const CALLS: usize = 5_000;

fn main() {
    println!("F-08: latest price of all symbols; aim {AIM} ms for 1000");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    for symbols in [10, 100, 1_000] {
        runtime.block_on(case(symbols));
    }
    beside("prices_sqlite.py", &[]);
}

async fn case(symbols: usize) {
    let mut house = House::open().await;
    // a quarter of an hour of market: several candles of the day's statistics
    let frames = Frames::generated(symbols, 600_000, 3_000);
    let id = partition();
    house.log.append(&id, frames.opening()).await.unwrap();
    let mut chunks = frames.chunks();
    for chunk in chunks.by_ref().take(900) {
        house.log.append(&id, chunk).await.unwrap();
    }
    house.log.applied(house.log.end(&id)).await;
    assert_eq!(house.market.prices().len(), symbols);
    let timed = || {
        let start = Instant::now();
        black_box(house.market.prices());
        start.elapsed()
    };
    tell(symbols, "nothing moved", (0..CALLS).map(|_| timed()));
    let (mut trades, mut calls) = (0, Vec::new());
    for chunk in chunks {
        trades += chunk.len();
        house.log.append(&id, chunk).await.unwrap();
        house.log.applied(house.log.end(&id)).await;
        calls.push(timed());
    }
    let moved = format!("{} trades since the last call", trades / calls.len());
    tell(symbols, &moved, calls.into_iter());
    house.commit().await;
}

fn tell(symbols: usize, what: &str, calls: impl Iterator<Item = Duration>) {
    let mut calls: Vec<Duration> = calls.collect();
    calls.sort_unstable();
    let at = |share| percentile(&calls, share).as_secs_f64() * 1e3;
    println!(
        "F-08 {symbols} symbols, {what}: p50 {:.4} ms, p99 {:.4} ms of {}; load {}",
        at(0.5),
        at(0.99),
        calls.len(),
        load()
    );
}
