//! Recordings of Binance's futures markets, which have codecs of their own, before the spot codec.
//!
//! Nothing of them may pass for spot: every frame is either one that spot itself could have sent
//! (then it says the same again), or it is refused with an error that names the kind of message.
//! Each table below holds every frame of its file.

use std::collections::BTreeMap;

use quantflow_model::Decimal;
use quantflow_testkit::recorded;
use quantflow_wire::{Encoded, Query};
use serde::Deserialize;
use serde_json::Value;

use crate::support::{book, decode, decode_answer, encoded, json};

/// Frames by kind and by what became of them.
type Table = BTreeMap<(String, String), u64>;

/// What a frame says of itself: read apart from the codec.
#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    e: &'a str,
    s: &'a str,
    /// `trade`: its id.
    t: Option<u64>,
    /// `aggTrade`: its id (in `depthUpdate` and `bookTicker` something else).
    #[serde(borrow)]
    a: Option<&'a serde_json::value::RawValue>,
    /// `aggTrade`: the first and last trade in it.
    f: Option<u64>,
    l: Option<u64>,
    /// `depthUpdate`: the last update in it, and in the one before.
    u: Option<u64>,
    pu: Option<u64>,
}

/// What is contiguous a symbol: how many there were, and which jumps.
#[derive(Default)]
struct Chain {
    last: BTreeMap<(String, &'static str), u64>,
    count: BTreeMap<&'static str, u64>,
    jumps: Vec<String>,
}

impl Chain {
    /// `follows` is what the number before must have been.
    fn add(&mut self, symbol: &str, what: &'static str, follows: u64, last: u64) {
        *self.count.entry(what).or_default() += 1;
        let before = self.last.insert((symbol.to_owned(), what), last);
        if let Some(before) = before.filter(|before| *before != follows) {
            self.jumps
                .push(format!("{symbol} {what}: {follows} wanted, {before} was"));
        }
    }

    fn frame(&mut self, data: &Data<'_>) {
        match data.e {
            "trade" => {
                let id = data.t.unwrap();
                self.add(data.s, "trade ids", id - 1, id);
            }
            "aggTrade" => {
                let id: u64 = data.a.unwrap().get().parse().unwrap();
                self.add(data.s, "aggregate ids", id - 1, id);
                self.add(data.s, "ids in them", data.f.unwrap() - 1, data.l.unwrap());
            }
            "depthUpdate" => self.add(data.s, "updates", data.pu.unwrap(), data.u.unwrap()),
            _ => {}
        }
    }
}

/// Equal as numbers where both are numbers in text: spot writes eight decimals, futures as many as
/// the instrument has.
fn same(left: &Value, right: &Value) -> bool {
    let number = |value: &Value| value.as_str()?.parse::<Decimal>().ok();
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, value)| right.get(key).is_some_and(|other| same(value, other)))
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(a, b)| same(a, b))
        }
        _ => left == right || number(left).is_some_and(|n| Some(n) == number(right)),
    }
}

/// Reads a frame of a socket.
fn message(bytes: &[u8], table: &mut Table, chain: &mut Chain) {
    let frame: Frame<'_> = serde_json::from_slice(bytes).unwrap();
    chain.frame(&frame.data);
    let verdict = match decode(bytes) {
        Ok(events) => {
            let (said, again) = (json(bytes), encoded(&events, &Encoded::Combined));
            assert!(same(&said, &again), "{said}\n{again}");
            "says the same again".to_owned()
        }
        Err(error) => format!("{}: {error}", error.name()),
    };
    let key = (frame.data.e.to_owned(), verdict);
    *table.entry(key).or_default() += 1;
}

/// Reads an answer to a query; what the spot codec does not read of it is named.
fn answer(name: &str, query: &Query, body: &[u8], table: &mut Table) {
    let verdict = match decode_answer(query, body) {
        Ok(events) => {
            let mut said = json(body);
            let again = encoded(&events, &Encoded::Answer(query));
            let fields = said.as_object_mut().unwrap();
            let unread: Vec<String> = fields
                .keys()
                .filter(|key| again.get(key).is_none())
                .cloned()
                .collect();
            fields.retain(|key, _| again.get(key).is_some());
            assert!(same(&said, &again), "{said}\n{again}");
            format!("says the same again but for {}", unread.join(" "))
        }
        Err(error) => format!("{}: {error}", error.name()),
    };
    *table.entry((name.to_owned(), verdict)).or_default() += 1;
}

/// Asserts that a file's frames are these, and prints them.
fn assert_table(file: &str, table: &Table, expected: &[(&str, &str, u64)]) {
    println!("{file}:");
    for ((kind, verdict), count) in table {
        println!("  {kind:12} {count:6}  {verdict}");
    }
    let expected: Table = expected
        .iter()
        .map(|(kind, verdict, count)| (((*kind).to_owned(), (*verdict).to_owned()), *count))
        .collect();
    assert_eq!(table, &expected, "{file}");
}

const OTHER_DEPTH: &str =
    r#"unknown-message: unknown message "depthUpdate with \"pu\": of futures, not spot""#;
const OTHER_QUOTE: &str = r#"unknown-message: unknown message "bookTicker""#;
const NO_FLAG_TRADE: &str = r#"missing-field: trade: field "M" is missing"#;
const NO_FLAG_AGGREGATE: &str = r#"missing-field: aggTrade: field "M" is missing"#;
const OTHER_INSTRUMENTS: &str = r#"unknown-message: unknown message "exchangeInfo with \"contractType\": of futures, not spot""#;
const SAME: &str = "says the same again";

