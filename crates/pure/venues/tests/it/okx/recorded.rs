//! Everything that was recorded of OKX.

use std::collections::BTreeMap;

use quantflow_model::{InstrumentStatus, Timeframe};
use quantflow_testkit::recorded::{self, Census, cryptofeed};
use quantflow_wire::{Codec, Event, EventKind, Input, Query};
use serde_json::{Value, json};

use super::codec;
use crate::broken::{self, symbol};
use crate::kept::Book;

/// Every checksum of the recorded books, and that they never cross; ids of trades without a gap.
#[test]
fn the_sockets_of_2022_are_read_whole() {
    let Some(lines) = cryptofeed::socket("OKX.ws.1.0") else {
        return;
    };
    let codec = codec();
    let mut census = Census::of(&codec);
    let mut books = BTreeMap::<_, Book>::new();
    let mut ids = BTreeMap::<_, Vec<u128>>::new();
    let (mut verified, mut deepest) = (0, 0);
    for line in lines.iter().filter(|line| !line.sent) {
        let input = Input::message(&line.payload);
        broken::decode(&codec, &input).unwrap();
        for Event { symbol, kind, .. } in census.take(&codec, "OKX.ws.1.0", &input) {
            let Some(symbol) = symbol else { continue };
            let (bids, asks, checksum) = match kind {
                EventKind::Trade(trade) => {
                    ids.entry(symbol).or_default().push(trade.trade.id.0);
                    continue;
                }
                EventKind::BookSnapshot(book) => {
                    books.insert(symbol.clone(), Book::default());
                    (book.bids, book.asks, book.checksum)
                }
                EventKind::BookDelta(delta) => (delta.bids, delta.asks, delta.checksum),
                _ => continue,
            };
            let book = books.get_mut(&symbol).unwrap();
            book.change(&bids, &asks);
            assert!(book.is_uncrossed(), "crossed");
            let [bids, asks] = book.sides();
            let checksum = checksum.unwrap();
            let ours = codec.book_checksum(&checksum, &bids, &asks);
            assert_eq!(ours, Some(checksum.expected));
            verified += 1;
            deepest = deepest.max(bids.len()).max(asks.len());
        }
    }
    assert_eq!(verified, 290);
    assert_eq!(deepest, 400, "the venue itself removes what is deeper");
    let gaps = |ids: &Vec<u128>| ids.windows(2).filter(|pair| pair[1] != pair[0] + 1).count();
    assert_eq!(ids.values().map(Vec::len).sum::<usize>(), 74);
    assert_eq!(ids.values().map(gaps).sum::<usize>(), 0);
    census.count_many("OKX.ws.1.0", "checksum", "verified", verified);
    census.close();
}

fn part(of: &str) -> Query {
    Query::InstrumentsOf {
        part: of.into(),
        after: None,
    }
}

#[test]
fn the_instruments_of_2022_are_named_as_they_are_spelled() {
    let Some(answers) = cryptofeed::answers("OKX.0") else {
        return;
    };
    let codec = codec();
    let mut census = Census::of(&codec);
    let mut kinds = BTreeMap::<String, usize>::new();
    for answer in &answers {
        let (_, query) = answer.url.split_once("instType=").unwrap();
        let part = self::part(&query.replace("&uly=", ":"));
        let input = Input::Answer {
            query: &part,
            body: &answer.body,
        };
        for event in census.take(&codec, "OKX.0", &input) {
            let EventKind::Instruments(list) = event.kind else {
                panic!("{event:?}");
            };
            for instrument in list {
                let spelled = codec.spell(&instrument.symbol);
                assert_eq!(spelled.as_ref(), Some(&instrument.venue_symbol));
                *kinds.entry(query.to_owned()).or_default() += 1;
                if instrument.venue_symbol.as_str() == "BTC-USD-220520" {
                    assert_eq!(instrument.symbol.as_str(), "okx:BTC/USD:BTC-20220520");
                    assert_eq!(instrument.status, InstrumentStatus::Trading);
                    let size = serde_json::to_value(instrument.contract).unwrap();
                    assert_eq!(size, json!({"amount": "100", "of": "quote"}));
                }
                if instrument.venue_symbol.as_str() == "BTC-USD-220514-22000-C" {
                    assert_eq!(
                        instrument.symbol.as_str(),
                        "okx:BTC/USD:BTC-20220514-22000-C"
                    );
                    let size = serde_json::to_value(instrument.contract).unwrap();
                    assert_eq!(size, json!({"amount": "0.1", "of": "base"}));
                }
            }
        }
    }
    println!("{kinds:?}");
    assert_eq!(codec.unnamed_instruments(), 0);
    assert_eq!((answers.len(), kinds.len()), (25, 5));
    assert!(kinds.values().all(|count| *count > 50));
    census.close();
}

