//! Our answers against those of ccxt, from the same recorded bytes.

use quantflow_model::InstrumentStatus;
use quantflow_testkit::recorded::ccxt::{Case, Comparison, cases};
use quantflow_venues::bybit::Market;
use quantflow_wire::{EventKind, Query};

use super::codec;
use crate::broken::{answer, symbol};

#[test]
fn every_case_is_equal() {
    let Some(cases) = cases("bybit") else {
        return;
    };
    let mut all = Comparison::default();
    assert_eq!(cases.len(), 5);
    for case in &cases {
        match case.method.as_str() {
            "fetchMarkets" => markets(&mut all, case),
            "fetchOrderBook" => {
                let query = Query::Book {
                    symbol: symbol("BTCUSDT"),
                    limit: 25,
                };
                let events = answer(&codec(Market::Linear), &query, &case.body).unwrap();
                let EventKind::BookSnapshot(book) = &events[0].kind else {
                    panic!("{events:?}");
                };
                all.book(case, book);
            }
            "fetchTrades" => {
                let query = Query::RecentTrades {
                    symbol: symbol("BTCUSDT"),
                    limit: 60,
                };
                let events = answer(&codec(Market::Linear), &query, &case.body).unwrap();
                let EventKind::Trade(event) = &events[0].kind else {
                    panic!("{events:?}");
                };
                // ids are UUIDs, which are numbers of 128 bits
                let text = |trade: &quantflow_model::Trade| {
                    let hex = format!("{:032x}", trade.id.0);
                    [
                        &hex[..8],
                        &hex[8..12],
                        &hex[12..16],
                        &hex[16..20],
                        &hex[20..],
                    ]
                    .join("-")
                };
                all.trades(case, &[event.trade], text);
            }
            other => panic!("{other}"),
        }
    }
    all.close("bybit", &[]);
}

fn markets(all: &mut Comparison, case: &Case) {
    let market = match case.input[0].as_str() {
        Some("spot") => Market::Spot,
        Some("inverse") => Market::Inverse,
        _ => Market::Option,
    };
    let query = Query::InstrumentsOf {
        part: "any".into(),
        after: None,
    };
    let events = answer(&codec(market), &query, &case.body).unwrap();
    let EventKind::Instruments(ours) = &events[0].kind else {
        panic!("{events:?}");
    };
    let theirs = case.unified.as_array().unwrap();
    assert!(!theirs.is_empty() && !ours.is_empty());
    for theirs in theirs {
        let id = theirs["id"].as_str().unwrap();
        let ours = ours.iter().find(|i| i.venue_symbol.as_str() == id).unwrap();
        let what = |field: &str| format!("{}: {field} of {id}", case.name);
        // ccxt writes years with two digits
        let name = ours.symbol.instrument().replacen("-20", "-", 1);
        all.text(&what("symbol"), Some(&name), &theirs["symbol"]);
        all.number(
            &what("price"),
            ours.tick.map(|n| n.0),
            &theirs["precision"]["price"],
        );
        all.number(
            &what("amount"),
            ours.lot.map(|n| n.0),
            &theirs["precision"]["amount"],
        );
        let least = ours.minimum_notional.map(|n| n.0);
        all.number(&what("cost"), least, &theirs["limits"]["cost"]["min"]);
        let active = ours.status == InstrumentStatus::Trading;
        all.text(
            &what("active"),
            Some(&active.to_string()),
            &theirs["active"],
        );
    }
}
