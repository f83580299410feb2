//! Our answer against that of ccxt, from the same recorded bytes: equal to the last digit.

use quantflow_model::{Decimal, InstrumentStatus, Level, Quote, Side, Timeframe};
use quantflow_testkit::recorded;
use quantflow_wire::{EventKind, Query};
use serde_json::Value;

use crate::support::{book, candles, decode_answer, json, recent_trades, venue_symbol};

/// The recorded body and what ccxt made of it.
fn pair(name: &str) -> Option<(Vec<u8>, Value)> {
    let file = json(&recorded::bytes(&format!(
        "rest_parsed_ccxt/binance/{name}"
    ))?);
    let body = file["httpResponse"].to_string().into_bytes();
    Some((body, file["parsedResponse"].clone()))
}

/// A float of ccxt as the shortest decimal that means it: the venue's own text, for these.
fn number(value: &Value) -> Decimal {
    value.to_string().parse().unwrap()
}

fn kinds(query: &Query, body: &[u8]) -> Vec<EventKind> {
    let events = decode_answer(query, body).unwrap();
    events.into_iter().map(|event| event.kind).collect()
}

#[test]
fn candles_are_those_of_ccxt() {
    let mut rows = 0;
    for (name, symbol, timeframe) in [
        ("fetchOHLCV_BTCUSDT_1h.json", "BTCUSDT", Timeframe::H1),
        ("fetchOHLCV_BTCUSDT_1w.json", "BTCUSDT", Timeframe::W1),
        ("fetchOHLCV_SOLUSDT_2h.json", "SOLUSDT", Timeframe::H2),
        ("fetchOHLCV_XRPUSDT_15m.json", "XRPUSDT", Timeframe::M15),
    ] {
        let Some((body, theirs)) = pair(name) else {
            return;
        };
        let ours = kinds(&candles(symbol, timeframe), &body);
        let theirs = theirs.as_array().unwrap();
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(theirs) {
            let EventKind::Candle(c) = ours else {
                panic!("{ours:?}");
            };
            assert_eq!(theirs[0], c.open_time.millis());
            let ours = [c.open.0, c.high.0, c.low.0, c.close.0, c.volume.0];
            let theirs = [1, 2, 3, 4, 5].map(|at| number(&theirs[at]));
            assert_eq!(ours, theirs);
            rows += 1;
        }
    }
    println!("ccxt: {rows} candles equal");
    assert_eq!(rows, 480);
}

#[test]
fn trades_are_those_of_ccxt() {
    let Some((body, theirs)) = pair("fetchTrades_trades.json.gz") else {
        return;
    };
    let ours = kinds(&recent_trades("ETHBTC"), &body);
    let theirs = theirs.as_array().unwrap();
    assert_eq!((ours.len(), theirs.len()), (100, 100));
    for (ours, theirs) in ours.iter().zip(theirs) {
        let EventKind::Trade(event) = ours else {
            panic!("{ours:?}");
        };
        let trade = &event.trade;
        assert_eq!(theirs["timestamp"], trade.time.millis());
        assert_eq!(theirs["id"], trade.id.to_string());
        let side = if trade.side == Side::Buy {
            "buy"
        } else {
            "sell"
        };
        assert_eq!(theirs["side"], side);
        assert_eq!(number(&theirs["price"]), trade.price.0);
        assert_eq!(number(&theirs["amount"]), trade.quantity.0);
    }
}

#[test]
fn books_are_those_of_ccxt() {
    for (name, symbol) in [
        ("fetchOrderBook_LRCBTC.json", "LRCBTC"),
        ("fetchOrderBook_NKNUSDT.json", "NKNUSDT"),
    ] {
        let Some((body, theirs)) = pair(name) else {
            return;
        };
        let ours = kinds(&book(symbol), &body);
        let [EventKind::BookSnapshot(ours)] = ours.as_slice() else {
            panic!("{ours:?}");
        };
        let same = |ours: &[Level], theirs: &Value| {
            let theirs = theirs.as_array().unwrap().iter();
            let theirs: Vec<_> = theirs.map(|l| [number(&l[0]), number(&l[1])]).collect();
            let ours: Vec<_> = ours.iter().map(|l| [l.price.0, l.quantity.0]).collect();
            assert!(!ours.is_empty());
            assert_eq!(ours, theirs);
        };
        same(&ours.bids, &theirs["bids"]);
        same(&ours.asks, &theirs["asks"]);
        assert_eq!(theirs["nonce"], ours.last_update_id);
    }
}

#[test]
fn the_ticker_is_that_of_ccxt() {
    let Some((body, theirs)) = pair("fetchTicker_gct.json") else {
        return;
    };
    let query = Query::Ticker {
        symbol: Some(venue_symbol("ETHBTC")),
    };
    let ours = kinds(&query, &body);
    let [EventKind::Ticker(t)] = ours.as_slice() else {
        panic!("{ours:?}");
    };
    let Quote {
        bid,
        bid_quantity,
        ask,
        ask_quantity,
        ..
    } = t.quote.unwrap();
    assert_eq!(theirs["timestamp"], t.close_time.unwrap().millis());
    for (field, ours) in [
        ("last", t.last.0),
        ("close", t.last.0),
        ("open", t.open.unwrap().0),
        ("high", t.high.unwrap().0),
        ("low", t.low.unwrap().0),
        ("bid", bid.0),
        ("bidVolume", bid_quantity.0),
        ("ask", ask.0),
        ("askVolume", ask_quantity.0),
        ("vwap", t.weighted_average.unwrap().0),
        ("previousClose", t.previous_close.unwrap().0),
        ("change", t.change.unwrap().0),
        ("percentage", t.change_percent.unwrap()),
        ("baseVolume", t.volume.unwrap().0),
        ("quoteVolume", t.quote_volume.unwrap().0),
    ] {
        assert_eq!(number(&theirs[field]), ours, "{field}");
    }
}

#[test]
fn markets_are_those_of_ccxt() {
    let Some((body, theirs)) = pair("fetchMarkets.json.gz") else {
        return;
    };
    let body = json(&body)["exchangeInfo"].to_string().into_bytes();
    let ours = kinds(&Query::Instruments, &body);
    let [EventKind::Instruments(ours)] = ours.as_slice() else {
        panic!("{ours:?}");
    };
    let theirs = theirs.as_array().unwrap();
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert_eq!(theirs["id"], ours.venue_symbol.as_str());
        assert_eq!(theirs["symbol"], ours.symbol.instrument());
        let trading = ours.status == InstrumentStatus::Trading;
        assert_eq!(theirs["active"], trading, "{}", ours.symbol);
        let (precision, limits) = (&theirs["precision"], &theirs["limits"]);
        assert_eq!(number(&precision["price"]), ours.tick.unwrap().0);
        assert_eq!(number(&precision["amount"]), ours.lot.unwrap().0);
        assert_eq!(
            number(&limits["cost"]["min"]),
            ours.minimum_notional.unwrap().0
        );
    }
}
