//! Our answers against those of ccxt, from the same recorded bytes.

use quantflow_model::{Decimal, Instrument, Timeframe, Trade};
use quantflow_testkit::recorded::ccxt::{Case, Comparison, cases};
use quantflow_wire::{EventKind, Query, VenueCandle};
use serde_json::Value;

use super::codec;
use crate::broken::{answer, symbol};

fn kinds(query: &Query, case: &Case) -> Vec<EventKind> {
    let events = answer(&codec(), query, &case.body).unwrap();
    events.into_iter().map(|event| event.kind).collect()
}

#[test]
fn every_case_is_equal_or_explained() {
    let Some(cases) = cases("okx") else {
        return;
    };
    let mut all = Comparison::default();
    assert_eq!(cases.len(), 5);
    for case in &cases {
        match case.method.as_str() {
            "fetchOHLCV" => candles(&mut all, case),
            "fetchTrades" => {
                let query = Query::RecentTrades {
                    symbol: symbol("BTC-USDT"),
                    limit: 100,
                };
                let trades: Vec<Trade> = kinds(&query, case)
                    .into_iter()
                    .map(|kind| match kind {
                        EventKind::Trade(event) => event.trade,
                        other => panic!("{other:?}"),
                    })
                    .collect();
                all.trades(case, &trades, |trade| trade.id.to_string());
            }
            "parseMarkets" => {
                let query = Query::InstrumentsOf {
                    part: "SPOT".into(),
                    after: None,
                };
                let kinds = kinds(&query, case);
                let [EventKind::Instruments(list)] = kinds.as_slice() else {
                    panic!("{kinds:?}");
                };
                markets(&mut all, case, list);
            }
            other => panic!("{other}"),
        }
    }
    all.close(
        "okx",
        &[(
            "fetchOHLCV.json: volume",
            "ccxt gives the base volume of a swap, we the contracts, in which its trades come: both right; 100 of them are 1 BTC",
        )],
    );
}

fn candles(all: &mut Comparison, case: &Case) {
    let query = Query::Candles {
        symbol: symbol("BTC-USDT-SWAP"),
        timeframe: Timeframe::M1,
        from: None,
        to: None,
        limit: 100,
    };
    let candles: Vec<VenueCandle> = kinds(&query, case)
        .into_iter()
        .map(|kind| match kind {
            EventKind::Candle(candle) => *candle,
            other => panic!("{other:?}"),
        })
        .collect();
    all.candles(case, &candles);
    // in the contract's size of 0.01 BTC the volumes are the same
    let size: Decimal = "0.01".parse().unwrap();
    for (ours, theirs) in candles.iter().zip(case.unified.as_array().unwrap()) {
        let base = ours.volume.0.checked_mul(size);
        all.number("base volume", base, &theirs[5]);
    }
}

fn markets(all: &mut Comparison, case: &Case, ours: &[Instrument]) {
    let theirs = case.unified.as_array().unwrap();
    assert!(!theirs.is_empty());
    for theirs in theirs {
        let id = theirs["id"].as_str().unwrap();
        let Some(ours) = ours.iter().find(|i| i.venue_symbol.as_str() == id) else {
            all.note(&format!("{}: {id}", case.name), false, "none", id);
            continue;
        };
        let what = |field: &str| format!("{}: {field} of {id}", case.name);
        all.text(
            &what("symbol"),
            Some(&instrument_of_ccxt(ours)),
            &theirs["symbol"],
        );
        let precision = &theirs["precision"];
        all.number(&what("price"), ours.tick.map(|n| n.0), &precision["price"]);
        all.number(&what("amount"), ours.lot.map(|n| n.0), &precision["amount"]);
        let active = ours.status == quantflow_model::InstrumentStatus::Trading;
        all.text(
            &what("active"),
            Some(&active.to_string()),
            &theirs["active"],
        );
        if theirs["contractSize"] != Value::Null {
            let size = ours.contract.map(|size| size.amount);
            all.number(&what("contractSize"), size, &theirs["contractSize"]);
        }
    }
}

/// ccxt writes years with two digits.
fn instrument_of_ccxt(ours: &Instrument) -> String {
    ours.symbol.instrument().replacen("-20", "-", 1)
}
