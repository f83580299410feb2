//! Decoding of Binance's frames into the model, exactly, on one core; beside it serde_json into
//! structs that borrow their text, with the same exact numbers.
//!
//! Frames are those of the recorded capture in their own order where it is at hand, else made up in
//! its shape. `cargo bench -p quantflow-benches --bench codec`; items a second are frames a second.
//! F-01 is `scanner`: aim 20 M trades/s and 2 M depth frames/s. Beside it too, when no filter is given:
//! `benches/peers/parse_orjson.py` with `QUANTFLOW_PEERS_PYTHON`.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench"
)]

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use quantflow_benches::cost::{beside, load};
use quantflow_model::{Decimal, Timestamp};
use quantflow_testkit::recorded;
use quantflow_venues::BinanceSpot;
use quantflow_wire::{Codec, Event, Input};
use serde::Deserialize;

fn main() {
    divan::main();
    if std::env::args().all(|argument| argument == "--bench" || argument.contains('/')) {
        beside("parse_orjson.py", &[]);
        println!("  load {}", load());
    }
}

/// The four busy kinds of message, by a word that only they have.
const KINDS: [&str; 4] = ["trade", "aggTrade", "bookTicker", "depth"];

/// Frames decoded before their events are taken: what a socket's read brings.
const BATCH: usize = 32;

fn frames(kind: &str) -> Vec<Vec<u8>> {
    let wanted = format!("@{}", if kind == "aggTrade" { "trade" } else { kind });
    let of_kind = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).unwrap();
        let lines = text.lines().filter_map(|line| line.split_once(' '));
        let payloads = lines.map(|(_, json)| json).filter(|j| j.contains(&wanted));
        payloads.map(str::to_owned).collect::<Vec<_>>()
    };
    let frames = recorded::bytes("ws_capture_binance/spot_btcusdt_20240808.gz")
        .map_or_else(|| vec![made_up(kind)], of_kind);
    let frames = frames.into_iter().map(|frame| {
        // the capture has no aggregates: the trades in that shape
        if kind == "aggTrade" {
            aggregate(&frame)
        } else {
            frame
        }
    });
    frames.map(String::into_bytes).take(4_096).collect()
}

fn aggregate(trade: &str) -> String {
    let trade = trade.replace("@trade", "@aggTrade");
    let trade = trade.replace("\"e\":\"trade\"", "\"e\":\"aggTrade\"");
    trade
        .replace("\"t\":", "\"a\":")
        .replace(",\"T\":", ",\"f\":3735683259,\"l\":3735683262,\"T\":")
}

fn made_up(kind: &str) -> String {
    match kind {
        "bookTicker" => r#"{"stream":"btcusdt@bookTicker","data":{"u":50093239212,"s":"BTCUSDT","b":"61837.63000000","B":"3.78826000","a":"61837.64000000","A":"1.54698000"}}"#.into(),
        "depth" => {
            let levels = |from: u32| {
                let level = |n: u32| format!("[\"{}.40000000\",\"0.12345000\"]", from + n);
                (0..18).map(level).collect::<Vec<_>>().join(",")
            };
            format!(
                r#"{{"stream":"btcusdt@depth@100ms","data":{{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":50093239189,"u":50093239202,"b":[{}],"a":[{}]}}}}"#,
                levels(61_000),
                levels(62_000)
            )
        }
        _ => r#"{"stream":"btcusdt@trade","data":{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true}}"#.into(),
    }
}

fn counters(frames: &[Vec<u8>]) -> (ItemsCount, BytesCount) {
    let bytes: usize = frames.iter().map(Vec::len).sum();
    (ItemsCount::new(frames.len()), BytesCount::new(bytes))
}

#[divan::bench(args = KINDS)]
fn scanner(bencher: Bencher<'_, '_>, kind: &str) {
    let frames = frames(kind);
    let codec = BinanceSpot::new("binance".parse().unwrap());
    let mut events: Vec<Event> = Vec::with_capacity(BATCH);
    let (items, bytes) = counters(&frames);
    bencher.counter(items).counter(bytes).bench_local(|| {
        for batch in frames.chunks(BATCH) {
            events.clear();
            for frame in batch {
                codec
                    .decode(&Input::message(black_box(frame)), &mut events)
                    .unwrap();
            }
            black_box(&events);
        }
    });
    assert_eq!(codec.stats().fallbacks, 0);
}

