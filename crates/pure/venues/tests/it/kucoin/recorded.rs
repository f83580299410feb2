//! Everything that was recorded of KuCoin.

use std::collections::{BTreeMap, BTreeSet};

use quantflow_model::{Level, Price, VenueSymbol};
use quantflow_testkit::recorded::{self, Census, cryptofeed};
use quantflow_wire::{Codec, EventKind, Input, Query};

use super::codec;
use crate::broken::{self, symbol};
use crate::kept::Book;

/// Every book from its snapshot and the changes behind it, its top beside the best quotes of the same
/// sequence.
#[test]
fn the_sockets_of_2021_are_read_whole_and_hang_together() {
    let Some(lines) = cryptofeed::socket("KUCOIN.ws.1.0") else {
        return;
    };
    let codec = codec();
    let mut census = Census::of(&codec);
    let mut deltas = BTreeMap::<VenueSymbol, Vec<_>>::new();
    let mut quotes = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for line in lines.iter().filter(|line| !line.sent) {
        let input = Input::message(&line.payload);
        broken::decode(&codec, &input).unwrap();
        for event in census.take(&codec, "KUCOIN.ws.1.0", &input) {
            let Some(symbol) = event.symbol else { continue };
            match event.kind {
                EventKind::BookDelta(delta) => deltas.entry(symbol).or_default().push(delta),
                EventKind::Quote(quote) => {
                    let top = [
                        (quote.bid, quote.bid_quantity),
                        (quote.ask, quote.ask_quantity),
                    ];
                    quotes.insert((symbol, quote.update_id.unwrap()), top);
                }
                EventKind::Trade(event) => assert!(ids.insert((symbol, event.trade.id))),
                _ => {}
            }
        }
    }
    assert_eq!(ids.len(), 18);
    let (mut applied, mut compared) = (0, 0);
    for answer in cryptofeed::answers("KUCOIN.http.0.0").unwrap() {
        let (_, name) = answer.url.split_once("symbol=").unwrap();
        let query = Query::Book {
            symbol: symbol(name),
            limit: 100,
        };
        let input = Input::Answer {
            query: &query,
            body: &answer.body,
        };
        let events = census.take(&codec, "KUCOIN.http.0.0", &input);
        let EventKind::BookSnapshot(book) = &events[0].kind else {
            panic!("{events:?}");
        };
        let mut kept = Book::whole(&book.bids, &book.asks);
        let mut last = book.last_update_id;
        let of_symbol = deltas.remove(&symbol(name)).unwrap_or_default();
        let gaps = of_symbol
            .windows(2)
            .filter(|pair| pair[1].first_update_id != pair[0].last_update_id + 1);
        assert_eq!(gaps.count(), 0);
        for delta in of_symbol {
            if delta.last_update_id <= last {
                continue;
            }
            assert_eq!(delta.first_update_id, last + 1);
            last = delta.last_update_id;
            kept.change(&delta.bids, &delta.asks);
            assert!(kept.is_uncrossed(), "crossed");
            applied += 1;
            if let Some(top) = quotes.get(&(symbol(name), last)) {
                let [bids, asks] = kept.sides();
                let level = |level: &Level| (level.price, level.quantity);
                assert_eq!([level(&bids[0]), level(&asks[0])], *top);
                compared += 1;
            }
        }
    }
    println!("kucoin: {applied} changes applied, {compared} best quotes equal the book's top");
    assert!(deltas.is_empty() && applied > 3_000 && compared > 100);
    census.count_many("KUCOIN.ws.1.0", "best quote", "equals the book", compared);
    census.close();
}

#[test]
fn the_instruments_of_2021_are_named() {
    let Some(answers) = cryptofeed::answers("KUCOIN.0") else {
        return;
    };
    let codec = codec();
    let mut census = Census::of(&codec);
    let query = Query::Instruments;
    let input = Input::Answer {
        query: &query,
        body: &answers[0].body,
    };
    let events = census.take(&codec, "KUCOIN.0", &input);
    let EventKind::Instruments(list) = &events[0].kind else {
        panic!("{events:?}");
    };
    let renamed: Vec<_> = list
        .iter()
        .filter(|i| codec.spell(&i.symbol).as_ref() != Some(&i.venue_symbol))
        .map(|i| (i.symbol.instrument().to_owned(), i.venue_symbol.to_string()))
        .collect();
    println!("{} instruments, spelled otherwise: {renamed:?}", list.len());
    let bsv = list
        .iter()
        .find(|i| i.venue_symbol.as_str() == "BCHSV-USDT");
    assert_eq!(bsv.unwrap().symbol.as_str(), "kucoin:BSV/USDT");
    assert_eq!(bsv.unwrap().tick, Some("0.001".parse::<Price>().unwrap()));
    assert_eq!(codec.unnamed_instruments(), 0);
    assert_eq!(
        renamed.len(),
        5,
        "R and LOKI: these come with the instruments only"
    );
    census.close();
}

#[test]
fn frames_of_gocryptotrader_are_read_or_named() {
    let Some(data) = recorded::bytes("rest_gocryptotrader/kucoin/wsHandleData.json") else {
        return;
    };
    let snapshots = recorded::bytes("rest_gocryptotrader/kucoin/wsMarketSnapshot.json").unwrap();
    let codec = codec();
    let mut census = Census::of(&codec);
    for line in data
        .split(|b| *b == b'\n')
        .chain(snapshots.split(|b| *b == b'\n'))
        .filter(|line| !line.is_empty())
    {
        let _ = broken::message(&codec, line);
        census.take(&codec, "gocryptotrader", &Input::message(line));
    }
    assert!(census.decoded("ticker") >= 4);
    assert_eq!(census.decoded("candle"), 1);
    census.close();
}

/// Two answers of 2019 in today's form; of 2018, in another, which is named.
#[test]
fn older_answers_are_read_or_named() {
    let Some(files) = recorded::files("rest_cassettes_coingecko/Kucoin") else {
        return;
    };
    let codec = codec();
    let mut census = Census::of(&codec);
    let book = Query::Book {
        symbol: symbol("KCS-BTC"),
        limit: 100,
    };
    for file in &files {
        let text = String::from_utf8(recorded::bytes(file).unwrap()).unwrap();
        for body in crate::cassettes::bodies(&text) {
            let query = if file.contains("order_book") {
                &book
            } else {
                &Query::Instruments
            };
            let input = Input::Answer {
                query,
                body: body.as_bytes(),
            };
            census.take(&codec, "coingecko", &input);
        }
    }
    assert_eq!(
        (census.decoded("book"), census.decoded("instruments")),
        (1, 1)
    );
    for name in ["all-ticker-data.json.gz", "example-ticker.json"] {
        let file = format!("rest_ws_xchange/xchange-kucoin/marketdata__{name}");
        let body = recorded::bytes(&file).unwrap();
        let query = Query::Ticker { symbol: None };
        let input = Input::Answer {
            query: &query,
            body: &body,
        };
        assert!(census.take(&codec, "xchange", &input).is_empty());
    }
    census.close();
}
