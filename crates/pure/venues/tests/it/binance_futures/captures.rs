//! The captures of 2024: every frame decodes, ids and changes hang together, and the rebuilt book's top
//! is the last best quote.

use std::collections::BTreeMap;

use quantflow_model::Decimal;
use quantflow_testkit::recorded::{self, Census};
use quantflow_venues::BinanceFutures;
use quantflow_wire::{Codec, EventKind, Input, Query};

use super::{coin, symbol, usd};
use crate::ladder::Ladder;
use crate::survives::checked;

struct Expected {
    frames: u64,
    trades: u64,
    quotes: u64,
    changes: u64,
    compared: u64,
    telling: u64,
}

fn capture(codec: &BinanceFutures, name: &str, about: &str, expected: &Expected) {
    let Some(bytes) = recorded::bytes(&format!("ws_capture_binance/{name}.gz")) else {
        return;
    };
    let query = Query::Book {
        symbol: symbol(about),
        limit: 1_000,
    };
    let mut census = Census::of(codec);
    let mut frames = 0;
    let mut events = Vec::new();
    let mut before_snapshot = 0;
    for line in bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
        let space = line.iter().position(|b| *b == b' ').unwrap();
        let payload = &line[space + 1..];
        let input = if payload.starts_with(b"{\"stream\"") {
            Input::message(payload)
        } else {
            before_snapshot = events.len();
            Input::Answer {
                query: &query,
                body: payload,
            }
        };
        let _ = checked(codec, &input);
        events.extend(census.take(codec, name, &input));
        frames += 1;
    }
    assert_eq!(frames, expected.frames);
    assert_eq!(census.decoded("trade"), expected.trades);
    assert_eq!(census.decoded("quote"), expected.quotes);
    assert_eq!(census.decoded("book change"), expected.changes);

    let ids: Vec<u128> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Trade(event) => Some(event.trade.id.0),
            _ => None,
        })
        .collect();
    assert!(ids.windows(2).all(|pair| pair[1] == pair[0] + 1));

    let quotes: BTreeMap<u64, [Decimal; 4]> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Quote(q) => Some((
                q.update_id.unwrap(),
                [q.bid.0, q.bid_quantity.0, q.ask.0, q.ask_quantity.0],
            )),
            _ => None,
        })
        .collect();
    let snapshot = events.iter().find_map(|event| match &event.kind {
        EventKind::BookSnapshot(snapshot) => Some(snapshot),
        _ => None,
    });
    let mut kept = Ladder::of(snapshot.unwrap());
    let (mut compared, mut equal, mut telling, mut first) = (0, 0, 0, true);
    for (at, event) in events.iter().enumerate() {
        let EventKind::BookDelta(delta) = &event.kind else {
            continue;
        };
        if delta.last_update_id < kept.last_update_id {
            continue; // before the snapshot
        }
        if first {
            assert!(delta.first_update_id <= kept.last_update_id);
        } else {
            assert_eq!(delta.previous_update_id, Some(kept.last_update_id));
        }
        first = false;
        kept.apply(delta);
        if let Some((id, quote)) = quotes.range(..=delta.last_update_id).next_back() {
            compared += 1;
            // those within whose updates the best quote changed prove something new each
            telling += u64::from(at >= before_snapshot && *id >= delta.first_update_id);
            equal += u64::from(Some(*quote) == kept.top());
        }
    }
    println!(
        "{name}: top of {equal} of {compared} books is the last best quote, {telling} a new one"
    );
    assert_eq!(equal, compared);
    assert_eq!((compared, telling), (expected.compared, expected.telling));
    census.count_many(name, "top of the book", "equals the last best quote", equal);
    census.close();
    assert!(!codec.describe().binds);
}

#[test]
fn the_capture_of_a_perpetual_hangs_together() {
    let expected = Expected {
        frames: 93_954,
        trades: 21_313,
        quotes: 66_089,
        changes: 6_551,
        compared: 6_547,
        telling: 5_701,
    };
    capture(&usd(), "usdm_btcusdt_20240808", "BTCUSDT", &expected);
}

#[test]
fn the_capture_of_a_coin_margined_perpetual_hangs_together() {
    let expected = Expected {
        frames: 40_454,
        trades: 1_732,
        quotes: 15_812,
        changes: 22_909,
        compared: 22_887,
        telling: 5_642,
    };
    capture(&coin(), "cm_ethusd_perp_20240808", "ETHUSD_PERP", &expected);
}
