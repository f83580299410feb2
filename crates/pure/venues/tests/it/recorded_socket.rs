//! Recorded socket messages: every one decodes, says the same again, and hangs together.

use std::collections::BTreeMap;

use quantflow_model::{Decimal, Level};
use quantflow_testkit::recorded;
use quantflow_wire::{Codec, Encoded, Event, EventKind, Input, Route};

use crate::support::{book, codec, decode_answer, decode_with, encoded, json};

fn kind(event: &Event) -> &'static str {
    match &event.kind {
        EventKind::Trade(_) => "trade",
        EventKind::AggregateTrade(_) => "aggTrade",
        EventKind::Quote(_) => "bookTicker",
        EventKind::BookDelta(_) => "depthUpdate",
        EventKind::Candle(_) => "kline",
        EventKind::Ticker(_) => "24hrTicker",
        _ => "other",
    }
}

/// Decodes messages, checks that each is encoded to itself and routed to its symbol, and that the
/// scanner read what it should; returns the events.
fn read_all<'a>(file: &str, messages: impl Iterator<Item = &'a [u8]>) -> Vec<Event> {
    let codec = codec();
    let mut counts = BTreeMap::<_, u64>::new();
    let mut all = Vec::new();
    for message in messages {
        let input = Input::message(message);
        let events = decode_with(&codec, &input)
            .unwrap_or_else(|error| panic!("{error}: {}", message.escape_ascii()));
        assert_eq!(encoded(&events, &Encoded::Combined), json(message));
        let inner = json(message)["data"].clone();
        assert_eq!(encoded(&events, &Encoded::Message), inner);
        for event in &events {
            let symbol = event.symbol.as_ref().unwrap();
            let routed = codec.route(&input);
            assert!(
                matches!(routed, Route::Symbol(s) if s.eq_ignore_ascii_case(symbol.as_str())),
                "{routed:?} is not {symbol:?}"
            );
            *counts.entry(kind(event)).or_default() += 1;
        }
        all.extend(events);
    }
    println!(
        "{file}: {} messages, all decoded and encoded to themselves",
        all.len()
    );
    for (kind, count) in counts {
        println!("  {kind:12} {count:6}");
    }
    assert_eq!(codec.stats().fallbacks, 0, "the scanner missed messages");
    all
}

/// A book kept as the venue's documents say.
#[derive(Default)]
struct Book {
    last_update_id: u64,
    bids: BTreeMap<Decimal, Decimal>,
    asks: BTreeMap<Decimal, Decimal>,
}

impl Book {
    fn set(side: &mut BTreeMap<Decimal, Decimal>, levels: &[Level]) {
        for level in levels {
            if level.quantity.0.is_zero() {
                side.remove(&level.price.0);
            } else {
                side.insert(level.price.0, level.quantity.0);
            }
        }
    }

    fn top(&self) -> [Decimal; 4] {
        let (bid, bid_quantity) = self.bids.last_key_value().unwrap();
        let (ask, ask_quantity) = self.asks.first_key_value().unwrap();
        [*bid, *bid_quantity, *ask, *ask_quantity]
    }
}

#[test]
fn the_spot_capture_is_read_whole_and_hangs_together() {
    let Some(bytes) = recorded::bytes("ws_capture_binance/spot_btcusdt_20240808.gz") else {
        return;
    };
    let payloads: Vec<_> = bytes
        .split(|b| *b == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| {
            let space = line.iter().position(|b| *b == b' ').unwrap();
            &line[space + 1..]
        })
        .collect();
    let is_message = |payload: &&&[u8]| payload.starts_with(b"{\"stream\"");
    let before_snapshot = payloads.iter().take_while(is_message).count();
    let snapshots: Vec<_> = payloads.iter().filter(|p| !is_message(p)).collect();
    assert_eq!(snapshots.len(), 1);
    let query = book("BTCUSDT");
    let snapshot = decode_answer(&query, snapshots[0]).unwrap();
    assert_eq!(
        encoded(&snapshot, &Encoded::Answer(&query)),
        json(snapshots[0])
    );
    let EventKind::BookSnapshot(snapshot) = &snapshot[0].kind else {
        panic!("{snapshot:?}");
    };

    let messages = payloads.iter().filter(is_message).copied();
    let events = read_all("spot_btcusdt_20240808", messages);
    assert_eq!(events.len(), 41_248);

    // trade ids are contiguous
    let ids: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Trade(event) => Some(event.trade.id),
            _ => None,
        })
        .collect();
    assert_eq!(ids.len(), 9_757);
    let gaps = ids.windows(2).filter(|pair| pair[1] != pair[0].next());
    assert_eq!(gaps.count(), 0);

    // the book's top is the last best quote that is not newer
    let mut kept = Book {
        last_update_id: snapshot.last_update_id,
        ..Book::default()
    };
    Book::set(&mut kept.bids, &snapshot.bids);
    Book::set(&mut kept.asks, &snapshot.asks);
    let quotes: BTreeMap<_, _> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Quote(q) => Some((
                q.update_id.unwrap(),
                [q.bid.0, q.bid_quantity.0, q.ask.0, q.ask_quantity.0],
            )),
            _ => None,
        })
        .collect();
    // Of the changes that came after the snapshot, those within whose updates the best quote changed:
    // they prove something new each. The others repeat what stood before.
    let mut telling = 0;
    let (mut compared, mut equal, mut first) = (0, 0, true);
    for (at, event) in events.iter().enumerate() {
        let EventKind::BookDelta(delta) = &event.kind else {
            continue;
        };
        if delta.last_update_id <= kept.last_update_id {
            continue; // before the snapshot
        }
        let follows = delta.first_update_id <= kept.last_update_id + 1;
        assert!(follows && (first || delta.first_update_id == kept.last_update_id + 1));
        first = false;
        Book::set(&mut kept.bids, &delta.bids);
        Book::set(&mut kept.asks, &delta.asks);
        kept.last_update_id = delta.last_update_id;
        if let Some((id, quote)) = quotes.range(..=delta.last_update_id).next_back() {
            compared += 1;
            telling += usize::from(at >= before_snapshot && *id >= delta.first_update_id);
            equal += usize::from(*quote == kept.top());
        }
    }
    println!(
        "  top of the book: {equal} of {compared} equal the last best quote, {telling} a new one"
    );
    assert_eq!((equal, compared), (3_449, 3_449));
    assert_eq!(telling, 2_893);
}

#[test]
fn the_2021_recording_is_read_whole() {
    let Some(bytes) = recorded::bytes("ws_raw_cryptofeed/BINANCE.ws.1.0.gz") else {
        return;
    };
    let text = String::from_utf8(bytes).unwrap();
    let messages = text
        .lines()
        .filter_map(|line| line.split_once(": ").map(|(_, json)| json))
        .filter(|json| json.starts_with('{'));
    let events = read_all("BINANCE.ws.1.0", messages.map(str::as_bytes));
    assert_eq!(
        events.len(),
        text.lines().filter(|l| l.contains("\"stream\"")).count()
    );
}
