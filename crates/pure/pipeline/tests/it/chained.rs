//! Books whose changes are chained, from recordings of Binance's futures markets: they begin at a
//! snapshot that was asked for, none is ever lost, and their top is the last best quote.

use std::collections::BTreeMap;

use quantflow_model::{BookSnapshot, VenueSymbol};
use quantflow_pipeline::{Book, Change};
use quantflow_testkit::recorded::{self, cryptofeed};
use quantflow_venues::Registry;
use quantflow_wire::{Codec, Event, EventKind, Input, Query};

fn events(codec: &dyn Codec, input: &Input<'_>) -> Vec<Event> {
    let mut events = Vec::new();
    codec.decode(input, &mut events).unwrap();
    events
}

fn book_query(symbol: &str) -> Query {
    Query::Book {
        symbol: VenueSymbol::new(symbol).unwrap(),
        limit: 1_000,
    }
}

/// What became of one symbol's book.
#[derive(Debug, Default, PartialEq, Eq)]
struct Kept {
    applied: u64,
    lost: u64,
    /// Tops that were compared with a best quote that is not newer.
    compared: u64,
    equal: u64,
    /// Whether the snapshot ended where a change ended.
    aligned: bool,
}

/// All of a symbol's changes wait for the snapshot, as they do while it is asked for: of those after it
/// none may be missing.
fn keep(codec: &dyn Codec, snapshot: &BookSnapshot, events: &[Event], early: usize) -> Kept {
    let mut book = Book::new(codec.describe().book);
    let mut kept = Kept::default();
    let quotes: BTreeMap<_, _> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Quote(quote) => Some((quote.update_id?, *quote)),
            _ => None,
        })
        .collect();
    let changes = events.iter().filter_map(|event| match &event.kind {
        EventKind::BookDelta(delta) => Some(delta),
        _ => None,
    });
    for (at, delta) in changes.enumerate() {
        kept.aligned |= delta.last_update_id == snapshot.last_update_id;
        if at == early {
            assert_eq!(book.snapshot(snapshot), Change::Applied);
        }
        match book.delta(delta) {
            Change::Applied => kept.applied += 1,
            Change::Lost => kept.lost += 1,
            Change::None => continue,
        }
        let Some(top) = book.top() else { continue };
        if let Some((_, quote)) = quotes.range(..=delta.last_update_id).next_back() {
            kept.compared += 1;
            let quote = (quote.bid, quote.bid_quantity, quote.ask, quote.ask_quantity);
            let top = (top.bid, top.bid_quantity, top.ask, top.ask_quantity);
            kept.equal += u64::from(top == quote);
        }
    }
    kept
}

/// Half of these snapshots end exactly where a change ends, and the next change's own numbers begin
/// later: only `pu` says that it follows.
#[test]
fn every_book_of_the_2021_recordings_joins_its_snapshot() {
    let registry = Registry::builtin();
    let (mut books, mut aligned, mut compared, mut equal) = (0, 0, 0, 0);
    for (venue, market) in [("binance-usdm", "FUTURES"), ("binance-coinm", "DELIVERY")] {
        let codec = registry.codec(&venue.parse().unwrap()).unwrap();
        let (Some(lines), Some(answers)) = (
            cryptofeed::socket(&format!("BINANCE_{market}.ws.1.0")),
            cryptofeed::answers(&format!("BINANCE_{market}.http.0.0")),
        ) else {
            return;
        };
        let mut of_symbol: BTreeMap<String, Vec<Event>> = BTreeMap::new();
        for line in lines.iter().filter(|line| !line.sent) {
            for event in events(codec.as_ref(), &Input::message(&line.payload)) {
                let symbol = event.symbol.as_ref().unwrap().as_str().to_owned();
                of_symbol.entry(symbol).or_default().push(event);
            }
        }
        for answer in &answers {
            let symbol = answer.url.split(['=', '&']).nth(1).unwrap();
            let query = book_query(symbol);
            let input = Input::Answer {
                query: &query,
                body: &answer.body,
            };
            let told = events(codec.as_ref(), &input);
            let EventKind::BookSnapshot(snapshot) = &told[0].kind else {
                panic!("{told:?}");
            };
            // the snapshot comes before any change, or once some of them wait: nothing differs
            let kept = keep(codec.as_ref(), snapshot, &of_symbol[symbol], 0);
            assert_eq!(kept.lost, 0, "{symbol}: {kept:?}");
            assert!(kept.applied > 50, "{symbol}: {kept:?}");
            books += 1;
            aligned += u64::from(kept.aligned);
            compared += kept.compared;
            equal += kept.equal;
        }
    }
    println!(
        "{books} books, {aligned} snapshots end with a change, {equal} of {compared} tops equal"
    );
    assert_eq!((books, aligned), (14, 8));
    // of BCHUSD_PERP no best quote was sent between the updates 167006089043 and 167006090094, while an
    // offer of 427.91 went in a change between them
    assert_eq!((equal, compared), (2_524, 2_526));
}

#[test]
fn the_books_of_the_captures_of_2024_are_never_lost() {
    let registry = Registry::builtin();
    for (venue, name, symbol, equal) in [
        ("binance-usdm", "usdm_btcusdt_20240808", "BTCUSDT", 6_547),
        (
            "binance-coinm",
            "cm_ethusd_perp_20240808",
            "ETHUSD_PERP",
            22_887,
        ),
    ] {
        let Some(bytes) = recorded::bytes(&format!("ws_capture_binance/{name}.gz")) else {
            return;
        };
        let codec = registry.codec(&venue.parse().unwrap()).unwrap();
        let query = book_query(symbol);
        let mut all = Vec::new();
        let mut snapshot = None;
        let mut early = 0;
        for line in bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
            let space = line.iter().position(|b| *b == b' ').unwrap();
            let body = &line[space + 1..];
            if body.starts_with(b"{\"stream\"") {
                all.extend(events(codec.as_ref(), &Input::message(body)));
                continue;
            }
            let is_change = |event: &&Event| matches!(event.kind, EventKind::BookDelta(_));
            early = all.iter().filter(is_change).count();
            let input = Input::Answer {
                query: &query,
                body,
            };
            snapshot = events(codec.as_ref(), &input).pop().map(|event| event.kind);
        }
        let Some(EventKind::BookSnapshot(snapshot)) = snapshot else {
            panic!("{name} has no snapshot");
        };
        // where it came: the changes before it waited
        let kept = keep(codec.as_ref(), &snapshot, &all, early);
        println!("{name}: {kept:?}");
        assert_eq!((kept.lost, kept.equal), (0, kept.compared));
        // those that waited are applied within the snapshot
        assert!(kept.compared <= equal && kept.compared + early as u64 >= equal);
    }
}
