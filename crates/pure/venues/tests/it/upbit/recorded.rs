//! The recordings of Upbit, and what others make of them.

use quantflow_testkit::recorded::{self, Census, ccxt, cryptofeed};
use quantflow_wire::{Codec, EventKind, Input, Query};

use super::{codec, ticker};
use crate::rebuilt::{self, Books};
use crate::support::{book, recent_trades, venue_symbol};
use crate::trial::checked;

/// Every message decodes; books are whole, ordered and never crossed; ids are unique.
#[test]
fn the_recorded_socket_decodes_and_its_books_are_whole() {
    let Some(lines) = cryptofeed::socket("UPBIT.ws.62.0") else {
        return;
    };
    let codec = codec();
    let mut census = Census::of(&codec);
    let mut books = Books::of(&codec);
    let mut ids = std::collections::HashSet::new();
    for line in lines.iter().filter(|line| !line.sent) {
        let input = Input::message(&line.payload);
        checked(&codec, &input).unwrap();
        for event in census.take(&codec, "socket of 2021", &input) {
            assert!(event.sent.is_some());
            books.take(&event);
            match event.kind {
                EventKind::Trade(trade) => {
                    let (id, time) = (trade.trade.id.0, trade.trade.time);
                    assert!(ids.insert((event.symbol, id)));
                    // with three digits behind it against won, with four against bitcoin
                    assert!(id.to_string().starts_with(&time.millis().to_string()));
                }
                EventKind::BookSnapshot(book) => {
                    let sides = books.sides(event.symbol.as_ref().unwrap());
                    assert_eq!(sides, (book.bids, book.asks), "best first");
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(census.decoded("trade"), 304);
    assert_eq!(census.decoded("book"), 145);
    census.close();
}

#[test]
fn recorded_answers_decode() {
    let codec = codec();
    let mut census = Census::of(&codec);
    let Some(markets) = cryptofeed::answers("UPBIT.0") else {
        return;
    };
    let mut take = |source: &str, query: &Query, body: &[u8]| {
        let input = Input::Answer { query, body };
        checked(&codec, &input).unwrap();
        census.take(&codec, source, &input)
    };
    let listed = take("list of 2021", &Query::Instruments, &markets[0].body);
    let EventKind::Instruments(list) = &listed[0].kind else {
        panic!()
    };
    for instrument in list {
        let spelt = codec.spell(&instrument.symbol);
        assert_eq!(spelt.as_ref(), Some(&instrument.venue_symbol));
        assert!(instrument.minimum_notional.is_some());
    }
    for name in recorded::files("rest_cassettes_coingecko/Upbit").unwrap() {
        for (uri, body) in rebuilt::cassette(&name).unwrap() {
            let query = match uri.rsplit('/').next().unwrap() {
                "all" => Query::Instruments,
                path if path.starts_with("orderbook") => book("KRW-BTC"),
                path if path.starts_with("ticker") => ticker("KRW-BTC"),
                _ => recent_trades("KRW-BTC"),
            };
            let events = take("cassettes of 2018", &query, &body);
            let ids: std::collections::HashSet<_> = events
                .iter()
                .filter_map(|event| match &event.kind {
                    EventKind::Trade(trade) => Some(trade.trade.id),
                    _ => None,
                })
                .collect();
            assert!(
                ids.is_empty() || ids.len() == events.len(),
                "ids of our own"
            );
        }
    }
    let folder = "rest_ws_xchange/xchange-upbit/marketdata__example-marketrecords";
    for (name, query) in [
        ("orderbook", book("BTC-ETH")),
        ("ticker", ticker("KRW-BTC")),
    ] {
        let body = recorded::bytes(&format!("{folder}-{name}-data.json")).unwrap();
        take("XChange", &query, &body);
        if name == "orderbook" {
            let best = Query::BestQuote {
                symbol: Some(venue_symbol("BTC-ETH")),
            };
            take("XChange", &best, &body);
        }
    }
    census.close();
}

#[test]
fn answers_are_those_of_ccxt() {
    let Some(cases) = ccxt::cases("upbit") else {
        return;
    };
    let mut comparison = ccxt::Comparison::default();
    for case in &cases {
        let query = match case.method.as_str() {
            "fetchMarkets" => Query::Instruments,
            "fetchTicker" => ticker("KRW-BTC"),
            "fetchTrades" => recent_trades("BTC-ETH"),
            other => panic!("{other}"),
        };
        let input = Input::Answer {
            query: &query,
            body: &case.body,
        };
        let events = checked(&codec(), &input).unwrap();
        match &events[0].kind {
            EventKind::Instruments(ours) => {
                let theirs = case.unified.as_array().unwrap();
                assert_eq!(ours.len(), theirs.len());
                for (ours, theirs) in ours.iter().zip(theirs) {
                    let name = ours.venue_symbol.as_str();
                    comparison.text(&format!("{name}: id"), Some(name), &theirs["id"]);
                    let symbol = Some(ours.symbol.instrument());
                    comparison.text(&format!("{name}: symbol"), symbol, &theirs["symbol"]);
                    let lot = ours.lot.map(|lot| lot.0);
                    let what = format!("{name}: lot");
                    comparison.number(&what, lot, &theirs["precision"]["amount"]);
                }
            }
            EventKind::Ticker(ours) => comparison.ticker(case, ours),
            _ => {
                let trades = events.iter().map(|event| match &event.kind {
                    EventKind::Trade(trade) => trade.trade,
                    other => panic!("{other:?}"),
                });
                let trades: Vec<_> = trades.collect();
                comparison.trades(case, &trades, |trade| trade.id.to_string());
            }
        }
    }
    comparison.close("upbit", &[]);
}
