//! The recordings of 2020 to 2025, and what ccxt makes of some of them.

use std::collections::BTreeMap;

use quantflow_model::{ContractUnit, Timeframe, Timestamp, TradeId};
use quantflow_testkit::recorded::ccxt::{self, Comparison};
use quantflow_testkit::recorded::{self, Census, cryptofeed};
use quantflow_venues::BinanceFutures;
use quantflow_wire::{EventKind, Input, Query};

use super::{candles, coin, symbol, usd};
use crate::gocryptotrader;
use crate::survives::checked;

/// Sockets, books and instrument lists of cryptofeed.
fn recorded_2021(codec: &BinanceFutures, market: &str, instruments: usize, changes: u64) {
    let name = |part: &str| format!("BINANCE_{market}.{part}0");
    let (Some(lines), Some(books), Some(lists)) = (
        cryptofeed::socket(&name("ws.1.")),
        cryptofeed::answers(&name("http.0.")),
        cryptofeed::answers(&name("")),
    ) else {
        return;
    };
    let mut census = Census::of(codec);
    let (mut chains, mut aggregates) = (BTreeMap::new(), BTreeMap::new());
    for line in lines.iter().filter(|line| !line.sent) {
        let input = Input::message(&line.payload);
        let _ = checked(codec, &input);
        for event in census.take(codec, &name("ws.1."), &input) {
            let about = event.symbol.clone().unwrap();
            match &event.kind {
                EventKind::BookDelta(delta) => {
                    let before = chains.insert(about, delta.last_update_id);
                    assert!(before.is_none_or(|b| Some(b) == delta.previous_update_id));
                }
                EventKind::AggregateTrade(trade) => {
                    let before = aggregates.insert(about, (trade.id, trade.last_id));
                    let next = (trade.id.previous(), trade.first_id.previous());
                    assert!(before.is_none_or(|b| b == next));
                }
                _ => {}
            }
        }
    }
    assert_eq!(census.decoded("book change"), changes);
    for answer in &books {
        let about = answer.url.split(['=', '&']).nth(1).unwrap();
        let query = Query::Book {
            symbol: symbol(about),
            limit: 1_000,
        };
        let input = Input::Answer {
            query: &query,
            body: &answer.body,
        };
        census.take(codec, &name("http.0."), &input);
    }
    for answer in &lists {
        let input = Input::Answer {
            query: &Query::Instruments,
            body: &answer.body,
        };
        let events = census.take(codec, &name(""), &input);
        let [EventKind::Instruments(list)] = [&events[0].kind] else {
            panic!("{events:?}");
        };
        assert_eq!(list.len(), instruments);
        for instrument in list {
            use quantflow_wire::Codec;
            let spelled = codec.spell(&instrument.symbol);
            assert_eq!(spelled.as_ref(), Some(&instrument.venue_symbol));
        }
    }
    census.close();
}

#[test]
fn the_2021_recordings_decode_whole() {
    recorded_2021(&usd(), "FUTURES", 122, 764);
    recorded_2021(&coin(), "DELIVERY", 36, 2_047);
}

/// The query that a recorded route answers; `None` for what we never ask.
fn query_of(file: &str, answer: &gocryptotrader::Answer) -> Option<Query> {
    let about = answer.value("symbol").map(symbol);
    let named = || about.clone().unwrap();
    let part = &file["fapi_v1_".len()..];
    Some(match part.split('.').next().unwrap() {
        "aggTrades" => Query::AggregateTradesFromId {
            symbol: named(),
            from: TradeId(0),
            limit: 500,
        },
        "depth" => Query::Book {
            symbol: named(),
            limit: 1_000,
        },
        "exchangeInfo" => Query::Instruments,
        "fundingRate" => Query::FundingRates {
            symbol: named(),
            from: None,
            to: None,
            limit: 100,
        },
        "klines" => {
            let timeframe = answer.value("interval").unwrap().parse().unwrap();
            candles(named().as_str(), timeframe)
        }
        "openInterest" => Query::OpenInterest { symbol: named() },
        "premiumIndex" => Query::Contract { symbol: about },
        "ticker_24hr" => Query::Ticker { symbol: about },
        "ticker_bookTicker" => Query::BestQuote { symbol: about },
        "trades" => Query::RecentTrades {
            symbol: named(),
            limit: 1_000,
        },
        _ => return None,
    })
}

