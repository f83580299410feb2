//! What was recorded of Kraken Futures: every message and answer decodes or is named.

use quantflow_model::{ContractUnit, Decimal, InstrumentStatus, Timeframe};
use quantflow_testkit::recorded::{self, Census, ccxt};
use quantflow_wire::{EventKind, Input, Query};

use super::codec;
use crate::support::candles;
use crate::venue::{answer, compare_markets, compare_with_ccxt, count, message};

const FOLDER: &str = "rest_ws_nautilus/kraken";

fn contract(symbol: Option<&str>) -> Query {
    Query::Contract {
        symbol: symbol.map(crate::support::venue_symbol),
    }
}

#[test]
fn every_recording_decodes() {
    let codec = codec();
    let mut census = Census::of(&codec);
    let Some(files) = recorded::files(FOLDER) else {
        return;
    };
    let futures = files.iter().filter(|file| file.contains("futures"));
    for file in futures {
        let bytes = recorded::bytes(file).unwrap();
        if file.contains("ws_futures") {
            count(&mut census, &codec, "socket", &Input::message(&bytes));
            continue;
        }
        let queries = if file.contains("candles") {
            vec![candles("PI_XBTUSD", Timeframe::H1)]
        } else if file.contains("tickers") {
            vec![
                Query::Ticker { symbol: None },
                Query::BestQuote { symbol: None },
                contract(None),
            ]
        } else {
            vec![Query::Instruments]
        };
        for query in &queries {
            let body = bytes.as_slice();
            count(&mut census, &codec, "rest", &Input::Answer { query, body });
        }
    }
    for case in ccxt::cases("krakenfutures").unwrap() {
        let (query, body) = (&Query::Instruments, case.body.as_slice());
        count(&mut census, &codec, "rest", &Input::Answer { query, body });
    }
    assert_eq!(census.decoded("candle"), 6);
    assert_eq!(census.decoded("contract"), 2 + 1);
    assert_eq!(census.decoded("instruments"), 3);
    assert_eq!(census.decoded("trade"), 1);
    census.close();
}

#[test]
fn ccxt_says_the_same() {
    let codec = codec();
    compare_with_ccxt(
        &codec,
        "krakenfutures",
        &[
            ("markets", "ccxt counts the ten indices as markets"),
            ("it of in_", "an index is no instrument of ours"),
            ("it of rr_", "an index is no instrument of ours"),
        ],
        |_| Query::Instruments,
        |trade| trade.id.to_string(),
        compare_markets,
    );
}

#[test]
fn contracts_are_named_by_what_they_pay_in() {
    let Some(body) = recorded::bytes(&format!("{FOLDER}/http_futures_instruments.json")) else {
        return;
    };
    let events = answer(&codec(), &Query::Instruments, &body).unwrap();
    let EventKind::Instruments(list) = &events[0].kind else {
        panic!("{events:?}");
    };
    let of = |name: &str| list.iter().find(|i| i.venue_symbol.as_str() == name);
    let inverse = of("PI_XBTUSD").unwrap();
    assert_eq!(inverse.symbol.as_str(), "kraken-futures:BTC/USD:BTC");
    assert_eq!(inverse.lot.unwrap().to_string(), "1");
    assert_eq!(inverse.status, InstrumentStatus::Trading);
    assert_eq!(inverse.contract.unwrap().of, ContractUnit::Quote);
    let linear = of("PF_ETHUSD").unwrap();
    assert_eq!(linear.symbol.as_str(), "kraken-futures:ETH/USD:USD");
    assert_eq!(linear.contract.unwrap().of, ContractUnit::Base);
    assert_eq!(linear.lot.unwrap().to_string(), "0.001");
    assert_eq!(linear.tick.unwrap().to_string(), "0.1");
}

#[test]
fn a_ticker_says_the_relative_funding_rate() {
    let Some(bytes) = recorded::bytes(&format!("{FOLDER}/ws_futures_ticker.json")) else {
        return;
    };
    let events = message(&codec(), &bytes).unwrap();
    let [ticker, quote, state] = events.as_slice() else {
        panic!("{events:?}");
    };
    let (EventKind::Ticker(ticker), EventKind::Quote(quote), EventKind::Contract(state)) =
        (&ticker.kind, &quote.kind, &state.kind)
    else {
        panic!("{events:?}");
    };
    let decimal = |text: &str| text.parse::<Decimal>().unwrap();
    assert_eq!(ticker.last.0, decimal("21983.5"));
    assert_eq!(quote.ask_quantity.0, decimal("13948"));
    assert_eq!(state.funding_rate, Some(decimal("-0.000001380384722222")));
    assert_eq!(state.mark.unwrap().0, decimal("21979.68641534714"));
    assert_eq!(
        state.funding_time.unwrap().to_string(),
        "2023-02-14T17:00:00Z"
    );
}