/// The general reader, which any deviation falls back to: the same frames with a space at the end.
#[divan::bench(args = KINDS)]
fn general_reader(bencher: Bencher<'_, '_>, kind: &str) {
    let mut frames = frames(kind);
    for frame in &mut frames {
        frame.push(b' ');
    }
    let codec = BinanceSpot::new("binance".parse().unwrap());
    let mut events: Vec<Event> = Vec::with_capacity(BATCH);
    let (items, bytes) = counters(&frames);
    bencher.counter(items).counter(bytes).bench_local(|| {
        for batch in frames.chunks(BATCH) {
            events.clear();
            for frame in batch {
                codec
                    .decode(&Input::message(black_box(frame)), &mut events)
                    .unwrap();
            }
            black_box(&events);
        }
    });
}

#[divan::bench(args = KINDS)]
fn route(bencher: Bencher<'_, '_>, kind: &str) {
    let frames = frames(kind);
    let codec = BinanceSpot::new("binance".parse().unwrap());
    let (items, bytes) = counters(&frames);
    bencher.counter(items).counter(bytes).bench_local(|| {
        for frame in &frames {
            black_box(codec.route(&Input::message(black_box(frame))));
        }
    });
}

#[derive(Deserialize)]
struct Envelope<'a, T> {
    #[allow(dead_code, reason = "read as the scanner reads it")]
    stream: &'a str,
    data: T,
}

#[derive(Deserialize)]
#[allow(non_snake_case, reason = "the venue's names")]
struct TradeMessage<'a> {
    E: i64,
    s: &'a str,
    t: u64,
    p: &'a str,
    q: &'a str,
    T: i64,
    m: bool,
}

#[derive(Deserialize)]
#[allow(non_snake_case, reason = "the venue's names")]
struct AggregateMessage<'a> {
    E: i64,
    s: &'a str,
    a: u64,
    p: &'a str,
    q: &'a str,
    f: u64,
    l: u64,
    T: i64,
    m: bool,
}

#[derive(Deserialize)]
#[allow(non_snake_case, reason = "the venue's names")]
struct QuoteMessage<'a> {
    u: u64,
    s: &'a str,
    b: &'a str,
    B: &'a str,
    a: &'a str,
    A: &'a str,
}

#[derive(Deserialize)]
#[allow(non_snake_case, reason = "the venue's names")]
struct DepthMessage<'a> {
    E: i64,
    s: &'a str,
    U: u64,
    u: u64,
    #[serde(borrow)]
    b: Vec<[&'a str; 2]>,
    #[serde(borrow)]
    a: Vec<[&'a str; 2]>,
}

fn number(text: &str) -> Decimal {
    Decimal::parse(text.as_bytes()).unwrap()
}

fn levels(levels: &[[&str; 2]]) -> Vec<[Decimal; 2]> {
    levels.iter().map(|level| level.map(number)).collect()
}

#[divan::bench(args = KINDS)]
fn serde_json_borrowed(bencher: Bencher<'_, '_>, kind: &str) {
    let frames = frames(kind);
    let (items, bytes) = counters(&frames);
    bencher.counter(items).counter(bytes).bench_local(|| {
        for frame in &frames {
            let frame = black_box(frame.as_slice());
            match kind {
                "trade" => {
                    let m = serde_json::from_slice::<Envelope<'_, TradeMessage<'_>>>(frame);
                    let m = m.unwrap().data;
                    let times = (Timestamp::from_millis(m.E), Timestamp::from_millis(m.T));
                    black_box((m.s, m.t, number(m.p), number(m.q), times, m.m));
                }
                "aggTrade" => {
                    let m = serde_json::from_slice::<Envelope<'_, AggregateMessage<'_>>>(frame);
                    let m = m.unwrap().data;
                    let times = (Timestamp::from_millis(m.E), Timestamp::from_millis(m.T));
                    let numbers = (number(m.p), number(m.q));
                    black_box((m.s, m.a, m.f, m.l, numbers, times, m.m));
                }
                "bookTicker" => {
                    let m = serde_json::from_slice::<Envelope<'_, QuoteMessage<'_>>>(frame);
                    let m = m.unwrap().data;
                    black_box((m.u, m.s, [m.b, m.B, m.a, m.A].map(number)));
                }
                _ => {
                    let m = serde_json::from_slice::<Envelope<'_, DepthMessage<'_>>>(frame);
                    let m = m.unwrap().data;
                    black_box((m.E, m.s, m.U, m.u, levels(&m.b), levels(&m.a)));
                }
            }
        }
    });
}
