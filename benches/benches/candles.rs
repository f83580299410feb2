//! Candles: from columns in batch (against a plain loop, the bar that any programmer has), and
//! incrementally in all timeframes through the whole pipeline behind the codec. F-04: rows a
//! second of `one_symbol_from_columns` and `thousand_symbols_from_columns` (aim 1.4 G and 350 M), beside
//! `one_symbol_plain_loop`.
//!
//! `cargo bench -p quantflow-benches --bench candles`

#![allow(clippy::unwrap_used, missing_docs, reason = "a bench")]

use std::sync::Arc;
use std::time::Duration;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use quantflow_model::{
    Decimal, Price, Quantity, Side, Symbol, Timestamp, Trade, TradeFlags, TradeId, VenueId,
    VenueSymbol,
};
use quantflow_pipeline::{
    Bars, Output, Pipeline, PipelineOptions, candles_from_columns, candles_of_symbols,
};
use quantflow_wire::{
    BookRule, Channel, Codec, DecodeError, EncodeError, Encoded, Event, EventKind, HttpRequest,
    Input, LogPosition, OrderRule, PartitionId, Query, Record, RecordKind, RequestError, Response,
    Route, SubscribePlan, Subscribed, Subscription, TradeEvent, VenueDescription,
};

fn main() {
    divan::main();
}

// small enough that a sample fits a time slice: on a busy machine the fastest one tells
const SIZES: [usize; 3] = [250_000, 1_000_000, 4_000_000];
const MINUTE: i64 = 60_000_000;

/// Columns of a market: microseconds, cents, thousandths.
struct Columns {
    times: Vec<i64>,
    prices: Vec<i64>,
    quantities: Vec<i64>,
}

/// A small generator, so that the data is the same everywhere.
struct Mix(u64);

impl Mix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

/// Trades a mean of `step` microseconds apart.
fn columns(rows: usize, step: u64, seed: u64) -> Columns {
    let mut mix = Mix(seed);
    let (mut time, mut price) = (1_700_000_000_000_000_i64, 4_000_000_i64);
    let mut columns = Columns {
        times: Vec::with_capacity(rows),
        prices: Vec::with_capacity(rows),
        quantities: Vec::with_capacity(rows),
    };
    for _ in 0..rows {
        let bits = mix.next();
        time += (bits % (2 * step)) as i64;
        price += (bits >> 32) as i64 % 17 - 8;
        columns.times.push(time);
        columns.prices.push(price);
        columns.quantities.push(1 + (bits >> 48) as i64);
    }
    columns
}

/// A thousand symbols, one after another.
fn clustered(rows: usize) -> (Columns, Vec<usize>) {
    let each = rows / 1_000;
    let mut all = Columns {
        times: Vec::new(),
        prices: Vec::new(),
        quantities: Vec::new(),
    };
    let mut ends = Vec::new();
    for symbol in 0..1_000 {
        let one = columns(each, 86_400_000_000 / 100_000, symbol);
        all.times.extend(one.times);
        all.prices.extend(one.prices);
        all.quantities.extend(one.quantities);
        ends.push(all.times.len());
    }
    (all, ends)
}

/// What is written in an afternoon: one pass, a running candle.
fn plain_loop(columns: &Columns, bars: &mut Bars) {
    let (mut open, mut high, mut low, mut close) = (0, 0, 0, 0);
    let (mut volume, mut count, mut start, mut next) = (0_i64, 0_u64, 0, i64::MIN);
    let mut put = |start, open, high, low, close, volume: i64, count| {
        bars.open_times.push(start);
        bars.open.push(open);
        bars.high.push(high);
        bars.low.push(low);
        bars.close.push(close);
        bars.volume.push(volume.into());
        bars.trades.push(count);
    };
    for ((&time, &price), &quantity) in columns
        .times
        .iter()
        .zip(&columns.prices)
        .zip(&columns.quantities)
    {
        if time >= next {
            if count > 0 {
                put(start, open, high, low, close, volume, count);
            }
            start = time - time.rem_euclid(MINUTE);
            next = start + MINUTE;
            (open, high, low, volume, count) = (price, price, price, 0, 0);
        }
        high = high.max(price);
        low = low.min(price);
        close = price;
        volume += quantity;
        count += 1;
    }
    put(start, open, high, low, close, volume, count);
}