#[test]
fn recorded_answers_decode_or_are_named() {
    let Some(files) = recorded::files("rest_gocryptotrader/binance") else {
        return;
    };
    for (codec, root) in [(usd(), "fapi"), (coin(), "dapi")] {
        let mut census = Census::of(&codec);
        let mut nulls = 0;
        for path in &files {
            let file = path.rsplit('/').next().unwrap();
            if !file.starts_with(root) {
                continue;
            }
            for answer in gocryptotrader::answers(&format!("binance/{file}")).unwrap() {
                let Some(query) = query_of(file, &answer) else {
                    census.count(file, "last prices", "never asked");
                    continue;
                };
                let input = Input::Answer {
                    query: &query,
                    body: answer.body(),
                };
                nulls += usize::from(answer.body() == b"null");
                let _ = checked(&codec, &input);
                for event in census.take(&codec, file, &input) {
                    if let EventKind::Instruments(list) = &event.kind {
                        let inverse = |i: &quantflow_model::Instrument| {
                            i.contract.is_some_and(|c| c.of == ContractUnit::Quote)
                        };
                        assert!(list.len() == 25 && list.iter().all(inverse));
                    }
                }
            }
        }
        if nulls > 0 {
            census.explain(
                ": null",
                "fundingRate",
                "nothing found: an empty list is documented",
            );
        }
        assert!(census.decoded("funding") >= 55);
        census.close();
    }
    // statistics of long and short accounts are no market data of ours
    let others = files.iter().filter(|path| path.contains("futures_data"));
    assert_eq!(others.count(), 4);
}

#[test]
fn messages_after_the_documents_decode() {
    let codec = usd();
    let mut census = Census::of(&codec);
    let mut states = 0;
    for (file, source) in [
        ("agg_trade_stream", "documents"),
        ("book_ticker_stream", "documents"),
        ("kline_stream_closed", "documents"),
        ("kline_stream_open", "documents"),
        ("mark_price_stream", "documents"),
        ("ticker_stream", "documents"),
    ] {
        let path = format!("rest_ws_nautilus/binance/futures__market_data_json__{file}.json");
        let Some(bytes) = recorded::bytes(&path) else {
            return;
        };
        let input = Input::message(&bytes);
        checked(&codec, &input).unwrap();
        for event in census.take(&codec, source, &input) {
            if let EventKind::Contract(state) = &event.kind {
                assert_eq!(state.mark.unwrap().to_string(), "11794.15");
                assert_eq!(state.index.unwrap().to_string(), "11784.62659091");
                assert_eq!(state.funding_rate.unwrap().to_string(), "0.00038167");
                assert_eq!(
                    state.funding_time,
                    Some(Timestamp::from_millis(1_562_306_400_000))
                );
                states += 1;
            }
        }
    }
    assert_eq!(states, 1);
    census.close();
}

#[test]
fn answers_are_those_of_ccxt() {
    let Some(cases) = ccxt::cases("binanceusdm") else {
        return;
    };
    let codec = usd();
    let mut compared = Comparison::default();
    assert_eq!(cases.len(), 5);
    for case in &cases {
        let about = case.urls[0].split("symbol=").nth(1).unwrap();
        let query = match case.method.as_str() {
            "fetchOHLCV" => candles(about, Timeframe::M1),
            "fetchOrderBook" => Query::Book {
                symbol: symbol(about),
                limit: 1_000,
            },
            "fetchFundingRate" => Query::Contract {
                symbol: Some(symbol(about)),
            },
            other => panic!("{other}"),
        };
        let input = Input::Answer {
            query: &query,
            body: &case.body,
        };
        let events = checked(&codec, &input).unwrap();
        let mut own = Vec::new();
        for event in &events {
            match &event.kind {
                EventKind::Candle(candle) => own.push(**candle),
                EventKind::BookSnapshot(book) => compared.book(case, book),
                EventKind::Contract(state) => {
                    let theirs = &case.unified;
                    let millis = |t: Option<Timestamp>| {
                        t.map(|t| quantflow_model::Decimal::whole(t.millis()))
                    };
                    for (field, ours) in [
                        ("markPrice", state.mark.map(|p| p.0)),
                        ("indexPrice", state.index.map(|p| p.0)),
                        ("estimatedSettlePrice", state.settlement.map(|p| p.0)),
                        ("fundingRate", state.funding_rate),
                        ("timestamp", millis(state.time)),
                        ("fundingTimestamp", millis(state.funding_time)),
                    ] {
                        compared.number(&format!("{}: {field}", case.name), ours, &theirs[field]);
                    }
                }
                other => panic!("{other:?}"),
            }
        }
        if !own.is_empty() {
            compared.candles(case, &own);
        }
    }
    compared.close("binance-usdm", &[]);
}