/// The fixtures of nautilus_trader: some recorded, some written by hand.
#[test]
fn the_fixtures_of_nautilus_are_read() {
    let folder = "rest_ws_nautilus/okx";
    let Some(files) = recorded::files(folder) else {
        return;
    };
    let codec = codec();
    let mut census = Census::of(&codec);
    let some = |name: &str| Some(symbol(name));
    for file in &files {
        let bytes = recorded::bytes(file).unwrap();
        let name = file.rsplit('/').next().unwrap();
        let query = match name {
            "common_optional_string_to_u64.json" | "http_get_spread_trades.json" => {
                // a table for a helper of theirs; an answer that needs a key
                census.count(folder, name, "not public market data");
                continue;
            }
            "http_get_candlesticks.json" => Query::Candles {
                symbol: symbol("BTC-USDT"),
                timeframe: Timeframe::M1,
                from: None,
                to: None,
                limit: 100,
            },
            "http_get_funding_rate_history.json" => Query::FundingRates {
                symbol: symbol("BTC-USDT-SWAP"),
                from: None,
                to: None,
                limit: 100,
            },
            "http_get_index_price.json" => Query::Contract {
                symbol: some("BTC-USDT"),
            },
            "http_get_mark_price.json" => Query::Contract {
                symbol: some("BTC-USDT-SWAP"),
            },
            "http_get_instruments_margin.json" => part("SPOT"),
            "http_get_instruments_option.json" => part("OPTION:BTC-USD"),
            "http_get_instruments_swap.json" => part("SWAP"),
            "http_get_order_book.json" => Query::Book {
                symbol: symbol("BTC-USDT"),
                limit: 3,
            },
            "http_get_trades.json" => Query::RecentTrades {
                symbol: symbol("BTC-USDT"),
                limit: 100,
            },
            "ws_opt_summary.json" => {
                // rows without their envelope, and with a spelling of the greeks that the venue has not
                let rows: Value = serde_json::from_slice(&bytes).unwrap();
                let frame = json!({"arg": {"channel": "opt-summary", "instFamily": "BTC-USD"}, "data": rows});
                let frame = frame.to_string().replace("Bs\"", "BS\"");
                let events = census.take(&codec, folder, &Input::message(frame.as_bytes()));
                let EventKind::Option(state) = &events[1].kind else {
                    panic!("{events:?}");
                };
                assert_eq!(state.delta, Some("-0.4688".parse().unwrap()));
                assert_eq!(state.mark_volatility, Some("0.52".parse().unwrap()));
                continue;
            }
            _ => {
                assert!(name.starts_with("ws_"), "{name}");
                let _ = broken::message(&codec, &bytes);
                census.take(&codec, folder, &Input::message(&bytes));
                continue;
            }
        };
        let input = Input::Answer {
            query: &query,
            body: &bytes,
        };
        let _ = broken::decode(&codec, &input);
        census.take(&codec, folder, &input);
    }
    assert_eq!(files.len(), 17);
    assert_eq!(census.decoded("aggregate trade"), 1);
    assert_eq!(census.decoded("funding"), 2);
    census.close();
}

#[test]
fn single_frames_of_other_peers_are_read() {
    let Some(bytes) = recorded::bytes("rest_gocryptotrader/okx/wsAllTrades.json") else {
        return;
    };
    let codec = codec();
    let mut census = Census::of(&codec);
    let mut last = Vec::new();
    for line in bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
        for event in census.take(&codec, "gocryptotrader", &Input::message(line)) {
            let EventKind::AggregateTrade(trade) = event.kind else {
                panic!("{event:?}");
            };
            assert_eq!(trade.first_id, trade.last_id);
            last.push(trade.id.0);
        }
    }
    assert_eq!(last, [674_510_826, 674_510_827]);
    // what a client sends is read by the venue's side of the protocol
    for name in ["subscribe", "unsubscribe"] {
        let file =
            format!("rest_ws_xchange/xchange-stream-okex/resources__okex-ws-tickers-{name}.json");
        let bytes = recorded::bytes(&file).unwrap();
        let request = quantflow_venues::okx::read_socket_request(&bytes).unwrap();
        println!("{request:?}");
        census.count("xchange", name, "a request, read");
    }
    census.close();
}

/// The answers of the API before v5, which the venue switched off in 2023, are named.
#[test]
fn answers_of_the_old_api_are_named() {
    let Some(spot) = recorded::files("rest_cassettes_coingecko/Okex") else {
        return;
    };
    let swap = recorded::files("rest_cassettes_coingecko/OkexSwap").unwrap();
    let codec = codec();
    let mut census = Census::of(&codec);
    let query = Query::Book {
        symbol: symbol("BTC-USDT"),
        limit: 200,
    };
    for file in spot.iter().chain(&swap) {
        let text = String::from_utf8(recorded::bytes(file).unwrap()).unwrap();
        for body in crate::cassettes::bodies(&text) {
            let input = Input::Answer {
                query: &query,
                body: body.as_bytes(),
            };
            let events = census.take(&codec, "coingecko", &input);
            assert!(events.is_empty());
        }
    }
    census.close();
}