#[divan::bench(args = SIZES, sample_count = 101, sample_size = 1)]
fn one_symbol_plain_loop(bencher: Bencher<'_, '_>, rows: usize) {
    let columns = columns(rows, 24_576, 1);
    let mut bars = Bars::default();
    bencher.counter(ItemsCount::new(rows)).bench_local(|| {
        bars.clear();
        plain_loop(black_box(&columns), &mut bars);
        bars.len()
    });
}

#[divan::bench(args = SIZES, sample_count = 101, sample_size = 1)]
fn one_symbol_from_columns(bencher: Bencher<'_, '_>, rows: usize) {
    let columns = columns(rows, 24_576, 1);
    let mut bars = Bars::default();
    bencher.counter(ItemsCount::new(rows)).bench_local(|| {
        bars.clear();
        let Columns {
            times,
            prices,
            quantities,
        } = black_box(&columns);
        candles_from_columns(times, prices, quantities, MINUTE, &mut bars).unwrap();
        bars.len()
    });
}

#[divan::bench(args = SIZES, sample_count = 101, sample_size = 1)]
fn thousand_symbols_from_columns(bencher: Bencher<'_, '_>, rows: usize) {
    let (columns, ends) = clustered(rows);
    let (mut bars, mut bar_ends) = (Bars::default(), Vec::new());
    bencher.counter(ItemsCount::new(rows)).bench_local(|| {
        bars.clear();
        bar_ends.clear();
        let Columns {
            times,
            prices,
            quantities,
        } = black_box(&columns);
        candles_of_symbols(
            &ends,
            times,
            prices,
            quantities,
            MINUTE,
            &mut bars,
            &mut bar_ends,
        )
        .unwrap();
        bars.len()
    });
}

/// A codec whose messages are numbers as they lie in memory: what is left is the pipeline.
#[derive(Debug)]
struct Bare(VenueDescription);

impl Codec for Bare {
    fn describe(&self) -> &VenueDescription {
        &self.0
    }
    fn spell(&self, _: &Symbol) -> Option<VenueSymbol> {
        None
    }
    fn route<'a>(&self, _: &Input<'a>) -> Route<'a> {
        Route::All
    }
    fn decode(&self, input: &Input<'_>, events: &mut Vec<Event>) -> Result<(), DecodeError> {
        let Input::Message { bytes, .. } = input else {
            return Ok(());
        };
        let number = |at: usize| i64::from_le_bytes(bytes[at * 8..at * 8 + 8].try_into().unwrap());
        let name = std::str::from_utf8(&bytes[32..]).unwrap();
        let side = if number(3) & 1 == 0 {
            Side::Buy
        } else {
            Side::Sell
        };
        events.push(Event {
            symbol: VenueSymbol::new(name),
            sent: None,
            kind: EventKind::Trade(TradeEvent {
                trade: Trade {
                    id: TradeId(number(0) as u128),
                    time: Timestamp::from_micros(number(1)),
                    price: Price(Decimal::new(number(2).into(), 2).unwrap()),
                    quantity: Quantity(Decimal::new(number(3).into(), 5).unwrap()),
                    side,
                    flags: TradeFlags::NONE,
                    count: 1,
                },
                orders: None,
            }),
        });
        Ok(())
    }
    fn encode(&self, _: &[Event], _: &Encoded<'_>) -> Result<Vec<u8>, EncodeError> {
        Ok(Vec::new())
    }
    fn request(&self, _: &Query) -> Result<HttpRequest, RequestError> {
        Err(RequestError::NotOffered {
            venue: venue(),
            what: "anything".into(),
        })
    }
    fn page_limit(&self, _: &Query) -> u32 {
        0
    }
    fn subscribe(&self, _: &[Subscription]) -> Result<Vec<SubscribePlan>, RequestError> {
        Ok(Vec::new())
    }
    fn used_limits(&self, _: &Response) -> Vec<Option<u32>> {
        Vec::new()
    }
    fn stay_away(&self, _: &Response) -> Option<Duration> {
        None
    }
}

