//! Everything that was recorded of Bybit.

use std::collections::{BTreeMap, BTreeSet};

use quantflow_model::{Side, Timeframe};
use quantflow_testkit::recorded::{self, Census, cryptofeed};
use quantflow_venues::bybit::Market;
use quantflow_wire::{EventKind, Input, Query};

use super::codec;
use crate::broken::{self, symbol};
use crate::kept::Book;

/// Trades and books of the API before v5, of perpetuals in USDT.
#[test]
fn the_sockets_of_2021_are_read_whole() {
    let Some(lines) = cryptofeed::socket("BYBIT.ws.25.0") else {
        return;
    };
    let codec = codec(Market::Linear);
    let mut census = Census::of(&codec);
    let mut books = BTreeMap::<_, (u64, Book)>::new();
    let mut ids = BTreeSet::new();
    let (mut changes, mut stale) = (0, 0);
    for line in lines.iter().filter(|line| !line.sent) {
        let input = Input::message(&line.payload);
        broken::decode(&codec, &input).unwrap();
        for event in census.take(&codec, "BYBIT.ws.25.0", &input) {
            match event.kind {
                EventKind::Trade(trade) => assert!(ids.insert(trade.trade.id)),
                EventKind::BookSnapshot(book) => {
                    let kept = Book::whole(&book.bids, &book.asks);
                    books.insert(event.symbol.unwrap(), (book.last_update_id, kept));
                }
                EventKind::BookDelta(delta) => {
                    let (last, book) = books.get_mut(event.symbol.as_ref().unwrap()).unwrap();
                    stale += usize::from(delta.last_update_id <= *last);
                    *last = delta.last_update_id;
                    book.change(&delta.bids, &delta.asks);
                    assert!(book.is_uncrossed(), "crossed");
                    let [bids, asks] = book.sides();
                    assert!(bids.len() <= 25 && asks.len() <= 25);
                    changes += 1;
                }
                _ => {}
            }
        }
    }
    assert_eq!(stale, 0, "the numbers grow");
    assert_eq!((books.len(), ids.len()), (8, 101));
    assert_eq!(changes, 3_252);
    census.close();
}

/// A recording of the venue itself: a book of 500 levels from its snapshot on.
#[test]
fn a_book_of_2024_is_rebuilt() {
    let Some(path) = recorded::path("nautilus_series/bybit__xrpusdt-ob500.data.zip") else {
        return;
    };
    let zip = std::fs::read(path).unwrap();
    // one file, stored without packing
    assert_eq!(&zip[..10], b"PK\x03\x04\x14\0\0\0\0\0");
    let size = u32::from_le_bytes([zip[18], zip[19], zip[20], zip[21]]) as usize;
    let names = usize::from(u16::from_le_bytes([zip[26], zip[27]]));
    let text = &zip[30 + names..][..size];
    let codec = codec(Market::Linear);
    let mut census = Census::of(&codec);
    let mut kept = Book::default();
    let mut last = None;
    let mut deepest = 0;
    for line in text.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
        let input = Input::message(line);
        broken::decode(&codec, &input).unwrap();
        let events = census.take(&codec, "ob500", &input);
        match &events[0].kind {
            EventKind::BookSnapshot(book) => {
                kept = Book::whole(&book.bids, &book.asks);
                assert_eq!((book.bids.len(), book.asks.len()), (500, 500));
                last = Some(book.last_update_id);
            }
            EventKind::BookDelta(delta) => {
                assert_eq!(Some(delta.first_update_id), last.map(|last| last + 1));
                last = Some(delta.last_update_id);
                kept.change(&delta.bids, &delta.asks);
            }
            other => panic!("{other:?}"),
        }
        assert!(kept.is_uncrossed(), "crossed");
        let [bids, asks] = kept.sides();
        deepest = deepest.max(bids.len()).max(asks.len());
    }
    assert_eq!(census.decoded("book change"), 49);
    assert_eq!(deepest, 500, "the venue itself removes what is deeper");
    census.close();
}