/// A capture: `<receive time> <JSON>` a line, one of them the book's snapshot.
fn capture(name: &str, expected: &[(&str, &str, u64)], chains: &[(&'static str, u64)]) {
    let Some(bytes) = recorded::bytes(name) else {
        return;
    };
    let (mut table, mut chain) = (Table::new(), Chain::default());
    let mut lines = 0;
    for line in bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
        let space = line.iter().position(|b| *b == b' ').unwrap();
        let payload = &line[space + 1..];
        if payload.starts_with(b"{\"stream\"") {
            message(payload, &mut table, &mut chain);
        } else {
            answer("depth", &book("BTCUSDT"), payload, &mut table);
        }
        lines += 1;
    }
    assert_eq!(table.values().sum::<u64>(), lines);
    assert_table(name, &table, expected);
    assert_chains(&chain, chains);
}

/// A recording of messages: `<receive time>: <JSON>` a line, under a line with the URL.
fn recording(name: &str, expected: &[(&str, &str, u64)], chains: &[(&'static str, u64)]) {
    let Some(bytes) = recorded::bytes(name) else {
        return;
    };
    let text = String::from_utf8(bytes).unwrap();
    let (mut table, mut chain) = (Table::new(), Chain::default());
    let mut lines = 0;
    for line in text.lines().skip(1).filter(|line| !line.is_empty()) {
        let (_, payload) = line.split_once(": ").unwrap();
        message(payload.as_bytes(), &mut table, &mut chain);
        lines += 1;
    }
    assert_eq!(table.values().sum::<u64>(), lines);
    assert_table(name, &table, expected);
    assert_chains(&chain, chains);
}

fn assert_chains(chain: &Chain, expected: &[(&'static str, u64)]) {
    println!("  {:?}, jumps: {:?}", chain.count, chain.jumps);
    assert_eq!(chain.jumps, Vec::<String>::new());
    assert_eq!(chain.count, expected.iter().copied().collect());
}

#[test]
fn the_capture_of_a_perpetual_is_named_frame_by_frame() {
    capture(
        "ws_capture_binance/usdm_btcusdt_20240808.gz",
        &[
            ("depthUpdate", OTHER_DEPTH, 6_551),
            ("bookTicker", OTHER_QUOTE, 66_089),
            ("trade", NO_FLAG_TRADE, 21_313),
            ("depth", "says the same again but for E T", 1),
        ],
        &[("trade ids", 21_313), ("updates", 6_551)],
    );
}

#[test]
fn the_capture_of_a_coin_margined_perpetual_is_named_frame_by_frame() {
    capture(
        "ws_capture_binance/cm_ethusd_perp_20240808.gz",
        &[
            ("depthUpdate", OTHER_DEPTH, 22_909),
            ("bookTicker", OTHER_QUOTE, 15_812),
            ("trade", NO_FLAG_TRADE, 1_732),
            ("depth", "says the same again but for E T pair symbol", 1),
        ],
        &[("trade ids", 1_732), ("updates", 22_909)],
    );
}

/// Their klines have the fields and the shapes of spot's: nothing in such a frame tells the market.
/// (In the coin-margined ones `v` counts contracts. That the address is spot's is configuration.)
#[test]
fn the_2021_recordings_of_futures_are_named_frame_by_frame() {
    recording(
        "ws_raw_cryptofeed/BINANCE_FUTURES.ws.1.0.gz",
        &[
            ("depthUpdate", OTHER_DEPTH, 764),
            ("bookTicker", OTHER_QUOTE, 613),
            ("aggTrade", NO_FLAG_AGGREGATE, 91),
            ("kline", SAME, 67),
        ],
        &[("aggregate ids", 91), ("ids in them", 91), ("updates", 764)],
    );
    recording(
        "ws_raw_cryptofeed/BINANCE_DELIVERY.ws.1.0.gz",
        &[
            ("depthUpdate", OTHER_DEPTH, 2_047),
            ("bookTicker", OTHER_QUOTE, 2_240),
            ("aggTrade", NO_FLAG_AGGREGATE, 51),
            ("kline", SAME, 33),
        ],
        &[
            ("aggregate ids", 51),
            ("ids in them", 51),
            ("updates", 2_047),
        ],
    );
}

#[test]
fn the_2021_answers_of_futures_are_named_one_by_one() {
    for (market, books, unread) in [("FUTURES", 4, "E T"), ("DELIVERY", 10, "E T pair symbol")] {
        let name = |part: &str| format!("ws_raw_cryptofeed/BINANCE_{market}.{part}0.gz");
        let (Some(http), Some(list)) = (
            recorded::bytes(&name("http.0.")),
            recorded::bytes(&name("")),
        ) else {
            return;
        };
        let mut table = Table::new();
        for line in String::from_utf8(http).unwrap().lines() {
            if let Some((_, body)) = line.split_once(": ") {
                answer("depth", &book("BTCUSDT"), body.as_bytes(), &mut table);
            }
        }
        let list = String::from_utf8(list).unwrap();
        let (_, body) = list.lines().next().unwrap().split_once(": ").unwrap();
        answer(
            "exchangeInfo",
            &Query::Instruments,
            body.as_bytes(),
            &mut table,
        );
        assert_table(
            &name("*."),
            &table,
            &[
                (
                    "depth",
                    &format!("says the same again but for {unread}"),
                    books,
                ),
                ("exchangeInfo", OTHER_INSTRUMENTS, 1),
            ],
        );
    }
}