fn venue() -> VenueId {
    "bare".parse().unwrap()
}

fn bare(symbols: usize) -> (Pipeline, Vec<String>) {
    let codec = Bare(VenueDescription {
        book: BookRule::REQUESTED,
        binds: false,
        id: venue(),
        name: "Bare".into(),
        protocol: "binance-spot",
        rest_url: "".into(),
        ws_url: "".into(),
        order: OrderRule::ContiguousIds,
        limits: Vec::new(),
        channels: Vec::new(),
        timeframes: Vec::new(),
        silence: Duration::ZERO,
        connection_lifetime: None,
        send_rate: 0,
        streams_per_connection: 0,
    });
    let mut pipeline = Pipeline::new(
        PartitionId::new("bare").unwrap(),
        venue(),
        Some(Arc::new(codec)),
        PipelineOptions::default(),
    );
    let names: Vec<String> = (0..symbols).map(|i| format!("S{i}USDT")).collect();
    let subscribed = Subscribed {
        subscriptions: (0..symbols)
            .map(|i| Subscription {
                symbol: Symbol::spot(&venue(), &format!("S{i}"), "USDT").unwrap(),
                venue_symbol: VenueSymbol::new(&names[i]).unwrap(),
                channel: Channel::Trades,
            })
            .collect(),
    };
    let payload = serde_json::to_vec(&subscribed).unwrap();
    let record = Record {
        kind: RecordKind::Subscribed,
        received: Timestamp::EPOCH,
        connection: 1,
        sequence: 0,
        payload: &payload,
    };
    let mut out = Output::default();
    pipeline.apply(LogPosition::START, &record, &mut out);
    (pipeline, names)
}

/// Trades of a market of so many symbols, in order of time: receive time and message.
fn messages(symbols: usize, step: u64, names: &[String]) -> Vec<(i64, Vec<u8>)> {
    let columns = columns(1_000_000, step, 5);
    let mut mix = Mix(9);
    let mut ids = vec![0_i64; symbols];
    (0..columns.times.len())
        .map(|row| {
            let symbol = (mix.next() % symbols as u64) as usize;
            ids[symbol] += 1;
            let mut bytes = Vec::with_capacity(48);
            for number in [
                ids[symbol],
                columns.times[row],
                columns.prices[row],
                columns.quantities[row],
            ] {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
            bytes.extend_from_slice(names[symbol].as_bytes());
            (columns.times[row] + 30_000, bytes)
        })
        .collect()
}

/// One record a trade through the whole pipeline: nineteen timeframes, ids, cleaning, tallies.
#[divan::bench(args = [(1, 1_000), (1, 24_576), (1_000, 100), (1_000, 1_000)], sample_count = 7, sample_size = 1)]
fn whole_pipeline(bencher: Bencher<'_, '_>, (symbols, step): (usize, u64)) {
    let (_, names) = bare(symbols);
    let messages = messages(symbols, step, &names);
    bencher
        .counter(ItemsCount::new(messages.len()))
        .with_inputs(|| bare(symbols).0)
        .bench_local_values(|mut pipeline| {
            let mut out = Output::default();
            let mut candles = 0;
            for (offset, (received, payload)) in messages.iter().enumerate() {
                let record = Record {
                    kind: RecordKind::Text,
                    received: Timestamp::from_micros(*received),
                    connection: 1,
                    sequence: 0,
                    payload,
                };
                let position = LogPosition::START.plus(offset as u64);
                pipeline.apply(position, &record, &mut out);
                if offset % 1_024 == 0 {
                    candles += out.candles.len();
                    out.clear();
                }
            }
            black_box((pipeline, candles))
        });
}