#[test]
fn the_fixtures_of_nautilus_are_read() {
    let folder = "rest_ws_nautilus/bybit";
    let Some(files) = recorded::files(folder) else {
        return;
    };
    let part = |of: &str| Query::InstrumentsOf {
        part: of.into(),
        after: None,
    };
    let mut names = BTreeMap::new();
    for market in [
        Market::Spot,
        Market::Linear,
        Market::Inverse,
        Market::Option,
    ] {
        let codec = codec(market);
        let mut census = Census::of(&codec);
        for file in &files {
            let name = file.rsplit('/').next().unwrap();
            let of = match name {
                _ if name.contains("spot") => Market::Spot,
                _ if name.contains("inverse") => Market::Inverse,
                _ if name.contains("option") => Market::Option,
                _ => Market::Linear,
            };
            if of != market {
                continue;
            }
            let bytes = recorded::bytes(file).unwrap();
            let query = match name {
                _ if name.contains("instruments") => part(if market == Market::Option {
                    "BTC"
                } else {
                    "linear"
                }),
                "http_get_funding_history.json" => Query::FundingRates {
                    symbol: symbol("BTCUSDT"),
                    from: None,
                    to: None,
                    limit: 200,
                },
                "http_get_klines_linear.json" => Query::Candles {
                    symbol: symbol("BTCUSDT"),
                    timeframe: Timeframe::M5,
                    from: None,
                    to: None,
                    limit: 200,
                },
                "http_get_orderbook.json" => Query::Book {
                    symbol: symbol("BTCUSDT"),
                    limit: 3,
                },
                _ => {
                    let _ = broken::message(&codec, &bytes);
                    census.take(&codec, folder, &Input::message(&bytes));
                    continue;
                }
            };
            let input = Input::Answer {
                query: &query,
                body: &bytes,
            };
            broken::decode(&codec, &input).unwrap();
            for event in census.take(&codec, folder, &input) {
                if let EventKind::Instruments(list) = event.kind {
                    for instrument in list {
                        names.insert(
                            instrument.symbol.to_string(),
                            instrument.venue_symbol.to_string(),
                        );
                    }
                }
            }
        }
        assert_eq!(codec.unnamed_instruments(), 0);
        census.close();
    }
    let names: Vec<_> = names
        .iter()
        .map(|(ours, theirs)| (ours.as_str(), theirs.as_str()))
        .collect();
    assert_eq!(
        names,
        [
            ("bybit-inverse:BTC/USD:BTC", "BTCUSD"),
            ("bybit-linear:BTC/USDT:USDT", "BTCUSDT"),
            ("bybit-linear:ETH/USDT:USDT", "ETHUSDT"),
            ("bybit-linear:TSLA/USDT:USDT", "TSLAUSDT"),
            // the peer's fixture delivers on another day than it names
            (
                "bybit-option:BTC/USD:USDC-20250615-100000-C",
                "BTC-30JUN25-100000-C"
            ),
            ("bybit:BTC/USDT", "BTCUSDT"),
            ("bybit:ETH/USDT", "ETHUSDT"),
        ]
    );
}

#[test]
fn tickers_of_gocryptotrader_are_read() {
    let Some(bytes) = recorded::bytes("rest_gocryptotrader/bybit/wsTicker.json") else {
        return;
    };
    let lines = bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    let markets = [
        Market::Spot,
        Market::Option,
        Market::Linear,
        Market::Linear,
        Market::Linear,
        Market::Linear,
        Market::Inverse,
        Market::Inverse,
    ];
    let source = "gocryptotrader";
    for (place, (line, market)) in lines.zip(markets).enumerate() {
        let codec = codec(market);
        let mut census = Census::of(&codec);
        let decoded = broken::message(&codec, line);
        if place == 0 {
            let error = decoded.unwrap_err().to_string();
            assert_eq!(error, "tickers: field \"symbol\" is \"BTCUSDT\"");
            census.count(
                source,
                "ticker",
                "edited by the peer: its topic names BTC-USDT",
            );
        } else {
            census.take(&codec, source, &Input::message(line));
            // two say one side of the best quote only, which alone is none
            let said = census.decoded("contract") + census.decoded("option");
            assert_eq!(said, u64::from(place != 5 && place != 7));
        }
        census.close();
    }
}

/// Answers of the API before v5 are named: the venue switched it off.
#[test]
fn answers_of_the_old_api_are_named() {
    let Some(files) = recorded::files("rest_cassettes_coingecko/Bybit") else {
        return;
    };
    let codec = codec(Market::Inverse);
    let mut census = Census::of(&codec);
    let query = Query::Ticker { symbol: None };
    let mut bodies: Vec<Vec<u8>> = Vec::new();
    for file in &files {
        let text = String::from_utf8(recorded::bytes(file).unwrap()).unwrap();
        bodies.extend(
            crate::cassettes::bodies(&text)
                .into_iter()
                .map(String::into_bytes),
        );
    }
    bodies.extend(
        cryptofeed::answers("BYBIT.0")
            .unwrap()
            .into_iter()
            .map(|answer| answer.body),
    );
    for body in &bodies {
        let input = Input::Answer {
            query: &query,
            body,
        };
        assert!(census.take(&codec, "API v2", &input).is_empty());
    }
    assert!(bodies.len() >= 4);
    census.close();
}

/// Liquidations name the side of the position, we that of the order. Bytes of our own after the documents.
#[test]
fn a_long_position_is_closed_by_a_sale() {
    let frame = br#"{"topic":"allLiquidation.ROSEUSDT","type":"snapshot","ts":1739502303204,"data":[{"T":1739502302929,"s":"ROSEUSDT","S":"Buy","v":"20000","p":"0.04499"}]}"#;
    let events = broken::message(&codec(Market::Linear), frame).unwrap();
    let EventKind::Liquidation(order) = &events[0].kind else {
        panic!("{events:?}");
    };
    assert_eq!(
        (order.side, order.time.millis()),
        (Side::Sell, 1_739_502_302_929)
    );
}
