//! F-05: trades → 1m candles from the store's own files, two threads, for one symbol and for 1 000,
//! at three sizes; every candle's trades are counted, so that the answer is checked.
//!
//! `cargo bench -p quantflow-benches --bench resample`. Beside it `benches/peers/resample_duckdb.py`:
//! duckdb from Parquet of the same shape, with `QUANTFLOW_PEERS_PYTHON` in the same run. Files are in
//! the page cache for both.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints")]

use std::time::Duration;

use quantflow_benches::cost::{Watch, beside, load};
use quantflow_benches::frames::{Mix, names};
use quantflow_benches::house::partition;
use quantflow_model::{DecimalColumn, Integers, Symbol, TimeRange, Timestamp, TradeBatch};
use quantflow_pipeline::{Bars, candles_from_columns};
use quantflow_seams::{Commit, TradeQuery};
use quantflow_store_embedded::{EmbeddedStore, StoreOptions};
use quantflow_wire::LogPosition;

/// As the server has it.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Million rows a second, two threads.
const AIM: f64 = 600.0;
const MINUTE: i64 = 60_000_000_000;
const SIZES: [usize; 3] = [500_000, 2_000_000, 8_000_000];
const ROUNDS: usize = 7;

fn main() {
    println!("F-05: trades of our files to 1m candles, 2 threads; aim {AIM} M rows/s");
    for rows in SIZES {
        for symbols in [1, 1_000] {
            case(symbols, rows);
        }
    }
    let sizes: Vec<String> = SIZES.iter().map(usize::to_string).collect();
    let sizes: Vec<&str> = sizes.iter().map(String::as_str).collect();
    beside("resample_duckdb.py", &sizes);
}

fn column(values: Vec<i64>, scale: u8) -> DecimalColumn {
    DecimalColumn::from_integers(Integers::Narrow(values), scale).unwrap()
}

/// Trades of one symbol, a mean of `step` nanoseconds apart.
fn trades(rows: usize, step: u64, seed: u64) -> TradeBatch {
    let mut mix = Mix(seed);
    let (mut time, mut price) = (1_700_000_000_000_000_000_i64, 4_000_000_i64);
    let (mut times, mut prices) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    let mut quantities = Vec::with_capacity(rows);
    let mut sides = Vec::with_capacity(rows);
    for _ in 0..rows {
        let bits = mix.next();
        // whole milliseconds, as venues have them
        time += (bits % (2 * step)) as i64 / 1_000_000 * 1_000_000;
        price += (bits >> 32) as i64 % 17 - 8;
        times.push(time);
        prices.push(price);
        quantities.push(1 + (bits >> 48) as i64);
        sides.push(1 + (bits >> 40 & 1) as u8);
    }
    TradeBatch {
        ids: Integers::Narrow((0..rows as i64).collect()),
        times,
        prices: column(prices, 2),
        quantities: column(quantities, 5),
        flags: vec![0; rows],
        sides,
        counts: Vec::new(),
    }
}

/// What a thread does: a symbol's trades of a span.
type Part = (Symbol, TimeRange);

fn case(symbols: usize, rows: usize) {
    let folder = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(folder.path(), StoreOptions::default()).unwrap();
    let mut commit = Commit::new(
        partition(),
        LogPosition::START,
        LogPosition::START.plus(rows as u64),
    );
    // a trade each quarter of a second of one symbol, or each 86 s of each of many: the peers' sets
    let step = if symbols == 1 {
        262_000_000
    } else {
        860_000_000
    };
    let mut halves: [Vec<Part>; 2] = [Vec::new(), Vec::new()];
    for (at, (symbol, _)) in names(symbols).into_iter().enumerate() {
        let batch = trades(rows / symbols, step, at as u64);
        if symbols == 1 {
            let middle = Timestamp::from_nanos(batch.times[rows / 2] / MINUTE * MINUTE);
            halves[0].push((symbol.clone(), TimeRange::new(Timestamp::MIN, middle)));
            halves[1].push((symbol.clone(), TimeRange::new(middle, Timestamp::MAX)));
        } else {
            halves[at * 2 / symbols].push((symbol.clone(), TimeRange::ALL));
        }
        commit.trades.push((symbol, batch));
    }
    store.commit_now(commit).unwrap();
    while store.maintain_now().unwrap().more {}
    let mut best: Option<(Duration, Duration, usize)> = None;
    for _ in 0..ROUNDS {
        let watch = Watch::start();
        let (trades, bars) = std::thread::scope(|scope| {
            let threads = halves
                .each_ref()
                .map(|parts| scope.spawn(|| resample(&store, parts)));
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
        });
        let cost = watch.stop();
        assert_eq!(trades, rows as u64);
        if best.is_none_or(|best| cost.wall < best.0) {
            best = Some((cost.wall, cost.cpu, bars));
        }
    }
    let Some((wall, cpu, bars)) = best else {
        return;
    };
    let rate = |time: Duration| rows as f64 / time.as_secs_f64() / 1e6;
    println!(
        "F-05 {symbols} symbols, {rows} trades: {:.0} M rows/s by wall, {:.0} by CPU time of one core, {bars} candles; load {}",
        rate(wall),
        rate(cpu),
        load()
    );
}

/// Trades and candles of some parts.
fn resample(store: &EmbeddedStore, parts: &[Part]) -> (u64, usize) {
    let (mut trades, mut bars, mut count) = (0, Bars::default(), 0);
    for (symbol, range) in parts {
        let query = TradeQuery {
            symbol: symbol.clone(),
            range: *range,
            newest_first: false,
            limit: None,
        };
        bars.clear();
        for batch in store.trades_now(&query).unwrap() {
            let (prices, quantities) = (
                batch.prices.integers().narrow().unwrap(),
                batch.quantities.integers().narrow().unwrap(),
            );
            let before = bars.len();
            candles_from_columns(&batch.times, prices, quantities, MINUTE, &mut bars).unwrap();
            join(&mut bars, before);
        }
        trades += bars.trades.iter().sum::<u64>();
        count += bars.len();
    }
    (trades, count)
}

/// Makes one of the two candles of a minute in which a batch ended and the next began.
fn join(bars: &mut Bars, at: usize) {
    if at == 0 || at >= bars.len() || bars.open_times[at - 1] != bars.open_times[at] {
        return;
    }
    bars.open_times.remove(at);
    bars.open.remove(at);
    let (high, low) = (bars.high.remove(at), bars.low.remove(at));
    bars.high[at - 1] = bars.high[at - 1].max(high);
    bars.low[at - 1] = bars.low[at - 1].min(low);
    bars.close[at - 1] = bars.close.remove(at);
    bars.volume[at - 1] += bars.volume.remove(at);
    bars.trades[at - 1] += bars.trades.remove(at);
}
