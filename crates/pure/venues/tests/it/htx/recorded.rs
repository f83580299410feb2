//! Everything that was recorded of HTX, which was Huobi then.

use std::collections::{BTreeMap, BTreeSet};

use quantflow_model::InstrumentStatus;
use quantflow_testkit::recorded::{self, Census, cryptofeed};
use quantflow_venues::htx::Market;
use quantflow_wire::{Codec, EventKind, Input, Query};

use super::codec;
use crate::broken::{self, symbol};
use crate::kept::Book;

/// Packed frames as they came.
#[test]
fn the_sockets_of_2021_are_read_whole() {
    let Some(lines) = cryptofeed::socket("HUOBI.ws.44.0") else {
        return;
    };
    let codec = codec(Market::Spot);
    let mut census = Census::of(&codec);
    let mut ids = BTreeMap::<_, BTreeSet<u128>>::new();
    let mut numbers = BTreeMap::new();
    let mut pongs = lines.iter().filter(|line| line.sent);
    for line in lines.iter().filter(|line| !line.sent) {
        assert!(line.payload.starts_with(b"\x1f\x8b"));
        let input = Input::message(&line.payload);
        broken::decode(&codec, &input).unwrap();
        if let Some(reply) = codec.reply(&line.payload) {
            // what we answer to a ping is what the recorder answered
            let answered = pongs.find(|line| line.payload.starts_with(b"{\"pong\""));
            assert_eq!(reply.as_bytes(), answered.unwrap().payload);
            census.count("HUOBI.ws.44.0", "ping", "answered as the recorder did");
        }
        for event in census.take(&codec, "HUOBI.ws.44.0", &input) {
            match event.kind {
                EventKind::Trade(trade) => {
                    let ids = ids.entry(event.symbol.unwrap()).or_default();
                    assert!(ids.insert(trade.trade.id.0));
                }
                EventKind::BookSnapshot(book) => {
                    assert!(
                        Book::whole(&book.bids, &book.asks).is_uncrossed(),
                        "crossed"
                    );
                    assert!(book.bids.len() <= 150 && book.asks.len() <= 150);
                    let last = numbers.insert(event.symbol.unwrap(), book.last_update_id);
                    assert!(last.is_none_or(|last| last <= book.last_update_id));
                }
                _ => {}
            }
        }
    }
    let count: usize = ids.values().map(BTreeSet::len).sum();
    let gaps = ids.values().flat_map(|ids| {
        let ids: Vec<_> = ids.iter().copied().collect();
        ids.windows(2)
            .map(|pair| pair[1] - pair[0] - 1)
            .collect::<Vec<_>>()
    });
    println!(
        "htx: {count} trades, {} ids missing between them",
        gaps.sum::<u128>()
    );
    assert_eq!((count, census.decoded("book")), (73, 292));
    census.close();
}

#[test]
fn the_instruments_of_2021_are_named() {
    let Some(answers) = cryptofeed::answers("HUOBI.0") else {
        return;
    };
    let codec = codec(Market::Spot);
    let mut census = Census::of(&codec);
    let query = Query::Instruments;
    let input = Input::Answer {
        query: &query,
        body: &answers[0].body,
    };
    let events = census.take(&codec, "HUOBI.0", &input);
    let EventKind::Instruments(list) = &events[0].kind else {
        panic!("{events:?}");
    };
    assert_eq!(codec.unnamed_instruments(), 0);
    let yee = &list[0];
    assert_eq!(
        (yee.symbol.as_str(), yee.venue_symbol.as_str()),
        ("htx:YEE/BTC", "yeebtc")
    );
    assert_eq!(yee.status, InstrumentStatus::Trading);
    assert_eq!(yee.tick, Some("0.0000000001".parse().unwrap()));
    assert_eq!(yee.minimum_notional, Some("0.0001".parse().unwrap()));
    let other = list
        .iter()
        .filter(|i| codec.spell(&i.symbol).as_ref() != Some(&i.venue_symbol));
    assert_eq!(other.count(), 0, "of {}", list.len());
    // coin-margined contracts are a market that is not among ours
    for answer in cryptofeed::answers("HUOBI_DM.0").unwrap() {
        assert!(answer.url.contains("contract_contract_info"));
        census.count(
            "HUOBI_DM.0",
            "coin-margined instruments",
            "of no market of ours",
        );
    }
    census.close();
}

#[test]
fn frames_of_gocryptotrader_are_read() {
    let folder = "rest_gocryptotrader/huobi";
    let Some(files) = recorded::files(folder) else {
        return;
    };
    let codec = codec(Market::Spot);
    let mut census = Census::of(&codec);
    for file in &files {
        let bytes = recorded::bytes(file).unwrap();
        for line in bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
            broken::message(&codec, line).unwrap();
            census.take(&codec, folder, &Input::message(line));
        }
    }
    let counts = ["trade", "candle", "book", "ticker"].map(|kind| census.decoded(kind));
    assert_eq!(counts, [2, 1, 1, 1]);
    census.close();
}

/// Answers of 2018 to 2020, of several hosts that speak the same.
#[test]
fn older_answers_are_read() {
    let Some(files) = recorded::files("rest_cassettes_coingecko/Huobi") else {
        return;
    };
    let codec = codec(Market::Spot);
    let mut census = Census::of(&codec);
    for file in &files {
        let name = file.rsplit('/').next().unwrap();
        if name.starts_with("Dm_") {
            census.count(
                "coingecko",
                "coin-margined contracts",
                "of no market of ours",
            );
            continue;
        }
        let text = String::from_utf8(recorded::bytes(file).unwrap()).unwrap();
        for body in crate::cassettes::bodies(&text)
            .iter()
            .filter(|body| !body.is_empty())
        {
            let of = body
                .split_once("market.")
                .and_then(|(_, rest)| rest.split_once('.'));
            let symbol = of.map(|(of, _)| symbol(of));
            let query = match (name, symbol) {
                (_, None) => Query::Instruments,
                (_, Some(symbol)) if name.contains("order_book") => {
                    Query::Book { symbol, limit: 150 }
                }
                (_, Some(symbol)) if name.contains("trades") => Query::RecentTrades {
                    symbol,
                    limit: 2_000,
                },
                (_, symbol) => Query::Ticker { symbol },
            };
            let input = Input::Answer {
                query: &query,
                body: body.as_bytes(),
            };
            let events = census.take(&codec, "coingecko", &input);
            assert!(!events.is_empty(), "{file}");
        }
    }
    assert_eq!((census.decoded("ticker"), census.decoded("book")), (2, 3));
    assert!(census.decoded("trade") > 1_000 && census.decoded("instruments") >= 1);
    let query = Query::Ticker {
        symbol: Some(symbol("btcusdt")),
    };
    let body =
        recorded::bytes("rest_ws_xchange/xchange-huobi/marketdata__example-ticker-data.json")
            .unwrap();
    let input = Input::Answer {
        query: &query,
        body: &body,
    };
    let events = census.take(&codec, "xchange", &input);
    let EventKind::Ticker(ticker) = &events[0].kind else {
        panic!("{events:?}");
    };
    // 50 digits on the wire, of which the last 20 are zeros
    assert_eq!(
        ticker.quote_volume.unwrap().to_string(),
        "90090730.70713352507746443484"
    );
    census.close();
}
